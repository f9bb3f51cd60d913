/* SPDX-License-Identifier: Apache-2.0 */
/* One data file in the making: rows in, Parquet bytes out to the store as they are finished, and at
 * the end the `add` action that publishes it. A small file becomes one PUT, a large one a streaming
 * upload; until finish() returns DW_OK readers and listings see nothing.
 *
 * Memory: the Parquet writer's row group and at most one chunk of finished bytes. */
#ifndef DWI_DELTA_DATA_FILE_H
#define DWI_DELTA_DATA_FILE_H

#include "delta/file_layout.h"

typedef struct dwi_data_file dwi_data_file;

typedef struct dwi_data_file_options {
    int32_t compression;     /* DW_COMPRESSION_*; the default asks the table's property */
    int32_t level;           /* zstd, 0: 1 */
    int64_t row_group_bytes; /* 0: the Parquet writer's default */
    int encode_threads;      /* the caller's too; 0: 1 */
    bool change_data;        /* below _change_data: a file of changes, not of rows of the table */
} dwi_data_file_options;

/* A file of `layout`, which must outlive it, for rows of one partition: `values` are its
 * partitionValues, by physical name, and `directory` the place of the file below the table as the
 * store sees it ("", or ending in '/'); both are copied. `state` gives the table's properties and
 * is not kept. DW_E_UNSUPPORTED names a column that has no Parquet form. */
dw_status dwi_data_file_new(const dwi_log *log, const dwi_state *state,
                            const dwi_file_layout *layout, dwi_kvs values, dwi_sv directory,
                            const dwi_data_file_options *opts, dwi_data_file **out, dw_error *err);
void dwi_data_file_free(dwi_data_file *file); /* NULL too; an unfinished upload is aborted */

/* Rows as dwi_file_layout_project() gives them. After an error the file can only be freed. */
dw_status dwi_data_file_append(dwi_data_file *file, const dwi_vec *rows, dw_error *err);

/* Write the footer: what publishes the file once it is sent. Everything in *out lives in
 * `arena`. */
dw_status dwi_data_file_close(dwi_data_file *file, dwi_arena *arena, dwi_add *out, dw_error *err);
/* End the upload of a closed file: it is durable. Any thread, one at a time. */
dw_status dwi_data_file_send(dwi_data_file *file, dw_error *err);

/* Delete a finished file from the store, as far as it lets. */
void dwi_data_file_remove(const dwi_data_file *file);

int64_t dwi_data_file_rows(const dwi_data_file *file);
int64_t dwi_data_file_bytes(const dwi_data_file *file);          /* the file's size if ended now */
int64_t dwi_data_file_buffered_bytes(const dwi_data_file *file); /* in memory */

#endif
