/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/row_delete.h"

#include <pthread.h>

#include "base/alloc.h"
#include "delta/action_copy.h"
#include "delta/change_data.h"
#include "delta/deletion_vector.h"
#include "delta/features.h"
#include "delta/files.h"
#include "delta/properties.h"
#include "delta/property_change.h"
#include "delta/stats.h"
#include "delta/vector_write.h"
#include "parquet/encode_pool.h"

enum { VECTOR_FILE_BYTES = 16 * 1024 * 1024 };

/* What becomes of a file. */
typedef enum fate {
    FATE_STAYS = 0,
    FATE_GOES = 1,
    FATE_MARKED = 2,   /* by a deletion vector */
    FATE_REWRITTEN = 3 /* without the rows */
} fate;

typedef struct target {
    struct target *next;
    dwi_add add;
    bool all_pass; /* proved without reading it */
    fate fate;
    int64_t rows; /* physical ones; -1: not read, and not told */
    int64_t deleted;
    dwi_dv dv; /* MARKED: the new one */
    dwi_sv stats;
    dwi_rewritten made;    /* REWRITTEN */
    dwi_rewritten changes; /* change data */
} target;

struct dwi_deletion {
    const dwi_log *log;
    dwi_state *state; /* a reference */
    dwi_delete_options opts;
    bool marks; /* by deletion vectors */
    bool keeps_changes;
    dwi_arena arena;
    target *first;
    target **tail;
    dwi_rewritten *inserts; /* change data of files that are added */
    size_t n_inserts;
    target **targets; /* the same, as an array */
    size_t n_targets;
    dwi_delete_counts counts;
    dwi_add *adds;
    size_t n_adds;
    dwi_remove *removes;
    size_t n_removes;
    dwi_cdc *cdcs;
    size_t n_cdcs;
    struct {
        pthread_mutex_t lock;
        dwi_arena arena;         /* texts of vectors */
        dwi_vector_file **files; /* the last one is being filled unless it is finished */
        size_t n_files;
        bool open;
    } synced;
};

/* ---- which files ---- */

static dw_status take_file(void *ctx, const dwi_add *add, dw_error *err)
{
    dwi_deletion *d = ctx;
    dwi_verdict verdict = DWI_MATCH_ALL;
    dw_status status = DW_OK;
    target *t;

    if (d->opts.partition != NULL &&
        !d->opts.partition(d->opts.partition_ctx, add->partition_values))
        return DW_OK;
    if (d->opts.where != NULL)
        status = dwi_where_file(d->opts.where, add, &verdict, err);
    if (status != DW_OK || verdict == DWI_MATCH_NONE)
        return status;
    t = dwi_arena_zero(&d->arena, sizeof(*t));
    if (t == NULL || !dwi_add_copy(&d->arena, add, &t->add))
        return dwi_err_nomem(err);
    t->all_pass = verdict == DWI_MATCH_ALL;
    *d->tail = t;
    d->tail = &t->next;
    d->n_targets++;
    return DW_OK;
}

static dw_status find_targets(dwi_deletion *d, dw_error *err)
{
    dw_status status;
    size_t n = 0;

    DWI_TRY(dwi_files_visit(d->log, d->state, (dwi_file_visitor){d, take_file, NULL}, err));
    d->targets = dwi_arena_array(&d->arena, d->n_targets, sizeof(target *));
    /* at most one file for each vector */
    d->synced.files = dwi_arena_array(&d->arena, d->n_targets, sizeof(dwi_vector_file *));
    if (d->targets == NULL || d->synced.files == NULL)
        return dwi_err_nomem(err);
    for (target *t = d->first; t != NULL; t = t->next)
        d->targets[n++] = t;
done:
    return status;
}

/* ---- which rows ---- */

static void mark(uint8_t *bitmap, int64_t row)
{
    bitmap[row >> 3] = (uint8_t)(bitmap[row >> 3] | 1u << (row & 7));
}

