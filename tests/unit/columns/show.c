/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"

#include "base/alloc.h"
#include "base/arena.h"

static int64_t integer_at(const dwi_vec *vec, int64_t row)
{
    size_t width = dwi_type_width(vec->type);
    const uint8_t *p = (const uint8_t *)vec->values + (size_t)(vec->offset + row) * width;
    uint64_t bits = 0;

    memcpy(&bits, p, width);
    if (width < 8 && (bits >> (8 * width - 1)) != 0 &&
        (vec->type->kind < DWI_UBYTE || vec->type->kind > DWI_FLOAT16))
        bits |= ~((UINT64_C(1) << (8 * width)) - 1);
    return (int64_t)bits;
}

static void show_decimal(dwi_buf *out, const dwi_vec *vec, int64_t row)
{
    uint64_t words[2];

    memcpy(words, (const uint8_t *)vec->values + (size_t)(vec->offset + row) * 16, 16);
    if (words[1] == 0 || words[1] == UINT64_MAX)
        dwi_buf_printf(out, "%lld", (long long)words[0]);
    else
        dwi_buf_printf(out, "0x%016llx%016llx", (unsigned long long)words[1],
                       (unsigned long long)words[0]);
}

static void show_bytes(dwi_buf *out, const dwi_vec *vec, int64_t row)
{
    const int32_t *span = vec->offsets + vec->offset + row;

    if (vec->type->kind != DWI_BINARY) {
        dwi_buf_append_byte(out, '"');
        dwi_buf_append(out, vec->data + span[0], (size_t)(span[1] - span[0]));
        dwi_buf_append_byte(out, '"');
        return;
    }
    dwi_buf_append_byte(out, 'x');
    for (int32_t i = span[0]; i < span[1]; i++)
        dwi_buf_printf(out, "%02x", vec->data[i]);
}

static void show_fixed(dwi_buf *out, const dwi_vec *vec, int64_t row)
{
    size_t width = dwi_type_width(vec->type);
    const uint8_t *p = (const uint8_t *)vec->values + (size_t)(vec->offset + row) * width;

    dwi_buf_append_byte(out, 'x');
    for (size_t i = 0; i < width; i++)
        dwi_buf_printf(out, "%02x", p[i]);
}

static void show_nested(dwi_buf *out, const dwi_vec *vec, int64_t row)
{
    dwi_type_kind kind = vec->type->kind;
    const dwi_vec *below = vec->children;

    dwi_buf_append_byte(out, kind == DWI_ARRAY ? '[' : '{');
    if (kind == DWI_STRUCT) {
        for (size_t i = 0; i < vec->n_children; i++) {
            const dwi_sv name = vec->type->fields[i].name;
            dwi_buf_printf(out, "%s%.*s:", i > 0 ? "," : "", (int)name.len, name.ptr);
            dwt_show(out, &vec->children[i], vec->offset + row);
        }
    } else {
        const int32_t *span = vec->offsets + vec->offset + row;
        for (int32_t i = span[0]; i < span[1]; i++) {
            if (i > span[0])
                dwi_buf_append_byte(out, ',');
            if (kind == DWI_ARRAY) {
                dwt_show(out, below, i);
            } else {
                dwt_show(out, &below->children[0], below->offset + i);
                dwi_buf_append_byte(out, '=');
                dwt_show(out, &below->children[1], below->offset + i);
            }
        }
    }
    dwi_buf_append_byte(out, kind == DWI_ARRAY ? ']' : '}');
}

static void show_float(dwi_buf *out, const dwi_vec *vec, int64_t row)
{
    double value;
    float narrow;

    if (vec->type->kind == DWI_DOUBLE) {
        memcpy(&value, (const uint8_t *)vec->values + (size_t)(vec->offset + row) * 8, 8);
        dwi_buf_printf(out, "%.17g", value);
    } else {
        memcpy(&narrow, (const uint8_t *)vec->values + (size_t)(vec->offset + row) * 4, 4);
        dwi_buf_printf(out, "%.9g", (double)narrow);
    }
}

void dwt_show(dwi_buf *out, const dwi_vec *vec, int64_t row)
{
    if (!dwi_vec_is_valid(vec, row)) {
        dwi_buf_append_cstr(out, "null");
        return;
    }
    switch (vec->type->kind) {
    case DWI_BOOLEAN:
        dwi_buf_append_cstr(out, dwi_bit_get(vec->values, vec->offset + row) ? "true" : "false");
        break;
    case DWI_STRING:
    case DWI_BINARY:
    case DWI_JSON:
        show_bytes(out, vec, row);
        break;
    case DWI_FLOAT:
    case DWI_DOUBLE:
        show_float(out, vec, row);
        break;
    case DWI_DECIMAL:
        show_decimal(out, vec, row);
        break;
    case DWI_UUID:
    case DWI_FIXED:
        show_fixed(out, vec, row);
        break;
    case DWI_STRUCT:
    case DWI_ARRAY:
    case DWI_MAP:
        show_nested(out, vec, row);
        break;
    default:
        dwi_buf_printf(out, "%lld", (long long)integer_at(vec, row));
        break;
    }
}

void dwt_show_last(dwi_buf *out, const dwi_column *column)
{
    dwi_arena arena;

    dwi_arena_init(&arena, dwi_alloc_default());
    dwt_show(out, dwi_column_view(column, &arena), column->length - 1);
    dwi_arena_done(&arena);
}
