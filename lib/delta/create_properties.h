/* SPDX-License-Identifier: Apache-2.0 */
/* Properties given at creation: known ones are checked and spelt as everybody spells them, unknown
 * delta.* ones refused (a misspelt one would silently do nothing), others are the caller's own. */
#ifndef DWI_DELTA_CREATE_PROPERTIES_H
#define DWI_DELTA_CREATE_PROPERTIES_H

#include "delta/action.h"

/* *out lives in `arena`. DW_E_ARG: a key twice, or a malformed value. DW_E_UNSUPPORTED: a delta.*
 * key, or value of one, that we do not know. */
dw_status dwi_create_properties(dwi_arena *arena, const dw_property *given, size_t n, dwi_kvs *out,
                                dw_error *err);

#endif
