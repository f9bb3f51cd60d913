/* SPDX-License-Identifier: Apache-2.0 */
/* parquet_cat [-b ROWS] [-q] FILE...: the rows of Parquet files as NDJSON, through the library's
 * reader, for tests that compare them with other readers'. Decimals are strings with all of their
 * scale, timestamps end in Z or not, bytes are hex, maps are {"__map__": [[key, value], ...]}.
 * -q prints nothing but errors. Exits with 1 after the first error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <math.h>

#include "base/alloc.h"
#include "base/calendar.h"
#include "base/le.h"
#include "check_column.h"
#include "parquet/parquet_reader.h"
#include "json/json_writer.h"

static void print_value(dwi_jw *w, const dwi_column *column, int64_t row);

static dw_status read_file(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    FILE *file = ctx;

    if (fseek(file, (long)offset, SEEK_SET) != 0 || fread(out, 1, len, file) != len)
        return dwi_err(err, DW_E_IO, "read of %zu bytes at %lld", len, (long long)offset);
    return DW_OK;
}

static void print_floating(dwi_jw *w, double value, bool single)
{
    if (isnan(value))
        dwi_jw_string(w, DWI_SV("NaN"));
    else if (isinf(value))
        dwi_jw_string(w, value > 0 ? DWI_SV("Infinity") : DWI_SV("-Infinity"));
    else if (single)
        dwi_jw_float(w, (float)value);
    else
        dwi_jw_double(w, value);
}

/* Decimal digits of a 128-bit number by dividing its 32-bit limbs by ten. */
static void print_decimal(dwi_jw *w, const uint8_t *value, int scale)
{
    uint32_t limbs[4];
    char digits[48];
    size_t at = sizeof(digits);
    bool negative = value[15] >= 0x80;

    for (int i = 0; i < 4; i++)
        limbs[i] = dwi_le32(value + (size_t)i * 4);
    if (negative)
        for (int i = 0, carry = 1; i < 4; i++) {
            limbs[i] = ~limbs[i] + (uint32_t)carry;
            carry = carry && limbs[i] == 0;
        }
    for (int count = 0; count <= scale || (limbs[0] | limbs[1] | limbs[2] | limbs[3]) != 0;
         count++) {
        uint64_t rest = 0;
        if (count == scale && scale > 0)
            digits[--at] = '.';
        for (int i = 3; i >= 0; i--) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / 10);
            rest %= 10;
        }
        digits[--at] = (char)('0' + rest);
    }
    if (negative)
        digits[--at] = '-';
    dwi_jw_string(w, (dwi_sv){digits + at, sizeof(digits) - at});
}

static void print_time(dwi_jw *w, int64_t us, bool zone)
{
    dwi_buf text;

    dwi_buf_init(&text, dwi_alloc_default());
    dwi_append_timestamp(&text, us, 'T', 6);
    dwi_buf_append_cstr(&text, zone ? "Z" : "");
    dwi_jw_string(w, (dwi_sv){(const char *)text.data, text.len});
    dwi_buf_done(&text);
}

static void print_date(dwi_jw *w, int32_t days)
{
    dwi_buf text;

    dwi_buf_init(&text, dwi_alloc_default());
    dwi_append_date(&text, days);
    dwi_jw_string(w, (dwi_sv){(const char *)text.data, text.len});
    dwi_buf_done(&text);
}

static void print_bytes(dwi_jw *w, const dwi_column *column, int64_t row)
{
    int64_t start = dwi_column_offset_at(column, row);
    size_t len = (size_t)(dwi_column_offset_at(column, row + 1) - start);
    const uint8_t *data = column->data.data + start;
    dwi_buf hex;

    if (column->type->kind == DWI_STRING) {
        dwi_jw_string(w, (dwi_sv){(const char *)data, len});
        return;
    }
    dwi_buf_init(&hex, dwi_alloc_default());
    for (size_t i = 0; i < len; i++)
        dwi_buf_printf(&hex, "%02x", data[i]);
    dwi_jw_string(w, (dwi_sv){len == 0 ? "" : (const char *)hex.data, hex.len});
    dwi_buf_done(&hex);
}

static void print_list(dwi_jw *w, const dwi_column *column, int64_t row)
{
    const dwi_column *below = &column->children[0];
    bool map = column->type->kind == DWI_MAP;

    if (map) {
        dwi_jw_object_begin(w);
        dwi_jw_key(w, DWI_SV("__map__"));
    }
    dwi_jw_array_begin(w);
    for (int64_t i = dwi_column_offset_at(column, row); i < dwi_column_offset_at(column, row + 1);
         i++) {
        if (map) {
            dwi_jw_array_begin(w);
            print_value(w, &below->children[0], i);
            print_value(w, &below->children[1], i);
            dwi_jw_array_end(w);
        } else {
            print_value(w, below, i);
        }
    }
    dwi_jw_array_end(w);
    if (map)
        dwi_jw_object_end(w);
}

