/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in an S3 bucket below a prefix. */
#ifndef DWI_STORE_S3_H
#define DWI_STORE_S3_H

#include "store/store_impl.h"

const dw_store_vtable *dwi_s3_vtable(void);
/* `base` outlives the result; everything else is copied. Nothing is contacted.
 * Errors: DW_E_ARG (endpoint, sizes), DW_E_UNSUPPORTED (not built in), DW_E_NOMEM. */
dw_status dwi_s3_open(const dwi_store_base *base, const char *bucket, const char *prefix,
                      const dw_store_options *opts, void **out_self, dw_error *err);

#endif
