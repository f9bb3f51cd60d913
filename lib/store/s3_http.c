/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request by libcurl. Easy handles are kept in a pool, each with its own kept-alive
 * connection: a handle is used by one thread at a time, the pool by any. Redirects are not
 * followed: a signed request goes to the host it was signed for or nowhere. */
#include "store/s3_impl.h"

#include <pthread.h>
#include <stdio.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/str.h"
#include "store/s3_fetch.h"
#include "store/s3_sign.h"

enum { MAX_BODY_BYTES = 32 * 1024 * 1024, MAX_HEADERS = 8, CONNECT_TIMEOUT_MS = 10000 };

struct dwi_s3_pool {
    const dw_allocator *alloc;
    size_t max_idle;
    struct {
        pthread_mutex_t lock;
        CURL **idle;
        size_t n_idle;
    } synced;
};

dw_status dwi_s3_pool_open(const dw_allocator *alloc, int32_t max_idle, dwi_s3_pool **out_pool,
                           dw_error *err)
{
    dwi_s3_pool *pool = dwi_alloc_zero(alloc, sizeof(*pool));

    if (pool == NULL)
        return dwi_err_nomem(err);
    dwi_s3_init_curl();
    pool->alloc = alloc;
    pool->max_idle = (size_t)max_idle;
    pool->synced.idle = dwi_alloc_array(alloc, pool->max_idle, sizeof(CURL *));
    if (pool->synced.idle == NULL || pthread_mutex_init(&pool->synced.lock, NULL) != 0) {
        dwi_free(alloc, pool->synced.idle, pool->max_idle * sizeof(CURL *));
        dwi_free(alloc, pool, sizeof(*pool));
        return dwi_err_nomem(err);
    }
    *out_pool = pool;
    return DW_OK;
}

void dwi_s3_pool_close(dwi_s3_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->synced.n_idle; i++)
        curl_easy_cleanup(pool->synced.idle[i]);
    (void)pthread_mutex_destroy(&pool->synced.lock);
    dwi_free(pool->alloc, pool->synced.idle, pool->max_idle * sizeof(CURL *));
    dwi_free(pool->alloc, pool, sizeof(*pool));
}

/* The handle used last comes first: its connection is the most likely to be alive. */
static CURL *take_handle(dwi_s3_pool *pool)
{
    CURL *curl = NULL;

    (void)pthread_mutex_lock(&pool->synced.lock);
    if (pool->synced.n_idle > 0)
        curl = pool->synced.idle[--pool->synced.n_idle];
    (void)pthread_mutex_unlock(&pool->synced.lock);
    return curl == NULL ? curl_easy_init() : curl;
}

static void give_handle(dwi_s3_pool *pool, CURL *curl)
{
    if (curl == NULL)
        return;
    curl_easy_reset(curl); /* the connection stays */
    (void)pthread_mutex_lock(&pool->synced.lock);
    if (pool->synced.n_idle < pool->max_idle) {
        pool->synced.idle[pool->synced.n_idle++] = curl;
        curl = NULL;
    }
    (void)pthread_mutex_unlock(&pool->synced.lock);
    if (curl != NULL)
        curl_easy_cleanup(curl);
}

void dwi_s3_response_init(dwi_s3_response *response, const dw_allocator *alloc)
{
    memset(response, 0, sizeof(*response));
    dwi_buf_init(&response->body, alloc);
    dwi_buf_init(&response->etag, alloc);
    dwi_buf_init(&response->region, alloc);
}

void dwi_s3_response_done(dwi_s3_response *response)
{
    dwi_buf_done(&response->body);
    dwi_buf_done(&response->etag);
    dwi_buf_done(&response->region);
    dwi_keys_unref(response->keys);
    response->keys = NULL;
}

static void response_clear(dwi_s3_response *response)
{
    response->http_status = 0;
    dwi_buf_clear(&response->body);
    dwi_buf_clear(&response->etag);
    dwi_buf_clear(&response->region);
    response->content_length = -1;
    response->range_start = -1;
    response->modified_ms = -1;
}

/* One request under way. */
typedef struct transfer {
    CURL *curl;
    const dwi_s3_request *request;
    dwi_s3_response *response;
    dw_error *err;
    size_t sent;        /* bytes of the body handed to curl */
    bool sent_whole;    /* all of them, once or more */
    bool head_complete; /* the blank line after the headers came */
    bool framed;        /* they tell where the body ends */
    bool broken;        /* our side ended the transfer; err says why */
    dw_status status;   /* then */
    char message[CURL_ERROR_SIZE];
} transfer;

