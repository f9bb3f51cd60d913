/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for commits: each checkpoint can be read, the newest is what a replay without it
 * gives, the newest checksum file has the right counts, compacted commits have what their commits
 * have, and _last_checkpoint points at a checkpoint. */
#include "delta/verify_impl.h"

#include <inttypes.h>

#include "base/map.h"
#include "delta/checkpoint.h"
#include "delta/crc.h"
#include "delta/files.h"
#include "delta/table_equal.h"

static const char remove_it[] = "remove the file: readers do without it";

static dwi_place place_of(const dwi_log_file *file, const char *code)
{
    return (dwi_place){DWI_FINDING_ERROR, code, file->name, file->version, remove_it, true};
}

/* ---- contents that can be compared, whatever their order ---- */

typedef struct digest {
    const dwi_log *log;
    uint64_t seed;
    dwi_buf key;
    int64_t files;
    int64_t bytes;
    int64_t vectors;
    uint64_t sum;
} digest;

static uint64_t hash_value(const digest *d, dwi_kv value)
{
    uint64_t hash = dwi_hash(value.key.ptr, value.key.len, d->seed);

    return value.value.ptr == NULL ? hash : dwi_hash(value.value.ptr, value.value.len, hash);
}

/* Path, deletion vector, size, partition values and row ids; statistics and tags may differ. */
static dw_status digest_add(void *ctx, const dwi_add *add, dw_error *err)
{
    digest *d = ctx;
    int64_t numbers[4] = {add->size, add->base_row_id, add->default_row_commit_version,
                          add->dv.cardinality};
    uint64_t hash;
    dw_status status;

    dwi_buf_clear(&d->key);
    DWI_TRY(dwi_file_key(add->path, &add->dv, &d->key, err));
    hash = dwi_hash(d->key.data, d->key.len, d->seed);
    for (size_t i = 0; i < add->partition_values.count; i++)
        hash += hash_value(d, add->partition_values.items[i]);
    d->sum += dwi_hash(numbers, sizeof(numbers), hash);
    d->files++;
    d->bytes += add->size;
    d->vectors += add->dv.storage_type.ptr != NULL;
done:
    return status;
}

static dw_status digest_state(digest *d, const dwi_log *log, const dwi_state *state, dw_error *err)
{
    dw_status status;

    *d = (digest){.log = log, .seed = UINT64_C(0x9E3779B97F4A7C15)};
    dwi_buf_init(&d->key, log->alloc);
    status = dwi_files_visit(log, state, (dwi_file_visitor){d, digest_add, NULL}, err);
    dwi_buf_done(&d->key);
    return status;
}

/* ---- checkpoints ---- */

static dw_status pass_over(void *ctx, const dwi_action *action, dw_error *err)
{
    int64_t *n = ctx;

    (void)action;
    (void)err;
    ++*n;
    return DW_OK;
}

static dw_status read_one(dwi_verify_run *run, const dwi_listed *first, const dwi_log_file *files,
                          dw_error *err)
{
    const unsigned all = DWI_CHECKPOINT_STATE | DWI_CHECKPOINT_ADDS | DWI_CHECKPOINT_REMOVES;
    const dwi_segment segment = {.checkpoint_version = first->file.version,
                                 .checkpoint_kind = first->checkpoint,
                                 .n_checkpoint_files = (size_t)first->parts,
                                 .checkpoint_files = files};
    dw_error why = DW_ERROR_INIT;
    int64_t n = 0;
    dw_status status;

    run->result->checkpoints++;
    status = dwi_checkpoint_read(run->log, &segment, all, pass_over, &n, &why);
    return dwi_verify_settle(run, place_of(&first->file, "checkpoint-unreadable"), status, &why,
                             err);
}

static dw_status read_all(dwi_verify_run *run, int64_t *out_newest, const dwi_log_file **out_file,
                          dw_error *err)
{
    dwi_place place;
    dw_status status = DW_OK;

    *out_newest = -1;
    for (const dwi_listed *l = run->listing.first; l != NULL; l = l->next) {
        const dwi_log_file *files = NULL;
        place = place_of(&l->file, "checkpoint-incomplete");
        place.severity = DWI_FINDING_WARNING;
        if (l->kind == DWI_LISTED_EMPTY)
            DWI_TRY(dwi_verify_tell(run, place, err, "it is empty, and no reader uses it"));
        if (l->kind != DWI_LISTED_CHECKPOINT || l->part != 1)
            continue;
        DWI_TRY(dwi_listed_parts(&run->arena, l, &files, err));
        if (files == NULL) {
            DWI_TRY(dwi_verify_tell(run, place, err,
                                    "some of its %" PRId64 " parts are missing, and no reader uses "
                                    "it",
                                    l->parts));
            continue;
        }
        DWI_TRY(read_one(run, l, files, err));
        *out_newest = l->file.version;
        *out_file = &l->file;
    }
done:
    return status;
}

