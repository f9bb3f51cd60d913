/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/stop.h"
#include "kafka/service_report.h"

enum {
    POLL_MS = 100,
    POLL_BURST = 1000,
    FULL_WAIT_MS = 1000, /* queue full for so long: pause, so that polling goes on */
    REVOKE_BUDGET_MS = 20000,
    STOP_BUDGET_MS = 20000,
    MIRROR_MS = 1000,
    STATISTICS_MS = 60000
};

static void fail(struct service *s, int code, const char *reason)
{
    if (s->exit_code != 0)
        return;
    s->exit_code = code;
    textbuf_puts(&s->exit_reason, reason);
}

/* ---- records ---- */

static struct partition *partition_of(struct service *s, const rd_kafka_message_t *message)
{
    return partition_get(&s->all, s->config->group_id, rd_kafka_topic_name(message->rkt),
                         message->partition);
}

/* The record that is wanted next is not there any more, or Kafka's log is shorter than it was. */
static void offset_is_gone(struct service *s, struct partition *p)
{
    struct partition_list one = {0};
    struct textbuf reason = {0};
    int64_t low = -1;
    int64_t high = -1;

    if (p->committed < 0 && p->next < 0 && s->consumer->first == START_EARLIEST) {
        /* Old records went just while we asked for the first one; there is a new first one. */
        partition_list_add(&one, p);
        (void)consumer_seek(s->consumer, &one);
        partition_list_done(&one);
        return;
    }
    (void)rd_kafka_query_watermark_offsets(s->consumer->rk, p->topic, p->number, &low, &high, 5000);
    textbuf_printf(&reason,
                   "topic %s partition %" PRId32 ": offset %" PRId64
                   " is wanted next, but Kafka has %" PRId64 " to %" PRId64
                   ": records are lost or the topic was made anew",
                   p->topic, p->number, p->next >= 0 ? p->next : (int64_t)p->committed, low, high);
    fail(s, EXIT_CODE_GAP, reason.text);
    textbuf_done(&reason);
}

static void take_error(struct service *s, const rd_kafka_message_t *message)
{
    struct partition *p = message->rkt == NULL ? NULL : partition_of(s, message);
    const char *text = rd_kafka_message_errstr(message);
    int64_t skipped = 0;

    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (p != NULL && p->assigned)
            p->at_end = true;
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        if (p != NULL && p->assigned)
            offset_is_gone(s, p);
        return;
    case RD_KAFKA_RESP_ERR__FATAL:
        fail(s, EXIT_CODE_RUNTIME, text);
        return;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        fail(s, EXIT_CODE_CONFIG, text);
        return;
    default:
        if (log_repeat_due(&s->trouble, clock_monotonic_ms(), &skipped))
            LOG_EVENT(DW_LOG_WARN, "Kafka", F_TEXT("error", text),
                      F_TEXT("code", rd_kafka_err2name(message->err)),
                      F_NUMBER("not_logged", skipped));
        return;
    }
}

/* Takes the message over. */
static void take_message(struct service *s, rd_kafka_message_t *message, bool current)
{
    struct partition *p;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        take_error(s, message);
        rd_kafka_message_destroy(message);
        return;
    }
    p = partition_of(s, message);
    if (p->assigned && p->committed < 0 && p->latest < 0)
        p->latest = message->offset;
    if (!current || !p->assigned || message->offset < p->next) {
        rd_kafka_message_destroy(message);
        return;
    }
    p->next = message->offset + 1;
    if (p->end >= 0 && p->next >= p->end)
        p->at_end = true;
    pipeline_push(&s->pipeline, message, p, s->generation);
}

static void keep_room(struct service *s)
{
    if (s->paused && pipeline_is_low(&s->pipeline)) {
        consumer_pause(s->consumer, &s->assigned, false);
        s->paused = false;
    } else if (!s->paused && !pipeline_has_room(&s->pipeline, FULL_WAIT_MS)) {
        consumer_pause(s->consumer, &s->assigned, true);
        s->paused = true;
    }
}

