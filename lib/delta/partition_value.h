/* SPDX-License-Identifier: Apache-2.0 */
/* Values of partition columns as add.partitionValues holds them: text of a typed value.
 * Spec: Delta PROTOCOL.md, "Partition Value Serialization". */
#ifndef DWI_DELTA_PARTITION_VALUE_H
#define DWI_DELTA_PARTITION_VALUE_H

#include "columns/vec.h"

/* Append `count` rows of the value; ptr NULL and empty text are null. DW_E_CORRUPT: no such value
 * of the column's type. Timestamps without a zone count as UTC. */
dw_status dwi_partition_value_append(dwi_column *column, dwi_sv value, int64_t count,
                                     dw_error *err);

/* A value that is not null, of a type of fixed width or boolean (a byte); false: no such value. */
bool dwi_partition_value_parse(const dwi_type *type, dwi_sv value, uint64_t fixed[2]);

/* May a column of this type be one of partitions? Not what has parts, and neither void nor variant.
 */
bool dwi_partition_value_has_text(const dwi_type *type);

/* Append the text of row `row`; false, and nothing, for what partitionValues has as null: a null,
 * and text and bytes of length 0. Two values of one column are the same partition just when their
 * texts are equal. Bytes go as they are, and must be UTF-8 (the caller sees to that). */
bool dwi_partition_value_text(const dwi_vec *vec, int64_t row, dwi_buf *out);

#endif
