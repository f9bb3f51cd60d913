/* SPDX-License-Identifier: Apache-2.0 */
/* Object stores: where a table's bytes live. Local disk, memory and S3 come with the library; any
 * other is a dw_store_vtable. docs/store-contract.md states what a store must guarantee. */
#ifndef DELTAWRITE_STORE_H
#define DELTAWRITE_STORE_H

#include <deltawrite/credentials.h>
#include <deltawrite/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A reference-counted handle, safe from any thread. */
typedef struct dw_store dw_store;

/* What a store guarantees (dw_store_vtable.caps). */
#define DW_CAP_PUT_IF_ABSENT 1u /* DW_PUT_IF_ABSENT is atomic among all writers */
#define DW_CAP_LIST_AFTER    2u /* list() starts at `after` without reading what is before it */

/* How put() and upload_begin() treat an object that exists. */
#define DW_PUT_OVERWRITE 0
#define DW_PUT_IF_ABSENT 1

/** Bytes [offset, offset + length) of an object. length -1: to its end. offset -n with length -1:
 * its last n bytes (all of it when it is shorter). */
typedef struct dw_range {
    int64_t offset;
    int64_t length;
} dw_range;

#define DW_RANGE_ALL                                                                               \
    {                                                                                              \
        0, -1                                                                                      \
    }

/** Takes bytes in order. A status other than DW_OK stops the read, which then returns it. */
typedef struct dw_sink {
    void *ctx;
    dw_status (*write)(void *ctx, const void *data, size_t len, dw_error *err);
} dw_sink;

/** One object. `key` is borrowed for the call and relative to the store's root. */
typedef struct dw_object {
    const char *key;
    int64_t size;        /* bytes */
    int64_t modified_ms; /* milliseconds since 1970-01-01T00:00:00Z */
} dw_object;

typedef dw_status dw_lister_fn(void *ctx, const dw_object *object, dw_error *err);

/** What a sweep removed, or would. */
typedef struct dw_swept {
    int64_t leftovers; /* of writes that broke off */
    int64_t bytes;     /* in them */
    int64_t folders;   /* without an object */
} dw_swept;

/** The operations of a store. Keys are UTF-8 paths without a leading '/', relative to the root.
 * Every call may come from several threads at once. None retries: the library does that above.
 * `err` is never NULL; fill it with code, retryable and a reason of one line (the library puts the
 * operation and the key before it). A sink or lister that the library passes does not use the
 * store, so that a lock may be held while it is called. get, put, list and remove are needed.
 *
 * Errors are classed: DW_E_NOT_FOUND, DW_E_EXISTS, DW_E_DENIED, DW_E_THROTTLED, DW_E_IO (retryable
 * when transient), DW_E_UNKNOWN (a put whose reply was lost), DW_E_CORRUPT. */
typedef struct dw_store_vtable {
    uint32_t struct_size; /* sizeof(dw_store_vtable) when the implementer compiled */
    uint32_t caps;        /* DW_CAP_* */

    /** Stream a range of `key` into `sink`. A range past the end gives what there is. */
    dw_status (*get)(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err);

    /** Write a whole object. With DW_PUT_IF_ABSENT exactly one of several writers gets DW_OK, the
     * others DW_E_EXISTS; DW_E_UNKNOWN when it cannot be told. The object is durable on DW_OK. */
    dw_status (*put)(void *self, const char *key, dw_bytes body, int mode, dw_error *err);

    /** Call `each` for every object whose key starts with `prefix` and, `after` not NULL, is
     * greater than `after`, in byte order of keys. A status other than DW_OK from `each` ends the
     * listing, which then returns it. */
    dw_status (*list)(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                      void *ctx, dw_error *err);

    /** Size and time of one object; out_object->key is left alone. NULL: looked up by list(). */
    dw_status (*head)(void *self, const char *key, dw_object *out_object, dw_error *err);

    /** Delete one object; a missing one is DW_OK. */
    dw_status (*remove)(void *self, const char *key, dw_error *err);

    /** Streaming upload: nothing is visible before upload_finish() returns DW_OK. finish and abort
     * both end the upload and free it; write may be called any number of times before. A store
     * may leave all four out (NULL): the library then collects an upload in memory and put()s it
     * whole. */
    dw_status (*upload_begin)(void *self, const char *key, void **out_upload, dw_error *err);
    dw_status (*upload_write)(void *self, void *upload, const void *data, size_t len,
                              dw_error *err);
    dw_status (*upload_finish)(void *self, void *upload, dw_error *err);
    void (*upload_abort)(void *self, void *upload);

    /** Free `self`; called once, when the last reference goes. NULL: nothing to free. */
    void (*destroy)(void *self);

    /* Append below this line only. */

    /** Remove what list() does not show below `prefix` and nobody needs: what writes that broke off
     * left behind, and folders without objects, as far as it was last changed before `before_ms`.
     * With `dry_run` only count. NULL: there is nothing of the kind. */
    dw_status (*sweep)(void *self, const char *prefix, int64_t before_ms, int32_t dry_run,
                       dw_swept *out_swept, dw_error *err);

    /** Delete at most 1,000 objects at once; missing ones are DW_OK. After an error any of them may
     * be there or gone: the library then deletes them one by one. NULL: it always does. */
    dw_status (*remove_many)(void *self, const char *const *keys, size_t count, dw_error *err);
} dw_store_vtable;

