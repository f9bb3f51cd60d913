/* SPDX-License-Identifier: Apache-2.0 */
/* From a URI to the store it names. */
#include <deltawrite/store.h>

#include "store/s3.h"
#include "store/store_impl.h"
#include "store/store_local.h"
#include "store/uri.h"

static dw_status open_self(const dwi_uri *uri, const dw_store_options *opts, dw_store *store,
                           const dw_store_vtable **out_vtable, void **out_self, dw_error *err)
{
    if (uri->kind == DWI_URI_S3) {
        *out_vtable = dwi_s3_vtable();
        return dwi_s3_open(&store->base, uri->bucket, uri->path, opts, out_self, err);
    }
    *out_vtable = dwi_local_vtable();
    return dwi_local_open(&store->base, uri->path, out_self, err);
}

dw_status dw_store_open_uri(const char *uri, const dw_store_options *opts, dw_store **out_store,
                            dw_error *err)
{
    const dw_store_vtable *vtable = NULL;
    dw_store_options options;
    dwi_uri parsed = {0};
    dw_store *store = NULL;
    void *self = NULL;
    dw_status status;

    if (uri == NULL || out_store == NULL)
        return dwi_err(err, DW_E_ARG, "dw_store_open_uri: an argument is NULL");
    DWI_TRY(dwi_store_options(opts, &options, err));
    DWI_TRY(dwi_uri_parse(uri, options.allocator, &parsed, err));
    DWI_TRY(dwi_store_alloc(uri, &options, &store, err));
    DWI_TRY(open_self(&parsed, &options, store, &vtable, &self, err));
    status = dwi_store_attach(store, vtable, self, err);
    if (status != DW_OK) {
        vtable->destroy(self);
        goto done;
    }
    *out_store = store;
    store = NULL;
done:
    dwi_uri_done(&parsed);
    dw_store_unref(store);
    return status;
}
