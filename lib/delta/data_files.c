/* SPDX-License-Identifier: Apache-2.0 */
/* 1. A partition is in the map from its first row until its file is finished; then nothing of it is
 *    left, and the next row of it starts a new file.
 * 2. Rows of a partition are in its file before those in `pending`, which are before all to come.
 * 3. `memory` is the sum over the partitions, as each was last measured. */
#include "delta/data_files.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/map.h"
#include "delta/partition_path.h"
#include "delta/partition_split.h"
#include "delta/partition_value.h"
#include "delta/properties.h"
#include "parquet/encode_pool.h"

enum {
    /* Rows that are encoded where they lie instead of being gathered, */
    STRAIGHT_ROWS = 2048,
    STRAIGHT_MOVED_ROWS = 256,
    /* and what makes gathered ones enough for the encoder. */
    PENDING_ROWS = 8192,
    PENDING_BYTES = 256 * 1024,
    OPEN_FILES = 512,
    SEND_FILES = 64, /* closed files that wait in memory while they are sent side by side */
    PREFIX_CHARS = 2 /* of a random directory where names would be too long */
};
#define TARGET_FILE_BYTES (INT64_C(128) * 1024 * 1024)
#define BUFFERED_BYTES    (INT64_C(256) * 1024 * 1024)

typedef struct partition partition;

struct partition {
    partition *next; /* in order of first sight */
    partition *prev;
    dwi_sv key; /* of the map, which keeps it */
    const dwi_file_layout *layout;
    dwi_arena arena; /* values, directory */
    dwi_kvs values;
    dwi_sv directory;
    dwi_column pending; /* of layout->logical; type NULL: not made yet */
    dwi_data_file *file;
    int64_t memory;
};

struct dwi_data_files {
    const dw_allocator *alloc;
    const dwi_log *log;
    const dwi_state *state;
    dwi_data_files_options opts;
    dwi_add_taker taker;
    dwi_arena arena; /* layouts */
    const dwi_file_layout *layout;
    dwi_vec *partition_columns; /* views for the rows at hand, layout->n_partitions */
    dwi_vec *file_columns;      /* layout->n_columns */
    dwi_map by_key;
    partition first; /* head of the list of partitions */
    int64_t n_open;
    int64_t n_files; /* those with a file */
    int64_t memory;
    dwi_partition_split split;
    dwi_buf key;
    dwi_encode_pool *pool; /* NULL: files are sent one by one */
};

dw_status dwi_data_files_new(const dwi_log *log, const dwi_state *state,
                             const dwi_data_files_options *opts, dwi_add_taker taker,
                             dwi_data_files **out, dw_error *err)
{
    dwi_data_files *files = dwi_alloc_zero(log->alloc, sizeof(*files));
    uint64_t seed;

    if (files == NULL)
        return dwi_err_nomem(err);
    files->alloc = log->alloc;
    files->log = log;
    files->state = state;
    files->opts = *opts;
    /* a malformed property counts as not set */
    if (files->opts.target_file_bytes <= 0)
        (void)dwi_property_bytes(state->metadata.configuration, "delta.targetFileSize",
                                 &files->opts.target_file_bytes, NULL);
    if (files->opts.target_file_bytes <= 0)
        files->opts.target_file_bytes = TARGET_FILE_BYTES;
    if (files->opts.buffered_bytes <= 0)
        files->opts.buffered_bytes = BUFFERED_BYTES;
    if (files->opts.open_files <= 0)
        files->opts.open_files = OPEN_FILES;
    if (files->opts.upload_threads > SEND_FILES)
        files->opts.upload_threads = SEND_FILES;
    files->taker = taker;
    files->first.next = files->first.prev = &files->first;
    dwi_arena_init(&files->arena, log->alloc);
    log->env->random(log->env->ctx, &seed, sizeof(seed));
    dwi_map_init(&files->by_key, log->alloc, seed);
    dwi_partition_split_init(&files->split, log->alloc);
    dwi_buf_init(&files->key, log->alloc);
    *out = files;
    return DW_OK;
}

