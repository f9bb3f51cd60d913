/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the Parquet writer: a file in memory, and its footer read back field by field. */
#ifndef DWT_MEMORY_FILE_H
#define DWT_MEMORY_FILE_H

#include "harness.h"
#include "parquet/parquet_writer.h"
#include "thrift/compact.h"

#define FIELD(text, of, may_be_null, id)                                                           \
    {                                                                                              \
        {(text), sizeof(text) - 1}, (of), (may_be_null), (id),                                     \
        {                                                                                          \
            "{}", 2                                                                                \
        }                                                                                          \
    }
#define ROW(list)                                                                                  \
    {                                                                                              \
        .kind = DWI_STRUCT, .n_fields = sizeof(list) / sizeof((list)[0]), .fields = (list)         \
    }

typedef struct memory_file {
    dwi_buf bytes;
    int64_t fail_after; /* -1: never */
} memory_file;

void memory_file_init(memory_file *file);
/* A sink's function. */
dw_status to_memory(void *ctx, const void *data, size_t len, dw_error *err);
/* Initialises the file too. */
dwi_parquet_writer *open_writer(const dwi_type *type, const dwi_parquet_write_options *opts,
                                memory_file *file);
void append(dwi_parquet_writer *w, const dwi_type *type, const dwi_vec *column);
void finish(dwi_parquet_writer *w);
void fill_random(int64_t *values, size_t n);

/* Enter field `id` of the struct the reader is in; fails the test when it is not there. */
dwi_thrift_type seek_field(dwi_tr *r, int16_t id);
void open_footer(const memory_file *file, dwi_tr *r);
/* Stand in ColumnChunk `column` of row group `group`. */
void open_chunk(const memory_file *file, size_t group, size_t column, dwi_tr *r);
size_t count_row_groups(const memory_file *file);

#endif
