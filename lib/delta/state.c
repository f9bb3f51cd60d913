/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/map.h"
#include "delta/action_copy.h"
#include "delta/checkpoint.h"
#include "delta/crc.h"
#include "delta/features.h"
#include "delta/properties.h"

/* Far below any time for which a log is kept, unless the table says otherwise, and long enough to
 * cost a busy writer nothing. */
enum { OLD_MS = 300000, YOUNG_MS = 1000, MAX_LISTINGS = 5 };

/* Actions being reconciled into a state: the last one of a kind and key counts. */
typedef struct builder {
    dwi_state *state; /* its arena holds everything */
    bool has_protocol;
    bool has_metadata;
    dwi_schema *schema; /* of the base while metadata is its; a reference, or NULL */
    dwi_map txns;       /* app id to dwi_txn_action */
    dwi_map domains;    /* domain to dwi_domain_metadata */
} builder;

static dw_status builder_init(builder *b, const dw_allocator *alloc, dw_error *err)
{
    memset(b, 0, sizeof(*b));
    dwi_map_init(&b->txns, alloc, 1);
    dwi_map_init(&b->domains, alloc, 2);
    b->state = dwi_alloc_zero(alloc, sizeof(*b->state));
    if (b->state == NULL)
        return dwi_err_nomem(err);
    dwi_arena_init(&b->state->arena, alloc);
    b->state->refs = 1;
    b->state->checkpoint_version = -1;
    b->state->before_checkpoint = -1;
    b->state->crc_version = -1;
    b->state->in_commit_timestamp = -1;
    return DW_OK;
}

static void builder_done(builder *b)
{
    dwi_map_done(&b->txns);
    dwi_map_done(&b->domains);
    dwi_schema_unref(b->schema);
    dwi_state_unref(b->state);
}

static bool copy_sv(dwi_arena *arena, dwi_sv *text)
{
    return text->ptr == NULL || dwi_arena_sv(arena, *text, text);
}

static bool copy_svs(dwi_arena *arena, dwi_svs *list)
{
    dwi_sv *items = dwi_arena_array(arena, list->count, sizeof(*items));
    bool ok = items != NULL;

    for (size_t i = 0; ok && i < list->count; i++) {
        items[i] = list->items[i];
        ok = copy_sv(arena, &items[i]);
    }
    list->items = items;
    return ok;
}

static bool put_protocol(builder *b, dwi_protocol protocol)
{
    dwi_arena *arena = &b->state->arena;

    b->state->protocol = protocol;
    b->has_protocol = true;
    return copy_svs(arena, &b->state->protocol.reader_features) &&
           copy_svs(arena, &b->state->protocol.writer_features);
}

static bool put_metadata(builder *b, dwi_metadata metadata)
{
    dwi_arena *arena = &b->state->arena;
    dwi_metadata *kept = &b->state->metadata;

    *kept = metadata;
    b->has_metadata = true;
    return copy_sv(arena, &kept->id) && copy_sv(arena, &kept->name) &&
           copy_sv(arena, &kept->description) && copy_sv(arena, &kept->format_provider) &&
           dwi_kvs_copy(arena, &kept->format_options) && copy_sv(arena, &kept->schema_string) &&
           copy_svs(arena, &kept->partition_columns) && dwi_kvs_copy(arena, &kept->configuration);
}

static bool put_txn(builder *b, const dwi_txn_action *txn)
{
    dwi_map_entry *entry = dwi_map_put(&b->txns, txn->app_id, NULL);
    dwi_txn_action *kept;

    if (entry == NULL)
        return false;
    if (entry->value == NULL) {
        entry->value = dwi_arena_zero(&b->state->arena, sizeof(*kept));
        if (entry->value == NULL ||
            !dwi_arena_sv(&b->state->arena, txn->app_id, &((dwi_txn_action *)entry->value)->app_id))
            return false;
    }
    kept = entry->value;
    kept->version = txn->version;
    kept->last_updated = txn->last_updated;
    return true;
}

