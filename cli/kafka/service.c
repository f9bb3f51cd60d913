/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "common/settings.h"
#include "common/stop.h"
#include "kafka/control.h"
#include "kafka/letter_topic.h"
#include "kafka/partitions.h"
#include "kafka/process_memory.h"
#include "kafka/reload.h"
#include "kafka/service_report.h"
#include "ops/metrics.h"

enum {
    POLL_MS = 100,
    POLL_BURST = 1000,
    FULL_WAIT_MS = 1000, /* queues full for so long: pause, so that polling goes on */
    REVOKE_BUDGET_MS = 20000,
    RESET_WAIT_MS = 3000, /* for all tables of a RESET; then those go on that can */
    STOP_BUDGET_MS = 20000,
    MIRROR_MS = 1000,
    STATISTICS_MS = 60000,
    STATUS_MS = 1000,
    MEMORY_MS = 100,
    TRIM_MS = 1000
};

void service_fail(struct service *s, int code, const char *reason)
{
    if (s->exit_code != 0)
        return;
    s->exit_code = code;
    textbuf_puts(&s->exit_reason, reason);
}

struct partition *service_partition(struct service *s, const char *topic, int32_t number)
{
    return partition_get(&s->all, s->config->group_id, topic, number);
}

/* ---- records ---- */

/* Records of one partition come in runs. */
static struct partition *partition_of(struct service *s, const rd_kafka_message_t *message)
{
    if (s->last == NULL || s->last_rkt != message->rkt || s->last->number != message->partition) {
        s->last = service_partition(s, rd_kafka_topic_name(message->rkt), message->partition);
        s->last_rkt = message->rkt;
    }
    return s->last;
}

static void take_error(struct service *s, const rd_kafka_message_t *message)
{
    struct partition *p = message->rkt == NULL ? NULL : partition_of(s, message);
    const char *text = rd_kafka_message_errstr(message);
    int64_t skipped = 0;

    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (p == NULL || !p->assigned)
            return;
        p->eof = message->offset;
        p->at_end = p->at_end || s->config->run.until_end;
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        if (p != NULL && p->assigned)
            partitions_gap(s, p);
        return;
    case RD_KAFKA_RESP_ERR__FATAL:
        service_fail(s, EXIT_CODE_RUNTIME, text);
        return;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        service_fail(s, EXIT_CODE_CONFIG, text);
        return;
    default:
        if (log_repeat_due(&s->trouble, clock_monotonic_ms(), &skipped))
            LOG_EVENT(DW_LOG_WARN, "Kafka", F_TEXT("error", text),
                      F_TEXT("code", rd_kafka_err2name(message->err)),
                      F_NUMBER("not_logged", skipped));
        return;
    }
}

static void push_records(struct service *s)
{
    if (s->n_pushes != 0)
        pipeline_push(s->pipeline, s->pushes, s->n_pushes);
    s->n_pushes = 0;
}

/* --max-records: when they are there, each partition ends where it is. */
static void count_record(struct service *s, struct partition *p, int64_t offset)
{
    if (s->config->run.max_records <= 0 || offset < p->counted)
        return;
    p->counted = offset + 1;
    if (++s->taken < s->config->run.max_records)
        return;
    for (size_t i = 0; i < s->assigned.count; i++) {
        struct partition *each = s->assigned.items[i];
        each->end = each->next >= 0 ? each->next : 0;
        each->at_end = true;
    }
}

static void take_record(struct service *s, struct partition *p, const rd_kafka_message_t *message)
{
    int64_t offset = message->offset;

    if (p->origin == RD_KAFKA_OFFSET_END)
        p->origin = offset;
    if (offset < p->next)
        return;
    if (p->end >= 0 && offset >= p->end) {
        p->at_end = true;
        return;
    }
    s->pushes[s->n_pushes++] = item_new(message, p);
    if (s->n_pushes == PUSH_MAX)
        push_records(s);
    p->next = p->handed = offset + 1;
    p->n_records++;
    p->n_bytes += (int64_t)(message->len + message->key_len);
    if (p->end >= 0 && p->next >= p->end)
        p->at_end = true;
    count_record(s, p, offset);
}

static void take_message(struct service *s, rd_kafka_message_t *message)
{
    struct partition *p;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        push_records(s);
        take_error(s, message);
        return;
    }
    p = partition_of(s, message);
    if (p->assigned)
        take_record(s, p, message);
}

