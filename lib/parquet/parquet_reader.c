/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/parquet_reader.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "parquet/projection.h"

enum {
    TAIL_BYTES = 64 * 1024,
    TRAILER_BYTES = 8, /* footer length and magic */
    /* A row group whose wanted chunks lie within so many bytes is read at once. */
    GROUP_BYTES = 1 << 20,
    /* Reads of larger ones: all columns together, and the least and most of one. */
    PIECES_BYTES = 8 << 20,
    MIN_PIECE = 64 * 1024,
    MAX_PIECE = 1 << 20
};

struct dwi_parquet_reader {
    const dw_allocator *alloc;
    dwi_file_view file;
    dwi_buf tail;
    dwi_buf group_bytes;
    dwi_arena arena;      /* footer and schema */
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
    size_t group;  /* open or next row group */
    bool group_open;
    int64_t group_left; /* rows */
    dw_status broken;   /* of an earlier read */
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

    if (size < 4 + TRAILER_BYTES)
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
    dwi_buf longer;
    dw_status status;

    dwi_buf_init(&longer, reader->alloc);
    DWI_TRY(read_tail(reader, err));
    trailer = reader->tail.data + reader->tail.len - TRAILER_BYTES;
    len = dwi_le32(trailer);
    if (memcmp(trailer + 4, "PARE", 4) == 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "encrypted footer"));
    if (memcmp(trailer + 4, "PAR1", 4) != 0)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "not a Parquet file: no magic number at its end"));
    if ((int64_t)len > size - 4 - TRAILER_BYTES)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "footer of %lu bytes is longer than the file",
                        (unsigned long)len));
    if (len > reader->tail.len - TRAILER_BYTES) {
        DWI_TRY(read_range(reader, size - TRAILER_BYTES - (int64_t)len, len, &longer, err));
        data = longer.data;
    } else {
        data = trailer - len;
    }
    DWI_TRY(dwi_footer_read(&reader->arena, data, len, &reader->footer, err));
    DWI_TRY(dwi_schema_tree_build(&reader->arena, &reader->footer, &reader->schema, err));
done:
    dwi_buf_done(&longer);
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
    dwi_buf_init(&reader->shared->scratch.bytes, reader->alloc);
    DWI_TRY(dwi_codec_ctx_new(reader->alloc, &reader->codecs, err));
done:
    return status;
}

