/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants:
 * 1. Versions go from old to new, and commits before checkpoints: a commit that is there still has
 *    all that came after it, and a reader of any version that is left finds its checkpoint.
 * 2. The checkpoint that everything before it goes for has been opened.
 * 3. The commit at its version stays, whose in-commit timestamp readers may want.
 * 4. Sidecars go only when every checkpoint that is left was read and names them not; young ones
 *    may belong to a checkpoint that is being written. */
#include "delta/log_clean.h"

#include "base/alloc.h"
#include "base/map.h"
#include "delta/checkpoint.h"
#include "delta/features.h"
#include "delta/log_listing.h"
#include "delta/properties.h"
#include "delta/timeline.h"

/* What one run looks at. */
enum { MAX_LISTED = 20000, MAX_CHECKPOINTS_READ = 1000 };

static const int64_t day_ms = INT64_C(86400000);

typedef struct cleaner {
    const dwi_log *log;
    const dwi_state *newest;
    bool dry_run;
    dwi_arena arena;
    dwi_clean_result result;
    /* While the log is listed. */
    int64_t ict_from;
    int64_t last_ms; /* of the commit before, made monotonic */
    size_t n_listed;
} cleaner;

/* Commits come in order: after the first one that is too new nothing is of interest. Where times
 * are within commits only their number ends it. */
static bool is_enough(void *ctx, const dwi_listed *next)
{
    cleaner *c = ctx;

    if (++c->n_listed > MAX_LISTED) {
        c->result.more = true;
        return true;
    }
    if (next->kind != DWI_LISTED_COMMIT || next->file.version >= c->ict_from)
        return false;
    c->last_ms = next->file.modified_ms > c->last_ms ? next->file.modified_ms : c->last_ms + 1;
    return c->last_ms > c->result.cutoff_ms;
}

static dw_status read_settings(cleaner *c, bool *out_on, dw_error *err)
{
    dwi_kvs properties = c->newest->metadata.configuration;
    int64_t retention_ms = 30 * day_ms;
    int64_t cutoff_ms;
    dw_status status;

    *out_on = true;
    DWI_TRY(dwi_property_bool(properties, "delta.enableExpiredLogCleanup", out_on, err));
    DWI_TRY(dwi_property_interval(properties, "delta.logRetentionDuration", &retention_ms, err));
    cutoff_ms = dwi_now_ms(c->log->env) - retention_ms;
    c->result.cutoff_ms = cutoff_ms - ((cutoff_ms % day_ms) + day_ms) % day_ms;
done:
    return status;
}

/* Newest version that is not later than the cutoff, -1: none. */
static dw_status find_cutoff(cleaner *c, const dwi_listing *listing, int64_t *out, dw_error *err)
{
    dwi_log_file *commits = dwi_arena_array(&c->arena, listing->n_commits, sizeof(*commits));
    dw_error why = DW_ERROR_INIT;
    dwi_timeline timeline;
    dw_status status = DW_OK;
    size_t n = 0;

    *out = -1;
    if (commits == NULL)
        return dwi_err_nomem(err);
    for (const dwi_listed *l = listing->first; l != NULL; l = l->next)
        if (l->kind == DWI_LISTED_COMMIT)
            commits[n++] = l->file;
    if (n == 0)
        return DW_OK;
    dwi_timeline_make(c->newest, n, commits, &timeline);
    status = dwi_timeline_find(c->log, &timeline, c->result.cutoff_ms, out, &why);
    if (status == DW_E_NOT_FOUND)
        return DW_OK;
    if (status != DW_OK && err != NULL)
        *err = why;
    return status;
}

/* The newest complete checkpoint at or below the version; -1: none. */
static dw_status find_checkpoint(cleaner *c, const dwi_listing *listing, int64_t version,
                                 int64_t *out, dw_error *err)
{
    dw_status status = DW_OK;

    *out = -1;
    for (const dwi_listed *l = listing->first; l != NULL; l = l->next) {
        const dwi_log_file *files;
        if (l->kind != DWI_LISTED_CHECKPOINT || l->part != 1 || l->file.version > version)
            continue;
        DWI_TRY(dwi_listed_parts(&c->arena, l, &files, err));
        if (files != NULL)
            *out = l->file.version;
    }
done:
    return status;
}

static dw_status pass_over(void *ctx, const dwi_action *action, dw_error *err)
{
    bool *has_protocol = ctx;

    (void)err;
    *has_protocol = *has_protocol || action->kind == DWI_ACTION_PROTOCOL;
    return DW_OK;
}

/* All that comes before it will depend on it. */
static dw_status check_checkpoint(cleaner *c, int64_t version, bool *out_good, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    bool has_protocol = false;
    dwi_segment segment;
    dw_status status;

    status = dwi_log_segment(c->log, version, -1, &c->arena, &segment, &why);
    if (status == DW_OK)
        status = dwi_checkpoint_read(c->log, &segment, DWI_CHECKPOINT_STATE, pass_over,
                                     &has_protocol, &why);
    *out_good = status == DW_OK && has_protocol && segment.checkpoint_version == version;
    if (status == DW_OK || dwi_checkpoint_is_broken(status)) {
        if (status != DW_OK)
            dwi_logf(c->log->logger, DW_LOG_WARN, "%s; the log is not cleaned", why.message);
        return DW_OK;
    }
    if (err != NULL)
        *err = why;
    return status;
}