static size_t give_body(char *out, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    size_t left = t->request->body.len - t->sent;
    size_t n = size * count < left ? size * count : left;

    if (n > 0)
        memcpy(out, (const char *)t->request->body.data + t->sent, n);
    t->sent += n;
    t->sent_whole = t->sent_whole || t->sent == t->request->body.len;
    return n;
}

/* curl sends a request again when a kept-alive connection breaks before the answer. For an
 * if-absent PUT that would hide that the first one may have taken effect. */
static int seek_body(void *ctx, curl_off_t offset, int origin)
{
    transfer *t = ctx;

    if (t->request->if_absent)
        return CURL_SEEKFUNC_FAIL;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->request->body.len)
        return CURL_SEEKFUNC_FAIL;
    t->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static void take_text(dwi_buf *out, dwi_sv value)
{
    dwi_buf_clear(out);
    dwi_buf_append(out, value.ptr, value.len);
    (void)dwi_buf_cstr(out); /* failure sticks to the buffer */
}

static int64_t leading_number(dwi_sv text)
{
    int64_t value;
    size_t digits = 0;

    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    return dwi_sv_to_i64((dwi_sv){text.ptr, digits}, &value) ? value : -1;
}

static void take_time(dwi_s3_response *response, dwi_sv value)
{
    char text[64];
    time_t at;

    if (value.len >= sizeof(text))
        return;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    at = curl_getdate(text, NULL);
    if (at >= 0)
        response->modified_ms = (int64_t)at * 1000;
}

static size_t take_header(char *line, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    dwi_s3_response *r = t->response;
    dwi_sv name = {line, size * count};
    const char *colon = memchr(line, ':', name.len);
    dwi_sv value;

    if (dwi_sv_starts_with(name, DWI_SV("HTTP/"))) {
        response_clear(r); /* after 100 Continue another answer follows */
        t->head_complete = t->framed = false;
    }
    if (dwi_sv_eq(name, DWI_SV("\r\n")) || dwi_sv_eq(name, DWI_SV("\n")))
        t->head_complete = true;
    if (colon == NULL)
        return size * count;
    value = (dwi_sv){colon + 1, name.len - (size_t)(colon - line) - 1};
    name.len = (size_t)(colon - line);
    for (; value.len > 0 && (value.ptr[0] == ' ' || value.ptr[0] == '\t'); value.len--)
        value.ptr++;
    while (value.len > 0 && strchr(" \t\r\n", value.ptr[value.len - 1]) != NULL)
        value.len--;
    if (dwi_sv_eq_nocase(name, DWI_SV("etag")))
        take_text(&r->etag, value);
    else if (dwi_sv_eq_nocase(name, DWI_SV("x-amz-bucket-region")))
        take_text(&r->region, value);
    else if (dwi_sv_eq_nocase(name, DWI_SV("content-length")))
        t->framed = (r->content_length = leading_number(value)) >= 0;
    else if (dwi_sv_eq_nocase(name, DWI_SV("transfer-encoding")))
        t->framed = true;
    else if (dwi_sv_eq_nocase(name, DWI_SV("last-modified")))
        take_time(r, value);
    else if (dwi_sv_eq_nocase(name, DWI_SV("content-range")) &&
             dwi_sv_starts_with(value, DWI_SV("bytes ")))
        r->range_start = leading_number((dwi_sv){value.ptr + 6, value.len - 6});
    return size * count;
}

