/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/stats_parsed.h"

#include <math.h>

#include "base/calendar.h"
#include "delta/stats_value.h"
#include "json/json_writer.h"

/* Days and microseconds of the years 0000 to 9999, which text of four year digits can hold. */
static const int64_t first_day = -719528;
static const int64_t end_day = 2932897;

static bool put_time(dwi_buf *out, int64_t us, bool zone)
{
    if (us < first_day * DWI_US_PER_DAY || us >= end_day * DWI_US_PER_DAY)
        return false;
    dwi_buf_append_byte(out, '"');
    dwi_append_timestamp(out, us, 'T', 3);
    dwi_buf_append_cstr(out, zone ? "Z\"" : "\"");
    return true;
}

static bool put_date(dwi_buf *out, int64_t days)
{
    if (days < first_day || days >= end_day)
        return false;
    dwi_buf_append_byte(out, '"');
    dwi_append_date(out, days);
    dwi_buf_append_byte(out, '"');
    return true;
}

static bool put_text(dwi_buf *out, const dwi_vec *vec, int64_t at)
{
    const int32_t *range = vec->offsets + at;

    dwi_json_append_string(
        out, (dwi_sv){(const char *)vec->data + range[0], (size_t)(range[1] - range[0])});
    return true;
}

static bool put_number(dwi_buf *out, const dwi_vec *vec, int64_t at)
{
    switch (vec->type->kind) {
    case DWI_BYTE:
        dwi_buf_printf(out, "%d", ((const int8_t *)vec->values)[at]);
        return true;
    case DWI_SHORT:
        dwi_buf_printf(out, "%d", ((const int16_t *)vec->values)[at]);
        return true;
    case DWI_INTEGER:
        dwi_buf_printf(out, "%d", ((const int32_t *)vec->values)[at]);
        return true;
    case DWI_LONG:
        dwi_buf_printf(out, "%lld", (long long)((const int64_t *)vec->values)[at]);
        return true;
    case DWI_FLOAT:
        if (!isfinite(((const float *)vec->values)[at]))
            return false;
        dwi_append_float(out, ((const float *)vec->values)[at]);
        return true;
    case DWI_DOUBLE:
        if (!isfinite(((const double *)vec->values)[at]))
            return false;
        dwi_append_double(out, ((const double *)vec->values)[at]);
        return true;
    case DWI_DECIMAL:
        dwi_append_decimal(out, (const uint8_t *)vec->values + at * 16, vec->type->scale);
        return true;
    default:
        return false;
    }
}

/* False, and nothing appended, for a value without a JSON form. */
static bool put_value(dwi_buf *out, const dwi_vec *vec, int64_t row)
{
    int64_t at = vec->offset + row;

    switch (vec->type->kind) {
    case DWI_STRUCT:
        dwi_stats_parsed_append_json(out, vec, row);
        return true;
    case DWI_STRING:
        return put_text(out, vec, at);
    case DWI_BOOLEAN:
        dwi_buf_append_cstr(out, dwi_bit_get(vec->values, at) ? "true" : "false");
        return true;
    case DWI_DATE:
        return put_date(out, ((const int32_t *)vec->values)[at]);
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return put_time(out, ((const int64_t *)vec->values)[at], vec->type->kind == DWI_TIMESTAMP);
    default:
        return put_number(out, vec, at);
    }
}

void dwi_stats_parsed_append_json(dwi_buf *out, const dwi_vec *vec, int64_t row)
{
    bool comma = false;

    dwi_buf_append_byte(out, '{');
    for (size_t i = 0; i < vec->n_children; i++) {
        const dwi_vec *child = &vec->children[i];
        size_t start = out->len;
        if (!dwi_vec_is_valid(child, vec->offset + row))
            continue;
        if (comma)
            dwi_buf_append_byte(out, ',');
        dwi_json_append_string(out, vec->type->fields[i].name);
        dwi_buf_append_byte(out, ':');
        if (put_value(out, child, vec->offset + row))
            comma = true;
        else if (out->len > start)
            out->len = start;
    }
    dwi_buf_append_byte(out, '}');
}