dw_status dwi_parquet_reader_open(const dw_allocator *alloc, dwi_parquet_source source,
                                  dwi_parquet_reader **out, dw_error *err)
{
    dwi_parquet_reader *reader = dwi_alloc_zero(alloc, sizeof(*reader));
    dw_status status;

    if (reader == NULL)
        return dwi_err_nomem(err);
    reader->alloc = alloc;
    reader->file.source = source;
    dwi_buf_init(&reader->tail, alloc);
    dwi_buf_init(&reader->group_bytes, alloc);
    dwi_arena_init(&reader->arena, alloc);
    dwi_arena_init(&reader->plan_arena, alloc);
    status = open_reader(reader, err);
    if (status != DW_OK) {
        status = dwi_err_prefix(err, status, "%s", source.name);
        dwi_parquet_reader_free(reader);
        return status;
    }
    *out = reader;
    return DW_OK;
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
    if (reader == NULL)
        return;
    drop_projection(reader);
    if (reader->shared != NULL)
        dwi_buf_done(&reader->shared->scratch.bytes);
    dwi_free(reader->alloc, reader->shared, sizeof(*reader->shared));
    dwi_codec_ctx_free(reader->codecs);
    dwi_buf_done(&reader->tail);
    dwi_buf_done(&reader->group_bytes);
    dwi_arena_done(&reader->arena);
    dwi_free(reader->alloc, reader, sizeof(*reader));
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
    size_t piece = PIECES_BYTES / (n_leaves == 0 ? 1 : n_leaves);

    return piece < MIN_PIECE ? MIN_PIECE : piece > MAX_PIECE ? MAX_PIECE : piece;
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

static dw_status check_chunk(const dwi_parquet_reader *reader, const dwi_parquet_node *node,
                             const dwi_footer_chunk *chunk, int64_t rows, dw_error *err)
{
    char path[200];
    const char *why = NULL;

    if (chunk->bytes > reader->file.source.size - TRAILER_BYTES ||
        chunk->offset > reader->file.source.size - TRAILER_BYTES - chunk->bytes)
        why = "its chunk is beyond the end of the file";
    else if (node->rep == 0 ? chunk->num_values != rows : chunk->num_values < rows)
        why = "another number of rows than its row group";
    if (why == NULL || chunk->encrypted)
        return DW_OK;
    return dwi_err(err, DW_E_CORRUPT, "column %s: %s",
                   dwi_parquet_node_path(node, path, sizeof(path)), why);
}

/* Read the wanted chunks of a small row group with one read. */
static dw_status hold_group(dwi_parquet_reader *reader, const dwi_footer_row_group *group,
                            dw_error *err)
{
    int64_t start = INT64_MAX;
    int64_t end = 0;
    dw_status status;

    reader->file.group = (dwi_file_part){NULL, 0, 0};
    for (size_t i = 0; i < reader->n_leaves; i++) {
        const dwi_footer_chunk *chunk = &group->chunks[reader->leaves[i].node->first_leaf];
        if (chunk->encrypted || chunk->external)
            continue;
        start = chunk->offset < start ? chunk->offset : start;
        end = chunk->offset + chunk->bytes > end ? chunk->offset + chunk->bytes : end;
    }
    if (start >= end || end - start > GROUP_BYTES || start >= reader->file.tail.offset)
        return DW_OK;
    status = read_range(reader, start, (size_t)(end - start), &reader->group_bytes, err);
    if (status == DW_OK)
        reader->file.group =
            (dwi_file_part){reader->group_bytes.data, start, reader->group_bytes.len};
    return status;
}

static dw_status open_group(dwi_parquet_reader *reader, dw_error *err)
{
    const dwi_footer_row_group *group = &reader->footer.row_groups[reader->group];
    dw_status status;

    for (size_t i = 0; i < reader->n_leaves; i++) {
        dwi_leaf_reader *leaf = &reader->leaves[i];
        const dwi_footer_chunk *chunk = &group->chunks[leaf->node->first_leaf];
        DWI_TRY(check_chunk(reader, leaf->node, chunk, group->num_rows, err));
        DWI_TRY(dwi_leaf_reader_open(leaf, chunk, err));
    }
    DWI_TRY(hold_group(reader, group, err));
    reader->group_open = true;
    reader->group_left = group->num_rows;
done:
    return status;
}

static dw_status read_batch(dwi_parquet_reader *reader, int64_t rows, dwi_column *batch,
                            dw_error *err)
{
    bool last = rows == reader->group_left;
    dw_status status = DW_OK;

    memset(reader->columns, 0, reader->n_leaves * sizeof(dwi_column *));
    for (size_t i = 0; i < reader->projection.root.n_children; i++)
        dwi_projection_bind(&reader->projection.root.children[i], &batch->children[i],
                            reader->columns);
    reader->shared->budget = DWI_BATCH_MAX_BYTES;
    for (size_t i = 0; i < reader->n_leaves; i++)
        DWI_TRY(dwi_leaf_reader_next(&reader->leaves[i], rows, last, reader->columns[i], err));
    DWI_TRY(dwi_projection_assemble(&reader->projection, reader->leaves, rows, batch, err));
    reader->group_left -= rows;
done:
    return status;
}

/* Rows of the open or next row group that has some; 0 rows at the end. */
static dw_status next_rows(dwi_parquet_reader *reader, int64_t max_rows, dwi_column *batch,
                           dw_error *err)
{
    int64_t rows;
    dw_status status;

    while (!reader->group_open || reader->group_left == 0) {
        if (reader->group_open)
            reader->group++;
        reader->group_open = false;
        while (reader->group < reader->footer.n_row_groups &&
               (reader->skipped[reader->group] ||
                reader->footer.row_groups[reader->group].num_rows == 0))
            reader->group++;
        if (reader->group == reader->footer.n_row_groups)
            return DW_OK;
        status = open_group(reader, err);
        if (status != DW_OK)
            return status;
    }
    rows = reader->group_left < max_rows ? reader->group_left : max_rows;
    return read_batch(reader, rows, batch, err);
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
        status = dwi_err_prefix(err, status, "%s: row group %zu", reader->file.source.name,
                                reader->group);
        reader->broken = status;
        dwi_column_clear(batch);
    }
done:
    return status;
}
