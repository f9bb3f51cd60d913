/* SPDX-License-Identifier: Apache-2.0 */
/* What a change of properties makes of a table: its configuration afterwards, with the properties
 * that follow from others, and its protocol.
 * Spec: Delta PROTOCOL.md, "Table Properties"; the rules for values are Spark's. */
#ifndef DWI_DELTA_PROPERTY_CHANGE_H
#define DWI_DELTA_PROPERTY_CHANGE_H

#include "base/env.h"
#include "delta/action.h"

/* The configuration with the names of the columns that may hold row ids, once the protocol has the
 * feature rowTracking; they are kept where they are. *out is `configuration`, or in `arena`. */
dw_status dwi_properties_name_row_ids(dwi_arena *arena, const dwi_env *env,
                                      const dwi_protocol *protocol, dwi_kvs configuration,
                                      dwi_kvs *out, dw_error *err);

#endif
