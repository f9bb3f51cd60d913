/* SPDX-License-Identifier: Apache-2.0 */
/* The operations as the library uses them: keys checked, retried, errors prefixed. */
#include "store/store_ops.h"

#include <string.h>

#include "base/alloc.h"
#include "store/store_impl.h"

enum { MAX_REMOVED_AT_ONCE = 1000 };

/* A key is one or more segments joined by '/', none of them empty, "." or "..": a path in a log
 * that someone else wrote must not lead out of the table. */
static bool segment_valid(const char *segment, size_t len)
{
    return len > 0 && !(len <= 2 && strncmp(segment, "..", len) == 0);
}

static bool key_valid(const char *key)
{
    size_t len;

    for (; key[len = strcspn(key, "/")] != '\0'; key += len + 1)
        if (!segment_valid(key, len))
            return false;
    return segment_valid(key, len);
}

/* What comes before the last '/' of a prefix is whole segments; what follows may be any start. */
static bool prefix_valid(const char *prefix)
{
    size_t len;

    for (; prefix[len = strcspn(prefix, "/")] != '\0'; prefix += len + 1)
        if (!segment_valid(prefix, len))
            return false;
    return true;
}

static dw_status check_key(const char *operation, const char *key, dw_error *err)
{
    if (key_valid(key))
        return DW_OK;
    return dwi_err(err, DW_E_ARG, "%s %s: not a key: an empty, '.' or '..' segment", operation,
                   key);
}

/* Hand over the last attempt's error. */
static dw_status give_error(const char *operation, const char *key, dw_status status,
                            const dw_error *error, dw_error *err)
{
    if (err == NULL)
        return status;
    *err = *error;
    err->code = status; /* a caller's store may have filled in nothing */
    return dwi_err_prefix(err, status, "%s %s", operation, *key == '\0' ? "/" : key);
}

/* Sink that collects into a buffer. */
typedef struct collector {
    dwi_buf *out;
    size_t start;
    int64_t max_bytes;
} collector;

static dw_status collect(void *ctx, const void *data, size_t len, dw_error *err)
{
    collector *c = ctx;
    int64_t have = (int64_t)(c->out->len - c->start);

    if ((int64_t)len > c->max_bytes - have)
        return dwi_err(err, DW_E_CORRUPT, "larger than %lld bytes", (long long)c->max_bytes);
    dwi_buf_append(c->out, data, len);
    return dwi_buf_status(c->out, err);
}

dw_status dwi_store_get(dw_store *store, const char *key, dw_range range, int64_t max_bytes,
                        dwi_buf *out, dw_error *err)
{
    collector c = {out, out->len, max_bytes};
    dw_sink sink = {&c, collect};
    dw_error error;
    dw_status status = check_key("get", key, err);
    int64_t began_us;
    dwi_retry retry;

    if (status != DW_OK)
        return status;
    dwi_retry_begin(&retry, &store->base, "get", key);
    for (;;) {
        error = (dw_error)DW_ERROR_INIT;
        began_us = dwi_request_begin(&store->base);
        status = store->ops.get(store->self, key, range, sink, &error);
        dwi_request_end(&store->base, "get", key, began_us, (int64_t)(out->len - c.start), status,
                        &error);
        if (status == DW_OK)
            return DW_OK;
        out->len = c.start; /* what a broken attempt delivered is read again */
        if (!dwi_retry_again(&retry, &error))
            return give_error("get", key, status, &error, err);
    }
}

static dw_status put_once(dw_store *store, const char *key, dw_bytes body, int mode,
                          dw_error *error)
{
    int64_t began_us = dwi_request_begin(&store->base);
    dw_status status;

    *error = (dw_error)DW_ERROR_INIT;
    status = store->ops.put(store->self, key, body, mode, error);
    dwi_request_end(&store->base, mode == DW_PUT_IF_ABSENT ? "put-if-absent" : "put", key, began_us,
                    (int64_t)body.len, status, error);
    return status;
}