static bool put_domain(builder *b, const dwi_domain_metadata *domain)
{
    dwi_map_entry *entry;
    dwi_domain_metadata *kept;

    if (domain->removed) {
        dwi_map_remove(&b->domains, domain->domain);
        return true;
    }
    entry = dwi_map_put(&b->domains, domain->domain, NULL);
    kept = dwi_arena_dup(&b->state->arena, domain, sizeof(*domain));
    if (entry == NULL || kept == NULL)
        return false;
    entry->value = kept;
    return copy_sv(&b->state->arena, &kept->domain) &&
           copy_sv(&b->state->arena, &kept->configuration);
}

/* What a state is made of; other actions are passed over. */
enum {
    STATE_KINDS = 1u << DWI_ACTION_PROTOCOL | 1u << DWI_ACTION_METADATA | 1u << DWI_ACTION_TXN |
                  1u << DWI_ACTION_DOMAIN_METADATA | 1u << DWI_ACTION_COMMIT_INFO
};

static dw_status put_action(void *ctx, const dwi_action *action, dw_error *err)
{
    builder *b = ctx;
    bool ok = true;

    switch (action->kind) {
    case DWI_ACTION_PROTOCOL:
        ok = put_protocol(b, action->u.protocol);
        break;
    case DWI_ACTION_METADATA:
        dwi_schema_unref(b->schema);
        b->schema = NULL;
        ok = put_metadata(b, action->u.metadata);
        break;
    case DWI_ACTION_TXN:
        ok = put_txn(b, &action->u.txn);
        break;
    case DWI_ACTION_DOMAIN_METADATA:
        ok = put_domain(b, &action->u.domain);
        break;
    case DWI_ACTION_COMMIT_INFO:
        b->state->in_commit_timestamp = action->u.commit_info.in_commit_timestamp;
        break;
    case DWI_ACTION_UNKNOWN:
    case DWI_ACTION_ADD:
    case DWI_ACTION_REMOVE:
    case DWI_ACTION_CDC:
    case DWI_ACTION_CHECKPOINT_METADATA:
    case DWI_ACTION_SIDECAR:
        break;
    }
    return ok ? DW_OK : dwi_err_nomem(err);
}

static void begin_version(builder *b, int64_t version)
{
    b->state->version = version;
    b->state->in_commit_timestamp = -1;
}

static dw_status put_commit(builder *b, const dwi_commit *commit, dw_error *err)
{
    dw_status status = DW_OK;

    begin_version(b, commit->version);
    for (size_t i = 0; i < commit->n_actions; i++)
        DWI_TRY(put_action(b, &commit->actions[i], err));
done:
    return status;
}

/* Start from a state: everything in it again, in the builder's memory. */
static dw_status put_state(builder *b, const dwi_state *base, dw_error *err)
{
    bool ok = put_protocol(b, base->protocol) && put_metadata(b, base->metadata);

    for (size_t i = 0; ok && i < base->n_txns; i++)
        ok = put_txn(b, &base->txns[i]);
    for (size_t i = 0; ok && i < base->n_domains; i++)
        ok = put_domain(b, &base->domains[i]);
    b->schema = dwi_schema_ref(base->schema);
    b->state->version = base->version;
    b->state->in_commit_timestamp = base->in_commit_timestamp;
    b->state->checkpoint_version = dwi_state_checkpoint(base);
    b->state->crc_version = base->crc_version;
    b->state->before_checkpoint = __atomic_load_n(&base->before_checkpoint, __ATOMIC_RELAXED);
    return ok ? DW_OK : dwi_err_nomem(err);
}

static int by_app_id(const void *a, const void *b)
{
    return dwi_sv_cmp(((const dwi_txn_action *)a)->app_id, ((const dwi_txn_action *)b)->app_id);
}

static int by_domain(const void *a, const void *b)
{
    return dwi_sv_cmp(((const dwi_domain_metadata *)a)->domain,
                      ((const dwi_domain_metadata *)b)->domain);
}

