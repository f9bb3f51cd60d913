/* SPDX-License-Identifier: Apache-2.0 */
/* Row ids: each file of a table with the feature rowTracking gets a range of ids that no file ever
 * had. They are given for one attempt of a commit, above the mark of the state that it follows, so
 * that an attempt after a lost race numbers the same files anew.
 * Spec: Delta PROTOCOL.md, "Row Tracking". */
#ifndef DWI_DELTA_ROW_TRACKING_H
#define DWI_DELTA_ROW_TRACKING_H

#include "delta/state.h"

#define DWI_ROW_TRACKING_DOMAIN "delta.rowTracking"

typedef struct dwi_row_ids {
    bool assigns; /* the table has the feature, and it is not suspended */
    int64_t mark; /* highest id in use, -1: none */
    int64_t version;
    bool moved;
} dwi_row_ids;

/* Where data files keep the ids of rows that were moved from others: columns of type long, null for
 * a row that has them from its file. */
enum { DWI_ROW_ID_COLUMNS = 2 };
typedef struct dwi_row_id_columns {
    dwi_field fields[DWI_ROW_ID_COLUMNS]; /* id, commit version; as they are called in files */
} dwi_row_id_columns;

/* Who moves rows of the table must keep their ids (delta.enableRowTracking): *out_kept, and then
 * *out, which borrows from the state. DW_E_CORRUPT: the table does not name the columns. */
dw_status dwi_row_id_columns_of(const dwi_state *state, bool *out_kept, dwi_row_id_columns *out,
                                dw_error *err);
/* The name is one of theirs. */
bool dwi_row_id_columns_has(const dwi_state *state, dwi_sv name);

/* For the commit that follows `on`, with the protocol that it has or sets. DW_E_CORRUPT: the
 * table's mark cannot be read. */
dw_status dwi_row_ids_begin(const dwi_state *on, const dwi_protocol *protocol, dwi_row_ids *out,
                            dw_error *err);
/* Give ids to a file of the commit, by the number of records in its statistics; one that has ids
 * already (its rows had been in the table before) keeps them. */
dw_status dwi_row_ids_give(dwi_row_ids *ids, dwi_arena *arena, dwi_add *add, dw_error *err);
/* The domain with the new mark; once `moved`. What it points at lives in `arena`. */
dw_status dwi_row_ids_domain(const dwi_row_ids *ids, dwi_arena *arena, dwi_domain_metadata *out,
                             dw_error *err);

#endif
