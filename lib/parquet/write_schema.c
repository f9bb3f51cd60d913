/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/write_schema.h"

enum { MAX_DEPTH = 48, MAX_LEVEL = 255, INT32_DIGITS = 9, INT64_DIGITS = 18 };

/* Field ids of parquet.thrift's SchemaElement and the LogicalType union. */
enum {
    ELEMENT_TYPE = 1,
    ELEMENT_TYPE_LENGTH = 2,
    ELEMENT_REPETITION = 3,
    ELEMENT_NAME = 4,
    ELEMENT_NUM_CHILDREN = 5,
    ELEMENT_CONVERTED = 6,
    ELEMENT_SCALE = 7,
    ELEMENT_PRECISION = 8,
    ELEMENT_FIELD_ID = 9,
    ELEMENT_LOGICAL = 10
};
enum {
    LOGICAL_NONE = 0,
    LOGICAL_STRING = 1,
    LOGICAL_MAP = 2,
    LOGICAL_LIST = 3,
    LOGICAL_DECIMAL = 5,
    LOGICAL_DATE = 6,
    LOGICAL_TIMESTAMP = 8,
    LOGICAL_INTEGER = 10
};
enum { TIME_UNIT_MICROS = 2 };

/* While the tree is walked: the way to the current node. */
typedef struct walk {
    dwi_arena *arena;
    dwi_pqw_schema *out;
    size_t depth;
    dwi_pqw_step steps[MAX_DEPTH];
    size_t n_path;
    dwi_sv path[MAX_DEPTH];
    size_t max_def;
    size_t max_rep;
    dw_error *err;
} walk;

int32_t dwi_pqw_decimal_bytes(int precision)
{
    static const uint8_t bytes[] = {1,  1,  1,  2,  2,  3,  3,  4,  4,  4,  5,  5,  6,
                                    6,  6,  7,  7,  8,  8,  9,  9,  9,  10, 10, 11, 11,
                                    11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16};

    return bytes[precision];
}

