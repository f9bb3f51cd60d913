/* SPDX-License-Identifier: Apache-2.0 */
#include <deltawrite/table.h>

#include "api/table_impl.h"
#include "base/options.h"
#include "delta/create.h"

enum { CREATE_TIMEOUT_MS = 120000 };

static dw_status copy_create_options(const dw_create_options *create, dw_create_options *out,
                                     dw_error *err)
{
    const dw_create_options defaults = DW_CREATE_OPTIONS_INIT;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), create, "DW_CREATE_OPTIONS", err));
    if ((out->flags & ~DW_CREATE_IF_MISSING) != 0)
        return dwi_err(err, DW_E_UNSUPPORTED, "create options: unknown flags");
    if (out->schema_json == NULL)
        return dwi_err(err, DW_E_ARG, "create options: schema_json is NULL");
    if ((out->partition_columns == NULL && out->n_partition_columns > 0) ||
        (out->properties == NULL && out->n_properties > 0) ||
        (out->clustering_columns == NULL && out->n_clustering_columns > 0))
        return dwi_err(err, DW_E_ARG, "create options: a list is NULL");
done:
    return status;
}

static dw_status check_caps(dw_store *store, dw_error *err)
{
    if ((dwi_store_caps(store) & DW_CAP_PUT_IF_ABSENT) != 0 || dwi_store_vouched(store))
        return DW_OK;
    return dwi_err(err, DW_E_UNSUPPORTED,
                   "%s: the store cannot put-if-absent, and nobody vouched to be the only writer",
                   dwi_store_name(store));
}

dw_status dw_table_create(dw_store *store, const char *path, const dw_create_options *create,
                          const dw_table_options *opts, dw_table **out_table, dw_error *err)
{
    dw_create_options what;
    dw_table_options how;
    dwi_log log = {0};
    dw_status status;

    if (store == NULL || path == NULL || create == NULL || out_table == NULL)
        return dwi_err(err, DW_E_ARG,
                       "dw_table_create: store, path, create and out_table are needed");
    DWI_TRY(copy_create_options(create, &what, err));
    DWI_TRY(dwi_table_options(opts, &how, err));
    DWI_TRY(check_caps(store, err));
    DWI_TRY(dwi_log_init(&log, store, path,
                         how.allocator != NULL ? how.allocator : dwi_store_allocator(store),
                         (dwi_logger){how.log, how.log_ctx}, err));
    status = dwi_create(&log, &what, how.engine_info != NULL ? how.engine_info : DWI_ENGINE_INFO,
                        how.commit_timeout_ms > 0 ? how.commit_timeout_ms : CREATE_TIMEOUT_MS, err);
    if (status == DW_E_EXISTS && (what.flags & DW_CREATE_IF_MISSING) != 0)
        status = DW_OK;
    if (status == DW_OK)
        status = dw_table_open(store, path, opts, out_table, err);
    else
        status = dwi_err_prefix(err, status, "%s%s%s", dwi_store_name(store),
                                log.root[0] == '\0' ? "" : "/", log.root);
done:
    dwi_log_done(&log);
    return status;
}
