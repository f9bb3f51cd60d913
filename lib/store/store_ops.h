/* SPDX-License-Identifier: Apache-2.0 */
/* A store as the library uses it: the vtable's operations with retry and backoff on top (once,
 * here), errors prefixed by operation and key. Threads: any. Contract: docs/store-contract.md. */
#ifndef DWI_STORE_STORE_OPS_H
#define DWI_STORE_STORE_OPS_H

#include <deltawrite/store.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/logger.h"

/* Accessors */
uint32_t dwi_store_caps(const dw_store *store);
bool dwi_store_vouched(const dw_store *store);     /* DW_STORE_VOUCH_SINGLE_WRITER */
const char *dwi_store_name(const dw_store *store); /* its URI, or the given name; no secrets */
const dw_allocator *dwi_store_allocator(const dw_store *store);
dwi_logger dwi_store_logger(const dw_store *store);
const dwi_env *dwi_store_env(const dw_store *store);
void dwi_store_set_env(dw_store *store, const dwi_env *env); /* tests; before first use */

/* Append a range of an object to `out`, at most `max_bytes` (DW_E_CORRUPT beyond). */
dw_status dwi_store_get(dw_store *store, const char *key, dw_range range, int64_t max_bytes,
                        dwi_buf *out, dw_error *err);
/* DW_PUT_OVERWRITE is retried on transient errors. DW_PUT_IF_ABSENT is retried only while it is
 * certain that no attempt took effect; else DW_E_UNKNOWN (or DW_E_EXISTS after an unknown one is
 * reported as DW_E_UNKNOWN too: the object may be ours) and the caller settles it by reading. */
dw_status dwi_store_put(dw_store *store, const char *key, dw_bytes body, int mode, dw_error *err);
/* Keys in byte order, which is checked; `each` must not use the store (it may hold a lock). */
dw_status dwi_store_list(dw_store *store, const char *prefix, const char *after, dw_lister_fn *each,
                         void *ctx, dw_error *err);
dw_status dwi_store_head(dw_store *store, const char *key, dw_object *out_object, dw_error *err);
dw_status dwi_store_remove(dw_store *store, const char *key, dw_error *err);

/* All of these objects, also after one that cannot be removed: DW_OK, or the first one's error with
 * *out_failed of them (may be NULL). At once where the store can. */
dw_status dwi_store_remove_many(dw_store *store, const char *const *keys, size_t count,
                                size_t *out_failed, dw_error *err);

/* What the store has besides objects; one that has nothing finds nothing. */
dw_status dwi_store_sweep(dw_store *store, const char *prefix, int64_t before_ms, bool dry_run,
                          dw_swept *out, dw_error *err);

/* Streaming upload; retries happen inside the store (S3: per part). */
typedef struct dwi_upload dwi_upload;
dw_status dwi_upload_begin(dw_store *store, const char *key, dwi_upload **out, dw_error *err);
dw_status dwi_upload_write(dwi_upload *upload, const void *data, size_t len, dw_error *err);
dw_status dwi_upload_finish(dwi_upload *upload, dw_error *err); /* frees it, whatever the result */
void dwi_upload_abort(dwi_upload *upload);                      /* NULL too */

/* A wrapper for tests that injects errors, lost replies and delays: store/fault_store.h. */

#endif
