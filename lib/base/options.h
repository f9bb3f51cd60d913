/* SPDX-License-Identifier: Apache-2.0 */
/* The only reader of callers' size-versioned option structs. */
#ifndef DWI_BASE_OPTIONS_H
#define DWI_BASE_OPTIONS_H

#include "base/err.h"

/* Lay the caller's struct over `defaults` into `out` (both of `size` bytes, starting with a
 * uint32_t struct_size): an older, shorter struct leaves the rest at its default; a longer one is
 * DW_E_UNSUPPORTED if it sets bytes we do not know. `opts` NULL gives the defaults. */
dw_status dwi_options_copy(void *out, const void *defaults, size_t size, const void *opts,
                           const char *name, dw_error *err);

#endif
