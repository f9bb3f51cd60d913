/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of a file's column chunks: their headers one by one, and what the page index says. */
#ifndef DWI_API_PARQUET_PAGES_H
#define DWI_API_PARQUET_PAGES_H

#include "api/parquet_reader_impl.h"
#include "parquet/page_index_read.h"
#include "parquet/page_reader.h"
#include "parquet/schema_tree.h"

typedef struct dwi_page_walk {
    dwi_file_view file;
    dwi_codec_ctx *codecs;
    dwi_page_reader pages;
} dwi_page_walk;

dw_status dwi_page_walk_init(dwi_page_walk *walk, const dw_parquet_reader *reader, dw_error *err);
void dwi_page_walk_done(dwi_page_walk *walk); /* a zeroed one too */
/* Start with a chunk. DW_E_CORRUPT: it is beyond the end of the file. Then
 * dwi_page_reader_look(&walk->pages, ...). */
dw_status dwi_page_walk_open(dwi_page_walk *walk, const dwi_footer_chunk *chunk, dw_error *err);

/* The page index of a chunk of a row group of `rows`; what is absent or damaged has no pages. All
 * is the arena's. */
dw_status dwi_page_index_load(const dw_parquet_reader *reader, dwi_arena *arena,
                              const dwi_footer_chunk *chunk, int64_t rows,
                              dwi_offset_index *offsets, dwi_column_index *bounds, dw_error *err);

#endif
