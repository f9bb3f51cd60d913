/* SPDX-License-Identifier: Apache-2.0 */
/* One column chunk while it is written: the open page, the dictionary, the finished pages.
 *
 * 1. A chunk starts with a dictionary where the options say so. The first page with values judges
 *    it: if indices and dictionary are no smaller than the values in the column's own encoding, and
 *    the repetitions so far do not promise that the dictionary of all rows stays within its limit,
 *    the page and all after it are in that encoding and there is no dictionary. Nor is there one of
 *    numbers in runs, as in a sorted column, where pages are compressed.
 * 2. When the dictionary passes its limit, the open page is closed as it is and the rest is in the
 *    column's encoding. A dictionary that has saved half of the bytes may grow to
 *    DWI_PQW_DICT_STRETCH limits, but for one of numbers whose pages are compressed: so many
 *    different numbers are often in order, and then smaller without. One of numbers that are not
 *    compressed may grow as far where its repetitions promise that it will have paid once there
 *    are as many values again.
 * 3. Pages end between rows.
 * 4. Levels are kept only from the first null of a page on; before it they are all the highest.
 * 5. Values outside the dictionary are gathered in PLAIN form, whatever the page's encoding. */
#ifndef DWI_PARQUET_COLUMN_WRITER_H
#define DWI_PARQUET_COLUMN_WRITER_H

#include "codec/codec.h"
#include "parquet/bloom_filter.h"
#include "parquet/bounds.h"
#include "parquet/dict_encode.h"
#include "parquet/page_store.h"
#include "parquet/shred.h"
#include "parquet/write_options.h"

enum { DWI_PQW_DICT_STRETCH = 4 };

/* What the columns share that one thread works on, one after the other. */
typedef struct dwi_pqw_shared {
    const dw_allocator *alloc;
    int page_version;
    bool page_checksums;
    bool size_statistics;
    size_t page_bytes;
    size_t page_rows;
    size_t bound_bytes;
    dwi_codec_ctx *codec_ctx;
    dwi_shred_scratch shred;
    dwi_buf dense;    /* values of a slice in their physical form, nulls left out */
    dwi_buf decimals; /* dwi_i128: the same for bounds of decimals */
    dwi_buf seen;     /* a byte a dictionary entry */
    dwi_buf body;     /* a page before compression, or its levels alone */
    dwi_buf header;
    dwi_buf packed;  /* a compressed body */
    dwi_buf scratch; /* of encoders */
    /* Of a page that has ended, for the next one of any column: still in the cache. */
    dwi_buf spare_values;
    dwi_buf spare_indices;
    dwi_page_store pages;
} dwi_pqw_shared;

typedef struct dwi_pqw_page {
    uint8_t *data; /* header and body, in the page store */
    size_t len;
    size_t raw_len; /* header and uncompressed body */
    size_t rows;
    size_t nulls;
    size_t nans;
    int64_t unencoded_bytes; /* of byte arrays, without their lengths */
    bool all_null;
    bool has_min;
    bool has_max;
    size_t min_len; /* in the chunk's bound_text, the minimum first */
    size_t max_len;
} dwi_pqw_page;

typedef struct dwi_pqw_column {
    const dwi_pqw_leaf *leaf;
    const dwi_pqw_leaf_options *options;
    dwi_pqw_shared *shared; /* of the thread that works on it */

    /* The open page. */
    size_t rows;
    size_t entries;
    size_t n_values;
    dwi_buf def; /* bitmap for max_def 1 without repetition, else bytes; empty while none is null */
    dwi_buf rep;
    size_t def_bits;     /* in the bitmap */
    dwi_buf values;      /* PLAIN, from values_start on; what is before has room for the levels */
    size_t values_start; /* 0 for booleans */
    dwi_buf indices;     /* uint32_t, while there is a dictionary */
    size_t plain_bytes;  /* what the page's values take in PLAIN */
    dwi_bounds page_bounds;

    /* The chunk. */
    bool dict_on;
    bool dict_judged;
    dwi_dict dict;
    bool effort_judged[2]; /* compression: pages without dictionary, and with it */
    dwi_effort effort[2];
    dwi_pqw_page dict_page; /* data NULL: none */
    dwi_buf pages;          /* dwi_pqw_page */
    dwi_buf bound_text;
    dwi_buf histograms; /* size_stats.h */
    size_t closed_bytes;
    size_t dict_plain_bytes; /* what the values of finished dictionary pages take in PLAIN */
    size_t n_dict_pages;
    size_t n_own_pages;   /* without dictionary, in the encoding of the options */
    size_t n_plain_pages; /* without dictionary, in PLAIN where the options say another */
    dwi_bloom bloom;
    int64_t chunk_entries;
    int64_t chunk_nulls;
    dwi_bounds chunk_bounds;

    /* The file. */
    int64_t file_nulls;
    dwi_bounds file_bounds;
    uint8_t stat_values[2][DWI_BOUNDS_FIXED]; /* what leaf statistics point at */
} dwi_pqw_column;

/* Settings are the caller's to fill in. */
dw_status dwi_pqw_shared_init(dwi_pqw_shared *shared, const dw_allocator *alloc, dw_error *err);
void dwi_pqw_shared_done(dwi_pqw_shared *shared); /* a zeroed one too */
size_t dwi_pqw_shared_bytes(const dwi_pqw_shared *shared);

void dwi_pqw_column_init(dwi_pqw_column *column, const dwi_pqw_leaf *leaf,
                         const dwi_pqw_leaf_options *options, dwi_pqw_shared *shared);
void dwi_pqw_column_done(dwi_pqw_column *column); /* a zeroed one too */

/* Rows [first, first + count) of the struct vector; closes pages on the way. */
dw_status dwi_pqw_column_append(dwi_pqw_column *column, const dwi_vec *rows, int64_t first,
                                size_t count, dw_error *err);
/* Close the open page, make the dictionary page and the Bloom filter. */
dw_status dwi_pqw_column_close_chunk(dwi_pqw_column *column, dw_error *err);
/* Bytes of a value's PLAIN form; 0: it has a length in front, or is a bit. */
size_t dwi_pqw_plain_width(const dwi_pqw_leaf *leaf);
/* Room for `more` bytes of PLAIN values behind those of the page; NULL when out of memory. They
 * count once column->values.len is moved on. */
uint8_t *dwi_pqw_column_plain_room(dwi_pqw_column *column, size_t more);
/* The open page's values and indices are not needed any more. */
void dwi_pqw_column_forget_values(dwi_pqw_column *column);
/* PLAIN bytes in the open page. */
static inline size_t dwi_pqw_column_plain_len(const dwi_pqw_column *column)
{
    return column->values.len == 0 ? 0 : column->values.len - column->values_start;
}

/* Forget the chunk, keep the file's statistics and the memory but for that of a Bloom filter. */
void dwi_pqw_column_next_chunk(dwi_pqw_column *column);

static inline size_t dwi_pqw_column_pages(const dwi_pqw_column *column)
{
    return column->pages.len / sizeof(dwi_pqw_page);
}
dwi_pqw_page *dwi_pqw_column_page(const dwi_pqw_column *column, size_t i);

/* Upper bound of what the chunk so far will take, and bytes of memory it holds. */
size_t dwi_pqw_column_encoded_bytes(const dwi_pqw_column *column);
size_t dwi_pqw_column_memory(const dwi_pqw_column *column);

#endif
