/* SPDX-License-Identifier: Apache-2.0 */
/* In place of the S3 store in a build without libcurl and OpenSSL. */
#include "store/s3.h"

#include <deltawrite/credentials.h>

const dw_store_vtable *dwi_s3_vtable(void)
{
    return NULL;
}

dw_status dwi_s3_open(const dwi_store_base *base, const char *bucket, const char *prefix,
                      const dw_store_options *opts, void **out_self, dw_error *err)
{
    (void)bucket;
    (void)prefix;
    (void)opts;
    (void)out_self;
    return dwi_err(err, DW_E_UNSUPPORTED, "%s: this library was built without its S3 store",
                   base->name);
}

dw_status dw_credentials_open_aws(const dw_aws_source *source, const dw_credentials_options *opts,
                                  dw_credentials **out_credentials, dw_error *err)
{
    (void)source;
    (void)opts;
    (void)out_credentials;
    return dwi_err(err, DW_E_UNSUPPORTED, "this library was built without its S3 store");
}
