/* SPDX-License-Identifier: Apache-2.0 */
#include "config/self_check.h"

#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/logline.h"
#include "common/memory.h"
#include "config/kafka_oauth.h"
#include "config/kafka_properties.h"

enum { WAIT_MS = 10000, DOWN_MS = 3000, STEP_MS = 1000, MOST_PARTITIONS_ASKED = 256 };

/* The newest trouble that librdkafka told, in its own words. */
struct trouble {
    rd_kafka_resp_err_t code;
    bool all_down;
    char text[512];
};

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct trouble *trouble = opaque;

    (void)rk;
    /* That all brokers are down follows from what was told before. */
    trouble->all_down = trouble->all_down || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && trouble->text[0] != '\0')
        return;
    trouble->code = (rd_kafka_resp_err_t)code;
    (void)strncpy(trouble->text, reason, sizeof(trouble->text) - 1);
}

static void ignore_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

static rd_kafka_t *open_client(const struct config *config, struct trouble *trouble,
                               struct textbuf *problem)
{
    rd_kafka_conf_t *conf = kafka_conf_new(config, problem);
    rd_kafka_t *rk;
    char reason[512];

    if (conf == NULL)
        return NULL;
    rd_kafka_conf_set_opaque(conf, trouble);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, ignore_log);
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
    if (rk == NULL) {
        rd_kafka_conf_destroy(conf);
        textbuf_puts(problem, reason);
        return NULL;
    }
    kafka_oauth_start(rk);
    return rk;
}

static const char *how_to_mend(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__RESOLVE:
        return "see the host names of kafka.brokers";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        return "see kafka.security.mechanism, username and password";
    case RD_KAFKA_RESP_ERR__SSL:
        return "see kafka.security.protocol and ca_file";
    default:
        return "is it running, and is kafka.security.protocol the one that it speaks?";
    }
}

static bool wants_a_person(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
           code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED || code == RD_KAFKA_RESP_ERR__SSL ||
           code == RD_KAFKA_RESP_ERR__FATAL;
}

/* NULL: told. */
static const struct rd_kafka_metadata *ask_brokers(struct check_report *report,
                                                   const struct config *config, rd_kafka_t *rk,
                                                   struct trouble *trouble)
{
    int64_t start_ms = clock_monotonic_ms();
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code;
    struct textbuf text = {0};

    do {
        code = rd_kafka_metadata(rk, 1, NULL, &metadata, STEP_MS);
        (void)rd_kafka_poll(rk, 0);
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && !wants_a_person(trouble->code) &&
             clock_monotonic_ms() - start_ms < (trouble->all_down ? DOWN_MS : WAIT_MS));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        textbuf_printf(&text, "%d broker%s", metadata->broker_cnt,
                       metadata->broker_cnt == 1 ? "" : "s");
        check_tell(report, CHECK_OK, "brokers", config->brokers, text.text, NULL);
        textbuf_done(&text);
        return metadata;
    }
    check_tell(report, wants_a_person(trouble->code) ? CHECK_WRONG : CHECK_LATER, "brokers",
               config->brokers, trouble->text[0] == '\0' ? rd_kafka_err2str(code) : trouble->text,
               how_to_mend(trouble->code));
    return NULL;
}

/* ---- topics ---- */

static void keep_topic(struct found_topics *topics, const char *name, size_t source,
                       int32_t partitions)
{
    struct found_topic *topic;

    topics->items = need_realloc(topics->items, topics->count + 1, sizeof(*topics->items));
    topic = &topics->items[topics->count++];
    *topic = (struct found_topic){need_strdup(name), source, partitions,
                                  need_alloc((size_t)partitions, sizeof(int64_t))};
    for (int32_t i = 0; i < partitions; i++)
        topic->first[i] = -1;
}

static void tell_topic(struct check_report *report, const struct rd_kafka_metadata_topic *topic,
                       size_t source, struct found_topics *out)
{
    struct textbuf text = {0};

    if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        textbuf_printf(&text, "%d partition%s", topic->partition_cnt,
                       topic->partition_cnt == 1 ? "" : "s");
        check_tell(report, CHECK_OK, "topic", topic->topic, text.text, NULL);
        keep_topic(out, topic->topic, source, topic->partition_cnt);
    } else if (topic->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        check_tell(report, CHECK_WRONG, "topic", topic->topic, rd_kafka_err2str(topic->err),
                   "its reader needs the rights Describe and Read");
    } else {
        check_tell(report, CHECK_LATER, "topic", topic->topic, rd_kafka_err2str(topic->err),
                   "make it, or the service waits for it");
    }
    textbuf_done(&text);
}

