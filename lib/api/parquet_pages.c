/* SPDX-License-Identifier: Apache-2.0 */
#include "api/parquet_pages.h"

enum { PIECE_BYTES = 64 * 1024, MAX_INDEX_BYTES = 64 << 20 };

dw_status dwi_page_walk_init(dwi_page_walk *walk, const dw_parquet_reader *reader, dw_error *err)
{
    memset(walk, 0, sizeof(*walk));
    dwi_file_view_init(&walk->file, reader->source, reader->alloc);
    dwi_page_reader_init(&walk->pages, reader->alloc, &walk->file, NULL, 0, 0, PIECE_BYTES);
    return dwi_codec_ctx_new(reader->alloc, &walk->codecs, err);
}

void dwi_page_walk_done(dwi_page_walk *walk)
{
    dwi_page_reader_done(&walk->pages);
    dwi_file_view_done(&walk->file);
    dwi_codec_ctx_free(walk->codecs);
}

static bool within(const dw_parquet_reader *reader, int64_t offset, int64_t bytes)
{
    int64_t end = reader->source.size - DWI_FILE_TRAILER_BYTES;

    return bytes >= 0 && offset >= 0 && bytes <= end && offset <= end - bytes;
}

dw_status dwi_page_walk_open(dwi_page_walk *walk, const dwi_footer_chunk *chunk, dw_error *err)
{
    int64_t end = walk->file.source.size - DWI_FILE_TRAILER_BYTES;

    if (chunk->bytes > end || chunk->offset > end - chunk->bytes)
        return dwi_err(err, DW_E_CORRUPT, "its chunk is beyond the end of the file");
    dwi_page_reader_open(&walk->pages, chunk);
    return DW_OK;
}

/* A part of the file in the arena; *out NULL when there is none of a size that can be. */
static dw_status load_range(const dw_parquet_reader *reader, dwi_arena *arena,
                            dwi_footer_range range, void **out, dw_error *err)
{
    *out = NULL;
    if (range.bytes <= 0 || range.bytes > MAX_INDEX_BYTES ||
        !within(reader, range.offset, range.bytes))
        return DW_OK;
    *out = dwi_arena_alloc(arena, (size_t)range.bytes);
    if (*out == NULL)
        return dwi_err_nomem(err);
    return reader->source.read(reader->source.ctx, range.offset, (size_t)range.bytes, *out, err);
}

dw_status dwi_page_index_load(const dw_parquet_reader *reader, dwi_arena *arena,
                              const dwi_footer_chunk *chunk, int64_t rows,
                              dwi_offset_index *offsets, dwi_column_index *bounds, dw_error *err)
{
    void *data = NULL;
    dw_status status;

    memset(offsets, 0, sizeof(*offsets));
    memset(bounds, 0, sizeof(*bounds));
    DWI_TRY(load_range(reader, arena, chunk->offset_index, &data, err));
    if (data != NULL)
        DWI_TRY(dwi_offset_index_read(arena, data, (size_t)chunk->offset_index.bytes, chunk, rows,
                                      offsets, err));
    DWI_TRY(load_range(reader, arena, chunk->column_index, &data, err));
    if (data != NULL && offsets->n_pages > 0)
        DWI_TRY(dwi_column_index_read(arena, data, (size_t)chunk->column_index.bytes,
                                      offsets->n_pages, bounds, err));
done:
    return status;
}
