/* SPDX-License-Identifier: Apache-2.0 */
/* One commit that another writer made before ours, against what we staged. The rules are Spark's;
 * "path" is the file's, whatever its deletion vector.
 *
 *   the winner has            conflicts with
 *   txn                       ours of the same application id (DW_E_FENCED, whatever version)
 *   domainMetadata            ours of the same domain (delta.rowTracking is renumbered instead)
 *   metaData, protocol        a metaData or protocol of ours; what it means for rows is judged by
 *                             the states, see dwi_conflict_check()
 *   remove                    a path that we remove or read; any, when we read the table; one in
 *                             the partitions that we read
 *   add                       a path that we remove or read; and unless no row of ours changes
 *                             (snapshot isolation), or we are WriteSerializable and it is a blind
 *                             append: any, when we read the table; one in the partitions we read
 *
 * A blind append has read nothing and removes nothing: no file of others matters to it. */
#ifndef DWI_DELTA_CONFLICT_WINNER_H
#define DWI_DELTA_CONFLICT_WINNER_H

#include "base/map.h"
#include "delta/staged.h"

typedef struct dwi_winner_check {
    const dwi_staged *staged; /* borrowed */
    dwi_isolation isolation;
    dwi_map files; /* normal paths of those removed or read */
} dwi_winner_check;

/* `state` is the one that the winners follow. */
dw_status dwi_winner_check_init(dwi_winner_check *check, const dwi_staged *staged,
                                const dwi_state *state, const dwi_log *log, dw_error *err);
void dwi_winner_check_done(dwi_winner_check *check); /* a zeroed one too */

/* DW_E_FENCED, DW_E_CONFLICT: name what clashes. */
dw_status dwi_winner_check_commit(const dwi_winner_check *check, const dwi_commit *winner,
                                  dw_error *err);

#endif
