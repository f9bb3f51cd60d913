/* SPDX-License-Identifier: Apache-2.0 */
/* One leaf column: its pages' levels and values become rows of a dwi_column, and its levels are
 * kept for the structs and lists above it.
 * Spec: apache/parquet-format README.md, "Nested Encoding". */
#ifndef DWI_PARQUET_LEAF_READER_H
#define DWI_PARQUET_LEAF_READER_H

#include "columns/vec.h"
#include "parquet/convert.h"
#include "parquet/page_index_read.h"
#include "parquet/value_reader.h"

/* What the leaves of a file share; one of them works at a time. */
typedef struct dwi_leaf_shared {
    const dw_allocator *alloc;
    size_t batch_bytes; /* the most a batch may take */
    size_t budget;      /* bytes the open batch may still take */
    dwi_value_scratch scratch;
} dwi_leaf_shared;

/* The values of a dictionary page, converted already. */
typedef struct dwi_dictionary {
    bool present;
    size_t count;
    dwi_buf values;  /* fixed width; bytes of booleans */
    dwi_buf offsets; /* string, binary: count + 1 of uint32_t */
    dwi_buf data;
} dwi_dictionary;

typedef struct dwi_leaf_reader {
    const dwi_parquet_node *node;
    dwi_leaf_shared *shared;
    const dwi_type *type; /* NULL: only its levels are wanted */
    dwi_convert convert;
    bool skip_values; /* only its levels are wanted */
    bool keep_levels;
    int max_rep;
    int max_def;
    uint8_t elem_def[DWI_PARQUET_MAX_DEPTH + 1]; /* by repetition level: what its element needs */
    dwi_page_reader pages;
    dwi_value_reader values;
    dwi_dictionary dictionary;
    dwi_rle_reader rep;
    dwi_rle_reader def;
    const dwi_footer_chunk *chunk;
    const dwi_offset_index *index;        /* NULL: pages are read one after the other */
    int64_t group_rows;                   /* rows of the row group */
    int64_t row;                          /* the next one to be read, in the row group */
    int64_t page_rows;                    /* of the page sought, -1: not known */
    dwi_column discarded;                 /* values of rows passed over */
    int64_t page_left;                    /* levels of the open page that are not decoded yet */
    int64_t chunk_left;                   /* levels of the chunk beyond the open page */
    uint8_t last_def;                     /* of the level decoded last */
    uint8_t pending_rep[DWI_VALUE_CHUNK]; /* decoded levels, pending_pos.. not consumed yet */
    uint8_t pending_def[DWI_VALUE_CHUNK];
    size_t pending_pos;
    size_t pending_len;
    dwi_buf kept_rep; /* levels of the batch */
    dwi_buf kept_def;
} dwi_leaf_reader;

/* `node` is a leaf. `type` NULL: only its levels are wanted. Errors as dwi_convert_find(). */
dw_status dwi_leaf_reader_init(dwi_leaf_reader *leaf, const dwi_parquet_node *node,
                               const dwi_type *type, dwi_leaf_shared *shared,
                               const dwi_file_view *file, dwi_codec_ctx *codecs, size_t piece,
                               dw_error *err);
void dwi_leaf_reader_done(dwi_leaf_reader *leaf); /* a zeroed one too */
/* Start with the chunk of a row group of `rows` rows; its range is within the file. `index` NULL or
 * absent: there is none. It lives as long as the chunk is read. */
dw_status dwi_leaf_reader_open(dwi_leaf_reader *leaf, const dwi_footer_chunk *chunk, int64_t rows,
                               const dwi_offset_index *index, dw_error *err);
/* Go on to a later row of the row group, past pages that need not be read. */
dw_status dwi_leaf_reader_seek(dwi_leaf_reader *leaf, int64_t row, dw_error *err);
/* Append the slots of the next `rows` rows to `column` (NULL: levels only). `last`: the row group
 * ends with them. Messages start with "column PATH". */
dw_status dwi_leaf_reader_next(dwi_leaf_reader *leaf, int64_t rows, bool last, dwi_column *column,
                               dw_error *err);
/* Room for `more` bytes in a buffer of the batch, within its budget; `node` is for the message. */
dw_status dwi_leaf_room(dwi_leaf_shared *shared, const dwi_parquet_node *node, dwi_buf *buf,
                        size_t more, dw_error *err);

#endif
