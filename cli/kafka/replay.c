/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/replay.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <deltawrite/modify.h>

#include "common/logline.h"
#include "common/memory.h"
#include "common/settings.h"
#include "kafka/letter_read.h"
#include "kafka/router.h"

enum { ROUND_RECORDS = 2000, ROUTES_MAX = 32, ROUND_BYTES = 32 * 1024 * 1024 };

static const char marker_code[] = "REPLAY";

struct replay {
    const struct config *config;
    struct router *router;
    struct registry **registries;
    struct decoder **decoders;
    const char *letters_uri;
    dw_table *letters;
    uint64_t *failed; /* hashes of records that failed in this run, which are passed over */
    size_t n_failed, failed_cap;
    int64_t replayed;

    /* The round. */
    char *target_uri; /* NULL: no record was taken yet */
    dw_table *target;
    dw_txn *txn;
    int64_t position;     /* the target's txn version of the replay; -1: none */
    struct textbuf keys;  /* a condition for the records taken */
    struct textbuf group; /* topic and partition of the last of them */
    size_t n_taken, bytes_taken;
    bool retry_later;
    dw_status status; /* of what went wrong while rows were read */
    dw_error err;
};

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static uint64_t key_of(const struct letter *letter)
{
    char number[64];

    (void)snprintf(number, sizeof(number), "/%" PRId32 "/%" PRId64 "/", letter->record.partition,
                   letter->record.offset);
    return hash_text(hash_text(hash_text(14695981039346656037u, letter->record.topic), number),
                     letter->table == NULL ? "" : letter->table);
}

static void note_failed(struct replay *r, const struct letter *letter)
{
    if (r->n_failed == r->failed_cap) {
        r->failed_cap = r->failed_cap == 0 ? 64 : r->failed_cap * 2;
        r->failed = need_realloc(r->failed, r->failed_cap, sizeof(*r->failed));
    }
    r->failed[r->n_failed++] = key_of(letter);
}

static bool has_failed(const struct replay *r, const struct letter *letter)
{
    uint64_t key = key_of(letter);

    for (size_t i = 0; i < r->n_failed; i++) {
        if (r->failed[i] == key)
            return true;
    }
    return false;
}

static void stays(struct replay *r, const struct letter *letter, const char *reason)
{
    note_failed(r, letter);
    LOG_EVENT(DW_LOG_INFO, "record stays a dead letter", F_TEXT("topic", letter->record.topic),
              F_NUMBER("partition", letter->record.partition),
              F_NUMBER("offset", letter->record.offset), F_TEXT("error", reason));
}

/* ---- conditions ---- */

static void put_literal(struct textbuf *out, const char *text)
{
    textbuf_puts(out, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            textbuf_puts(out, *text == '\'' ? "'" : "\\");
        textbuf_add(out, text, 1);
    }
    textbuf_puts(out, "'");
}

/* Records of one partition come in runs: (`topic` = 't' AND `partition` = 0 AND `offset` IN (1,2))
 */
static void put_key(struct replay *r, const struct letter *letter)
{
    struct textbuf group = {0};
    bool same;

    textbuf_puts(&group, "(`topic` = ");
    put_literal(&group, letter->record.topic);
    textbuf_printf(&group, " AND `partition` = %" PRId32, letter->record.partition);
    if (letter->table != NULL) {
        textbuf_puts(&group, " AND `table` = ");
        put_literal(&group, letter->table);
    }
    same = r->group.text != NULL && strcmp(group.text, r->group.text) == 0;
    if (!same)
        textbuf_printf(&r->keys, "%s%s AND `offset` IN (", r->keys.len == 0 ? "" : ")) OR ",
                       group.text);
    textbuf_printf(&r->keys, "%s%" PRId64, same ? "," : "", letter->record.offset);
    textbuf_done(&r->group);
    r->group = group;
}