const char *dwi_parquet_physical_name(dwi_parquet_physical physical)
{
    static const char *const names[] = {"BOOLEAN", "INT32",  "INT64",      "INT96",
                                        "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};

    return names[physical];
}

static void physical_of(const dwi_type *type, dwi_pqw_leaf *leaf)
{
    switch (type->kind) {
    case DWI_BOOLEAN:
        leaf->physical = DWI_PARQUET_BOOLEAN;
        break;
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_DATE:
        leaf->physical = DWI_PARQUET_INT32;
        break;
    case DWI_LONG:
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        leaf->physical = DWI_PARQUET_INT64;
        break;
    case DWI_FLOAT:
        leaf->physical = DWI_PARQUET_FLOAT;
        break;
    case DWI_DOUBLE:
        leaf->physical = DWI_PARQUET_DOUBLE;
        break;
    case DWI_DECIMAL:
        leaf->physical = type->precision <= INT32_DIGITS   ? DWI_PARQUET_INT32
                         : type->precision <= INT64_DIGITS ? DWI_PARQUET_INT64
                                                           : DWI_PARQUET_FIXED_LEN_BYTE_ARRAY;
        if (leaf->physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY)
            leaf->type_length = dwi_pqw_decimal_bytes(type->precision);
        break;
    default:
        leaf->physical = DWI_PARQUET_BYTE_ARRAY;
    }
}

static bool is_leaf(const dwi_type *type)
{
    return type->kind >= DWI_BOOLEAN && type->kind <= DWI_TIMESTAMP_NTZ;
}

static dw_status unsupported(walk *w, const dwi_type *type, const char *why)
{
    dwi_buf name = {0};
    dw_status status;

    dwi_buf_init(&name, w->arena->alloc);
    for (size_t i = 0; i < w->n_path; i++) {
        dwi_buf_append_cstr(&name, i == 0 ? "" : ".");
        dwi_buf_append(&name, w->path[i].ptr, w->path[i].len);
    }
    dwi_buf_append_cstr(&name, ": ");
    dwi_type_append_name(&name, type);
    status = dwi_buf_cstr(&name) == NULL
                 ? dwi_err_nomem(w->err)
                 : dwi_err(w->err, DW_E_UNSUPPORTED, "column %s %s", (const char *)name.data, why);
    dwi_buf_done(&name);
    return status;
}

static dw_status add_leaf(walk *w, const dwi_type *type)
{
    dwi_pqw_leaf *leaf = &w->out->leaves[w->out->n_leaves];

    leaf->type = type;
    physical_of(type, leaf);
    leaf->max_def = (uint8_t)w->max_def;
    leaf->max_rep = (uint8_t)w->max_rep;
    leaf->n_steps = w->depth;
    leaf->steps = dwi_arena_dup(w->arena, w->steps, w->depth * sizeof(w->steps[0]));
    leaf->n_path = w->n_path;
    leaf->path = dwi_arena_dup(w->arena, w->path, w->n_path * sizeof(w->path[0]));
    if (leaf->steps == NULL || leaf->path == NULL)
        return dwi_err_nomem(w->err);
    w->out->n_leaves++;
    return DW_OK;
}

static size_t count_leaves(const dwi_type *type, size_t depth)
{
    size_t n = type->n_fields == 0;

    if (depth < MAX_DEPTH)
        for (size_t i = 0; i < type->n_fields; i++)
            n += count_leaves(type->fields[i].type, depth + 1);
    return n;
}

static dw_status walk_field(walk *w, const dwi_field *field, dwi_sv name, size_t child);

/* The fields below `type`, which is no leaf. */
static dw_status walk_children(walk *w, const dwi_type *type)
{
    dw_status status = DW_OK;

    if (type->kind == DWI_ARRAY) {
        w->path[w->n_path++] = DWI_SV("list");
        status = walk_field(w, &type->fields[0], DWI_SV("element"), 0);
        w->n_path--;
        return status;
    }
    if (type->kind == DWI_MAP) {
        w->path[w->n_path++] = DWI_SV("key_value");
        w->steps[w->depth++] = (dwi_pqw_step){0, false, false}; /* the entries */
        status = walk_field(w, &type->fields[0], DWI_SV("key"), 0);
        if (status == DW_OK)
            status = walk_field(w, &type->fields[1], DWI_SV("value"), 1);
        w->depth--;
        w->n_path--;
        return status;
    }
    for (size_t i = 0; i < type->n_fields && status == DW_OK; i++)
        status = walk_field(w, &type->fields[i], type->fields[i].name, i);
    return status;
}

static dw_status walk_field(walk *w, const dwi_field *field, dwi_sv name, size_t child)
{
    const dwi_type *type = field->type;
    bool repeated = type->kind == DWI_ARRAY || type->kind == DWI_MAP;
    size_t levels = (size_t)field->nullable + repeated;
    dw_status status;

    w->path[w->n_path++] = name;
    w->steps[w->depth++] = (dwi_pqw_step){child, field->nullable, repeated};
    w->max_def += levels;
    w->max_rep += repeated;
    if (w->depth + 3 > MAX_DEPTH || w->n_path + 3 > MAX_DEPTH || w->max_def > MAX_LEVEL)
        status = unsupported(w, type, "is nested too deeply for Parquet here");
    else if (is_leaf(type))
        status = add_leaf(w, type);
    else if (type->n_fields == 0)
        status = unsupported(w, type, "has no Parquet form here");
    else
        status = walk_children(w, type);
    w->max_rep -= repeated;
    w->max_def -= levels;
    w->depth--;
    w->n_path--;
    return status;
}

dw_status dwi_pqw_schema_build(dwi_arena *arena, const dwi_type *root, dwi_pqw_schema *out,
                               dw_error *err)
{
    walk w = {.arena = arena, .out = out, .err = err};
    dw_status status = DW_OK;

    out->root = root;
    out->n_leaves = 0;
    out->leaves = dwi_arena_array(arena, count_leaves(root, 0), sizeof(*out->leaves));
    if (out->leaves == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < root->n_fields && status == DW_OK; i++)
        if (root->fields[i].type->kind != DWI_VOID)
            status = walk_field(&w, &root->fields[i], root->fields[i].name, i);
    return status;
}

/* ---- SchemaElement ---- */

static size_t count_elements(const dwi_type *type)
{
    size_t n = type->kind == DWI_ARRAY || type->kind == DWI_MAP ? 2 : 1;

    for (size_t i = 0; i < type->n_fields; i++)
        if (type->fields[i].type->kind != DWI_VOID)
            n += count_elements(type->fields[i].type);
    return n;
}

static dwi_parquet_converted converted_of(const dwi_type *type)
{
    switch (type->kind) {
    case DWI_BYTE:
        return DWI_PARQUET_CONVERTED_INT_8;
    case DWI_SHORT:
        return DWI_PARQUET_CONVERTED_INT_16;
    case DWI_STRING:
        return DWI_PARQUET_CONVERTED_UTF8;
    case DWI_DECIMAL:
        return DWI_PARQUET_CONVERTED_DECIMAL;
    case DWI_DATE:
        return DWI_PARQUET_CONVERTED_DATE;
    case DWI_TIMESTAMP:
        return DWI_PARQUET_CONVERTED_TIMESTAMP_MICROS;
    case DWI_ARRAY:
        return DWI_PARQUET_CONVERTED_LIST;
    case DWI_MAP:
        return DWI_PARQUET_CONVERTED_MAP;
    default:
        return DWI_PARQUET_CONVERTED_NONE; /* timestamp_ntz too: the old one means UTC */
    }
}

static int16_t logical_of(const dwi_type *type)
{
    switch (type->kind) {
    case DWI_BYTE:
    case DWI_SHORT:
        return LOGICAL_INTEGER;
    case DWI_STRING:
        return LOGICAL_STRING;
    case DWI_DECIMAL:
        return LOGICAL_DECIMAL;
    case DWI_DATE:
        return LOGICAL_DATE;
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return LOGICAL_TIMESTAMP;
    case DWI_ARRAY:
        return LOGICAL_LIST;
    case DWI_MAP:
        return LOGICAL_MAP;
    default:
        return LOGICAL_NONE;
    }
}

static void write_logical(dwi_tc *w, const dwi_type *type)
{
    int16_t logical = logical_of(type);

    if (logical == LOGICAL_NONE)
        return;
    dwi_tc_struct_begin(w, ELEMENT_LOGICAL);
    dwi_tc_struct_begin(w, logical);
    if (logical == LOGICAL_DECIMAL) {
        dwi_tc_i32(w, 1, type->scale);
        dwi_tc_i32(w, 2, type->precision);
    } else if (logical == LOGICAL_INTEGER) {
        dwi_tc_byte(w, 1, type->kind == DWI_BYTE ? 8 : 16);
        dwi_tc_bool(w, 2, true);
    } else if (logical == LOGICAL_TIMESTAMP) {
        dwi_tc_bool(w, 1, type->kind == DWI_TIMESTAMP);
        dwi_tc_struct_begin(w, 2);
        dwi_tc_struct_begin(w, TIME_UNIT_MICROS);
        dwi_tc_struct_end(w);
        dwi_tc_struct_end(w);
    }
    dwi_tc_struct_end(w);
    dwi_tc_struct_end(w);
}

/* The repeated group between an array or map and its fields. */
static void write_repeated_group(dwi_tc *w, dwi_sv name, int32_t children)
{
    dwi_tc_element_struct_begin(w);
    dwi_tc_i32(w, ELEMENT_REPETITION, DWI_PARQUET_REPEATED);
    dwi_tc_string(w, ELEMENT_NAME, name);
    dwi_tc_i32(w, ELEMENT_NUM_CHILDREN, children);
    dwi_tc_element_struct_end(w);
}

static void write_type_fields(dwi_tc *w, const dwi_type *type)
{
    dwi_pqw_leaf leaf = {0};

    physical_of(type, &leaf);
    dwi_tc_i32(w, ELEMENT_TYPE, (int32_t)leaf.physical);
    if (leaf.type_length > 0)
        dwi_tc_i32(w, ELEMENT_TYPE_LENGTH, leaf.type_length);
}

static int32_t element_children(const dwi_type *type)
{
    return type->kind == DWI_STRUCT ? (int32_t)type->n_fields : 1;
}

static void write_element(dwi_tc *w, const dwi_field *field, dwi_sv name)
{
    const dwi_type *type = field->type;
    dwi_parquet_converted converted = converted_of(type);

    dwi_tc_element_struct_begin(w);
    if (is_leaf(type))
        write_type_fields(w, type);
    dwi_tc_i32(w, ELEMENT_REPETITION,
               field->nullable ? DWI_PARQUET_OPTIONAL : DWI_PARQUET_REQUIRED);
    dwi_tc_string(w, ELEMENT_NAME, name);
    if (!is_leaf(type))
        dwi_tc_i32(w, ELEMENT_NUM_CHILDREN, element_children(type));
    if (converted != DWI_PARQUET_CONVERTED_NONE)
        dwi_tc_i32(w, ELEMENT_CONVERTED, (int32_t)converted);
    if (type->kind == DWI_DECIMAL) {
        dwi_tc_i32(w, ELEMENT_SCALE, type->scale);
        dwi_tc_i32(w, ELEMENT_PRECISION, type->precision);
    }
    if (field->field_id >= 0)
        dwi_tc_i32(w, ELEMENT_FIELD_ID, field->field_id);
    write_logical(w, type);
    dwi_tc_element_struct_end(w);
    if (type->kind == DWI_ARRAY) {
        write_repeated_group(w, DWI_SV("list"), 1);
        write_element(w, &type->fields[0], DWI_SV("element"));
    } else if (type->kind == DWI_MAP) {
        write_repeated_group(w, DWI_SV("key_value"), 2);
        write_element(w, &type->fields[0], DWI_SV("key"));
        write_element(w, &type->fields[1], DWI_SV("value"));
    } else {
        for (size_t i = 0; i < type->n_fields; i++)
            write_element(w, &type->fields[i], type->fields[i].name);
    }
}

void dwi_pqw_schema_write(const dwi_pqw_schema *schema, dwi_tc *w, int16_t id)
{
    const dwi_type *root = schema->root;
    int32_t columns = 0;

    for (size_t i = 0; i < root->n_fields; i++)
        columns += root->fields[i].type->kind != DWI_VOID;
    dwi_tc_list_begin(w, id, DWI_THRIFT_STRUCT, count_elements(root));
    dwi_tc_element_struct_begin(w);
    dwi_tc_string(w, ELEMENT_NAME, DWI_SV("schema"));
    dwi_tc_i32(w, ELEMENT_NUM_CHILDREN, columns);
    dwi_tc_element_struct_end(w);
    for (size_t i = 0; i < root->n_fields; i++)
        if (root->fields[i].type->kind != DWI_VOID)
            write_element(w, &root->fields[i], root->fields[i].name);
}
