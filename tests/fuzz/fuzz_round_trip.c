/* SPDX-License-Identifier: Apache-2.0 */
/* A type, rows and options of the writer out of the input: what is written is read back the same,
 * in batches of another size. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "check_column.h"
#include "codec/codec.h"
#include "columns/decimal128.h"
#include "fuzz_bytes.h"
#include "parquet/parquet_reader.h"
#include "parquet/parquet_writer.h"

enum { MAX_DEPTH = 3, MAX_FIELDS = 4, MAX_ROWS = 200, MAX_ELEMENTS = 5 };

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #condition, err.message);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- types ---- */

static const dwi_type *make_type(fuzz_bytes *in, dwi_arena *arena, int depth);

static void make_field(fuzz_bytes *in, dwi_arena *arena, int depth, const char *name, bool key,
                       dwi_field *out)
{
    *out = (dwi_field){.name = dwi_sv_cstr(name),
                       .type = make_type(in, arena, depth + 1),
                       .nullable = !key && (fuzz_u8(in) & 1) == 0,
                       .field_id = -1,
                       .metadata_json = DWI_SV("{}")};
    if (out->type->kind == DWI_VOID)
        out->nullable = true;
}

static const dwi_type *nested(fuzz_bytes *in, dwi_arena *arena, int depth, dwi_type *type)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    size_t n = type->kind == DWI_STRUCT ? 1 + fuzz_below(in, MAX_FIELDS)
               : type->kind == DWI_MAP  ? 2
                                        : 1;
    dwi_field *fields = dwi_arena_array(arena, n, sizeof(*fields));

    for (size_t i = 0; i < n; i++)
        make_field(in, arena, depth,
                   type->kind == DWI_STRUCT  ? names[i]
                   : type->kind == DWI_ARRAY ? "element"
                   : i == 0                  ? "key"
                                             : "value",
                   type->kind == DWI_MAP && i == 0, &fields[i]);
    type->n_fields = n;
    type->fields = fields;
    return type;
}

static const dwi_type *make_type(fuzz_bytes *in, dwi_arena *arena, int depth)
{
    static const uint8_t kinds[] = {DWI_BOOLEAN,
                                    DWI_BYTE,
                                    DWI_SHORT,
                                    DWI_INTEGER,
                                    DWI_LONG,
                                    DWI_FLOAT,
                                    DWI_DOUBLE,
                                    DWI_DECIMAL,
                                    DWI_STRING,
                                    DWI_BINARY,
                                    DWI_DATE,
                                    DWI_TIMESTAMP,
                                    DWI_TIMESTAMP_NTZ,
                                    DWI_UBYTE,
                                    DWI_USHORT,
                                    DWI_UINTEGER,
                                    DWI_ULONG,
                                    DWI_FLOAT16,
                                    DWI_TIME_MS,
                                    DWI_TIME_US,
                                    DWI_TIME_NS,
                                    DWI_TIMESTAMP_MS,
                                    DWI_TIMESTAMP_NTZ_MS,
                                    DWI_TIMESTAMP_NS,
                                    DWI_TIMESTAMP_NTZ_NS,
                                    DWI_UUID,
                                    DWI_FIXED,
                                    DWI_JSON,
                                    DWI_STRUCT,
                                    DWI_ARRAY,
                                    DWI_MAP};
    dwi_type *type = dwi_arena_zero(arena, sizeof(*type));
    unsigned n = sizeof(kinds);

    type->kind = depth == 0 ? DWI_STRUCT
                            : (dwi_type_kind)kinds[fuzz_below(in, depth >= MAX_DEPTH ? n - 3 : n)];
    if (type->kind == DWI_DECIMAL) {
        type->precision = (uint8_t)(1 + fuzz_below(in, 38));
        type->scale = (uint8_t)fuzz_below(in, type->precision + 1u);
    } else if (type->kind == DWI_FIXED) {
        type->fixed_bytes = 1 + fuzz_below(in, 20);
    } else if (type->kind >= DWI_STRUCT && type->kind <= DWI_MAP) {
        return nested(in, arena, depth, type);
    }
    return type;
}

/* ---- rows ---- */

static void fixed_value(fuzz_bytes *in, const dwi_type *type, uint8_t out[64])
{
    size_t width = dwi_type_width(type);
    uint64_t words[2];
    uint64_t limit[2];
    uint64_t number;

    fuzz_take(in, out, width);
    if (type->kind == DWI_DECIMAL) {
        memcpy(words, out, 16);
        words[1] &= UINT64_C(0x3FFFFFFFFFFFFFFF);
        dwi_d128_power(type->precision, limit);
        while (!dwi_d128_less(words, limit)) {
            words[0] = words[0] >> 1 | words[1] << 63;
            words[1] >>= 1;
        }
        if ((out[15] & 0x80) != 0)
            dwi_d128_negate(words);
        memcpy(out, words, 16);
    } else if (type->kind >= DWI_TIME_MS && type->kind <= DWI_TIME_NS) {
        number = 0;
        memcpy(&number, out, width);
        number %= type->kind == DWI_TIME_MS   ? UINT64_C(86400000)
                  : type->kind == DWI_TIME_US ? UINT64_C(86400000000)
                                              : UINT64_C(86400000000000);
        memcpy(out, &number, width);
    }
}

