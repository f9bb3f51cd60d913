/* SPDX-License-Identifier: Apache-2.0 */
/* Streaming upload. What fits into one part becomes a single PUT; else a multipart upload, started
 * when the first part is full. The object appears when the upload is completed, not before. Parts
 * are retried one by one; after a failure the upload is aborted, so that no paid-for parts stay.
 *
 *   [collecting] --send_part()--> [multipart] --complete()--> gone
 *        |                              |
 *        +---------put_whole()          +--abort_multipart()--> gone */
#include "store/s3_impl.h"

#include "base/alloc.h"
#include "store/s3_sign.h"

enum { MAX_PARTS = 10000 }; /* S3's limit */

typedef struct upload {
    char *key;
    dwi_buf part; /* being collected */
    dwi_buf id;   /* of the multipart upload, percent-encoded; empty before it is started */
    dwi_buf done; /* <Part> elements of the parts sent */
    int n_parts;
    int64_t size; /* of the parts sent */
} upload;

static void upload_free(const dwi_s3 *s3, upload *u)
{
    dwi_buf_done(&u->part);
    dwi_buf_done(&u->id);
    dwi_buf_done(&u->done);
    dwi_cstr_free(s3->base->alloc, u->key);
    dwi_free(s3->base->alloc, u, sizeof(*u));
}

/* dwi_s3_call() until it succeeds or time is up. */
static dw_status call_retried(dwi_s3 *s3, const char *operation, const dwi_s3_request *request,
                              dwi_s3_response *response, dw_error *err)
{
    dw_error error;
    dw_status status;
    dwi_retry retry;

    dwi_retry_begin(&retry, s3->base, operation, request->key);
    do {
        error = (dw_error)DW_ERROR_INIT;
        status = dwi_s3_call(s3, request, response, &error);
    } while (status != DW_OK && dwi_retry_again(&retry, &error));
    if (status != DW_OK && err != NULL)
        *err = error;
    return status;
}

static dw_status start_multipart(dwi_s3 *s3, upload *u, dw_error *err)
{
    dwi_s3_request request = {.method = "POST", .key = u->key, .query = "uploads="};
    dwi_s3_response response;
    dwi_buf id;
    dw_status status;

    dwi_buf_init(&id, s3->base->alloc);
    dwi_s3_response_init(&response, s3->base->alloc);
    DWI_TRY(call_retried(s3, "start upload of", &request, &response, err));
    if (!dwi_s3_xml_field((dw_bytes){response.body.data, response.body.len}, "UploadId", &id) ||
        id.len == 0) {
        status = dwi_err(err, DW_E_CORRUPT, "the server started an upload without naming it");
        goto done;
    }
    dwi_s3_encode(&u->id, (const char *)id.data, false);
    (void)dwi_buf_cstr(&u->id);
    status = dwi_buf_status(&u->id, err);
done:
    dwi_s3_response_done(&response);
    dwi_buf_done(&id);
    return status;
}

/* An ETag goes into XML as it came, quotes and all. */
static void append_escaped(dwi_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"')
            dwi_buf_append_cstr(out, "&quot;");
        else if (*text == '&')
            dwi_buf_append_cstr(out, "&amp;");
        else if (*text == '<')
            dwi_buf_append_cstr(out, "&lt;");
        else
            dwi_buf_append_byte(out, (uint8_t)*text);
    }
}

