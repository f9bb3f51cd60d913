/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/property_change.h"

#include <stdio.h>

#include "delta/features.h"
#include "delta/properties.h"

/* `configuration` with room for `more` properties after its own; NULL when out of memory. */
static dwi_kv *with_room(dwi_arena *arena, dwi_kvs configuration, size_t more)
{
    dwi_kv *items = dwi_arena_array(arena, configuration.count + more, sizeof(*items));

    if (items != NULL && configuration.count > 0)
        memcpy(items, configuration.items, configuration.count * sizeof(*items));
    return items;
}

dw_status dwi_properties_name_row_ids(dwi_arena *arena, const dwi_env *env,
                                      const dwi_protocol *protocol, dwi_kvs configuration,
                                      dwi_kvs *out, dw_error *err)
{
    static const struct {
        const char *key;
        const char *prefix;
    } names[] = {
        {"delta.rowTracking.materializedRowIdColumnName", "_row-id-col-"},
        {"delta.rowTracking.materializedRowCommitVersionColumnName", "_row-commit-version-col-"},
    };
    enum { N_NAMES = sizeof(names) / sizeof(names[0]) };
    dwi_kv *items;

    *out = configuration;
    if (!dwi_features_has_writer(protocol, "rowTracking"))
        return DW_OK;
    items = with_room(arena, configuration, N_NAMES);
    if (items == NULL)
        return dwi_err_nomem(err);
    out->items = items;
    for (size_t i = 0; i < N_NAMES; i++) {
        char value[sizeof("_row-commit-version-col-") + DWI_UUID_TEXT];
        char uuid[DWI_UUID_TEXT + 1];
        dwi_kv *slot = &items[out->count];
        if (dwi_property(configuration, names[i].key).ptr != NULL)
            continue;
        dwi_uuid(env, uuid);
        (void)snprintf(value, sizeof(value), "%s%s", names[i].prefix, uuid);
        slot->key = dwi_sv_cstr(names[i].key);
        if (!dwi_arena_sv(arena, dwi_sv_cstr(value), &slot->value))
            return dwi_err_nomem(err);
        out->count++;
    }
    return DW_OK;
}
