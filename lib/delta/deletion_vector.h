/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion vectors: which rows of a data file are gone.
 * Spec: Delta PROTOCOL.md, "Deletion Vectors"; RoaringFormatSpec (portable, 64-bit). */
#ifndef DWI_DELTA_DELETION_VECTOR_H
#define DWI_DELTA_DELETION_VECTOR_H

#include "delta/action.h"
#include "delta/log.h"

/* Read the vector of `dv` into a bitmap of `rows` bits (bit set: row deleted), zeroed by the
 * caller. DW_E_CORRUPT: malformed, wrong checksum or cardinality, or a row that the file does not
 * have. */
dw_status dwi_deletion_vector_read(const dwi_log *log, const dwi_dv *dv, int64_t rows,
                                   uint8_t *bitmap, dw_error *err);

/* The key of the file that a vector is in, not for one that is inline. DW_E_UNSUPPORTED: out of the
 * store, or an unknown kind. Free with dwi_cstr_free(). */
dw_status dwi_deletion_vector_key(const dwi_log *log, const dwi_dv *dv, char **out, dw_error *err);

/* Set the bits of a serialized vector: for dwi_deletion_vector_read() and tests. */
dw_status dwi_deletion_vector_decode(dw_bytes data, int64_t rows, uint8_t *bitmap,
                                     int64_t *out_cardinality, dw_error *err);

#endif