/* Takes the partition out of all lists. */
static void drop(dwi_data_files *files, partition *p)
{
    p->prev->next = p->next;
    p->next->prev = p->prev;
    files->memory -= p->memory;
    files->n_open--;
    files->n_files -= p->file != NULL;
    dwi_map_remove(&files->by_key, p->key);
    dwi_data_file_free(p->file);
    dwi_column_done(&p->pending);
    dwi_arena_done(&p->arena);
    dwi_free(files->alloc, p, sizeof(*p));
}

void dwi_data_files_free(dwi_data_files *files)
{
    if (files == NULL)
        return;
    while (files->first.next != &files->first)
        drop(files, files->first.next);
    dwi_encode_pool_free(files->pool);
    dwi_map_done(&files->by_key);
    dwi_partition_split_done(&files->split);
    dwi_buf_done(&files->key);
    dwi_arena_done(&files->arena);
    dwi_free(files->alloc, files, sizeof(*files));
}

/* The partition columns by which rows are told apart. */
static size_t n_splits(const dwi_data_files *files)
{
    return files->opts.partition_values != NULL ? 0 : files->layout->n_partitions;
}

/* ---- one partition ---- */

static void measure(dwi_data_files *files, partition *p)
{
    int64_t memory = (int64_t)(sizeof(*p) + p->arena.total_bytes + p->key.len);

    if (p->pending.type != NULL)
        memory += (int64_t)dwi_column_memory(&p->pending);
    if (p->file != NULL)
        memory += dwi_data_file_buffered_bytes(p->file);
    files->memory += memory - p->memory;
    p->memory = memory;
}

static dw_status open_file(dwi_data_files *files, partition *p, dw_error *err)
{
    dw_status status = DW_OK;

    if (p->file != NULL)
        return DW_OK;
    DWI_TRY(dwi_data_file_new(files->log, files->state, p->layout, p->values, p->directory,
                              &files->opts.file, &p->file, err));
    files->n_files++;
done:
    return status;
}

/* Gathered rows to the file. */
static dw_status encode_pending(dwi_data_files *files, partition *p, dw_error *err)
{
    const dwi_vec *view;
    dwi_arena arena;
    dw_status status = DW_OK;

    if (p->pending.length == 0)
        return DW_OK;
    dwi_arena_init(&arena, files->alloc);
    DWI_TRY(open_file(files, p, err));
    view = dwi_column_view(&p->pending, &arena);
    if (view == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_data_file_append(p->file, view, err));
    dwi_column_clear(&p->pending);
done:
    dwi_arena_done(&arena);
    return status;
}

/* A file that is closed, and on its way to the store. */
typedef struct sending {
    partition *p;
    dwi_add add;
    bool sent;
} sending;

static dw_status send_one(void *ctx, size_t worker, size_t task, dw_error *err)
{
    sending *s = &((sending *)ctx)[task];
    dw_status status = dwi_data_file_send(s->p->file, err);

    (void)worker;
    s->sent = status == DW_OK;
    return status;
}

static dw_status send_all(dwi_data_files *files, sending *items, size_t n, dw_error *err)
{
    dw_status status = DW_OK;

    if (files->pool == NULL && files->opts.upload_threads > 1 && n > 1)
        status = dwi_encode_pool_new(files->alloc, (size_t)files->opts.upload_threads, &files->pool,
                                     err);
    if (status == DW_E_NOMEM)
        return status;
    if (files->pool != NULL && n > 1)
        return dwi_encode_pool_run(files->pool, n, send_one, items, err);
    status = DW_OK; /* without a thread to be had it goes on in this one */
    for (size_t i = 0; i < n && status == DW_OK; i++)
        status = send_one(items, 0, i, err);
    return status;
}

/* At most SEND_FILES partitions: they are closed one by one, sent side by side, and gone then. */
static dw_status finish_group(dwi_data_files *files, partition *const *list, size_t n,
                              dw_error *err)
{
    sending items[SEND_FILES];
    size_t n_closed = 0;
    size_t n_taken = 0;
    dw_status status = DW_OK;

    for (; n_closed < n; n_closed++) {
        items[n_closed] = (sending){.p = list[n_closed]};
        DWI_TRY(encode_pending(files, list[n_closed], err));
        DWI_TRY(dwi_data_file_close(list[n_closed]->file, files->taker.arena, &items[n_closed].add,
                                    err));
    }
    DWI_TRY(send_all(files, items, n, err));
    for (; n_taken < n; n_taken++) {
        sending *s = &items[n_taken];
        DWI_TRY(files->taker.take(files->taker.ctx, &s->add, dwi_data_file_rows(s->p->file), err));
        drop(files, s->p);
    }
done:
    for (size_t i = n_taken; i < n_closed; i++)
        if (items[i].sent)
            dwi_data_file_remove(items[i].p->file);
    return status;
}

