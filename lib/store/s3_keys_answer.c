/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in the answers of metadata services and of STS. Specs: Amazon EC2 User Guide, "Instance
 * metadata"; AWS STS API Reference. */
#include "store/s3_fetch.h"

#include "base/calendar.h"
#include "base/str.h"
#include "store/s3_xml.h"

/* ---- JSON: one object of texts, as these services write ---- */

typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && strchr(" \t\r\n", *c->at) != NULL)
        c->at++;
}

static bool take(cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* Keys and tokens are ASCII: other characters stay escaped and are refused later. */
static bool take_escape(cursor *c, dwi_buf *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (c->at == c->end)
        return false;
    found = *c->at == '\0' ? NULL : strchr(from, *c->at);
    if (found != NULL) {
        dwi_buf_append_byte(out, (uint8_t)to[found - from]);
        c->at++;
        return true;
    }
    if (*c->at != 'u' || c->end - c->at < 5 || c->at[1] != '0' || c->at[2] != '0' ||
        dwi_hex_value(c->at[3]) < 0 || dwi_hex_value(c->at[3]) > 7 || dwi_hex_value(c->at[4]) < 0)
        return false;
    dwi_buf_append_byte(out, (uint8_t)(dwi_hex_value(c->at[3]) * 16 + dwi_hex_value(c->at[4])));
    c->at += 5;
    return true;
}

static bool take_text(cursor *c, dwi_buf *out)
{
    dwi_buf_clear(out);
    if (!take(c, '"'))
        return false;
    while (c->at < c->end && *c->at != '"') {
        if (*c->at == '\\') {
            c->at++;
            if (!take_escape(c, out))
                return false;
        } else {
            dwi_buf_append_byte(out, (uint8_t)*c->at++);
        }
    }
    return take(c, '"') && dwi_buf_cstr(out) != NULL;
}

/* A number, a word, or something nested, which is passed over. */
static bool skip_value(cursor *c, dwi_buf *scratch)
{
    int depth = 0;

    do {
        skip_blanks(c);
        if (c->at == c->end)
            return false;
        if (*c->at == '"') {
            if (!take_text(c, scratch))
                return false;
        } else {
            depth += strchr("{[", *c->at) != NULL ? 1 : strchr("}]", *c->at) != NULL ? -1 : 0;
            c->at++;
        }
        skip_blanks(c);
    } while (depth > 0 || (c->at < c->end && strchr(",}]", *c->at) == NULL));
    return true;
}

bool dwi_s3_json_text(dw_bytes json, const char *name, dwi_buf *out)
{
    cursor c = {json.data, (const char *)json.data + json.len};
    bool found = false;
    dwi_buf key;

    dwi_buf_init(&key, out->alloc);
    if (take(&c, '{')) {
        do {
            if (!take_text(&c, &key) || !take(&c, ':'))
                break;
            skip_blanks(&c);
            found = dwi_sv_eq_cstr((dwi_sv){(const char *)key.data, key.len}, name);
            if (found ? !take_text(&c, out) : !skip_value(&c, &key)) {
                found = false;
                break;
            }
        } while (!found && take(&c, ','));
    }
    dwi_buf_done(&key);
    return found;
}

/* ---- what is found ---- */

typedef struct found_keys {
    dwi_buf access_key_id;
    dwi_buf secret_access_key;
    dwi_buf session_token;
    dwi_buf expiration;
} found_keys;

static void found_init(found_keys *f, const dw_allocator *alloc)
{
    dwi_buf_init(&f->access_key_id, alloc);
    dwi_buf_init(&f->secret_access_key, alloc);
    dwi_buf_init(&f->session_token, alloc);
    dwi_buf_init(&f->expiration, alloc);
}

static void found_done(found_keys *f)
{
    dwi_buf_done(&f->access_key_id);
    dwi_buf_done(&f->secret_access_key);
    dwi_buf_done(&f->session_token);
    dwi_buf_done(&f->expiration);
}

static dw_status found_give(const found_keys *f, const char *from, dw_keys_sink sink, dw_error *err)
{
    dw_keys keys = DW_KEYS_INIT;
    dwi_sv expiration = {(const char *)f->expiration.data, f->expiration.len};
    int64_t at_us;

    if (f->access_key_id.failed || f->secret_access_key.failed || f->session_token.failed ||
        f->expiration.failed)
        return dwi_err_nomem(err);
    if (f->access_key_id.len == 0 || f->secret_access_key.len == 0)
        return dwi_err(err, DW_E_CORRUPT, "%s: the answer has no keys", from);
    if (expiration.len > 0) {
        if (!dwi_parse_timestamp(expiration, &at_us, NULL))
            return dwi_err(err, DW_E_CORRUPT, "%s: \"%.*s\" is no time at which keys could expire",
                           from, (int)expiration.len, expiration.ptr);
        keys.expires_ms = at_us / 1000;
    }
    keys.access_key_id = (const char *)f->access_key_id.data;
    keys.secret_access_key = (const char *)f->secret_access_key.data;
    keys.session_token = f->session_token.len == 0 ? NULL : (const char *)f->session_token.data;
    return sink.give(sink.ctx, &keys, err);
}

dw_status dwi_s3_give_json(dw_bytes json, const char *from, dw_keys_sink sink,
                           const dw_allocator *alloc, dw_error *err)
{
    found_keys f;
    dw_status status;

    found_init(&f, alloc);
    /* What is missing is left empty. */
    (void)(dwi_s3_json_text(json, "AccessKeyId", &f.access_key_id) &&
           dwi_s3_json_text(json, "SecretAccessKey", &f.secret_access_key));
    (void)(dwi_s3_json_text(json, "Token", &f.session_token) ||
           dwi_s3_json_text(json, "SessionToken", &f.session_token));
    (void)dwi_s3_json_text(json, "Expiration", &f.expiration);
    status = found_give(&f, from, sink, err);
    found_done(&f);
    return status;
}

/* ---- XML ---- */

static void keep(const dwi_s3_xml *parser, int depth, const char *name, dwi_buf *out)
{
    if (!dwi_s3_xml_is(parser, depth, name))
        return;
    dwi_buf_clear(out);
    dwi_buf_append(out, parser->text.data, parser->text.len);
    (void)dwi_buf_cstr(out); /* failure sticks to the buffer */
}

dw_status dwi_s3_give_sts(dw_bytes xml, const char *from, dw_keys_sink sink,
                          const dw_allocator *alloc, dw_error *err)
{
    dwi_s3_xml parser;
    found_keys f;
    dw_status status;
    int event;

    found_init(&f, alloc);
    dwi_s3_xml_init(&parser, xml, alloc);
    while ((event = dwi_s3_xml_next(&parser)) == DWI_S3_XML_OPEN || event == DWI_S3_XML_CLOSE) {
        if (event == DWI_S3_XML_OPEN)
            continue;
        keep(&parser, 4, "AccessKeyId", &f.access_key_id);
        keep(&parser, 4, "SecretAccessKey", &f.secret_access_key);
        keep(&parser, 4, "SessionToken", &f.session_token);
        keep(&parser, 4, "Expiration", &f.expiration);
    }
    status = parser.text.failed ? dwi_err_nomem(err) : DW_OK;
    if (status == DW_OK && event != DWI_S3_XML_END)
        status = dwi_err(err, DW_E_CORRUPT, "%s: the answer is not well-formed", from);
    if (status == DW_OK)
        status = found_give(&f, from, sink, err);
    dwi_s3_xml_done(&parser);
    found_done(&f);
    return status;
}

/* What may be different in a moment: too many requests, or the identity's provider was away. */
static bool is_passing(int http_status, const char *code)
{
    return http_status == 429 || http_status / 100 == 5 || strcmp(code, "Throttling") == 0 ||
           strcmp(code, "ThrottlingException") == 0 || strcmp(code, "IDPCommunicationError") == 0;
}

dw_status dwi_s3_sts_error(dw_bytes xml, int http_status, const char *from,
                           const dw_allocator *alloc, dw_error *err)
{
    dwi_s3_xml parser;
    dwi_buf code;
    dwi_buf message;
    dw_status status;
    int event;

    dwi_buf_init(&code, alloc);
    dwi_buf_init(&message, alloc);
    dwi_s3_xml_init(&parser, xml, alloc);
    while ((event = dwi_s3_xml_next(&parser)) == DWI_S3_XML_OPEN || event == DWI_S3_XML_CLOSE) {
        if (event == DWI_S3_XML_OPEN)
            continue;
        keep(&parser, 3, "Code", &code);
        keep(&parser, 3, "Message", &message);
    }
    if (is_passing(http_status, code.len == 0 ? "" : (const char *)code.data))
        status = DW_E_IO;
    else
        status = DW_E_DENIED;
    status = dwi_err_sys(err, status, http_status, status == DW_E_IO, "%s: HTTP %d %.80s%s%.200s",
                         from, http_status, code.len == 0 ? "" : (const char *)code.data,
                         message.len == 0 ? "" : ": ",
                         message.len == 0 ? "" : (const char *)message.data);
    dwi_s3_xml_done(&parser);
    dwi_buf_done(&message);
    dwi_buf_done(&code);
    return status;
}
