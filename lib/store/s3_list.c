/* SPDX-License-Identifier: Apache-2.0 */
/* ListObjectsV2, page by page. A page is read to its end before any of it is delivered, so that a
 * cut answer never looks like a short list. */
#include "store/s3_impl.h"

#include "base/calendar.h"
#include "store/s3_sign.h"
#include "store/s3_xml.h"

/* What stands beside the objects. EncodingType may come behind them. */
typedef struct page {
    bool complete; /* IsTruncated was there */
    bool truncated;
    bool url_encoded;
    dwi_buf token; /* NUL-terminated */
} page;

static dw_status bad_page(const dwi_s3_xml *xml, dw_error *err)
{
    dw_status status = dwi_buf_status(&xml->text, err);

    return status != DW_OK ? status
                           : dwi_err(err, DW_E_CORRUPT, "the server's listing is not well-formed");
}

static void page_field(page *p, const dwi_s3_xml *xml)
{
    const char *text = (const char *)xml->text.data;

    if (dwi_s3_xml_is(xml, 2, "IsTruncated")) {
        p->complete = true;
        p->truncated = strcmp(text, "true") == 0;
    } else if (dwi_s3_xml_is(xml, 2, "EncodingType")) {
        p->url_encoded = strcmp(text, "url") == 0;
    } else if (dwi_s3_xml_is(xml, 2, "NextContinuationToken")) {
        dwi_buf_clear(&p->token);
        dwi_buf_append_cstr(&p->token, text);
    }
}

static dw_status page_read(page *p, dw_bytes body, dw_error *err)
{
    const dw_allocator *alloc = p->token.alloc;
    dwi_s3_xml xml;
    dw_status status = DW_OK;
    int event;

    p->complete = p->truncated = p->url_encoded = false;
    dwi_buf_clear(&p->token);
    dwi_s3_xml_init(&xml, body, alloc);
    while ((event = dwi_s3_xml_next(&xml)) != DWI_S3_XML_END) {
        if (event == DWI_S3_XML_BAD ||
            (xml.depth == 1 && !dwi_s3_xml_is(&xml, 1, "ListBucketResult"))) {
            status = bad_page(&xml, err);
            goto done;
        }
        if (event == DWI_S3_XML_CLOSE)
            page_field(p, &xml);
    }
    (void)dwi_buf_cstr(&p->token);
    DWI_TRY(dwi_buf_status(&p->token, err));
    if (!p->complete || (p->truncated && p->token.len == 0))
        status = dwi_err(err, DW_E_CORRUPT, "the server's listing does not say how it goes on");
done:
    dwi_s3_xml_done(&xml);
    return status;
}

