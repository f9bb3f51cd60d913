/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/logline.h"
#include "common/memory.h"
#include "common/settings.h"
#include "config/kafka_oauth.h"
#include "config/kafka_properties.h"
#include "kafka/router.h"

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    static const int levels[] = {DW_LOG_ERROR, DW_LOG_ERROR, DW_LOG_ERROR, DW_LOG_ERROR,
                                 DW_LOG_WARN,  DW_LOG_INFO,  DW_LOG_INFO,  DW_LOG_DEBUG};
    bool connection = strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0;

    (void)rk;
    /* Connections that fail are told, counted, by on_error(). */
    LOG_EVENT(connection || level < 0 || level > 7 ? DW_LOG_DEBUG : levels[level], text,
              F_TEXT("component", "librdkafka"), F_TEXT("facility", facility));
}

static bool is_denial(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
           code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

/* Called by librdkafka's poll functions, so by the poll loop. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    static struct log_repeat repeat;
    struct consumer *c = opaque;
    int64_t skipped = 0;

    (void)rk;
    (void)pthread_mutex_lock(&c->synced.lock);
    /* "All brokers are down" says less than the one before. */
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || c->synced.problem[0] == '\0')
        (void)snprintf(c->synced.problem, sizeof(c->synced.problem), "%s", reason);
    c->synced.denied = c->synced.denied || is_denial((rd_kafka_resp_err_t)code);
    (void)pthread_mutex_unlock(&c->synced.lock);
    if (log_repeat_due(&repeat, clock_monotonic_ms(), &skipped))
        LOG_EVENT(DW_LOG_WARN, "Kafka connection", F_TEXT("error", reason),
                  F_TEXT("code", rd_kafka_err2name((rd_kafka_resp_err_t)code)),
                  F_NUMBER("not_logged", skipped));
}

static void on_offset_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                             rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    static struct log_repeat repeat;
    struct consumer *c = opaque;
    int64_t skipped = 0;

    (void)rk;
    (void)offsets;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NO_OFFSET)
        return;
    c->mirror_failed = true; /* the poll loop serves this callback */
    if (log_repeat_due(&repeat, clock_monotonic_ms(), &skipped))
        LOG_EVENT(DW_LOG_WARN, "group offsets not stored; the table has them",
                  F_TEXT("error", rd_kafka_err2str(code)), F_NUMBER("not_logged", skipped));
}

static void answer(struct consumer *c, bool assign, const rd_kafka_topic_partition_list_t *list)
{
    bool incremental = strcmp(rd_kafka_rebalance_protocol(c->rk), "COOPERATIVE") == 0;
    rd_kafka_error_t *error = NULL;
    rd_kafka_resp_err_t code;

    if (incremental) {
        error = assign ? rd_kafka_incremental_assign(c->rk, list)
                       : rd_kafka_incremental_unassign(c->rk, list);
    } else {
        code = rd_kafka_assign(c->rk, assign ? list : NULL);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            error = rd_kafka_error_new(code, "%s", rd_kafka_err2str(code));
    }
    if (error != NULL)
        LOG_EVENT(DW_LOG_ERROR, assign ? "assigning partitions" : "giving up partitions",
                  F_TEXT("error", rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct consumer *c = opaque;
    bool assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

    c->joined = c->joined || assign;
    if (c->closing) {
        answer(c, assign, list);
        return;
    }
    if (c->rebalance_list != NULL)
        rd_kafka_topic_partition_list_destroy(c->rebalance_list);
    c->rebalance = assign ? REBALANCE_ASSIGN : REBALANCE_REVOKE;
    c->rebalance_list = rd_kafka_topic_partition_list_copy(list);
    c->rebalances++;
    c->lost = !assign && rd_kafka_assignment_lost(rk) != 0;
}

static void set_number(rd_kafka_conf_t *conf, const struct config *config, const char *name,
                       int64_t value)
{
    char number[32];

    (void)snprintf(number, sizeof(number), "%" PRId64, value);
    if (kafka_property(config, name) == NULL)
        (void)rd_kafka_conf_set(conf, name, number, NULL, 0);
}

static int64_t between(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* What librdkafka fetches ahead takes of the budget. It stops at so many bytes, but it unpacks a
 * reply of the broker at once: ten and more times its size is common. */
static void fetch_within(rd_kafka_conf_t *conf, const struct config *config)
{
    enum { MEBI = 1024 * 1024 };
    int64_t limit = config->memory_bytes;

    set_number(conf, config, "queued.max.messages.kbytes",
               between(limit / 16, MEBI, 16 * MEBI) / 1024);
    set_number(conf, config, "fetch.max.bytes", between(limit / 256, MEBI, 8 * MEBI));
}

int consumer_open(struct consumer *c, const struct config *config)
{
    char reason[512];
    struct textbuf problem = {0};
    rd_kafka_conf_t *conf;

    *c = (struct consumer){0};
    (void)pthread_mutex_init(&c->synced.lock, NULL);
    conf = kafka_conf_new(config, &problem);
    if (conf == NULL) {
        (void)settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, "Kafka client", problem.text);
        textbuf_done(&problem);
        return EXIT_CODE_CONFIG;
    }
    fetch_within(conf, config);
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, on_offset_commit);
    c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
    if (c->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, "Kafka client", reason);
    }
    kafka_oauth_start(c->rk);
    (void)rd_kafka_poll_set_consumer(c->rk);
    return -1;
}

