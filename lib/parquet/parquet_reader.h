/* SPDX-License-Identifier: Apache-2.0 */
/* Parquet reader over a byte source: footer, projection, row-group skipping, batches as columns.
 * Hostile input is met with DW_E_CORRUPT; every length, count, offset, depth and decompressed size
 * is checked before memory is taken. Errors name file, row group, column and page. */
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

/* Reads the footer: one read of the file's last 64 KiB, a second one only for a longer footer. */
dw_status dwi_parquet_reader_open(const dw_allocator *alloc, dwi_parquet_source source,
                                  dwi_parquet_reader **out, dw_error *err);
void dwi_parquet_reader_free(dwi_parquet_reader *reader); /* NULL too */

/* The file's schema as our types (fields with field_id); lives as long as the reader. A column
 * without such a type (see dwi_parquet_reader_project()) has type void here. */
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

/* Replace the content of `batch` (a struct column of the projected type, made with
 * dwi_column_init()) by the next rows, at most `max_rows`; 0 rows at the end. Memory: the open
 * pages of the projected columns and their compressed chunks' read buffers. */
dw_status dwi_parquet_reader_next(dwi_parquet_reader *reader, int64_t max_rows, dwi_column *batch,
                                  dw_error *err);

#endif
