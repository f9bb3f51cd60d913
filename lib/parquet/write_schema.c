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
/* While the tree is walked: the way to the current node. */
typedef struct walk {
    dwi_arena *arena;
    dwi_pqw_schema *out;
    bool keep_void;
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

static dwi_parquet_physical decimal_physical(const dwi_type *type)
{
    return type->precision <= INT32_DIGITS   ? DWI_PARQUET_INT32
           : type->precision <= INT64_DIGITS ? DWI_PARQUET_INT64
                                             : DWI_PARQUET_FIXED_LEN_BYTE_ARRAY;
}

static dwi_parquet_physical physical_of(const dwi_type *type)
{
    switch (type->kind) {
    case DWI_BOOLEAN:
        return DWI_PARQUET_BOOLEAN;
    case DWI_VOID: /* no value is ever written */
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
    case DWI_DATE:
    case DWI_TIME_MS:
        return DWI_PARQUET_INT32;
    case DWI_FLOAT:
        return DWI_PARQUET_FLOAT;
    case DWI_DOUBLE:
        return DWI_PARQUET_DOUBLE;
    case DWI_DECIMAL:
        return decimal_physical(type);
    case DWI_STRING:
    case DWI_JSON:
    case DWI_BINARY:
        return DWI_PARQUET_BYTE_ARRAY;
    case DWI_FLOAT16:
    case DWI_UUID:
    case DWI_FIXED:
        return DWI_PARQUET_FIXED_LEN_BYTE_ARRAY;
    default:
        return DWI_PARQUET_INT64;
    }
}

static int32_t type_length_of(const dwi_type *type)
{
    if (physical_of(type) != DWI_PARQUET_FIXED_LEN_BYTE_ARRAY)
        return 0;
    return type->kind == DWI_DECIMAL ? dwi_pqw_decimal_bytes(type->precision)
                                     : (int32_t)dwi_type_width(type);
}

static bool is_group(const dwi_type *type)
{
    return type->kind >= DWI_STRUCT && type->kind <= DWI_MAP;
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
    leaf->physical = physical_of(type);
    leaf->type_length = type_length_of(type);
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

/* Void fields of structs are, where they are kept. */
static bool is_written(const dwi_pqw_schema *schema, const dwi_field *field)
{
    return schema->keep_void || field->type->kind != DWI_VOID;
}

static size_t count_written(const dwi_pqw_schema *schema, const dwi_type *type)
{
    size_t n = 0;

    for (size_t i = 0; i < type->n_fields; i++)
        n += is_written(schema, &type->fields[i]);
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
        if (is_written(w->out, &type->fields[i]))
            status = walk_field(w, &type->fields[i], type->fields[i].name, i);
    return status;
}

/* A void is null, whatever the field says. */
static bool is_optional(const dwi_field *field)
{
    return field->nullable || field->type->kind == DWI_VOID;
}

static bool has_no_form(const walk *w, const dwi_type *type)
{
    if (type->kind == DWI_VOID)
        return !w->keep_void;
    if (type->kind == DWI_FIXED)
        return type->fixed_bytes == 0 || type->fixed_bytes > INT32_MAX;
    if (type->kind == DWI_STRUCT)
        return count_written(w->out, type) == 0;
    return is_group(type) && type->n_fields == 0;
}

static dw_status walk_field(walk *w, const dwi_field *field, dwi_sv name, size_t child)
{
    const dwi_type *type = field->type;
    bool repeated = type->kind == DWI_ARRAY || type->kind == DWI_MAP;
    size_t levels = (size_t)is_optional(field) + repeated;
    dw_status status;

    w->path[w->n_path++] = name;
    w->steps[w->depth++] = (dwi_pqw_step){child, is_optional(field), repeated};
    w->max_def += levels;
    w->max_rep += repeated;
    if (w->depth + 3 > MAX_DEPTH || w->n_path + 3 > MAX_DEPTH || w->max_def > MAX_LEVEL)
        status = unsupported(w, type, "is nested too deeply for Parquet here");
    else if (has_no_form(w, type))
        status = unsupported(w, type, "has no Parquet form here");
    else if (!is_group(type))
        status = add_leaf(w, type);
    else
        status = walk_children(w, type);
    w->max_rep -= repeated;
    w->max_def -= levels;
    w->depth--;
    w->n_path--;
    return status;
}

dw_status dwi_pqw_schema_build(dwi_arena *arena, const dwi_type *root, bool keep_void,
                               dwi_pqw_schema *out, dw_error *err)
{
    walk w = {.arena = arena, .out = out, .keep_void = keep_void, .err = err};
    dw_status status = DW_OK;

    out->root = root;
    out->keep_void = keep_void;
    out->n_leaves = 0;
    out->leaves = dwi_arena_array(arena, count_leaves(root, 0), sizeof(*out->leaves));
    if (out->leaves == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < root->n_fields && status == DW_OK; i++)
        if (is_written(out, &root->fields[i]))
            status = walk_field(&w, &root->fields[i], root->fields[i].name, i);
    return status;
}

/* ---- SchemaElement ---- */

static size_t count_elements(const dwi_pqw_schema *schema, const dwi_type *type)
{
    size_t n = type->kind == DWI_ARRAY || type->kind == DWI_MAP ? 2 : 1;

    for (size_t i = 0; i < type->n_fields; i++)
        if (is_written(schema, &type->fields[i]))
            n += count_elements(schema, type->fields[i].type);
    return n;
}

/* A type the old way and the new. */
typedef struct annotation {
    dwi_type_kind kind;
    int converted;   /* dwi_parquet_converted */
    uint8_t logical; /* dwi_parquet_logical */
    uint8_t bits;    /* INTEGER */
    bool flag;       /* INTEGER: signed; TIME and TIMESTAMP: adjusted to UTC */
    uint8_t unit;    /* dwi_parquet_unit */
} annotation;

/* Timestamps without time zone have no old form: it means UTC. The old forms of time do not. */
static const annotation annotations[] = {
    {DWI_VOID, DWI_PARQUET_CONVERTED_NONE, DWI_PARQUET_LOGICAL_UNKNOWN, 0, false, 0},
    {DWI_BYTE, DWI_PARQUET_CONVERTED_INT_8, DWI_PARQUET_LOGICAL_INTEGER, 8, true, 0},
    {DWI_SHORT, DWI_PARQUET_CONVERTED_INT_16, DWI_PARQUET_LOGICAL_INTEGER, 16, true, 0},
    {DWI_UBYTE, DWI_PARQUET_CONVERTED_UINT_8, DWI_PARQUET_LOGICAL_INTEGER, 8, false, 0},
    {DWI_USHORT, DWI_PARQUET_CONVERTED_UINT_16, DWI_PARQUET_LOGICAL_INTEGER, 16, false, 0},
    {DWI_UINTEGER, DWI_PARQUET_CONVERTED_UINT_32, DWI_PARQUET_LOGICAL_INTEGER, 32, false, 0},
    {DWI_ULONG, DWI_PARQUET_CONVERTED_UINT_64, DWI_PARQUET_LOGICAL_INTEGER, 64, false, 0},
    {DWI_FLOAT16, DWI_PARQUET_CONVERTED_NONE, DWI_PARQUET_LOGICAL_FLOAT16, 0, false, 0},
    {DWI_DECIMAL, DWI_PARQUET_CONVERTED_DECIMAL, DWI_PARQUET_LOGICAL_DECIMAL, 0, false, 0},
    {DWI_STRING, DWI_PARQUET_CONVERTED_UTF8, DWI_PARQUET_LOGICAL_STRING, 0, false, 0},
    {DWI_JSON, DWI_PARQUET_CONVERTED_JSON, DWI_PARQUET_LOGICAL_JSON, 0, false, 0},
    {DWI_UUID, DWI_PARQUET_CONVERTED_NONE, DWI_PARQUET_LOGICAL_UUID, 0, false, 0},
    {DWI_DATE, DWI_PARQUET_CONVERTED_DATE, DWI_PARQUET_LOGICAL_DATE, 0, false, 0},
    {DWI_TIME_MS, DWI_PARQUET_CONVERTED_TIME_MILLIS, DWI_PARQUET_LOGICAL_TIME, 0, false,
     DWI_PARQUET_UNIT_MILLIS},
    {DWI_TIME_US, DWI_PARQUET_CONVERTED_TIME_MICROS, DWI_PARQUET_LOGICAL_TIME, 0, false,
     DWI_PARQUET_UNIT_MICROS},
    {DWI_TIME_NS, DWI_PARQUET_CONVERTED_NONE, DWI_PARQUET_LOGICAL_TIME, 0, false,
     DWI_PARQUET_UNIT_NANOS},
    {DWI_TIMESTAMP, DWI_PARQUET_CONVERTED_TIMESTAMP_MICROS, DWI_PARQUET_LOGICAL_TIMESTAMP, 0, true,
     DWI_PARQUET_UNIT_MICROS},
    {DWI_TIMESTAMP_NTZ, DWI_PARQUET_CONVERTED_NONE, DWI_PARQUET_LOGICAL_TIMESTAMP, 0, false,
     DWI_PARQUET_UNIT_MICROS},
    {DWI_TIMESTAMP_MS, DWI_PARQUET_CONVERTED_TIMESTAMP_MILLIS, DWI_PARQUET_LOGICAL_TIMESTAMP, 0,
     true, DWI_PARQUET_UNIT_MILLIS},
    {DWI_TIMESTAMP_NTZ_MS, DWI_PARQUET_CONVERTED_NONE, DWI_PARQUET_LOGICAL_TIMESTAMP, 0, false,
     DWI_PARQUET_UNIT_MILLIS},
    {DWI_TIMESTAMP_NS, DWI_PARQUET_CONVERTED_NONE, DWI_PARQUET_LOGICAL_TIMESTAMP, 0, true,
     DWI_PARQUET_UNIT_NANOS},
    {DWI_TIMESTAMP_NTZ_NS, DWI_PARQUET_CONVERTED_NONE, DWI_PARQUET_LOGICAL_TIMESTAMP, 0, false,
     DWI_PARQUET_UNIT_NANOS},
    {DWI_ARRAY, DWI_PARQUET_CONVERTED_LIST, DWI_PARQUET_LOGICAL_LIST, 0, false, 0},
    {DWI_MAP, DWI_PARQUET_CONVERTED_MAP, DWI_PARQUET_LOGICAL_MAP, 0, false, 0},
};

/* NULL: the physical type says it all. */
static const annotation *find_annotation(const dwi_type *type)
{
    for (size_t i = 0; i < sizeof(annotations) / sizeof(annotations[0]); i++)
        if (annotations[i].kind == type->kind)
            return &annotations[i];
    return NULL;
}

static void write_logical(dwi_tc *w, const dwi_type *type, const annotation *a)
{
    dwi_tc_struct_begin(w, ELEMENT_LOGICAL);
    dwi_tc_struct_begin(w, a->logical);
    if (a->logical == DWI_PARQUET_LOGICAL_DECIMAL) {
        dwi_tc_i32(w, 1, type->scale);
        dwi_tc_i32(w, 2, type->precision);
    } else if (a->logical == DWI_PARQUET_LOGICAL_INTEGER) {
        dwi_tc_byte(w, 1, (int8_t)a->bits);
        dwi_tc_bool(w, 2, a->flag);
    } else if (a->unit != DWI_PARQUET_UNIT_NONE) {
        dwi_tc_bool(w, 1, a->flag);
        dwi_tc_struct_begin(w, 2);
        dwi_tc_struct_begin(w, a->unit);
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

static int32_t element_children(const dwi_pqw_schema *schema, const dwi_type *type)
{
    return type->kind == DWI_ARRAY || type->kind == DWI_MAP ? 1
                                                            : (int32_t)count_written(schema, type);
}

static void write_element(const dwi_pqw_schema *schema, dwi_tc *w, const dwi_field *field,
                          dwi_sv name)
{
    const dwi_type *type = field->type;
    const annotation *a = find_annotation(type);

    dwi_tc_element_struct_begin(w);
    if (!is_group(type))
        dwi_tc_i32(w, ELEMENT_TYPE, (int32_t)physical_of(type));
    if (type_length_of(type) > 0)
        dwi_tc_i32(w, ELEMENT_TYPE_LENGTH, type_length_of(type));
    dwi_tc_i32(w, ELEMENT_REPETITION,
               is_optional(field) ? DWI_PARQUET_OPTIONAL : DWI_PARQUET_REQUIRED);
    dwi_tc_string(w, ELEMENT_NAME, name);
    if (is_group(type))
        dwi_tc_i32(w, ELEMENT_NUM_CHILDREN, element_children(schema, type));
    if (a != NULL && a->converted != DWI_PARQUET_CONVERTED_NONE)
        dwi_tc_i32(w, ELEMENT_CONVERTED, a->converted);
    if (type->kind == DWI_DECIMAL) {
        dwi_tc_i32(w, ELEMENT_SCALE, type->scale);
        dwi_tc_i32(w, ELEMENT_PRECISION, type->precision);
    }
    if (field->field_id >= 0)
        dwi_tc_i32(w, ELEMENT_FIELD_ID, field->field_id);
    if (a != NULL)
        write_logical(w, type, a);
    dwi_tc_element_struct_end(w);
    if (type->kind == DWI_ARRAY) {
        write_repeated_group(w, DWI_SV("list"), 1);
        write_element(schema, w, &type->fields[0], DWI_SV("element"));
    } else if (type->kind == DWI_MAP) {
        write_repeated_group(w, DWI_SV("key_value"), 2);
        write_element(schema, w, &type->fields[0], DWI_SV("key"));
        write_element(schema, w, &type->fields[1], DWI_SV("value"));
    } else {
        for (size_t i = 0; i < type->n_fields; i++)
            if (is_written(schema, &type->fields[i]))
                write_element(schema, w, &type->fields[i], type->fields[i].name);
    }
}

void dwi_pqw_schema_write(const dwi_pqw_schema *schema, dwi_tc *w, int16_t id)
{
    const dwi_type *root = schema->root;

    dwi_tc_list_begin(w, id, DWI_THRIFT_STRUCT, count_elements(schema, root));
    dwi_tc_element_struct_begin(w);
    dwi_tc_string(w, ELEMENT_NAME, DWI_SV("schema"));
    dwi_tc_i32(w, ELEMENT_NUM_CHILDREN, (int32_t)count_written(schema, root));
    dwi_tc_element_struct_end(w);
    for (size_t i = 0; i < root->n_fields; i++)
        if (is_written(schema, &root->fields[i]))
            write_element(schema, w, &root->fields[i], root->fields[i].name);
}
