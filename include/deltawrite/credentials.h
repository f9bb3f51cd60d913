/* SPDX-License-Identifier: Apache-2.0 */
/* Keys for S3 requests that come from somewhere and expire: an instance's or a container's role,
 * a web identity, an assumed role, or a function of the caller's. */
#ifndef DELTAWRITE_CREDENTIALS_H
#define DELTAWRITE_CREDENTIALS_H

#include <deltawrite/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A reference-counted source of keys, safe from any thread; many stores may share one
 * (dw_store_options.s3_credentials). Keys are fetched when the first request needs them and again
 * after three quarters of their life: by the thread of one request, while the others go on with
 * the old ones. A fetch that fails then is told at DW_LOG_WARN and tried again half a minute later;
 * requests fail only once the keys have expired. Keys that the server calls expired are fetched
 * anew at once. */
typedef struct dw_credentials dw_credentials;

/** Keys; the texts are borrowed for the call they are passed to. */
typedef struct dw_keys {
    uint32_t struct_size;
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL: none */
    int64_t expires_ms;        /* milliseconds since 1970-01-01T00:00:00Z; 0: they do not */
    /* Append below this line only. */
} dw_keys;
#define DW_KEYS_INIT                                                                               \
    {                                                                                              \
        sizeof(dw_keys), NULL, NULL, NULL, 0                                                       \
    }

/** Takes what a fetch brings; copies it. */
typedef struct dw_keys_sink {
    void *ctx;
    dw_status (*give)(void *ctx, const dw_keys *keys, dw_error *err);
} dw_keys_sink;

/** Fetches keys and gives them to `sink` once, or fails. One call at a time. */
typedef dw_status dw_credentials_fn(void *ctx, dw_keys_sink sink, dw_error *err);

/** How sources of keys are made. Zero means the default. */
typedef struct dw_credentials_options {
    uint32_t struct_size;          /* set by DW_CREDENTIALS_OPTIONS_INIT */
    uint32_t reserved;             /* 0 */
    const dw_allocator *allocator; /* NULL: malloc; borrowed until the last unref */
    dw_log_fn *log;                /* NULL: silent */
    void *log_ctx;
    /* Append below this line only. Zero must mean "the default". */
} dw_credentials_options;
#define DW_CREDENTIALS_OPTIONS_INIT                                                                \
    {                                                                                              \
        sizeof(dw_credentials_options), 0, NULL, NULL, NULL                                        \
    }

/** Keys from a function of the caller's.
 *
 * Ownership: on DW_OK `ctx` belongs to the source, and `destroy` (may be NULL) frees it; on error
 *            it stays with the caller. *out_credentials has one reference.
 * Errors:    DW_E_ARG, DW_E_NOMEM.
 * Threads:   any thread. */
DW_API dw_status dw_credentials_new(dw_credentials_fn *fetch, void *ctx, void (*destroy)(void *ctx),
                                    const dw_credentials_options *opts,
                                    dw_credentials **out_credentials, dw_error *err);

#define DW_AWS_INSTANCE     1 /* role of an EC2 instance, by its metadata service, version 2 */
#define DW_AWS_CONTAINER    2 /* role of an ECS task or EKS pod, by the agent at `endpoint` */
#define DW_AWS_WEB_IDENTITY 3 /* `role_arn`, for the token in `token_file`, by STS */
#define DW_AWS_ROLE         4 /* `role_arn`, for the keys of `base`, by STS */

/** Where AWS gives keys. Strings are copied; zero means the default. */
typedef struct dw_aws_source {
    uint32_t struct_size; /* set by DW_AWS_SOURCE_INIT */
    int32_t kind;         /* DW_AWS_* */
    const char *endpoint; /* NULL: the instance's metadata service, or STS of `region`; a container
                               needs it: whole, with path */
    const char *region;   /* NULL: "us-east-1" */
    const char *token_file; /* read again for each fetch; a container's goes into Authorization */
    const char *token;      /* of a container, when it is not in a file */
    const char *role_arn;
    const char *role_session_name; /* NULL: "deltawrite" */
    const char *external_id;       /* DW_AWS_ROLE; NULL: none */
    dw_credentials *base;          /* DW_AWS_ROLE; a reference is taken */
    const char *ca_file;           /* NULL: the system's authorities; PEM */
    int64_t timeout_ms;            /* 0: 1,000 for an instance, 5,000 else; of one request */
    /* Append below this line only. Zero must mean "the default". */
} dw_aws_source;
#define DW_AWS_SOURCE_INIT                                                                         \
    {                                                                                              \
        sizeof(dw_aws_source), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0          \
    }

/** Keys that AWS gives, as its tools do. Nothing is contacted.
 *
 * Ownership: *out_credentials has one reference.
 * Errors:    DW_E_ARG (what the kind needs is missing; an endpoint of a container that is neither
 *            https nor on this host), DW_E_UNSUPPORTED (S3 not built in), DW_E_NOMEM.
 * Threads:   any thread. */
DW_API dw_status dw_credentials_open_aws(const dw_aws_source *source,
                                         const dw_credentials_options *opts,
                                         dw_credentials **out_credentials, dw_error *err);

/** Fetch now what is not there or due, to learn early whether it works. *out_expires_ms (may be
 * NULL): when the keys end, milliseconds since 1970; 0: they do not.
 *
 * Ownership: none moves.
 * Errors:    DW_E_DENIED, DW_E_IO, DW_E_CORRUPT (an answer without keys), DW_E_NOMEM, and those of
 *            the caller's function.
 * Threads:   any thread. */
DW_API dw_status dw_credentials_refresh(dw_credentials *credentials, int64_t *out_expires_ms,
                                        dw_error *err);

/** When the keys that are held end, without fetching: milliseconds since 1970; 0: they do not, or
 * none are held.
 *
 * Ownership: none moves.
 * Errors:    none.
 * Threads:   any thread. */
DW_API int64_t dw_credentials_expiry(dw_credentials *credentials);

/** One more reference; returns `credentials`.
 *
 * Ownership: pair with dw_credentials_unref().
 * Errors:    none.
 * Threads:   any thread. */
DW_API dw_credentials *dw_credentials_ref(dw_credentials *credentials);

/** Give one reference back; the last one frees the source and its keys. NULL is allowed.
 *
 * Ownership: `credentials` must not be used again by this reference's holder.
 * Errors:    none.
 * Threads:   any thread. */
DW_API void dw_credentials_unref(dw_credentials *credentials);

#ifdef __cplusplus
}
#endif
#endif