/* The values of a map as a sorted array. */
static dw_status flatten(dwi_arena *arena, const dwi_map *map, size_t size,
                         int (*order)(const void *, const void *), const void **out, size_t *out_n,
                         dw_error *err)
{
    char *items = dwi_arena_array(arena, map->live, size);
    size_t n = 0;

    if (items == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < map->count; i++)
        if (map->entries[i].value != NULL)
            memcpy(items + n++ * size, map->entries[i].value, size);
    qsort(items, n, size, order);
    *out = items;
    *out_n = n;
    return DW_OK;
}

/* Checks, parses the schema, and hands the state over. */
static dw_status builder_finish(builder *b, dwi_state **out, dw_error *err)
{
    dwi_state *state = b->state;
    const void *items = NULL;
    dw_status status;

    if (!b->has_protocol)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "_delta_log: version %" PRId64 " has no protocol action",
                        state->version));
    DWI_TRY(dwi_features_check_log(&state->protocol, err));
    if (!b->has_metadata)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "_delta_log: version %" PRId64 " has no metaData action",
                        state->version));
    if (state->metadata.schema_string.ptr == NULL)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                        "_delta_log: version %" PRId64 ": metaData.schemaString is missing",
                        state->version));
    if (b->schema == NULL)
        DWI_TRY(
            dwi_schema_parse(state->arena.alloc, state->metadata.schema_string, &b->schema, err));
    DWI_TRY(flatten(&state->arena, &b->txns, sizeof(dwi_txn_action), by_app_id, &items,
                    &state->n_txns, err));
    state->txns = items;
    DWI_TRY(flatten(&state->arena, &b->domains, sizeof(dwi_domain_metadata), by_domain, &items,
                    &state->n_domains, err));
    state->domains = items;
    state->schema = b->schema;
    b->schema = NULL;
    b->state = NULL;
    *out = state;
done:
    return status;
}

/* The commit at a checkpoint's version holds the in-commit timestamp that later commits must
 * exceed. Its file may be gone; then the timestamp is unknown. */
static dw_status read_in_commit_timestamp(const dwi_log *log, builder *b, dw_error *err)
{
    dw_error ignored = DW_ERROR_INIT;
    dw_status status;
    bool on = false;

    if (!b->has_metadata || dwi_property_bool(b->state->metadata.configuration,
                                              "delta.enableInCommitTimestamps", &on, &ignored))
        return DW_OK;
    if (!on)
        return DW_OK;
    status = dwi_log_visit_commit(log, b->state->version, 1u << DWI_ACTION_COMMIT_INFO, put_action,
                                  b, err);
    return status == DW_E_NOT_FOUND ? DW_OK : status;
}

static bool put_crc(builder *b, const dwi_crc *crc)
{
    bool ok = put_protocol(b, *crc->protocol) && put_metadata(b, *crc->metadata);

    for (size_t i = 0; ok && i < crc->n_txns; i++)
        ok = put_txn(b, &crc->txns[i]);
    for (size_t i = 0; ok && i < crc->n_domains; i++)
        ok = put_domain(b, &crc->domains[i]);
    b->state->in_commit_timestamp = crc->in_commit_timestamp;
    return ok;
}

/* Start from a checksum file, which saves the checkpoint; *out_used false when it does not hold
 * everything or cannot be read. */
static dw_status load_crc(const dwi_log *log, const dwi_segment *segment, builder *b,
                          bool *out_used, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status;
    dwi_arena arena;
    dwi_crc crc;

    *out_used = false;
    dwi_arena_init(&arena, log->alloc);
    status = dwi_crc_read(log, segment->crc_version, &arena, &crc, &why);
    if (status == DW_OK && dwi_crc_is_complete(&crc)) {
        begin_version(b, segment->crc_version);
        *out_used = true;
        if (!put_crc(b, &crc))
            status = dwi_err_nomem(err);
    } else if (status == DW_E_CORRUPT || status == DW_E_NOT_FOUND) {
        dwi_logf(log->logger, DW_LOG_WARN, "%s; it is passed over", why.message);
        status = DW_OK;
    } else if (status != DW_OK && err != NULL) {
        *err = why;
    }
    dwi_arena_done(&arena);
    return status;
}

