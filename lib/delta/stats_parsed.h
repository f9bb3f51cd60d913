/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics that a checkpoint holds as typed columns (add.stats_parsed) instead of JSON text.
 * Spec: Delta PROTOCOL.md, "Checkpoint Schema", "Per-file Statistics". */
#ifndef DWI_DELTA_STATS_PARSED_H
#define DWI_DELTA_STATS_PARSED_H

#include "columns/vec.h"

/* Append row `row` of a stats_parsed column (a struct, the row not null) as the JSON text of
 * add.stats. Nulls, and values that JSON cannot hold, are left out; timestamps are cut to
 * milliseconds, as the text form demands. */
void dwi_stats_parsed_append_json(dwi_buf *out, const dwi_vec *vec, int64_t row);

#endif
