/* SPDX-License-Identifier: Apache-2.0 */
/* Removes what crashed writers left in a folder tree: old temporary files, and folders that are
 * empty and old. Folders with hidden names stay, and are looked into. */
#ifndef DWI_STORE_LOCAL_SWEEP_H
#define DWI_STORE_LOCAL_SWEEP_H

#include <deltawrite/store.h>

dw_status dwi_local_sweep(const dw_allocator *alloc, const char *root, const char *prefix,
                          int64_t before_ms, bool dry_run, dw_swept *out, dw_error *err);

#endif