static void put_marker_condition(const char *target_uri, int64_t round, struct textbuf *out)
{
    textbuf_printf(
        out, "(`error_code` = '%s' AND `offset` = %" PRId64 " AND `error` = ", marker_code, round);
    put_literal(out, target_uri);
    textbuf_puts(out, ")");
}

static dw_status delete_letters(struct replay *r, const char *where, dw_error *err)
{
    dw_delete_options options = DW_DELETE_OPTIONS_INIT;

    options.where = where;
    options.attempts = 20; /* the service may be appending */
    return dw_delete(r->letters, &options, NULL, err);
}

/* ---- the target ---- */

static void app_id_of(const struct replay *r, struct textbuf *out)
{
    textbuf_printf(out, "%s-replay-%016" PRIx64, r->config->group_id,
                   hash_text(14695981039346656037u, r->letters_uri));
}

static dw_status read_position(const struct replay *r, dw_table *table, int64_t *out, dw_error *err)
{
    struct textbuf app_id = {0};
    dw_status status;

    app_id_of(r, &app_id);
    *out = -1;
    status = dw_table_app_version(table, app_id.text, out, err);
    textbuf_done(&app_id);
    return status == DW_E_NOT_FOUND ? DW_OK : status;
}

static dw_status open_target(const struct replay *r, const char *uri, dw_table **out, dw_error *err)
{
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    options.engine_info = r->config->engine_info;
    return dw_table_open_uri(uri, &r->config->store_options, &options, out, err);
}

static void end_round(struct replay *r)
{
    dw_txn_close(r->txn);
    dw_table_close(r->target);
    free(r->target_uri);
    textbuf_done(&r->keys);
    textbuf_done(&r->group);
    r->txn = NULL;
    r->target = NULL;
    r->target_uri = NULL;
    r->n_taken = r->bytes_taken = 0;
}

static dw_status begin_round(struct replay *r, const char *uri, const struct table_config *config,
                             dw_error *err)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_status status = open_target(r, uri, &r->target, err);

    options.flags = DW_TXN_NEW_APP_IDS;
    if (config->evolution != EVOLVE_NONE)
        options.flags |= DW_TXN_ADD_COLUMNS;
    options.operation = "STREAMING UPDATE";
    if (status == DW_OK)
        status = read_position(r, r->target, &r->position, err);
    if (status == DW_OK)
        status = dw_begin(r->target, &options, &r->txn, err);
    if (status == DW_OK)
        r->target_uri = need_strdup(uri);
    else
        end_round(r);
    return status;
}

/* Has the table passed over the record? While it has not, the service may still write it. */
static bool is_passed(const struct replay *r, const struct letter *letter, bool by_record)
{
    struct textbuf app_id = {0};
    dw_error err = DW_ERROR_INIT;
    int64_t next = -1;
    dw_status status;

    textbuf_printf(&app_id, "%s-%s-%" PRId32, r->config->group_id, letter->record.topic,
                   letter->record.partition);
    status = dw_table_app_version(r->target, app_id.text, &next, &err);
    textbuf_done(&app_id);
    return status == DW_OK ? next > letter->record.offset : by_record;
}

/* ---- records ---- */

static struct decoder *decoder_of(struct replay *r, size_t source)
{
    struct textbuf problem = {0};

    if (r->decoders[source] == NULL)
        r->decoders[source] =
            decoder_new(&r->config->sources[source].records, r->registries[source], &problem);
    textbuf_done(&problem);
    return r->decoders[source];
}

/* All rows of the record, which go to one table; a record whose rows go to several is the service's
 * alone to split. */