/* The rows of a file that pass: t->rows and t->deleted, and their bits where marks are wanted. */
static dw_status find_rows(const dwi_deletion *d, target *t, dwi_buf *bitmap, dw_error *err)
{
    const dwi_scan_files what = {
        .where = d->opts.where, .no_columns = true, .files = &t->add, .n_files = 1};
    dwi_table_scan *scan = NULL;
    dwi_column batch = {0};
    dw_status status;
    int64_t first;

    DWI_TRY(dwi_table_scan_open_files(d->log, d->state, &what, &scan, err));
    DWI_TRY(dwi_column_init(&batch, dwi_table_scan_type(scan), d->log->alloc, err));
    for (;;) {
        const uint32_t *rows;
        DWI_TRY(dwi_table_scan_next(scan, &batch, err));
        t->rows = dwi_table_scan_file_rows(scan);
        if (batch.length == 0)
            break;
        t->deleted += batch.length;
        if (!d->marks)
            continue;
        if (bitmap->len == 0) {
            dwi_buf_append_zeros(bitmap, (size_t)(t->rows / 8 + 1));
            DWI_TRY(dwi_buf_status(bitmap, err));
        }
        rows = dwi_table_scan_numbers(scan, &first);
        for (int64_t i = 0; i < batch.length; i++)
            mark(bitmap->data, first + (rows == NULL ? i : (int64_t)rows[i]));
    }
done:
    dwi_column_done(&batch);
    dwi_table_scan_close(scan);
    return status;
}

/* ---- deletion vectors ---- */

static dw_status end_vectors_locked(dwi_deletion *d, dw_error *err)
{
    if (!d->synced.open)
        return DW_OK;
    d->synced.open = false;
    return dwi_vector_file_finish(d->synced.files[d->synced.n_files - 1], err);
}

static dw_status add_vector_locked(dwi_deletion *d, target *t, const uint8_t *bitmap, dw_error *err)
{
    dw_status status = DW_OK;

    if (!d->synced.open) {
        DWI_TRY(dwi_vector_file_new(d->log, &d->synced.files[d->synced.n_files], err));
        d->synced.n_files++;
        d->synced.open = true;
    }
    DWI_TRY(dwi_vector_file_add(d->synced.files[d->synced.n_files - 1], &d->synced.arena, bitmap,
                                t->rows, &t->dv, err));
    DWI_TRY(dwi_stats_loosen(&d->synced.arena, t->add.stats, t->rows, &t->stats, err));
    if (dwi_vector_file_bytes(d->synced.files[d->synced.n_files - 1]) > VECTOR_FILE_BYTES)
        status = end_vectors_locked(d, err);
done:
    return status;
}

/* The rows marked in `bitmap` and those that the file's vector has already. */
static dw_status mark_rows(dwi_deletion *d, target *t, dwi_buf *bitmap, dw_error *err)
{
    dw_status status = DW_OK;
    dwi_buf old;

    dwi_buf_init(&old, d->log->alloc);
    if (t->add.dv.storage_type.ptr != NULL) {
        dwi_buf_append_zeros(&old, bitmap->len);
        DWI_TRY(dwi_buf_status(&old, err));
        DWI_TRY(dwi_deletion_vector_read(d->log, &t->add.dv, t->rows, old.data, err));
        for (size_t i = 0; i < old.len; i++)
            bitmap->data[i] |= old.data[i];
    }
    (void)pthread_mutex_lock(&d->synced.lock);
    status = add_vector_locked(d, t, bitmap->data, err);
    (void)pthread_mutex_unlock(&d->synced.lock);
done:
    dwi_buf_done(&old);
    return status;
}

/* ---- writing anew ---- */

