/* SPDX-License-Identifier: Apache-2.0 */
/* Where a URI says a store is. */
#ifndef DWI_STORE_URI_H
#define DWI_STORE_URI_H

#include "base/buf.h"

enum { DWI_URI_LOCAL = 1, DWI_URI_S3 = 2 };

typedef struct dwi_uri {
    int kind;
    char *bucket; /* S3 only */
    char *path;   /* local: absolute, without a '/' at its end ("" is the file system's root);
                     S3: the key prefix, without one at either end ("": the whole bucket) */
    const dw_allocator *alloc;
} dwi_uri;

/* Errors: DW_E_ARG (malformed), DW_E_UNSUPPORTED (names the scheme), DW_E_NOMEM. A relative path is
 * taken from the working directory of now. */
dw_status dwi_uri_parse(const char *text, const dw_allocator *alloc, dwi_uri *out, dw_error *err);
void dwi_uri_done(dwi_uri *uri); /* a zeroed one too */

#endif
