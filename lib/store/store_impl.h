/* SPDX-License-Identifier: Apache-2.0 */
/* What a dw_store is made of, for the files of this folder only. */
#ifndef DWI_STORE_STORE_IMPL_H
#define DWI_STORE_STORE_IMPL_H

#include <stdatomic.h>

#include "store/store_ops.h"

/* What every store needs besides its own state. It lives in the dw_store, so that a store's own
 * part may keep a pointer to it. */
typedef struct dwi_store_base {
    const dw_allocator *alloc;
    const dwi_env *env;
    dwi_logger logger;
    char *name;                    /* its URI or the caller's name for it */
    int64_t retry_timeout_ms;      /* -1: never */
    dw_store_observer_fn *observe; /* NULL: none */
    void *observe_ctx;
} dwi_store_base;

struct dw_store {
    dwi_store_base base;
    dw_store_vtable ops; /* a copy */
    void *self;          /* NULL until attached */
    uint32_t flags;      /* DW_STORE_* */
    atomic_size_t refs;
};

/* The caller's options with the defaults filled in. */
dw_status dwi_store_options(const dw_store_options *opts, dw_store_options *out, dw_error *err);

/* A store without operations; its name is copied. dwi_store_attach() completes it, and
 * dw_store_unref() frees it either way. `opts` come from dwi_store_options(). */
dw_status dwi_store_alloc(const char *name, const dw_store_options *opts, dw_store **out_store,
                          dw_error *err);
/* On DW_OK `self` belongs to the store. */
dw_status dwi_store_attach(dw_store *store, const dw_store_vtable *vtable, void *self,
                           dw_error *err);

/* What a range means for an object of `size` bytes; a range past the end has length 0. */
static inline void dwi_range_resolve(dw_range range, size_t size, size_t *out_offset,
                                     size_t *out_len)
{
    uint64_t offset = range.offset < 0 ? 0 : (uint64_t)range.offset;

    if (range.offset < 0 && 0 - (uint64_t)range.offset < size)
        offset = size - (0 - (uint64_t)range.offset);
    if (offset > size)
        offset = size;
    *out_offset = (size_t)offset;
    *out_len = size - (size_t)offset;
    if (range.length >= 0 && (uint64_t)range.length < *out_len)
        *out_len = (size_t)range.length;
}

/* Retrying, the only place of it. Begin, then after every failed attempt ask dwi_retry_again(),
 * which logs, sleeps and returns true when the operation is to be tried once more. */
typedef struct dwi_retry {
    const dwi_store_base *base;
    const char *operation; /* borrowed, as is the key */
    const char *key;
    int64_t deadline_us; /* monotonic */
    int attempt;
} dwi_retry;

void dwi_retry_begin(dwi_retry *retry, const dwi_store_base *base, const char *operation,
                     const char *key);
bool dwi_retry_again(dwi_retry *retry, const dw_error *error);

/* Requests that are told to dw_store_options.observe: when one begins, and when it is over. */
int64_t dwi_request_begin(const dwi_store_base *base);
void dwi_request_end(const dwi_store_base *base, const char *operation, const char *key,
                     int64_t began_us, int64_t bytes, dw_status status, const dw_error *error);

#endif