static void append_row(fuzz_bytes *in, const dwi_field *field, dwi_column *column)
{
    dw_error err = DW_ERROR_INIT;
    uint8_t bytes[64];
    size_t n;

    if (field->nullable && (column->type->kind == DWI_VOID || fuzz_u8(in) % 5 == 0)) {
        CHECK(dwi_column_append_null(column, &err) == DW_OK);
        return;
    }
    switch (column->type->kind) {
    case DWI_BOOLEAN:
        CHECK(dwi_column_append_bool(column, (fuzz_u8(in) & 1) != 0, &err) == DW_OK);
        return;
    case DWI_STRING:
    case DWI_BINARY:
    case DWI_JSON:
        n = fuzz_below(in, sizeof(bytes));
        fuzz_take(in, bytes, n);
        for (size_t i = 0; column->type->kind != DWI_BINARY && i < n; i++)
            bytes[i] &= 0x7F;
        CHECK(dwi_column_append_bytes(column, bytes, n, &err) == DW_OK);
        return;
    case DWI_STRUCT:
        for (size_t i = 0; i < column->n_children; i++)
            append_row(in, &column->type->fields[i], &column->children[i]);
        CHECK(dwi_column_end_row(column, &err) == DW_OK);
        return;
    case DWI_ARRAY:
    case DWI_MAP:
        n = fuzz_below(in, MAX_ELEMENTS);
        for (size_t i = 0; i < n; i++) {
            const dwi_field entries = {.type = column->children[0].type};
            append_row(in, column->type->kind == DWI_MAP ? &entries : &column->type->fields[0],
                       &column->children[0]);
        }
        CHECK(dwi_column_end_row(column, &err) == DW_OK);
        return;
    default:
        fixed_value(in, column->type, bytes);
        CHECK(dwi_column_append_fixed(column, bytes, &err) == DW_OK);
        return;
    }
}

/* ---- options ---- */

static dwi_parquet_write_options make_options(fuzz_bytes *in, dwi_parquet_column_options *column)
{
    static const int codecs[] = {DWI_CODEC_UNCOMPRESSED, DWI_CODEC_SNAPPY,  DWI_CODEC_ZSTD,
                                 DWI_CODEC_GZIP,         DWI_CODEC_LZ4_RAW, DWI_CODEC_BROTLI};
    static const int encodings[] = {0, 1, 3, 5, 6, 7, 9};
    static const char *const paths[] = {"a", "b", "a.list.element", "b.key_value.value"};
    dwi_parquet_write_options opts = {0};
    uint8_t flags = fuzz_u8(in);

    opts.codec = codecs[fuzz_below(in, sizeof(codecs) / sizeof(codecs[0]))];
    if (!dwi_codec_available(opts.codec))
        opts.codec = DWI_CODEC_UNCOMPRESSED;
    opts.page_version = 1 + (flags & 1);
    opts.page_checksums = (flags & 2) != 0;
    opts.newer_encodings = (flags & 4) != 0;
    opts.dictionary = (flags & 8) != 0 ? DWI_PARQUET_OFF : DWI_PARQUET_AS_USUAL;
    opts.bloom_filters = (flags & 16) != 0;
    opts.no_size_statistics = (flags & 32) != 0;
    opts.no_page_index = (flags & 64) != 0;
    opts.n_threads = (flags & 128) != 0 ? 2 : 1;
    opts.page_rows = fuzz_below(in, 100);
    opts.page_bytes = 16 * (int64_t)fuzz_below(in, 100);
    opts.row_group_rows = fuzz_below(in, 200);
    opts.dictionary_bytes = 8 * (int64_t)fuzz_below(in, 100);
    opts.bound_bytes = fuzz_below(in, 20);
    opts.keep_void = true;
    column->path = paths[fuzz_below(in, 4)];
    column->encoding = encodings[fuzz_below(in, 7)];
    column->dictionary = (int)fuzz_below(in, 3);
    opts.columns = column;
    opts.n_columns = fuzz_below(in, 2);
    return opts;
}

/* ---- comparing ---- */