static void keep_room(struct service *s)
{
    if (s->full) {
        s->full = !pipeline_is_low(s->pipeline);
    } else if (!pipeline_has_room(s->pipeline, FULL_WAIT_MS)) {
        /* One table may be in the way of others: its partitions rest. If that is not it, all do. */
        pipeline_clog(s->pipeline);
        s->full = !pipeline_has_room(s->pipeline, 0);
    }
    pipeline_unclog(s->pipeline);
    partitions_rest(s, s->full || control_pause_wanted());
}

static void poll_records(struct service *s)
{
    int wait_ms = POLL_MS;

    keep_room(s);
    for (int i = 0; i < POLL_BURST && s->exit_code == 0; i++, wait_ms = 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(s->consumer->rk, wait_ms);
        if (message == NULL)
            break;
        take_message(s, message);
        rd_kafka_message_destroy(message);
    }
    push_records(s);
}

/* ---- partitions ---- */

static void begin(struct service *s, enum service_state state, enum request_kind kind,
                  const char *reason, const struct partition_list *partitions)
{
    s->state = state;
    s->request = pipeline_request(s->pipeline, kind, reason, ++s->requests, partitions);
    s->deadline_ms = clock_monotonic_ms() + REVOKE_BUDGET_MS;
    s->rebalance = s->consumer->rebalances;
}

static void end_request(struct service *s)
{
    pipeline_forget(s->pipeline, s->request);
    s->request = NULL;
    s->state = STATE_FLOWING;
}

static void rebalance_partitions(struct service *s, struct partition_list *out)
{
    const rd_kafka_topic_partition_list_t *list = s->consumer->rebalance_list;

    for (int i = 0; i < list->cnt; i++)
        partition_list_add(out,
                           service_partition(s, list->elems[i].topic, list->elems[i].partition));
}

static void count_rebalance(const char *type)
{
    metric_add(metric_series(METRIC_REBALANCES, METRIC_LABELS(type)), 1);
}

static void assign(struct service *s)
{
    const struct partition_list *started = &s->request->partitions;

    if (!partitions_start(s, started))
        return; /* the rebalance still waits, and begins again */
    for (size_t i = 0; i < started->count; i++) {
        struct partition *p = started->items[i];
        if (!p->assigned)
            partition_list_add(&s->assigned, p);
        p->assigned = true;
    }
    report_partitions(s, "partitions assigned", started);
    count_rebalance("assign");
    consumer_assign(s->consumer, started);
    consumer_pause(s->consumer, started, false); /* librdkafka remembers that of an earlier time */
    s->had_assignment = true;
}

static void forget_partitions(struct service *s, const struct partition_list *gone)
{
    size_t kept = 0;

    for (size_t i = 0; i < gone->count; i++) {
        gone->items[i]->assigned = false;
        report_drop(gone->items[i]);
    }
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
        partitions_mirror(s, &gone, false);
    report_partitions(s, lost ? "partitions lost" : "partitions revoked", &gone);
    count_rebalance(lost ? "lost" : "revoke");
    forget_partitions(s, &gone);
    consumer_unassign(s->consumer);
    partition_list_done(&gone);
}

static bool seat_all(struct service *s, const struct partition_list *partitions)
{
    struct textbuf problem = {0};
    bool ok = true;

    for (size_t i = 0; i < partitions->count && ok; i++) {
        struct textbuf reason = {0};
        ok = pipeline_seat(s->pipeline, partitions->items[i], &problem);
        if (!ok) {
            textbuf_printf(&reason, "topic %s: %s", partitions->items[i]->topic, problem.text);
            service_fail(s, EXIT_CODE_CONFIG, reason.text);
        }
        textbuf_done(&reason);
    }
    textbuf_done(&problem);
    return ok;
}

static void begin_rebalance(struct service *s)
{
    struct partition_list list = {0};

    rebalance_partitions(s, &list);
    if (s->consumer->rebalance == REBALANCE_ASSIGN) {
        if (seat_all(s, &list))
            begin(s, STATE_ASSIGN, REQUEST_RESOLVE, "assignment", &list);
    } else if (s->consumer->lost) {
        /* Others may write them by now: what is under way would only be fenced off. */
        pipeline_abandon(s->pipeline, &list);
        give_up_partitions(s, true);
    } else {
        begin(s, STATE_REVOKE, REQUEST_DRAIN, "revoke", &list);
    }
    partition_list_done(&list);
}

