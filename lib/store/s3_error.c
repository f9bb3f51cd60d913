/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer of the server means. Spec: Amazon S3 API Reference, "Error responses". What other
 * servers answer instead is noted where it differs. */
#include "store/s3_impl.h"

#include "base/str.h"
#include "store/s3_xml.h"

bool dwi_s3_xml_field(dw_bytes xml, const char *name, dwi_buf *out)
{
    dwi_s3_xml parser;
    int event;

    dwi_buf_clear(out);
    dwi_s3_xml_init(&parser, xml, out->alloc);
    while ((event = dwi_s3_xml_next(&parser)) == DWI_S3_XML_OPEN || event == DWI_S3_XML_CLOSE)
        if (event == DWI_S3_XML_CLOSE && dwi_s3_xml_is(&parser, 2, name)) {
            dwi_buf_clear(out);
            dwi_buf_append(out, parser.text.data, parser.text.len);
        }
    (void)dwi_buf_cstr(out);
    dwi_s3_xml_done(&parser);
    return event == DWI_S3_XML_END && !out->failed;
}

/* The parts of an error answer; each NUL-terminated, "" when missing. */
typedef struct fault {
    dwi_buf code;
    dwi_buf message;
    dwi_buf region;
} fault;

static const char *text_of(const dwi_buf *buf)
{
    return buf->len == 0 ? "" : (const char *)buf->data;
}

static void fault_read(fault *f, const dwi_s3_response *response, const dw_allocator *alloc)
{
    dw_bytes xml = {response->body.data, response->body.len};

    dwi_buf_init(&f->code, alloc);
    dwi_buf_init(&f->message, alloc);
    dwi_buf_init(&f->region, alloc);
    /* A proxy may answer with HTML, HEAD with nothing: then the number has to do. */
    if (!dwi_s3_xml_field(xml, "Code", &f->code))
        dwi_buf_clear(&f->code);
    if (!dwi_s3_xml_field(xml, "Message", &f->message))
        dwi_buf_clear(&f->message);
    if (response->region.len > 0) {
        dwi_buf_append(&f->region, response->region.data, response->region.len);
        (void)dwi_buf_cstr(&f->region);
    } else if (!dwi_s3_xml_field(xml, "Region", &f->region)) {
        dwi_buf_clear(&f->region);
    }
}

static void fault_done(fault *f)
{
    dwi_buf_done(&f->code);
    dwi_buf_done(&f->message);
    dwi_buf_done(&f->region);
}

static bool has_code(const fault *f, const char *const *codes, size_t n_codes)
{
    for (size_t i = 0; i < n_codes; i++)
        if (strcmp(text_of(&f->code), codes[i]) == 0)
            return true;
    return false;
}

static bool is_throttling(int http_status, const fault *f)
{
    static const char *const codes[] = {"SlowDown",
                                        "SlowDownRead",
                                        "SlowDownWrite",
                                        "Throttling",
                                        "ThrottlingException",
                                        "RequestThrottled",
                                        "BandwidthLimitExceeded",
                                        "RequestLimitExceeded",
                                        "TooManyRequests",
                                        "ServerBusy"};

    return http_status == 429 || ((http_status == 503 || http_status == 400) &&
                                  has_code(f, codes, sizeof(codes) / sizeof(codes[0])));
}

static bool is_denial(int http_status, const fault *f)
{
    static const char *const codes[] = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired",
                                        "InvalidAccessKeyId", "SignatureDoesNotMatch"};

    return http_status == 401 || http_status == 403 ||
           has_code(f, codes, sizeof(codes) / sizeof(codes[0]));
}

/* "HTTP 503 SlowDown: Please reduce your request rate." */
static dw_status say(dw_error *err, dw_status code, const dwi_s3_response *r, bool retryable,
                     const fault *f)
{
    return dwi_err_sys(err, code, r->http_status, retryable, "HTTP %d%s%.60s%s%.200s",
                       r->http_status, f->code.len > 0 ? " " : "", text_of(&f->code),
                       f->message.len > 0 ? ": " : "", text_of(&f->message));
}

