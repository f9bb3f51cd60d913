/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that AWS gives. Specs: Amazon EC2 User Guide, "Use IMDSv2"; AWS SDKs Reference Guide,
 * "Container credential provider" and "Assume role with web identity"; AWS STS API Reference. */
#include <deltawrite/credentials.h>

#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/options.h"
#include "base/str.h"
#include "store/key_cache.h"
#include "store/s3_fetch.h"
#include "store/s3_sign.h"

enum { INSTANCE_TIMEOUT_MS = 1000, TIMEOUT_MS = 5000, MAX_TOKEN_BYTES = 64 * 1024 };

typedef struct aws_source {
    const dw_allocator *alloc;
    int kind;
    char *endpoint;
    char *region;
    char *token_file;
    char *token;
    char *role_arn;
    char *role_session_name;
    char *external_id;
    char *ca_file;
    dw_credentials *base;
    int64_t timeout_ms;
} aws_source;

static void source_free(void *ctx)
{
    aws_source *s = ctx;

    dwi_cstr_free(s->alloc, s->endpoint);
    dwi_cstr_free(s->alloc, s->region);
    dwi_cstr_free(s->alloc, s->token_file);
    dwi_cstr_free(s->alloc, s->token);
    dwi_cstr_free(s->alloc, s->role_arn);
    dwi_cstr_free(s->alloc, s->role_session_name);
    dwi_cstr_free(s->alloc, s->external_id);
    dwi_cstr_free(s->alloc, s->ca_file);
    dw_credentials_unref(s->base);
    dwi_free(s->alloc, s, sizeof(*s));
}

/* The file's text without line ends behind it: whoever rotates it may do so at any time. */
static dw_status read_token(const char *path, dwi_buf *out, dw_error *err)
{
    FILE *file = fopen(path, "rb");
    char part[4096];
    size_t len;
    dw_status status;

    dwi_buf_clear(out);
    if (file == NULL)
        return dwi_err_sys(err, DW_E_IO, errno, false, "%s: %s", path, strerror(errno));
    while ((len = fread(part, 1, sizeof(part), file)) > 0 && out->len <= MAX_TOKEN_BYTES)
        dwi_buf_append(out, part, len);
    status = ferror(file) ? dwi_err_sys(err, DW_E_IO, errno, true, "%s: cannot be read", path)
                          : dwi_buf_status(out, err);
    (void)fclose(file); /* nothing was written */
    while (out->len > 0 && strchr("\r\n \t", out->data[out->len - 1]) != NULL)
        out->len--;
    if (status == DW_OK && (out->len == 0 || out->len > MAX_TOKEN_BYTES))
        status = dwi_err(err, DW_E_DENIED, "%s: holds no token", path);
    if (status == DW_OK && dwi_buf_cstr(out) == NULL)
        status = dwi_err_nomem(err);
    return status;
}

static dw_status say_http(dw_error *err, const char *url, int http_status, const char *why)
{
    bool passing = http_status == 429 || http_status / 100 == 5;

    return dwi_err_sys(err, passing ? DW_E_IO : DW_E_DENIED, http_status, passing,
                       "%s: HTTP %d%s%s", url, http_status, why[0] == '\0' ? "" : ", ", why);
}

/* ---- instance ---- */