static dw_status finish_some(dwi_data_files *files, partition *const *list, size_t n, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < n && status == DW_OK; i += SEND_FILES)
        status = finish_group(files, list + i, n - i < SEND_FILES ? n - i : SEND_FILES, err);
    return status;
}

static dw_status finish(dwi_data_files *files, partition *p, dw_error *err)
{
    return finish_group(files, &p, 1, err);
}

/* ---- limits ---- */

static int by_memory(const void *a, const void *b)
{
    int64_t x = (*(partition *const *)a)->memory;
    int64_t y = (*(partition *const *)b)->memory;

    return (x < y) - (x > y);
}

/* The largest first, until a quarter of the budget is free: then this is rare. */
static dw_status finish_largest(dwi_data_files *files, dw_error *err)
{
    size_t n = (size_t)files->n_open;
    partition **all = dwi_alloc_array(files->alloc, n, sizeof(partition *));
    int64_t memory_goal = files->opts.buffered_bytes - files->opts.buffered_bytes / 4;
    int64_t files_goal = files->opts.open_files - files->opts.open_files / 4;
    int64_t memory = files->memory;
    int64_t open = files->n_files;
    dw_status status = DW_OK;
    size_t chosen = 0;
    size_t i = 0;

    if (all == NULL)
        return dwi_err_nomem(err);
    if (files->memory <= files->opts.buffered_bytes)
        memory_goal = INT64_MAX;
    if (files->n_files <= files->opts.open_files)
        files_goal = INT64_MAX;
    for (partition *p = files->first.next; p != &files->first; p = p->next)
        all[i++] = p;
    qsort(all, n, sizeof(partition *), by_memory);
    for (i = 0; i < n && (memory > memory_goal || open > files_goal); i++) {
        if (memory <= memory_goal && all[i]->file == NULL)
            continue;
        memory -= all[i]->memory;
        open -= all[i]->file != NULL;
        all[chosen++] = all[i];
    }
    DWI_TRY(finish_some(files, all, chosen, err));
done:
    dwi_free(files->alloc, all, n * sizeof(partition *));
    return status;
}

/* After rows came to a partition; it may be gone afterwards. */
static dw_status settle(dwi_data_files *files, partition *p, dw_error *err)
{
    dw_status status = DW_OK;

    measure(files, p);
    if (p->file != NULL && dwi_data_file_bytes(p->file) >= files->opts.target_file_bytes)
        DWI_TRY(finish(files, p, err));
    if (n_splits(files) > 0 &&
        (files->memory > files->opts.buffered_bytes || files->n_files > files->opts.open_files))
        DWI_TRY(finish_largest(files, err));
done:
    return status;
}

/* ---- partitions by value ---- */

/* The given value of a partition column. */
static dw_status copy_value(const dwi_data_files *files, dwi_arena *arena, dwi_kv *out,
                            dw_error *err)
{
    const dwi_kvs *given = files->opts.partition_values;

    for (size_t k = 0; k < given->count; k++)
        if (dwi_sv_eq_nocase(given->items[k].key, out->key) && given->items[k].value.ptr != NULL &&
            !dwi_arena_sv(arena, given->items[k].value, &out->value))
            return dwi_err_nomem(err);
    return DW_OK;
}

static dw_status read_values(const dwi_data_files *files, partition *p, uint32_t row, dw_error *err)
{
    const dwi_file_layout *layout = files->layout;
    dwi_kv *items = dwi_arena_array(&p->arena, layout->n_partitions, sizeof(*items));
    dwi_buf text;
    dw_status status = DW_OK;

    if (items == NULL)
        return dwi_err_nomem(err);
    dwi_buf_init(&text, files->alloc);
    for (size_t i = 0; i < layout->n_partitions; i++) {
        dwi_buf_clear(&text);
        items[i].key = layout->partitions[i].physical;
        if (files->opts.partition_values != NULL) {
            DWI_TRY(copy_value(files, &p->arena, &items[i], err));
            continue;
        }
        if (!dwi_partition_value_text(&files->partition_columns[i], row, &text))
            continue;
        DWI_TRY(dwi_buf_status(&text, err));
        if (!dwi_arena_sv(&p->arena, (dwi_sv){(const char *)text.data, text.len}, &items[i].value))
            DWI_TRY(dwi_err_nomem(err));
    }
    p->values = (dwi_kvs){layout->n_partitions, items};
done:
    dwi_buf_done(&text);
    return status;
}