static dw_status put_overwrite(dw_store *store, const char *key, dw_bytes body, dw_error *err)
{
    dw_error error;
    dw_status status;
    dwi_retry retry;

    dwi_retry_begin(&retry, &store->base, "put", key);
    for (;;) {
        status = put_once(store, key, body, DW_PUT_OVERWRITE, &error);
        if (status == DW_OK)
            return DW_OK;
        if (status == DW_E_UNKNOWN)
            error.retryable = true; /* the same bytes again do no harm */
        if (!dwi_retry_again(&retry, &error))
            return give_error("put", key, status, &error, err);
    }
}

/* DW_E_UNKNOWN in place of whatever the last attempt said, which stays in the message. */
static dw_status give_unknown(const char *key, dw_status status, dw_error *error, dw_error *err)
{
    dw_error copy = *error;

    if (status == DW_E_UNKNOWN)
        return give_error("put", key, status, error, err);
    (void)dwi_err_sys(&copy, DW_E_UNKNOWN, error->sys, false,
                      "an earlier attempt may have taken effect; the last one: %s", error->message);
    return give_error("put", key, DW_E_UNKNOWN, &copy, err);
}

/* A throttled attempt most likely did nothing, so it is tried again, but its answer may have come
 * from something in front of the store: from then on DW_E_EXISTS may be our own object. */
static dw_status put_if_absent(dw_store *store, const char *key, dw_bytes body, dw_error *err)
{
    bool doubtful = false;
    dw_error error;
    dw_status status;
    dwi_retry retry;

    dwi_retry_begin(&retry, &store->base, "put", key);
    for (;;) {
        status = put_once(store, key, body, DW_PUT_IF_ABSENT, &error);
        if (status == DW_OK)
            return DW_OK;
        doubtful = doubtful || status == DW_E_UNKNOWN || status == DW_E_THROTTLED;
        if (status == DW_E_UNKNOWN || status == DW_E_EXISTS || !dwi_retry_again(&retry, &error))
            break;
    }
    return doubtful ? give_unknown(key, status, &error, err)
                    : give_error("put", key, status, &error, err);
}

dw_status dwi_store_put(dw_store *store, const char *key, dw_bytes body, int mode, dw_error *err)
{
    dw_status status = check_key("put", key, err);

    if (status != DW_OK)
        return status;
    return mode == DW_PUT_IF_ABSENT ? put_if_absent(store, key, body, err)
                                    : put_overwrite(store, key, body, err);
}

/* A listing that is tried again goes on after the last key delivered. */
typedef struct listing {
    dw_lister_fn *each;
    void *ctx;
    const char *prefix;
    const char *after;
    dwi_buf last;  /* NUL-terminated once a key was seen */
    bool callback; /* the status is the callback's own */
    dw_error *err;
} listing;

static dw_status list_one(void *ctx, const dw_object *object, dw_error *err)
{
    listing *l = ctx;
    dw_status status;

    if (strncmp(object->key, l->prefix, strlen(l->prefix)) != 0)
        return dwi_err(err, DW_E_CORRUPT, "the store lists %s, which has another prefix",
                       object->key);
    if (l->last.len > 0 && strcmp(object->key, (const char *)l->last.data) <= 0)
        return dwi_err(err, DW_E_CORRUPT, "the store lists %s after %s, not in byte order",
                       object->key, (const char *)l->last.data);
    if (l->after != NULL && strcmp(object->key, l->after) <= 0)
        return dwi_err(err, DW_E_CORRUPT, "the store lists %s, which is not after %s", object->key,
                       l->after);
    status = l->each(l->ctx, object, l->err);
    l->callback = status != DW_OK;
    if (status != DW_OK)
        return status;
    dwi_buf_clear(&l->last);
    dwi_buf_append(&l->last, object->key, strlen(object->key) + 1);
    return dwi_buf_status(&l->last, err);
}

