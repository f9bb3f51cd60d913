/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing through a table handle what an operation staged, and what follows from a commit:
 * the handle's state, the checksum file, a checkpoint and a clean log where they are due. */
#ifndef DWI_API_TABLE_PUBLISH_H
#define DWI_API_TABLE_PUBLISH_H

#include "api/table_impl.h"
#include "delta/commit.h"

/* The store can put-if-absent, or somebody vouched. DW_E_UNSUPPORTED. */
dw_status dwi_table_check_store(const dw_table *table, dw_error *err);

/* dwi_committer_run() for a commit of the handle's table, one at a time, so that those of one
 * handle never race each other. `out` as there; errors are prefixed with the table. */
dw_status dwi_table_publish(dw_table *table, dwi_committer *committer, const dwi_staged *staged,
                            dwi_committed *out, dw_error *err);

#endif
