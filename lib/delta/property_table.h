/* SPDX-License-Identifier: Apache-2.0 */
/* The table properties that we know, and what their values may be. One that somebody sets is
 * checked and spelt as everybody spells it; an unknown delta.* key is refused, because a misspelt
 * one would silently do nothing; others are the caller's own. docs/properties.md has the list.
 * Spec: Delta PROTOCOL.md, "Table Properties"; the values are those of Spark's DeltaConfig. */
#ifndef DWI_DELTA_PROPERTY_TABLE_H
#define DWI_DELTA_PROPERTY_TABLE_H

#include "delta/action.h"

/* One property that somebody sets (value NULL: unsets); *out lives in `arena`. DW_E_ARG: no key, or
 * a malformed value. DW_E_UNSUPPORTED: a delta.* key, or value of one, that we do not know or that
 * is not for setting; an unknown one names the nearest known. */
dw_status dwi_property_take(dwi_arena *arena, const char *key, const char *value, dwi_kv *out,
                            dw_error *err);

/* All properties of a new table. DW_E_ARG also for a key that is there twice. */
dw_status dwi_create_properties(dwi_arena *arena, const dw_property *given, size_t n, dwi_kvs *out,
                                dw_error *err);

#endif
