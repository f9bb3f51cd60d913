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

dw_status dwi_property_bytes(dwi_kvs properties, const char *key, int64_t *out, dw_error *err)
{
    static const char want[] = "a number of bytes such as \"134217728\" or \"128mb\"";
    dwi_sv text = dwi_property(properties, key);
    int64_t factor = 1;
    int64_t number;

    if (text.ptr == NULL)
        return DW_OK;
    if (text.len > 1 && (text.ptr[text.len - 1] == 'b' || text.ptr[text.len - 1] == 'B'))
        text.len--;
    if (text.len > 1) {
        const char units[] = "kmgt";
        const char *unit = strchr(units, text.ptr[text.len - 1] | 0x20);
        for (; unit != NULL && unit >= units; unit--)
            factor *= 1024;
        if (factor > 1)
            text.len--;
    }
    if (!dwi_sv_to_i64(text, &number) || number < 1 || !dwi_i64_mul(number, factor, &number))
        return malformed(properties, key, want, err);
    *out = number;
    return DW_OK;
}

bool dwi_property_path_name(dwi_sv *path, char *out, size_t *out_len)
{
    size_t i = 0;
    size_t n = 0;
    bool quoted = path->len > 0 && path->ptr[0] == '`';

    for (i = quoted ? 1 : 0; i < path->len; i++) {
        if (quoted && path->ptr[i] == '`') {
            if (i + 1 >= path->len || path->ptr[i + 1] != '`')
                break;
            i++;
        } else if (!quoted && path->ptr[i] == '.') {
            break;
        }
        out[n++] = path->ptr[i];
    }
    if (quoted) {
        if (i >= path->len)
            return false;
        i++;
    }
    if (n == 0 || (i < path->len && path->ptr[i] != '.') || i + 1 == path->len)
        return false;
    *out_len = n;
    *path = i < path->len ? (dwi_sv){path->ptr + i + 1, path->len - i - 1} : (dwi_sv){NULL, 0};
    return true;
}

bool dwi_property_next_path(dwi_sv *list, dwi_sv *out)
{
    bool quoted = false;
    size_t end = 0;
    dwi_sv path;

    if (list->ptr == NULL)
        return false;
    for (; end < list->len && (quoted || list->ptr[end] != ','); end++)
        if (list->ptr[end] == '`')
            quoted = !quoted;
    path = (dwi_sv){list->ptr, end};
    *list =
        end < list->len ? (dwi_sv){list->ptr + end + 1, list->len - end - 1} : (dwi_sv){NULL, 0};
    while (path.len > 0 && (path.ptr[0] == ' ' || path.ptr[0] == '\t')) {
        path.ptr++;
        path.len--;
    }
    while (path.len > 0 && (path.ptr[path.len - 1] == ' ' || path.ptr[path.len - 1] == '\t'))
        path.len--;
    *out = path;
    return true;
}

/* Letters, digits, underscores, and everything that is not ASCII. */
static bool is_plain_name(dwi_sv name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if ((unsigned char)c < 0x80 && c != '_' && !(c >= '0' && c <= '9') &&
            !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            return false;
    }
    return true;
}

bool dwi_property_columns_valid(dwi_sv list)
{
    char name[256];
    dwi_sv path;

    while (dwi_property_next_path(&list, &path)) {
        if (path.len == 0 || path.len > sizeof(name))
            return false;
        while (path.ptr != NULL) {
            bool quoted = path.len > 0 && path.ptr[0] == '`';
            size_t len;
            if (!dwi_property_path_name(&path, name, &len) ||
                (!quoted && !is_plain_name((dwi_sv){name, len})))
                return false;
        }
    }
    return true;
}