static int http_status(CURL *curl)
{
    long status = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static bool range_kept(const dwi_s3_request *request, int status, int64_t start)
{
    return request->range == NULL || (status == 206 && start >= 0 &&
                                      (request->range_start < 0 || request->range_start == start));
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    dwi_s3_response *r = t->response;
    size_t len = size * count;
    int status = http_status(t->curl);

    if (t->request->sink != NULL && status / 100 == 2) {
        if (!range_kept(t->request, status, r->range_start))
            t->status = dwi_err_sys(t->err, DW_E_UNSUPPORTED, status, false,
                                    "the server does not keep to the range of a GET");
        else
            t->status = r->sink_status =
                t->request->sink->write(t->request->sink->ctx, data, len, t->err);
    } else if (len > MAX_BODY_BYTES - r->body.len) {
        t->status = dwi_err_sys(t->err, DW_E_CORRUPT, status, false,
                                "the server's answer is larger than %d bytes", MAX_BODY_BYTES);
    } else {
        dwi_buf_append(&r->body, data, len);
        t->status = dwi_buf_status(&r->body, t->err);
    }
    t->broken = t->status != DW_OK;
    return t->broken ? 0 : len;
}

/* Headers in byte order, as they are signed. */
typedef struct header_set {
    dw_property list[MAX_HEADERS];
    size_t count;
} header_set;

static void add_header(header_set *set, const char *name, const char *value)
{
    if (value != NULL)
        set->list[set->count++] = (dw_property){name, value};
}

static struct curl_slist *append_line(struct curl_slist *lines, dwi_buf *line, const char *name,
                                      const char *value)
{
    struct curl_slist *longer = NULL;

    dwi_buf_clear(line);
    dwi_buf_printf(line, value[0] == '\0' ? "%s:%s" : "%s: %s", name, value);
    if (dwi_buf_cstr(line) != NULL)
        longer = curl_slist_append(lines, (const char *)line->data);
    if (longer == NULL)
        curl_slist_free_all(lines);
    return longer;
}

static dw_status sign_headers(const dwi_s3 *s3, const dwi_s3_request *request, const dwi_keys *keys,
                              const char *path, const header_set *set, const char *date,
                              const char *hash, dwi_buf *out, dw_error *err)
{
    dwi_s3_signing signing = {
        .region = s3->region,
        .access_key_id = keys->access_key_id,
        .secret_access_key = keys->secret_access_key,
        .date = date,
        .method = request->method,
        .path = path,
        .query = request->query == NULL ? "" : request->query,
        .payload_hash = hash,
        .headers = set->list,
        .n_headers = set->count,
    };

    return dwi_s3_authorization(&signing, out, err);
}

/* "Host", as curl will send it: the port only when it is not the scheme's. */
static void append_host(dwi_buf *out, const char *base_url)
{
    const char *host = strstr(base_url, "://") + 3;
    const char *usual = base_url[4] == 's' ? ":443" : ":80";
    size_t len = strlen(host);

    if (dwi_sv_ends_with((dwi_sv){host, len}, dwi_sv_cstr(usual)))
        len -= strlen(usual);
    dwi_buf_append(out, host, len);
}

/* All header lines but the host's, which curl sends itself. */
static dw_status make_lines(const header_set *set, const dw_allocator *alloc,
                            struct curl_slist **out, dw_error *err)
{
    struct curl_slist *lines;
    dwi_buf line;

    dwi_buf_init(&line, alloc);
    /* Without an Expect header curl waits a second before the body of a large PUT. */
    lines = append_line(NULL, &line, "expect", "");
    for (size_t i = 0; i < set->count && lines != NULL; i++)
        if (strcmp(set->list[i].key, "host") != 0)
            lines = append_line(lines, &line, set->list[i].key, set->list[i].value);
    dwi_buf_done(&line);
    if (lines == NULL)
        return dwi_err_nomem(err);
    *out = lines;
    return DW_OK;
}

/* All header lines of a request, signed unless there are no keys. */
static dw_status make_headers(const dwi_s3 *s3, const dwi_s3_request *request, const dwi_keys *keys,
                              const char *path, struct curl_slist **out, dw_error *err)
{
    char date[DWI_S3_DATE_TEXT + 1];
    char hash[DWI_S3_SHA256_TEXT + 1] = DWI_S3_UNSIGNED_PAYLOAD;
    const dwi_env *env = s3->base->env;
    header_set set = {.count = 0};
    dwi_buf host;
    dwi_buf authorization;
    dw_status status = DW_OK;

    dwi_buf_init(&host, s3->base->alloc);
    dwi_buf_init(&authorization, s3->base->alloc);
    append_host(&host, s3->base_url);
    add_header(&set, "content-md5", request->content_md5);
    add_header(&set, "host", dwi_buf_cstr(&host));
    DWI_TRY(dwi_buf_status(&host, err));
    add_header(&set, "if-match", request->if_match);
    add_header(&set, "if-none-match", request->if_absent ? "*" : NULL);
    add_header(&set, "range", request->range);
    if (keys != NULL) {
        /* TLS guards the body already; without it the signature has to. */
        if (s3->base_url[4] != 's')
            DWI_TRY(dwi_s3_sha256(request->body, hash, err));
        dwi_s3_date(env->now_us(env->ctx), date);
        add_header(&set, "x-amz-content-sha256", hash);
        add_header(&set, "x-amz-date", date);
        add_header(&set, "x-amz-security-token", keys->session_token);
        DWI_TRY(sign_headers(s3, request, keys, path, &set, date, hash, &authorization, err));
        add_header(&set, "authorization", dwi_buf_cstr(&authorization));
        DWI_TRY(dwi_buf_status(&authorization, err));
    }
    status = make_lines(&set, s3->base->alloc, out, err);
done:
    dwi_buf_done(&authorization);
    dwi_buf_done(&host);
    return status;
}

static dw_status make_url(const dwi_s3 *s3, const dwi_s3_request *request, dwi_buf *url,
                          dwi_buf *path, dw_error *err)
{
    dwi_buf_append_cstr(path, s3->base_path);
    if (request->key != NULL) {
        dwi_buf_append_byte(path, '/');
        dwi_s3_encode(path, s3->prefix, true);
        dwi_s3_encode(path, request->key, true);
    } else if (path->len == 0) {
        dwi_buf_append_byte(path, '/');
    }
    dwi_buf_append_cstr(url, s3->base_url);
    dwi_buf_append(url, path->data, path->len);
    if (request->query != NULL)
        dwi_buf_printf(url, "?%s", request->query);
    return dwi_buf_cstr(path) == NULL || dwi_buf_cstr(url) == NULL ? dwi_err_nomem(err) : DW_OK;
}

static void set_method(CURL *curl, transfer *t)
{
    const char *method = t->request->method;

    if (strcmp(method, "HEAD") == 0) {
        (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0) {
        (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
        (void)curl_easy_setopt(curl, CURLOPT_READDATA, t);
        (void)curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, seek_body);
        (void)curl_easy_setopt(curl, CURLOPT_SEEKDATA, t);
        (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->request->body.len);
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    /* seek_body() is not asked about an empty body. */
    if (t->request->if_absent && t->request->body.len == 0)
        (void)curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
}

/* Options whose setting fails only for want of memory are checked by the transfer itself. */
static void set_options(CURL *curl, const dwi_s3 *s3, transfer *t)
{
    int64_t seconds = (s3->request_timeout_ms + 999) / 1000;
    int64_t connect_ms =
        s3->request_timeout_ms < CONNECT_TIMEOUT_MS ? s3->request_timeout_ms : CONNECT_TIMEOUT_MS;

    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* the environment is not ours to read */
    (void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)seconds);
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024L);
    (void)curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024L);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "libdeltawrite/" DWI_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->message);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    if (s3->ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, s3->ca_file);
    set_method(curl, t);
}

