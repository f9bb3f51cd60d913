/* SPDX-License-Identifier: Apache-2.0 */
/* 1. Bytes go to the sink in file order, whole row groups at a time, then indexes and footer.
 * 2. All columns hold the same rows whenever a public function returns DW_OK.
 * 3. After an error the writer is only good for dwi_parquet_writer_free().
 * 4. Threads share nothing but what they read: a column belongs to one at a time, what it works
 *    with to the thread. Bytes are the same for any number of threads. */
#include "parquet/parquet_writer.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/le.h"
#include "parquet/encode_pool.h"
#include "parquet/footer_write.h"

enum {
    DEFAULT_PAGE_BYTES = 1 << 20,
    DEFAULT_PAGE_ROWS = 20000,
    DEFAULT_ROW_GROUP_BYTES = 64 << 20,
    DEFAULT_ROW_GROUP_ROWS = 1 << 20,
    DEFAULT_BOUND_BYTES = 64,
    MAX_PAGE_BYTES = 1 << 30,
    TRAILER_BYTES = 8,
    ROWS_FOR_THREADS = 256
};

static const char magic[4] = {'P', 'A', 'R', '1'};

struct dwi_parquet_writer {
    const dw_allocator *alloc;
    dwi_parquet_sink sink;
    dwi_pqw_schema schema;
    dwi_pqw_shared *shared; /* one a thread; the writer itself uses the first */
    size_t n_threads;
    dwi_encode_pool *pool; /* NULL: the caller's thread does it all */
    dwi_pqw_leaf_options *leaf_options;
    dwi_pqw_column *columns; /* a leaf each */
    dwi_pqw_sorting *sorting;
    size_t n_sorting;
    dwi_arena arena; /* schema, metadata, what the footer will tell of row groups */
    const dwi_sv *metadata;
    size_t n_metadata;
    bool page_index;
    int64_t row_group_bytes;
    int64_t row_group_rows;
    int64_t open_rows; /* of the open row group */
    int64_t n_rows;
    int64_t file_bytes;
    dwi_buf row_groups; /* dwi_pqw_row_group */
    dwi_buf column_indexes;
    dwi_buf offset_indexes;
};

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

static void take_options(dwi_parquet_writer *w, const dwi_parquet_write_options *opts)
{
    w->n_sorting = opts->n_sorting;
    w->page_index = !opts->no_page_index;
    w->row_group_bytes = or_default(opts->row_group_bytes, DEFAULT_ROW_GROUP_BYTES);
    w->row_group_rows = or_default(opts->row_group_rows, DEFAULT_ROW_GROUP_ROWS);
}

static void share_options(dwi_pqw_shared *s, const dwi_parquet_write_options *opts)
{
    int64_t bound = or_default((int64_t)opts->bound_bytes, DEFAULT_BOUND_BYTES);

    s->page_version = opts->page_version == 2 ? 2 : 1;
    s->page_checksums = opts->page_checksums;
    s->size_statistics = !opts->no_size_statistics;
    s->page_bytes =
        (size_t)at_most(or_default(opts->page_bytes, DEFAULT_PAGE_BYTES), MAX_PAGE_BYTES);
    s->page_rows = (size_t)at_most(or_default(opts->page_rows, DEFAULT_PAGE_ROWS), INT32_MAX);
    s->bound_bytes = (size_t)at_most(bound, DWI_PARQUET_STAT_BYTES);
}

/* No more threads than columns. */
static dw_status start_threads(dwi_parquet_writer *w, const dwi_parquet_write_options *opts,
                               dw_error *err)
{
    int64_t n = at_most(or_default(opts->n_threads, 1), (int64_t)w->schema.n_leaves);
    dw_status status = DW_OK;

    w->n_threads = (size_t)or_default(n, 1);
    w->shared = dwi_alloc_array(w->alloc, w->n_threads, sizeof(*w->shared));
    if (w->shared == NULL)
        return dwi_err_nomem(err);
    memset(w->shared, 0, w->n_threads * sizeof(*w->shared));
    for (size_t i = 0; i < w->n_threads; i++) {
        DWI_TRY(dwi_pqw_shared_init(&w->shared[i], w->alloc, err));
        share_options(&w->shared[i], opts);
    }
    if (w->n_threads > 1)
        DWI_TRY(dwi_encode_pool_new(w->alloc, w->n_threads, &w->pool, err));
done:
    return status;
}

static void init_buffers(dwi_parquet_writer *w, const dw_allocator *alloc)
{
    w->alloc = alloc;
    dwi_arena_init(&w->arena, alloc);
    dwi_buf_init(&w->row_groups, alloc);
    dwi_buf_init(&w->column_indexes, alloc);
    dwi_buf_init(&w->offset_indexes, alloc);
}