/* delta.requireCheckpointProtectionBeforeVersion: checkpoints below it may go only with all of them
 * at once, as those between them are what a reader needs that lacks a feature dropped since. */
static bool is_protected(const cleaner *c)
{
    dw_error ignored = DW_ERROR_INIT;
    int64_t before = 0;

    if (!dwi_features_has_writer(&c->newest->protocol, "checkpointProtection"))
        return false;
    return dwi_property_i64(c->newest->metadata.configuration,
                            "delta.requireCheckpointProtectionBeforeVersion", 0, &before,
                            &ignored) != DW_OK ||
           c->result.checkpoint < before;
}

static dw_status remove_file(cleaner *c, const char *folder, const dwi_log_file *file,
                             int64_t *count, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status = DW_OK;
    char *key = NULL;
    dwi_buf name;

    dwi_buf_init(&name, c->log->alloc);
    if (!c->dry_run) {
        dwi_buf_append_cstr(&name, folder);
        dwi_buf_append(&name, file->name.ptr, file->name.len);
        if (dwi_buf_cstr(&name) != NULL)
            key = dwi_log_key(c->log, (const char *)name.data);
        if (key == NULL)
            DWI_TRY(dwi_err_nomem(err));
        status = dwi_store_remove(c->log->store, key, &why);
        if (status == DW_E_NOT_FOUND)
            status = DW_OK;
        else if (status != DW_OK && err != NULL)
            *err = why;
        DWI_TRY(status);
    }
    ++*count;
    c->result.bytes += file->size;
done:
    dwi_cstr_free(c->log->alloc, key);
    dwi_buf_done(&name);
    return status;
}

static int64_t *count_of(cleaner *c, dwi_listed_kind kind)
{
    if (kind == DWI_LISTED_COMMIT)
        return &c->result.commits;
    if (kind == DWI_LISTED_CRC)
        return &c->result.checksums;
    return kind == DWI_LISTED_COMPACTION ? &c->result.compactions : &c->result.checkpoints;
}

static dw_status remove_versions(cleaner *c, const dwi_listing *listing, bool checkpoints,
                                 dw_error *err)
{
    dw_status status = DW_OK;

    for (const dwi_listed *l = listing->first; l != NULL; l = l->next) {
        bool is_checkpoint = l->kind == DWI_LISTED_CHECKPOINT || l->kind == DWI_LISTED_EMPTY;
        int64_t last = c->result.checkpoint - (l->kind == DWI_LISTED_COMPACTION ? 0 : 1);
        if (l->file.version <= last && is_checkpoint == checkpoints)
            DWI_TRY(remove_file(c, "_delta_log/", &l->file, count_of(c, l->kind), err));
    }
done:
    return status;
}

typedef struct sidecars {
    cleaner *c;
    size_t skip;
    int64_t young_ms; /* younger ones stay */
    dwi_map old;      /* name to its dwi_log_file; those that are named are removed */
} sidecars;

static dw_status list_sidecar(void *ctx, const dw_object *object, dw_error *err)
{
    sidecars *s = ctx;
    dwi_map_entry *entry;
    dwi_log_file *file;

    if (object->modified_ms > s->young_ms)
        return DW_OK;
    if (s->old.live >= MAX_LISTED) {
        s->c->result.more = true;
        return DW_OK;
    }
    entry = dwi_map_put(&s->old, dwi_sv_cstr(object->key + s->skip), NULL);
    file = dwi_arena_zero(&s->c->arena, sizeof(*file));
    if (entry == NULL || file == NULL ||
        !dwi_arena_sv(&s->c->arena, dwi_sv_cstr(object->key + s->skip), &file->name))
        return dwi_err_nomem(err);
    file->size = object->size;
    entry->value = file;
    return DW_OK;
}

static dw_status keep_named(sidecars *s, const dwi_listed *checkpoint, dw_error *err)
{
    const size_t folder = strlen("_delta_log/_sidecars/");
    dwi_segment segment = {.checkpoint_version = checkpoint->file.version,
                           .checkpoint_kind = checkpoint->checkpoint,
                           .n_checkpoint_files = 1,
                           .checkpoint_files = &checkpoint->file};
    dwi_checkpoint_sidecar *named = NULL;
    dw_status status;
    dwi_arena arena;

    dwi_arena_init(&arena, s->c->log->alloc);
    DWI_TRY(dwi_checkpoint_sidecars(s->c->log, &segment, &arena, &named, err));
    for (; named != NULL; named = named->next)
        dwi_map_remove(&s->old, dwi_sv_cstr(named->name + folder));
done:
    dwi_arena_done(&arena);
    return status;
}

