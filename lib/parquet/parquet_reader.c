/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/parquet_reader.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "parquet/group_plan.h"
#include "parquet/int96_range.h"
#include "parquet/memory_budget.h"
#include "parquet/projection.h"

enum { TAIL_BYTES = 64 * 1024 };

#define DEFAULT_MEMORY_BYTES ((size_t)1 << 30)

struct dwi_parquet_reader {
    dwi_memory_budget budget;
    const dw_allocator *alloc; /* the budget's */
    dwi_parquet_read_options options;
    dwi_file_view file;
    dwi_buf tail;
    dwi_buf footer_bytes; /* when it is not in the tail */
    dwi_arena arena;      /* footer, schema and filter */
    dwi_arena plan_arena; /* projection and its leaf readers */
    dwi_footer footer;
    dwi_schema_tree schema;
    dwi_codec_ctx *codecs;
    dwi_leaf_shared *shared;
    const dwi_type *type; /* projected; NULL: not yet */
    dwi_projection projection;
    dwi_leaf_reader *leaves;
    size_t n_leaves; /* of them initialised */
    dwi_column **columns;
    bool *skipped; /* row groups */
    dwi_filter filter;
    int64_t first_row; /* of the file, selected */
    int64_t end_row;
    size_t group;      /* open or next row group */
    int64_t group_row; /* the number in the file of its first row */
    bool group_open;
    dwi_group_plan plan; /* of the open row group */
    size_t range;        /* of the plan, being read */
    int64_t pos;         /* rows of the row group read or passed over */
    int64_t most_rows;   /* of a batch of this row group, by the size that its rows say they have */
    int64_t batch_row;   /* number in the file of the last batch's first row */
    dw_status broken;    /* of an earlier read */
};

static dw_status read_range(dwi_parquet_reader *reader, int64_t offset, size_t len, dwi_buf *out,
                            dw_error *err)
{
    const dwi_parquet_source *source = &reader->file.source;
    dw_status status;

    dwi_buf_clear(out);
    if (!dwi_buf_reserve(out, len))
        return dwi_err_nomem(err);
    status = source->read(source->ctx, offset, len, out->data, err);
    if (status == DW_OK)
        out->len = len;
    return status;
}

/* The end of the file, kept: small files need no other read. */
static dw_status read_tail(dwi_parquet_reader *reader, dw_error *err)
{
    int64_t size = reader->file.source.size;
    size_t len = size < TAIL_BYTES ? (size_t)size : TAIL_BYTES;
    dw_status status;

    if (size < 4 + DWI_FILE_TRAILER_BYTES)
        return dwi_err(err, DW_E_CORRUPT, "%lld bytes are too few for a Parquet file",
                       (long long)size);
    status = read_range(reader, size - (int64_t)len, len, &reader->tail, err);
    if (status == DW_OK)
        reader->file.tail =
            (dwi_file_part){reader->tail.data, size - (int64_t)len, reader->tail.len};
    return status;
}

static dw_status read_footer(dwi_parquet_reader *reader, dw_error *err)
{
    int64_t size = reader->file.source.size;
    const uint8_t *trailer;
    const uint8_t *data;
    uint32_t len;
    dw_status status;

    DWI_TRY(read_tail(reader, err));
    trailer = reader->tail.data + reader->tail.len - DWI_FILE_TRAILER_BYTES;
    len = dwi_le32(trailer);
    if (memcmp(trailer + 4, "PARE", 4) == 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "encrypted footer"));
    if (memcmp(trailer + 4, "PAR1", 4) != 0)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "not a Parquet file: no magic number at its end"));
    if ((int64_t)len > size - 4 - DWI_FILE_TRAILER_BYTES)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "footer of %lu bytes is longer than the file",
                        (unsigned long)len));
    if (len > reader->tail.len - DWI_FILE_TRAILER_BYTES) {
        DWI_TRY(read_range(reader, size - DWI_FILE_TRAILER_BYTES - (int64_t)len, len,
                           &reader->footer_bytes, err));
        data = reader->footer_bytes.data;
    } else {
        data = trailer - len;
    }
    DWI_TRY(dwi_footer_read(&reader->arena, data, len, &reader->footer, err));
    DWI_TRY(dwi_schema_tree_build(&reader->arena, &reader->footer, &reader->schema, err));
done:
    return status;
}