static void serve_revoke(struct service *s, bool done)
{
    if (!done && clock_monotonic_ms() < s->deadline_ms)
        return;
    if (!done) {
        log_message(DW_LOG_WARN, "partitions given up before their records could be committed");
        pipeline_abandon(s->pipeline, &s->request->partitions);
    }
    end_request(s);
    give_up_partitions(s, false);
}

static bool has_end(const struct service *s)
{
    const struct run_config *run = &s->config->run;

    return run->until_end || s->until_offsets != NULL || run->until_timestamp_ms >= 0 ||
           run->max_records > 0;
}

static bool all_at_end(struct service *s)
{
    bool later = false;

    return s->had_assignment && s->consumer->rebalance == REBALANCE_NONE && partitions_at_end(s) &&
           !pipeline_wants_reset(s->pipeline, &later) && !later;
}

static void serve_reset(struct service *s, bool done)
{
    if (!done && clock_monotonic_ms() < s->deadline_ms - REVOKE_BUDGET_MS + RESET_WAIT_MS)
        return;
    if (s->consumer->rebalance == REBALANCE_NONE) {
        size_t count = 0;
        if (!partitions_seek(s, &count))
            return; /* a partition has not started yet: the next round tries again */
        if (count != 0)
            report_partitions(s, "reading again from the table's offsets", &s->assigned);
    }
    end_request(s);
}