static dw_status copy_metadata(dwi_parquet_writer *w, const dwi_parquet_write_options *opts,
                               dw_error *err)
{
    dwi_sv *pairs = dwi_arena_array(&w->arena, opts->n_metadata, 2 * sizeof(*pairs));

    if (pairs == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < opts->n_metadata; i++) {
        const dw_property *p = &opts->metadata[i];
        if (!dwi_arena_sv(&w->arena, dwi_sv_cstr(p->key), &pairs[2 * i]) ||
            (p->value != NULL &&
             !dwi_arena_sv(&w->arena, dwi_sv_cstr(p->value), &pairs[2 * i + 1])))
            return dwi_err_nomem(err);
    }
    w->metadata = pairs;
    w->n_metadata = opts->n_metadata;
    return DW_OK;
}

static dw_status make_columns(dwi_parquet_writer *w, dw_error *err)
{
    size_t n = w->schema.n_leaves;

    w->columns = dwi_alloc_array(w->alloc, n, sizeof(*w->columns));
    if (w->columns == NULL && n > 0)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++)
        dwi_pqw_column_init(&w->columns[i], &w->schema.leaves[i], &w->leaf_options[i], w->shared);
    return DW_OK;
}

dw_status dwi_parquet_writer_new(const dw_allocator *alloc, const dwi_type *type,
                                 const dwi_parquet_write_options *opts, dwi_parquet_sink sink,
                                 dwi_parquet_writer **out, dw_error *err)
{
    dwi_parquet_writer *w = NULL;
    dw_status status;

    if (opts->page_version < 0 || opts->page_version > 2)
        return dwi_err(err, DW_E_ARG, "page version %d: it is 1 or 2", opts->page_version);
    w = dwi_alloc_zero(alloc, sizeof(*w));
    if (w == NULL)
        return dwi_err_nomem(err);
    init_buffers(w, alloc);
    take_options(w, opts);
    w->sink = sink;
    DWI_TRY(dwi_pqw_schema_build(&w->arena, type, opts->keep_void, &w->schema, err));
    DWI_TRY(dwi_pqw_options_resolve(&w->arena, opts, &w->schema, &w->leaf_options, err));
    DWI_TRY(dwi_pqw_sorting_resolve(&w->arena, opts, &w->schema, &w->sorting, err));
    DWI_TRY(copy_metadata(w, opts, err));
    DWI_TRY(start_threads(w, opts, err));
    DWI_TRY(make_columns(w, err));
    *out = w;
    w = NULL;
done:
    dwi_parquet_writer_free(w);
    return status;
}

void dwi_parquet_writer_free(dwi_parquet_writer *writer)
{
    if (writer == NULL)
        return;
    dwi_encode_pool_free(writer->pool);
    if (writer->columns != NULL) {
        for (size_t i = 0; i < writer->schema.n_leaves; i++)
            dwi_pqw_column_done(&writer->columns[i]);
        dwi_free(writer->alloc, writer->columns,
                 writer->schema.n_leaves * sizeof(*writer->columns));
    }
    if (writer->shared != NULL) {
        for (size_t i = 0; i < writer->n_threads; i++)
            dwi_pqw_shared_done(&writer->shared[i]);
        dwi_free(writer->alloc, writer->shared, writer->n_threads * sizeof(*writer->shared));
    }
    dwi_buf_done(&writer->row_groups);
    dwi_buf_done(&writer->column_indexes);
    dwi_buf_done(&writer->offset_indexes);
    dwi_arena_done(&writer->arena);
    dwi_free(writer->alloc, writer, sizeof(*writer));
}

static dw_status put(dwi_parquet_writer *w, const void *data, size_t len, dw_error *err)
{
    dw_status status = DW_OK;

    if (len > 0)
        status = w->sink.write(w->sink.ctx, data, len, err);
    if (status == DW_OK)
        w->file_bytes += (int64_t)len;
    return status;
}

static dw_status put_magic(dwi_parquet_writer *w, dw_error *err)
{
    return w->file_bytes == 0 ? put(w, magic, sizeof(magic), err) : DW_OK;
}

/* `task` for each column, by all threads when `n_rows` are worth waking them. */
static dw_status for_each_column(dwi_parquet_writer *w, int64_t n_rows, dwi_encode_task *task,
                                 void *ctx, dw_error *err)
{
    dw_status status = DW_OK;

    if (w->pool != NULL && n_rows >= ROWS_FOR_THREADS)
        return dwi_encode_pool_run(w->pool, w->schema.n_leaves, task, ctx, err);
    for (size_t i = 0; i < w->schema.n_leaves && status == DW_OK; i++)
        status = task(ctx, 0, i, err);
    return status;
}