static bool find_table(struct replay *r, const struct route *route, const struct letter *letter,
                       const struct decoded *decoded, struct textbuf *out, struct textbuf *problem)
{
    const struct source_config *source = &r->config->sources[route->source];
    const char *text = r->config->tables[source->table].uri;

    for (size_t i = 0; i < decoded->count; i++) {
        struct textbuf uri = {0};
        bool same;
        if (!router_expand(text, route, &letter->record, &decoded->rows[i], &uri, problem)) {
            textbuf_done(&uri);
            return false;
        }
        same = out->text == NULL || strcmp(out->text, uri.text) == 0;
        if (out->text == NULL)
            textbuf_puts(out, uri.text);
        textbuf_done(&uri);
        if (!same) {
            textbuf_puts(problem, "its rows belong to several tables");
            return false;
        }
    }
    return true;
}

/* The rows into the round's transaction. False: it is not for this round. */
static bool take_rows(struct replay *r, const struct route *route, const struct letter *letter,
                      const struct decoded *decoded, const char *uri)
{
    const struct source_config *source = &r->config->sources[route->source];
    dw_error err = DW_ERROR_INIT;
    dw_status status = DW_OK;

    if (r->target_uri == NULL)
        status = begin_round(r, uri, &r->config->tables[source->table], &err);
    else if (strcmp(r->target_uri, uri) != 0)
        return false; /* in a round of its own */
    if (status == DW_OK && !is_passed(r, letter, route->by_record)) {
        stays(r, letter, "the table has not passed over it yet; the service must go on first");
        return false;
    }
    if (status == DW_OK && decoded->schema_json != NULL)
        status = dw_txn_add_columns(r->txn, decoded->schema_json, &err);
    if (status == DW_OK)
        status = dw_append_json(r->txn, decoded->rows, decoded->count, NULL, NULL, &err);
    if (status == DW_OK) {
        put_key(r, letter);
        r->n_taken++;
        r->bytes_taken += letter->record.value.len;
        return true;
    }
    if (status != DW_E_RECORD && status != DW_E_SCHEMA && status != DW_E_NOT_FOUND) {
        r->status = status;
        r->err = err;
    }
    stays(r, letter, err.message);
    return false;
}

static void try_route(struct replay *r, const struct route *route, const struct letter *letter)
{
    struct decoder *decoder = decoder_of(r, route->source);
    struct decoded decoded = {0};
    struct textbuf uri = {0};
    struct textbuf problem = {0};
    enum decode_result result =
        decoder == NULL ? DECODE_FATAL : decoder_decode(decoder, &letter->record, &decoded);

    if (result != DECODE_ROWS)
        stays(r, letter, decoded.text == NULL ? "no decoder" : decoded.text);
    else if (!find_table(r, route, letter, &decoded, &uri, &problem))
        stays(r, letter, problem.text);
    else if (uri.text == NULL)
        stays(r, letter, "it gives no row");
    else if (letter->table == NULL || strcmp(letter->table, uri.text) == 0)
        (void)take_rows(r, route, letter, &decoded, uri.text);
    textbuf_done(&problem);
    textbuf_done(&uri);
}

static bool is_marker(const struct letter *letter)
{
    return letter->record.topic == NULL && letter->error_code != NULL && letter->error != NULL &&
           strcmp(letter->error_code, marker_code) == 0;
}

static bool take_letter(void *ctx, const struct letter *letter)
{
    struct replay *r = ctx;
    struct route routes[ROUTES_MAX];
    size_t before = r->n_taken;
    size_t n;

    if (letter->record.topic == NULL || letter->record.offset < 0 || has_failed(r, letter))
        return true;
    n = router_match(r->router, letter->record.topic, routes, ROUTES_MAX);
    if (n == 0)
        stays(r, letter, "no source takes its topic");
    for (size_t i = 0; i < n && r->n_taken == before; i++)
        try_route(r, &routes[i], letter);
    return r->status == DW_OK && r->n_taken < ROUND_RECORDS && r->bytes_taken < ROUND_BYTES;
}

/* ---- rounds ---- */