static void poll_records(struct service *s)
{
    bool current = pipeline_generation(&s->pipeline, NULL) == s->generation;
    int wait_ms = POLL_MS;

    keep_room(s);
    for (int i = 0; i < POLL_BURST && s->exit_code == 0; i++, wait_ms = 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(s->consumer->rk, wait_ms);
        if (message == NULL)
            return;
        take_message(s, message, current);
    }
}

/* ---- partitions ---- */

static void begin(struct service *s, enum service_state state, enum request_kind kind,
                  const struct partition_list *partitions)
{
    s->state = state;
    s->request = pipeline_request(&s->pipeline, kind, partitions);
    s->deadline_ms = clock_monotonic_ms() + REVOKE_BUDGET_MS;
    s->rebalance = s->consumer->rebalances;
}

static void end_request(struct service *s)
{
    pipeline_forget(&s->pipeline, s->request);
    s->request = NULL;
    s->state = STATE_FLOWING;
}

static void rebalance_partitions(struct service *s, struct partition_list *out)
{
    const rd_kafka_topic_partition_list_t *list = s->consumer->rebalance_list;

    for (int i = 0; i < list->cnt; i++)
        partition_list_add(out, partition_get(&s->all, s->config->group_id, list->elems[i].topic,
                                              list->elems[i].partition));
}

/* --until-end: what is in the partition now. */
static void find_end(struct service *s, struct partition *p)
{
    int64_t low = 0;
    int64_t high = -1;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(s->consumer->rk, p->topic, p->number, &low, &high, 10000);

    p->end = code == RD_KAFKA_RESP_ERR_NO_ERROR ? high : -1;
    p->at_end = p->end >= 0 && (p->end == low || p->committed >= p->end);
}

/* The end moves on, and what comes after it is ours even if the batch that has it is dropped: where
 * it was when the partition first came is remembered. */
static void find_latest(struct service *s, struct partition *p)
{
    int64_t low = 0;
    int64_t high = -1;

    if (s->consumer->first == START_LATEST && p->committed < 0 && p->latest < 0 &&
        rd_kafka_query_watermark_offsets(s->consumer->rk, p->topic, p->number, &low, &high,
                                         10000) == RD_KAFKA_RESP_ERR_NO_ERROR)
        p->latest = high;
}

static void start_partition(struct service *s, struct partition *p)
{
    find_latest(s, p);
    p->assigned = true;
    p->next = p->committed;
    p->mirrored = -1;
    p->at_end = false;
    if (s->config->until_end)
        find_end(s, p);
    if (p->committed < 0 && s->consumer->first == START_ERROR) {
        struct textbuf reason = {0};
        textbuf_printf(&reason,
                       "topic %s partition %" PRId32
                       ": the table has no offset, and KAFKA_CONF_AUTO_OFFSET_RESET is error",
                       p->topic, p->number);
        fail(s, EXIT_CODE_GAP, reason.text);
        textbuf_done(&reason);
    }
}

static void assign(struct service *s)
{
    struct partition_list started = {0};

    for (size_t i = 0; i < s->request->partitions.count; i++) {
        struct partition *p = s->request->partitions.items[i];
        partition_list_add(&started, p);
        if (!p->assigned)
            partition_list_add(&s->assigned, p);
        start_partition(s, p);
    }
    report_partitions("partitions assigned", s->config->topic, &started);
    consumer_assign(s->consumer, &started);
    if (s->paused)
        consumer_pause(s->consumer, &started, true);
    s->had_assignment = true;
    partition_list_done(&started);
}

static void forget_partitions(struct service *s, const struct partition_list *gone)
{
    size_t kept = 0;

    for (size_t i = 0; i < gone->count; i++)
        gone->items[i]->assigned = false;
    for (size_t i = 0; i < s->assigned.count; i++) {
        if (s->assigned.items[i]->assigned)
            s->assigned.items[kept++] = s->assigned.items[i];
    }
    s->assigned.count = kept;
}