static dw_status check_chunk(const dwi_parquet_reader *reader, const dwi_parquet_node *node,
                             const dwi_footer_chunk *chunk, int64_t rows, dw_error *err)
{
    char path[200];
    const char *why = NULL;

    if (chunk->bytes > reader->file.source.size - DWI_FILE_TRAILER_BYTES ||
        chunk->offset > reader->file.source.size - DWI_FILE_TRAILER_BYTES - chunk->bytes)
        why = "its chunk is beyond the end of the file";
    else if (node->rep == 0 ? chunk->num_values != rows : chunk->num_values < rows)
        why = "another number of rows than its row group";
    if (why == NULL || chunk->encrypted)
        return DW_OK;
    return dwi_err(err, DW_E_CORRUPT, "column %s: %s",
                   dwi_parquet_node_path(node, path, sizeof(path)), why);
}

/* Columns of INT96 that nanoseconds cannot hold count as microseconds. */
static dw_status settle_int96(dwi_parquet_reader *reader, dw_error *err)
{
    const dwi_footer *footer = &reader->footer;
    dw_status status = DW_OK;

    for (size_t i = 0; i < reader->schema.n_leaves; i++) {
        const dwi_parquet_node *leaf = reader->schema.leaves[i];
        dwi_type *type = (dwi_type *)(uintptr_t)leaf->type; /* the schema tree's own */
        bool fits = true;
        bool readable = leaf->source == DWI_LEAF_INT96;
        for (size_t k = 0; k < footer->n_row_groups && readable; k++)
            readable = check_chunk(reader, leaf, &footer->row_groups[k].chunks[i],
                                   footer->row_groups[k].num_rows, NULL) == DW_OK;
        if (readable)
            DWI_TRY(dwi_int96_fits_ns(leaf, reader->shared, &reader->file, reader->codecs, footer,
                                      &fits, err));
        if (!fits)
            type->kind = DWI_TIMESTAMP_NTZ;
    }
done:
    return status;
}

static dw_status open_reader(dwi_parquet_reader *reader, dw_error *err)
{
    int64_t rows = 0;
    dw_status status;

    DWI_TRY(read_footer(reader, err));
    for (size_t i = 0; i < reader->footer.n_row_groups; i++)
        if (!dwi_i64_add(rows, reader->footer.row_groups[i].num_rows, &rows))
            DWI_TRY(dwi_err(err, DW_E_CORRUPT, "row group %zu: too many rows", i));
    reader->skipped =
        dwi_arena_array(&reader->arena, reader->footer.n_row_groups, sizeof(*reader->skipped));
    reader->shared = dwi_alloc_zero(reader->alloc, sizeof(*reader->shared));
    if (reader->skipped == NULL || reader->shared == NULL)
        DWI_TRY(dwi_err_nomem(err));
    reader->shared->alloc = reader->alloc;
    reader->shared->batch_bytes = reader->options.memory_bytes;
    dwi_buf_init(&reader->shared->scratch.bytes, reader->alloc);
    DWI_TRY(dwi_codec_ctx_new(reader->alloc, &reader->codecs, err));
    if (reader->options.settle_int96)
        DWI_TRY(settle_int96(reader, err));
done:
    return status;
}

dw_status dwi_parquet_reader_open_with(const dw_allocator *alloc, dwi_parquet_source source,
                                       const dwi_parquet_read_options *options,
                                       dwi_parquet_reader **out, dw_error *err)
{
    dwi_parquet_reader *reader = dwi_alloc_zero(alloc, sizeof(*reader));
    dw_status status;

    if (reader == NULL)
        return dwi_err_nomem(err);
    if (options != NULL)
        reader->options = *options;
    if (reader->options.memory_bytes == 0)
        reader->options.memory_bytes = DEFAULT_MEMORY_BYTES;
    dwi_memory_budget_init(&reader->budget, alloc, reader->options.memory_bytes);
    reader->alloc = &reader->budget.alloc;
    reader->end_row = INT64_MAX;
    dwi_file_view_init(&reader->file, source, reader->alloc);
    dwi_buf_init(&reader->tail, reader->alloc);
    dwi_buf_init(&reader->footer_bytes, reader->alloc);
    dwi_arena_init(&reader->arena, reader->alloc);
    dwi_arena_init(&reader->plan_arena, reader->alloc);
    dwi_group_plan_init(&reader->plan, reader->alloc);
    status = dwi_memory_budget_status(&reader->budget, open_reader(reader, err), err);
    if (status != DW_OK) {
        status = dwi_err_prefix(err, status, "%s", source.name);
        dwi_parquet_reader_free(reader);
        return status;
    }
    *out = reader;
    return DW_OK;
}

