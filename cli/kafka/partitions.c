/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition is read from.
 *
 * A table's txn version is the truth for the table. A partition starts at the least offset that one
 * of its tables wants; the others drop what they have. Where records are routed one by one, tables
 * are not known before their records come: such a partition starts at the group's offset, which is
 * only ever told what all tables have (partitions_position()).
 *
 * A seek back for one table (RESET) must not pass over what another one has not been handed yet: it
 * goes to the least of what the reset tables want and of where handing out stands. */
#include "kafka/partitions.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/memory.h"
#include "kafka/control.h"
#include "kafka/lane.h"
#include "ops/metrics.h"

enum { QUERY_TIMEOUT_MS = 10000 };

/* Beginning, then offsets, then the end. */
static int64_t rank(int64_t offset)
{
    return offset == RD_KAFKA_OFFSET_BEGINNING ? -1
           : offset == RD_KAFKA_OFFSET_END     ? INT64_MAX
                                               : offset;
}

static void take_least(int64_t *offset, int64_t other)
{
    if (*offset == RD_KAFKA_OFFSET_INVALID || rank(other) < rank(*offset))
        *offset = other;
}

/* ---- where it starts ---- */

/* Must it be known where a table begins that knows nothing of the partition? */
static bool needs_origin(const struct partition *p)
{
    if (p->origin != RD_KAFKA_OFFSET_INVALID)
        return false;
    if (p->splitter != NULL && p->grouped < 0)
        return true;
    for (size_t i = 0; i < p->n_seats; i++) {
        if (!p->seats[i]->routed && p->seats[i]->committed < 0)
            return true;
    }
    return false;
}

static bool no_offset(struct service *s, const struct partition *p, int code, const char *reason)
{
    struct textbuf text = {0};

    textbuf_printf(&text, "topic %s partition %" PRId32 ": %s", p->topic, p->number, reason);
    service_fail(s, code, text.text);
    textbuf_done(&text);
    return false;
}

/* The end moves on, and what comes after it is ours even if the batch that has it is dropped: where
 * it was when the partition first came is remembered. */