static dw_status load_checkpoint(const dwi_log *log, const dwi_segment *segment, builder *b,
                                 bool *out_broken, dw_error *err)
{
    dw_status status;

    begin_version(b, segment->checkpoint_version);
    status = dwi_checkpoint_read(log, segment, DWI_CHECKPOINT_STATE, put_action, b, err);
    if (status == DW_OK && (!b->has_protocol || !b->has_metadata))
        status = dwi_err(err, DW_E_CORRUPT, "_delta_log/%s: no %s action in a checkpoint",
                         segment->checkpoint_files[0].name.ptr,
                         b->has_protocol ? "metaData" : "protocol");
    *out_broken = dwi_checkpoint_is_broken(status);
    DWI_TRY(status);
    if (segment->n_commits == 0)
        DWI_TRY(read_in_commit_timestamp(log, b, err));
done:
    return status;
}

/* The commits of a step that come after `after`. */
static dw_status load_step(const dwi_log *log, const dwi_segment *segment, const dwi_log_step *step,
                           int64_t after, builder *b, dw_error *err)
{
    const dwi_log_file *commits = &segment->commits[step->first];
    int64_t last = commits[step->n_commits - 1].version;
    dw_status status = DW_OK;
    bool used = false;

    if (last <= after)
        return DW_OK;
    if (step->compaction.name.ptr != NULL && commits[0].version > after) {
        DWI_TRY(dwi_log_visit_compaction(log, &step->compaction, STATE_KINDS, put_action, b, &used,
                                         err));
        if (used) {
            begin_version(b, last);
            if (last == segment->version) /* compactions have no commitInfo */
                DWI_TRY(read_in_commit_timestamp(log, b, err));
        }
    }
    for (size_t i = 0; !used && i < step->n_commits; i++) {
        if (commits[i].version <= after)
            continue;
        begin_version(b, commits[i].version);
        DWI_TRY(dwi_log_visit_commit(log, commits[i].version, STATE_KINDS, put_action, b, err));
    }
done:
    return status;
}

static dw_status load_through(const dwi_log *log, const dwi_segment *segment, int64_t crc_version,
                              dwi_state **out, bool *out_checkpoint_broken, bool *out_from_crc,
                              dw_error *err)
{
    dw_status status;
    builder b;

    *out_checkpoint_broken = false;
    *out_from_crc = false;
    DWI_TRY(builder_init(&b, log->alloc, err));
    b.state->checkpoint_version = segment->checkpoint_version;
    b.state->crc_version = crc_version;
    if (crc_version >= 0)
        DWI_TRY(load_crc(log, segment, &b, out_from_crc, err));
    if (!*out_from_crc && segment->checkpoint_version >= 0)
        DWI_TRY(load_checkpoint(log, segment, &b, out_checkpoint_broken, err));
    for (size_t i = 0; i < segment->n_steps; i++)
        DWI_TRY(load_step(log, segment, &segment->steps[i],
                          *out_from_crc ? crc_version : segment->checkpoint_version, &b, err));
    DWI_TRY(builder_finish(&b, out, err));
done:
    builder_done(&b);
    return status;
}

/* A checksum file never makes a table unreadable that is readable without it. */
static dw_status load_segment(const dwi_log *log, const dwi_segment *segment, dwi_state **out,
                              bool *out_checkpoint_broken, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    bool from_crc = false;
    dw_status status;

    status = load_through(log, segment, segment->crc_version, out, out_checkpoint_broken, &from_crc,
                          &why);
    if (from_crc && dwi_checkpoint_is_broken(status)) {
        dwi_logf(log->logger, DW_LOG_WARN, "%s; its checksum file is passed over", why.message);
        return load_through(log, segment, -1, out, out_checkpoint_broken, &from_crc, err);
    }
    if (status != DW_OK && err != NULL)
        *err = why;
    return status;
}