/* dwi_row_filter.select: the rows that stay. */
static dw_status select_others(void *ctx, const dwi_vec *rows, uint8_t *keep, dw_error *err)
{
    const dwi_deletion *d = ctx;
    dw_status status = DW_OK;
    uint32_t *passing;
    dwi_arena arena;
    int64_t n = 0;

    dwi_arena_init(&arena, d->log->alloc);
    passing = dwi_arena_alloc(&arena, (size_t)rows->length * sizeof(*passing));
    if (passing == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_where_rows(d->opts.where, rows, passing, &n, err));
    memset(keep, 0xff, (size_t)(rows->length + 7) / 8);
    for (int64_t i = 0; i < n; i++)
        keep[passing[i] >> 3] = (uint8_t)(keep[passing[i] >> 3] & ~(1u << (passing[i] & 7)));
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status rewrite(dwi_deletion *d, target *t, dw_error *err)
{
    const dwi_rewrite_options opts = {.files = d->opts.files, .filter = {d, select_others}};

    return dwi_rewrite(d->log, d->state, &opts, &t->add, 1, &t->made, err);
}

/* ---- one file ---- */

/* A file that was not read: its statistics may tell how many rows it has. */
static dw_status count_rows(target *t, const dw_allocator *alloc, dw_error *err)
{
    dw_status status;
    dwi_arena arena;

    dwi_arena_init(&arena, alloc);
    status = dwi_stats_num_records(&arena, t->add.stats, &t->rows, err);
    if (t->rows >= 0)
        t->deleted = t->rows - (t->add.dv.storage_type.ptr == NULL ? 0 : t->add.dv.cardinality);
    dwi_arena_done(&arena);
    return status;
}

static dw_status settle(dwi_deletion *d, target *t, dw_error *err)
{
    int64_t marked = t->add.dv.storage_type.ptr == NULL ? 0 : t->add.dv.cardinality;
    dw_status status = DW_OK;
    dwi_buf bitmap;

    t->fate = FATE_GOES;
    if (t->all_pass)
        return count_rows(t, d->log->alloc, err);
    dwi_buf_init(&bitmap, d->log->alloc);
    DWI_TRY(find_rows(d, t, &bitmap, err));
    if (t->deleted == 0)
        t->fate = FATE_STAYS;
    else if (t->deleted < t->rows - marked)
        t->fate = d->marks ? FATE_MARKED : FATE_REWRITTEN;
    if (d->opts.dry_run)
        goto done;
    if (t->fate == FATE_MARKED)
        DWI_TRY(mark_rows(d, t, &bitmap, err));
    if (t->fate == FATE_REWRITTEN)
        DWI_TRY(rewrite(d, t, err));
done:
    dwi_buf_done(&bitmap);
    return status;
}

static dw_status settle_one(void *ctx, size_t worker, size_t task, dw_error *err)
{
    dwi_deletion *d = ctx;

    (void)worker;
    return settle(d, d->targets[task], err);
}

/* As soon as one row of a version is told as change data, all have to be. */
static dw_status tell_changes(void *ctx, size_t worker, size_t task, dw_error *err)
{
    dwi_deletion *d = ctx;
    target *t = d->targets[task];

    (void)worker;
    if (t->fate == FATE_STAYS)
        return DW_OK;
    return dwi_change_data_write(d->log, d->state, &d->opts.files, &t->add,
                                 t->all_pass ? NULL : d->opts.where, "delete", &t->changes, err);
}

static dw_status tell_inserts(dwi_deletion *d, dw_error *err)
{
    d->inserts = dwi_arena_array(&d->arena, d->opts.n_inserted, sizeof(*d->inserts));
    if (d->inserts == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < d->opts.n_inserted; i++) {
        dw_status status =
            dwi_change_data_write(d->log, d->state, &d->opts.files, &d->opts.inserted[i], NULL,
                                  "insert", &d->inserts[i], err);
        if (status != DW_OK)
            return status;
        d->n_inserts++;
    }
    return DW_OK;
}

static dw_status each_target(dwi_deletion *d, dwi_encode_task *task, dw_error *err)
{
    size_t threads = d->opts.threads < d->n_targets ? d->opts.threads : d->n_targets;
    dwi_encode_pool *pool = NULL;
    dw_status status = DW_OK;

    if (threads > 1) {
        DWI_TRY(dwi_encode_pool_new(d->log->alloc, threads, &pool, err));
        status = dwi_encode_pool_run(pool, d->n_targets, task, d, err);
    } else {
        for (size_t i = 0; i < d->n_targets; i++)
            DWI_TRY(task(d, 0, i, err));
    }
done:
    dwi_encode_pool_free(pool);
    return status;
}

/* ---- what is committed ---- */

static bool any_partly(const dwi_deletion *d)
{
    for (size_t i = 0; i < d->n_targets; i++)
        if (d->targets[i]->fate == FATE_MARKED || d->targets[i]->fate == FATE_REWRITTEN)
            return true;
    return false;
}

static void count_target(dwi_delete_counts *c, const target *t)
{
    bool had_vector = t->add.dv.storage_type.ptr != NULL;

    if (t->fate == FATE_STAYS)
        return;
    if (c->deleted_rows >= 0)
        c->deleted_rows = t->rows < 0 ? -1 : c->deleted_rows + t->deleted;
    if (t->fate == FATE_MARKED) {
        c->vectors_added += !had_vector;
        c->vectors_updated += had_vector;
        return;
    }
    c->vectors_removed += had_vector;
    if (t->fate == FATE_GOES) {
        c->removed_files++;
        c->removed_bytes += t->add.size;
        return;
    }
    c->rewritten_files++;
    c->rewritten_bytes += t->add.size;
    c->added_files += (int64_t)t->made.n_adds;
    c->added_bytes += t->made.bytes;
    c->copied_rows += t->made.rows;
}

static void gather_changes(dwi_deletion *d, const dwi_rewritten *changes)
{
    for (size_t i = 0; i < changes->n_adds; i++)
        d->cdcs[d->n_cdcs++] = (dwi_cdc){changes->adds[i].path, changes->adds[i].size,
                                         changes->adds[i].partition_values};
    d->counts.change_files += (int64_t)changes->n_adds;
    d->counts.change_bytes += changes->bytes;
}

static void gather_target(dwi_deletion *d, const target *t)
{
    if (t->fate == FATE_STAYS)
        return;
    dwi_remove_of(&t->add, &d->removes[d->n_removes++]);
    if (t->fate == FATE_MARKED) {
        dwi_add *add = &d->adds[d->n_adds++];
        *add = t->add;
        add->dv = t->dv;
        add->stats = t->stats;
    }
    for (size_t i = 0; i < t->made.n_adds; i++)
        d->adds[d->n_adds++] = t->made.adds[i];
    gather_changes(d, &t->changes);
}
static dw_status gather(dwi_deletion *d, dw_error *err)
{
    size_t n_adds = 0;
    size_t n_cdcs = 0;

    for (size_t i = 0; i < d->n_targets; i++) {
        n_adds += 1 + d->targets[i]->made.n_adds;
        n_cdcs += d->targets[i]->changes.n_adds;
    }
    for (size_t i = 0; i < d->n_inserts; i++)
        n_cdcs += d->inserts[i].n_adds;
    d->adds = dwi_arena_array(&d->arena, n_adds, sizeof(*d->adds));
    d->removes = dwi_arena_array(&d->arena, d->n_targets, sizeof(*d->removes));
    d->cdcs = dwi_arena_array(&d->arena, n_cdcs, sizeof(*d->cdcs));
    if (d->adds == NULL || d->removes == NULL || d->cdcs == NULL)
        return dwi_err_nomem(err);
    d->counts.considered_files = (int64_t)d->n_targets;
    for (size_t i = 0; i < d->n_targets; i++) {
        count_target(&d->counts, d->targets[i]);
        gather_target(d, d->targets[i]);
    }
    for (size_t i = 0; i < d->n_inserts; i++)
        gather_changes(d, &d->inserts[i]);
    return DW_OK;
}

static dw_status make(dwi_deletion *d, dw_error *err)
{
    bool append_only = false;
    dw_status status;

    DWI_TRY(dwi_features_check_rewrite(d->state, err));
    DWI_TRY(
        dwi_property_bool(d->state->metadata.configuration, "delta.appendOnly", &append_only, err));
    if (append_only)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED,
                        "table property delta.appendOnly: no rows can be removed"));
    d->marks = dwi_features_has_writer(&d->state->protocol, "deletionVectors") &&
               dwi_property_is_on(d->state->metadata.configuration, "delta.enableDeletionVectors");
    d->keeps_changes = dwi_change_data_is_kept(d->state);
    DWI_TRY(find_targets(d, err));
    DWI_TRY(each_target(d, settle_one, err));
    (void)pthread_mutex_lock(&d->synced.lock);
    status = end_vectors_locked(d, err);
    (void)pthread_mutex_unlock(&d->synced.lock);
    if (status == DW_OK && d->keeps_changes && !d->opts.dry_run && any_partly(d)) {
        DWI_TRY(each_target(d, tell_changes, err));
        status = tell_inserts(d, err);
    }
    if (status == DW_OK)
        status = gather(d, err);