static dw_status get_metadata(const aws_source *s, const char *path, const char *name,
                              const char *token, dwi_buf *out, dw_error *err)
{
    dw_property header = {"X-aws-ec2-metadata-token", token};
    dwi_s3_fetch fetch = {
        .method = "GET", .headers = &header, .n_headers = 1, .timeout_ms = s->timeout_ms};
    dw_status status;
    dwi_buf url;
    int http;

    dwi_buf_init(&url, s->alloc);
    dwi_buf_printf(&url, "%s%s", s->endpoint, path);
    dwi_s3_encode(&url, name, false);
    if (dwi_buf_cstr(&url) == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    fetch.url = (const char *)url.data;
    DWI_TRY(dwi_s3_fetch_url(&fetch, out, &http, err));
    if (http != 200)
        status = say_http(err, fetch.url, http, http == 404 ? "the instance has no role" : "");
done:
    dwi_buf_done(&url);
    return status;
}

static dw_status get_session(const aws_source *s, dwi_buf *out, dw_error *err)
{
    dw_property header = {"X-aws-ec2-metadata-token-ttl-seconds", "21600"};
    dwi_s3_fetch fetch = {
        .method = "PUT", .headers = &header, .n_headers = 1, .timeout_ms = s->timeout_ms};
    dw_status status;
    dwi_buf url;
    int http;

    dwi_buf_init(&url, s->alloc);
    dwi_buf_printf(&url, "%s/latest/api/token", s->endpoint);
    if (dwi_buf_cstr(&url) == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    fetch.url = (const char *)url.data;
    DWI_TRY(dwi_s3_fetch_url(&fetch, out, &http, err));
    if (http != 200)
        status = say_http(err, fetch.url, http, "");
done:
    dwi_buf_done(&url);
    return status;
}

static dw_status fetch_instance(const aws_source *s, dw_keys_sink sink, dw_error *err)
{
    static const char path[] = "/latest/meta-data/iam/security-credentials/";
    dw_status status;
    dwi_buf token;
    dwi_buf role;
    dwi_buf answer;

    dwi_buf_init(&token, s->alloc);
    dwi_buf_init(&role, s->alloc);
    dwi_buf_init(&answer, s->alloc);
    DWI_TRY(get_session(s, &token, err));
    DWI_TRY(get_metadata(s, path, "", (const char *)token.data, &role, err));
    role.len = strcspn((const char *)role.data, "\r\n");
    if (dwi_buf_cstr(&role) == NULL || role.len == 0) {
        status = dwi_err(err, DW_E_DENIED, "%s: the instance has no role", s->endpoint);
        goto done;
    }
    DWI_TRY(get_metadata(s, path, (const char *)role.data, (const char *)token.data, &answer, err));
    status =
        dwi_s3_give_json((dw_bytes){answer.data, answer.len}, s->endpoint, sink, s->alloc, err);
done:
    dwi_buf_done(&answer);
    dwi_buf_done(&role);
    dwi_buf_done(&token);
    return status;
}

/* ---- container ---- */

static dw_status fetch_container(const aws_source *s, dw_keys_sink sink, dw_error *err)
{
    dw_property header = {"Authorization", s->token};
    dwi_s3_fetch fetch = {.method = "GET",
                          .url = s->endpoint,
                          .headers = &header,
                          .ca_file = s->ca_file,
                          .timeout_ms = s->timeout_ms};
    dw_status status = DW_OK;
    dwi_buf token;
    dwi_buf answer;
    int http;

    dwi_buf_init(&token, s->alloc);
    dwi_buf_init(&answer, s->alloc);
    if (s->token_file != NULL) {
        DWI_TRY(read_token(s->token_file, &token, err));
        header.value = (const char *)token.data;
    }
    if (header.value != NULL && strpbrk(header.value, "\r\n") != NULL) {
        status = dwi_err(err, DW_E_DENIED, "%s: the token has a line end", s->endpoint);
        goto done;
    }
    fetch.n_headers = header.value == NULL ? 0 : 1;
    DWI_TRY(dwi_s3_fetch_url(&fetch, &answer, &http, err));
    status = http == 200 ? dwi_s3_give_json((dw_bytes){answer.data, answer.len}, s->endpoint, sink,
                                            s->alloc, err)
                         : say_http(err, s->endpoint, http, "");
done:
    dwi_buf_done(&answer);
    dwi_buf_done(&token);
    return status;
}

/* ---- STS ---- */

static void add_parameter(dwi_buf *form, const char *name, const char *value)
{
    if (value == NULL)
        return;
    dwi_buf_printf(form, "&%s=", name);
    dwi_s3_encode(form, value, false);
}

/* "sts.eu-west-1.amazonaws.com", as curl will send it. */
static const char *host_of(const char *url)
{
    return strstr(url, "://") + 3;
}

static dw_status sign_form(const aws_source *s, const dwi_keys *keys, const dwi_buf *form,
                           const char *date, dwi_buf *host, dwi_buf *out, dw_error *err)
{
    char hash[DWI_S3_SHA256_TEXT + 1];
    dw_property headers[4];
    dwi_s3_signing signing = {.service = "sts",
                              .region = s->region,
                              .access_key_id = keys->access_key_id,
                              .secret_access_key = keys->secret_access_key,
                              .date = date,
                              .method = "POST",
                              .path = "/",
                              .query = "",
                              .payload_hash = hash,
                              .headers = headers};
    const char *begin = host_of(s->endpoint);
    dw_status status = dwi_s3_sha256((dw_bytes){form->data, form->len}, hash, err);

    if (status != DW_OK)
        return status;
    dwi_buf_append(host, begin, strcspn(begin, "/"));
    if (dwi_buf_cstr(host) == NULL)
        return dwi_err_nomem(err);
    headers[signing.n_headers++] =
        (dw_property){"content-type", "application/x-www-form-urlencoded"};
    headers[signing.n_headers++] = (dw_property){"host", (const char *)host->data};
    headers[signing.n_headers++] = (dw_property){"x-amz-date", date};
    if (keys->session_token != NULL)
        headers[signing.n_headers++] = (dw_property){"x-amz-security-token", keys->session_token};
    status = dwi_s3_authorization(&signing, out, err);
    if (status == DW_OK && dwi_buf_cstr(out) == NULL)
        status = dwi_err_nomem(err);
    return status;
}

/* `keys` NULL: not signed. */
static dw_status post_form(const aws_source *s, const dwi_keys *keys, dwi_buf *form,
                           dw_keys_sink sink, dw_error *err)
{
    const dwi_env *env = dwi_env_system();
    dw_property headers[4] = {{"Content-Type", "application/x-www-form-urlencoded"}};
    dwi_s3_fetch fetch = {.method = "POST",
                          .url = s->endpoint,
                          .headers = headers,
                          .n_headers = 1,
                          .ca_file = s->ca_file,
                          .timeout_ms = s->timeout_ms};
    char date[DWI_S3_DATE_TEXT + 1];
    dw_status status = DW_OK;
    dwi_buf authorization;
    dwi_buf host;
    dwi_buf answer;
    int http;

    dwi_buf_init(&authorization, s->alloc);
    dwi_buf_init(&host, s->alloc);
    dwi_buf_init(&answer, s->alloc);
    if (dwi_buf_cstr(form) == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    fetch.body = (const char *)form->data;
    if (keys != NULL) {
        dwi_s3_date(env->now_us(env->ctx), date);
        DWI_TRY(sign_form(s, keys, form, date, &host, &authorization, err));
        headers[fetch.n_headers++] = (dw_property){"X-Amz-Date", date};
        headers[fetch.n_headers++] =
            (dw_property){"Authorization", (const char *)authorization.data};
        if (keys->session_token != NULL)
            headers[fetch.n_headers++] = (dw_property){"X-Amz-Security-Token", keys->session_token};
    }
    DWI_TRY(dwi_s3_fetch_url(&fetch, &answer, &http, err));
    if (http == 200)
        status =
            dwi_s3_give_sts((dw_bytes){answer.data, answer.len}, s->endpoint, sink, s->alloc, err);
    else
        status =
            dwi_s3_sts_error((dw_bytes){answer.data, answer.len}, http, s->endpoint, s->alloc, err);
done:
    dwi_buf_done(&answer);
    dwi_buf_done(&host);
    dwi_buf_done(&authorization);
    return status;
}

static dw_status fetch_web_identity(const aws_source *s, dw_keys_sink sink, dw_error *err)
{
    dw_status status;
    dwi_buf token;
    dwi_buf form;

    dwi_buf_init(&token, s->alloc);
    dwi_buf_init(&form, s->alloc);
    DWI_TRY(read_token(s->token_file, &token, err));
    dwi_buf_append_cstr(&form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    add_parameter(&form, "RoleArn", s->role_arn);
    add_parameter(&form, "RoleSessionName", s->role_session_name);
    add_parameter(&form, "WebIdentityToken", (const char *)token.data);
    status = post_form(s, NULL, &form, sink, err);
done:
    dwi_buf_done(&form);
    dwi_buf_done(&token);
    return status;
}

static dw_status fetch_role(const aws_source *s, dw_keys_sink sink, dw_error *err)
{
    dwi_keys *keys = NULL;
    dw_status status;
    dwi_buf form;

    dwi_buf_init(&form, s->alloc);
    DWI_TRY(dwi_credentials_keys(s->base, dwi_env_system(), &keys, err));
    dwi_buf_append_cstr(&form, "Action=AssumeRole&Version=2011-06-15");
    add_parameter(&form, "RoleArn", s->role_arn);
    add_parameter(&form, "RoleSessionName", s->role_session_name);
    add_parameter(&form, "ExternalId", s->external_id);
    status = post_form(s, keys, &form, sink, err);
done:
    dwi_keys_unref(keys);
    dwi_buf_done(&form);
    return status;
}

static dw_status fetch_keys(void *ctx, dw_keys_sink sink, dw_error *err)
{
    const aws_source *s = ctx;

    switch (s->kind) {
    case DW_AWS_INSTANCE:
        return fetch_instance(s, sink, err);
    case DW_AWS_CONTAINER:
        return fetch_container(s, sink, err);
    case DW_AWS_WEB_IDENTITY:
        return fetch_web_identity(s, sink, err);
    default:
        return fetch_role(s, sink, err);
    }
}

/* ---- making ---- */

/* A token shall not go in plain text to another host than this one, and those of ECS and EKS. */
static bool is_on_this_host(const char *url)
{
    static const char *const hosts[] = {"localhost", "169.254.170.2", "169.254.170.23",
                                        "[fd00:ec2::23]", "[::1]"};
    dwi_sv host = {url + 7, strcspn(url + 7, "/")};

    if (host.len > 0 && host.ptr[0] == '[')
        host.len = strcspn(host.ptr, "]") + 1;
    else
        host.len = strcspn(host.ptr, ":/");
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (dwi_sv_eq_cstr(host, hosts[i]))
            return true;
    }
    return dwi_sv_starts_with(host, DWI_SV("127."));
}

static bool is_url(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F)
            return false;
    }
    return (strncmp(text, "https://", 8) == 0 && len > 8) ||
           (strncmp(text, "http://", 7) == 0 && len > 7);
}

static dw_status check_source(const dw_aws_source *s, dw_error *err)
{
    bool sts = s->kind == DW_AWS_WEB_IDENTITY || s->kind == DW_AWS_ROLE;

    if (s->kind < DW_AWS_INSTANCE || s->kind > DW_AWS_ROLE)
        return dwi_err(err, DW_E_ARG, "dw_aws_source: kind %d is unknown", (int)s->kind);
    if (s->endpoint != NULL && !is_url(s->endpoint))
        return dwi_err(err, DW_E_ARG, "%s: not of the form https://host:port", s->endpoint);
    if (s->kind == DW_AWS_CONTAINER && s->endpoint == NULL)
        return dwi_err(err, DW_E_ARG, "dw_aws_source: a container needs an endpoint");
    if (s->kind == DW_AWS_CONTAINER && strncmp(s->endpoint, "http://", 7) == 0 &&
        !is_on_this_host(s->endpoint))
        return dwi_err(err, DW_E_ARG,
                       "%s: keys of a container come by https, or by http from this host alone",
                       s->endpoint);
    if (sts && s->role_arn == NULL)
        return dwi_err(err, DW_E_ARG, "dw_aws_source: role_arn is missing");
    if (s->kind == DW_AWS_WEB_IDENTITY && s->token_file == NULL)
        return dwi_err(err, DW_E_ARG, "dw_aws_source: token_file is missing");
    if (s->kind == DW_AWS_ROLE && s->base == NULL)
        return dwi_err(err, DW_E_ARG, "dw_aws_source: base is missing");
    return DW_OK;
}

static char *copy_text(const dw_allocator *alloc, const char *text, bool *failed)
{
    char *copy = text == NULL ? NULL : dwi_cstr_dup(alloc, text);

    *failed = *failed || (text != NULL && copy == NULL);
    return copy;
}

static char *usual_endpoint(const aws_source *s, bool *failed)
{
    const char *domain = strncmp(s->region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
    dwi_buf url;
    char *copy;

    if (s->kind == DW_AWS_INSTANCE)
        return copy_text(s->alloc, "http://169.254.169.254", failed);
    dwi_buf_init(&url, s->alloc);
    dwi_buf_printf(&url, "https://sts.%s.%s/", s->region, domain);
    copy = copy_text(s->alloc, dwi_buf_cstr(&url), failed);
    *failed = *failed || url.failed;
    dwi_buf_done(&url);
    return copy;
}

/* Without slashes at its end: paths are put behind it. */
static void cut_slashes(char *url, const dw_allocator *alloc, char **slot, bool *failed)
{
    dwi_buf text;
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        len--;
    dwi_buf_init(&text, alloc);
    dwi_buf_append(&text, url, len);
    *slot = copy_text(alloc, dwi_buf_cstr(&text), failed);
    *failed = *failed || text.failed;
    dwi_buf_done(&text);
    dwi_cstr_free(alloc, url);
}

static dw_status source_new(const dw_aws_source *from, const dw_allocator *alloc,
                            aws_source **out_source, dw_error *err)
{
    aws_source *s = dwi_alloc_zero(alloc, sizeof(*s));
    bool failed = false;

    if (s == NULL)
        return dwi_err_nomem(err);
    s->alloc = alloc;
    s->kind = from->kind;
    s->region = copy_text(alloc, from->region == NULL ? "us-east-1" : from->region, &failed);
    s->token_file = copy_text(alloc, from->token_file, &failed);
    s->token = copy_text(alloc, from->token, &failed);
    s->role_arn = copy_text(alloc, from->role_arn, &failed);
    s->role_session_name = copy_text(
        alloc, from->role_session_name == NULL ? "deltawrite" : from->role_session_name, &failed);
    s->external_id = copy_text(alloc, from->external_id, &failed);
    s->ca_file = copy_text(alloc, from->ca_file, &failed);
    if (!failed)
        s->endpoint = from->endpoint == NULL ? usual_endpoint(s, &failed)
                                             : copy_text(alloc, from->endpoint, &failed);
    if (!failed && s->kind == DW_AWS_INSTANCE)
        cut_slashes(s->endpoint, alloc, &s->endpoint, &failed);
    s->base = from->base == NULL ? NULL : dw_credentials_ref(from->base);
    s->timeout_ms = from->timeout_ms > 0            ? from->timeout_ms
                    : from->kind == DW_AWS_INSTANCE ? INSTANCE_TIMEOUT_MS
                                                    : TIMEOUT_MS;
    if (!failed) {
        *out_source = s;
        return DW_OK;
    }
    source_free(s);
    return dwi_err_nomem(err);
}

dw_status dw_credentials_open_aws(const dw_aws_source *source, const dw_credentials_options *opts,
                                  dw_credentials **out_credentials, dw_error *err)
{
    static const dw_aws_source defaults = DW_AWS_SOURCE_INIT;
    const dw_allocator *alloc =
        opts == NULL || opts->allocator == NULL ? dwi_alloc_default() : opts->allocator;
    dw_aws_source given;
    aws_source *s = NULL;
    dw_status status;

    if (source == NULL || out_credentials == NULL)
        return dwi_err(err, DW_E_ARG, "dw_credentials_open_aws: an argument is NULL");
    DWI_TRY(dwi_options_copy(&given, &defaults, sizeof(given), source, "dw_aws_source", err));
    DWI_TRY(check_source(&given, err));
    DWI_TRY(source_new(&given, alloc, &s, err));
    status = dw_credentials_new(fetch_keys, s, source_free, opts, out_credentials, err);
    if (status != DW_OK)
        source_free(s);
done:
    return status;
}