/** One request to a store, when it is over. A request that is tried again is told each time. */
typedef struct dw_store_request {
    uint32_t struct_size;
    int32_t sys;           /* HTTP status or errno behind a failure, else 0 */
    const char *operation; /* "get", "put", "put-if-absent", "list", "head", "remove", "upload" */
    const char *key;       /* borrowed for the call; a listing's is its prefix */
    dw_status status;      /* DW_OK, or what the store answered */
    int64_t duration_us;   /* spent in the store; of an upload in all its calls */
    int64_t bytes;         /* received or sent */
} dw_store_request;

/** Called after each request, by the thread that made it; it may not use the store. */
typedef void dw_store_observer_fn(void *ctx, const dw_store_request *request);

#define DW_STORE_VOUCH_SINGLE_WRITER                                                               \
    1u                           /* the caller vouches to be the only writer of its tables         \
                                  */
#define DW_S3_ALLOW_HTTP      2u /* permit an http:// endpoint */
#define DW_S3_VIRTUAL_HOST    4u /* address buckets as host names, not as path segments */
#define DW_S3_TRUST_IF_ABSENT 8u /* do not probe whether the endpoint keeps to if-absent */

/** How stores are made. Strings are copied. Zero means the default. */
typedef struct dw_store_options {
    uint32_t struct_size;          /* set by DW_STORE_OPTIONS_INIT */
    uint32_t flags;                /* DW_STORE_*, DW_S3_* */
    const dw_allocator *allocator; /* NULL: malloc; borrowed until the store's last unref */
    dw_log_fn *log;                /* NULL: silent; retries are told at DW_LOG_WARN */
    void *log_ctx;
    const char *s3_endpoint;      /* NULL: AWS in `s3_region` (virtual-host addressing) */
    const char *s3_region;        /* NULL: "us-east-1" */
    const char *s3_access_key_id; /* NULL: requests are not signed */
    const char *s3_secret_access_key;
    const char *s3_session_token;
    int64_t retry_timeout_ms;   /* 0: 180,000; time in which one operation is retried; -1: never */
    int64_t request_timeout_ms; /* 0: 60,000; one request without progress */
    int64_t part_bytes;      /* 0: 8 MiB; multipart upload part size (S3 demands 5 MiB or more) */
    int32_t max_connections; /* 0: 8 idle connections kept per store */
    /* Append below this line only. Zero must mean "the default". */
    dw_store_observer_fn *observe; /* NULL: nobody is told of requests */
    void *observe_ctx;
    dw_credentials *s3_credentials; /* in place of the keys above; a reference is taken */
    const char *s3_ca_file;         /* authorities of an https endpoint, PEM; NULL: the system's */
} dw_store_options;
#define DW_STORE_OPTIONS_INIT                                                                      \
    {                                                                                              \
        sizeof(dw_store_options), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0,   \
            NULL, NULL, NULL, NULL                                                                 \
    }

/** Open the store that a URI names, rooted there: "s3://bucket/prefix" (s3a:// is the same),
 * "file:///dir", or a plain path. A local root need not exist yet. Nothing is contacted.
 *
 * Ownership: *out_store has one reference; give it back with dw_store_unref().
 * Errors:    DW_E_ARG (not a URI we know, http endpoint without DW_S3_ALLOW_HTTP), DW_E_UNSUPPORTED
 *            (a scheme without a store, S3 not built in), DW_E_NOMEM.
 * Threads:   any thread. */
DW_API dw_status dw_store_open_uri(const char *uri, const dw_store_options *opts,
                                   dw_store **out_store, dw_error *err);

/** An empty store in memory, for tests and examples.
 *
 * Ownership: as dw_store_open_uri().
 * Errors:    DW_E_NOMEM.
 * Threads:   any thread. */
DW_API dw_status dw_store_open_memory(const dw_store_options *opts, dw_store **out_store,
                                      dw_error *err);

/** Wrap a store of the caller's own.
 *
 * Ownership: on DW_OK `self` belongs to the store (vtable->destroy frees it); on error it stays
 * with the caller. `vtable` is borrowed until then. `name` (copied) stands for it in messages.
 * Errors:    DW_E_ARG (an operation is missing), DW_E_UNSUPPORTED (a longer vtable than ours sets
 *            operations we do not know), DW_E_NOMEM.
 * Threads:   any thread. */
DW_API dw_status dw_store_new(const dw_store_vtable *vtable, void *self, const char *name,
                              const dw_store_options *opts, dw_store **out_store, dw_error *err);

/** Try what writing a table needs: list, put an object that is not there, be refused to put it
 * again, read it, delete it. The object is ".dw-check-" and a random id, in the store's root.
 * Rights to one of these that are missing, a bucket that does not exist, a server that ignores
 * if-absent are told before a table is made or opened.
 *
 * Ownership: none moves.
 * Errors:    DW_E_DENIED, DW_E_NOT_FOUND (no such bucket), DW_E_UNSUPPORTED (if-absent is not
 *            kept), DW_E_CORRUPT (other bytes come back), DW_E_THROTTLED, DW_E_IO, DW_E_UNKNOWN,
 *            DW_E_NOMEM; the object is removed where it can be.
 * Threads:   any thread. */
DW_API dw_status dw_store_check(dw_store *store, dw_error *err);

/** One more reference; returns `store`.
 *
 * Ownership: pair with dw_store_unref().
 * Errors:    none.
 * Threads:   any thread. */
DW_API dw_store *dw_store_ref(dw_store *store);

/** Give one reference back; the last one closes the store. NULL is allowed.
 *
 * Ownership: `store` must not be used again by this reference's holder.
 * Errors:    none.
 * Threads:   any thread. */
DW_API void dw_store_unref(dw_store *store);

#ifdef __cplusplus
}
#endif
#endif
