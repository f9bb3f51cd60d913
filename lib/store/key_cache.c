/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants:
 * 1. One thread at a time fetches; `fetching` says so, and the lock is not held meanwhile.
 * 2. Who finds keys that have not expired never waits for a fetch of another thread.
 * 3. A fetch that fails leaves the keys that are held as they are. */
#include "store/key_cache.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/logger.h"
#include "base/options.h"
#include "base/str.h"

enum { NEXT_TRY_MS = 30000 };

struct dw_credentials {
    const dw_allocator *alloc;
    dwi_logger logger;
    atomic_size_t refs;
    dw_credentials_fn *fetch;
    void *ctx;
    void (*destroy)(void *ctx);
    struct {
        pthread_mutex_t lock;
        pthread_cond_t fetched;
        dwi_keys *keys; /* NULL: none */
        int64_t refresh_ms;
        int64_t next_try_ms; /* after a failure */
        bool fetching;
        uint64_t failures; /* how many fetches failed so far, and how the last did */
        dw_error last;
    } synced;
};

/* ---- keys ---- */

/* Overwritten: a later dump of memory shall not have it. */
static void free_secret(const dw_allocator *alloc, char *text)
{
    size_t size = text == NULL ? 0 : strlen(text) + 1;
    volatile char *bytes = text;

    for (size_t i = 0; i < size; i++)
        bytes[i] = 0;
    dwi_free(alloc, text, size);
}

void dwi_keys_unref(dwi_keys *keys)
{
    if (keys == NULL || atomic_fetch_sub_explicit(&keys->refs, 1, memory_order_acq_rel) != 1)
        return;
    free_secret(keys->alloc, keys->access_key_id);
    free_secret(keys->alloc, keys->secret_access_key);
    free_secret(keys->alloc, keys->session_token);
    dwi_free(keys->alloc, keys, sizeof(*keys));
}

/* Nothing that would end a header line. */
static bool is_clean(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7F)
            return false;
    }
    return true;
}

dw_status dwi_keys_new(const dw_allocator *alloc, const dw_keys *from, dwi_keys **out_keys,
                       dw_error *err)
{
    static const dw_keys defaults = DW_KEYS_INIT;
    dw_keys given;
    dwi_keys *keys;
    dw_status status = dwi_options_copy(&given, &defaults, sizeof(given), from, "dw_keys", err);

    if (status != DW_OK)
        return status;
    if (given.access_key_id == NULL || given.secret_access_key == NULL ||
        given.access_key_id[0] == '\0' || given.secret_access_key[0] == '\0')
        return dwi_err(err, DW_E_CORRUPT, "credentials: a key or its secret is missing");
    if (given.session_token != NULL && given.session_token[0] == '\0')
        given.session_token = NULL;
    if (!is_clean(given.access_key_id) || !is_clean(given.secret_access_key) ||
        !is_clean(given.session_token))
        return dwi_err(err, DW_E_CORRUPT, "credentials: a blank or control character in a key");
    keys = dwi_alloc_zero(alloc, sizeof(*keys));
    if (keys == NULL)
        return dwi_err_nomem(err);
    keys->alloc = alloc;
    atomic_init(&keys->refs, 1);
    keys->expires_ms = given.expires_ms;
    keys->access_key_id = dwi_cstr_dup(alloc, given.access_key_id);
    keys->secret_access_key = dwi_cstr_dup(alloc, given.secret_access_key);
    if (given.session_token != NULL)
        keys->session_token = dwi_cstr_dup(alloc, given.session_token);
    if (keys->access_key_id == NULL || keys->secret_access_key == NULL ||
        (given.session_token != NULL && keys->session_token == NULL)) {
        dwi_keys_unref(keys);
        return dwi_err_nomem(err);
    }
    *out_keys = keys;
    return DW_OK;
}

/* ---- the source ---- */

dw_status dw_credentials_new(dw_credentials_fn *fetch, void *ctx, void (*destroy)(void *ctx),
                             const dw_credentials_options *opts, dw_credentials **out_credentials,
                             dw_error *err)
{
    static const dw_credentials_options defaults = DW_CREDENTIALS_OPTIONS_INIT;
    dw_credentials_options options;
    dw_credentials *credentials;
    dw_status status;

    if (fetch == NULL || out_credentials == NULL)
        return dwi_err(err, DW_E_ARG, "dw_credentials_new: an argument is NULL");
    status =
        dwi_options_copy(&options, &defaults, sizeof(options), opts, "dw_credentials_options", err);
    if (status != DW_OK)
        return status;
    if (options.allocator == NULL)
        options.allocator = dwi_alloc_default();
    credentials = dwi_alloc_zero(options.allocator, sizeof(*credentials));
    if (credentials == NULL)
        return dwi_err_nomem(err);
    credentials->alloc = options.allocator;
    credentials->logger = (dwi_logger){options.log, options.log_ctx};
    atomic_init(&credentials->refs, 1);
    if (pthread_mutex_init(&credentials->synced.lock, NULL) != 0) {
        dwi_free(options.allocator, credentials, sizeof(*credentials));
        return dwi_err_nomem(err);
    }
    if (pthread_cond_init(&credentials->synced.fetched, NULL) != 0) {
        (void)pthread_mutex_destroy(&credentials->synced.lock);
        dwi_free(options.allocator, credentials, sizeof(*credentials));
        return dwi_err_nomem(err);
    }
    credentials->fetch = fetch;
    credentials->ctx = ctx;
    credentials->destroy = destroy;
    *out_credentials = credentials;
    return DW_OK;
}

dw_credentials *dw_credentials_ref(dw_credentials *credentials)
{
    (void)atomic_fetch_add_explicit(&credentials->refs, 1, memory_order_relaxed);
    return credentials;
}

