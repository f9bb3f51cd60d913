/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/splitter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/logline.h"
#include "common/memory.h"
#include "kafka/dead_letters.h"
#include "kafka/lane.h"
#include "kafka/letter_topic.h"
#include "ops/metrics.h"

enum { DECODER_WAIT_MS = 1000 };

/* A schema that the decoder told, for lanes that do not have it yet. */
struct told {
    char *json;
    struct told *before;
};

/* A lane that rows went to. */
struct branch {
    struct lane *lane;
    char *uri;
    struct told *told; /* the newest schema that it has been given */
};

struct splitter {
    struct actor actor; /* first */
    size_t source;
    struct decoder *decoder; /* NULL: not made yet */
    uint64_t reloads;        /* that it is of */
    struct told *schemas;    /* newest first */
    struct branch *branches;
    size_t n_branches; /* locked, for splitter_seat() */
    size_t last;       /* branch of the last row */
    struct log_repeat repeat;
};

struct actor *splitter_actor(struct splitter *s)
{
    return &s->actor;
}

struct splitter *splitter_new(struct pipeline *p, size_t source)
{
    struct splitter *s = need_alloc(1, sizeof(*s));

    s->actor.pipeline = p;
    s->source = source;
    s->branches = need_alloc(LANES_MAX, sizeof(*s->branches));
    return s;
}

void splitter_free(struct splitter *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->actor.input.count; i++)
        input_done(&s->actor.input.items[(s->actor.input.head + i) % s->actor.input.cap]);
    free(s->actor.input.items);
    for (size_t i = 0; i < s->n_branches; i++)
        free(s->branches[i].uri);
    free(s->branches);
    while (s->schemas != NULL) {
        struct told *before = s->schemas->before;
        free(s->schemas->json);
        free(s->schemas);
        s->schemas = before;
    }
    decoder_free(s->decoder);
    free(s);
}

static const struct table_config *table_of(const struct splitter *s)
{
    const struct config *config = s->actor.pipeline->config;

    return &config->tables[config->sources[s->source].table];
}

static void seat_locked(struct splitter *s, struct lane *lane, struct partition *partition)
{
    struct seat *seat = pipeline_seat_locked(lane, partition, s->source);
    struct textbuf app_id = {0};

    seat->routed = true;
    if (!lane->letters || seat->own_app_id != NULL)
        return;
    /* Not the id that dead letters of a main table have in the same place. */
    textbuf_printf(&app_id, "%s@unrouted", partition->app_id);
    seat->app_id = seat->own_app_id = app_id.text;
}

void splitter_seat(struct pipeline *p, const struct route *route, struct partition *partition)
{
    for (size_t i = 0; i < p->n_splitters; i++) {
        struct splitter *s = p->splitters[i];
        if (s->source != route->source)
            continue;
        pipeline_lock(p);
        partition->splitter = s;
        for (size_t k = 0; k < s->n_branches; k++)
            seat_locked(s, s->branches[k].lane, partition);
        pipeline_unlock(p);
    }
}

/* ---- rows to lanes ---- */

static struct branch *find_branch(struct splitter *s, const char *uri)
{
    if (s->last < s->n_branches && strcmp(s->branches[s->last].uri, uri) == 0)
        return &s->branches[s->last];
    for (size_t i = 0; i < s->n_branches; i++) {
        if (strcmp(s->branches[i].uri, uri) == 0) {
            s->last = i;
            return &s->branches[i];
        }
    }
    return NULL;
}

/* NULL: there are too many tables. All partitions of the source get a seat at once, so that the
 * new table is asked for them once. */
static struct branch *add_branch(struct splitter *s, const char *uri, const char *letters_uri,
                                 bool letters, struct partition *partition)
{
    struct pipeline *p = s->actor.pipeline;
    struct branch *branch = NULL;
    struct lane *lane;

    pipeline_lock(p);
    lane = pipeline_lane_locked(p, uri, letters_uri, table_of(s), letters);
    if (lane != NULL && s->n_branches < LANES_MAX) {
        branch = &s->branches[s->n_branches];
        *branch = (struct branch){lane, need_strdup(uri), NULL};
        s->last = s->n_branches++;
        for (size_t i = 0; i < p->synced.n_partitions; i++) {
            if (p->synced.partitions[i]->splitter == s)
                seat_locked(s, lane, p->synced.partitions[i]);
        }
        seat_locked(s, lane, partition);
    }
    pipeline_unlock(p);
    return branch;
}

