/* SPDX-License-Identifier: Apache-2.0 */
/* dw_table_log(), dw_table_read_commit(). */
#include <deltawrite/table.h>

#include <inttypes.h>

#include "api/table_impl.h"
#include "base/alloc.h"
#include "delta/log_listing.h"
#include "store/store_ops.h"

typedef struct log_walk {
    size_t skip; /* bytes of "ROOT/_delta_log/" */
    dw_log_file_fn *each;
    void *ctx;
} log_walk;

static int32_t kind_of(const dwi_listed *listed)
{
    switch (listed->kind) {
    case DWI_LISTED_COMMIT:
        return DW_LOG_COMMIT;
    case DWI_LISTED_CHECKPOINT:
    case DWI_LISTED_EMPTY:
        return DW_LOG_CHECKPOINT;
    case DWI_LISTED_CRC:
        return DW_LOG_CHECKSUM;
    case DWI_LISTED_COMPACTION:
        return DW_LOG_COMPACTED;
    default:
        return dwi_sv_starts_with(listed->file.name, DWI_SV("_sidecars/")) ? DW_LOG_SIDECAR
                                                                           : DW_LOG_OTHER;
    }
}

static dw_status tell_object(void *ctx, const dw_object *object, dw_error *err)
{
    const log_walk *walk = ctx;
    dwi_listed listed = {.file = {.size = object->size}};
    dw_log_file file = {object->key + walk->skip, 0, -1, -1, object->size, object->modified_ms};

    listed.file.name = dwi_sv_cstr(file.name);
    dwi_log_classify(listed.file.name, &listed);
    file.kind = kind_of(&listed);
    if (file.kind != DW_LOG_OTHER && file.kind != DW_LOG_SIDECAR) {
        file.version = listed.file.version;
        file.last_version = file.kind == DW_LOG_COMPACTED ? listed.last : file.version;
    }
    return walk->each(walk->ctx, &file, err);
}

dw_status dw_table_log(dw_table *table, dw_log_file_fn *each, void *ctx, dw_error *err)
{
    log_walk walk = {0, each, ctx};
    char *prefix = NULL;
    dw_status status;

    if (table == NULL || each == NULL)
        return dwi_err(err, DW_E_ARG, "dw_table_log: a table and a function are needed");
    prefix = dwi_log_key(&table->log, "_delta_log/");
    if (prefix == NULL)
        DWI_TRY(dwi_err_nomem(err));
    walk.skip = strlen(prefix);
    DWI_TRY(dwi_store_list(table->store, prefix, NULL, tell_object, &walk, err));
done:
    dwi_cstr_free(table->alloc, prefix);
    return status;
}

dw_status dw_table_read_commit(dw_table *table, int64_t version, dw_sink sink, dw_error *err)
{
    const dw_range all = DW_RANGE_ALL;
    char name[DWI_LOG_NAME_SIZE];
    dwi_buf text;
    char *key = NULL;
    dw_status status;

    if (table == NULL || sink.write == NULL || version < 0)
        return dwi_err(err, DW_E_ARG,
                       "dw_table_read_commit: a table, a version of 0 or more and a sink");
    dwi_buf_init(&text, table->alloc);
    dwi_log_commit_name(version, name);
    key = dwi_log_key(&table->log, name);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    status = dwi_store_get(table->store, key, all, INT64_MAX, &text, err);
    if (status == DW_E_NOT_FOUND)
        DWI_TRY(dwi_err(err, DW_E_NOT_FOUND, "%s: the log has no commit of version %" PRId64 "",
                        table->uri, version));
    DWI_TRY(status);
    DWI_TRY(sink.write(sink.ctx, text.data, text.len, err));
done:
    dwi_cstr_free(table->alloc, key);
    dwi_buf_done(&text);
    return status;
}
