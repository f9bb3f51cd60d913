/* SPDX-License-Identifier: Apache-2.0 */
/* May what was staged for one state of a table be committed on a later one? Here is what follows
 * from the two states: what tells how rows must look and what must be done with them, protocol and
 * metadata. What the commits between did to files is judged by delta/conflict_winner.h. Spec: Delta
 * PROTOCOL.md, "Delta Log Entries" leaves conflicts to writers; these are Spark's rules, loosened
 * where the change cannot touch our rows (see the functions). */
#ifndef DWI_DELTA_CONFLICT_H
#define DWI_DELTA_CONFLICT_H

#include "delta/staged.h"

/* DW_E_CONFLICT, naming what changed, unless every change between the two states is one that
 * leaves our rows and their files right: added nullable columns, comments, properties that bind no
 * appender, raised protocols with nothing active that we would have had to heed, column mapping
 * switched on. With *out_restage the rows are right and only their files are not: written anew for
 * `latest` they can be committed. DW_E_UNSUPPORTED: the later state needs a feature that we lack;
 * rules for new rows do not count where rows are only moved from file to file (`rearranges`). */
dw_status dwi_conflict_check(const dwi_state *base, const dwi_state *latest, bool rearranges,
                             bool *out_restage, dw_error *err);

/* What a rewrite (an operation that removes files) asks for beside that: the schema is the same,
 * unless rows are only moved.
 * DW_E_UNSUPPORTED: the later state does not let rows be removed. */
dw_status dwi_conflict_check_rewrite(const dwi_state *base, const dwi_state *latest,
                                     const dwi_staged *staged, dw_error *err);

/* DW_E_FENCED unless the table's version of every application id is the expected one; DW_E_EXPIRED
 * when it is gone and may have been dropped. */
dw_status dwi_conflict_check_apps(const dwi_state *latest, const dwi_env *env,
                                  const dwi_app_version *apps, size_t n_apps, dw_error *err);

/* Of the columns we want to add, which does the state still lack? Appends those to `out` (room for
 * n_columns). DW_E_CONFLICT names one that exists with another type. */
dw_status dwi_conflict_missing_columns(const dwi_state *latest, const dwi_field *columns,
                                       size_t n_columns, dwi_field *out, size_t *out_n,
                                       dw_error *err);

#endif