/* Entries that the table may drop with time may be lacking; those that are there must be right. */
static dw_status compare_txns(dwi_verify_run *run, dwi_place place, const dwi_state *with,
                              const dwi_state *without, dw_error *err)
{
    bool expires = dwi_state_property(without, "delta.setTransactionRetentionDuration").ptr != NULL;
    dw_status status = DW_OK;

    for (size_t i = 0; i < with->n_txns; i++) {
        const dwi_txn_action *other = dwi_state_txn(without, with->txns[i].app_id);
        if (other == NULL || other->version != with->txns[i].version)
            DWI_TRY(dwi_verify_tell(run, place, err,
                                    "application id %.*s is at %" PRId64 " in it, and at %" PRId64
                                    " by the log",
                                    DWI_SV_ARG(with->txns[i].app_id), with->txns[i].version,
                                    other == NULL ? -1 : other->version));
    }
    if (with->n_txns < without->n_txns && !expires)
        DWI_TRY(dwi_verify_tell(run, place, err, "%zu application ids, and %zu by the log",
                                with->n_txns, without->n_txns));
done:
    return status;
}

static dw_status compare_with(dwi_verify_run *run, dwi_place place, const dwi_state *with,
                              const dwi_state *without, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    digest a;
    digest b;
    dw_status status;

    status = digest_state(&b, run->log, without, &why);
    if (status == DW_E_NOMEM)
        return dwi_err_nomem(err);
    if (status != DW_OK)
        return DW_OK; /* the commits before are not to be had whole: told as such */
    status = digest_state(&a, run->log, with, &why);
    if (status != DW_OK) /* told where it was read */
        return status == DW_E_NOMEM ? dwi_err_nomem(err) : DW_OK;
    run->result->compared_checkpoint = true;
    if (!dwi_table_equal(with, without))
        DWI_TRY(dwi_verify_tell(run, place, err,
                                "its protocol, metaData or domainMetadata are not those of the "
                                "log"));
    DWI_TRY(compare_txns(run, place, with, without, err));
    if (a.files != b.files || a.bytes != b.bytes)
        DWI_TRY(dwi_verify_tell(run, place, err,
                                "%" PRId64 " files of %" PRId64 " bytes in it, and %" PRId64
                                " of %" PRId64 " by the log",
                                a.files, a.bytes, b.files, b.bytes));
    else if (a.sum != b.sum)
        DWI_TRY(dwi_verify_tell(run, place, err,
                                "its files, their partition values or row ids are not those of the "
                                "log"));
done:
    return status;
}

/* As far as the log reaches back. */
static dw_status compare_newest(dwi_verify_run *run, int64_t version, const dwi_log_file *file,
                                dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dwi_state *without = NULL;
    dwi_state *with = NULL;
    dw_status status;

    status = dwi_state_replay(run->log, version, version, &without, &why);
    if (status == DW_OK)
        status = dwi_state_replay(run->log, version, -1, &with, &why);
    if (status == DW_OK)
        status = compare_with(run, place_of(file, "checkpoint-differs"), with, without, err);
    else
        status = status == DW_E_NOMEM ? dwi_err_nomem(err) : DW_OK;
    dwi_state_unref(with);
    dwi_state_unref(without);
    return status;
}

/* ---- checksum files ---- */