typedef struct limit {
    size_t n;
    size_t max;
} limit;

static bool is_over(void *ctx, const dwi_listed *next)
{
    limit *l = ctx;

    return next->kind == DWI_LISTED_CHECKPOINT && ++l->n > l->max;
}

/* Those of every checkpoint that is left. *out_all false: not all of them could be read. */
static dw_status keep_all_named(sidecars *s, bool *out_all, dw_error *err)
{
    limit l = {.max = MAX_CHECKPOINTS_READ};
    dw_error why = DW_ERROR_INIT;
    dwi_listing listing = {0};
    dw_status status;

    *out_all = false;
    DWI_TRY(
        dwi_log_list(s->c->log, s->c->result.checkpoint, is_over, &l, &s->c->arena, &listing, err));
    if (!listing.whole)
        goto done;
    for (const dwi_listed *i = listing.first; i != NULL; i = i->next) {
        /* parts of multi-part checkpoints name none */
        if (i->kind != DWI_LISTED_CHECKPOINT || i->checkpoint == DWI_CHECKPOINT_MULTI_PART)
            continue;
        status = keep_named(s, i, &why);
        if (dwi_checkpoint_is_broken(status)) {
            dwi_logf(s->c->log->logger, DW_LOG_WARN, "%s; no sidecar is removed", why.message);
            return DW_OK;
        }
        if (status != DW_OK && err != NULL)
            *err = why;
        DWI_TRY(status);
    }
    *out_all = true;
done:
    return status;
}

static dw_status remove_sidecars(cleaner *c, dw_error *err)
{
    char *prefix = dwi_log_key(c->log, "_delta_log/_sidecars/");
    sidecars s = {.c = c, .young_ms = dwi_now_ms(c->log->env) - day_ms};
    dw_status status = DW_OK;
    bool all = false;

    dwi_map_init(&s.old, c->log->alloc, 1);
    if (prefix == NULL)
        DWI_TRY(dwi_err_nomem(err));
    s.skip = strlen(prefix);
    DWI_TRY(dwi_store_list(c->log->store, prefix, NULL, list_sidecar, &s, err));
    if (s.old.live == 0)
        goto done;
    DWI_TRY(keep_all_named(&s, &all, err));
    for (size_t i = 0; all && i < s.old.count; i++)
        if (s.old.entries[i].value != NULL)
            DWI_TRY(remove_file(c, "_delta_log/_sidecars/", s.old.entries[i].value,
                                &c->result.sidecars, err));
done:
    dwi_map_done(&s.old);
    dwi_cstr_free(c->log->alloc, prefix);
    return status;
}

/* Sets result.checkpoint, or the reason why there is nothing to do. */
static dw_status decide(cleaner *c, const dwi_listing *listing, dw_error *err)
{
    int64_t version;
    dw_status status;
    bool good = false;

    DWI_TRY(find_cutoff(c, listing, &version, err));
    DWI_TRY(find_checkpoint(c, listing, version, &c->result.checkpoint, err));
    if (version < 0)
        c->result.reason = "no version is older than the retention";
    else if (c->result.checkpoint < 0)
        c->result.reason = "no checkpoint is older than the retention";
    else if (is_protected(c))
        c->result.reason = "delta.requireCheckpointProtectionBeforeVersion forbids it";
    if (c->result.reason == NULL)
        DWI_TRY(check_checkpoint(c, c->result.checkpoint, &good, err));
    if (c->result.reason == NULL && !good)
        c->result.reason = "the checkpoint that would be the oldest cannot be read";
    if (c->result.reason != NULL)
        c->result.checkpoint = -1;
done:
    return status;
}

dw_status dwi_log_clean(const dwi_log *log, const dwi_state *newest, bool dry_run,
                        dwi_clean_result *out, dw_error *err)
{
    cleaner c = {.log = log, .newest = newest, .dry_run = dry_run, .result = {.checkpoint = -1}};
    dwi_listing listing;
    dwi_timeline none;
    dw_status status;
    bool on;

    dwi_arena_init(&c.arena, log->alloc);
    DWI_TRY(dwi_features_check_checkpoint(newest, err));
    DWI_TRY(read_settings(&c, &on, err));
    if (!on) {
        c.result.reason = "delta.enableExpiredLogCleanup is false";
        *out = c.result;
        goto done;
    }
    dwi_timeline_make(newest, 0, NULL, &none);
    c.ict_from = none.ict_from;
    c.last_ms = INT64_MIN;
    DWI_TRY(dwi_log_list(log, 0, is_enough, &c, &c.arena, &listing, err));
    DWI_TRY(decide(&c, &listing, err));
    if (c.result.reason == NULL) {
        DWI_TRY(remove_versions(&c, &listing, false, err));
        DWI_TRY(remove_versions(&c, &listing, true, err));
        DWI_TRY(remove_sidecars(&c, err));
    }
    *out = c.result;
done:
    dwi_arena_done(&c.arena);
    return status;
}
