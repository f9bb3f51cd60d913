/* SPDX-License-Identifier: Apache-2.0 */
/* DeleteObjects: up to a thousand objects with one request. A server that does not have it is not
 * asked again; the library then removes objects one by one. */
#include "store/s3_impl.h"

#include "store/s3_sign.h"
#include "store/s3_xml.h"

/* XML has no form for some bytes that a key may have. */
static bool append_key(dwi_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&')
            dwi_buf_append_cstr(out, "&amp;");
        else if (c == '<')
            dwi_buf_append_cstr(out, "&lt;");
        else if (c == '>')
            dwi_buf_append_cstr(out, "&gt;");
        else if (c < ' ' || c == 0x7F)
            return false;
        else
            dwi_buf_append_byte(out, c);
    }
    return true;
}

static dw_status make_body(const dwi_s3 *s3, const char *const *keys, size_t count, dwi_buf *out,
                           dw_error *err)
{
    dwi_buf_append_cstr(out, "<Delete><Quiet>true</Quiet>");
    for (size_t i = 0; i < count; i++) {
        dwi_buf_append_cstr(out, "<Object><Key>");
        if (!append_key(out, s3->prefix) || !append_key(out, keys[i]))
            return dwi_err(err, DW_E_UNSUPPORTED, "a key that XML cannot hold");
        dwi_buf_append_cstr(out, "</Key></Object>");
    }
    dwi_buf_append_cstr(out, "</Delete>");
    return dwi_buf_status(out, err);
}

/* Quiet answers list failures alone. */
static dw_status read_answer(const dwi_s3 *s3, const dwi_s3_response *response, dw_error *err)
{
    const dw_bytes body = {response->body.data, response->body.len};
    dw_status status = DW_OK;
    dwi_s3_xml xml;
    int event;

    dwi_s3_xml_init(&xml, body, s3->base->alloc);
    while (status == DW_OK && (event = dwi_s3_xml_next(&xml)) != DWI_S3_XML_END) {
        if (event == DWI_S3_XML_BAD || (xml.depth == 1 && !dwi_s3_xml_is(&xml, 1, "DeleteResult")))
            status = dwi_err(err, DW_E_CORRUPT,
                             "the server's answer to a delete of many objects "
                             "is not well-formed");
        else if (event == DWI_S3_XML_CLOSE && dwi_s3_xml_is(&xml, 3, "Code"))
            status = dwi_err(err, DW_E_IO, "some objects were not deleted: %.*s",
                             (int)(xml.text.len > 100 ? 100 : xml.text.len),
                             (const char *)xml.text.data);
    }
    dwi_s3_xml_done(&xml);
    return status;
}

dw_status dwi_s3_remove_many(void *self, const char *const *keys, size_t count, dw_error *err)
{
    dwi_s3 *s3 = self;
    dwi_s3_request request = {.method = "POST", .query = "delete="};
    char md5[DWI_S3_MD5_TEXT + 1];
    dwi_s3_response response;
    dwi_buf body;
    dw_status status;

    if (atomic_load(&s3->no_remove_many))
        return dwi_err(err, DW_E_UNSUPPORTED, "the server does not delete many objects at once");
    dwi_buf_init(&body, s3->base->alloc);
    dwi_s3_response_init(&response, s3->base->alloc);
    DWI_TRY(make_body(s3, keys, count, &body, err));
    request.body = (dw_bytes){body.data, body.len};
    DWI_TRY(dwi_s3_md5(request.body, md5, err));
    request.content_md5 = md5;
    status = dwi_s3_call(s3, &request, &response, err);
    if (status == DW_OK)
        status = read_answer(s3, &response, err);
    else if (!err->retryable && response.http_status / 100 != 2 && response.http_status != 403)
        atomic_store(&s3->no_remove_many, true);
done:
    dwi_s3_response_done(&response);
    dwi_buf_done(&body);
    return status;
}