dw_status dwi_store_list(dw_store *store, const char *prefix, const char *after, dw_lister_fn *each,
                         void *ctx, dw_error *err)
{
    listing l = {each, ctx, prefix, after, {0}, false, err};
    dwi_buf resume = {0}; /* apart from l.last, which moves on while the store reads `after` */
    dw_error error;
    dw_status status;
    int64_t began_us;
    dwi_retry retry;

    if (!prefix_valid(prefix))
        return dwi_err(err, DW_E_ARG, "list %s: not a prefix: an empty, '.' or '..' segment",
                       prefix);
    dwi_buf_init(&l.last, store->base.alloc);
    dwi_buf_init(&resume, store->base.alloc);
    dwi_retry_begin(&retry, &store->base, "list", prefix);
    for (;;) {
        dwi_buf_clear(&resume);
        dwi_buf_append(&resume, l.last.data, l.last.len);
        error = (dw_error)DW_ERROR_INIT;
        status = dwi_buf_status(&resume, &error);
        if (status != DW_OK)
            break;
        began_us = dwi_request_begin(&store->base);
        status =
            store->ops.list(store->self, prefix, resume.len > 0 ? (const char *)resume.data : after,
                            list_one, &l, &error);
        dwi_request_end(&store->base, "list", prefix, began_us, 0, l.callback ? DW_OK : status,
                        &error);
        if (status == DW_OK || l.callback || !dwi_retry_again(&retry, &error))
            break;
    }
    if (status != DW_OK && !l.callback)
        status = give_error("list", prefix, status, &error, err);
    dwi_buf_done(&resume);
    dwi_buf_done(&l.last);
    return status;
}

/* For a store without head: the object is the first of the list whose prefix is its key. */
static dw_status take_first(void *ctx, const dw_object *object, dw_error *err)
{
    dw_object *wanted = ctx;

    if (strcmp(object->key, wanted->key) == 0) {
        wanted->size = object->size;
        wanted->modified_ms = object->modified_ms;
    }
    return dwi_err(err, DW_E_CANCELLED, "the first one is enough");
}

static dw_status ask_head(dw_store *store, dw_object *object, dw_error *err)
{
    dw_status status;

    if (store->ops.head != NULL)
        return store->ops.head(store->self, object->key, object, err);
    object->size = -1;
    status = store->ops.list(store->self, object->key, NULL, take_first, object, err);
    if (status != DW_OK && status != DW_E_CANCELLED)
        return status;
    return object->size >= 0 ? DW_OK : dwi_err(err, DW_E_NOT_FOUND, "no such object");
}

static dw_status head_once(dw_store *store, dw_object *object, dw_error *error)
{
    int64_t began_us = dwi_request_begin(&store->base);
    dw_status status;

    *error = (dw_error)DW_ERROR_INIT;
    status = ask_head(store, object, error);
    dwi_request_end(&store->base, "head", object->key, began_us, 0, status, error);
    return status;
}

dw_status dwi_store_head(dw_store *store, const char *key, dw_object *out_object, dw_error *err)
{
    dw_object object = {key, 0, 0};
    dw_error error;
    dw_status status = check_key("head", key, err);
    dwi_retry retry;

    if (status != DW_OK)
        return status;
    dwi_retry_begin(&retry, &store->base, "head", key);
    for (;;) {
        status = head_once(store, &object, &error);
        if (status == DW_OK)
            break;
        if (!dwi_retry_again(&retry, &error))
            return give_error("head", key, status, &error, err);
    }
    out_object->size = object.size;
    out_object->modified_ms = object.modified_ms;
    return DW_OK;
}

