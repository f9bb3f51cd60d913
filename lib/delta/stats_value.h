/* SPDX-License-Identifier: Apache-2.0 */
/* One bound of add.stats as JSON text. Spec: Delta PROTOCOL.md, "Per-file Statistics", and
 * "Partition Value Serialization" for the forms of dates and timestamps. */
#ifndef DWI_DELTA_STATS_VALUE_H
#define DWI_DELTA_STATS_VALUE_H

#include "base/buf.h"
#include "parquet/parquet_writer.h"

/* True, and the text appended to `out`, when `leaf` has a lower (upper) bound that readers may skip
 * by; false, and nothing appended, when it must be left out. */
bool dwi_stats_append_min(dwi_buf *out, const dwi_leaf_stats *leaf, size_t string_prefix);
bool dwi_stats_append_max(dwi_buf *out, const dwi_leaf_stats *leaf, size_t string_prefix);

/* Exact decimal text of a 16-byte little-endian two's complement value, all digits of the scale. */
void dwi_append_decimal(dwi_buf *out, const void *value, int scale);

#endif