void consumer_close(struct consumer *c)
{
    c->closing = true;
    if (c->rebalance != REBALANCE_NONE) {
        answer(c, c->rebalance == REBALANCE_ASSIGN, c->rebalance_list);
        rd_kafka_topic_partition_list_destroy(c->rebalance_list);
        c->rebalance = REBALANCE_NONE;
        c->rebalance_list = NULL;
    }
    (void)rd_kafka_consumer_close(c->rk);
}

/* librdkafka up to 2.2 aborts when a consumer of the cooperative-sticky kind goes that has joined a
 * group, but not been given an assignment yet. It goes with the process then. */
void consumer_destroy(struct consumer *c)
{
    if (c->joined)
        rd_kafka_destroy(c->rk);
}

static void take_problem(struct consumer *c, struct textbuf *out, bool *out_denied)
{
    (void)pthread_mutex_lock(&c->synced.lock);
    if (c->synced.problem[0] != '\0')
        textbuf_printf(out, ": %s", c->synced.problem);
    c->synced.problem[0] = '\0';
    *out_denied = c->synced.denied;
    (void)pthread_mutex_unlock(&c->synced.lock);
}

void consumer_find_topic(struct consumer *c, const char *topic, int timeout_ms,
                         struct textbuf *out_problem, bool *out_denied)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(c->rk, topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_last_error();

    *out_denied = false;
    if (handle != NULL)
        code = rd_kafka_metadata(c->rk, 0, handle, &metadata, timeout_ms);
    /* Errors of connections come as events, which this serves; there is no assignment yet. */
    rd_kafka_message_t *message = rd_kafka_consumer_poll(c->rk, 0);
    if (message != NULL)
        rd_kafka_message_destroy(message);
    if (metadata == NULL) {
        textbuf_printf(out_problem, "Kafka: %s", rd_kafka_err2str(code));
        take_problem(c, out_problem, out_denied);
    } else if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR ||
               metadata->topics[0].partition_cnt == 0) {
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                        : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        textbuf_printf(out_problem, "topic %s: %s", topic, rd_kafka_err2str(code));
        *out_denied = is_denial(code);
    }
    if (metadata != NULL)
        rd_kafka_metadata_destroy(metadata);
    if (handle != NULL)
        rd_kafka_topic_destroy(handle);
}

bool consumer_subscribe(struct consumer *c, const struct config *config,
                        struct textbuf *out_problem)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code;

    for (size_t i = 0; i < config->n_sources; i++) {
        const struct source_config *source = &config->sources[i];
        struct textbuf pattern = {0};
        if (source->topic_regex != NULL) {
            router_pattern(source, &pattern);
            (void)rd_kafka_topic_partition_list_add(list, pattern.text, RD_KAFKA_PARTITION_UA);
            textbuf_done(&pattern);
            continue;
        }
        for (size_t k = 0; k < source->topics.count; k++) {
            const char *topic = source->topics.items[k];
            if (rd_kafka_topic_partition_list_find(list, topic, RD_KAFKA_PARTITION_UA) == NULL)
                (void)rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
        }
    }
    code = rd_kafka_subscribe(c->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        textbuf_puts(out_problem, rd_kafka_err2str(code));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_topic_partition_list_t *to_kafka(const struct partition_list *partitions)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)partitions->count);

    for (size_t i = 0; i < partitions->count; i++) {
        const struct partition *p = partitions->items[i];
        rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = p->target;
    }
    return list;
}