/* Asked for by name: what one may not see is not in the list of all. */
static void check_topic(struct check_report *report, rd_kafka_t *rk, const char *name,
                        size_t source, struct found_topics *out)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code =
        topic == NULL ? rd_kafka_last_error() : rd_kafka_metadata(rk, 0, topic, &metadata, WAIT_MS);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        check_tell(report, CHECK_LATER, "topic", name, rd_kafka_err2str(code), NULL);
    } else {
        tell_topic(report, &metadata->topics[0], source, out);
        rd_kafka_metadata_destroy(metadata);
    }
    if (topic != NULL)
        rd_kafka_topic_destroy(topic);
}

static void check_pattern(struct check_report *report, const struct rd_kafka_metadata *metadata,
                          const char *pattern, size_t source, struct found_topics *out)
{
    struct textbuf whole = {0};
    struct textbuf text = {0};
    regex_t regex;
    size_t matches = 0;

    textbuf_printf(&whole, "^(%s)$", pattern);
    if (regcomp(&regex, whole.text, REG_EXTENDED | REG_NOSUB) == 0) {
        for (int i = 0; i < metadata->topic_cnt; i++) {
            const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];

            if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
                regexec(&regex, topic->topic, 0, NULL, 0) == 0) {
                matches++;
                keep_topic(out, topic->topic, source, topic->partition_cnt);
            }
        }
        regfree(&regex);
    }
    textbuf_printf(&text, "%zu topic%s match%s", matches, matches == 1 ? "" : "s",
                   matches == 1 ? "es" : "");
    check_tell(report, matches > 0 ? CHECK_OK : CHECK_LATER, "topics", pattern, text.text,
               matches > 0 ? NULL : "see regex, which must match the whole name");
    textbuf_done(&whole);
    textbuf_done(&text);
}

/* What Kafka still has, for the comparison with what tables want next. */
static void ask_offsets(rd_kafka_t *rk, struct found_topics *topics)
{
    size_t asked = 0;

    for (size_t i = 0; i < topics->count; i++) {
        for (int32_t p = 0; p < topics->items[i].partitions; p++) {
            int64_t last;

            if (asked++ >= MOST_PARTITIONS_ASKED)
                return;
            (void)rd_kafka_query_watermark_offsets(rk, topics->items[i].name, p,
                                                   &topics->items[i].first[p], &last, WAIT_MS);
        }
    }
}

/* ---- group ---- */

static void check_group(struct check_report *report, const struct config *config, rd_kafka_t *rk,
                        const struct found_topics *topics)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;

    if (topics->count == 0)
        return;
    list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, topics->items[0].name, 0);
    code = rd_kafka_committed(rk, list, WAIT_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = list->elems[0].err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        check_tell(report, CHECK_OK, "group", config->group_id, "its offsets may be read", NULL);
    else if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        check_tell(report, CHECK_WRONG, "group", config->group_id, rd_kafka_err2str(code),
                   "its members need the right Read");
    else
        check_tell(report, CHECK_LATER, "group", config->group_id, rd_kafka_err2str(code), NULL);
    rd_kafka_topic_partition_list_destroy(list);
}

static void check_all(struct check_report *report, const struct config *config, rd_kafka_t *rk,
                      const struct rd_kafka_metadata *metadata, struct found_topics *out)
{
    for (size_t i = 0; i < config->n_sources; i++) {
        const struct source_config *source = &config->sources[i];

        if (source->topic_regex != NULL)
            check_pattern(report, metadata, source->topic_regex, i, out);
        for (size_t j = 0; source->topic_regex == NULL && j < source->topics.count; j++)
            check_topic(report, rk, source->topics.items[j], i, out);
    }
    ask_offsets(rk, out);
    check_group(report, config, rk, out);
}

void check_kafka(struct check_report *report, const struct config *config, struct found_topics *out)
{
    const struct rd_kafka_metadata *metadata;
    struct trouble trouble = {0};
    struct textbuf problem = {0};
    rd_kafka_t *rk = open_client(config, &trouble, &problem);

    if (rk == NULL) {
        check_tell(report, CHECK_WRONG, "brokers", config->brokers, problem.text, NULL);
        textbuf_done(&problem);
        return;
    }
    metadata = ask_brokers(report, config, rk, &trouble);
    if (metadata != NULL) {
        check_all(report, config, rk, metadata, out);
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    textbuf_done(&problem);
}