static void give_up_partitions(struct service *s, bool lost)
{
    struct partition_list gone = {0};

    rebalance_partitions(s, &gone);
    if (!lost)
        consumer_mirror(s->consumer, &gone);
    report_partitions(lost ? "partitions lost" : "partitions revoked", s->config->topic, &gone);
    forget_partitions(s, &gone);
    consumer_unassign(s->consumer);
    partition_list_done(&gone);
}

static void begin_rebalance(struct service *s)
{
    struct partition_list list = {0};

    rebalance_partitions(s, &list);
    if (s->consumer->rebalance == REBALANCE_ASSIGN) {
        begin(s, STATE_ASSIGN, REQUEST_RESOLVE, &list);
    } else if (s->consumer->lost) {
        /* Others may write them by now: what is under way would only be fenced off. */
        pipeline_abandon(&s->pipeline);
        give_up_partitions(s, true);
    } else {
        begin(s, STATE_REVOKE, REQUEST_DRAIN, &list);
    }
    partition_list_done(&list);
}

/* After a RESET's offsets were read. */
static void seek_all(struct service *s)
{
    if (s->paused)
        consumer_pause(s->consumer, &s->assigned, false);
    s->paused = false;
    if (!consumer_seek(s->consumer, &s->assigned))
        return; /* a partition has not started yet: the next round tries again */
    for (size_t i = 0; i < s->assigned.count; i++) {
        struct partition *p = s->assigned.items[i];
        p->next = p->committed;
        p->at_end = p->end >= 0 && p->committed >= p->end;
    }
    s->generation = s->request->generation;
    report_partitions("reading again from the table's offsets", s->config->topic, &s->assigned);
    end_request(s);
}

static void serve_revoke(struct service *s, bool done)
{
    if (!done && clock_monotonic_ms() < s->deadline_ms)
        return;
    if (!done) {
        log_message(DW_LOG_WARN, "partitions given up before their records could be committed");
        pipeline_abandon(&s->pipeline);
    }
    end_request(s);
    give_up_partitions(s, false);
}

static bool all_at_end(struct service *s)
{
    for (size_t i = 0; i < s->assigned.count; i++) {
        if (!s->assigned.items[i]->at_end)
            return false;
    }
    return s->had_assignment && s->consumer->rebalance == REBALANCE_NONE &&
           pipeline_generation(&s->pipeline, NULL) == s->generation;
}

static void serve_request(struct service *s)
{
    bool done = pipeline_await(&s->pipeline, s->request, 0);

    if ((s->state == STATE_ASSIGN || s->state == STATE_REVOKE) &&
        s->rebalance != s->consumer->rebalances) {
        end_request(s); /* the assignment was lost meanwhile; that is to be answered now */
        return;
    }
    switch (s->state) {
    case STATE_ASSIGN:
        if (!done)
            return;
        if (s->request->ok)
            assign(s);
        end_request(s); /* if it was not ok, the rebalance still waits and begins again */
        break;
    case STATE_REVOKE:
        serve_revoke(s, done);
        break;
    case STATE_RESET:
        if (done && s->request->ok && s->consumer->rebalance == REBALANCE_NONE)
            seek_all(s);
        else if (done)
            end_request(s);
        break;
    case STATE_FINISH:
        if (!done)
            return;
        end_request(s);
        s->finished = all_at_end(s);
        break;
    default:
        break;
    }
}

static void begin_what_is_due(struct service *s)
{
    int64_t retry_at_ms = 0;
    uint64_t generation = pipeline_generation(&s->pipeline, &retry_at_ms);

    if (s->consumer->rebalance != REBALANCE_NONE)
        begin_rebalance(s);
    else if (generation != s->generation && s->assigned.count == 0)
        s->generation = generation;
    else if (generation != s->generation && clock_monotonic_ms() >= retry_at_ms)
        begin(s, STATE_RESET, REQUEST_RESOLVE, &s->assigned);
    else if (s->config->until_end && all_at_end(s))
        begin(s, STATE_FINISH, REQUEST_DRAIN, &s->assigned);
}

