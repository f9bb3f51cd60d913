/* SPDX-License-Identifier: Apache-2.0 */
#include "filter_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COMPARISONS = 16, MAX_VALUES = 64 };

static bool parse_op(const char *text, dwi_compare_op *out)
{
    static const char *const names[] = {"<", "<=", "=", ">=", ">", "in", "is_null", "is_not_null"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (dwi_compare_op)i;
            return true;
        }
    return false;
}

/* "long", "decimal(10,2)", "fixed(5)" */
static bool parse_type(const char *text, dwi_type *out)
{
    size_t len = strcspn(text, "(");
    unsigned a = 0;
    unsigned b = 0;

    if (text[len] == '(')
        (void)sscanf(text + len, "(%u,%u)", &a, &b);
    for (int kind = 0; kind <= DWI_JSON; kind++) {
        const char *name = dwi_type_kind_name((dwi_type_kind)kind);
        if (strlen(name) == len && strncmp(name, text, len) == 0) {
            out->kind = (dwi_type_kind)kind;
            out->precision = (uint8_t)(kind == DWI_DECIMAL ? a : 0);
            out->scale = (uint8_t)b;
            out->fixed_bytes = kind == DWI_FIXED ? a : 0;
            return true;
        }
    }
    return false;
}

static dwi_sv parse_hex(dwi_arena *arena, const char *text)
{
    size_t len = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
    char *bytes = dwi_arena_zero(arena, len + 1);

    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        (void)sscanf(text + 2 * i, "%2x", &byte);
        bytes[i] = (char)byte;
    }
    return (dwi_sv){bytes, len};
}

static bool parse_comparison(dwi_arena *arena, char *text, dwi_comparison *out)
{
    char *rest = text;
    char *path = strtok_r(text, " ", &rest);
    char *op = strtok_r(NULL, " ", &rest);
    char *type = strtok_r(NULL, " ", &rest);
    dwi_sv *values = dwi_arena_array(arena, MAX_VALUES, sizeof(*values));
    dwi_type *copy = dwi_arena_zero(arena, sizeof(*copy));
    char *hex;

    if (path == NULL || op == NULL || !parse_op(op, &out->op))
        return false;
    out->path = dwi_sv_cstr(path);
    if (type == NULL)
        return true;
    if (!parse_type(type, copy))
        return false;
    out->type = copy;
    out->values = values;
    while ((hex = strtok_r(NULL, " ,", &rest)) != NULL && out->n_values < MAX_VALUES)
        values[out->n_values++] = parse_hex(arena, hex);
    return true;
}

dw_status dwt_filter(dwi_arena *arena, dwi_parquet_reader *reader, const char *text, dw_error *err)
{
    dwi_comparison comparisons[MAX_COMPARISONS] = {{.n_values = 0}};
    char *copy = dwi_arena_cstr(arena, text);
    char *rest = copy;
    size_t n = 0;

    for (char *one = strtok_r(copy, ";", &rest); one != NULL && n < MAX_COMPARISONS;
         one = strtok_r(NULL, ";", &rest))
        if (!parse_comparison(arena, one, &comparisons[n++]))
            return dwi_err(err, DW_E_ARG, "filter %s", text);
    return dwi_parquet_reader_filter(reader, comparisons, n, err);
}