dw_status dwi_parquet_reader_open(const dw_allocator *alloc, dwi_parquet_source source,
                                  dwi_parquet_reader **out, dw_error *err)
{
    return dwi_parquet_reader_open_with(alloc, source, NULL, out, err);
}

static void drop_projection(dwi_parquet_reader *reader)
{
    for (size_t i = 0; i < reader->n_leaves; i++)
        dwi_leaf_reader_done(&reader->leaves[i]);
    reader->n_leaves = 0;
    reader->type = NULL;
    dwi_arena_done(&reader->plan_arena);
}

void dwi_parquet_reader_free(dwi_parquet_reader *reader)
{
    const dw_allocator *alloc;

    if (reader == NULL)
        return;
    alloc = reader->budget.inner;
    drop_projection(reader);
    dwi_group_plan_done(&reader->plan);
    if (reader->shared != NULL)
        dwi_buf_done(&reader->shared->scratch.bytes);
    dwi_free(reader->alloc, reader->shared, sizeof(*reader->shared));
    dwi_codec_ctx_free(reader->codecs);
    dwi_file_view_done(&reader->file);
    dwi_buf_done(&reader->tail);
    dwi_buf_done(&reader->footer_bytes);
    dwi_arena_done(&reader->arena);
    dwi_free(alloc, reader, sizeof(*reader));
}

const dwi_type *dwi_parquet_reader_type(const dwi_parquet_reader *reader)
{
    return reader->schema.root.type;
}

int64_t dwi_parquet_reader_rows(const dwi_parquet_reader *reader)
{
    int64_t rows = 0;

    for (size_t i = 0; i < reader->footer.n_row_groups; i++)
        rows += reader->footer.row_groups[i].num_rows;
    return rows;
}

size_t dwi_parquet_reader_row_groups(const dwi_parquet_reader *reader)
{
    return reader->footer.n_row_groups;
}

const dwi_footer *dwi_parquet_reader_footer(const dwi_parquet_reader *reader)
{
    return &reader->footer;
}

const dwi_schema_tree *dwi_parquet_reader_tree(const dwi_parquet_reader *reader)
{
    return &reader->schema;
}

dwi_sv dwi_parquet_reader_metadata(const dwi_parquet_reader *reader, dwi_sv key)
{
    for (size_t i = 0; i < reader->footer.n_metadata; i++)
        if (dwi_sv_eq(reader->footer.metadata[i].key, key))
            return reader->footer.metadata[i].value;
    return (dwi_sv){NULL, 0};
}

static size_t piece_bytes(size_t n_leaves)
{
    size_t piece = DWI_GROUP_PIECES_BYTES / (n_leaves == 0 ? 1 : n_leaves);

    if (piece < DWI_GROUP_MIN_PIECE)
        return DWI_GROUP_MIN_PIECE;
    return piece > DWI_GROUP_MAX_PIECE ? DWI_GROUP_MAX_PIECE : piece;
}

static dw_status init_leaves(dwi_parquet_reader *reader, dw_error *err)
{
    const dwi_projection *projection = &reader->projection;
    size_t n = projection->n_leaves;
    dw_status status = DW_OK;

    reader->leaves = dwi_arena_array(&reader->plan_arena, n, sizeof(*reader->leaves));
    reader->columns = dwi_arena_array(&reader->plan_arena, n, sizeof(dwi_column *));
    if (reader->leaves == NULL || reader->columns == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const dwi_projected_leaf *leaf = &projection->leaves[i];
        reader->n_leaves = i + 1;
        DWI_TRY(dwi_leaf_reader_init(&reader->leaves[i], leaf->node, leaf->type, reader->shared,
                                     &reader->file, reader->codecs, piece_bytes(n), err));
        reader->leaves[i].keep_levels = leaf->keep_levels;
        reader->leaves[i].pages.ignore_checksums = reader->options.ignore_checksums;
    }
done:
    return status;
}

dw_status dwi_parquet_reader_project(dwi_parquet_reader *reader, const dwi_type *type,
                                     dw_error *err)
{
    dw_status status;

    if (type == NULL)
        type = reader->schema.root.type;
    assert(type->kind == DWI_STRUCT);
    drop_projection(reader);
    dwi_arena_init(&reader->plan_arena, reader->alloc);
    DWI_TRY(dwi_projection_build(&reader->plan_arena, &reader->schema.root, type,
                                 &reader->projection, err));
    DWI_TRY(init_leaves(reader, err));
    reader->type = type;
done:
    if (status != DW_OK) {
        drop_projection(reader);
        status = dwi_memory_budget_status(&reader->budget, status, err);
        status = dwi_err_prefix(err, status, "%s", reader->file.source.name);
    }
    return status;
}