static dw_status compare_crc(dwi_verify_run *run, dwi_place place, const dwi_crc *crc,
                             const dwi_state *state, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    digest d;
    dw_status status;

    status = digest_state(&d, run->log, state, &why);
    if (status != DW_OK)
        return status == DW_E_NOMEM ? dwi_err_nomem(err) : DW_OK;
    if (crc->counts.files != d.files || crc->counts.bytes != d.bytes)
        DWI_TRY(dwi_verify_tell(run, place, err,
                                "numFiles %" PRId64 ", tableSizeBytes %" PRId64
                                "; by the log it is %" PRId64 " and %" PRId64,
                                crc->counts.files, crc->counts.bytes, d.files, d.bytes));
    if (crc->counts.vectors >= 0 && crc->counts.vectors != d.vectors)
        DWI_TRY(dwi_verify_tell(run, place, err,
                                "numDeletionVectorsOpt %" PRId64 "; by the log it is %" PRId64,
                                crc->counts.vectors, d.vectors));
    if (crc->has_txns && crc->n_txns != state->n_txns &&
        dwi_state_property(state, "delta.setTransactionRetentionDuration").ptr == NULL)
        DWI_TRY(dwi_verify_tell(run, place, err, "%zu setTransactions; by the log it is %zu",
                                crc->n_txns, state->n_txns));
    for (size_t i = 0; crc->has_txns && i < crc->n_txns; i++) {
        const dwi_txn_action *txn = dwi_state_txn(state, crc->txns[i].app_id);
        if (txn == NULL || txn->version != crc->txns[i].version)
            DWI_TRY(dwi_verify_tell(run, place, err,
                                    "application id %.*s is at %" PRId64
                                    " in it, and not so by the log",
                                    DWI_SV_ARG(crc->txns[i].app_id), crc->txns[i].version));
    }
    if (crc->metadata != NULL &&
        !dwi_sv_eq(crc->metadata->schema_string, state->metadata.schema_string))
        DWI_TRY(dwi_verify_tell(run, place, err, "its schema is not that of the log"));
done:
    return status;
}

static dw_status check_crc(dwi_verify_run *run, const dwi_log_file *file, bool compare,
                           dw_error *err)
{
    const dwi_place place = place_of(file, "crc-differs");
    dw_error why = DW_ERROR_INIT;
    dwi_state *state = NULL;
    dwi_arena arena;
    dw_status status;
    dwi_crc crc;

    dwi_arena_init(&arena, run->log->alloc);
    run->result->checksums++;
    status = dwi_crc_read(run->log, file->version, &arena, &crc, &why);
    if (status != DW_OK) {
        dwi_place unreadable = place_of(file, "crc-unreadable");
        unreadable.severity = DWI_FINDING_WARNING;
        DWI_TRY(dwi_verify_settle(run, unreadable, status, &why, err));
        goto done;
    }
    if (!compare)
        goto done;
    status = dwi_state_replay(run->log, file->version, -1, &state, &why);
    if (status == DW_OK)
        status = compare_crc(run, place, &crc, state, err);
    else
        status = status == DW_E_NOMEM ? dwi_err_nomem(err) : DW_OK;
done:
    dwi_state_unref(state);
    dwi_arena_done(&arena);
    return status;
}

static dw_status check_crcs(dwi_verify_run *run, dw_error *err)
{
    const dwi_listed *newest = NULL;
    dw_status status = DW_OK;

    for (const dwi_listed *l = run->listing.first; l != NULL; l = l->next)
        newest = l->kind == DWI_LISTED_CRC ? l : newest;
    for (const dwi_listed *l = run->listing.first; l != NULL; l = l->next)
        if (l->kind == DWI_LISTED_CRC)
            DWI_TRY(check_crc(run, &l->file, l == newest, err));
done:
    return status;
}

/* ---- compacted commits ---- */

typedef struct range {
    dwi_verify_run *run;
    dwi_map seen; /* file keys */
    dwi_buf key;
    uint64_t sum;
    int64_t files;
} range;

/* Newest first: the first one counts. */
static dw_status sum_up(range *r, const dwi_commit *commit, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = commit->n_actions; i > 0; i--) {
        const dwi_action *a = &commit->actions[i - 1];
        bool added;
        if (a->kind != DWI_ACTION_ADD && a->kind != DWI_ACTION_REMOVE)
            continue;
        dwi_buf_clear(&r->key);
        DWI_TRY(a->kind == DWI_ACTION_ADD
                    ? dwi_file_key(a->u.add.path, &a->u.add.dv, &r->key, err)
                    : dwi_file_key(a->u.remove.path, &a->u.remove.dv, &r->key, err));
        if (dwi_map_put(&r->seen, (dwi_sv){(const char *)r->key.data, r->key.len}, &added) == NULL)
            DWI_TRY(dwi_err_nomem(err));
        if (!added)
            continue;
        r->sum += dwi_hash(r->key.data, r->key.len, (uint64_t)a->kind);
        r->files++;
    }
done:
    return status;
}