/* Whether the server can have got all of the request. Not asked of curl's own counters: after a
 * broken kept-alive connection they tell of the new one. */
static bool may_be_sent(const transfer *t)
{
    long header_bytes = 0;

    if (t->request->body.len > 0)
        return t->sent_whole;
    (void)curl_easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, &header_bytes);
    return header_bytes > 0;
}

static dw_status transport_error(const dwi_s3 *s3, const transfer *t, CURLcode code, dw_error *err)
{
    const char *text = t->message[0] != '\0' ? t->message : curl_easy_strerror(code);
    bool retryable = true;

    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return dwi_err_nomem(err);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_NOT_BUILT_IN:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        retryable = false;
        break;
    default:
        break;
    }
    return dwi_err_sys(err, DW_E_IO, 0, retryable, "%s: %s", s3->base_url, text);
}

dw_status dwi_s3_send(dwi_s3 *s3, const dwi_s3_request *request, dwi_s3_response *response,
                      dw_error *err)
{
    transfer t = {.request = request, .response = response, .err = err};
    struct curl_slist *headers = NULL;
    dwi_buf path;
    dwi_buf url;
    CURLcode code;
    dw_status status;

    response_clear(response);
    response->sent = false;
    response->sink_status = DW_OK;
    dwi_buf_init(&path, s3->base->alloc);
    dwi_buf_init(&url, s3->base->alloc);
    dwi_keys_unref(response->keys);
    response->keys = NULL;
    DWI_TRY(make_url(s3, request, &url, &path, err));
    if (s3->credentials != NULL)
        DWI_TRY(dwi_credentials_keys(s3->credentials, s3->base->env, &response->keys, err));
    DWI_TRY(make_headers(s3, request, response->keys, (const char *)path.data, &headers, err));
    t.curl = take_handle(s3->pool);
    if (t.curl == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    set_options(t.curl, s3, &t);
    code = curl_easy_setopt(t.curl, CURLOPT_URL, (const char *)url.data);
    if (code == CURLE_OK)
        code = curl_easy_setopt(t.curl, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK)
        code = curl_easy_perform(t.curl);
    response->http_status = http_status(t.curl);
    response->sent = may_be_sent(&t);
    if (t.broken)
        status = t.status;
    else if (code != CURLE_OK)
        status = transport_error(s3, &t, code, err);
    else if (!t.head_complete || (request->sink != NULL && !t.framed))
        /* curl takes the connection's end for the answer's; it may as well have been cut. */
        status = dwi_err_sys(err, DW_E_IO, 0, true, "%s: the answer broke off", s3->base_url);
    else if (response->etag.failed || response->region.failed)
        status = dwi_err_nomem(err);
done:
    give_handle(s3->pool, t.curl);
    curl_slist_free_all(headers);
    dwi_buf_done(&url);
    dwi_buf_done(&path);
    return status;
}