static dw_status choose_directory(const dwi_data_files *files, partition *p, dw_error *err)
{
    const dwi_file_layout *layout = files->layout;
    bool by_name = layout->prefix_chars == 0;
    dwi_buf text;
    dw_status status;

    dwi_buf_init(&text, files->alloc);
    for (size_t i = 0; by_name && i < layout->n_partitions; i++)
        by_name =
            dwi_partition_path_append(&text, layout->partitions[i].name, p->values.items[i].value);
    if (!by_name) { /* as asked for, or because a name would be too long */
        dwi_buf_clear(&text);
        dwi_random_prefix_append(&text, files->log->env,
                                 layout->prefix_chars > 0 ? layout->prefix_chars : PREFIX_CHARS);
    }
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(&p->arena, (dwi_sv){(const char *)text.data, text.len}, &p->directory))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&text);
    return status;
}

static dw_status make_partition(dwi_data_files *files, dwi_map_entry *entry, uint32_t row,
                                partition **out, dw_error *err)
{
    partition *p = dwi_alloc_zero(files->alloc, sizeof(*p));
    dw_status status;

    if (p == NULL)
        return dwi_err_nomem(err);
    dwi_arena_init(&p->arena, files->alloc);
    p->layout = files->layout;
    p->key = entry->key;
    DWI_TRY(read_values(files, p, row, err));
    DWI_TRY(choose_directory(files, p, err));
    p->next = &files->first;
    p->prev = files->first.prev;
    p->prev->next = p->next->prev = p;
    files->n_open++;
    entry->value = p;
    *out = p;
done:
    if (status != DW_OK) {
        dwi_arena_done(&p->arena);
        dwi_free(files->alloc, p, sizeof(*p));
    }
    return status;
}

/* The partition that a row belongs to, ready for rows of the layout at hand. */
static dw_status find_partition(dwi_data_files *files, uint32_t row, partition **out, dw_error *err)
{
    dwi_map_entry *entry;
    dw_status status;
    dwi_sv key;

    dwi_buf_clear(&files->key);
    dwi_partition_key_append(&files->key, files->partition_columns, n_splits(files), row);
    DWI_TRY(dwi_buf_status(&files->key, err));
    key = (dwi_sv){files->key.len == 0 ? "" : (const char *)files->key.data, files->key.len};
    for (;;) {
        entry = dwi_map_put(&files->by_key, key, NULL);
        if (entry == NULL)
            return dwi_err_nomem(err);
        if (entry->value == NULL)
            return make_partition(files, entry, row, out, err);
        *out = entry->value;
        if ((*out)->layout == files->layout)
            return DW_OK;
        DWI_TRY(finish(files, *out, err)); /* it lacks a column */
    }
done:
    return status;
}

/* ---- rows ---- */

/* The layout for rows of `type`, made when they have a column more than those before. */
static dw_status prepare_layout(dwi_data_files *files, const dwi_type *type, dw_error *err)
{
    dwi_file_layout *layout;
    const dwi_type *copy;
    dw_status status;

    if (files->layout != NULL && files->layout->rows->n_fields == type->n_fields)
        return DW_OK;
    layout = dwi_arena_zero(&files->arena, sizeof(*layout));
    copy = dwi_type_copy(&files->arena, type);
    if (layout == NULL || copy == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_file_layout_init(layout, &files->arena, files->state, copy, err));
    files->partition_columns =
        dwi_arena_array(&files->arena, layout->n_partitions, sizeof(dwi_vec));
    files->file_columns = dwi_arena_array(&files->arena, layout->n_columns, sizeof(dwi_vec));
    if (files->partition_columns == NULL || files->file_columns == NULL)
        return dwi_err_nomem(err);
    files->layout = layout;
done:
    return status;
}