static dw_status sum_commits(range *r, int64_t first, int64_t last, dw_error *err)
{
    dwi_commit commit;
    dwi_arena arena;
    dw_status status = DW_OK;

    dwi_arena_init(&arena, r->run->log->alloc);
    for (int64_t version = last; version >= first; version--) {
        DWI_TRY(dwi_log_read_commit(r->run->log, version, &arena, &commit, err));
        DWI_TRY(sum_up(r, &commit, err));
        dwi_arena_done(&arena);
        dwi_arena_init(&arena, r->run->log->alloc);
    }
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status compare_compaction(dwi_verify_run *run, const dwi_listed *l, dw_error *err)
{
    range by_file = {.run = run};
    range by_commits = {.run = run};
    dw_error why = DW_ERROR_INIT;
    dwi_commit commit;
    dwi_arena arena;
    dw_status status;
    bool used;

    run->result->compactions++;
    dwi_arena_init(&arena, run->log->alloc);
    dwi_map_init(&by_file.seen, run->log->alloc, 1);
    dwi_map_init(&by_commits.seen, run->log->alloc, 1);
    dwi_buf_init(&by_file.key, run->log->alloc);
    dwi_buf_init(&by_commits.key, run->log->alloc);
    DWI_TRY(dwi_log_read_compaction(run->log, &l->file, &arena, &commit, &used, err));
    if (!used) {
        dwi_place place = place_of(&l->file, "compaction-unreadable");
        place.severity = DWI_FINDING_WARNING;
        DWI_TRY(dwi_verify_tell(run, place, err, "it cannot be read, or is not reconciled"));
        goto done;
    }
    status = sum_commits(&by_commits, l->file.version, l->last, &why);
    if (status != DW_OK) { /* a commit is gone, or broken, which is told elsewhere */
        status = status == DW_E_NOMEM ? dwi_err_nomem(err) : DW_OK;
        goto done;
    }
    DWI_TRY(sum_up(&by_file, &commit, err));
    if (by_file.files != by_commits.files || by_file.sum != by_commits.sum)
        DWI_TRY(dwi_verify_tell(run, place_of(&l->file, "compaction-differs"), err,
                                "it has %" PRId64 " files, its commits come to %" PRId64
                                ", or to other ones",
                                by_file.files, by_commits.files));
done:
    dwi_map_done(&by_file.seen);
    dwi_map_done(&by_commits.seen);
    dwi_buf_done(&by_file.key);
    dwi_buf_done(&by_commits.key);
    dwi_arena_done(&arena);
    return status;
}

/* ---- */

/* Asked anew: other writers may have written it since the log was listed. */
static dw_status has_checkpoint(dwi_verify_run *run, int64_t version, bool *out, dw_error *err)
{
    dwi_listing listing;
    dwi_arena arena;
    dw_status status;

    *out = false;
    dwi_arena_init(&arena, run->log->alloc);
    DWI_TRY(dwi_log_list(run->log, version, NULL, NULL, &arena, &listing, err));
    for (const dwi_listed *l = listing.first; l != NULL; l = l->next)
        *out = *out || (l->kind == DWI_LISTED_CHECKPOINT && l->file.version == version);
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status check_hint(dwi_verify_run *run, dw_error *err)
{
    dwi_place place = {DWI_FINDING_WARNING,
                       "last-checkpoint",
                       DWI_SV("_delta_log/_last_checkpoint"),
                       -1,
                       "write a checkpoint",
                       false};
    dw_error why = DW_ERROR_INIT;
    int64_t version = -1;
    dw_status status = dwi_log_last_checkpoint(run->log, &version, &why);
    bool found;

    if (status == DW_E_NOT_FOUND)
        return DW_OK;
    if (status != DW_OK)
        return dwi_verify_settle(run, place, status, &why, err);
    place.version = version;
    DWI_TRY(has_checkpoint(run, version, &found, err));
    if (!found)
        DWI_TRY(dwi_verify_tell(run, place, err, "there is no checkpoint of version %" PRId64,
                                version));
done:
    return status;
}

dw_status dwi_verify_checkpoints(dwi_verify_run *run, dw_error *err)
{
    const dwi_log_file *file = NULL;
    int64_t newest;
    dw_status status;

    DWI_TRY(check_hint(run, err));
    DWI_TRY(read_all(run, &newest, &file, err));
    if (newest >= 0)
        DWI_TRY(compare_newest(run, newest, file, err));
    DWI_TRY(check_crcs(run, err));
    for (const dwi_listed *l = run->listing.first; l != NULL; l = l->next)
        if (l->kind == DWI_LISTED_COMPACTION)
            DWI_TRY(compare_compaction(run, l, err));
done:
    return status;
}
