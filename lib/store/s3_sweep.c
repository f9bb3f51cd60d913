/* SPDX-License-Identifier: Apache-2.0 */
/* Multipart uploads that nobody will complete: their parts are paid for and listed nowhere else. A
 * server that does not let us look at them, or does not list them by prefix, has none. */
#include "store/s3_impl.h"

#include "base/calendar.h"
#include "store/s3_sign.h"
#include "store/s3_xml.h"

/* One page of ListMultipartUploads. */
typedef struct page {
    bool truncated;
    dwi_buf key_marker; /* NUL-terminated, as all of these */
    dwi_buf id_marker;
    /* The upload that is being read. */
    dwi_buf key;
    dwi_buf id;
    int64_t initiated_ms;
} page;

static void page_init(page *p, const dw_allocator *alloc)
{
    dwi_buf_init(&p->key_marker, alloc);
    dwi_buf_init(&p->id_marker, alloc);
    dwi_buf_init(&p->key, alloc);
    dwi_buf_init(&p->id, alloc);
}

static void page_done(page *p)
{
    dwi_buf_done(&p->key_marker);
    dwi_buf_done(&p->id_marker);
    dwi_buf_done(&p->key);
    dwi_buf_done(&p->id);
}

static dw_status keep(dwi_buf *out, const dwi_s3_xml *xml, bool url_encoded, dw_error *err)
{
    dwi_buf_clear(out);
    dwi_buf_append(out, xml->text.data, xml->text.len);
    if (url_encoded && !dwi_s3_url_decode(out))
        return dwi_err(err, DW_E_CORRUPT, "the server lists a key with a broken escape");
    (void)dwi_buf_cstr(out);
    return dwi_buf_status(out, err);
}

static dw_status take_field(page *p, const dwi_s3_xml *xml, dw_error *err)
{
    dwi_sv text = {(const char *)xml->text.data, xml->text.len};
    int64_t us;

    if (dwi_s3_xml_is(xml, 2, "IsTruncated"))
        p->truncated = dwi_sv_eq_cstr(text, "true");
    else if (dwi_s3_xml_is(xml, 2, "NextKeyMarker"))
        return keep(&p->key_marker, xml, true, err);
    else if (dwi_s3_xml_is(xml, 2, "NextUploadIdMarker"))
        return keep(&p->id_marker, xml, false, err);
    else if (dwi_s3_xml_is(xml, 3, "Key"))
        return keep(&p->key, xml, true, err);
    else if (dwi_s3_xml_is(xml, 3, "UploadId"))
        return keep(&p->id, xml, false, err);
    else if (dwi_s3_xml_is(xml, 3, "Initiated") && dwi_parse_timestamp(text, &us, NULL))
        p->initiated_ms = us / 1000;
    return DW_OK;
}

static dw_status abort_upload(dwi_s3 *s3, const page *p, dw_error *err)
{
    const char *key = (const char *)p->key.data;
    dwi_s3_request request = {.method = "DELETE", .key = key + strlen(s3->prefix)};
    dwi_s3_response response;
    dwi_buf query;
    dw_status status;

    dwi_buf_init(&query, s3->base->alloc);
    dwi_s3_response_init(&response, s3->base->alloc);
    dwi_buf_append_cstr(&query, "uploadId=");
    dwi_s3_encode(&query, (const char *)p->id.data, false);
    request.query = dwi_buf_cstr(&query);
    DWI_TRY(dwi_buf_status(&query, err));
    status = dwi_s3_call(s3, &request, &response, err);
    if (status == DW_E_NOT_FOUND) /* completed or aborted meanwhile */
        status = DW_OK;
done:
    dwi_s3_response_done(&response);
    dwi_buf_done(&query);
    return status;
}

typedef struct sweep {
    dwi_s3 *s3;
    int64_t before_ms;
    bool dry_run;
    dw_swept *swept;
} sweep;

