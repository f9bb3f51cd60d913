/* SPDX-License-Identifier: Apache-2.0 */
/* A store does what tables need of it, or says what not: asked by doing it, with an object of its
 * own. */
#include "store/store_impl.h"

#include <string.h>

static const char content[] = "check\n";

/* One object is enough to know. */
static dw_status stop_at_first(void *ctx, const dw_object *object, dw_error *err)
{
    (void)object;
    *(bool *)ctx = true;
    return dwi_err(err, DW_E_EXISTS, "there is one");
}

static dw_status check_list(dw_store *store, dw_error *err)
{
    bool any = false;
    dw_status status = dwi_store_list(store, "", NULL, stop_at_first, &any, err);

    return any ? DW_OK : status;
}

static dw_status check_put(dw_store *store, const char *key, dw_error *err)
{
    const dw_bytes body = {content, sizeof(content) - 1};
    dw_status status;

    DWI_TRY(dwi_store_put(store, key, body, DW_PUT_IF_ABSENT, err));
    status = dwi_store_put(store, key, body, DW_PUT_IF_ABSENT, err);
    if (status == DW_E_EXISTS)
        status = DW_OK;
    else if (status == DW_OK)
        status = dwi_err(err, DW_E_UNSUPPORTED,
                         "put %s: the store does not keep to if-absent, so that several writers "
                         "would overwrite each other",
                         key);
done:
    return status;
}

static dw_status check_get(dw_store *store, const char *key, dw_error *err)
{
    const dw_range all = DW_RANGE_ALL;
    dw_status status;
    dwi_buf body;

    dwi_buf_init(&body, store->base.alloc);
    DWI_TRY(dwi_store_get(store, key, all, 4096, &body, err));
    if (body.len != sizeof(content) - 1 || memcmp(body.data, content, body.len) != 0)
        status = dwi_err(err, DW_E_CORRUPT, "get %s: not what was put there", key);
done:
    dwi_buf_done(&body);
    return status;
}

dw_status dw_store_check(dw_store *store, dw_error *err)
{
    char key[sizeof(".dw-check-") + DWI_UUID_TEXT] = ".dw-check-";
    dw_error second = DW_ERROR_INIT;
    dw_status removed;
    dw_status status;

    if (store == NULL)
        return dwi_err(err, DW_E_ARG, "dw_store_check: store is NULL");
    dwi_uuid(store->base.env, key + sizeof(".dw-check-") - 1);
    DWI_TRY(check_list(store, err));
    status = check_put(store, key, err);
    if (status == DW_OK)
        status = check_get(store, key, err);
    /* Also after a put that failed: it may have taken effect. */
    removed = dwi_store_remove(store, key, status == DW_OK ? err : &second);
    if (status == DW_OK)
        status = removed;
done:
    return status;
}