/* A row of the dead-letter table: offset is the round, error the table, value the keys. */
static dw_status append_marker(struct replay *r, int64_t round, dw_error *err)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    struct textbuf row = {0};
    dw_txn *txn = NULL;
    dw_bytes record;
    dw_status status;

    textbuf_printf(&row, "{\"offset\":%" PRId64 ",\"error_code\":\"%s\",\"error\":", round,
                   marker_code);
    textbuf_json_string(&row, r->target_uri, strlen(r->target_uri));
    textbuf_puts(&row, ",\"value\":\"");
    textbuf_base64(&row, r->keys.text, r->keys.len);
    textbuf_puts(&row, "\"}");
    record = (dw_bytes){row.text, row.len};
    options.operation = "WRITE";
    status = dw_begin(r->letters, &options, &txn, err);
    if (status == DW_OK)
        status = dw_append_json(txn, &record, 1, NULL, NULL, err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, err);
    dw_txn_close(txn);
    textbuf_done(&row);
    return status;
}

static dw_status commit_rows(struct replay *r, int64_t round, dw_error *err)
{
    struct textbuf app_id = {0};
    int64_t version = -1;
    dw_status status;

    app_id_of(r, &app_id);
    status = dw_txn_set_app_version(r->txn, app_id.text, r->position, round, err);
    for (int attempt = 0; status == DW_OK; attempt++) {
        status = dw_commit(r->txn, &version, err);
        if (status != DW_E_UNKNOWN || attempt == 10)
            break;
        status = DW_OK; /* the same call again finds out */
    }
    textbuf_done(&app_id);
    if (status == DW_OK)
        LOG_EVENT(DW_LOG_INFO, "replayed", F_TEXT("table", r->target_uri),
                  F_NUMBER("version", version), F_NUMBER("records", (int64_t)r->n_taken));
    return status;
}

static dw_status finish_round(struct replay *r, dw_error *err)
{
    struct textbuf where = {0};
    int64_t round = r->position + 1;
    dw_status status;

    textbuf_puts(&r->keys, "))");
    status = append_marker(r, round, err);
    if (status == DW_OK)
        status = commit_rows(r, round, err);
    if (status == DW_OK) {
        r->replayed += (int64_t)r->n_taken;
        textbuf_printf(&where, "%s OR ", r->keys.text);
        put_marker_condition(r->target_uri, round, &where);
        status = delete_letters(r, where.text, err);
    }
    textbuf_done(&where);
    return status;
}

/* ---- markers of a run that broke off ---- */

struct markers {
    struct replay *replay;
    struct textbuf where; /* of what is to be deleted; empty: nothing */
    dw_status status;
    dw_error *err;
};

static bool take_marker(void *ctx, const struct letter *letter)
{
    struct markers *m = ctx;
    dw_table *target = NULL;
    int64_t position = -1;

    if (!is_marker(letter))
        return true;
    m->status = open_target(m->replay, letter->error, &target, m->err);
    if (m->status == DW_OK)
        m->status = read_position(m->replay, target, &position, m->err);
    dw_table_close(target);
    if (m->status != DW_OK)
        return false;
    textbuf_puts(&m->where, m->where.len == 0 ? "" : " OR ");
    put_marker_condition(letter->error, letter->record.offset, &m->where);
    if (letter->record.offset <= position) { /* the table has them */
        textbuf_puts(&m->where, " OR ");
        textbuf_add(&m->where, letter->record.value.data, letter->record.value.len);
    }
    return true;
}

static dw_status settle_markers(struct replay *r, dw_error *err)
{
    struct markers m = {.replay = r, .err = err};
    dw_status status = letter_read(r->letters, "`error_code` = 'REPLAY'", take_marker, &m, err);

    if (status == DW_OK)
        status = m.status;
    if (status == DW_OK && m.where.len != 0)
        status = delete_letters(r, m.where.text, err);
    textbuf_done(&m.where);
    return status;
}

/* ---- tables ---- */