/* ---- row groups ---- */

static dw_status keep_bounds(dwi_parquet_writer *w, const dwi_pqw_column *column,
                             dwi_pqw_chunk *chunk, dw_error *err)
{
    size_t limit = w->shared->bound_bytes;
    dwi_buf text = {0};
    dw_status status;

    dwi_buf_init(&text, w->alloc);
    chunk->has_min = dwi_bounds_put_min(&column->chunk_bounds, limit, &text, &chunk->min_exact);
    chunk->min.len = text.len;
    chunk->has_max = dwi_bounds_put_max(&column->chunk_bounds, limit, &text, &chunk->max_exact);
    chunk->max.len = text.len - chunk->min.len;
    DWI_TRY(dwi_buf_status(&text, err));
    chunk->min.ptr = dwi_arena_dup(&w->arena, text.data, text.len);
    if (chunk->min.ptr == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    chunk->max.ptr = chunk->min.ptr + chunk->min.len;
done:
    dwi_buf_done(&text);
    return status;
}

static dw_status put_page(dwi_parquet_writer *w, const dwi_pqw_page *page, dwi_pqw_chunk *chunk,
                          dw_error *err)
{
    chunk->packed_bytes += (int64_t)page->len;
    chunk->raw_bytes += (int64_t)page->raw_len;
    return put(w, page->data, page->len, err);
}

/* Known where the dictionary holds every value once. Of floating point it tells bits apart, not
 * values. */
static int64_t distinct_count(const dwi_pqw_column *column)
{
    bool every = column->dict_on && column->n_dict_pages > 0 && !column->dict.repeats;

    return every && !dwi_bounds_has_nan(column->leaf->type) ? (int64_t)column->dict.count : -1;
}

static dw_status put_chunk(dwi_parquet_writer *w, dwi_pqw_column *column, dwi_pqw_chunk *chunk,
                           dw_error *err)
{
    dw_status status = DW_OK;

    chunk->leaf = column->leaf;
    chunk->options = column->options;
    chunk->n_entries = column->chunk_entries;
    chunk->null_count = column->chunk_nulls;
    chunk->nan_count = column->chunk_bounds.nan_count;
    chunk->n_dict_pages = (int32_t)column->n_dict_pages;
    chunk->n_own_pages = (int32_t)column->n_own_pages;
    chunk->n_plain_pages = (int32_t)column->n_plain_pages;
    chunk->distinct_count = distinct_count(column);
    DWI_TRY(dwi_size_stats_sum(column, &w->arena, &chunk->sizes, err));
    DWI_TRY(keep_bounds(w, column, chunk, err));
    chunk->dictionary_offset = column->dict_page.data == NULL ? -1 : w->file_bytes;
    if (column->dict_page.data != NULL)
        DWI_TRY(put_page(w, &column->dict_page, chunk, err));
    chunk->data_offset = w->file_bytes;
    for (size_t i = 0; i < dwi_pqw_column_pages(column); i++)
        DWI_TRY(put_page(w, dwi_pqw_column_page(column, i), chunk, err));
    if (w->page_index) {
        DWI_TRY(
            dwi_pqw_column_index_write(column, &w->column_indexes, &chunk->column_index_len, err));
        DWI_TRY(dwi_pqw_offset_index_write(column, chunk->data_offset, &w->offset_indexes,
                                           &chunk->offset_index_len, err));
    }
done:
    return status;
}

/* The Bloom filters of a row group come right behind it, so that none waits in memory. */
static dw_status put_bloom(dwi_parquet_writer *w, const dwi_pqw_column *column,
                           dwi_pqw_chunk *chunk, dw_error *err)
{
    dwi_buf *text = &w->shared->header;
    dw_status status = DW_OK;

    if (column->bloom.bits == NULL)
        return DW_OK;
    dwi_buf_clear(text);
    DWI_TRY(dwi_bloom_write(&column->bloom, text, err));
    chunk->bloom_offset = w->file_bytes;
    chunk->bloom_len = (int32_t)text->len;
    DWI_TRY(put(w, text->data, text->len, err));
done:
    return status;
}

static dw_status close_chunk(void *ctx, size_t worker, size_t task, dw_error *err)
{
    dwi_parquet_writer *w = ctx;

    w->columns[task].shared = &w->shared[worker];
    return dwi_pqw_column_close_chunk(&w->columns[task], err);
}

static dw_status close_row_group(dwi_parquet_writer *w, dw_error *err)
{
    dwi_pqw_row_group group = {.n_rows = w->open_rows};
    dw_status status = DW_OK;

    if (w->open_rows == 0)
        return DW_OK;
    DWI_TRY(put_magic(w, err));
    group.offset = w->file_bytes;
    group.chunks = dwi_arena_array(&w->arena, w->schema.n_leaves, sizeof(*group.chunks));
    if (group.chunks == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    DWI_TRY(for_each_column(w, w->open_rows, close_chunk, w, err));
    for (size_t i = 0; i < w->schema.n_leaves; i++)
        DWI_TRY(put_chunk(w, &w->columns[i], &group.chunks[i], err));
    for (size_t i = 0; i < w->schema.n_leaves; i++)
        DWI_TRY(put_bloom(w, &w->columns[i], &group.chunks[i], err));
    for (size_t i = 0; i < w->schema.n_leaves; i++)
        dwi_pqw_column_next_chunk(&w->columns[i]);
    dwi_buf_append(&w->row_groups, &group, sizeof(group));
    DWI_TRY(dwi_buf_status(&w->row_groups, err));
    for (size_t i = 0; i < w->n_threads; i++)
        dwi_page_store_clear(&w->shared[i].pages);
    w->open_rows = 0;
done:
    return status;
}

/* ---- rows ---- */

static int64_t encoded_bytes(const dwi_parquet_writer *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->schema.n_leaves; i++)
        n += dwi_pqw_column_encoded_bytes(&w->columns[i]);
    return (int64_t)n;
}

/* Bytes of values that may be long in rows [at, at + count) of `vec`, buffers' own offset included
 * in `at`. */
static int64_t variable_bytes(const dwi_vec *vec, int64_t at, int64_t count)
{
    int64_t sum = 0;

    switch (vec->type->kind) {
    case DWI_STRING:
    case DWI_JSON:
    case DWI_BINARY:
        return count == 0 ? 0 : vec->offsets[at + count] - vec->offsets[at];
    case DWI_FIXED:
        return count * (int64_t)vec->type->fixed_bytes;
    case DWI_ARRAY:
    case DWI_MAP:
        if (count > 0) {
            int64_t first = vec->offsets[at];
            int64_t n = vec->offsets[at + count] - first;
            sum = n + variable_bytes(vec->children, vec->children->offset + first, n);
        }
        return sum;
    case DWI_STRUCT:
        for (size_t i = 0; i < vec->n_children; i++)
            sum += variable_bytes(&vec->children[i], vec->children[i].offset + at, count);
        return sum;
    default:
        return 0;
    }
}

/* Rows to take before the row group's size is looked at again: a page's worth, fewer when their
 * strings are so large that the row group would miss its size by much. */
static int64_t next_rows(const dwi_parquet_writer *w, const dwi_vec *rows, int64_t first)
{
    int64_t n = at_most(rows->length - first, w->row_group_rows - w->open_rows);
    int64_t limit = w->row_group_bytes / 8;

    n = at_most(n, (int64_t)w->shared->page_rows);
    while (n > 1 && variable_bytes(rows, rows->offset + first, n) > limit)
        n /= 2;
    return n;
}

typedef struct rows_to_append {
    dwi_parquet_writer *writer;
    const dwi_vec *rows;
    int64_t first;
    size_t count;
} rows_to_append;

static dw_status append_column(void *ctx, size_t worker, size_t task, dw_error *err)
{
    const rows_to_append *a = ctx;
    dwi_pqw_column *column = &a->writer->columns[task];

    column->shared = &a->writer->shared[worker];
    return dwi_pqw_column_append(column, a->rows, a->first, a->count, err);
}

dw_status dwi_parquet_writer_append(dwi_parquet_writer *writer, const dwi_vec *rows, dw_error *err)
{
    dw_status status = DW_OK;
    int64_t first = 0;

    assert(rows->n_children == writer->schema.root->n_fields);
    while (first < rows->length) {
        int64_t n = next_rows(writer, rows, first);
        rows_to_append part = {writer, rows, first, (size_t)n};
        DWI_TRY(for_each_column(writer, n, append_column, &part, err));
        first += n;
        writer->open_rows += n;
        writer->n_rows += n;
        if (writer->open_rows >= writer->row_group_rows ||
            encoded_bytes(writer) >= writer->row_group_bytes)
            DWI_TRY(close_row_group(writer, err));
    }
done:
    return status;
}

/* ---- the end of the file ---- */

static void place_indexes(dwi_parquet_writer *w)
{
    dwi_pqw_row_group *groups = (dwi_pqw_row_group *)(void *)w->row_groups.data;
    size_t n_groups = w->row_groups.len / sizeof(*groups);
    int64_t column_at = w->file_bytes;
    int64_t offset_at = w->file_bytes + (int64_t)w->column_indexes.len;

    for (size_t g = 0; g < n_groups; g++) {
        for (size_t i = 0; i < w->schema.n_leaves; i++) {
            dwi_pqw_chunk *chunk = &groups[g].chunks[i];
            chunk->column_index_offset = column_at;
            chunk->offset_index_offset = offset_at;
            column_at += chunk->column_index_len;
            offset_at += chunk->offset_index_len;
        }
    }
}

static dw_status put_footer(dwi_parquet_writer *w, dw_error *err)
{
    dwi_pqw_footer footer = {
        .schema = &w->schema,
        .page_version = w->shared->page_version,
        .n_rows = w->n_rows,
        .row_groups = (const dwi_pqw_row_group *)(const void *)w->row_groups.data,
        .n_row_groups = w->row_groups.len / sizeof(dwi_pqw_row_group),
        .metadata = w->metadata,
        .n_metadata = w->n_metadata,
        .sorting = w->sorting,
        .n_sorting = w->n_sorting,
    };
    uint8_t trailer[TRAILER_BYTES];
    dwi_buf text = {0};
    dw_status status;

    dwi_buf_init(&text, w->alloc);
    DWI_TRY(dwi_pqw_footer_write(&footer, &text, err));
    if (text.len > INT32_MAX) {
        status = dwi_err(err, DW_E_UNSUPPORTED, "footer: %zu bytes are over 2 GiB", text.len);
        goto done;
    }
    dwi_le32_put(trailer, (uint32_t)text.len);
    memcpy(trailer + 4, magic, sizeof(magic));
    dwi_buf_append(&text, trailer, sizeof(trailer));
    DWI_TRY(dwi_buf_status(&text, err));
    DWI_TRY(put(w, text.data, text.len, err));
done:
    dwi_buf_done(&text);
    return status;
}

dw_status dwi_parquet_writer_finish(dwi_parquet_writer *writer, dw_error *err)
{
    dw_status status;

    DWI_TRY(close_row_group(writer, err));
    DWI_TRY(put_magic(writer, err));
    place_indexes(writer);
    DWI_TRY(put(writer, writer->column_indexes.data, writer->column_indexes.len, err));
    DWI_TRY(put(writer, writer->offset_indexes.data, writer->offset_indexes.len, err));
    DWI_TRY(put_footer(writer, err));
done:
    return status;
}

/* ---- what is known ---- */

int64_t dwi_parquet_writer_rows(const dwi_parquet_writer *writer)
{
    return writer->n_rows;
}

int64_t dwi_parquet_writer_file_bytes(const dwi_parquet_writer *writer)
{
    return writer->file_bytes;
}

int64_t dwi_parquet_writer_buffered_bytes(const dwi_parquet_writer *writer)
{
    size_t n = writer->row_groups.cap + writer->column_indexes.cap + writer->offset_indexes.cap +
               writer->arena.total_bytes + dwi_encode_pool_bytes(writer->pool);

    for (size_t i = 0; i < writer->n_threads; i++)
        n += dwi_pqw_shared_bytes(&writer->shared[i]);
    for (size_t i = 0; i < writer->schema.n_leaves; i++)
        n += sizeof(dwi_pqw_column) + dwi_pqw_column_memory(&writer->columns[i]);
    return (int64_t)n;
}

size_t dwi_parquet_writer_leaves(const dwi_parquet_writer *writer)
{
    return writer->schema.n_leaves;
}

void dwi_parquet_writer_leaf_stats(const dwi_parquet_writer *writer, size_t leaf,
                                   dwi_leaf_stats *out)
{
    dwi_pqw_column *column = &writer->columns[leaf];
    const dwi_bounds *b = &column->file_bounds;

    memset(out, 0, sizeof(*out));
    out->type = column->leaf->type;
    out->repeated = column->leaf->max_rep > 0;
    out->null_count = column->file_nulls;
    out->nan_count = b->nan_count;
    out->has_bounds = b->has;
    if (!b->has)
        return;
    out->min =
        dwi_bounds_value(b, false, DWI_PARQUET_STAT_BYTES, column->stat_values[0], &out->min_cut);
    out->max =
        dwi_bounds_value(b, true, DWI_PARQUET_STAT_BYTES, column->stat_values[1], &out->max_cut);
}
