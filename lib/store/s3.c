/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 store: how it is addressed, and its simple operations. */
#include "store/s3.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "store/s3_impl.h"
#include "store/s3_sign.h"

enum { MIN_PART_BYTES = 5 * 1024 * 1024, MAX_RESUMES = 32 };

/* Counts what passes. */
typedef struct counting_sink {
    dw_sink to;
    int64_t bytes;
} counting_sink;

static dw_status count_write(void *ctx, const void *data, size_t len, dw_error *err)
{
    counting_sink *c = ctx;
    dw_status status = c->to.write(c->to.ctx, data, len, err);

    if (status == DW_OK)
        c->bytes += (int64_t)len;
    return status;
}

enum { RANGE_TEXT = 64 };

/* The header for a range, or NULL for the whole object. */
static const char *range_header(dw_range range, char text[RANGE_TEXT])
{
    int64_t last;

    if (range.offset == 0 && range.length < 0)
        return NULL;
    if (range.offset < 0)
        (void)snprintf(text, RANGE_TEXT, "bytes=%" PRId64, range.offset);
    else if (range.length < 0 || range.offset > INT64_MAX - range.length)
        (void)snprintf(text, RANGE_TEXT, "bytes=%" PRId64 "-", range.offset);
    else {
        last = range.offset + range.length - 1;
        (void)snprintf(text, RANGE_TEXT, "bytes=%" PRId64 "-%" PRId64, range.offset, last);
    }
    return text;
}

/* An answer that breaks off is continued where it was, as long as each try brings something and the
 * object stays the same. */
typedef struct reading {
    dw_range left;
    dwi_buf etag; /* of the first answer */
    counting_sink sink;
} reading;

/* After a failed try: what is left to read, or false to give up. */
static bool reading_resume(reading *r, const dwi_s3_response *response, dw_error *err)
{
    int64_t got = r->sink.bytes;

    if (got == 0 || response->sink_status != DW_OK || !err->retryable || response->etag.len == 0 ||
        response->content_length <= got)
        return false;
    if (r->etag.len == 0) {
        dwi_buf_append(&r->etag, response->etag.data, response->etag.len);
        if (dwi_buf_cstr(&r->etag) == NULL)
            return false;
    }
    r->left.offset = (response->range_start < 0 ? 0 : response->range_start) + got;
    r->left.length = response->content_length - got;
    r->sink.bytes = 0;
    return true;
}

static dw_status s3_head(void *self, const char *key, dw_object *out_object, dw_error *err);

static dw_status s3_get(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    dwi_s3 *s3 = self;
    reading r = {.left = range, .sink = {sink, 0}};
    dw_sink counted = {&r.sink, count_write};
    dwi_s3_request request = {.method = "GET", .key = key, .sink = &counted};
    dwi_s3_response response;
    char header[RANGE_TEXT];
    dw_error error = DW_ERROR_INIT;
    dw_object object;
    dw_status status;

    if (range.length == 0) /* HTTP cannot ask for nothing */
        return s3_head(self, key, &object, err);
    dwi_buf_init(&r.etag, s3->base->alloc);
    dwi_s3_response_init(&response, s3->base->alloc);
    for (int tries = 0;; tries++) {
        request.range = range_header(r.left, header);
        request.range_start = r.left.offset < 0 ? -1 : r.left.offset;
        request.if_match = r.etag.len > 0 ? (const char *)r.etag.data : NULL;
        status = dwi_s3_call(s3, &request, &response, &error);
        if (status == DW_OK || s3->base->retry_timeout_ms < 0 || tries == MAX_RESUMES ||
            !reading_resume(&r, &response, &error))
            break;
        dwi_logf(s3->base->logger, DW_LOG_WARN, "get %s: %s; goes on at byte %" PRId64, key,
                 error.message, r.left.offset);
    }
    if (response.http_status == 416 && r.etag.len == 0) /* past the end: there is nothing */
        status = DW_OK;
    if (status != DW_OK && err != NULL)
        *err = error;
    dwi_s3_response_done(&response);
    dwi_buf_done(&r.etag);
    return status;
}

