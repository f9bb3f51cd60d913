/* SPDX-License-Identifier: Apache-2.0 */
#include "store/s3_sign.h"

#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/calendar.h"

enum { SHA256_BYTES = 32, DAY_TEXT = 8 };

static void append_hex(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

void dwi_s3_encode(dwi_buf *out, const char *text, bool keep_slash)
{
    for (; *text != '\0'; text++) {
        char c = *text;
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash))
            dwi_buf_append_byte(out, (uint8_t)c);
        else
            dwi_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

dw_status dwi_s3_sha256(dw_bytes data, char out[DWI_S3_SHA256_TEXT + 1], dw_error *err)
{
    uint8_t digest[SHA256_BYTES];

    if (EVP_Digest(data.len == 0 ? "" : data.data, data.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return dwi_err(err, DW_E_IO, "OpenSSL cannot compute SHA-256");
    append_hex(out, digest, sizeof(digest));
    return DW_OK;
}

dw_status dwi_s3_md5(dw_bytes data, char out[DWI_S3_MD5_TEXT + 1], dw_error *err)
{
    uint8_t digest[16];

    if (EVP_Digest(data.len == 0 ? "" : data.data, data.len, digest, NULL, EVP_md5(), NULL) != 1)
        return dwi_err(err, DW_E_UNSUPPORTED, "OpenSSL cannot compute MD5");
    (void)EVP_EncodeBlock((unsigned char *)out, digest, sizeof(digest));
    return DW_OK;
}

void dwi_s3_date(int64_t now_us, char out[DWI_S3_DATE_TEXT + 1])
{
    int64_t second = now_us / DWI_US_PER_SECOND;
    int64_t of_day = second % 86400;
    int64_t year;
    int month;
    int day;
    char text[64];

    dwi_civil_from_days(second / 86400, &year, &month, &day);
    (void)snprintf(text, sizeof(text), "%04d%02d%02dT%02d%02d%02dZ", (int)(year % 10000), month,
                   day, (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60));
    memcpy(out, text, DWI_S3_DATE_TEXT);
    out[DWI_S3_DATE_TEXT] = '\0';
}

static bool hmac(const void *key, size_t key_len, const char *data, size_t len,
                 uint8_t out[SHA256_BYTES])
{
    return HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)data, len, out, NULL) !=
           NULL;
}

static const char *service_of(const dwi_s3_signing *s)
{
    return s->service == NULL ? "s3" : s->service;
}

/* The signing key is the secret, keyed by day, region and service in turn. */
static dw_status sign(const dwi_s3_signing *s, const char *text, size_t len,
                      char out[DWI_S3_SHA256_TEXT + 1], dwi_buf *scratch, dw_error *err)
{
    uint8_t key[SHA256_BYTES];
    bool ok;

    dwi_buf_clear(scratch);
    dwi_buf_printf(scratch, "AWS4%s", s->secret_access_key);
    if (dwi_buf_status(scratch, err) != DW_OK)
        return DW_E_NOMEM;
    ok = hmac(scratch->data, scratch->len, s->date, DAY_TEXT, key) &&
         hmac(key, sizeof(key), s->region, strlen(s->region), key) &&
         hmac(key, sizeof(key), service_of(s), strlen(service_of(s)), key) &&
         hmac(key, sizeof(key), "aws4_request", 12, key) && hmac(key, sizeof(key), text, len, key);
    append_hex(out, key, sizeof(key));
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(scratch->data, scratch->len);
    return ok ? DW_OK : dwi_err(err, DW_E_IO, "OpenSSL cannot compute HMAC-SHA-256");
}

static void append_header_names(const dwi_s3_signing *s, dwi_buf *out)
{
    for (size_t i = 0; i < s->n_headers; i++)
        dwi_buf_printf(out, "%s%s", i == 0 ? "" : ";", s->headers[i].key);
}

static void append_canonical_request(const dwi_s3_signing *s, dwi_buf *out)
{
    dwi_buf_printf(out, "%s\n%s\n%s\n", s->method, s->path, s->query);
    for (size_t i = 0; i < s->n_headers; i++)
        dwi_buf_printf(out, "%s:%s\n", s->headers[i].key, s->headers[i].value);
    dwi_buf_append_byte(out, '\n');
    append_header_names(s, out);
    dwi_buf_printf(out, "\n%s", s->payload_hash);
}

dw_status dwi_s3_authorization(const dwi_s3_signing *signing, dwi_buf *out, dw_error *err)
{
    char hash[DWI_S3_SHA256_TEXT + 1];
    char signature[DWI_S3_SHA256_TEXT + 1];
    dwi_buf text;
    dwi_buf scratch;
    dw_status status;

    dwi_buf_init(&text, out->alloc);
    dwi_buf_init(&scratch, out->alloc);
    append_canonical_request(signing, &text);
    DWI_TRY(dwi_buf_status(&text, err));
    DWI_TRY(dwi_s3_sha256((dw_bytes){text.data, text.len}, hash, err));
    dwi_buf_clear(&text);
    dwi_buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/%s/aws4_request\n%s", signing->date,
                   signing->date, signing->region, service_of(signing), hash);
    DWI_TRY(dwi_buf_status(&text, err));
    DWI_TRY(sign(signing, (const char *)text.data, text.len, signature, &scratch, err));
    dwi_buf_printf(out, "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=",
                   signing->access_key_id, signing->date, signing->region, service_of(signing));
    append_header_names(signing, out);
    dwi_buf_printf(out, ", Signature=%s", signature);
    status = dwi_buf_status(out, err);
done:
    dwi_buf_done(&scratch);
    dwi_buf_done(&text);
    return status;
}
