/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder of each encoding on any bytes: the input says which column, encoding, page version and
 * levels, and what is left is cut into the pages' bodies. Around them a file is made. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "check_column.h"
#include "fuzz_bytes.h"
#include "parquet/parquet_reader.h"
#include "parquet/parquet_types.h"
#include "thrift/compact.h"

enum { MAX_PAGES = 3, MAX_VALUES = 3000, BATCH_ROWS = 777 };

typedef struct column {
    int physical;
    int32_t type_length;
    bool optional;
    bool repeated;
    bool text;
} column;

typedef struct maker {
    fuzz_bytes in;
    dwi_buf file;
    column column;
    int encoding;
    bool v2;
    bool dictionary;
    int64_t num_values;
} maker;

static void page(maker *m, int type, int encoding, uint32_t values, const uint8_t *body, size_t len)
{
    dwi_tc t;
    size_t levels = type == DWI_PARQUET_DATA_PAGE_V2 ? len / 4 : 0;

    dwi_tc_begin(&t, &m->file);
    dwi_tc_i32(&t, 1, type);
    dwi_tc_i32(&t, 2, (int32_t)len);
    dwi_tc_i32(&t, 3, (int32_t)len);
    dwi_tc_struct_begin(&t, type == DWI_PARQUET_DATA_PAGE      ? 5
                            : type == DWI_PARQUET_DATA_PAGE_V2 ? 8
                                                               : 7);
    dwi_tc_i32(&t, 1, (int32_t)values);
    if (type == DWI_PARQUET_DATA_PAGE_V2) {
        dwi_tc_i32(&t, 2, 0);
        dwi_tc_i32(&t, 3, (int32_t)values);
        dwi_tc_i32(&t, 4, encoding);
        dwi_tc_i32(&t, 5, m->column.optional ? (int32_t)levels : 0);
        dwi_tc_i32(&t, 6, m->column.repeated ? (int32_t)levels : 0);
    } else {
        dwi_tc_i32(&t, 2, encoding);
        if (type == DWI_PARQUET_DATA_PAGE) {
            dwi_tc_i32(&t, 3, DWI_PARQUET_RLE);
            dwi_tc_i32(&t, 4,
                       m->encoding == DWI_PARQUET_BIT_PACKED ? DWI_PARQUET_BIT_PACKED
                                                             : DWI_PARQUET_RLE);
        }
    }
    dwi_tc_struct_end(&t);
    (void)dwi_tc_finish(&t, NULL);
    dwi_buf_append(&m->file, body, len);
}

static void element(dwi_tc *t, const char *name, int repetition, int physical, int32_t children)
{
    dwi_tc_element_struct_begin(t);
    if (physical >= 0)
        dwi_tc_i32(t, 1, physical);
    (void)repetition;
    if (repetition >= 0)
        dwi_tc_i32(t, 3, repetition);
    dwi_tc_string(t, 4, dwi_sv_cstr(name));
    if (children > 0)
        dwi_tc_i32(t, 5, children);
}

static void schema(maker *m, dwi_tc *t)
{
    const column *c = &m->column;

    dwi_tc_list_begin(t, 2, DWI_THRIFT_STRUCT, 2);
    element(t, "root", -1, -1, 1);
    dwi_tc_element_struct_end(t);
    dwi_tc_element_struct_begin(t);
    dwi_tc_i32(t, 1, c->physical);
    if (c->type_length > 0)
        dwi_tc_i32(t, 2, c->type_length);
    dwi_tc_i32(t, 3,
               c->repeated   ? DWI_PARQUET_REPEATED
               : c->optional ? DWI_PARQUET_OPTIONAL
                             : DWI_PARQUET_REQUIRED);
    dwi_tc_string(t, 4, DWI_SV("c"));
    if (c->text)
        dwi_tc_i32(t, 6, DWI_PARQUET_CONVERTED_UTF8);
    dwi_tc_element_struct_end(t);
}