/* An upload without a time counts as young. */
static dw_status end_upload(const sweep *s, const page *p, dw_error *err)
{
    dw_status status = DW_OK;

    if (p->initiated_ms >= s->before_ms || p->id.len == 0 || p->key.len == 0 ||
        strncmp((const char *)p->key.data, s->s3->prefix, strlen(s->s3->prefix)) != 0)
        return DW_OK;
    if (!s->dry_run)
        status = abort_upload(s->s3, p, err);
    s->swept->leftovers += status == DW_OK;
    return status;
}

static dw_status take_page(const sweep *s, page *p, dw_bytes body, dw_error *err)
{
    dwi_s3_xml xml;
    dw_status status = DW_OK;
    int event;

    p->truncated = false;
    dwi_s3_xml_init(&xml, body, s->s3->base->alloc);
    while ((event = dwi_s3_xml_next(&xml)) != DWI_S3_XML_END) {
        if (event == DWI_S3_XML_BAD ||
            (xml.depth == 1 && !dwi_s3_xml_is(&xml, 1, "ListMultipartUploadsResult")))
            DWI_TRY(dwi_err(err, DW_E_CORRUPT, "the server's list of uploads is not well-formed"));
        if (event == DWI_S3_XML_OPEN && dwi_s3_xml_is(&xml, 2, "Upload")) {
            dwi_buf_clear(&p->key);
            dwi_buf_clear(&p->id);
            p->initiated_ms = INT64_MAX;
        } else if (event == DWI_S3_XML_CLOSE && dwi_s3_xml_is(&xml, 2, "Upload")) {
            DWI_TRY(end_upload(s, p, err));
        } else if (event == DWI_S3_XML_CLOSE) {
            DWI_TRY(take_field(p, &xml, err));
        }
    }
done:
    dwi_s3_xml_done(&xml);
    return status;
}

/* Parameters are in order of their names, as the signature wants them. */
static dw_status make_query(const dwi_s3 *s3, const page *p, const char *prefix, dwi_buf *out,
                            dw_error *err)
{
    dwi_buf_clear(out);
    dwi_buf_append_cstr(out, "encoding-type=url");
    if (p->truncated) {
        dwi_buf_append_cstr(out, "&key-marker=");
        dwi_s3_encode(out, (const char *)p->key_marker.data, false);
    }
    dwi_buf_append_cstr(out, "&prefix=");
    dwi_s3_encode(out, s3->prefix, false);
    dwi_s3_encode(out, prefix, false);
    if (p->truncated && p->id_marker.len > 0) {
        dwi_buf_append_cstr(out, "&upload-id-marker=");
        dwi_s3_encode(out, (const char *)p->id_marker.data, false);
    }
    dwi_buf_append_cstr(out, "&uploads=");
    return dwi_buf_cstr(out) == NULL ? dwi_err_nomem(err) : DW_OK;
}

dw_status dwi_s3_sweep(void *self, const char *prefix, int64_t before_ms, int32_t dry_run,
                       dw_swept *out_swept, dw_error *err)
{
    sweep s = {self, before_ms, dry_run != 0, out_swept};
    dwi_s3_response response;
    page p = {0};
    dwi_buf query;
    dw_status status;

    page_init(&p, s.s3->base->alloc);
    dwi_buf_init(&query, s.s3->base->alloc);
    dwi_s3_response_init(&response, s.s3->base->alloc);
    do {
        dwi_s3_request request = {.method = "GET"};
        DWI_TRY(make_query(s.s3, &p, prefix, &query, err));
        request.query = (const char *)query.data;
        status = dwi_s3_call(s.s3, &request, &response, err);
        if (status != DW_OK && !err->retryable && status != DW_E_NOMEM) {
            dwi_logf(s.s3->base->logger, DW_LOG_INFO,
                     "uploads that broke off cannot be looked for: %s", err->message);
            status = DW_OK;
            break;
        }
        DWI_TRY(status);
        DWI_TRY(take_page(&s, &p, (dw_bytes){response.body.data, response.body.len}, err));
    } while (p.truncated && p.key_marker.len > 0);
done:
    dwi_s3_response_done(&response);
    dwi_buf_done(&query);
    page_done(&p);
    return status;
}