bool dwi_parquet_reader_all_null(const dwi_parquet_reader *reader, size_t row_group, dwi_sv path)
{
    const dwi_footer_row_group *group = &reader->footer.row_groups[row_group];
    const dwi_parquet_node *node = dwi_schema_tree_find(&reader->schema.root, path);
    const dwi_footer_chunk *chunk;

    if (node == NULL || node->n_children > 0 || node->rep > 0 || node->def == 0)
        return false;
    chunk = &group->chunks[node->first_leaf];
    return !chunk->encrypted && chunk->stats.null_count == chunk->num_values &&
           chunk->num_values == group->num_rows;
}

void dwi_parquet_reader_skip(dwi_parquet_reader *reader, size_t row_group)
{
    reader->skipped[row_group] = true;
}

void dwi_parquet_reader_select_rows(dwi_parquet_reader *reader, int64_t first, int64_t count)
{
    reader->first_row = first;
    if (count <= 0 || first < 0 || !dwi_i64_add(first, count, &reader->end_row))
        reader->end_row = count <= 0 || first < 0 ? 0 : INT64_MAX;
}

dw_status dwi_parquet_reader_filter(dwi_parquet_reader *reader, const dwi_comparison *comparisons,
                                    size_t n, dw_error *err)
{
    dw_status status = dwi_filter_build(&reader->arena, &reader->schema, &reader->footer,
                                        comparisons, n, &reader->filter, err);

    status = dwi_memory_budget_status(&reader->budget, status, err);
    return status == DW_OK ? DW_OK : dwi_err_prefix(err, status, "%s", reader->file.source.name);
}

/* Rows of the file that a row group has and that were selected, counted in the row group. */
static dwi_row_range selected(const dwi_parquet_reader *reader)
{
    int64_t rows = reader->footer.row_groups[reader->group].num_rows;
    int64_t first = reader->first_row - reader->group_row;
    int64_t end = reader->end_row - reader->group_row;

    return (dwi_row_range){first < 0 ? 0 : first, end > rows ? rows : end};
}

/* Rows that take about a quarter of what a batch may take, going by the sizes in the footer: large
 * values come in small batches before they come to be refused. */
static int64_t most_rows(const dwi_parquet_reader *reader, const dwi_footer_row_group *group)
{
    double limit = (double)reader->options.memory_bytes / 4;
    double bytes = 0;

    for (size_t i = 0; i < reader->n_leaves; i++) {
        const dwi_footer_chunk *chunk = &group->chunks[reader->leaves[i].node->first_leaf];
        /* A size that hardly any codec reaches is a mistake. */
        if (chunk->uncompressed_bytes > 0 && chunk->uncompressed_bytes / 1000 <= chunk->bytes)
            bytes += (double)chunk->uncompressed_bytes;
    }
    if (bytes <= limit)
        return INT64_MAX;
    limit = limit / bytes * (double)group->num_rows;
    return limit < 1 ? 1 : (int64_t)limit;
}

static dw_status open_group(dwi_parquet_reader *reader, dw_error *err)
{
    const dwi_footer_row_group *group = &reader->footer.row_groups[reader->group];
    dwi_row_range rows = selected(reader);
    dw_status status = DW_OK;

    for (size_t i = 0; i < reader->n_leaves; i++) {
        const dwi_parquet_node *node = reader->leaves[i].node;
        DWI_TRY(check_chunk(reader, node, &group->chunks[node->first_leaf], group->num_rows, err));
    }
    DWI_TRY(dwi_group_plan_make(&reader->plan, &reader->file, group, &reader->filter,
                                reader->leaves, reader->n_leaves, rows.first, rows.end, err));
    reader->range = 0;
    reader->pos = 0;
    reader->most_rows = most_rows(reader, group);
    reader->group_open = true;
    if (reader->plan.ranges.n == 0)
        return DW_OK;
    DWI_TRY(dwi_group_plan_hold(&reader->plan, &reader->file, group, reader->leaves,
                                reader->n_leaves, piece_bytes(reader->n_leaves), err));
    for (size_t i = 0; i < reader->n_leaves; i++) {
        dwi_leaf_reader *leaf = &reader->leaves[i];
        DWI_TRY(dwi_leaf_reader_open(leaf, &group->chunks[leaf->node->first_leaf], group->num_rows,
                                     &reader->plan.indexes[i], err));
    }
done:
    return status;
}