bool dwi_s3_url_decode(dwi_buf *text)
{
    size_t to = 0;

    for (size_t i = 0; i < text->len; i++) {
        uint8_t c = text->data[i];
        if (c == '%') {
            int high = i + 2 < text->len ? dwi_hex_value((char)text->data[i + 1]) : -1;
            int low = i + 2 < text->len ? dwi_hex_value((char)text->data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        text->data[to++] = c;
    }
    text->len = to;
    return true;
}

/* Delivering the objects of a page. */
typedef struct delivery {
    const dwi_s3 *s3;
    const page *page;
    dw_lister_fn *each;
    void *ctx;
    dwi_buf key; /* NUL-terminated; with the store's prefix */
    dw_object object;
} delivery;

static dw_status object_field(delivery *d, const dwi_s3_xml *xml, dw_error *err)
{
    dwi_sv text = {(const char *)xml->text.data, xml->text.len};

    if (dwi_s3_xml_is(xml, 3, "Key")) {
        dwi_buf_clear(&d->key);
        dwi_buf_append(&d->key, text.ptr, text.len);
        if (d->page->url_encoded && !dwi_s3_url_decode(&d->key))
            return dwi_err(err, DW_E_CORRUPT, "the server lists a key with a broken escape");
        if (d->key.len > 0 && memchr(d->key.data, '\0', d->key.len) != NULL)
            return dwi_err(err, DW_E_CORRUPT, "the server lists a key with a NUL");
        (void)dwi_buf_cstr(&d->key);
        return dwi_buf_status(&d->key, err);
    }
    if (dwi_s3_xml_is(xml, 3, "Size") && !dwi_sv_to_i64(text, &d->object.size))
        return dwi_err(err, DW_E_CORRUPT, "the server lists a size that is no number");
    if (dwi_s3_xml_is(xml, 3, "LastModified")) {
        int64_t us;
        if (dwi_parse_timestamp(text, &us, NULL))
            d->object.modified_ms = us / 1000;
    }
    return DW_OK;
}

/* An object is complete. Keys that end in '/' are the folder marks of consoles, not objects of
 * ours.
 */
static dw_status give_object(delivery *d, dw_error *err)
{
    const char *key = (const char *)d->key.data;
    size_t root = strlen(d->s3->prefix);
    dw_object object = d->object;

    if (d->key.len == 0 || object.size < 0 || strncmp(key, d->s3->prefix, root) != 0)
        return dwi_err(err, DW_E_CORRUPT,
                       "the server lists an object without key or size, or one "
                       "that was not asked for");
    if (key[d->key.len - 1] == '/')
        return DW_OK;
    object.key = key + root;
    return d->each(d->ctx, &object, err);
}

static dw_status page_deliver(delivery *d, dw_bytes body, dw_error *err)
{
    dwi_s3_xml xml;
    dw_status status = DW_OK;
    int event;

    dwi_s3_xml_init(&xml, body, d->key.alloc);
    while ((event = dwi_s3_xml_next(&xml)) != DWI_S3_XML_END) {
        if (event == DWI_S3_XML_BAD) { /* only for want of memory: page_read() saw it all */
            status = bad_page(&xml, err);
            goto done;
        }
        if (xml.depth < 2 || !dwi_sv_eq_cstr(xml.names[1], "Contents"))
            continue;
        if (event == DWI_S3_XML_OPEN && xml.depth == 2) {
            dwi_buf_clear(&d->key);
            d->object = (dw_object){NULL, -1, 0};
        } else if (event == DWI_S3_XML_CLOSE && xml.depth == 2) {
            DWI_TRY(give_object(d, err));
        } else if (event == DWI_S3_XML_CLOSE) {
            DWI_TRY(object_field(d, &xml, err));
        }
    }
done:
    dwi_s3_xml_done(&xml);
    return status;
}

static void append_parameter(dwi_buf *query, const char *name, const char *value, const char *more)
{
    dwi_buf_printf(query, "%s%s=", query->len == 0 ? "" : "&", name);
    dwi_s3_encode(query, value, false);
    dwi_s3_encode(query, more, false);
}

/* Parameters are in order of their names, as the signature wants them. */
static dw_status make_query(const dwi_s3 *s3, const page *p, const char *prefix, const char *after,
                            dwi_buf *out, dw_error *err)
{
    dwi_buf_clear(out);
    if (p->token.len > 0)
        append_parameter(out, "continuation-token", (const char *)p->token.data, "");
    append_parameter(out, "encoding-type", "url", "");
    append_parameter(out, "list-type", "2", "");
    append_parameter(out, "prefix", s3->prefix, prefix);
    if (after != NULL && p->token.len == 0)
        append_parameter(out, "start-after", s3->prefix, after);
    return dwi_buf_cstr(out) == NULL ? dwi_err_nomem(err) : DW_OK;
}

dw_status dwi_s3_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                      void *ctx, dw_error *err)
{
    dwi_s3 *s3 = self;
    const dw_allocator *alloc = s3->base->alloc;
    page p = {.truncated = true};
    delivery d = {.s3 = s3, .page = &p, .each = each, .ctx = ctx};
    dwi_s3_response response;
    dwi_buf query;
    dw_status status = DW_OK;

    dwi_buf_init(&p.token, alloc);
    dwi_buf_init(&d.key, alloc);
    dwi_buf_init(&query, alloc);
    dwi_s3_response_init(&response, alloc);
    while (p.truncated) {
        dwi_s3_request request = {.method = "GET"};
        dw_bytes body;
        DWI_TRY(make_query(s3, &p, prefix, after, &query, err));
        request.query = (const char *)query.data;
        DWI_TRY(dwi_s3_call(s3, &request, &response, err));
        body = (dw_bytes){response.body.data, response.body.len};
        DWI_TRY(page_read(&p, body, err));
        DWI_TRY(page_deliver(&d, body, err));
    }
done:
    dwi_s3_response_done(&response);
    dwi_buf_done(&query);
    dwi_buf_done(&d.key);
    dwi_buf_done(&p.token);
    return status;
}