static void serve_request(struct service *s)
{
    bool done = pipeline_await(s->pipeline, s->request, 0);
    bool later = false;

    if ((s->state == STATE_ASSIGN || s->state == STATE_REVOKE) &&
        s->rebalance != s->consumer->rebalances) {
        end_request(s); /* the assignment was lost meanwhile; that is to be answered now */
        return;
    }
    if (s->state == STATE_FLUSH &&
        (s->consumer->rebalance != REBALANCE_NONE || pipeline_wants_reset(s->pipeline, &later))) {
        end_request(s); /* begun again later */
        return;
    }
    switch (s->state) {
    case STATE_ASSIGN:
        if (!done)
            return;
        if (!s->request->failed)
            assign(s);
        end_request(s); /* if it failed, the rebalance still waits and begins again */
        break;
    case STATE_REVOKE:
        serve_revoke(s, done);
        break;
    case STATE_RESET:
        serve_reset(s, done);
        break;
    case STATE_FLUSH:
        if (!done)
            return;
        end_request(s);
        s->flushed = s->flush_number;
        control_flushed(s->flushed);
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

static void begin_flush(struct service *s)
{
    s->flush_number = control_flushes_wanted();
    begin(s, STATE_FLUSH, REQUEST_DRAIN, "flush", &s->assigned);
}

static void begin_what_is_due(struct service *s)
{
    bool later = false;

    if (s->consumer->rebalance != REBALANCE_NONE)
        begin_rebalance(s);
    else if (pipeline_wants_reset(s->pipeline, &later))
        begin(s, STATE_RESET, REQUEST_RESET, "reset", &s->assigned);
    else if (control_flushes_wanted() > s->flushed)
        begin_flush(s);
    else if (has_end(s) && all_at_end(s))
        begin(s, STATE_FINISH, REQUEST_DRAIN, "drain", &s->assigned);
}

/* ---- the clock ---- */

/* What buffers have is counted; what the process has in fact is compared with it, and counts. */
static void serve_memory(struct service *s, int64_t now)
{
    int64_t resident = process_private_bytes();
    int64_t limit = s->config->memory_bytes;

    if (resident > limit && now >= s->trim_at_ms) {
        process_trim();
        s->trim_at_ms = now + TRIM_MS;
        resident = process_private_bytes();
    }
    s->squeezed = resident > limit || (s->squeezed && resident > limit - limit / 8);
    (void)pipeline_memory(s->pipeline, s->squeezed);
    s->memory_at_ms = now + MEMORY_MS;
}

static void show_progress(struct service *s)
{
    const struct service_status *status;

    if (!has_end(s))
        return;
    status = control_status();
    run_progress_update(&s->progress, status);
    control_unref(status);
}

static void serve_clock(struct service *s)
{
    int64_t now = clock_monotonic_ms();

    control_looped();
    if (control_take_reload())
        reload_config(s);
    if (now >= s->memory_at_ms)
        serve_memory(s, now);
    if (now >= s->mirror_at_ms) {
        partitions_mirror(s, &s->assigned, false);
        s->mirror_at_ms = now + MIRROR_MS;
    }
    if (now >= s->status_at_ms) {
        report_status(s, PHASE_RUNNING);
        show_progress(s);
        s->status_at_ms = now + STATUS_MS;
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
        pipeline_forget(s->pipeline, s->request);
    s->request = NULL;
    if (!partitions_uncommitted(s) && pipeline_is_empty(s->pipeline))
        return true;
    request = pipeline_request(s->pipeline, REQUEST_DRAIN, "shutdown", ++s->requests, &s->assigned);
    *out_idle = pipeline_await(s->pipeline, request, STOP_BUDGET_MS);
    pipeline_forget(s->pipeline, request);
    return !partitions_uncommitted(s);
}

/* The exit code and, unless it is NULL, why. */
static int settle(struct service *s, const char **out_reason, bool *out_idle)
{
    int code = s->exit_code;
    bool drained;

    *out_reason = s->exit_reason.text;
    if (code == 0)
        code = pipeline_exit_code(s->pipeline, out_reason);
    if (code != 0)
        return code;
    drained = drain(s, out_idle);
    code = pipeline_exit_code(s->pipeline, out_reason);
    if (code == 0 && !drained) {
        report_uncommitted(s);
        *out_reason = "stopped before all that was read could be committed; Kafka still has it";
        code = EXIT_CODE_RUNTIME;
    }
    if (code == 0 && s->finished && pipeline_counts(s->pipeline).rejected != 0)
        code = EXIT_CODE_REJECTED;
    return code;
}

/* The process ends here when a thread may hang in the store. */
static int leave(struct service *s)
{
    const char *reason = NULL;
    bool idle = false;
    int code;

    run_progress_end(&s->progress);
    report_status(s, PHASE_STOPPING);
    code = settle(s, &reason, &idle);
    partitions_mirror(s, &s->assigned, false);
    consumer_close(s->consumer);
    report_statistics(s);
    LOG_EVENT(DW_LOG_INFO, "stopped", F_NUMBER("exit_code", code));
    if (reason != NULL) /* the last line, where people look first */
        (void)fprintf(stderr, "%s: %s\n", SERVICE_NAME, reason);
    if (!idle || !pipeline_is_idle(s->pipeline))
        _exit(code);
    pipeline_end(s->pipeline);
    letter_topic_end();
    return code;
}

/* -1, or an exit code after its line. */
static int read_offsets(const char *path, const char *setting, struct offsets_file **out)
{
    struct textbuf problem = {0};
    int code = -1;

    if (path != NULL && (*out = offsets_file_read(path, &problem)) == NULL)
        code = settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, setting, problem.text);
    textbuf_done(&problem);
    return code;
}

static int start(struct service *s)
{
    const struct run_config *run = &s->config->run;
    int code = read_offsets(run->start == START_OFFSETS ? run->start_file : NULL, "--from",
                            &s->start_offsets);

    if (code < 0)
        code = read_offsets(run->until_offsets_file, "--until-offsets", &s->until_offsets);
    return code;
}

int service_run(const struct config *config, struct consumer *consumer, struct pipeline *pipeline)
{
    struct service *s = need_alloc(1, sizeof(*s));
    struct textbuf problem = {0};
    const char *reason = NULL;
    int code;

    s->config = config;
    s->consumer = consumer;
    s->pipeline = pipeline;
    s->start_ms = clock_wall_ms();
    s->statistics_at_ms = clock_monotonic_ms() + STATISTICS_MS;
    metric_set(metric_series(METRIC_MEMORY_LIMIT, NULL), (double)config->memory_bytes);
    code = start(s);
    if (code < 0 && !consumer_subscribe(consumer, config, &problem))
        service_fail(s, EXIT_CODE_CONFIG, problem.text);
    while (code < 0 && s->exit_code == 0 && !s->finished && !stop_requested() &&
           pipeline_exit_code(pipeline, &reason) == 0) {
        poll_records(s);
        if (s->state == STATE_FLOWING)
            begin_what_is_due(s);
        else
            serve_request(s);
        serve_clock(s);
    }
    if (code < 0)
        code = leave(s);
    textbuf_done(&problem);
    textbuf_done(&s->exit_reason);
    offsets_file_free(s->start_offsets);
    offsets_file_free(s->until_offsets);
    partition_list_done(&s->assigned);
    free(s->topics);
    partition_list_destroy(&s->all);
    reload_done(s);
    free(s);
    return code;
}