static bool find_latest(struct service *s, struct partition *p)
{
    int64_t low = 0;
    int64_t high = -1;

    p->origin = RD_KAFKA_OFFSET_END;
    if (rd_kafka_query_watermark_offsets(s->consumer->rk, p->topic, p->number, &low, &high,
                                         QUERY_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
        p->origin = high;
    return true;
}

static bool find_at(struct service *s, struct partition *p, int64_t timestamp_ms, int64_t *out)
{
    struct partition_list one = {0};
    bool ok;

    partition_list_add(&one, p);
    ok = consumer_offsets_at(s->consumer, &one, timestamp_ms, out, QUERY_TIMEOUT_MS);
    partition_list_done(&one);
    return ok;
}

static bool find_origin(struct service *s, struct partition *p)
{
    const struct run_config *run = &s->config->run;
    int64_t offset;

    switch (run->start) {
    case START_EARLIEST:
        p->origin = RD_KAFKA_OFFSET_BEGINNING;
        return true;
    case START_LATEST:
        return find_latest(s, p);
    case START_TIMESTAMP:
        if (!find_at(s, p, run->start_timestamp_ms, &offset))
            return false;
        p->origin = offset;
        return offset != RD_KAFKA_OFFSET_END || find_latest(s, p);
    case START_OFFSETS:
        offset = offsets_file_find(s->start_offsets, p->topic, p->number);
        if (offset < 0)
            return no_offset(s, p, EXIT_CODE_CONFIG, "the file of offsets does not have it");
        p->origin = offset;
        return true;
    case START_ERROR:
        break;
    }
    return no_offset(s, p, EXIT_CODE_GAP,
                     "the table has no offset, and KAFKA_CONF_AUTO_OFFSET_RESET is error");
}

static void find_target(struct partition *p)
{
    p->target = RD_KAFKA_OFFSET_INVALID;
    if (p->splitter != NULL)
        take_least(&p->target, p->grouped >= 0 ? p->grouped : p->origin);
    for (size_t i = 0; i < p->n_seats; i++) {
        struct seat *seat = p->seats[i];
        if (seat->routed)
            continue;
        take_least(&p->target, seat->committed >= 0 ? (int64_t)seat->committed : p->origin);
    }
}

/* ---- where it ends ---- */

static bool find_watermark(struct service *s, struct partition *p, int64_t *out_low,
                           int64_t *out_high)
{
    return rd_kafka_query_watermark_offsets(s->consumer->rk, p->topic, p->number, out_low, out_high,
                                            QUERY_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Where the run ends for the partition, as it is now. */
static void find_end(struct service *s, struct partition *p)
{
    const struct run_config *run = &s->config->run;
    int64_t low = 0;
    int64_t high = -1;
    int64_t offset;

    if (p->end >= 0)
        return;
    if (s->until_offsets != NULL) {
        offset = offsets_file_find(s->until_offsets, p->topic, p->number);
        p->end = offset < 0 ? 0 : offset; /* what is not listed is not read */
    } else if (run->until_timestamp_ms >= 0 && find_at(s, p, run->until_timestamp_ms, &offset)) {
        if (offset == RD_KAFKA_OFFSET_END && find_watermark(s, p, &low, &high))
            p->end = high;
        else if (offset >= 0)
            p->end = offset;
    } else if (run->until_end && find_watermark(s, p, &low, &high)) {
        p->end = high;
    }
    if (p->end >= 0 && find_watermark(s, p, &low, &high) && p->end <= low)
        p->at_end = true;
}

static void see_end(struct partition *p)
{
    if (p->end >= 0 && p->target >= p->end)
        p->at_end = true;
}

/* A partition that starts has nothing on its way. What of it is in a splitter's queue was read
 * before, and is read again. */
static void start(struct service *s, struct partition *p)
{
    p->epoch = s->requests;
    p->handed = -1;
    p->next = p->target >= 0 ? p->target : -1;
    p->eof = -1;
    p->mirrored = p->grouped >= 0 ? p->grouped : -1;
    pipeline_lock(s->pipeline);
    p->split_epoch = p->epoch;
    p->split_next = p->next;
    for (size_t i = 0; i < p->n_seats; i++) {
        struct seat *seat = p->seats[i];
        seat->pending_from = -1;
        seat->pushed = 0;
        if (seat->committed < 0 && p->origin >= 0 && !seat->routed)
            seat->taken = p->origin;
    }
    pipeline_unlock(s->pipeline);
}

/* Before the first record is taken the group must know where that is: tables that come to be with
 * the records are not asked when a partition starts. */
static void mirror_first(struct service *s, const struct partition_list *partitions)
{
    struct mirror *mirrors = need_alloc(partitions->count, sizeof(*mirrors));
    size_t n = 0;

    for (size_t i = 0; i < partitions->count; i++) {
        struct partition *p = partitions->items[i];
        if (p->splitter != NULL && p->grouped < 0 && p->target >= 0)
            mirrors[n++] = (struct mirror){p, p->target};
    }
    if (n != 0)
        consumer_mirror(s->consumer, mirrors, n, true);
    free(mirrors);
}

static bool read_group(struct service *s, const struct partition_list *partitions)
{
    struct partition_list routed = {0};
    bool ok = true;

    for (size_t i = 0; i < partitions->count; i++) {
        if (partitions->items[i]->splitter != NULL)
            partition_list_add(&routed, partitions->items[i]);
    }
    if (routed.count != 0)
        ok = consumer_grouped(s->consumer, &routed, QUERY_TIMEOUT_MS);
    partition_list_done(&routed);
    return ok;
}

bool partitions_start(struct service *s, const struct partition_list *partitions)
{
    if (!read_group(s, partitions))
        return false;
    for (size_t i = 0; i < partitions->count; i++) {
        struct partition *p = partitions->items[i];
        control_looped(); /* what follows may wait for Kafka, for each partition anew */
        if (needs_origin(p) && !find_origin(s, p))
            return false;
        p->at_end = false;
        p->paused = false;
        find_target(p);
        find_end(s, p);
        see_end(p);
        start(s, p);
    }
    mirror_first(s, partitions);
    return true;
}

/* ---- seeks ---- */

static bool has_reset_locked(const struct partition *p)
{
    for (size_t i = 0; i < p->n_seats; i++) {
        if (p->seats[i]->lane->wants_seek)
            return true;
    }
    return false;
}

/* See the head of this file. */
static void find_seek_locked(struct partition *p)
{
    int64_t target = p->next >= 0 ? p->next : p->target;

    if (p->splitter != NULL && p->split_next >= 0)
        take_least(&target, p->split_next);
    else if (p->splitter != NULL)
        take_least(&target, p->target);
    for (size_t i = 0; i < p->n_seats; i++) {
        const struct seat *seat = p->seats[i];
        int64_t committed = seat->committed;
        if (!seat->lane->wants_seek)
            continue;
        if (!seat->routed)
            take_least(&target, committed >= 0 ? committed : p->origin);
        else if (seat->pending_from >= 0)
            take_least(&target, seat->pending_from > committed ? seat->pending_from : committed);
    }
    p->target = target;
}

static void sought_locked(struct service *s, struct partition *p)
{
    p->epoch = s->requests;
    p->handed = -1;
    p->next = p->target >= 0 ? p->target : -1;
    p->eof = -1;
    p->at_end = p->end >= 0 && (p->next >= p->end || (p->end == 0 && p->next < 0));
    p->split_epoch = p->epoch;
    p->split_next = p->next;
    for (size_t i = 0; i < p->n_seats; i++) {
        struct seat *seat = p->seats[i];
        if (!seat->lane->wants_seek)
            continue;
        seat->pending_from = -1;
        seat->pushed = 0;
    }
}

static void resume(struct service *s, const struct partition_list *partitions)
{
    consumer_pause(s->consumer, partitions, false);
    for (size_t i = 0; i < partitions->count; i++)
        partitions->items[i]->paused = false;
}

bool partitions_seek(struct service *s, size_t *out_count)
{
    struct partition_list list = {0};
    bool ok = true;

    pipeline_lock(s->pipeline);
    for (size_t i = 0; i < s->assigned.count; i++) {
        struct partition *p = s->assigned.items[i];
        if (!has_reset_locked(p))
            continue;
        find_seek_locked(p);
        partition_list_add(&list, p);
    }
    pipeline_unlock(s->pipeline);
    if (list.count != 0) {
        resume(s, &list);
        ok = consumer_seek(s->consumer, &list);
    }
    if (ok) {
        pipeline_lock(s->pipeline);
        for (size_t i = 0; i < list.count; i++)
            sought_locked(s, list.items[i]);
        for (size_t i = 0; i < s->pipeline->synced.n_lanes; i++)
            s->pipeline->synced.lanes[i]->wants_seek = false;
        pipeline_unlock(s->pipeline);
    }
    *out_count = list.count;
    partition_list_done(&list);
    return ok;
}

/* ---- gaps ---- */

static void report_gap(struct service *s, const struct partition *p, int64_t wanted, int64_t low,
                       int64_t high)
{
    struct textbuf reason = {0};

    textbuf_printf(&reason,
                   "topic %s partition %" PRId32 ": offset %" PRId64
                   " is wanted next, but Kafka has %" PRId64 " to %" PRId64
                   ": records are lost or the topic was made anew",
                   p->topic, p->number, wanted, low, high);
    service_fail(s, EXIT_CODE_GAP, reason.text);
    textbuf_done(&reason);
}

/* The record that is wanted next is not there any more, or Kafka's log is shorter than it was. */
void partitions_gap(struct service *s, struct partition *p)
{
    int64_t wanted = p->next >= 0 ? p->next : p->target;
    int64_t low = -1;
    int64_t high = -1;
    bool anew = p->next < 0 && p->target == RD_KAFKA_OFFSET_BEGINNING;

    /* Old records went just while we asked for the first one, and there is a new first one; or
     * it is the answer to a seek that another one has overtaken. */
    if (!anew && find_watermark(s, p, &low, &high) && wanted >= low && wanted <= high)
        anew = true;
    else if (!anew && s->config->run.allow_gap && low > wanted) {
        LOG_EVENT(DW_LOG_WARN, "records are gone from Kafka, as --allow-gap permits",
                  F_TEXT("topic", p->topic), F_NUMBER("partition", p->number),
                  F_NUMBER("wanted", wanted), F_NUMBER("first", low),
                  F_NUMBER("lost", low - wanted));
        metric_add(metric_series(METRIC_RECORDS_LOST, METRIC_LABELS(p->topic)),
                   (double)(low - wanted));
        p->target = p->next = low;
        anew = true;
    } else if (!anew) {
        report_gap(s, p, wanted, low, high);
    }
    if (!anew)
        return;
    if (p->next >= 0)
        p->target = p->next;
    p->paused = false;
    consumer_restart(s->consumer, p, &s->assigned);
}

/* ---- what is committed ---- */

int64_t partitions_position(struct service *s, const struct partition *p)
{
    int64_t position = INT64_MAX;

    pipeline_lock(s->pipeline);
    if (p->splitter != NULL)
        position = p->split_next;
    for (size_t i = 0; i < p->n_seats; i++) {
        const struct seat *seat = p->seats[i];
        int64_t has = seat->committed;
        if (seat->routed && seat->pending_from < 0)
            continue;
        if (seat->routed)
            has = seat->pending_from;
        if (has < position)
            position = has;
    }
    pipeline_unlock(s->pipeline);
    return position == INT64_MAX ? -1 : position;
}

int64_t partitions_settled(struct service *s, const struct partition *p)
{
    int64_t position = partitions_position(s, p);

    return p->eof > position && position >= p->next ? p->eof : position;
}

/* What the group would not store is stored again. */
static void forget_mirrors(struct service *s)
{
    if (!consumer_take_mirror_failure(s->consumer))
        return;
    for (size_t i = 0; i < s->assigned.count; i++)
        s->assigned.items[i]->mirrored = -1;
}

void partitions_mirror(struct service *s, const struct partition_list *partitions, bool wait)
{
    struct mirror *mirrors = need_alloc(partitions->count, sizeof(*mirrors));

    forget_mirrors(s);
    for (size_t i = 0; i < partitions->count; i++) {
        struct partition *p = partitions->items[i];
        mirrors[i] = (struct mirror){p, partitions_settled(s, p)};
        if (p->splitter != NULL && mirrors[i].offset < p->mirrored)
            mirrors[i].offset = -1; /* a bound that is lower than it need be */
    }
    consumer_mirror(s->consumer, mirrors, partitions->count, wait);
    free(mirrors);
}

bool partitions_uncommitted(struct service *s)
{
    for (size_t i = 0; i < s->assigned.count; i++) {
        const struct partition *p = s->assigned.items[i];
        if (p->handed >= 0 && p->handed > partitions_position(s, p))
            return true;
    }
    return false;
}

/* ---- rest ---- */

static bool must_rest(struct service *s, const struct partition *p, bool all)
{
    return all || (p->end >= 0 && p->next >= p->end) || pipeline_is_clogged(s->pipeline, p);
}

void partitions_rest(struct service *s, bool all)
{
    struct partition_list pause = {0};
    struct partition_list go_on = {0};

    for (size_t i = 0; i < s->assigned.count; i++) {
        struct partition *p = s->assigned.items[i];
        bool rest = must_rest(s, p, all);
        if (rest == p->paused)
            continue;
        p->paused = rest;
        partition_list_add(rest ? &pause : &go_on, p);
    }
    if (pause.count != 0)
        consumer_pause(s->consumer, &pause, true);
    if (go_on.count != 0)
        consumer_pause(s->consumer, &go_on, false);
    partition_list_done(&pause);
    partition_list_done(&go_on);
}

bool partitions_at_end(const struct service *s)
{
    for (size_t i = 0; i < s->assigned.count; i++) {
        if (!s->assigned.items[i]->at_end)
            return false;
    }
    return true;
}