/* The state at a version, or the last one that a listing shows. */
static dw_status load_listed(const dwi_log *log, int64_t version, dwi_state **out, dw_error *err)
{
    dwi_checkpoint_trouble trouble = {.log = log};
    int64_t before = -1;
    dwi_state *state = NULL;
    dwi_segment segment;
    dwi_arena arena;
    dw_status status;
    bool broken;
    bool vanished; /* log cleanup took a commit after it was listed */
    int listings = 0;

    dwi_arena_init(&arena, log->alloc);
    do {
        broken = false;
        vanished = false;
        status = dwi_log_segment(log, version, before, &arena, &segment, &trouble.now);
        if (status == DW_OK) {
            status = load_segment(log, &segment, &state, &broken, &trouble.now);
            vanished = status == DW_E_NOT_FOUND && !broken && ++listings < MAX_LISTINGS;
        }
    } while (vanished || (broken && dwi_checkpoint_pass_over(&trouble, status,
                                                             segment.checkpoint_version, &before)));
    DWI_TRY(dwi_checkpoint_settle(&trouble, status, err));
    assert(state != NULL); /* settled: the last load_segment() succeeded */
    state->before_checkpoint = before;
    *out = state;
    state = NULL;
done:
    dwi_state_unref(state);
    dwi_arena_done(&arena);
    return status;
}

dw_status dwi_state_replay(const dwi_log *log, int64_t version, int64_t before_checkpoint,
                           dwi_state **out, dw_error *err)
{
    dwi_state *state = NULL;
    dwi_segment segment;
    dwi_arena arena;
    dw_status status;
    bool broken;
    bool from_crc;

    dwi_arena_init(&arena, log->alloc);
    DWI_TRY(dwi_log_segment(log, version, before_checkpoint, &arena, &segment, err));
    DWI_TRY(load_through(log, &segment, -1, &state, &broken, &from_crc, err));
    state->before_checkpoint = before_checkpoint;
    *out = state;
done:
    dwi_arena_done(&arena);
    return status;
}

/* The next commit into the builder; DW_E_NOT_FOUND when there is none. */
static dw_status advance_one(const dwi_log *log, builder *b, dwi_commit_observer observer,
                             dw_error *err)
{
    int64_t version = b->state->version + 1;
    dwi_commit commit;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, log->alloc);
    if (observer.each == NULL) {
        int64_t timestamp = b->state->in_commit_timestamp;
        b->state->in_commit_timestamp = -1;
        status = dwi_log_visit_commit(log, version, STATE_KINDS, put_action, b, err);
        if (status == DW_E_NOT_FOUND)
            b->state->in_commit_timestamp = timestamp;
        DWI_TRY(status);
        b->state->version = version;
    } else {
        DWI_TRY(dwi_log_read_commit(log, version, &arena, &commit, err));
        DWI_TRY(observer.each(observer.ctx, &commit, err));
        DWI_TRY(put_commit(b, &commit, err));
    }
done:
    dwi_arena_done(&arena);
    return status;
}

/* The commit of a version is there. */
static dw_status is_there(const dwi_log *log, int64_t version, bool *out, dw_error *err)
{
    dw_object object;
    dw_status status = dwi_log_head_commit(log, version, &object, err);

    if (status != DW_OK && status != DW_E_NOT_FOUND)
        return status;
    *out = status == DW_OK;
    return DW_OK;
}

dw_status dwi_state_passed(const dwi_log *log, int64_t version, bool *out, dw_error *err)
{
    dwi_segment segment;
    dwi_arena arena;
    dw_status status;
    bool there = true;

    dwi_arena_init(&arena, log->alloc);
    DWI_TRY(dwi_log_segment(log, -1, -1, &arena, &segment, err));
    if (segment.version < version) /* a listing may lag behind; or it is another table's */
        DWI_TRY(is_there(log, version, &there, err));
    *out = segment.checkpoint_version > version || !there;
done:
    dwi_arena_done(&arena);
    return status;
}