void dw_credentials_unref(dw_credentials *credentials)
{
    if (credentials == NULL ||
        atomic_fetch_sub_explicit(&credentials->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (credentials->destroy != NULL)
        credentials->destroy(credentials->ctx);
    dwi_keys_unref(credentials->synced.keys);
    (void)pthread_cond_destroy(&credentials->synced.fetched);
    (void)pthread_mutex_destroy(&credentials->synced.lock);
    dwi_free(credentials->alloc, credentials, sizeof(*credentials));
}

/* ---- fetching ---- */

/* What one fetch brings. */
typedef struct delivery {
    const dw_allocator *alloc;
    dwi_keys *keys;
} delivery;

static dw_status take_keys(void *ctx, const dw_keys *keys, dw_error *err)
{
    delivery *d = ctx;

    dwi_keys_unref(d->keys);
    d->keys = NULL;
    return dwi_keys_new(d->alloc, keys, &d->keys, err);
}

static bool usable_locked(const dw_credentials *c, int64_t now_ms)
{
    const dwi_keys *keys = c->synced.keys;

    return keys != NULL && (keys->expires_ms == 0 || now_ms < keys->expires_ms);
}

static bool due_locked(const dw_credentials *c, int64_t now_ms)
{
    return c->synced.keys->expires_ms != 0 && now_ms >= c->synced.refresh_ms &&
           now_ms >= c->synced.next_try_ms;
}

static void install_locked(dw_credentials *c, dwi_keys *keys, int64_t now_ms)
{
    dwi_keys_unref(c->synced.keys);
    c->synced.keys = keys;
    c->synced.refresh_ms = now_ms + (keys->expires_ms - now_ms) / 4 * 3;
    c->synced.next_try_ms = 0;
}

/* The lock is held before and after, not meanwhile. */
static void fetch_locked(dw_credentials *c, int64_t now_ms)
{
    delivery d = {c->alloc, NULL};
    dw_error error = DW_ERROR_INIT;
    dw_status status;

    c->synced.fetching = true;
    (void)pthread_mutex_unlock(&c->synced.lock);
    status = c->fetch(c->ctx, (dw_keys_sink){&d, take_keys}, &error);
    if (status == DW_OK && d.keys == NULL)
        status = dwi_err(&error, DW_E_CORRUPT, "credentials: none were given");
    if (status == DW_OK && d.keys->expires_ms != 0 && d.keys->expires_ms <= now_ms)
        status = dwi_err(&error, DW_E_DENIED, "credentials: those that came have expired already");
    if (status != DW_OK) {
        dwi_keys_unref(d.keys);
        d.keys = NULL;
    }
    (void)pthread_mutex_lock(&c->synced.lock);
    c->synced.fetching = false;
    if (d.keys != NULL) {
        install_locked(c, d.keys, now_ms);
    } else {
        c->synced.failures++;
        c->synced.last = error;
        c->synced.next_try_ms = now_ms + NEXT_TRY_MS;
        if (usable_locked(c, now_ms))
            dwi_logf(c->logger, DW_LOG_WARN, "credentials: %s; the old ones are used meanwhile",
                     error.message);
    }
    (void)pthread_cond_broadcast(&c->synced.fetched);
}

dw_status dwi_credentials_keys(dw_credentials *c, const dwi_env *env, dwi_keys **out_keys,
                               dw_error *err)
{
    dw_status status = DW_OK;
    uint64_t failures;

    (void)pthread_mutex_lock(&c->synced.lock);
    failures = c->synced.failures;
    for (;;) {
        int64_t now_ms = dwi_now_ms(env);
        bool usable = usable_locked(c, now_ms);

        if (usable && (c->synced.fetching || !due_locked(c, now_ms)))
            break;
        if (!usable && failures != c->synced.failures) {
            if (err != NULL)
                *err = c->synced.last;
            status = c->synced.last.code;
            break;
        }
        if (c->synced.fetching)
            (void)pthread_cond_wait(&c->synced.fetched, &c->synced.lock);
        else
            fetch_locked(c, now_ms);
    }
    if (status == DW_OK) {
        (void)atomic_fetch_add_explicit(&c->synced.keys->refs, 1, memory_order_relaxed);
        *out_keys = c->synced.keys;
    }
    (void)pthread_mutex_unlock(&c->synced.lock);
    return status;
}

void dwi_credentials_reject(dw_credentials *c, const dwi_keys *keys)
{
    (void)pthread_mutex_lock(&c->synced.lock);
    if (c->synced.keys == keys) {
        dwi_keys_unref(c->synced.keys);
        c->synced.keys = NULL;
    }
    (void)pthread_mutex_unlock(&c->synced.lock);
}

dw_status dw_credentials_refresh(dw_credentials *credentials, int64_t *out_expires_ms,
                                 dw_error *err)
{
    dwi_keys *keys = NULL;
    dw_status status;

    if (credentials == NULL)
        return dwi_err(err, DW_E_ARG, "dw_credentials_refresh: credentials is NULL");
    status = dwi_credentials_keys(credentials, dwi_env_system(), &keys, err);
    if (status == DW_OK && out_expires_ms != NULL)
        *out_expires_ms = keys->expires_ms;
    dwi_keys_unref(keys);
    return status;
}

int64_t dw_credentials_expiry(dw_credentials *credentials)
{
    int64_t expires_ms = 0;

    (void)pthread_mutex_lock(&credentials->synced.lock);
    if (credentials->synced.keys != NULL)
        expires_ms = credentials->synced.keys->expires_ms;
    (void)pthread_mutex_unlock(&credentials->synced.lock);
    return expires_ms;
}