/* The schemas that the lane was not told yet, oldest first. */
static void push_schemas(struct splitter *s, struct branch *branch, const struct told *newest,
                         struct seat *seat)
{
    struct routed *schema;

    if (newest == branch->told)
        return;
    push_schemas(s, branch, newest->before, seat);
    schema = routed_new(NULL, 0);
    schema->schema_json = newest->json;
    pipeline_put_locked(&branch->lane->actor, (struct input){.seat = seat, .rows = schema});
}

static void push_rows(struct splitter *s, struct branch *branch, struct item *item,
                      const dw_bytes *rows, size_t count)
{
    struct pipeline *p = s->actor.pipeline;
    struct routed *routed = routed_new(rows, count);
    struct seat *seat;

    pipeline_lock(p);
    seat = pipeline_seat_locked(branch->lane, item->partition, s->source);
    if (!branch->lane->letters)
        push_schemas(s, branch, s->schemas, seat);
    branch->told = s->schemas;
    /* What the table has already may come again after a seek for another one. */
    if (item->epoch >= item->partition->split_epoch && item->record.offset >= seat->committed) {
        if (seat->pending_from < 0)
            seat->pending_from = item->record.offset;
        if (seat->pushed <= item->record.offset)
            seat->pushed = item->record.offset + 1;
        pipeline_put_locked(&branch->lane->actor,
                            (struct input){.seat = seat, .item = item_ref(item), .rows = routed});
        routed = NULL;
    }
    pipeline_unlock(p);
    free(routed);
}

static void to_letters(struct splitter *s, const struct route *route, struct item *item,
                       const char *stage, const char *code, const char *error)
{
    struct textbuf uri = {0};
    struct textbuf problem = {0};
    struct textbuf row = {0};
    struct branch *branch = NULL;
    dw_bytes bytes;

    if (router_letters(table_of(s), route, NULL, NULL, &uri, &problem)) {
        branch = find_branch(s, uri.text);
        if (branch == NULL)
            branch = add_branch(s, uri.text, NULL, true, item->partition);
    }
    if (branch == NULL) {
        pipeline_fail(s->actor.pipeline, EXIT_CODE_REJECTED,
                      problem.text != NULL ? problem.text : error);
    } else {
        dead_letter_row(&item->record, NULL, stage, code, error, &row);
        bytes = (dw_bytes){row.text, row.len};
        push_rows(s, branch, item, &bytes, 1);
    }
    textbuf_done(&row);
    textbuf_done(&problem);
    textbuf_done(&uri);
}

static void fail_by_record(struct splitter *s, const struct item *item, const char *error)
{
    struct textbuf reason = {0};

    textbuf_printf(&reason, "topic %s partition %" PRId32 " offset %" PRId64 ": %s",
                   item->record.topic, item->record.partition, item->record.offset, error);
    pipeline_fail(s->actor.pipeline, EXIT_CODE_REJECTED, reason.text);
    textbuf_done(&reason);
}

/* False: Kafka does not take it now. */
static bool to_topic(struct splitter *s, struct item *item, const char *stage, const char *code,
                     const char *error)
{
    const struct reject reject = {item, NULL, stage, (char *)(uintptr_t)code,
                                  (char *)(uintptr_t)error};
    dw_error err = DW_ERROR_INIT;
    dw_status status = letter_topic_send_one(s->actor.pipeline->config, table_of(s), &reject, &err);

    if (status != DW_OK && err.retryable)
        return false;
    if (status != DW_OK)
        pipeline_fail(s->actor.pipeline, EXIT_CODE_RUNTIME, err.message);
    else
        metric_add(metric_series(METRIC_DLQ_RECORDS, METRIC_LABELS("topic")), 1);
    return true;
}