/* Rows of one group that are not worth a call of the encoder by themselves. */
static dw_status gather(dwi_data_files *files, partition *p, const dwi_vec *rows,
                        const uint32_t *numbers, const dwi_split_group *group, dw_error *err)
{
    dw_status status;

    if (p->pending.type == NULL)
        DWI_TRY(dwi_column_init(&p->pending, p->layout->logical, files->alloc, err));
    if (numbers == NULL)
        DWI_TRY(dwi_column_append_vec(&p->pending, rows, group->first, group->count, err));
    else
        DWI_TRY(dwi_column_take(&p->pending, rows, numbers, group->count, err));
    if (p->pending.length >= PENDING_ROWS || dwi_column_bytes(&p->pending) >= PENDING_BYTES)
        DWI_TRY(encode_pending(files, p, err));
done:
    return status;
}

static dw_status append_group(dwi_data_files *files, const dwi_vec *rows,
                              const dwi_split_group *group, dw_error *err)
{
    const dwi_partition_split *split = &files->split;
    const uint32_t *numbers = split->n_groups == 1 ? NULL : split->rows + group->start;
    partition *p = NULL;
    /* rows that are moved come in small batches from small files, all for one */
    bool straight = files->opts.partition_values != NULL
                        ? group->count >= STRAIGHT_MOVED_ROWS
                        : group->count >= STRAIGHT_ROWS || files->layout->n_partitions == 0;
    dwi_vec run = *rows;
    dw_status status;

    if (numbers != NULL && numbers[group->count - 1] - numbers[0] == group->count - 1)
        numbers = NULL; /* they lie together already */
    DWI_TRY(find_partition(files, group->first, &p, err));
    if (numbers == NULL && straight) {
        DWI_TRY(encode_pending(files, p, err));
        DWI_TRY(open_file(files, p, err));
        run.offset += group->first;
        run.length = group->count;
        DWI_TRY(dwi_data_file_append(p->file, &run, err));
    } else {
        DWI_TRY(gather(files, p, rows, numbers, group, err));
    }
    DWI_TRY(settle(files, p, err));
done:
    return status;
}

dw_status dwi_data_files_append(dwi_data_files *files, const dwi_vec *rows, dw_error *err)
{
    const dwi_file_layout *layout;
    dwi_vec data;
    dw_status status;

    DWI_TRY(prepare_layout(files, rows->type, err));
    layout = files->layout;
    dwi_file_layout_project(layout, rows, files->file_columns, &data);
    for (size_t i = 0; i < layout->n_partitions; i++) {
        files->partition_columns[i] = rows->children[layout->partitions[i].column];
        files->partition_columns[i].offset += rows->offset;
    }
    for (int64_t first = 0; first < rows->length;) {
        int64_t left = rows->length - first;
        uint32_t count = (uint32_t)(left < DWI_SPLIT_ROWS ? left : DWI_SPLIT_ROWS);
        dwi_partition_split *split = &files->split;
        DWI_TRY(dwi_partition_split_rows(split, files->partition_columns, n_splits(files),
                                         (uint32_t)first, count, err));
        for (size_t g = 0; g < split->n_groups; g++)
            DWI_TRY(append_group(files, &data, &split->groups[g], err));
        first += count;
    }
done:
    return status;
}

dw_status dwi_data_files_finish(dwi_data_files *files, dw_error *err)
{
    partition *list[SEND_FILES];
    dw_status status = DW_OK;

    while (files->n_open > 0 && status == DW_OK) {
        size_t n = 0;
        for (partition *p = files->first.next; p != &files->first && n < SEND_FILES; p = p->next)
            list[n++] = p;
        status = finish_group(files, list, n, err);
    }
    return status;
}

void dwi_data_files_get_stats(const dwi_data_files *files, dwi_data_files_stats *out)
{
    *out = (dwi_data_files_stats){.files = files->n_open, .buffered_bytes = files->memory};
    for (const partition *p = files->first.next; p != &files->first; p = p->next) {
        if (p->pending.type != NULL)
            out->rows += p->pending.length;
        if (p->file == NULL)
            continue;
        out->rows += dwi_data_file_rows(p->file);
        out->sent_bytes += dwi_data_file_bytes(p->file) - dwi_data_file_buffered_bytes(p->file);
    }
}
