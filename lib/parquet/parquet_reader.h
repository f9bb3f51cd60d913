/* SPDX-License-Identifier: Apache-2.0 */
/* Parquet reader over a byte source: footer, projection, selection of rows, batches as columns.
 * Hostile input is met with DW_E_CORRUPT; every length, count, offset, depth and decompressed size
 * is checked before memory is taken. Errors name file, row group, column and page.
 *
 * Rows are left out in three ways, which add up: whole row groups (dwi_parquet_reader_skip()), an
 * exact range of rows (dwi_parquet_reader_select_rows()), and row groups and pages that a filter
 * rules out (dwi_parquet_reader_filter()). What is left comes in the order of the file. */
#ifndef DWI_PARQUET_PARQUET_READER_H
#define DWI_PARQUET_PARQUET_READER_H

#include "columns/vec.h"

typedef struct dwi_parquet_reader dwi_parquet_reader;

/* Random access to the file. `size` in bytes; read fills all of `len` bytes or fails. */
typedef struct dwi_parquet_source {
    void *ctx;
    int64_t size;
    const char *name; /* for errors; borrowed until the reader is freed */
    dw_status (*read)(void *ctx, int64_t offset, size_t len, void *out, dw_error *err);
} dwi_parquet_source;

/* Zero means the default. */
typedef struct dwi_parquet_read_options {
    /* The most that the reader takes for footer, pages, dictionaries and what is read ahead, and
     * once more for a batch; 0: 1 GiB. Beyond it calls fail with DW_E_NOMEM and name it. */
    size_t memory_bytes;
    bool ignore_checksums; /* those of pages are checked otherwise, where there are any */
    /* Look through INT96 columns at opening: one whose values do not all fit 64 bits of nanoseconds
     * is timestamp_ntz (microseconds) in dwi_parquet_reader_type() then. */
    bool settle_int96;
} dwi_parquet_read_options;

/* Reads the footer: one read of the file's last 64 KiB, a second one only for a longer footer.
 * `options` NULL: the defaults. */
dw_status dwi_parquet_reader_open(const dw_allocator *alloc, dwi_parquet_source source,
                                  dwi_parquet_reader **out, dw_error *err);
dw_status dwi_parquet_reader_open_with(const dw_allocator *alloc, dwi_parquet_source source,
                                       const dwi_parquet_read_options *options,
                                       dwi_parquet_reader **out, dw_error *err);
void dwi_parquet_reader_free(dwi_parquet_reader *reader); /* NULL too */

/* The file's schema as our types, each leaf in the one that holds its values exactly (fields with
 * field_id); lives as long as the reader. INT96 is timestamp_ntz_ns. A column without a type of
 * ours, a decimal of more than 38 digits, has type void and cannot be read. */
const dwi_type *dwi_parquet_reader_type(const dwi_parquet_reader *reader);
int64_t dwi_parquet_reader_rows(const dwi_parquet_reader *reader);
size_t dwi_parquet_reader_row_groups(const dwi_parquet_reader *reader);
/* All that was read of the footer; lives as long as the reader. */
const struct dwi_footer *dwi_parquet_reader_footer(const dwi_parquet_reader *reader);
const struct dwi_schema_tree *dwi_parquet_reader_tree(const dwi_parquet_reader *reader);
/* Value of a footer key, ptr NULL when absent. */
dwi_sv dwi_parquet_reader_metadata(const dwi_parquet_reader *reader, dwi_sv key);

/* Choose what to read: `type` is a struct whose fields (at every level of structs) are matched with
 * the file's by exact name. The batches have exactly this type, whatever the file's: columns and
 * nested fields that the file lacks are null; values are converted where nothing is lost (INT32 to
 * long, float to double, decimals to a wider scale, date to timestamp_ntz, string to binary, INT96
 * and any timestamp unit to microseconds). `type` must outlive the reader. NULL: all of the file.
 * DW_E_UNSUPPORTED (names column and what is not supported), DW_E_SCHEMA (a type that does not
 * fit). */
dw_status dwi_parquet_reader_project(dwi_parquet_reader *reader, const dwi_type *type,
                                     dw_error *err);

/* True when the statistics prove that the column (dotted path of the file, e.g. "txn.appId") is
 * null in all rows of the row group. */
bool dwi_parquet_reader_all_null(const dwi_parquet_reader *reader, size_t row_group, dwi_sv path);
/* Leave a row group out of what next() gives. */
void dwi_parquet_reader_skip(dwi_parquet_reader *reader, size_t row_group);

/* Rows first .. first + count of the file alone; those that it does not have are none. With an
 * offset index pages before and after are not read. Before the first next(). */
void dwi_parquet_reader_select_rows(dwi_parquet_reader *reader, int64_t first, int64_t count);

typedef enum dwi_compare_op {
    DWI_COMPARE_LT,
    DWI_COMPARE_LE,
    DWI_COMPARE_EQ,
    DWI_COMPARE_GE,
    DWI_COMPARE_GT,
    DWI_COMPARE_IN, /* equal to any of the values */
    DWI_COMPARE_IS_NULL,
    DWI_COMPARE_IS_NOT_NULL
} dwi_compare_op;

/* One comparison with a leaf column. Values are as a column of `type` holds one: fixed width as its
 * bytes (a boolean as one byte), text and bytes as they are. The column's values count as converted
 * to `type`, as dwi_parquet_reader_project() would. */
typedef struct dwi_comparison {
    dwi_sv path;          /* dotted, in the file */
    const dwi_type *type; /* NULL for the two without values */
    dwi_compare_op op;
    size_t n_values; /* 1, or any number for IN */
    const dwi_sv *values;
} dwi_comparison;

/* Leave out what cannot pass all of `comparisons`: row groups by statistics and Bloom filters,
 * pages by the column index. Rows that come may pass or not: it is for the caller to look at each.
 * A column that the file lacks is null; null passes IS_NULL alone and NaN nothing. Statistics that
 * are not to be trusted rule nothing out (parquet/predicate.h). `comparisons` are copied. Before
 * the first next(). DW_E_SCHEMA, DW_E_UNSUPPORTED (the column is of another type). */
dw_status dwi_parquet_reader_filter(dwi_parquet_reader *reader, const dwi_comparison *comparisons,
                                    size_t n, dw_error *err);

/* Replace the content of `batch` (a struct column of the projected type, made with
 * dwi_column_init()) by the next rows, at most `max_rows`; 0 rows at the end. The rows of one batch
 * follow each other in the file; of large rows there are fewer. Memory: the open pages of the
 * projected columns and what is read ahead of them, about 32 MiB. */
dw_status dwi_parquet_reader_next(dwi_parquet_reader *reader, int64_t max_rows, dwi_column *batch,
                                  dw_error *err);
/* The number in the file of the first row of the last batch. */
int64_t dwi_parquet_reader_row(const dwi_parquet_reader *reader);

#endif
