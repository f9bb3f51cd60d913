/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/properties.h"

#include <inttypes.h>

#include "base/checked.h"

dwi_sv dwi_property(dwi_kvs properties, const char *key)
{
    for (size_t i = 0; i < properties.count; i++)
        if (dwi_sv_eq_nocase(properties.items[i].key, dwi_sv_cstr(key)))
            return properties.items[i].value;
    return (dwi_sv){NULL, 0};
}

static dw_status malformed(dwi_kvs properties, const char *key, const char *want, dw_error *err)
{
    return dwi_err(err, DW_E_ARG, "property %s: \"%.*s\" is not %s", key,
                   DWI_SV_ARG(dwi_property(properties, key)), want);
}

dw_status dwi_property_bool(dwi_kvs properties, const char *key, bool *out, dw_error *err)
{
    dwi_sv value = dwi_property(properties, key);

    if (value.ptr == NULL)
        return DW_OK;
    if (dwi_sv_eq_nocase(value, DWI_SV("true")))
        *out = true;
    else if (dwi_sv_eq_nocase(value, DWI_SV("false")))
        *out = false;
    else
        return malformed(properties, key, "true or false", err);
    return DW_OK;
}

dw_status dwi_property_i64(dwi_kvs properties, const char *key, int64_t min, int64_t *out,
                           dw_error *err)
{
    dwi_sv value = dwi_property(properties, key);
    int64_t number;

    if (value.ptr == NULL)
        return DW_OK;
    if (!dwi_sv_to_i64(value, &number))
        return malformed(properties, key, "an integer", err);
    if (number < min)
        return dwi_err(err, DW_E_ARG, "property %s: %" PRId64 " is below %" PRId64, key, number,
                       min);
    *out = number;
    return DW_OK;
}

/* The next run of non-blank characters. */
static bool next_word(dwi_sv *text, dwi_sv *out)
{
    size_t start = 0;
    size_t end;

    while (start < text->len && (text->ptr[start] == ' ' || text->ptr[start] == '\t'))
        start++;
    end = start;
    while (end < text->len && text->ptr[end] != ' ' && text->ptr[end] != '\t')
        end++;
    *out = (dwi_sv){text->ptr + start, end - start};
    text->ptr += end;
    text->len -= end;
    return out->len > 0;
}

static int64_t unit_us(dwi_sv unit)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {
        {"microsecond", 1},
        {"millisecond", 1000},
        {"second", INT64_C(1000000)},
        {"minute", INT64_C(60000000)},
        {"hour", INT64_C(3600000000)},
        {"day", INT64_C(86400000000)},
        {"week", INT64_C(604800000000)},
    };

    if (unit.len > 1 && (unit.ptr[unit.len - 1] == 's' || unit.ptr[unit.len - 1] == 'S'))
        unit.len--;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (dwi_sv_eq_nocase(unit, dwi_sv_cstr(units[i].name)))
            return units[i].us;
    return 0;
}

dw_status dwi_property_interval(dwi_kvs properties, const char *key, int64_t *out_ms, dw_error *err)
{
    static const char want[] = "an interval such as \"interval 7 days\"";
    dwi_sv text = dwi_property(properties, key);
    int64_t total = 0;
    bool any = false;
    dwi_sv word;

    if (text.ptr == NULL)
        return DW_OK;
    while (next_word(&text, &word)) {
        int64_t count;
        int64_t us;
        if (!any && dwi_sv_eq_nocase(word, DWI_SV("interval")))
            continue;
        if (!dwi_sv_to_i64(word, &count) || count < 0 || !next_word(&text, &word))
            return malformed(properties, key, want, err);
        us = unit_us(word);
        if (us == 0 || !dwi_i64_mul(us, count, &us) || !dwi_i64_add(total, us, &total))
            return malformed(properties, key, want, err);
        any = true;
    }
    if (!any)
        return malformed(properties, key, want, err);
    *out_ms = total / 1000;
    return DW_OK;
}

dw_status dwi_properties_check(dwi_kvs properties, dw_error *err)
{
    static const char *const flags[] = {
        "delta.appendOnly",
        "delta.checkpoint.writeStatsAsJson",
        "delta.checkpoint.writeStatsAsStruct",
        "delta.enableExpiredLogCleanup",
        "delta.enableChangeDataFeed",
        "delta.enableDeletionVectors",
        "delta.enableRowTracking",
        "delta.enableTypeWidening",
        "delta.enableInCommitTimestamps",
        "delta.enableIcebergCompatV1",
        "delta.enableIcebergCompatV2",
    };
    static const char *const intervals[] = {
        "delta.logRetentionDuration",
        "delta.deletedFileRetentionDuration",
        "delta.setTransactionRetentionDuration",
    };
    dw_status status = DW_OK;
    int64_t number = 0;
    bool flag = false;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        DWI_TRY(dwi_property_bool(properties, flags[i], &flag, err));
    for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++)
        DWI_TRY(dwi_property_interval(properties, intervals[i], &number, err));
    DWI_TRY(dwi_property_i64(properties, "delta.checkpointInterval", 1, &number, err));
    DWI_TRY(dwi_property_i64(properties, "delta.dataSkippingNumIndexedCols", -1, &number, err));
done:
    return status;
}
