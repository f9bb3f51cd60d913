/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/row_tracking.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/checked.h"
#include "delta/features.h"
#include "delta/properties.h"
#include "delta/stats.h"

static const char *const column_keys[DWI_ROW_ID_COLUMNS] = {
    "delta.rowTracking.materializedRowIdColumnName",
    "delta.rowTracking.materializedRowCommitVersionColumnName",
};

static const dwi_type id_type = {.kind = DWI_LONG};

dw_status dwi_row_id_columns_of(const dwi_state *state, bool *out_kept, dwi_row_id_columns *out,
                                dw_error *err)
{
    dwi_kvs properties = state->metadata.configuration;
    bool on = false;

    /* a malformed value counts as not set, as everywhere in writing */
    (void)dwi_property_bool(properties, "delta.enableRowTracking", &on, NULL);
    *out_kept = on && dwi_features_has_writer(&state->protocol, "rowTracking");
    for (size_t i = 0; *out_kept && i < DWI_ROW_ID_COLUMNS; i++) {
        dwi_sv name = dwi_property(properties, column_keys[i]);
        if (name.ptr == NULL || name.len == 0)
            return dwi_err(err, DW_E_CORRUPT,
                           "property %s: the table tracks its rows and does not set it",
                           column_keys[i]);
        out->fields[i] = (dwi_field){name, &id_type, true, -1, DWI_SV("{}")};
    }
    return DW_OK;
}

bool dwi_row_id_columns_has(const dwi_state *state, dwi_sv name)
{
    for (size_t i = 0; i < DWI_ROW_ID_COLUMNS; i++) {
        dwi_sv column = dwi_property(state->metadata.configuration, column_keys[i]);
        if (column.ptr != NULL && column.len > 0 && dwi_sv_eq(column, name))
            return true;
    }
    return false;
}

static dw_status read_mark(const dwi_state *on, int64_t *out, dw_error *err)
{
    const dwi_domain_metadata *domain = dwi_state_domain(on, DWI_ROW_TRACKING_DOMAIN);
    const dwi_json *root = NULL;
    dwi_arena scratch;
    dw_status status = DW_OK;

    *out = -1;
    if (domain == NULL)
        return DW_OK;
    dwi_arena_init(&scratch, on->arena.alloc);
    DWI_TRY(dwi_json_parse(&scratch, domain->configuration, "domain " DWI_ROW_TRACKING_DOMAIN,
                           &root, err));
    if (!dwi_json_as_i64(dwi_json_get(root, "rowIdHighWaterMark"), out))
        status =
            dwi_err(err, DW_E_CORRUPT, "domain %s: no rowIdHighWaterMark", DWI_ROW_TRACKING_DOMAIN);
done:
    dwi_arena_done(&scratch);
    return status;
}

dw_status dwi_row_ids_begin(const dwi_state *on, const dwi_protocol *protocol, dwi_row_ids *out,
                            dw_error *err)
{
    dwi_sv suspended = dwi_state_property(on, "delta.rowTrackingSuspended");
    dwi_row_ids ids = {.mark = -1, .version = on->version + 1};
    dw_status status = DW_OK;

    ids.assigns = dwi_features_has_writer(protocol, "rowTracking") &&
                  !(suspended.ptr != NULL && dwi_sv_eq_nocase(suspended, DWI_SV("true")));
    if (ids.assigns)
        DWI_TRY(read_mark(on, &ids.mark, err));
    *out = ids;
done:
    return status;
}

dw_status dwi_row_ids_give(dwi_row_ids *ids, dwi_arena *arena, dwi_add *add, dw_error *err)
{
    int64_t rows = -1;
    int64_t mark;
    dw_status status = DW_OK;

    if (!ids->assigns) {
        add->base_row_id = -1;
        add->default_row_commit_version = -1;
    }
    if (!ids->assigns || add->base_row_id >= 0)
        return DW_OK;
    DWI_TRY(dwi_stats_num_records(arena, add->stats, &rows, err));
    if (rows < 0 || !dwi_i64_add(ids->mark, rows, &mark) || mark == INT64_MAX)
        return dwi_err(err, DW_E_CORRUPT, "%.*s: no row ids for its number of records",
                       DWI_SV_ARG(add->path));
    add->base_row_id = ids->mark + 1;
    add->default_row_commit_version = ids->version;
    ids->moved = ids->moved || rows > 0;
    ids->mark = mark;
done:
    return status;
}

dw_status dwi_row_ids_domain(const dwi_row_ids *ids, dwi_arena *arena, dwi_domain_metadata *out,
                             dw_error *err)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "{\"rowIdHighWaterMark\":%" PRId64 "}", ids->mark);
    out->domain = dwi_sv_cstr(DWI_ROW_TRACKING_DOMAIN);
    out->removed = false;
    if (!dwi_arena_sv(arena, dwi_sv_cstr(text), &out->configuration))
        return dwi_err_nomem(err);
    return DW_OK;
}
