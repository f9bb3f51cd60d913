/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/service_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <deltawrite/version.h>

#include "common/memory.h"
#include "kafka/lane.h"
#include "kafka/partitions.h"
#include "ops/metrics.h"

void report_start(const struct config *config)
{
    const struct source_config *source = &config->sources[0];
    const struct table_config *table = &config->tables[0];
    const struct aws_env *aws = &config->aws;
    bool one = config->n_sources == 1 && config->n_tables == 1;
    const char *topic = source->topic_regex != NULL        ? source->topic_regex
                        : one && source->topics.count == 1 ? source->topics.items[0]
                                                           : NULL;

    LOG_EVENT(DW_LOG_INFO, "starting", F_TEXT("version", dw_version()),
              F_TEXT("brokers", config->brokers), F_TEXT("topic", one ? topic : NULL),
              F_TEXT("group", config->group_id), F_TEXT("table", one ? table->uri : NULL),
              F_TEXT("dead_letters", one ? table->bad.table_uri : NULL),
              F_NUMBER("sources", (int64_t)config->n_sources),
              F_NUMBER("tables", (int64_t)config->n_tables),
              F_NUMBER("batch_size", table->flush.rows),
              F_NUMBER("batch_timeout_ms", table->flush.age_ms),
              F_NUMBER("memory_bytes", config->memory_bytes),
              F_TEXT("endpoint", aws->source == NULL     ? NULL
                                 : aws->endpoint == NULL ? "AWS"
                                                         : aws->endpoint),
              F_TEXT("region", aws->region), F_TEXT("keys_from", aws->source),
              F_TEXT("until_end", config->run.until_end ? "true" : NULL));
}

/* ---- log lines ---- */

static void report_topic(struct service *s, const char *message, const char *topic,
                         const struct partition_list *partitions)
{
    struct textbuf offsets = {0};
    int64_t count = 0;

    textbuf_puts(&offsets, "{");
    for (size_t i = 0; i < partitions->count; i++) {
        const struct partition *p = partitions->items[i];
        int64_t position;
        if (strcmp(p->topic, topic) != 0)
            continue;
        position = partitions_position(s, p);
        textbuf_printf(&offsets, "%s\"%" PRId32 "\":", count++ == 0 ? "" : ",", p->number);
        if (position < 0)
            textbuf_puts(&offsets, "null");
        else
            textbuf_printf(&offsets, "%" PRId64, position);
    }
    textbuf_puts(&offsets, "}");
    LOG_EVENT(DW_LOG_INFO, message, F_TEXT("topic", topic), F_NUMBER("partitions", count),
              F_RAW("offsets", offsets.text));
    textbuf_done(&offsets);
}

static bool came_before(const struct partition_list *partitions, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(partitions->items[i]->topic, partitions->items[index]->topic) == 0)
            return true;
    }
    return false;
}

void report_partitions(struct service *s, const char *message,
                       const struct partition_list *partitions)
{
    if (partitions->count == 0)
        LOG_EVENT(DW_LOG_INFO, message, F_NUMBER("partitions", 0));
    for (size_t i = 0; i < partitions->count; i++) {
        if (!came_before(partitions, i))
            report_topic(s, message, partitions->items[i]->topic, partitions);
    }
}

