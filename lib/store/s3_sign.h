/* SPDX-License-Identifier: Apache-2.0 */
/* AWS Signature Version 4 for S3. Spec: Amazon S3 API Reference, "Authenticating Requests: Using
 * the Authorization Header". */
#ifndef DWI_STORE_S3_SIGN_H
#define DWI_STORE_S3_SIGN_H

#include "base/buf.h"

enum { DWI_S3_SHA256_TEXT = 64, DWI_S3_MD5_TEXT = 24, DWI_S3_DATE_TEXT = 16 };

#define DWI_S3_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

/* Percent-encodes all but A-Z a-z 0-9 - . _ ~ (and '/' when `keep_slash`): once, as S3 wants it. */
void dwi_s3_encode(dwi_buf *out, const char *text, bool keep_slash);

/* Lower-case hex with a NUL. */
dw_status dwi_s3_sha256(dw_bytes data, char out[DWI_S3_SHA256_TEXT + 1], dw_error *err);

/* Base64 with a NUL, as Content-MD5 has it. */
dw_status dwi_s3_md5(dw_bytes data, char out[DWI_S3_MD5_TEXT + 1], dw_error *err);

/* YYYYMMDDTHHMMSSZ with a NUL. */
void dwi_s3_date(int64_t now_us, char out[DWI_S3_DATE_TEXT + 1]);

typedef struct dwi_s3_signing {
    const char *service; /* NULL: "s3" */
    const char *region;
    const char *access_key_id;
    const char *secret_access_key;
    const char *date;         /* dwi_s3_date() */
    const char *method;       /* "GET" */
    const char *path;         /* percent-encoded, begins with '/' */
    const char *query;        /* encoded and sorted by name; "" for none */
    const char *payload_hash; /* dwi_s3_sha256() or DWI_S3_UNSIGNED_PAYLOAD */
    /* All that are to be signed, with lower-case names in byte order and trimmed values. */
    const dw_property *headers;
    size_t n_headers;
} dwi_s3_signing;

/* Append the value of the Authorization header. */
dw_status dwi_s3_authorization(const dwi_s3_signing *signing, dwi_buf *out, dw_error *err);

#endif