static dw_status send_part(dwi_s3 *s3, upload *u, dw_error *err)
{
    dwi_s3_request request = {.method = "PUT", .key = u->key};
    dwi_s3_response response;
    dwi_buf query;
    dw_status status;

    dwi_buf_init(&query, s3->base->alloc);
    dwi_s3_response_init(&response, s3->base->alloc);
    if (u->n_parts == MAX_PARTS) {
        status = dwi_err(err, DW_E_UNSUPPORTED, "more than %d parts of %lld bytes", MAX_PARTS,
                         (long long)s3->part_bytes);
        goto done;
    }
    if (u->id.len == 0)
        DWI_TRY(start_multipart(s3, u, err));
    dwi_buf_printf(&query, "partNumber=%d&uploadId=%s", u->n_parts + 1, (const char *)u->id.data);
    request.query = dwi_buf_cstr(&query);
    DWI_TRY(dwi_buf_status(&query, err));
    request.body = (dw_bytes){u->part.data, u->part.len};
    DWI_TRY(call_retried(s3, "upload a part of", &request, &response, err));
    if (response.etag.len == 0) {
        status = dwi_err(err, DW_E_CORRUPT, "the server took a part without an ETag");
        goto done;
    }
    dwi_buf_printf(&u->done, "<Part><PartNumber>%d</PartNumber><ETag>", u->n_parts + 1);
    append_escaped(&u->done, (const char *)response.etag.data);
    dwi_buf_append_cstr(&u->done, "</ETag></Part>");
    DWI_TRY(dwi_buf_status(&u->done, err));
    u->n_parts++;
    u->size += (int64_t)u->part.len;
    dwi_buf_clear(&u->part);
done:
    dwi_s3_response_done(&response);
    dwi_buf_done(&query);
    return status;
}

static dw_status put_whole(dwi_s3 *s3, upload *u, dw_error *err)
{
    dwi_s3_request request = {.method = "PUT", .key = u->key};
    dwi_s3_response response;
    dw_status status;

    dwi_s3_response_init(&response, s3->base->alloc);
    request.body = (dw_bytes){u->part.data, u->part.len};
    status = call_retried(s3, "put", &request, &response, err);
    dwi_s3_response_done(&response);
    return status;
}

/* The server may answer 200 and only then fail: the body says which. */
static dw_status check_completion(const dwi_s3 *s3, const dwi_s3_response *response, dw_error *err)
{
    dw_bytes xml = {response->body.data, response->body.len};
    dwi_buf text;
    dw_status status = DW_OK;

    dwi_buf_init(&text, s3->base->alloc);
    if (!dwi_s3_xml_field(xml, "Code", &text))
        status = dwi_err_sys(err, DW_E_IO, 200, true, "the answer to the upload's end is broken");
    else if (text.len > 0)
        status = dwi_err_sys(err, DW_E_IO, 200, true, "HTTP 200 with the error %.60s",
                             (const char *)text.data);
    dwi_buf_done(&text);
    return status;
}

/* When the answer to an earlier try was lost, the next one finds no upload any more. Object names
 * are never used twice, so that one of our size is ours. */
static bool completed_before(dwi_s3 *s3, const upload *u)
{
    dwi_s3_request request = {.method = "HEAD", .key = u->key};
    dwi_s3_response response;
    dw_error error;
    bool same;

    dwi_s3_response_init(&response, s3->base->alloc);
    same = call_retried(s3, "head", &request, &response, &error) == DW_OK &&
           response.content_length == u->size;
    dwi_s3_response_done(&response);
    return same;
}

static dw_status complete(dwi_s3 *s3, upload *u, dw_error *err)
{
    dwi_s3_request request = {.method = "POST", .key = u->key};
    dwi_s3_response response;
    dwi_buf query;
    dwi_buf body;
    dw_error error;
    dw_status status;
    dwi_retry retry;

    dwi_buf_init(&query, s3->base->alloc);
    dwi_buf_init(&body, s3->base->alloc);
    dwi_s3_response_init(&response, s3->base->alloc);
    dwi_buf_printf(&query, "uploadId=%s", (const char *)u->id.data);
    dwi_buf_append_cstr(&body, "<CompleteMultipartUpload>");
    dwi_buf_append(&body, u->done.data, u->done.len);
    dwi_buf_append_cstr(&body, "</CompleteMultipartUpload>");
    request.query = dwi_buf_cstr(&query);
    request.body = (dw_bytes){body.data, body.len};
    DWI_TRY(dwi_buf_status(&query, err));
    DWI_TRY(dwi_buf_status(&body, err));
    dwi_retry_begin(&retry, s3->base, "end upload of", u->key);
    do {
        error = (dw_error)DW_ERROR_INIT;
        status = dwi_s3_call(s3, &request, &response, &error);
        if (status == DW_OK)
            status = check_completion(s3, &response, &error);
    } while (status != DW_OK && dwi_retry_again(&retry, &error));
    if (status == DW_E_NOT_FOUND && completed_before(s3, u))
        status = DW_OK;
    if (status != DW_OK && err != NULL)
        *err = error;
done:
    dwi_s3_response_done(&response);
    dwi_buf_done(&body);
    dwi_buf_done(&query);
    return status;
}

