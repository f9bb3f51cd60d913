/* SPDX-License-Identifier: Apache-2.0 */
/* Change data: rows of a version that were deleted, in files of their own below _change_data.
 * Spec: Delta PROTOCOL.md, "Change Data Files". */
#ifndef DWI_DELTA_CHANGE_DATA_H
#define DWI_DELTA_CHANGE_DATA_H

#include "delta/rewrite.h"

/* The table keeps change data (delta.enableChangeDataFeed). */
bool dwi_change_data_is_kept(const dwi_state *state);

/* Write the rows of a file that pass `where` (NULL: all) as a change of this kind, "delete" or
 * "insert". `out` is as
 * dwi_rewrite() leaves it; of its adds paths, partition values and sizes count. */
dw_status dwi_change_data_write(const dwi_log *log, dwi_state *state,
                                const dwi_data_files_options *opts, const dwi_add *file,
                                const dwi_where *where, const char *kind, dwi_rewritten *out,
                                dw_error *err);

#endif
