/* SPDX-License-Identifier: Apache-2.0 */
/* What a change of properties makes of a table: its configuration afterwards, with the properties
 * that follow from others, and its protocol.
 * Spec: Delta PROTOCOL.md, "Table Properties"; the rules for values are Spark's. */
#ifndef DWI_DELTA_PROPERTY_CHANGE_H
#define DWI_DELTA_PROPERTY_CHANGE_H

#include "base/env.h"
#include "delta/state.h"

/* The configuration with the names of the columns that may hold row ids, once the protocol has the
 * feature rowTracking; they are kept where they are. *out is `configuration`, or in `arena`. */
dw_status dwi_properties_name_row_ids(dwi_arena *arena, const dwi_env *env,
                                      const dwi_protocol *protocol, dwi_kvs configuration,
                                      dwi_kvs *out, dw_error *err);

/* A table whose metadata changes: what a commit has to say of it. */
typedef struct dwi_table_change {
    bool changes_metadata; /* else nothing is to be said, and `metadata` is the table's */
    bool changes_protocol;
    dwi_metadata metadata;
    dwi_protocol protocol;
} dwi_table_change;

/* The table of `base` with another schema (`schema`: NULL, as it is) and some properties set, or
 * unset where the value is NULL; `changes` has a key once. Everything lives in `arena`. Switching
 * column mapping on gives the columns their ids and names. DW_E_UNSUPPORTED: the table would need
 * what we do not do, or its rows would have to be rewritten. DW_E_ARG: a malformed value. */
dw_status dwi_table_change_make(dwi_arena *arena, const dwi_env *env, const dwi_state *base,
                                const dwi_type *schema, dwi_kvs changes, dwi_table_change *out,
                                dw_error *err);

/* A flag of a configuration; a malformed one is off. */
bool dwi_property_is_on(dwi_kvs configuration, const char *key);

/* `configuration` with the properties that say since when commits keep their own time: the version
 * and its time. In `arena`. */
dw_status dwi_properties_note_time_kept(dwi_arena *arena, dwi_kvs configuration, int64_t version,
                                        int64_t time_ms, dwi_kvs *out, dw_error *err);

#endif