/* What becomes of a record without a table. False: the same again later. */
static bool reject(struct splitter *s, const struct route *route, struct item *item,
                   const char *stage, const char *code, const char *error)
{
    enum bad_record policy = table_of(s)->bad.policy;

    if (policy == BAD_TO_TOPIC && !to_topic(s, item, stage, code, error))
        return false;
    metric_add(metric_series(METRIC_RECORDS_REJECTED, METRIC_LABELS("", code, stage)), 1);
    if (policy == BAD_TO_TABLE) {
        to_letters(s, route, item, stage, code, error);
        return true;
    }
    if (policy == BAD_FAIL)
        fail_by_record(s, item, error);
    pipeline_lock(s->actor.pipeline);
    s->actor.pipeline->synced.counts.rejected++;
    pipeline_unlock(s->actor.pipeline);
    return true;
}

/* The lane of a row; NULL: *out_problem says why there is none. */
static struct branch *route_row(struct splitter *s, const struct route *route, struct item *item,
                                const dw_bytes *row, const char **out_code,
                                struct textbuf *out_problem)
{
    const struct table_config *table = table_of(s);
    struct textbuf uri = {0};
    struct textbuf letters = {0};
    struct branch *branch = NULL;

    *out_code = "ROUTE_VALUE";
    if (router_expand(table->uri, route, &item->record, row, &uri, out_problem)) {
        branch = find_branch(s, uri.text);
        if (branch == NULL &&
            router_letters(table, route, &item->record, row, &letters, out_problem)) {
            branch = add_branch(s, uri.text, letters.text, false, item->partition);
            if (branch == NULL) {
                *out_code = "TOO_MANY_TABLES";
                textbuf_printf(out_problem, "%s would be one table more than %d", uri.text,
                               LANES_MAX);
            }
        }
    }
    textbuf_done(&letters);
    textbuf_done(&uri);
    return branch;
}

/* Rows in a row that go to the same lane go there together. Either all rows of a record have a
 * lane, or it is rejected whole. */
static bool route_record(struct splitter *s, const struct route *route, struct item *item,
                         const struct decoded *decoded)
{
    size_t *lanes = need_alloc(decoded->count, sizeof(*lanes));
    dw_bytes *rows = need_alloc(decoded->count, sizeof(*rows));
    bool *sent = need_alloc(decoded->count, sizeof(*sent));
    struct textbuf problem = {0};
    const char *code = NULL;
    bool ok = true;

    for (size_t i = 0; i < decoded->count && ok; i++) {
        struct branch *branch = route_row(s, route, item, &decoded->rows[i], &code, &problem);
        ok = branch != NULL;
        lanes[i] = ok ? (size_t)(branch - s->branches) : 0;
    }
    bool done = ok || reject(s, route, item, "route", code, problem.text);
    for (size_t i = 0; i < decoded->count && ok; i++) {
        size_t n = 0;
        if (sent[i])
            continue;
        for (size_t k = i; k < decoded->count; k++) {
            if (lanes[k] != lanes[i])
                continue;
            rows[n++] = decoded->rows[k];
            sent[k] = true;
        }
        push_rows(s, &s->branches[lanes[i]], item, rows, n);
    }
    textbuf_done(&problem);
    free(sent);
    free(rows);
    free(lanes);
    return done;
}

/* ---- records ---- */

static bool make_decoder(struct splitter *s)
{
    struct pipeline *p = s->actor.pipeline;
    struct textbuf problem = {0};

    if (s->decoder == NULL)
        s->decoder =
            decoder_new(&p->config->sources[s->source].records, p->registries[s->source], &problem);
    if (s->decoder == NULL)
        pipeline_fail(p, EXIT_CODE_CONFIG, problem.text);
    textbuf_done(&problem);
    return s->decoder != NULL;
}

static void note_schema(struct splitter *s, const char *json)
{
    struct told *told;

    if (json == NULL)
        return;
    told = need_alloc(1, sizeof(*told));
    told->json = need_strdup(json);
    told->before = s->schemas;
    s->schemas = told;
}

/* Where the source sends the topic of a record, for ${topic} and the groups of the pattern. */
static void find_route(const struct splitter *s, const char *topic, struct route *out)
{
    enum { ROUTES_MAX = 32 };
    struct route routes[ROUTES_MAX];
    size_t n = router_match(s->actor.pipeline->router, topic, routes, ROUTES_MAX);

    *out = (struct route){.source = s->source, .groups = {{topic, strlen(topic)}}};
    for (size_t i = 0; i < n; i++) {
        if (routes[i].source == s->source)
            *out = routes[i];
    }
}