dw_status dwi_store_remove(dw_store *store, const char *key, dw_error *err)
{
    dw_error error;
    dw_status status = check_key("remove", key, err);
    int64_t began_us;
    dwi_retry retry;

    if (status != DW_OK)
        return status;
    dwi_retry_begin(&retry, &store->base, "remove", key);
    for (;;) {
        error = (dw_error)DW_ERROR_INIT;
        began_us = dwi_request_begin(&store->base);
        status = store->ops.remove(store->self, key, &error);
        dwi_request_end(&store->base, "remove", key, began_us, 0, status, &error);
        if (status == DW_OK || status == DW_E_NOT_FOUND)
            return DW_OK;
        if (status == DW_E_UNKNOWN)
            error.retryable = true; /* removing twice is removing */
        if (!dwi_retry_again(&retry, &error))
            return give_error("remove", key, status, &error, err);
    }
}

/* False: nobody knows which of them are gone. */
static bool remove_at_once(dw_store *store, const char *const *keys, size_t count)
{
    dw_error error;
    int64_t began_us;
    dw_status status;
    dwi_retry retry;

    dwi_retry_begin(&retry, &store->base, "remove many from", keys[0]);
    do {
        error = (dw_error)DW_ERROR_INIT;
        began_us = dwi_request_begin(&store->base);
        status = store->ops.remove_many(store->self, keys, count, &error);
        if (status != DW_E_UNSUPPORTED) /* then nothing was asked of the store */
            dwi_request_end(&store->base, "remove", keys[0], began_us, 0, status, &error);
    } while (status != DW_OK && dwi_retry_again(&retry, &error));
    return status == DW_OK;
}

dw_status dwi_store_remove_many(dw_store *store, const char *const *keys, size_t count,
                                size_t *out_failed, dw_error *err)
{
    dw_status first = DW_OK;
    dw_error ignored = DW_ERROR_INIT;
    size_t failed = 0;

    for (size_t i = 0; i < count; i += MAX_REMOVED_AT_ONCE) {
        size_t n = count - i < MAX_REMOVED_AT_ONCE ? count - i : MAX_REMOVED_AT_ONCE;
        bool valid = store->ops.remove_many != NULL && n > 1;
        for (size_t k = 0; valid && k < n; k++)
            valid = key_valid(keys[i + k]);
        if (valid && remove_at_once(store, keys + i, n))
            continue;
        for (size_t k = 0; k < n; k++) {
            dw_status status =
                dwi_store_remove(store, keys[i + k], first == DW_OK ? err : &ignored);
            first = first == DW_OK ? status : first;
            failed += status != DW_OK;
        }
    }
    if (out_failed != NULL)
        *out_failed = failed;
    return first;
}

dw_status dwi_store_sweep(dw_store *store, const char *prefix, int64_t before_ms, bool dry_run,
                          dw_swept *out, dw_error *err)
{
    dw_swept swept;
    dw_error error;
    dw_status status;
    dwi_retry retry;

    memset(out, 0, sizeof(*out));
    if (store->ops.sweep == NULL)
        return DW_OK;
    if (!prefix_valid(prefix))
        return dwi_err(err, DW_E_ARG, "sweep %s: not a prefix: an empty, '.' or '..' segment",
                       prefix);
    dwi_retry_begin(&retry, &store->base, "sweep", prefix);
    for (;;) {
        error = (dw_error)DW_ERROR_INIT;
        memset(&swept, 0, sizeof(swept));
        status = store->ops.sweep(store->self, prefix, before_ms, dry_run, &swept, &error);
        out->leftovers += swept.leftovers; /* also of an attempt that failed */
        out->bytes += swept.bytes;
        out->folders += swept.folders;
        if (status == DW_OK)
            return DW_OK;
        if (dry_run)
            memset(out, 0, sizeof(*out));
        if (!dwi_retry_again(&retry, &error))
            return give_error("sweep", prefix, status, &error, err);
    }
}

/* Streaming upload: the store's own, or for a store without one a buffer and one put. */
struct dwi_upload {
    dw_store *store; /* a reference */
    char *key;
    void *stream; /* the store's; NULL without streaming */
    dwi_buf whole;
    int64_t spent_us; /* in the store's own calls */
    int64_t bytes;
};