/* By a listing. A log that ends before the state is another table's: what would be written after
 * the state's version nobody would read. */
static dw_status load_anew(const dwi_log *log, dwi_state *state, dwi_state **out, dw_error *err)
{
    dwi_state *loaded = NULL;
    dw_status status;

    DWI_TRY(dwi_state_load(log, -1, &loaded, err));
    if (loaded->version < state->version) {
        status = dwi_err(err, DW_E_CONFLICT,
                         "the log ends at version %lld and was at %lld: the table was made anew",
                         (long long)loaded->version, (long long)state->version);
        goto done;
    }
    /* Of the same version ours may know application ids that a checkpoint has dropped. */
    *out = dwi_state_ref(loaded->version == state->version &&
                                 dwi_sv_eq(loaded->metadata.id, state->metadata.id)
                             ? state
                             : loaded);
done:
    dwi_state_unref(loaded);
    return status;
}

/* The commits after `base`, until there is none. */
static dw_status read_on(const dwi_log *log, dwi_state *base, dwi_commit_observer observer,
                         dwi_state **out, dw_error *err)
{
    dw_status status;
    builder b;

    DWI_TRY(builder_init(&b, log->alloc, err));
    DWI_TRY(put_state(&b, base, err));
    do
        status = advance_one(log, &b, observer, err);
    while (status == DW_OK);
    if (status != DW_E_NOT_FOUND)
        goto done;
    status = DW_OK;
    if (b.state->version > base->version)
        DWI_TRY(builder_finish(&b, out, err));
    else
        *out = dwi_state_ref(base);
done:
    builder_done(&b);
    return status;
}

/* The newest state after `base`; NULL: log cleanup has passed it. When the state is old, that there
 * is no next commit says nothing, and neither that the last one is there: somebody else who slept
 * may have put it where it had been. A checkpoint after it tells. What follows the state is what
 * followed it as long as its own commit is there: cleanup goes from old to new. */
static dw_status follow(const dwi_log *log, dwi_state *base, dwi_commit_observer observer,
                        dwi_state **out, dw_error *err)
{
    int64_t asked_ms = dwi_now_ms(log->env);
    bool old = dwi_state_is_old(base, log->env);
    dwi_state *made = NULL;
    bool passed = false;
    bool there = true;
    dw_status status = DW_OK;

    *out = NULL;
    if (old)
        DWI_TRY(is_there(log, base->version, &there, err));
    if (!there)
        goto done;
    DWI_TRY(read_on(log, base, observer, &made, err));
    if (old || dwi_state_is_old(base, log->env)) /* the process may have slept meanwhile */
        DWI_TRY(dwi_state_passed(log, made->version, &passed, err));
    if (passed)
        goto done;
    dwi_state_note_newest(made, asked_ms);
    *out = made;
    made = NULL;
done:
    dwi_state_unref(made);
    return status;
}

dw_status dwi_state_advance(const dwi_log *log, dwi_state *base, dwi_commit_observer observer,
                            dwi_state **out, dw_error *err)
{
    dwi_state *made;
    dw_status status;

    DWI_TRY(follow(log, base, observer, &made, err));
    if (made == NULL)
        DWI_TRY(load_anew(log, base, &made, err));
    *out = made;
done:
    return status;
}

/* Who falls asleep while loading may wake up when log cleanup has passed what was listed: then it
 * is listed again. A listing may end too early, too: the log ends only where there is no next
 * commit. */
static dw_status load_newest(const dwi_log *log, dwi_state **out, dw_error *err)
{
    const dwi_commit_observer nobody = {NULL, NULL};
    dwi_state *state = NULL;
    dwi_state *latest = NULL;
    dw_status status = DW_OK;

    for (int n = 0; latest == NULL && n < MAX_LISTINGS; n++) {
        int64_t asked_ms = dwi_now_ms(log->env);
        dwi_state_unref(state);
        state = NULL;
        DWI_TRY(load_listed(log, -1, &state, err));
        dwi_state_note_newest(state, asked_ms);
        DWI_TRY(follow(log, state, nobody, &latest, err));
    }
    *out = latest != NULL ? latest : dwi_state_ref(state);
done:
    dwi_state_unref(state);
    return status;
}