static dw_status replay_letters(struct replay *r, dw_error *err)
{
    dw_status status = settle_markers(r, err);
    bool more = true;

    while (status == DW_OK && more) {
        status = letter_read(r->letters, NULL, take_letter, r, err);
        if (status == DW_OK && r->status != DW_OK) {
            status = r->status;
            *err = r->err;
        }
        more = r->n_taken != 0;
        if (status == DW_OK && more)
            status = finish_round(r, err);
        end_round(r);
    }
    return status;
}

/* -1, or an exit code after its line. */
static int replay_table(struct replay *r, const char *uri)
{
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    r->letters_uri = uri;
    options.engine_info = r->config->engine_info;
    status = dw_table_open_uri(uri, &r->config->store_options, &options, &r->letters, &err);
    if (status == DW_OK)
        status = replay_letters(r, &err);
    dw_table_close(r->letters);
    r->letters = NULL;
    if (status == DW_E_NOT_FOUND) {
        LOG_EVENT(DW_LOG_INFO, "no dead letters", F_TEXT("table", uri));
        return -1;
    }
    return status == DW_OK ? -1 : settings_fail(SERVICE_NAME, EXIT_CODE_RUNTIME, uri, err.message);
}

/* The dead-letter tables of the topics that the configuration names, each once. */
static char **known_letters(const struct replay *r, size_t *out_count)
{
    char **uris = NULL;

    *out_count = 0;
    for (size_t i = 0; i < r->config->n_sources; i++) {
        const struct source_config *source = &r->config->sources[i];
        for (size_t k = 0; k < source->topics.count; k++) {
            const char *topic = source->topics.items[k];
            struct route route = {.source = i, .groups = {{topic, strlen(topic)}}};
            struct textbuf uri = {0};
            struct textbuf problem = {0};
            bool known = !router_letters(&r->config->tables[source->table], &route, NULL, NULL,
                                         &uri, &problem);
            for (size_t n = 0; n < *out_count && !known; n++)
                known = strcmp(uris[n], uri.text) == 0;
            if (!known) {
                uris = need_realloc(uris, *out_count + 1, sizeof(char *));
                uris[(*out_count)++] = need_strdup(uri.text);
            }
            textbuf_done(&problem);
            textbuf_done(&uri);
        }
    }
    return uris;
}

static int replay_all(struct replay *r, char **uris, size_t n_uris)
{
    int code = -1;

    for (size_t i = 0; i < n_uris && code < 0; i++)
        code = replay_table(r, uris[i]);
    LOG_EVENT(DW_LOG_INFO, "replay ended", F_NUMBER("replayed", r->replayed),
              F_NUMBER("left", (int64_t)r->n_failed));
    if (code < 0)
        code = r->n_failed == 0 ? EXIT_CODE_DONE : EXIT_CODE_REJECTED;
    return code;
}

int replay_run(const struct config *config, char **uris, size_t n_uris)
{
    struct replay r = {.config = config};
    struct textbuf problem = {0};
    char **known = NULL;
    size_t n_known = 0;
    int code;

    r.router = router_new(config, &problem);
    if (r.router == NULL) {
        code = settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, "sources", problem.text);
        textbuf_done(&problem);
        return code;
    }
    r.registries = need_alloc(config->n_sources, sizeof(struct registry *));
    r.decoders = need_alloc(config->n_sources, sizeof(struct decoder *));
    for (size_t i = 0; i < config->n_sources; i++)
        r.registries[i] = registry_new(&config->sources[i].records.registry);
    if (n_uris == 0)
        known = known_letters(&r, &n_known);
    code = n_uris != 0 ? replay_all(&r, uris, n_uris) : replay_all(&r, known, n_known);
    for (size_t i = 0; i < n_known; i++)
        free(known[i]);
    for (size_t i = 0; i < config->n_sources; i++) {
        decoder_free(r.decoders[i]);
        registry_unref(r.registries[i]);
    }
    router_free(r.router);
    free(known);
    free(r.registries);
    free(r.decoders);
    free(r.failed);
    return code;
}
