/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of one column chunk: bounded reads, page headers, checksums, decompression.
 * Spec: apache/parquet-format README.md, "Data Pages"; parquet.thrift, PageHeader.
 *
 * A page lives until the next one is asked for. Lengths of a page are within its bytes. */
#ifndef DWI_PARQUET_PAGE_READER_H
#define DWI_PARQUET_PAGE_READER_H

#include "codec/codec.h"
#include "parquet/file_view.h"

/* Largest page after decompression. */
#define DWI_PAGE_MAX_BYTES (INT64_C(1) << 30)

typedef struct dwi_page {
    dwi_parquet_page type;
    int encoding; /* dwi_parquet_encoding of the values */
    int64_t num_values;
    const uint8_t *rep; /* repetition levels; NULL when the column has none */
    size_t rep_len;
    int rep_encoding; /* RLE or BIT_PACKED */
    const uint8_t *def;
    size_t def_len;
    int def_encoding;
    const uint8_t *values;
    size_t values_len;
} dwi_page;

typedef struct dwi_page_reader {
    const dwi_file_view *file;
    dwi_codec_ctx *codecs;
    bool ignore_checksums;
    int codec;
    int max_rep;
    int max_def;
    size_t piece;   /* bytes of one read */
    int64_t pos;    /* file offset of what comes next */
    int64_t end;    /* of the chunk */
    int64_t limit;  /* of its last page: a little further, see END_SLACK */
    int64_t index;  /* of the open page in the chunk, -1 before the first */
    int64_t pass;   /* so many values may be passed over, in whole data pages */
    dwi_buf window; /* bytes of the file from window_offset on */
    int64_t window_offset;
    dwi_buf page; /* decompressed */
} dwi_page_reader;

void dwi_page_reader_init(dwi_page_reader *r, const dw_allocator *alloc, const dwi_file_view *file,
                          dwi_codec_ctx *codecs, int max_rep, int max_def, size_t piece);
void dwi_page_reader_done(dwi_page_reader *r); /* a zeroed one too */
/* Start with a chunk; its range is within the file. */
void dwi_page_reader_open(dwi_page_reader *r, const dwi_footer_chunk *chunk);
/* Go on at the header of another page, further on in the chunk; `index` is its number. */
void dwi_page_reader_seek(dwi_page_reader *r, int64_t offset, int64_t index);
/* The next data or dictionary page, data pages of up to r->pass values passed over before it;
 * *out_end when there is none. Messages start with "page N". DW_E_CORRUPT, DW_E_UNSUPPORTED
 * (codec), DW_E_NOMEM and the source's errors. */
dw_status dwi_page_reader_next(dwi_page_reader *r, dwi_page *out, bool *out_end, dw_error *err);

/* A page by its header alone. */
typedef struct dwi_page_info {
    int type;       /* dwi_parquet_page, or a number we do not know */
    int encoding;   /* -1: of such a page nothing is known, also of num_values */
    int64_t offset; /* of its header */
    int64_t header_bytes;
    int64_t compressed;
    int64_t uncompressed;
    int64_t num_values;
    bool has_crc;
    uint32_t crc;
} dwi_page_info;

/* The next page of any type, which is passed over. Errors as dwi_page_reader_next(). */
dw_status dwi_page_reader_look(dwi_page_reader *r, dwi_page_info *out, bool *out_end,
                               dw_error *err);

#endif