static void serve_clock(struct service *s)
{
    int64_t now = clock_monotonic_ms();

    if (now >= s->mirror_at_ms) {
        consumer_mirror(s->consumer, &s->assigned);
        s->mirror_at_ms = now + MIRROR_MS;
    }
    if (now >= s->statistics_at_ms) {
        report_statistics(s);
        s->statistics_at_ms = now + STATISTICS_MS;
    }
}

/* ---- the end ---- */

/* Commit what was read. *out_idle: no thread of the pipeline can be waiting for the store. */
static bool drain(struct service *s, bool *out_idle)
{
    struct request *request;

    *out_idle = s->request == NULL;
    if (s->request != NULL)
        pipeline_forget(&s->pipeline, s->request);
    s->request = NULL;
    if (!has_uncommitted(s))
        return true;
    request = pipeline_request(&s->pipeline, REQUEST_DRAIN, &s->assigned);
    *out_idle = pipeline_await(&s->pipeline, request, STOP_BUDGET_MS);
    pipeline_forget(&s->pipeline, request);
    return !has_uncommitted(s);
}

/* The exit code and, unless it is NULL, why. */
static int settle(struct service *s, const char **out_reason, bool *out_idle)
{
    int code = s->exit_code;
    bool drained;

    *out_reason = s->exit_reason.text;
    if (code == 0)
        code = pipeline_exit_code(&s->pipeline, out_reason);
    if (code != 0)
        return code;
    drained = drain(s, out_idle);
    code = pipeline_exit_code(&s->pipeline, out_reason);
    if (code == 0 && !drained) {
        report_uncommitted(s);
        *out_reason = "stopped before all that was read could be committed; Kafka still has it";
        code = EXIT_CODE_RUNTIME;
    }
    if (code == 0 && s->finished && pipeline_counts(&s->pipeline).rejected != 0)
        code = EXIT_CODE_REJECTED;
    return code;
}

/* The process ends here when a thread may hang in the store. */
static int leave(struct service *s)
{
    const char *reason = NULL;
    bool idle = false;
    int code = settle(s, &reason, &idle);

    consumer_mirror(s->consumer, &s->assigned);
    consumer_close(s->consumer);
    report_statistics(s);
    LOG_EVENT(DW_LOG_INFO, "stopped", F_NUMBER("exit_code", code));
    if (reason != NULL) /* the last line, where people look first */
        (void)fprintf(stderr, "%s: %s\n", SERVICE_NAME, reason);
    if (!idle)
        _exit(code);
    pipeline_end(&s->pipeline);
    return code;
}

int service_run(const struct service_config *config, struct consumer *consumer, dw_table *table)
{
    struct service s = {.config = config, .consumer = consumer, .generation = 1};
    struct textbuf problem = {0};
    const char *reason = NULL;
    int code;

    s.statistics_at_ms = clock_monotonic_ms() + STATISTICS_MS;
    if (!pipeline_start(&s.pipeline, config, table))
        return settings_fail(SERVICE_NAME, EXIT_CODE_RUNTIME, "threads", "none to be had");
    if (!consumer_subscribe(consumer, config->topic, &problem))
        fail(&s, EXIT_CODE_CONFIG, problem.text);
    while (s.exit_code == 0 && !s.finished && !stop_requested() &&
           pipeline_exit_code(&s.pipeline, &reason) == 0) {
        poll_records(&s);
        if (s.state == STATE_FLOWING)
            begin_what_is_due(&s);
        else
            serve_request(&s);
        serve_clock(&s);
    }
    code = leave(&s);
    textbuf_done(&problem);
    textbuf_done(&s.exit_reason);
    partition_list_done(&s.assigned);
    partition_list_destroy(&s.all);
    return code;
}