static int64_t watermark(struct service *s, struct partition *p, int64_t *out_low)
{
    int64_t high = -1;

    *out_low = -1;
    if (rd_kafka_get_watermark_offsets(s->consumer->rk, p->topic, p->number, out_low, &high) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        high = -1;
    return high;
}

/* Records in Kafka that are not in the tables, as far as fetching has told; -1: not known. */
static int64_t lag_of(struct service *s, struct partition *p, int64_t *out_end)
{
    int64_t low = -1;
    int64_t committed = partitions_settled(s, p);

    *out_end = watermark(s, p, &low);
    if (*out_end < 0)
        return -1;
    if (committed < 0)
        committed = p->target >= 0 ? p->target : low < 0 ? 0 : low;
    return *out_end > committed ? *out_end - committed : 0;
}

void report_statistics(struct service *s)
{
    struct pipeline_counts counts = pipeline_counts(s->pipeline);
    struct textbuf lag_text = {0};
    int64_t lag = 0;

    for (size_t i = 0; i < s->assigned.count && lag >= 0; i++) {
        int64_t end;
        int64_t one = lag_of(s, s->assigned.items[i], &end);
        lag = one < 0 ? -1 : lag + one;
    }
    textbuf_printf(&lag_text, "%" PRId64, lag);
    LOG_EVENT(DW_LOG_INFO, "statistics", F_NUMBER("messages", counts.messages),
              F_NUMBER("rows", counts.rows), F_NUMBER("commits", counts.commits),
              F_NUMBER("rejected", counts.rejected), F_NUMBER("tombstones", counts.tombstones),
              F_NUMBER("partitions", (int64_t)s->assigned.count),
              F_RAW("lag", lag < 0 ? NULL : lag_text.text));
    textbuf_done(&lag_text);
}

void report_uncommitted(struct service *s)
{
    for (size_t i = 0; i < s->assigned.count; i++) {
        const struct partition *p = s->assigned.items[i];
        int64_t position = partitions_position(s, p);
        if (p->handed > position)
            LOG_EVENT(DW_LOG_WARN, "not committed", F_TEXT("topic", p->topic),
                      F_NUMBER("partition", p->number), F_NUMBER("committed_offset", position),
                      F_NUMBER("next_offset", p->handed));
    }
}

/* ---- status and metrics ---- */

static void find_metrics(struct partition *p)
{
    char number[16];

    (void)snprintf(number, sizeof(number), "%" PRId32, p->number);
    p->consumed = metric_series(METRIC_RECORDS_CONSUMED, METRIC_LABELS(p->topic, number));
    p->consumed_bytes = metric_series(METRIC_BYTES_CONSUMED, METRIC_LABELS(p->topic, number));
    p->consumer_lag = metric_series(METRIC_CONSUMER_LAG, METRIC_LABELS(p->topic, number));
    p->committed_lag = metric_series(METRIC_COMMITTED_LAG, METRIC_LABELS(p->topic, number));
}

void report_drop(struct partition *p)
{
    if (p->consumed == NULL)
        return;
    metric_drop(p->consumer_lag);
    metric_drop(p->committed_lag);
}

static void tell_partition(struct service *s, struct partition *p, struct status_partition *out)
{
    int64_t read_to;

    if (p->consumed == NULL)
        find_metrics(p);
    *out = (struct status_partition){.topic = p->topic,
                                     .number = p->number,
                                     .fetched = p->next,
                                     .committed = partitions_position(s, p),
                                     .paused = p->paused};
    out->lag = lag_of(s, p, &out->end);
    metric_add(p->consumed, (double)p->n_records);
    metric_add(p->consumed_bytes, (double)p->n_bytes);
    p->n_records = p->n_bytes = 0;
    if (out->end < 0)
        return;
    metric_set(p->committed_lag, (double)out->lag);
    read_to = p->eof > p->next ? p->eof : p->next;
    if (read_to >= 0)
        metric_set(p->consumer_lag, out->end > read_to ? (double)(out->end - read_to) : 0);
}

/* Texts are copies: the lane's own may change once the lock is free. */
static void tell_table_locked(struct lane *lane, struct status_table *out)
{
    *out = (struct status_table){.uri = lane->uri,
                                 .open = lane->is_open,
                                 .version = lane->is_open ? dw_table_version(lane->table) : -1,
                                 .last_commit_ms = lane->last_commit_ms,
                                 .rows_written = lane->rows_written,
                                 .rejected = lane->rejected,
                                 .buffer_rows = lane->batch_records,
                                 .buffer_bytes = (int64_t)lane_buffered_locked(lane),
                                 .last_error_ms = lane->last_error_ms};
    out->last_error = lane->last_error == NULL ? NULL : need_strdup(lane->last_error);
    for (size_t i = 0; i < lane->n_closed; i++)
        out->buffer_rows += lane->closed[i]->records;
    metric_set(lane->metrics.buffer_bytes, (double)out->buffer_bytes);
    metric_set(lane->metrics.buffer_rows, (double)out->buffer_rows);
}

/* An object that the reason begins with is told once. */
static void add_reason(struct textbuf *why, const char *object, const char *reason)
{
    bool named = object[0] == '\0' || strncmp(reason, object, strlen(object)) == 0;

    textbuf_printf(why, "%s%s%s%s", why->len == 0 ? "" : "; ", named ? "" : object,
                   named ? "" : ": ", reason);
}

static void explain(struct service_status *status, struct textbuf *why)
{
    if (!status->joined && status->phase != PHASE_STARTING)
        add_reason(why, "", "the consumer group has not assigned partitions yet");
    for (size_t i = 0; i < status->n_tables; i++) {
        const struct status_table *table = &status->tables[i];
        if (table->last_error != NULL)
            add_reason(why, table->uri, table->last_error);
        else if (!table->open)
            add_reason(why, table->uri, "not open yet");
    }
    if (status->phase == PHASE_STOPPING)
        add_reason(why, "", "stopping");
    status->ready = why->len == 0;
    status->why_not_ready = why->text;
}

static struct topic_count *find_topic(struct service *s, const char *topic)
{
    for (size_t i = 0; i < s->n_topics; i++) {
        if (strcmp(s->topics[i].name, topic) == 0)
            return &s->topics[i];
    }
    s->topics = need_realloc(s->topics, s->n_topics + 1, sizeof(*s->topics));
    s->topics[s->n_topics] = (struct topic_count){
        .name = topic,
        .assigned_metric = metric_series(METRIC_PARTITIONS_ASSIGNED, METRIC_LABELS(topic)),
        .paused_metric = metric_series(METRIC_PARTITIONS_PAUSED, METRIC_LABELS(topic))};
    return &s->topics[s->n_topics++];
}

/* Topics of which all partitions went are told too, with 0. */
static void count_topics(struct service *s)
{
    struct topic_count *topic = NULL;

    for (size_t i = 0; i < s->n_topics; i++)
        s->topics[i].assigned = s->topics[i].paused = 0;
    for (size_t i = 0; i < s->assigned.count; i++) {
        const struct partition *p = s->assigned.items[i];
        if (topic == NULL || strcmp(topic->name, p->topic) != 0)
            topic = find_topic(s, p->topic);
        topic->assigned++;
        topic->paused += p->paused ? 1 : 0;
    }
    for (size_t i = 0; i < s->n_topics; i++) {
        metric_set(s->topics[i].assigned_metric, (double)s->topics[i].assigned);
        metric_set(s->topics[i].paused_metric, (double)s->topics[i].paused);
    }
}

/* Keys that do not end have no such gauge. */
static void tell_credentials(const struct config *config)
{
    dw_credentials *credentials = config->aws.credentials;
    int64_t expiry_ms = credentials == NULL ? 0 : dw_credentials_expiry(credentials);

    if (expiry_ms > 0)
        metric_set(metric_series(METRIC_CREDENTIALS_EXPIRY, NULL), (double)expiry_ms / 1000);
}

/* To be freed with free_tables(). */
static struct status_table *tell_tables(struct pipeline *p, size_t *out_count)
{
    struct status_table *tables = need_alloc(LANES_MAX, sizeof(*tables));

    pipeline_lock(p);
    *out_count = p->synced.n_lanes;
    for (size_t i = 0; i < *out_count; i++)
        tell_table_locked(p->synced.lanes[i], &tables[i]);
    pipeline_unlock(p);
    return tables;
}

static void free_tables(struct status_table *tables, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)tables[i].last_error);
    free(tables);
}