static bool equal(const dwi_vec *a, int64_t i, const dwi_vec *b, int64_t j)
{
    bool valid = dwi_vec_is_valid(a, i);
    size_t width = dwi_type_width(a->type);
    const int32_t *x = a->offsets == NULL ? NULL : a->offsets + a->offset + i;
    const int32_t *y = b->offsets == NULL ? NULL : b->offsets + b->offset + j;

    if (valid != dwi_vec_is_valid(b, j))
        return false;
    if (!valid || a->type->kind == DWI_VOID)
        return true;
    if (a->type->kind == DWI_BOOLEAN)
        return dwi_bit_get(a->values, a->offset + i) == dwi_bit_get(b->values, b->offset + j);
    if (a->type->kind == DWI_STRUCT) {
        for (size_t c = 0; c < a->n_children; c++)
            if (!equal(&a->children[c], a->offset + i, &b->children[c], b->offset + j))
                return false;
        return true;
    }
    if (width > 0)
        return memcmp((const uint8_t *)a->values + (size_t)(a->offset + i) * width,
                      (const uint8_t *)b->values + (size_t)(b->offset + j) * width, width) == 0;
    if (x[1] - x[0] != y[1] - y[0])
        return false;
    if (dwi_type_is_bytes(a->type))
        return x[1] == x[0] || memcmp(a->data + x[0], b->data + y[0], (size_t)(x[1] - x[0])) == 0;
    for (int32_t e = 0; e < x[1] - x[0]; e++)
        if (!equal(&a->children[0], x[0] + e, &b->children[0], y[0] + e))
            return false;
    return true;
}

static dw_status collect(void *ctx, const void *data, size_t len, dw_error *err)
{
    dwi_buf_append(ctx, data, len);
    return dwi_buf_status(ctx, err);
}

static dw_status read_bytes(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    const dwi_buf *file = ctx;

    (void)err;
    if (offset < 0 || (uint64_t)offset > file->len || len > file->len - (size_t)offset)
        abort();
    memcpy(out, file->data + offset, len);
    return DW_OK;
}

static void read_back(const dwi_buf *file, const dwi_type *type, const dwi_vec *rows, int times,
                      int64_t batch_rows)
{
    dwi_buf copy = *file;
    dwi_parquet_source source = {&copy, (int64_t)file->len, "fuzz", read_bytes};
    dwi_parquet_reader *reader = NULL;
    dwi_column batch = {0};
    dwi_arena arena;
    dw_error err = DW_ERROR_INIT;
    int64_t row = 0;

    CHECK(dwi_parquet_reader_open(dwi_alloc_default(), source, &reader, &err) == DW_OK);
    CHECK(dwi_type_equal(dwi_parquet_reader_type(reader), type));
    CHECK(dwi_parquet_reader_rows(reader) == rows->length * times);
    CHECK(dwi_parquet_reader_project(reader, NULL, &err) == DW_OK);
    CHECK(dwi_column_init(&batch, dwi_parquet_reader_type(reader), dwi_alloc_default(), &err) ==
          DW_OK);
    for (;;) {
        const dwi_vec *view;
        CHECK(dwi_parquet_reader_next(reader, batch_rows, &batch, &err) == DW_OK);
        CHECK(dwt_check_column(&batch) == NULL);
        if (batch.length == 0)
            break;
        dwi_arena_init(&arena, dwi_alloc_default());
        view = dwi_column_view(&batch, &arena);
        for (int64_t i = 0; i < batch.length; i++, row++)
            CHECK(equal(rows, row % rows->length, view, i));
        dwi_arena_done(&arena);
    }
    CHECK(row == rows->length * times);
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes in = {data, size};
    dwi_parquet_column_options column = {0};
    dwi_parquet_write_options opts;
    dwi_parquet_writer *writer = NULL;
    dwi_column rows = {0};
    const dwi_type *type;
    const dwi_vec *view;
    dwi_arena arena;
    dwi_buf file;
    dw_error err = DW_ERROR_INIT;
    int64_t batch_rows;
    int count;
    int times;
    dw_status status;

    dwi_arena_init(&arena, dwi_alloc_default());
    dwi_buf_init(&file, dwi_alloc_default());
    opts = make_options(&in, &column);
    batch_rows = 1 + fuzz_below(&in, 200);
    times = 1 + (int)fuzz_below(&in, 3);
    count = (int)fuzz_below(&in, MAX_ROWS);
    type = make_type(&in, &arena, 0);
    CHECK(dwi_column_init(&rows, type, dwi_alloc_default(), &err) == DW_OK);
    for (int i = 0; i < count; i++)
        append_row(&in, &(dwi_field){.type = type}, &rows);
    view = dwi_column_view(&rows, &arena);
    status = dwi_parquet_writer_new(dwi_alloc_default(), type, &opts,
                                    (dwi_parquet_sink){&file, collect}, &writer, &err);
    if (status == DW_E_ARG && opts.n_columns > 0) { /* the encoding is not for such a column */
        opts.n_columns = 0;
        status = dwi_parquet_writer_new(dwi_alloc_default(), type, &opts,
                                        (dwi_parquet_sink){&file, collect}, &writer, &err);
    }
    CHECK(status == DW_OK);
    for (int i = 0; i < times; i++)
        CHECK(dwi_parquet_writer_append(writer, view, &err) == DW_OK);
    CHECK(dwi_parquet_writer_finish(writer, &err) == DW_OK);
    dwi_parquet_writer_free(writer);
    read_back(&file, type, view, times, batch_rows);
    dwi_column_done(&rows);
    dwi_buf_done(&file);
    dwi_arena_done(&arena);
    return 0;
}