static dw_status s3_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    dwi_s3 *s3 = self;
    dwi_s3_request request = {.method = "PUT", .key = key, .body = body};
    dwi_s3_response response;
    dw_status status;

    request.if_absent = mode == DW_PUT_IF_ABSENT;
    status = request.if_absent ? dwi_s3_probe(s3, key, err) : DW_OK;
    if (status != DW_OK)
        return status;
    dwi_s3_response_init(&response, s3->base->alloc);
    status = dwi_s3_call(s3, &request, &response, err);
    dwi_s3_response_done(&response);
    return status;
}

static dw_status s3_head(void *self, const char *key, dw_object *out_object, dw_error *err)
{
    dwi_s3 *s3 = self;
    dwi_s3_request request = {.method = "HEAD", .key = key};
    dwi_s3_response response;
    dw_status status;

    dwi_s3_response_init(&response, s3->base->alloc);
    DWI_TRY(dwi_s3_call(s3, &request, &response, err));
    if (response.content_length < 0) {
        status = dwi_err(err, DW_E_CORRUPT, "the server does not tell the object's size");
        goto done;
    }
    out_object->size = response.content_length;
    out_object->modified_ms = response.modified_ms < 0 ? 0 : response.modified_ms;
done:
    dwi_s3_response_done(&response);
    return status;
}

static dw_status s3_remove(void *self, const char *key, dw_error *err)
{
    dwi_s3 *s3 = self;
    dwi_s3_request request = {.method = "DELETE", .key = key};
    dwi_s3_response response;
    dw_status status;

    dwi_s3_response_init(&response, s3->base->alloc);
    status = dwi_s3_call(s3, &request, &response, err);
    dwi_s3_response_done(&response);
    return status;
}

static void s3_destroy(void *self)
{
    dwi_s3 *s3 = self;
    const dw_allocator *alloc = s3->base->alloc;

    dwi_s3_pool_close(s3->pool);
    dwi_cstr_free(alloc, s3->bucket);
    dwi_cstr_free(alloc, s3->prefix);
    dwi_cstr_free(alloc, s3->region);
    dwi_cstr_free(alloc, s3->base_url);
    dwi_cstr_free(alloc, s3->base_path);
    dwi_cstr_free(alloc, s3->ca_file);
    dw_credentials_unref(s3->credentials);
    dwi_free(alloc, s3, sizeof(*s3));
}

const dw_store_vtable *dwi_s3_vtable(void)
{
    static const dw_store_vtable vtable = {
        .struct_size = sizeof(dw_store_vtable),
        .caps = DW_CAP_PUT_IF_ABSENT | DW_CAP_LIST_AFTER,
        .get = s3_get,
        .put = s3_put,
        .list = dwi_s3_list,
        .head = s3_head,
        .remove = s3_remove,
        .upload_begin = dwi_s3_upload_begin,
        .upload_write = dwi_s3_upload_write,
        .upload_finish = dwi_s3_upload_finish,
        .upload_abort = dwi_s3_upload_abort,
        .destroy = s3_destroy,
        .sweep = dwi_s3_sweep,
        .remove_many = dwi_s3_remove_many,
    };

    return &vtable;
}

/* Nothing that would end a header line or a URL part. */
static bool is_clean(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7F)
            return false;
    return true;
}

static dw_status check_options(const dw_store_options *opts, dw_error *err)
{
    if (opts->part_bytes < MIN_PART_BYTES)
        return dwi_err(err, DW_E_ARG, "part_bytes is %" PRId64 "; S3 demands %d or more",
                       opts->part_bytes, MIN_PART_BYTES);
    if ((opts->s3_access_key_id == NULL) != (opts->s3_secret_access_key == NULL))
        return dwi_err(err, DW_E_ARG, "of the S3 access key and its secret only one is set");
    if (!is_clean(opts->s3_endpoint) || !is_clean(opts->s3_region) ||
        !is_clean(opts->s3_access_key_id) || !is_clean(opts->s3_secret_access_key) ||
        !is_clean(opts->s3_session_token))
        return dwi_err(err, DW_E_ARG, "an S3 option holds a blank or control character");
    return DW_OK;
}

