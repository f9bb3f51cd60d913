/* SPDX-License-Identifier: Apache-2.0 */
/* The store handle: options, reference count, accessors. Its operations are in store_ops.c. */
#include "store/store_impl.h"

#include "base/alloc.h"
#include "base/options.h"

dw_status dwi_store_options(const dw_store_options *opts, dw_store_options *out, dw_error *err)
{
    const dw_store_options defaults = DW_STORE_OPTIONS_INIT;
    dw_status status =
        dwi_options_copy(out, &defaults, sizeof(*out), opts, "DW_STORE_OPTIONS", err);

    if (status != DW_OK)
        return status;
    if (out->retry_timeout_ms < -1 || out->request_timeout_ms < 0 || out->part_bytes < 0 ||
        out->max_connections < 0)
        return dwi_err(err, DW_E_ARG, "dw_store_options: a time or size is negative");
    if (out->allocator == NULL)
        out->allocator = dwi_alloc_default();
    if (out->retry_timeout_ms == 0)
        out->retry_timeout_ms = 180000;
    if (out->request_timeout_ms == 0)
        out->request_timeout_ms = 60000;
    if (out->part_bytes == 0)
        out->part_bytes = 8 * 1024 * 1024;
    if (out->max_connections == 0)
        out->max_connections = 8;
    return DW_OK;
}

dw_status dwi_store_alloc(const char *name, const dw_store_options *opts, dw_store **out_store,
                          dw_error *err)
{
    dw_store *store = dwi_alloc_zero(opts->allocator, sizeof(*store));

    if (store == NULL)
        return dwi_err_nomem(err);
    store->base.alloc = opts->allocator;
    store->base.env = dwi_env_system();
    store->base.logger = (dwi_logger){opts->log, opts->log_ctx};
    store->base.retry_timeout_ms = opts->retry_timeout_ms;
    store->base.observe = opts->observe;
    store->base.observe_ctx = opts->observe_ctx;
    store->flags = opts->flags;
    atomic_init(&store->refs, 1);
    store->base.name = dwi_cstr_dup(opts->allocator, name);
    if (store->base.name == NULL) {
        dw_store_unref(store);
        return dwi_err_nomem(err);
    }
    *out_store = store;
    return DW_OK;
}

/* The first operation that a vtable lacks, or NULL. The four of the streaming upload come together
 * or not at all. */
static const char *missing_operation(const dw_store_vtable *ops)
{
    bool streams = ops->upload_begin != NULL || ops->upload_write != NULL ||
                   ops->upload_finish != NULL || ops->upload_abort != NULL;

    if (ops->get == NULL)
        return "get";
    if (ops->put == NULL)
        return "put";
    if (ops->list == NULL)
        return "list";
    if (ops->remove == NULL)
        return "remove";
    if (streams && (ops->upload_begin == NULL || ops->upload_write == NULL ||
                    ops->upload_finish == NULL || ops->upload_abort == NULL))
        return "one of upload_begin, upload_write, upload_finish, upload_abort";
    return NULL;
}

dw_status dwi_store_attach(dw_store *store, const dw_store_vtable *vtable, void *self,
                           dw_error *err)
{
    const dw_store_vtable none = {.struct_size = sizeof(none)};
    dw_store_vtable ops;
    const char *missing;
    dw_status status = dwi_options_copy(&ops, &none, sizeof(ops), vtable, "dw_store_vtable", err);

    if (status != DW_OK)
        return status;
    missing = missing_operation(&ops);
    if (missing != NULL)
        return dwi_err(err, DW_E_ARG, "%s: the vtable lacks %s", store->base.name, missing);
    store->ops = ops;
    store->self = self;
    return DW_OK;
}

dw_status dw_store_new(const dw_store_vtable *vtable, void *self, const char *name,
                       const dw_store_options *opts, dw_store **out_store, dw_error *err)
{
    dw_store_options options;
    dw_store *store = NULL;
    dw_status status;

    if (vtable == NULL || name == NULL || out_store == NULL)
        return dwi_err(err, DW_E_ARG, "dw_store_new: an argument is NULL");
    DWI_TRY(dwi_store_options(opts, &options, err));
    DWI_TRY(dwi_store_alloc(name, &options, &store, err));
    DWI_TRY(dwi_store_attach(store, vtable, self, err));
    *out_store = store;
    store = NULL;
done:
    dw_store_unref(store);
    return status;
}

dw_store *dw_store_ref(dw_store *store)
{
    (void)atomic_fetch_add_explicit(&store->refs, 1, memory_order_relaxed);
    return store;
}

void dw_store_unref(dw_store *store)
{
    const dw_allocator *alloc;

    if (store == NULL || atomic_fetch_sub_explicit(&store->refs, 1, memory_order_acq_rel) != 1)
        return;
    alloc = store->base.alloc;
    if (store->ops.destroy != NULL)
        store->ops.destroy(store->self);
    dwi_cstr_free(alloc, store->base.name);
    dwi_free(alloc, store, sizeof(*store));
}

uint32_t dwi_store_caps(const dw_store *store)
{
    return store->ops.caps;
}

bool dwi_store_vouched(const dw_store *store)
{
    return (store->flags & DW_STORE_VOUCH_SINGLE_WRITER) != 0;
}

const char *dwi_store_name(const dw_store *store)
{
    return store->base.name;
}

const dw_allocator *dwi_store_allocator(const dw_store *store)
{
    return store->base.alloc;
}

dwi_logger dwi_store_logger(const dw_store *store)
{
    return store->base.logger;
}

const dwi_env *dwi_store_env(const dw_store *store)
{
    return store->base.env;
}

void dwi_store_set_env(dw_store *store, const dwi_env *env)
{
    store->base.env = env;
}