/* The end of an upload, or of what became of it: told as one request. */
static void upload_told(const dwi_upload *upload, dw_status status, const dw_error *error)
{
    const dwi_store_base *base = &upload->store->base;

    if (base->observe != NULL)
        dwi_request_end(base, "upload", upload->key, dwi_request_begin(base) - upload->spent_us,
                        upload->bytes, status, error);
}

static void upload_free(dwi_upload *upload)
{
    dw_store *store = upload->store;
    const dw_allocator *alloc = store->base.alloc;

    dwi_buf_done(&upload->whole);
    dwi_cstr_free(alloc, upload->key);
    dwi_free(alloc, upload, sizeof(*upload));
    dw_store_unref(store); /* last: the allocator may go with it */
}

dw_status dwi_upload_begin(dw_store *store, const char *key, dwi_upload **out, dw_error *err)
{
    dwi_upload *upload;
    dw_error error = DW_ERROR_INIT;
    dw_status status = check_key("upload", key, err);
    int64_t began_us;

    if (status != DW_OK)
        return status;
    upload = dwi_alloc_zero(store->base.alloc, sizeof(*upload));
    if (upload == NULL)
        return dwi_err_nomem(err);
    upload->store = dw_store_ref(store);
    dwi_buf_init(&upload->whole, store->base.alloc);
    upload->key = dwi_cstr_dup(store->base.alloc, key);
    if (upload->key == NULL)
        status = dwi_err_nomem(err);
    began_us = dwi_request_begin(&store->base);
    if (status == DW_OK && store->ops.upload_begin != NULL)
        status = store->ops.upload_begin(store->self, key, &upload->stream, &error);
    upload->spent_us = dwi_request_begin(&store->base) - began_us;
    if (status != DW_OK) {
        if (upload->key != NULL) {
            upload_told(upload, status, &error);
            status = give_error("upload", key, status, &error, err);
        }
        upload_free(upload);
        return status;
    }
    *out = upload;
    return DW_OK;
}

dw_status dwi_upload_write(dwi_upload *upload, const void *data, size_t len, dw_error *err)
{
    const dw_store *store = upload->store;
    dw_error error = DW_ERROR_INIT;
    dw_status status;
    int64_t began_us;

    if (len == 0)
        return DW_OK;
    if (store->ops.upload_begin == NULL) {
        dwi_buf_append(&upload->whole, data, len);
        return dwi_buf_status(&upload->whole, err);
    }
    began_us = dwi_request_begin(&store->base);
    status = store->ops.upload_write(store->self, upload->stream, data, len, &error);
    upload->spent_us += dwi_request_begin(&store->base) - began_us;
    upload->bytes += (int64_t)len;
    if (status == DW_OK)
        return DW_OK;
    upload_told(upload, status, &error);
    return give_error("upload", upload->key, status, &error, err);
}

dw_status dwi_upload_finish(dwi_upload *upload, dw_error *err)
{
    dw_store *store = upload->store;
    dw_error error = DW_ERROR_INIT;
    dw_status status;

    if (store->ops.upload_begin == NULL) {
        dw_bytes body = {upload->whole.data, upload->whole.len};
        status = dwi_buf_status(&upload->whole, err);
        if (status == DW_OK)
            status = put_overwrite(store, upload->key, body, err);
    } else {
        int64_t began_us = dwi_request_begin(&store->base);
        status = store->ops.upload_finish(store->self, upload->stream, &error);
        upload->spent_us += dwi_request_begin(&store->base) - began_us;
        upload_told(upload, status, &error);
        if (status != DW_OK)
            status = give_error("upload", upload->key, status, &error, err);
    }
    upload_free(upload);
    return status;
}

void dwi_upload_abort(dwi_upload *upload)
{
    if (upload == NULL)
        return;
    if (upload->store->ops.upload_begin != NULL)
        upload->store->ops.upload_abort(upload->store->self, upload->stream);
    upload_free(upload);
}