/* AWS itself. A bucket with a '.' in its name does not match the host's certificate. */
static void aws_address(const dwi_s3 *s3, dwi_buf *url, dwi_buf *path)
{
    bool by_path = strchr(s3->bucket, '.') != NULL;
    const char *domain = strncmp(s3->region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";

    dwi_buf_printf(url, "https://%s%ss3.%s.%s", by_path ? "" : s3->bucket, by_path ? "" : ".",
                   s3->region, domain);
    if (by_path)
        dwi_buf_printf(path, "/%s", s3->bucket);
}

static dw_status endpoint_address(const dwi_s3 *s3, const dw_store_options *opts, dwi_buf *url,
                                  dwi_buf *path, dw_error *err)
{
    const char *endpoint = opts->s3_endpoint;
    bool http = strncmp(endpoint, "http://", 7) == 0;
    bool by_host = (opts->flags & DW_S3_VIRTUAL_HOST) != 0;
    const char *host = endpoint + (http ? 7 : 8);
    size_t host_len;
    dwi_sv folder;

    if (!http && strncmp(endpoint, "https://", 8) != 0)
        return dwi_err(err, DW_E_ARG, "endpoint %s: it begins with neither https:// nor http://",
                       endpoint);
    if (http && (opts->flags & DW_S3_ALLOW_HTTP) == 0)
        return dwi_err(err, DW_E_ARG, "endpoint %s: http is not allowed unless asked for",
                       endpoint);
    host_len = strcspn(host, "/");
    folder = dwi_sv_cstr(host + host_len);
    while (folder.len > 0 && folder.ptr[folder.len - 1] == '/')
        folder.len--;
    if (host_len == 0 || strpbrk(endpoint, "@?#%") != NULL)
        return dwi_err(err, DW_E_ARG, "endpoint: not of the form https://host:port");
    dwi_buf_printf(url, "%.*s%s%s%.*s", http ? 7 : 8, endpoint, by_host ? s3->bucket : "",
                   by_host ? "." : "", (int)host_len, host);
    dwi_buf_append(path, folder.ptr, folder.len);
    if (!by_host)
        dwi_buf_printf(path, "/%s", s3->bucket);
    return DW_OK;
}

static dw_status set_address(dwi_s3 *s3, const dw_store_options *opts, dw_error *err)
{
    const dw_allocator *alloc = s3->base->alloc;
    dw_status status = DW_OK;
    dwi_buf url;
    dwi_buf path;

    dwi_buf_init(&url, alloc);
    dwi_buf_init(&path, alloc);
    if (opts->s3_endpoint == NULL)
        aws_address(s3, &url, &path);
    else
        DWI_TRY(endpoint_address(s3, opts, &url, &path, err));
    if (dwi_buf_cstr(&url) == NULL || dwi_buf_cstr(&path) == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    s3->base_url = dwi_cstr_dup(alloc, (const char *)url.data);
    s3->base_path = dwi_cstr_dup(alloc, (const char *)path.data);
    if (s3->base_url == NULL || s3->base_path == NULL)
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&path);
    dwi_buf_done(&url);
    return status;
}

/* A copy, `text` NULL giving NULL; *failed is set when out of memory. */
static char *copy_text(const dw_allocator *alloc, const char *text, bool *failed)
{
    char *copy = text == NULL ? NULL : dwi_cstr_dup(alloc, text);

    *failed = *failed || (text != NULL && copy == NULL);
    return copy;
}

static char *copy_prefix(const dw_allocator *alloc, const char *prefix, bool *failed)
{
    dwi_buf text;
    char *copy;

    dwi_buf_init(&text, alloc);
    dwi_buf_printf(&text, "%s%s", prefix, prefix[0] == '\0' ? "" : "/");
    copy = copy_text(alloc, dwi_buf_cstr(&text), failed);
    *failed = *failed || text.failed;
    dwi_buf_done(&text);
    return copy;
}

/* Keys that do not change are a source too, which has nothing to fetch. */
static dw_status give_fixed(void *ctx, dw_keys_sink sink, dw_error *err)
{
    const dwi_keys *fixed = ctx;
    dw_keys keys = DW_KEYS_INIT;

    keys.access_key_id = fixed->access_key_id;
    keys.secret_access_key = fixed->secret_access_key;
    keys.session_token = fixed->session_token;
    return sink.give(sink.ctx, &keys, err);
}

static void free_fixed(void *ctx)
{
    dwi_keys_unref(ctx);
}

static dw_status set_credentials(dwi_s3 *s3, const dw_store_options *opts, dw_error *err)
{
    dw_credentials_options options = DW_CREDENTIALS_OPTIONS_INIT;
    dw_keys given = DW_KEYS_INIT;
    dwi_keys *fixed = NULL;
    dw_status status = DW_OK;

    if (opts->s3_credentials != NULL)
        s3->credentials = dw_credentials_ref(opts->s3_credentials);
    s3->keys_change = opts->s3_credentials != NULL;
    if (opts->s3_credentials != NULL || opts->s3_access_key_id == NULL)
        return DW_OK;
    options.allocator = s3->base->alloc;
    given.access_key_id = opts->s3_access_key_id;
    given.secret_access_key = opts->s3_secret_access_key;
    given.session_token = opts->s3_session_token;
    DWI_TRY(dwi_keys_new(s3->base->alloc, &given, &fixed, err));
    status = dw_credentials_new(give_fixed, fixed, free_fixed, &options, &s3->credentials, err);
    if (status != DW_OK)
        dwi_keys_unref(fixed);
done:
    return status;
}

dw_status dwi_s3_open(const dwi_store_base *base, const char *bucket, const char *prefix,
                      const dw_store_options *opts, void **out_self, dw_error *err)
{
    const dw_allocator *alloc = base->alloc;
    bool failed = false;
    dwi_s3 *s3 = NULL;
    dw_status status = check_options(opts, err);

    if (status != DW_OK)
        return status;
    s3 = dwi_alloc_zero(alloc, sizeof(*s3));
    if (s3 == NULL)
        return dwi_err_nomem(err);
    s3->base = base;
    s3->request_timeout_ms = opts->request_timeout_ms;
    s3->part_bytes = opts->part_bytes;
    /* AWS documents it; whoever vouches to be alone does not depend on it. */
    atomic_init(&s3->no_remove_many, false);
    atomic_init(&s3->if_absent_works,
                opts->s3_endpoint == NULL ||
                    (opts->flags & (DW_S3_TRUST_IF_ABSENT | DW_STORE_VOUCH_SINGLE_WRITER)) != 0);
    s3->bucket = copy_text(alloc, bucket, &failed);
    s3->prefix = copy_prefix(alloc, prefix, &failed);
    s3->region = copy_text(alloc, opts->s3_region == NULL ? "us-east-1" : opts->s3_region, &failed);
    s3->ca_file = copy_text(alloc, opts->s3_ca_file, &failed);
    status = failed ? dwi_err_nomem(err) : set_credentials(s3, opts, err);
    if (status == DW_OK)
        status = set_address(s3, opts, err);
    if (status == DW_OK)
        status = dwi_s3_pool_open(alloc, opts->max_connections, &s3->pool, err);
    if (status != DW_OK) {
        s3_destroy(s3);
        return status;
    }
    *out_self = s3;
    return DW_OK;
}
