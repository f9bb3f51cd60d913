/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a folder tree in the byte order of whole keys. */
#ifndef DWI_STORE_LOCAL_LIST_H
#define DWI_STORE_LOCAL_LIST_H

#include <deltawrite/store.h>

dw_status dwi_local_list(const dw_allocator *alloc, const char *root, const char *prefix,
                         const char *after, dw_lister_fn *each, void *ctx, dw_error *err);

#endif
