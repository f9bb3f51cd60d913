/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion vectors to be: a bitmap of a file's rows in the portable roaring format, several of them
 * packed into one object of the store.
 * Spec: Delta PROTOCOL.md, "Deletion Vector Format"; RoaringFormatSpec. */
#ifndef DWI_DELTA_VECTOR_WRITE_H
#define DWI_DELTA_VECTOR_WRITE_H

#include "delta/action.h"
#include "delta/log.h"

/* Append the vector of a bitmap of `rows` bits (bit set: row deleted): what deletion vectors are
 * inside, without size and checksum. Each 65,536 rows take the smallest of three forms. */
void dwi_vector_append(dwi_buf *out, const uint8_t *bitmap, int64_t rows);

typedef struct dwi_vector_file dwi_vector_file;

/* An object in the making, which is not in the store before dwi_vector_file_finish(). `log` is
 * borrowed. */
dw_status dwi_vector_file_new(const dwi_log *log, dwi_vector_file **out, dw_error *err);
void dwi_vector_file_free(dwi_vector_file *file); /* NULL too; an object in the store stays */
/* Add a vector; texts of *out live in `arena`. */
dw_status dwi_vector_file_add(dwi_vector_file *file, dwi_arena *arena, const uint8_t *bitmap,
                              int64_t rows, dwi_dv *out, dw_error *err);
/* Bytes so far; 0: it has no vector. */
size_t dwi_vector_file_bytes(const dwi_vector_file *file);
dw_status dwi_vector_file_finish(dwi_vector_file *file, dw_error *err);
/* Take the object from the store again, as far as it lets. */
void dwi_vector_file_remove(const dwi_vector_file *file);

#endif
