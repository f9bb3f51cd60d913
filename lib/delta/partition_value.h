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

#endif
