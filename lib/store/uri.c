/* SPDX-License-Identifier: Apache-2.0 */
#include "store/uri.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of a leading "scheme" that is followed by "://", or 0. */
static size_t scheme_len(const char *text)
{
    size_t n = 0;

    if (!is_letter(text[0]))
        return 0;
    while (is_letter(text[n]) || is_digit(text[n]) || text[n] == '+' || text[n] == '-' ||
           text[n] == '.')
        n++;
    return strncmp(text + n, "://", 3) == 0 ? n : 0;
}

static bool append_decoded(dwi_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        int high = *text == '%' ? dwi_hex_value(text[1]) : 0;
        int low = *text == '%' && high >= 0 ? dwi_hex_value(text[2]) : 0;
        if (high < 0 || low < 0 || (*text == '%' && high == 0 && low == 0))
            return false;
        dwi_buf_append_byte(out, (uint8_t)(*text == '%' ? high * 16 + low : *text));
        text += *text == '%' ? 2 : 0;
    }
    return true;
}

static dw_status append_working_directory(dwi_buf *out, dw_error *err)
{
    for (size_t size = 256;; size *= 2) {
        if (!dwi_buf_reserve(out, size))
            return dwi_buf_status(out, err);
        if (getcwd((char *)out->data, size) != NULL)
            break;
        if (errno != ERANGE)
            return dwi_err_sys(err, DW_E_IO, errno, false, "working directory: %s",
                               strerror(errno));
    }
    out->len = strlen((const char *)out->data);
    return DW_OK;
}

/* Takes the collected path over into *out_path, without slashes at its end. */
static dw_status take_path(dwi_buf *path, char **out_path, dw_error *err)
{
    const char *text;

    while (path->len > 0 && path->data[path->len - 1] == '/')
        path->len--;
    text = dwi_buf_cstr(path);
    *out_path = text == NULL ? NULL : dwi_cstr_dup(path->alloc, text);
    return *out_path == NULL ? dwi_err_nomem(err) : DW_OK;
}

static dw_status parse_plain(const char *text, dwi_uri *uri, dw_error *err)
{
    dwi_buf path;
    dw_status status = DW_OK;

    dwi_buf_init(&path, uri->alloc);
    if (text[0] != '/') {
        DWI_TRY(append_working_directory(&path, err));
        dwi_buf_append_byte(&path, '/');
    }
    dwi_buf_append_cstr(&path, text);
    status = take_path(&path, &uri->path, err);
done:
    dwi_buf_done(&path);
    return status;
}

/* `rest` is what follows "file:" and any authority's slashes: "//host/path" or "/path". */
static dw_status parse_file(const char *text, const char *rest, dwi_uri *uri, dw_error *err)
{
    dwi_buf path;
    dw_status status;

    dwi_buf_init(&path, uri->alloc);
    if (strncmp(rest, "//localhost/", 12) == 0)
        rest += 11;
    else if (strncmp(rest, "//", 2) == 0)
        rest += 2;
    if (rest[0] != '/')
        status = dwi_err(err, DW_E_ARG, "%s: a file URI has the form file:///path", text);
    else if (!append_decoded(&path, rest))
        status = dwi_err(err, DW_E_ARG, "%s: a '%%' is not followed by two hex digits", text);
    else
        status = take_path(&path, &uri->path, err);
    dwi_buf_done(&path);
    return status;
}

static bool bucket_valid(dwi_sv bucket)
{
    for (size_t i = 0; i < bucket.len; i++) {
        char c = bucket.ptr[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return bucket.len > 0 && bucket.len <= 255 && bucket.ptr[0] != '.';
}

/* No percent-decoding: what Hadoop and the AWS tools call s3://bucket/a%20b is the key "a%20b". */
static dw_status parse_s3(const char *text, const char *rest, dwi_uri *uri, dw_error *err)
{
    dwi_sv bucket = {rest, strcspn(rest, "/")};
    dwi_buf part;
    dw_status status;

    dwi_buf_init(&part, uri->alloc);
    if (!bucket_valid(bucket)) {
        status = dwi_err(err, DW_E_ARG, "%s: not of the form s3://bucket/prefix", text);
        goto done;
    }
    dwi_buf_append(&part, bucket.ptr, bucket.len);
    DWI_TRY(take_path(&part, &uri->bucket, err));
    dwi_buf_clear(&part);
    rest += bucket.len;
    while (*rest == '/')
        rest++;
    dwi_buf_append_cstr(&part, rest);
    status = take_path(&part, &uri->path, err);
done:
    dwi_buf_done(&part);
    return status;
}

dw_status dwi_uri_parse(const char *text, const dw_allocator *alloc, dwi_uri *out, dw_error *err)
{
    size_t scheme = scheme_len(text);
    dwi_sv name = {text, scheme};
    dwi_uri uri = {DWI_URI_LOCAL, NULL, NULL, alloc};
    dw_status status;

    if (text[0] == '\0')
        return dwi_err(err, DW_E_ARG, "the table's URI is empty");
    if (strncmp(text, "file:/", 6) == 0) {
        status = parse_file(text, text + 5, &uri, err);
    } else if (scheme == 0) {
        status = parse_plain(text, &uri, err);
    } else if (dwi_sv_eq_cstr(name, "s3") || dwi_sv_eq_cstr(name, "s3a")) {
        uri.kind = DWI_URI_S3;
        status = parse_s3(text, text + scheme + 3, &uri, err);
    } else {
        status = dwi_err(err, DW_E_UNSUPPORTED, "%s: no store for the scheme %.*s", text,
                         DWI_SV_ARG(name));
    }
    if (status == DW_OK)
        *out = uri;
    else
        dwi_uri_done(&uri);
    return status;
}

void dwi_uri_done(dwi_uri *uri)
{
    if (uri->alloc == NULL)
        return;
    dwi_cstr_free(uri->alloc, uri->bucket);
    dwi_cstr_free(uri->alloc, uri->path);
    memset(uri, 0, sizeof(*uri));
}