/* What a leaf answered; one that needs more memory than there may be is named. */
static dw_status of_leaf(dwi_parquet_reader *reader, size_t i, dw_status status, dw_error *err)
{
    char path[200];

    if (status != DW_E_NOMEM || !reader->budget.refused)
        return status;
    status = dwi_memory_budget_status(&reader->budget, status, err);
    return dwi_err_prefix(err, status, "column %s",
                          dwi_parquet_node_path(reader->leaves[i].node, path, sizeof(path)));
}

/* Rows pos .. pos + rows of the open row group. */
static dw_status read_batch(dwi_parquet_reader *reader, int64_t rows, dwi_column *batch,
                            dw_error *err)
{
    bool last = reader->pos + rows == reader->plan.rows;
    dw_status status = DW_OK;

    memset(reader->columns, 0, reader->n_leaves * sizeof(dwi_column *));
    for (size_t i = 0; i < reader->projection.root.n_children; i++)
        dwi_projection_bind(&reader->projection.root.children[i], &batch->children[i],
                            reader->columns);
    for (size_t i = 0; i < reader->n_leaves; i++)
        if (reader->leaves[i].row < reader->pos)
            DWI_TRY(of_leaf(reader, i, dwi_leaf_reader_seek(&reader->leaves[i], reader->pos, err),
                            err));
    reader->shared->budget = reader->shared->batch_bytes;
    for (size_t i = 0; i < reader->n_leaves; i++)
        DWI_TRY(of_leaf(
            reader, i,
            dwi_leaf_reader_next(&reader->leaves[i], rows, last, reader->columns[i], err), err));
    DWI_TRY(dwi_projection_assemble(&reader->projection, reader->leaves, rows, batch, err));
    reader->batch_row = reader->group_row + reader->pos;
    reader->pos += rows;
done:
    return status;
}

/* To the next row group that has selected rows; false: there is none. */
static bool next_group(dwi_parquet_reader *reader)
{
    const dwi_footer *footer = &reader->footer;

    if (reader->group_open)
        reader->group_row += footer->row_groups[reader->group++].num_rows;
    reader->group_open = false;
    for (; reader->group < footer->n_row_groups; reader->group++) {
        dwi_row_range rows = selected(reader);
        if (!reader->skipped[reader->group] && rows.first < rows.end)
            return true;
        reader->group_row += footer->row_groups[reader->group].num_rows;
    }
    return false;
}

/* Rows of the open or next row group that has some; 0 rows at the end. */
static dw_status next_rows(dwi_parquet_reader *reader, int64_t max_rows, dwi_column *batch,
                           dw_error *err)
{
    const dwi_row_range *range;
    dw_status status;

    for (;;) {
        const dwi_row_ranges *ranges = &reader->plan.ranges;
        if (reader->group_open && reader->range < ranges->n &&
            reader->pos == ranges->items[reader->range].end)
            reader->range++;
        if (reader->group_open && reader->range < ranges->n)
            break;
        if (!next_group(reader))
            return DW_OK;
        status = open_group(reader, err);
        if (status != DW_OK)
            return status;
    }
    range = &reader->plan.ranges.items[reader->range];
    if (reader->pos < range->first)
        reader->pos = range->first;
    if (max_rows > reader->most_rows)
        max_rows = reader->most_rows;
    if (max_rows > range->end - reader->pos)
        max_rows = range->end - reader->pos;
    return read_batch(reader, max_rows, batch, err);
}

int64_t dwi_parquet_reader_row(const dwi_parquet_reader *reader)
{
    return reader->batch_row;
}

dw_status dwi_parquet_reader_next(dwi_parquet_reader *reader, int64_t max_rows, dwi_column *batch,
                                  dw_error *err)
{
    dw_status status = DW_OK;

    assert(max_rows > 0);
    dwi_column_clear(batch);
    if (reader->broken != DW_OK)
        return dwi_err(err, reader->broken, "%s: an earlier read failed", reader->file.source.name);
    if (reader->type == NULL)
        DWI_TRY(dwi_parquet_reader_project(reader, NULL, err));
    status = next_rows(reader, max_rows, batch, err);
    if (status != DW_OK) {
        status = dwi_memory_budget_status(&reader->budget, status, err);
        status = dwi_err_prefix(err, status, "%s: row group %zu", reader->file.source.name,
                                reader->group);
        reader->broken = status;
        dwi_column_clear(batch);
    }
done:
    return status;
}