static void footer(maker *m, int64_t rows, size_t first_data)
{
    size_t start = m->file.len;
    uint32_t len;
    dwi_tc t;

    dwi_tc_begin(&t, &m->file);
    dwi_tc_i32(&t, 1, 1);
    schema(m, &t);
    dwi_tc_i64(&t, 3, rows);
    dwi_tc_list_begin(&t, 4, DWI_THRIFT_STRUCT, 1);
    dwi_tc_element_struct_begin(&t);
    dwi_tc_list_begin(&t, 1, DWI_THRIFT_STRUCT, 1);
    dwi_tc_element_struct_begin(&t);
    dwi_tc_i64(&t, 2, 4);
    dwi_tc_struct_begin(&t, 3);
    dwi_tc_i32(&t, 1, m->column.physical);
    dwi_tc_i32(&t, 4, 0);
    dwi_tc_i64(&t, 5, m->num_values);
    dwi_tc_i64(&t, 6, (int64_t)start - 4);
    dwi_tc_i64(&t, 7, (int64_t)start - 4);
    dwi_tc_i64(&t, 9, (int64_t)first_data);
    if (m->dictionary)
        dwi_tc_i64(&t, 11, 4);
    dwi_tc_struct_end(&t);
    dwi_tc_element_struct_end(&t);
    dwi_tc_i64(&t, 2, (int64_t)start - 4);
    dwi_tc_i64(&t, 3, rows);
    dwi_tc_element_struct_end(&t);
    (void)dwi_tc_finish(&t, NULL);
    len = (uint32_t)(m->file.len - start);
    dwi_buf_append(&m->file, &len, sizeof(len));
    dwi_buf_append(&m->file, "PAR1", 4);
}

/* A file with a page or a few; what is left of the input is their bodies. */
static void make_file(maker *m)
{
    static const int encodings[] = {
        DWI_PARQUET_PLAIN,
        DWI_PARQUET_RLE_DICTIONARY,
        DWI_PARQUET_PLAIN_DICTIONARY,
        DWI_PARQUET_RLE,
        DWI_PARQUET_BIT_PACKED,
        DWI_PARQUET_DELTA_BINARY_PACKED,
        DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY,
        DWI_PARQUET_DELTA_BYTE_ARRAY,
        DWI_PARQUET_BYTE_STREAM_SPLIT,
    };
    fuzz_bytes *in = &m->in;
    uint8_t flags = fuzz_u8(in);
    unsigned pages = 1 + fuzz_below(in, MAX_PAGES);
    uint16_t values = (uint16_t)(fuzz_u16(in) % MAX_VALUES);
    uint16_t rows = (uint16_t)(fuzz_u16(in) % MAX_VALUES);
    size_t first_data;

    m->encoding = encodings[fuzz_below(in, sizeof(encodings) / sizeof(encodings[0]))];
    m->column.physical = (int)fuzz_below(in, 8);
    if (m->column.physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY)
        m->column.type_length = (int32_t)fuzz_below(in, 40);
    m->column.repeated = (flags & 1) != 0;
    m->column.optional = (flags & 2) != 0 || m->column.repeated;
    m->column.text = (flags & 4) != 0 && m->column.physical == DWI_PARQUET_BYTE_ARRAY;
    m->v2 = (flags & 8) != 0;
    m->dictionary =
        m->encoding == DWI_PARQUET_RLE_DICTIONARY || m->encoding == DWI_PARQUET_PLAIN_DICTIONARY;
    dwi_buf_append(&m->file, "PAR1", 4);
    if (m->dictionary) {
        uint8_t entries = fuzz_u8(in);
        size_t len = in->left / 3;
        page(m, DWI_PARQUET_DICTIONARY_PAGE, DWI_PARQUET_PLAIN, entries, in->at, len);
        in->at += len;
        in->left -= len;
    }
    first_data = m->file.len;
    for (unsigned i = 0; i < pages; i++) {
        size_t len = in->left / (pages - i);
        page(m, m->v2 ? DWI_PARQUET_DATA_PAGE_V2 : DWI_PARQUET_DATA_PAGE,
             m->encoding == DWI_PARQUET_BIT_PACKED ? DWI_PARQUET_PLAIN : m->encoding, values,
             in->at, len);
        in->at += len;
        in->left -= len;
        m->num_values += values;
    }
    footer(m, m->column.repeated ? rows : m->num_values, first_data);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    maker m = {.in = {data, size}};
    dwi_parquet_reader *reader = NULL;
    dwi_column batch = {0};
    dw_status status;

    dwi_buf_init(&m.file, dwi_alloc_default());
    make_file(&m);
    DWI_TRY(dwi_parquet_reader_open(
        dwi_alloc_default(), (dwi_parquet_source){&m.file, (int64_t)m.file.len, "fuzz", read_bytes},
        &reader, NULL));
    DWI_TRY(dwi_parquet_reader_project(reader, NULL, NULL));
    DWI_TRY(dwi_column_init(&batch, dwi_parquet_reader_type(reader), dwi_alloc_default(), NULL));
    do {
        const char *broken;
        DWI_TRY(dwi_parquet_reader_next(reader, BATCH_ROWS, &batch, NULL));
        broken = dwt_check_column(&batch);
        if (broken != NULL) {
            (void)fprintf(stderr, "broken column: %s\n", broken);
            abort();
        }
    } while (batch.length > 0);
done:
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    dwi_buf_done(&m.file);
    return 0;
}