static dw_status not_found(const dwi_s3 *s3, const dwi_s3_response *r, const fault *f,
                           dw_error *err)
{
    if (strcmp(text_of(&f->code), "NoSuchBucket") == 0)
        return dwi_err_sys(err, DW_E_NOT_FOUND, r->http_status, false, "bucket %s does not exist",
                           s3->bucket);
    return say(err, DW_E_NOT_FOUND, r, false, f);
}

/* A put whose condition was not met, or was not decided. */
static dw_status condition(const dwi_s3_request *request, const dwi_s3_response *r, const fault *f,
                           dw_error *err)
{
    if (r->http_status == 409) /* a racing request: nothing was decided, ask again */
        return say(err, DW_E_IO, r, true, f);
    if (request->if_absent) /* 304 is what MinIO said before 2024 */
        return dwi_err_sys(err, DW_E_EXISTS, r->http_status, false, "the object exists");
    return dwi_err_sys(err, DW_E_IO, r->http_status, true, "the object changed while it was read");
}

/* 5xx: whether it took effect only shows later, and only if-absent minds. */
static dw_status server_error(const dwi_s3_request *request, const dwi_s3_response *r,
                              const fault *f, dw_error *err)
{
    if (r->http_status == 501)
        return say(err, DW_E_UNSUPPORTED, r, false, f);
    if (request->if_absent)
        return say(err, DW_E_UNKNOWN, r, false, f);
    return say(err, DW_E_IO, r, true, f);
}

static dw_status answer_error(const dwi_s3 *s3, const dwi_s3_request *request,
                              const dwi_s3_response *r, const fault *f, dw_error *err)
{
    int http = r->http_status;

    if (is_throttling(http, f))
        return say(err, DW_E_THROTTLED, r, true, f);
    if (http == 404)
        return not_found(s3, r, f, err);
    if (f->region.len > 0 && strcmp(text_of(&f->region), s3->region) != 0 && http / 100 <= 4 &&
        http != 403 && http != 409 && http != 412)
        return dwi_err_sys(err, DW_E_ARG, http, false, "bucket %s is in region %.60s, not %s",
                           s3->bucket, text_of(&f->region), s3->region);
    if (is_denial(http, f))
        return say(err, DW_E_DENIED, r, false, f);
    if (http == 304 || http == 409 || http == 412)
        return condition(request, r, f, err);
    if (http / 100 == 5)
        return server_error(request, r, f, err);
    return say(err, DW_E_IO, r, http == 408 || strcmp(text_of(&f->code), "RequestTimeout") == 0, f);
}

/* The server knows better than we when keys are over: before their time, or by another clock. */
static bool keys_are_over(const dwi_s3_response *r, const fault *f)
{
    static const char *const codes[] = {"ExpiredToken", "TokenRefreshRequired", "InvalidToken"};

    return r->keys != NULL && has_code(f, codes, sizeof(codes) / sizeof(codes[0]));
}

static dw_status call_once(dwi_s3 *s3, const dwi_s3_request *request, dwi_s3_response *response,
                           bool *out_keys_over, dw_error *err)
{
    dw_status status = dwi_s3_send(s3, request, response, err);
    fault f;

    *out_keys_over = false;
    /* Whatever went wrong since, with the answer or with our memory for it: it was sent. */
    if (status != DW_OK && request->if_absent && response->sent) {
        if (err != NULL) {
            err->code = DW_E_UNKNOWN;
            err->retryable = false;
        }
        return DW_E_UNKNOWN;
    }
    if (status != DW_OK || response->http_status / 100 == 2)
        return status;
    fault_read(&f, response, s3->base->alloc);
    status = answer_error(s3, request, response, &f, err);
    *out_keys_over = keys_are_over(response, &f);
    fault_done(&f);
    return status;
}

/* A request with keys that are over did nothing: it is made once more with new ones. */
dw_status dwi_s3_call(dwi_s3 *s3, const dwi_s3_request *request, dwi_s3_response *response,
                      dw_error *err)
{
    bool keys_over;
    dw_status status = call_once(s3, request, response, &keys_over, err);

    if (!keys_over || !s3->keys_change)
        return status;
    dwi_credentials_reject(s3->credentials, response->keys);
    return call_once(s3, request, response, &keys_over, err);
}