dw_status dwi_state_load(const dwi_log *log, int64_t version, dwi_state **out, dw_error *err)
{
    return version < 0 ? load_newest(log, out, err) : load_listed(log, version, out, err);
}

dw_status dwi_state_apply(const dw_allocator *alloc, const dwi_state *base,
                          const dwi_commit *commit, dwi_state **out, dw_error *err)
{
    dw_status status;
    builder b;

    DWI_TRY(builder_init(&b, alloc, err));
    DWI_TRY(put_state(&b, base, err));
    DWI_TRY(put_commit(&b, commit, err));
    DWI_TRY(builder_finish(&b, out, err));
done:
    builder_done(&b);
    return status;
}

dwi_state *dwi_state_ref(dwi_state *state)
{
    __atomic_add_fetch(&state->refs, 1, __ATOMIC_RELAXED);
    return state;
}

void dwi_state_unref(dwi_state *state)
{
    const dw_allocator *alloc;

    if (state == NULL || __atomic_sub_fetch(&state->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    alloc = state->arena.alloc;
    dwi_schema_unref(state->schema);
    dwi_arena_done(&state->arena);
    dwi_free(alloc, state, sizeof(*state));
}

const dwi_txn_action *dwi_state_txn(const dwi_state *state, dwi_sv app_id)
{
    const dwi_txn_action wanted = {.app_id = app_id};

    return state->n_txns == 0
               ? NULL
               : bsearch(&wanted, state->txns, state->n_txns, sizeof(wanted), by_app_id);
}

const dwi_domain_metadata *dwi_state_domain(const dwi_state *state, const char *domain)
{
    const dwi_domain_metadata wanted = {.domain = dwi_sv_cstr(domain)};

    return state->n_domains == 0
               ? NULL
               : bsearch(&wanted, state->domains, state->n_domains, sizeof(wanted), by_domain);
}

dwi_sv dwi_state_property(const dwi_state *state, const char *key)
{
    return dwi_property(state->metadata.configuration, key);
}

void dwi_state_note_newest(dwi_state *state, int64_t asked_ms)
{
    __atomic_store_n(&state->seen_ms, asked_ms, __ATOMIC_RELAXED);
}

bool dwi_state_is_old(const dwi_state *state, const dwi_env *env)
{
    int64_t age_ms = dwi_now_ms(env) - __atomic_load_n(&state->seen_ms, __ATOMIC_RELAXED);
    int64_t kept_ms = INT64_C(2) * OLD_MS;
    int64_t old_ms;

    (void)dwi_property_interval(state->metadata.configuration, "delta.logRetentionDuration",
                                &kept_ms, NULL);
    old_ms = kept_ms / 2 < OLD_MS ? kept_ms / 2 : OLD_MS;
    if (old_ms < YOUNG_MS)
        old_ms = YOUNG_MS;
    return age_ms < 0 || age_ms > old_ms; /* a clock that was put back tells nothing */
}

int64_t dwi_state_checkpoint(const dwi_state *state)
{
    return __atomic_load_n(&state->checkpoint_version, __ATOMIC_RELAXED);
}

void dwi_state_note_checkpoint(dwi_state *state, int64_t version)
{
    int64_t known = dwi_state_checkpoint(state);

    /* a newer one than those that are broken: nobody will look for them again */
    if (version >= __atomic_load_n(&state->before_checkpoint, __ATOMIC_RELAXED))
        __atomic_store_n(&state->before_checkpoint, -1, __ATOMIC_RELAXED);
    while (known < version &&
           !__atomic_compare_exchange_n(&state->checkpoint_version, &known, version, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}
