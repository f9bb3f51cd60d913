/* SPDX-License-Identifier: Apache-2.0 */
/* May rows that were made for one state of a table be appended to a later one? A blind append has
 * read no rows, so other writers' adds and removes never matter to it; what matters is what tells
 * it how rows must look and what must be done with them: protocol and metadata. Spec: Delta
 * PROTOCOL.md, "Delta Log Entries" leaves conflicts to writers; these are Spark's rules, loosened
 * where the change cannot touch our rows (see the functions). */
#ifndef DWI_DELTA_CONFLICT_H
#define DWI_DELTA_CONFLICT_H

#include "delta/state.h"

/* A compare-and-set of one application id. */
typedef struct dwi_app_version {
    dwi_sv app_id;
    int64_t expected; /* -1: none */
    int64_t next;
} dwi_app_version;

/* DW_E_CONFLICT, naming what changed, unless every change between the two states is one that leaves
 * our rows right: added nullable columns, comments, properties that bind no appender, raised
 * protocols with nothing active that we would have had to heed. DW_E_UNSUPPORTED: the later state
 * needs a feature that we lack. */
dw_status dwi_conflict_check(const dwi_state *base, const dwi_state *latest, dw_error *err);

/* DW_E_FENCED unless the table's version of every application id is the expected one. */
dw_status dwi_conflict_check_apps(const dwi_state *latest, const dwi_app_version *apps,
                                  size_t n_apps, dw_error *err);

/* DW_E_FENCED when a commit that came before ours has one of our application ids, whatever version
 * it set: its writer believes to be the owner. */
dw_status dwi_conflict_check_winner(const dwi_commit *winner, const dwi_app_version *apps,
                                    size_t n_apps, dw_error *err);

/* Of the columns we want to add, which does the state still lack? Appends those to `out` (room for
 * n_columns). DW_E_CONFLICT names one that exists with another type. */
dw_status dwi_conflict_missing_columns(const dwi_state *latest, const dwi_field *columns,
                                       size_t n_columns, dwi_field *out, size_t *out_n,
                                       dw_error *err);

#endif