static void rebalance_answered(struct consumer *c)
{
    rd_kafka_topic_partition_list_destroy(c->rebalance_list);
    c->rebalance_list = NULL;
    c->rebalance = REBALANCE_NONE;
}

void consumer_assign(struct consumer *c, const struct partition_list *partitions)
{
    rd_kafka_topic_partition_list_t *list = to_kafka(partitions);

    answer(c, true, list);
    rd_kafka_topic_partition_list_destroy(list);
    rebalance_answered(c);
}

void consumer_unassign(struct consumer *c)
{
    answer(c, false, c->rebalance_list);
    rebalance_answered(c);
}

bool consumer_seek(struct consumer *c, const struct partition_list *partitions)
{
    rd_kafka_topic_partition_list_t *list = to_kafka(partitions);
    rd_kafka_error_t *error = rd_kafka_seek_partitions(c->rk, list, 5000);
    bool ok = error == NULL;

    for (int i = 0; i < list->cnt && ok; i++)
        ok = list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

/* Where each goes on: the target of the one, the next record of the others. */
static rd_kafka_topic_partition_list_t *going_on(const struct partition *one,
                                                 const struct partition_list *all)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)all->count);

    for (size_t i = 0; i < all->count; i++) {
        const struct partition *p = all->items[i];
        rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset =
            p == one || p->next < 0 ? p->target : p->next;
    }
    return list;
}

void consumer_restart(struct consumer *c, struct partition *partition,
                      const struct partition_list *all)
{
    bool incremental = strcmp(rd_kafka_rebalance_protocol(c->rk), "COOPERATIVE") == 0;
    struct partition_list one = {&partition, 1, 1};
    rd_kafka_topic_partition_list_t *list = incremental ? to_kafka(&one) : going_on(partition, all);

    if (incremental)
        answer(c, false, list);
    answer(c, true, list);
    consumer_pause(c, &one, false);
    rd_kafka_topic_partition_list_destroy(list);
}

void consumer_pause(struct consumer *c, const struct partition_list *partitions, bool pause)
{
    rd_kafka_topic_partition_list_t *list = to_kafka(partitions);

    /* Both only fail for partitions that are not ours any more. */
    if (pause)
        (void)rd_kafka_pause_partitions(c->rk, list);
    else
        (void)rd_kafka_resume_partitions(c->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void consumer_mirror(struct consumer *c, const struct mirror *mirrors, size_t count, bool wait)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count + 1);

    for (size_t i = 0; i < count; i++) {
        struct partition *p = mirrors[i].partition;
        if (mirrors[i].offset < 0 || mirrors[i].offset == p->mirrored)
            continue;
        rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = mirrors[i].offset;
        p->mirrored = mirrors[i].offset;
    }
    if (list->cnt != 0)
        (void)rd_kafka_commit(c->rk, list, wait ? 0 : 1);
    rd_kafka_topic_partition_list_destroy(list);
}

static rd_kafka_topic_partition_list_t *to_list(const struct partition_list *partitions,
                                                int64_t offset)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)partitions->count + 1);

    for (size_t i = 0; i < partitions->count; i++) {
        const struct partition *p = partitions->items[i];
        rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = offset;
    }
    return list;
}

bool consumer_take_mirror_failure(struct consumer *c)
{
    bool failed = c->mirror_failed;

    c->mirror_failed = false;
    return failed;
}

bool consumer_grouped(struct consumer *c, const struct partition_list *partitions, int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = to_list(partitions, RD_KAFKA_OFFSET_INVALID);
    bool ok = rd_kafka_committed(c->rk, list, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;

    for (size_t i = 0; i < partitions->count && ok; i++) {
        ok = list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
        partitions->items[i]->grouped =
            list->elems[i].offset >= 0 ? list->elems[i].offset : RD_KAFKA_OFFSET_INVALID;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

bool consumer_offsets_at(struct consumer *c, const struct partition_list *partitions,
                         int64_t timestamp_ms, int64_t *out, int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = to_list(partitions, timestamp_ms);
    bool ok = rd_kafka_offsets_for_times(c->rk, list, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;

    for (size_t i = 0; i < partitions->count && ok; i++) {
        ok = list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
        out[i] = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}
