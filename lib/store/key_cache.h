/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a dw_credentials as requests use them. */
#ifndef DWI_STORE_KEY_CACHE_H
#define DWI_STORE_KEY_CACHE_H

#include <stdatomic.h>

#include <deltawrite/credentials.h>

#include "base/env.h"

/* Never changed once made. */
typedef struct dwi_keys {
    const dw_allocator *alloc;
    atomic_size_t refs;
    char *access_key_id;
    char *secret_access_key;
    char *session_token; /* NULL: none */
    int64_t expires_ms;  /* 0: never */
} dwi_keys;

dw_status dwi_keys_new(const dw_allocator *alloc, const dw_keys *from, dwi_keys **out_keys,
                       dw_error *err);
void dwi_keys_unref(dwi_keys *keys); /* NULL too */

/* Keys that have not expired at env's time, fetched if need be; the caller gives them back. */
dw_status dwi_credentials_keys(dw_credentials *credentials, const dwi_env *env, dwi_keys **out_keys,
                               dw_error *err);
/* The server called them expired: they are fetched anew. */
void dwi_credentials_reject(dw_credentials *credentials, const dwi_keys *keys);

#endif
