/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store's own: one request and its answer, what an answer means, and who uses it. Layers,
 * top down: s3.c (operations), s3_list.c, s3_delete.c and s3_upload.c; s3_error.c (what an answer
 * means); s3_http.c (libcurl) with s3_sign.c and s3_xml.c. */
#ifndef DWI_STORE_S3_IMPL_H
#define DWI_STORE_S3_IMPL_H

#include "store/key_cache.h"
#include "store/s3.h"

typedef struct dwi_s3_pool dwi_s3_pool;

typedef struct dwi_s3 {
    const dwi_store_base *base;
    char *bucket;
    char *prefix; /* of all keys, ends in '/' unless empty */
    char *region;
    dw_credentials *credentials; /* NULL: requests are not signed */
    bool keys_change;            /* `credentials` are the caller's, not fixed keys */
    char *ca_file;               /* NULL: the system's authorities */
    char *base_url;              /* scheme://host[:port] */
    char *base_path;             /* percent-encoded; before the key: "", "/bucket", ... */
    dwi_s3_pool *pool;
    int64_t request_timeout_ms;
    int64_t part_bytes;
    atomic_bool no_remove_many;  /* the server was seen not to have it */
    atomic_bool if_absent_works; /* proved by dwi_s3_probe(), or taken for granted */
} dwi_s3;

typedef struct dwi_s3_request {
    const char *method;
    const char *key;   /* below the store's root; NULL: the bucket itself */
    const char *query; /* encoded and sorted; NULL: none */
    dw_bytes body;
    const char *range;   /* header values, as is if_match; NULL: none */
    int64_t range_start; /* which the answer to a range must have; -1: any */
    const char *if_match;
    const char *content_md5; /* NULL: none */
    bool if_absent;          /* PUT only: if-none-match: *, and never sent twice by itself */
    const dw_sink *sink;     /* takes the body of a 2xx answer; NULL: dwi_s3_response.body does */
} dwi_s3_request;

typedef struct dwi_s3_response {
    int http_status;        /* 0: none came */
    bool sent;              /* the whole request may have reached the server */
    dwi_buf body;           /* without a sink, or of an error */
    dwi_buf etag;           /* NUL-terminated when len > 0, as are these */
    dwi_buf region;         /* x-amz-bucket-region */
    int64_t content_length; /* -1: not told */
    int64_t range_start;    /* of Content-Range; -1: none */
    int64_t modified_ms;    /* of Last-Modified; -1: none */
    dw_status sink_status;  /* not DW_OK: the sink's own failure */
    dwi_keys *keys;         /* that the request was signed with; NULL: not signed */
} dwi_s3_response;

void dwi_s3_response_init(dwi_s3_response *response, const dw_allocator *alloc);
void dwi_s3_response_done(dwi_s3_response *response); /* a zeroed one too */

/* s3_http.c: one request. DW_OK when an answer arrived whole, whatever it says. Otherwise the
 * sink's error, or the transport's: DW_E_IO with err->retryable (response->sent tells the rest),
 * DW_E_NOMEM, DW_E_CORRUPT. */
dw_status dwi_s3_send(dwi_s3 *s3, const dwi_s3_request *request, dwi_s3_response *response,
                      dw_error *err);
dw_status dwi_s3_pool_open(const dw_allocator *alloc, int32_t max_idle, dwi_s3_pool **out_pool,
                           dw_error *err);
void dwi_s3_pool_close(dwi_s3_pool *pool); /* NULL too */

/* s3_error.c: dwi_s3_send(), and anything but 2xx is an error too, classed as the vtable demands:
 * with if_absent what may have taken effect is DW_E_UNKNOWN. */
dw_status dwi_s3_call(dwi_s3 *s3, const dwi_s3_request *request, dwi_s3_response *response,
                      dw_error *err);
/* Text of the element `name` right below the root of an XML answer, NUL-terminated, into `out`
 * (empty when missing); false when the answer is not well-formed. */
bool dwi_s3_xml_field(dw_bytes xml, const char *name, dwi_buf *out);

/* s3_probe.c: DW_OK once the server was seen to keep to if-absent. Any error means that nothing was
 * done about `key`, DW_E_UNSUPPORTED that it does not. */
dw_status dwi_s3_probe(dwi_s3 *s3, const char *key, dw_error *err);

/* s3_list.c, s3_delete.c, s3_sweep.c, s3_upload.c: operations of the vtable. */
dw_status dwi_s3_sweep(void *self, const char *prefix, int64_t before_ms, int32_t dry_run,
                       dw_swept *out_swept, dw_error *err);
/* In place. Besides %XX a blank may come as '+'. False for a broken escape. */
bool dwi_s3_url_decode(dwi_buf *text);
dw_status dwi_s3_remove_many(void *self, const char *const *keys, size_t count, dw_error *err);
dw_status dwi_s3_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                      void *ctx, dw_error *err);
dw_status dwi_s3_upload_begin(void *self, const char *key, void **out_upload, dw_error *err);
dw_status dwi_s3_upload_write(void *self, void *upload, const void *data, size_t len,
                              dw_error *err);
dw_status dwi_s3_upload_finish(void *self, void *upload, dw_error *err);
void dwi_s3_upload_abort(void *self, void *upload);

#endif
