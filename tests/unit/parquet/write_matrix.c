/* SPDX-License-Identifier: Apache-2.0 */
/* Writes Parquet files of every type for other readers to judge, and what is in them as NDJSON.
 *
 *   write_matrix FOLDER [own]
 *
 * `own` adds columns of the types that only Parquet has, and no Delta table.
 * One file for each of: row count, share of nulls, codec and settings. NAME.parquet goes with
 * NAME.json, one object a row: binary in hex, decimals as text, dates, times and timestamps as
 * their number, maps as lists of [key, value], NaN and infinities as text. */
#include "parquet/parquet_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/half.h"

typedef struct settings {
    const char *name;
    dwi_parquet_write_options opts;
    int64_t slice; /* rows an append */
} settings;

typedef struct table {
    uint64_t random;
    int null_percent; /* -1: nothing is nullable */
    dwi_buf json;
} table;

static _Noreturn void die(const char *what, const dw_error *err)
{
    fprintf(stderr, "write_matrix: %s: %s\n", what, err == NULL ? "" : err->message);
    exit(1);
}

static uint64_t next(table *t)
{
    uint64_t z = t->random += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void check(dw_status status)
{
    if (status != DW_OK)
        die("append", NULL);
}

/* ---- one value of each type: into the column and into the JSON ---- */

static int64_t some_int(table *t, int bits)
{
    uint64_t r = next(t);

    switch (r % 8) {
    case 0:
        return -(INT64_C(1) << (bits - 2)) - ((INT64_C(1) << (bits - 2)));
    case 1:
        return (INT64_C(1) << (bits - 2)) - 1 + (INT64_C(1) << (bits - 2));
    case 2:
        return (int64_t)(r >> 8) % 16;
    default:
        return (int64_t)next(t) >> (64 - bits);
    }
}

static void put_int(table *t, dwi_column *c, int64_t v)
{
    dwi_buf_printf(&t->json, "%" PRId64, v);
    check(dwi_column_append_fixed(c, &v, NULL)); /* little-endian: the low bytes */
}

static void put_real(table *t, dwi_column *c)
{
    static const double special[] = {0.0, -0.0, (double)INFINITY, -(double)INFINITY, (double)NAN};
    uint64_t r = next(t);
    double v = r % 16 < 5 ? special[r % 16] : ((double)(r >> 20) - 1e12) / 1024;
    float f = (float)v;

    if (c->type->kind == DWI_FLOAT)
        v = (double)f;
    if (isnan(v))
        dwi_buf_append_cstr(&t->json, "\"NaN\"");
    else if (isinf(v))
        dwi_buf_append_cstr(&t->json, v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        dwi_buf_printf(&t->json, "%.17g", v);
    check(dwi_column_append_fixed(c, c->type->kind == DWI_FLOAT ? (void *)&f : (void *)&v, NULL));
}

static void put_half(table *t, dwi_column *c)
{
    uint16_t half = next(t) % 4 == 0 ? (uint16_t)(next(t) << 10) : (uint16_t)next(t);
    double v = dwi_half_to_double(half);

    if (isnan(v))
        dwi_buf_append_cstr(&t->json, "\"NaN\"");
    else if (isinf(v))
        dwi_buf_append_cstr(&t->json, v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        dwi_buf_printf(&t->json, "%.17g", v);
    check(dwi_column_append_fixed(c, &half, NULL));
}

static void put_unsigned(table *t, dwi_column *c, unsigned bits)
{
    uint64_t v = next(t) % 4 == 0 ? UINT64_MAX : next(t) >> next(t) % 64;

    v &= UINT64_MAX >> (64 - bits);
    dwi_buf_printf(&t->json, "%" PRIu64, v);
    check(dwi_column_append_fixed(c, &v, NULL));
}

static void put_fixed(table *t, dwi_column *c)
{
    uint8_t bytes[64];
    size_t width = dwi_type_width(c->type);

    dwi_buf_append_cstr(&t->json, "\"");
    for (size_t i = 0; i < width; i++) {
        bytes[i] = next(t) % 4 == 0 ? 0xFF : (uint8_t)next(t);
        dwi_buf_printf(&t->json, "%02x", bytes[i]);
    }
    dwi_buf_append_cstr(&t->json, "\"");
    check(dwi_column_append_fixed(c, bytes, NULL));
}

/* A JSON document within JSON. */
static void put_json(table *t, dwi_column *c)
{
    char text[40];
    int len = snprintf(text, sizeof(text), "[%d,null]", (int)(next(t) % 1000));

    dwi_buf_printf(&t->json, "\"%s\"", text);
    check(dwi_column_append_bytes(c, text, (size_t)len, NULL));
}

/* A random number of up to `precision` digits, built digit by digit in both forms. */
static void put_decimal(table *t, dwi_column *c)
{
    int precision = c->type->precision;
    int digits = 1 + (int)(next(t) % (unsigned)precision);
    bool negative = next(t) % 2;
    uint32_t words[4] = {0};
    uint64_t value[2];
    char text[48] = {0};

    for (int i = 0; i < digits; i++) {
        uint64_t carry = next(t) % 4 == 0 ? 9 : next(t) % 10;
        text[i] = (char)('0' + carry);
        for (int k = 0; k < 4; k++) {
            carry += (uint64_t)words[k] * 10;
            words[k] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    value[0] = words[0] | (uint64_t)words[1] << 32;
    value[1] = words[2] | (uint64_t)words[3] << 32;
    if (negative) {
        value[0] = ~value[0] + 1;
        value[1] = ~value[1] + (value[0] == 0);
    }
    dwi_buf_printf(&t->json, "\"%s%se-%d\"", negative ? "-" : "", text, c->type->scale);
    check(dwi_column_append_fixed(c, value, NULL));
}

static size_t some_text(table *t, char *out, size_t cap)
{
    static const char *const words[] = {
        "alpha",           "b", "délta", "東京", "🙂", "ÿ", "", "zz", "\x7F", "order \\\"x\\\"",
        "\xF4\x8F\xBF\xBF"};
    size_t n = next(t) % 16 == 0 ? 40 : next(t) % 6;
    size_t len = 0;

    for (size_t i = 0; i < n && len + 20 < cap; i++)
        len += (size_t)snprintf(out + len, cap - len, "%s",
                                words[next(t) % (sizeof(words) / sizeof(words[0]))]);
    return len;
}

static void put_text(table *t, dwi_column *c, bool low)
{
    char text[512];
    char raw[512];
    size_t len;
    size_t n = 0;

    if (low)
        len = (size_t)snprintf(text, sizeof(text), "value-%d", (int)(next(t) % 37));
    else
        len = some_text(t, text, sizeof(text));
    for (size_t i = 0; i < len; i++) /* `text` is escaped for JSON: backslashes go */
        if (text[i] != '\\')
            raw[n++] = text[i];
    dwi_buf_append_cstr(&t->json, "\"");
    for (size_t i = 0; i < len; i++) {
        if (text[i] == 0x7F)
            dwi_buf_append_cstr(&t->json, "\\u007f");
        else
            dwi_buf_append(&t->json, &text[i], 1);
    }
    dwi_buf_append_cstr(&t->json, "\"");
    check(dwi_column_append_bytes(c, raw, n, NULL));
}

static void put_binary(table *t, dwi_column *c)
{
    uint8_t bytes[100];
    size_t len = next(t) % 8 == 0 ? sizeof(bytes) : next(t) % 12;

    dwi_buf_append_cstr(&t->json, "\"");
    for (size_t i = 0; i < len; i++) {
        bytes[i] = next(t) % 4 == 0 ? 0xFF : (uint8_t)next(t);
        dwi_buf_printf(&t->json, "%02x", bytes[i]);
    }
    dwi_buf_append_cstr(&t->json, "\"");
    check(dwi_column_append_bytes(c, bytes, len, NULL));
}

static void put_field(table *t, dwi_column *c, const dwi_field *field);

static void put_struct(table *t, dwi_column *c)
{
    dwi_buf_append_cstr(&t->json, "{");
    for (size_t i = 0; i < c->n_children; i++) {
        dwi_buf_printf(&t->json, "%s\"%s\":", i == 0 ? "" : ",", c->type->fields[i].name.ptr);
        put_field(t, &c->children[i], &c->type->fields[i]);
    }
    dwi_buf_append_cstr(&t->json, "}");
    check(dwi_column_end_row(c, NULL));
}

static void put_list(table *t, dwi_column *c)
{
    size_t n = next(t) % 4 == 0 ? 0 : next(t) % 9 == 0 ? 30 : next(t) % 4;

    dwi_buf_append_cstr(&t->json, "[");
    for (size_t i = 0; i < n; i++) {
        dwi_buf_append_cstr(&t->json, i == 0 ? "" : ",");
        if (c->type->kind == DWI_ARRAY) {
            put_field(t, &c->children[0], &c->type->fields[0]);
        } else {
            dwi_column *entries = &c->children[0];
            dwi_buf_append_cstr(&t->json, "[");
            put_field(t, &entries->children[0], &c->type->fields[0]);
            dwi_buf_append_cstr(&t->json, ",");
            put_field(t, &entries->children[1], &c->type->fields[1]);
            dwi_buf_append_cstr(&t->json, "]");
            check(dwi_column_end_row(entries, NULL));
        }
    }
    dwi_buf_append_cstr(&t->json, "]");
    check(dwi_column_end_row(c, NULL));
}

static bool is_low(const dwi_field *field)
{
    return field->name.len > 4 && memcmp(field->name.ptr, "low_", 4) == 0;
}

static void put_scalar(table *t, dwi_column *c, const dwi_field *field)
{
    switch (c->type->kind) {
    case DWI_BOOLEAN: {
        bool v = next(t) % 3 == 0;
        dwi_buf_append_cstr(&t->json, v ? "true" : "false");
        check(dwi_column_append_bool(c, v, NULL));
        break;
    }
    case DWI_BYTE:
        put_int(t, c, some_int(t, 8));
        break;
    case DWI_SHORT:
        put_int(t, c, some_int(t, 16));
        break;
    case DWI_INTEGER:
    case DWI_DATE:
        put_int(t, c, is_low(field) ? (int64_t)(next(t) % 5) : some_int(t, 32));
        break;
    case DWI_FLOAT:
    case DWI_DOUBLE:
        put_real(t, c);
        break;
    case DWI_DECIMAL:
        put_decimal(t, c);
        break;
    case DWI_STRING:
        put_text(t, c, is_low(field));
        break;
    case DWI_BINARY:
        put_binary(t, c);
        break;
    case DWI_JSON:
        put_json(t, c);
        break;
    case DWI_UUID:
    case DWI_FIXED:
        put_fixed(t, c);
        break;
    case DWI_FLOAT16:
        put_half(t, c);
        break;
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
    case DWI_ULONG:
        put_unsigned(t, c, (unsigned)dwi_type_width(c->type) * 8);
        break;
    case DWI_TIMESTAMP_MS:
    case DWI_TIMESTAMP_NTZ_MS: /* within the years that all readers can show */
        put_int(t, c, some_int(t, 46));
        break;
    case DWI_TIME_MS:
        put_int(t, c, (int64_t)(next(t) % 86400000));
        break;
    case DWI_TIME_US:
        put_int(t, c, (int64_t)(next(t) % UINT64_C(86400000000)));
        break;
    case DWI_TIME_NS:
        put_int(t, c, (int64_t)(next(t) % UINT64_C(86400000000000)));
        break;
    default:
        put_int(t, c, is_low(field) ? (int64_t)(next(t) % 300) : some_int(t, 64));
    }
}

static void put_field(table *t, dwi_column *c, const dwi_field *field)
{
    if (c->type->kind == DWI_VOID || (field->nullable && (int)(next(t) % 100) < t->null_percent)) {
        dwi_buf_append_cstr(&t->json, "null");
        check(dwi_column_append_null(c, NULL));
    } else if (c->type->kind == DWI_STRUCT) {
        put_struct(t, c);
    } else if (c->type->kind == DWI_ARRAY || c->type->kind == DWI_MAP) {
        put_list(t, c);
    } else {
        put_scalar(t, c, field);
    }
}

/* ---- the type ---- */

static const char schema_json[] =
    "{'type':'struct','fields':[F('flag','boolean'),F('tiny','byte'),F('small','short'),"
    "F('whole','integer'),F('big','long'),F('single','float'),F('real','double'),"
    "F('money','decimal(9,2)'),F('total','decimal(18,4)'),F('wide','decimal(19,0)'),"
    "F('huge','decimal(38,10)'),F('text','string'),F('bytes','binary'),F('day','date'),"
    "F('at','timestamp'),F('local','timestamp_ntz'),F('low_text','string'),F('low_int','integer'),"
    "F('low_long','long'),"
    "F('point',{'type':'struct','fields':[F('x','double'),F('label','string'),F('in',{'type':"
    "'struct','fields':[F('deep','decimal(20,3)')]})]}),"
    "F('list',{'type':'array','elementType':'long','containsNull':N}),"
    "F('texts',{'type':'array','elementType':'string','containsNull':N}),"
    "F('flags',{'type':'array','elementType':'boolean','containsNull':N}),"
    "F('pairs',{'type':'map','keyType':'string','valueType':'integer','valueContainsNull':N}),"
    "F('deep',{'type':'array','elementType':{'type':'struct','fields':[F('id','integer'),"
    "F('rows',{'type':'array','elementType':{'type':'array','elementType':'short',"
    "'containsNull':N},'containsNull':N}),F('kinds',{'type':'map','keyType':'long','valueType':{"
    "'type':'struct','fields':[F('low_text','string')]},'valueContainsNull':N})]},'containsNull':N"
    "})]}";

/* F(name,type) and N stand for a field and its nullability. */
static void expand_schema(dwi_buf *out, bool nullable)
{
    const char *word = nullable ? "true" : "false";
    int parens = 0;

    (void)parens;
    for (const char *p = schema_json; *p != 0; p++) {
        if (p[0] == 'F' && p[1] == '(') {
            dwi_buf_append_cstr(out, "{\"name\":");
            for (p += 2; *p != ','; p++)
                dwi_buf_append_cstr(out, *p == '\'' ? "\"" : (char[]){*p, 0});
            dwi_buf_append_cstr(out, ",\"type\":");
        } else if (*p == ')' && (p[1] == ',' || p[1] == ']')) {
            dwi_buf_printf(out, ",\"nullable\":%s,\"metadata\":{}}", word);
        } else if (*p == 'N' && p[-1] == ':') {
            dwi_buf_append_cstr(out, word);
        } else {
            dwi_buf_append_cstr(out, *p == '\'' ? "\"" : (char[]){*p, 0});
        }
    }
}

static dwi_field named(const char *name, const dwi_type *type, bool nullable)
{
    return (dwi_field){.name = dwi_sv_cstr(name),
                       .type = type,
                       .nullable = nullable,
                       .field_id = -1,
                       .metadata_json = DWI_SV("{}")};
}

/* The schema's fields, and those of kinds that only Parquet has. */
static const dwi_type *with_parquets_own(dwi_arena *arena, const dwi_type *root, bool nullable)
{
    static const dwi_type kinds[] = {
        {.kind = DWI_UBYTE},        {.kind = DWI_USHORT},
        {.kind = DWI_UINTEGER},     {.kind = DWI_ULONG},
        {.kind = DWI_FLOAT16},      {.kind = DWI_TIME_MS},
        {.kind = DWI_TIME_US},      {.kind = DWI_TIME_NS},
        {.kind = DWI_TIMESTAMP_MS}, {.kind = DWI_TIMESTAMP_NTZ_MS},
        {.kind = DWI_TIMESTAMP_NS}, {.kind = DWI_TIMESTAMP_NTZ_NS},
        {.kind = DWI_UUID},         {.kind = DWI_FIXED, .fixed_bytes = 5},
        {.kind = DWI_JSON},         {.kind = DWI_VOID}};
    static const dwi_type fixed = {.kind = DWI_FIXED, .fixed_bytes = 40};
    enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
    size_t n = root->n_fields + KINDS + 1;
    dwi_field *fields = dwi_arena_array(arena, n, sizeof(*fields));
    dwi_field *inner = dwi_arena_array(arena, 5, sizeof(*inner));
    dwi_type *types = dwi_arena_array(arena, 3, sizeof(*types));

    if (fields == NULL || inner == NULL || types == NULL)
        die("memory", NULL);
    memcpy(fields, root->fields, root->n_fields * sizeof(*fields));
    for (size_t i = 0; i < KINDS; i++)
        fields[root->n_fields + i] = named(dwi_type_kind_name(kinds[i].kind), &kinds[i], nullable);
    inner[0] = named("element", &kinds[4], nullable);
    types[0] = (dwi_type){.kind = DWI_ARRAY, .n_fields = 1, .fields = inner};
    inner[1] = named("halves", &types[0], nullable);
    inner[2] = named("id", &kinds[12], nullable);
    inner[3] = named("raw", &fixed, nullable);
    inner[4] = named("nothing", &kinds[15], nullable);
    types[1] = (dwi_type){.kind = DWI_STRUCT, .n_fields = 4, .fields = inner + 1};
    fields[n - 1] = named("own", &types[1], nullable);
    types[2] = (dwi_type){.kind = DWI_STRUCT, .n_fields = n, .fields = fields};
    return &types[2];
}

static dwi_schema *make_schema(bool nullable)
{
    dwi_schema *schema = NULL;
    dw_error err = DW_ERROR_INIT;
    dwi_buf json;

    dwi_buf_init(&json, dwi_alloc_default());
    expand_schema(&json, nullable);
    if (dwi_buf_cstr(&json) == NULL ||
        dwi_schema_parse(dwi_alloc_default(), (dwi_sv){(const char *)json.data, json.len}, &schema,
                         &err) != DW_OK)
        die("schema", &err);
    dwi_buf_done(&json);
    return schema;
}

/* ---- files ---- */

static dw_status write_file(void *ctx, const void *data, size_t len, dw_error *err)
{
    return fwrite(data, 1, len, ctx) == len ? DW_OK : dwi_err(err, DW_E_IO, "file: write");
}

static void write_parquet(const char *path, const dwi_vec *rows, const settings *s)
{
    FILE *file = fopen(path, "wb");
    const dw_property metadata[] = {{"first", "one"}, {"second", ""}};
    dwi_parquet_write_options opts = s->opts;
    dwi_parquet_writer *writer = NULL;
    dw_error err = DW_ERROR_INIT;
    dwi_vec slice = *rows;

    if (file == NULL)
        die(path, NULL);
    opts.keep_void = true;
    opts.metadata = metadata;
    opts.n_metadata = 2;
    if (opts.n_columns > 0 && dwi_type_find(rows->type, DWI_SV("float16")) < 0)
        opts.n_columns--;
    if (dwi_parquet_writer_new(dwi_alloc_default(), rows->type, &opts,
                               (dwi_parquet_sink){file, write_file}, &writer, &err) != DW_OK)
        die(path, &err);
    for (int64_t at = 0; at < rows->length; at += slice.length) {
        slice.offset = at;
        slice.length = s->slice < rows->length - at ? s->slice : rows->length - at;
        if (dwi_parquet_writer_append(writer, &slice, &err) != DW_OK)
            die(path, &err);
    }
    if (dwi_parquet_writer_finish(writer, &err) != DW_OK)
        die(path, &err);
    if (dwi_parquet_writer_rows(writer) != rows->length)
        die(path, NULL);
    dwi_parquet_writer_free(writer);
    if (fclose(file) != 0)
        die(path, NULL);
}

static void write_json(const char *path, const dwi_buf *json)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(json->data, 1, json->len, file) != json->len || fclose(file) != 0)
        die(path, NULL);
}

#define COLUMN(name, of)                                                                           \
    {                                                                                              \
        .path = (name), .encoding = DWI_PARQUET_CHOOSE_##of                                        \
    }

/* What newer_encodings do not choose. */
static const dwi_parquet_column_options other_encodings[] = {
    COLUMN("single", BYTE_STREAM_SPLIT),
    COLUMN("real", BYTE_STREAM_SPLIT),
    COLUMN("whole", BYTE_STREAM_SPLIT),
    COLUMN("big", BYTE_STREAM_SPLIT),
    COLUMN("money", BYTE_STREAM_SPLIT),
    COLUMN("huge", DELTA_BYTE_ARRAY),
    COLUMN("wide", BYTE_STREAM_SPLIT),
    COLUMN("text", DELTA_BYTE_ARRAY),
    COLUMN("low_text", DELTA_BYTE_ARRAY),
    COLUMN("bytes", DELTA_BYTE_ARRAY),
    COLUMN("texts", DELTA_BYTE_ARRAY),
    COLUMN("list.list.element", BYTE_STREAM_SPLIT),
    COLUMN("flag", PLAIN),
    {.path = "total", .has_codec = true, .codec = DWI_CODEC_UNCOMPRESSED},
    {.path = "day", .has_codec = true, .codec = DWI_CODEC_SNAPPY},
    {.path = "at", .dictionary = DWI_PARQUET_ON, .encoding = DWI_PARQUET_CHOOSE_BYTE_STREAM_SPLIT},
    COLUMN("float16", BYTE_STREAM_SPLIT), /* the last: it is not in every file */
};

static const settings variants[] = {
    {"plain", {.codec = DWI_CODEC_UNCOMPRESSED}, 100000},
    {"zstd", {.codec = DWI_CODEC_ZSTD}, 777},
    {"snappy",
     {.codec = DWI_CODEC_SNAPPY,
      .page_rows = 1000,
      .row_group_rows = 3000,
      .dictionary_bytes = 300},
     100},
    {"gzip", {.codec = DWI_CODEC_GZIP, .page_bytes = 2000, .row_group_bytes = 300000}, 33333},
    {"brotli",
     {.codec = DWI_CODEC_BROTLI,
      .page_rows = 7,
      .page_bytes = 50,
      .row_group_bytes = 20000,
      .dictionary_bytes = 20000},
     501},
    {"v2",
     {.codec = DWI_CODEC_ZSTD,
      .page_version = 2,
      .page_checksums = true,
      .page_rows = 900,
      .n_threads = 3,
      .bloom_filters = true},
     1000},
    {"newer",
     {.codec = DWI_CODEC_SNAPPY,
      .page_version = 2,
      .newer_encodings = true,
      .page_checksums = true,
      .dictionary_bytes = 300,
      .row_group_rows = 2000,
      .bloom_filters = true},
     4000},
    {"other",
     {.codec = DWI_CODEC_LZ4_RAW,
      .newer_encodings = true,
      .dictionary = DWI_PARQUET_OFF,
      .page_checksums = true,
      .bloom_filters = true,
      .page_rows = 999,
      .columns = other_encodings,
      .n_columns = sizeof(other_encodings) / sizeof(other_encodings[0])},
     100000},
};

static void write_all(const char *folder, bool own, int64_t n_rows, int null_percent)
{
    dwi_schema *schema = make_schema(null_percent >= 0);
    table t = {.random = (uint64_t)n_rows * 1000 + (uint64_t)(null_percent + 1),
               .null_percent = null_percent};
    dwi_column column = {0};
    dwi_arena arena;
    const dwi_type *root;
    const dwi_vec *rows;
    char path[1024];

    dwi_buf_init(&t.json, dwi_alloc_default());
    dwi_arena_init(&arena, dwi_alloc_default());
    root = own ? with_parquets_own(&arena, schema->root, null_percent >= 0) : schema->root;
    check(dwi_column_init(&column, root, dwi_alloc_default(), NULL));
    for (int64_t i = 0; i < n_rows; i++) {
        put_struct(&t, &column);
        dwi_buf_append_cstr(&t.json, "\n");
    }
    rows = dwi_column_view(&column, &arena);
    if (rows == NULL || t.json.failed)
        die("memory", NULL);
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        if (!dwi_codec_available(variants[i].opts.codec) || (n_rows > 5000 && (i == 3 || i == 4)))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%" PRId64 "-%d-%s.parquet", folder, n_rows,
                       null_percent, variants[i].name);
        write_parquet(path, rows, &variants[i]);
    }
    (void)snprintf(path, sizeof(path), "%s/%" PRId64 "-%d.json", folder, n_rows, null_percent);
    write_json(path, &t.json);
    dwi_column_done(&column);
    dwi_arena_done(&arena);
    dwi_buf_done(&t.json);
    dwi_schema_unref(schema);
}

int main(int argc, char **argv)
{
    static const int64_t sizes[] = {0, 1, 100, 5000};
    static const int shares[] = {-1, 0, 20, 95, 100};

    if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "own") != 0)) {
        fprintf(stderr, "usage: write_matrix FOLDER [own]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t k = 0; k < sizeof(shares) / sizeof(shares[0]); k++)
            write_all(argv[1], argc == 3, sizes[i], shares[k]);
    write_all(argv[1], argc == 3, 100000, 20);
    return 0;
}
