/* SPDX-License-Identifier: Apache-2.0 */
/* Where AWS gives keys: small requests, and what is in their answers. */
#ifndef DWI_STORE_S3_FETCH_H
#define DWI_STORE_S3_FETCH_H

#include <deltawrite/credentials.h>

#include "base/buf.h"

/* libcurl's global state, once. */
void dwi_s3_init_curl(void);

typedef struct dwi_s3_fetch {
    const char *method;
    const char *url;
    const dw_property *headers; /* without Host; an empty value takes one of curl's away */
    size_t n_headers;
    const char *body;    /* NULL: none */
    const char *ca_file; /* NULL: the system's authorities */
    int64_t timeout_ms;
} dwi_s3_fetch;

/* One request; DW_OK when an answer came whole, whatever it says: *out_http_status, and its body
 * NUL-terminated in `out`. */
dw_status dwi_s3_fetch_url(const dwi_s3_fetch *fetch, dwi_buf *out, int *out_http_status,
                           dw_error *err);

/* The text of a member of a JSON object at its top, NUL-terminated into `out`; false when it is
 * missing, no string, or the JSON is not well-formed up to there. */
bool dwi_s3_json_text(dw_bytes json, const char *name, dwi_buf *out);

/* Keys in {"AccessKeyId":..., "SecretAccessKey":..., "Token":..., "Expiration":...}. */
dw_status dwi_s3_give_json(dw_bytes json, const char *from, dw_keys_sink sink,
                           const dw_allocator *alloc, dw_error *err);
/* Keys in an answer of STS, XML. */
dw_status dwi_s3_give_sts(dw_bytes xml, const char *from, dw_keys_sink sink,
                          const dw_allocator *alloc, dw_error *err);
/* What STS says is wrong. */
dw_status dwi_s3_sts_error(dw_bytes xml, int http_status, const char *from,
                           const dw_allocator *alloc, dw_error *err);

#endif