/* Best effort: without it the parts stay until the bucket's own rule removes them. */
static void abort_multipart(dwi_s3 *s3, upload *u)
{
    dwi_s3_request request = {.method = "DELETE", .key = u->key};
    dwi_s3_response response;
    dwi_buf query;
    dw_error error = DW_ERROR_INIT;

    if (u->id.len == 0)
        return;
    dwi_buf_init(&query, s3->base->alloc);
    dwi_s3_response_init(&response, s3->base->alloc);
    dwi_buf_printf(&query, "uploadId=%s", (const char *)u->id.data);
    request.query = dwi_buf_cstr(&query);
    if (request.query != NULL && dwi_s3_call(s3, &request, &response, &error) != DW_OK &&
        error.code != DW_E_NOT_FOUND)
        dwi_logf(s3->base->logger, DW_LOG_WARN, "abort upload of %s: %s; its parts stay", u->key,
                 error.message);
    dwi_s3_response_done(&response);
    dwi_buf_done(&query);
}

dw_status dwi_s3_upload_begin(void *self, const char *key, void **out_upload, dw_error *err)
{
    dwi_s3 *s3 = self;
    const dw_allocator *alloc = s3->base->alloc;
    upload *u = dwi_alloc_zero(alloc, sizeof(*u));

    if (u == NULL)
        return dwi_err_nomem(err);
    dwi_buf_init(&u->part, alloc);
    dwi_buf_init(&u->id, alloc);
    dwi_buf_init(&u->done, alloc);
    u->key = dwi_cstr_dup(alloc, key);
    if (u->key == NULL) {
        upload_free(s3, u);
        return dwi_err_nomem(err);
    }
    *out_upload = u;
    return DW_OK;
}

/* A full part is sent when more comes, so that the last one is never empty. */
dw_status dwi_s3_upload_write(void *self, void *stream, const void *data, size_t len, dw_error *err)
{
    dwi_s3 *s3 = self;
    upload *u = stream;
    size_t part_bytes = (size_t)s3->part_bytes;
    const uint8_t *p = data;

    while (len > 0) {
        size_t n = part_bytes - u->part.len;
        dw_status status;
        if (n == 0) {
            status = send_part(s3, u, err);
            if (status != DW_OK)
                return status;
            n = part_bytes;
        }
        n = n < len ? n : len;
        dwi_buf_append(&u->part, p, n);
        status = dwi_buf_status(&u->part, err);
        if (status != DW_OK)
            return status;
        p += n;
        len -= n;
    }
    return DW_OK;
}

dw_status dwi_s3_upload_finish(void *self, void *stream, dw_error *err)
{
    dwi_s3 *s3 = self;
    upload *u = stream;
    dw_status status;

    if (u->id.len == 0 && !u->part.failed) {
        status = put_whole(s3, u, err);
    } else {
        status = dwi_buf_status(&u->part, err);
        if (status == DW_OK)
            status = send_part(s3, u, err);
        if (status == DW_OK)
            status = complete(s3, u, err);
        if (status != DW_OK)
            abort_multipart(s3, u);
    }
    upload_free(s3, u);
    return status;
}

void dwi_s3_upload_abort(void *self, void *stream)
{
    dwi_s3 *s3 = self;

    abort_multipart(s3, stream);
    upload_free(s3, stream);
}
