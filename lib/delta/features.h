/* SPDX-License-Identifier: Apache-2.0 */
/* Which protocol features we understand, for reading and for appending. Legacy versions are judged
 * by what is active in metadata, never by the number alone.
 * Spec: Delta PROTOCOL.md, "Table Features", "Valid Feature Names". */
#ifndef DWI_DELTA_FEATURES_H
#define DWI_DELTA_FEATURES_H

#include "delta/state.h"

/* DW_E_UNSUPPORTED names the feature or version. */
dw_status dwi_features_check_log(const dwi_protocol *protocol, dw_error *err); /* replay the log */
dw_status dwi_features_check_scan(const dwi_state *state, dw_error *err);      /* read rows */
dw_status dwi_features_check_append(const dwi_state *state, dw_error *err);    /* add rows */

/* The lowest protocol for a new table; DW_E_UNSUPPORTED names a property or type we refuse,
 * DW_E_ARG a malformed value. */
dw_status dwi_features_for_new_table(dwi_arena *arena, const dwi_type *schema, dwi_kvs properties,
                                     dwi_protocol *out, dw_error *err);
bool dwi_features_has_writer(const dwi_protocol *protocol, const char *feature);

#endif