void report_opening(const struct config *config, struct pipeline *p, int64_t start_ms)
{
    struct service_status status = {
        .phase = PHASE_STARTING, .start_ms = start_ms, .memory_limit = config->memory_bytes};
    struct status_table *tables = tell_tables(p, &status.n_tables);
    struct textbuf why = {0};

    status.tables = tables;
    explain(&status, &why);
    if (status.ready)
        status.why_not_ready = "starting";
    status.ready = false;
    tell_credentials(config);
    control_publish(&status);
    free_tables(tables, status.n_tables);
    textbuf_done(&why);
}

void report_status(struct service *s, enum service_phase phase)
{
    struct service_status status = {.phase = phase,
                                    .start_ms = s->start_ms,
                                    .joined = s->had_assignment,
                                    .memory_limit = s->config->memory_bytes,
                                    .memory_full = s->full,
                                    .n_partitions = s->assigned.count};
    struct status_partition *partitions = need_alloc(s->assigned.count, sizeof(*partitions));
    struct status_table *tables;
    struct textbuf why = {0};

    if (phase == PHASE_RUNNING && control_pause_wanted())
        status.phase = PHASE_PAUSED;
    status.memory_bytes = (int64_t)pipeline_memory(s->pipeline, s->squeezed);
    for (size_t i = 0; i < s->assigned.count; i++)
        tell_partition(s, s->assigned.items[i], &partitions[i]);
    tables = tell_tables(s->pipeline, &status.n_tables);
    status.partitions = partitions;
    status.tables = tables;
    explain(&status, &why);
    count_topics(s);
    tell_credentials(s->config);
    control_publish(&status);
    free_tables(tables, status.n_tables);
    textbuf_done(&why);
    free(partitions);
}