static void print_struct(dwi_jw *w, const dwi_column *column, int64_t row)
{
    dwi_jw_object_begin(w);
    for (size_t i = 0; i < column->n_children; i++) {
        dwi_jw_key(w, column->type->fields[i].name);
        print_value(w, &column->children[i], row);
    }
    dwi_jw_object_end(w);
}

static void print_value(dwi_jw *w, const dwi_column *column, int64_t row)
{
    const uint8_t *value = column->values.data + (size_t)row * dwi_type_width(column->type->kind);
    float single;
    double real;

    if (column->null_count > 0 && !dwi_bit_get(column->validity.data, row)) {
        dwi_jw_null(w);
        return;
    }
    switch (column->type->kind) {
    case DWI_BOOLEAN:
        dwi_jw_bool(w, dwi_bit_get(column->values.data, row));
        break;
    case DWI_BYTE:
        dwi_jw_i64(w, (int8_t)*value);
        break;
    case DWI_SHORT:
        dwi_jw_i64(w, (int16_t)dwi_le16(value));
        break;
    case DWI_INTEGER:
        dwi_jw_i64(w, (int32_t)dwi_le32(value));
        break;
    case DWI_LONG:
        dwi_jw_i64(w, (int64_t)dwi_le64(value));
        break;
    case DWI_FLOAT:
        memcpy(&single, value, sizeof(single));
        print_floating(w, (double)single, true);
        break;
    case DWI_DOUBLE:
        memcpy(&real, value, sizeof(real));
        print_floating(w, real, false);
        break;
    case DWI_DECIMAL:
        print_decimal(w, value, column->type->scale);
        break;
    case DWI_DATE:
        print_date(w, (int32_t)dwi_le32(value));
        break;
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        print_time(w, (int64_t)dwi_le64(value), column->type->kind == DWI_TIMESTAMP);
        break;
    case DWI_STRING:
    case DWI_BINARY:
        print_bytes(w, column, row);
        break;
    case DWI_ARRAY:
    case DWI_MAP:
        print_list(w, column, row);
        break;
    case DWI_STRUCT:
        print_struct(w, column, row);
        break;
    default:
        dwi_jw_null(w);
        break;
    }
}

static dw_status print_batch(const dwi_column *batch, bool quiet, dw_error *err)
{
    const char *broken = dwt_check_column(batch);
    dwi_buf line;

    if (broken != NULL)
        return dwi_err(err, DW_E_ARG, "BROKEN COLUMN: %s", broken);
    dwi_buf_init(&line, dwi_alloc_default());
    for (int64_t row = 0; !quiet && row < batch->length; row++) {
        dwi_jw w;
        dwi_buf_clear(&line);
        dwi_jw_init(&w, &line);
        print_value(&w, batch, row);
        dwi_buf_append_byte(&line, '\n');
        (void)fwrite(line.data, 1, line.len, stdout);
    }
    dwi_buf_done(&line);
    return DW_OK;
}

static dw_status cat(const char *path, int64_t batch_rows, bool quiet, dw_error *err)
{
    const dw_allocator *alloc = dwi_alloc_default();
    FILE *file = fopen(path, "rb");
    dwi_parquet_source source = {.ctx = file, .name = path, .read = read_file};
    dwi_parquet_reader *reader = NULL;
    dwi_column batch = {0};
    dw_status status;

    if (file == NULL)
        return dwi_err(err, DW_E_NOT_FOUND, "%s: cannot open", path);
    (void)fseek(file, 0, SEEK_END);
    source.size = (int64_t)ftell(file);
    DWI_TRY(dwi_parquet_reader_open(alloc, source, &reader, err));
    DWI_TRY(dwi_column_init(&batch, dwi_parquet_reader_type(reader), alloc, err));
    do {
        DWI_TRY(dwi_parquet_reader_next(reader, batch_rows, &batch, err));
        DWI_TRY(print_batch(&batch, quiet, err));
    } while (batch.length > 0);
done:
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    (void)fclose(file);
    return status;
}

int main(int argc, char **argv)
{
    int64_t batch_rows = 4096;
    bool quiet = false;
    dw_error err;
    int option;

    while ((option = getopt(argc, argv, "b:q")) != -1) {
        if (option == 'b')
            batch_rows = strtoll(optarg, NULL, 10);
        else if (option == 'q')
            quiet = true;
        else
            return 2;
    }
    for (int i = optind; i < argc; i++) {
        dw_status status = cat(argv[i], batch_rows, quiet, &err);
        if (status != DW_OK) {
            (void)fflush(stdout);
            (void)fprintf(stderr, "%s: %s\n", dw_status_name(status), err.message);
            return 1;
        }
    }
    return 0;
}