done:
    return status;
}

dw_status dwi_deletion_make(const dwi_log *log, dwi_state *state, const dwi_delete_options *opts,
                            dwi_deletion **out, dw_error *err)
{
    dwi_deletion *d = dwi_alloc_zero(log->alloc, sizeof(*d));
    dw_status status;

    if (d == NULL)
        return dwi_err_nomem(err);
    d->log = log;
    d->state = dwi_state_ref(state);
    d->opts = *opts;
    d->tail = &d->first;
    dwi_arena_init(&d->arena, log->alloc);
    dwi_arena_init(&d->synced.arena, log->alloc);
    (void)pthread_mutex_init(&d->synced.lock, NULL);
    status = make(d, err);
    if (status == DW_OK) {
        *out = d;
        return DW_OK;
    }
    dwi_deletion_take_back(d);
    dwi_deletion_free(d);
    return status;
}

void dwi_deletion_free(dwi_deletion *deletion)
{
    const dw_allocator *alloc;

    if (deletion == NULL)
        return;
    alloc = deletion->log->alloc;
    for (target *t = deletion->first; t != NULL; t = t->next) {
        dwi_rewritten_done(&t->made);
        dwi_rewritten_done(&t->changes);
    }
    for (size_t i = 0; i < deletion->n_inserts; i++)
        dwi_rewritten_done(&deletion->inserts[i]);
    for (size_t i = 0; i < deletion->synced.n_files; i++)
        dwi_vector_file_free(deletion->synced.files[i]);
    (void)pthread_mutex_destroy(&deletion->synced.lock);
    dwi_state_unref(deletion->state);
    dwi_arena_done(&deletion->synced.arena);
    dwi_arena_done(&deletion->arena);
    dwi_free(alloc, deletion, sizeof(*deletion));
}

void dwi_deletion_stage(const dwi_deletion *deletion, dwi_staged *staged)
{
    staged->n_adds = deletion->n_adds;
    staged->adds = deletion->adds;
    staged->n_removes = deletion->n_removes;
    staged->removes = deletion->removes;
    staged->n_cdcs = deletion->n_cdcs;
    staged->cdcs = deletion->cdcs;
    staged->rows = deletion->counts.copied_rows;
    staged->bytes = deletion->counts.added_bytes;
}

const dwi_delete_counts *dwi_deletion_counts(const dwi_deletion *deletion)
{
    return &deletion->counts;
}

void dwi_deletion_take_back(const dwi_deletion *deletion)
{
    for (const target *t = deletion->first; t != NULL; t = t->next) {
        dwi_rewritten_remove(&t->made, deletion->log);
        dwi_rewritten_remove(&t->changes, deletion->log);
    }
    for (size_t i = 0; i < deletion->n_inserts; i++)
        dwi_rewritten_remove(&deletion->inserts[i], deletion->log);
    for (size_t i = 0; i < deletion->synced.n_files; i++)
        dwi_vector_file_remove(deletion->synced.files[i]);
}