/* False: not yet; the same record again later. */
static bool split(struct splitter *s, const struct route *route, struct item *item)
{
    struct decoded decoded = {0};
    int64_t skipped = 0;

    if (!make_decoder(s))
        return true;
    switch (decoder_decode(s->decoder, &item->record, &decoded)) {
    case DECODE_ROWS:
        note_schema(s, decoded.schema_json);
        return route_record(s, route, item, &decoded);
    case DECODE_BAD:
        return reject(s, route, item, decoded.stage, decoded.code, decoded.text);
    case DECODE_TRY_LATER:
        if (log_repeat_due(&s->repeat, clock_monotonic_ms(), &skipped))
            LOG_EVENT(DW_LOG_WARN, "records wait to be decoded",
                      F_TEXT("topic", item->record.topic), F_TEXT("error", decoded.text),
                      F_NUMBER("not_logged", skipped));
        return false;
    case DECODE_FATAL:
        pipeline_fail(s->actor.pipeline, EXIT_CODE_RUNTIME, decoded.text);
        return true;
    }
    return true;
}

static bool is_current(struct splitter *s, const struct item *item)
{
    bool current;

    pipeline_lock(s->actor.pipeline);
    current = item->epoch >= item->partition->split_epoch;
    pipeline_unlock(s->actor.pipeline);
    return current;
}

static void note_split(struct splitter *s, const struct item *item)
{
    struct pipeline *p = s->actor.pipeline;

    pipeline_lock(p);
    if (item->epoch >= item->partition->split_epoch)
        item->partition->split_next = item->record.offset + 1;
    pipeline_unlock(p);
}

/* Tables without rows of late are told how far their partitions are, so that they know it too: who
 * reads a partition without the group's offset begins at the least of the tables'. */
static void advance_locked(struct splitter *s)
{
    for (size_t i = 0; i < s->n_branches; i++) {
        struct lane *lane = s->branches[i].lane;
        for (size_t k = 0; k < lane->n_seats; k++) {
            struct seat *seat = lane->seats[k];
            int64_t next = seat->partition->split_next;
            if (!seat->routed || !seat->resolved || seat->partition->splitter != s ||
                seat->committed < 0 || seat->committed >= next || seat->pushed >= next ||
                seat->epoch > seat->partition->split_epoch)
                continue;
            seat->pushed = next;
            pipeline_put_locked(&lane->actor, (struct input){.seat = seat, .advance = next});
        }
    }
}

static void take_request(struct splitter *s, struct request *request)
{
    struct pipeline *p = s->actor.pipeline;

    pipeline_lock(p);
    if (request->advance)
        advance_locked(s);
    if (--request->splitters == 0)
        pipeline_to_lanes_locked(p, request);
    pipeline_answer_locked(p, request, true);
    pipeline_unlock(p);
}

void splitter_run(struct splitter *s, struct input *inputs)
{
    struct pipeline *p = s->actor.pipeline;
    const char *topic = NULL;
    bool reloaded;
    struct route route;
    size_t count;

    pipeline_lock(p);
    count = pipeline_take_locked(&s->actor, inputs, CHUNK, p->chunk_bytes);
    reloaded = s->reloads != p->synced.reloads;
    s->reloads = p->synced.reloads;
    pipeline_unlock(p);
    if (reloaded) {
        decoder_free(s->decoder);
        s->decoder = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct item *item = inputs[i].item;
        if (inputs[i].request != NULL) {
            take_request(s, inputs[i].request);
            continue;
        }
        if (topic != item->record.topic)
            find_route(s, item->record.topic, &route);
        topic = item->record.topic;
        if (is_current(s, item)) {
            if (!split(s, &route, item)) {
                pipeline_lock(p);
                pipeline_put_back_locked(&s->actor, inputs + i, count - i);
                s->actor.not_before_ms = clock_monotonic_ms() + DECODER_WAIT_MS;
                pipeline_unlock(p);
                return;
            }
            note_split(s, item);
        }
        input_done(&inputs[i]);
    }
}
