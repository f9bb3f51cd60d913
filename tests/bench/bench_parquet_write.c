/* SPDX-License-Identifier: Apache-2.0 */
/* How fast columns become Parquet, on one core:
 *
 *   bench-parquet-write INPUT.parquet|ROWS [CODEC [PASSES [BATCH_ROWS [OUT.parquet]]]]
 *
 * The columns are those of a file, or ROWS made-up analytics events. CODEC: none, snappy, zstd
 * (default). Prints the best and the median pass, by CPU time, so that other programs disturb
 * little. ./dev bench compares. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "parquet/parquet_reader.h"
#include "parquet/parquet_writer.h"

enum { READ_ROWS = 65536, MAX_PASSES = 1000 };

static const char schema_json[] =
    "{\"type\":\"struct\",\"fields\":["
    "{\"name\":\"timestamp\",\"type\":\"timestamp\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"channel\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"event_type\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"resource_id\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"session_id\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"user_id\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"device_id\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"metadata\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"interaction_value\",\"type\":\"double\",\"nullable\":true,\"metadata\":{}}]}";

static _Noreturn void die(const char *what, const dw_error *err)
{
    fprintf(stderr, "bench-parquet-write: %s: %s\n", what, err == NULL ? "" : err->message);
    exit(1);
}

static void check(dw_status status, const dw_error *err)
{
    if (status != DW_OK)
        die("error", err);
}

/* ---- columns ---- */

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void put_text(dwi_column *column, const char *fmt, uint64_t a, uint64_t b)
{
    char text[160];
    int len = snprintf(text, sizeof(text), fmt, a, b);

    check(dwi_column_append_bytes(column, text, (size_t)len, NULL), NULL);
}

static void put_event(dwi_column *rows, int64_t *clock_us, uint64_t *random)
{
    dwi_column *c = rows->children;
    uint64_t page = next(random) % 5000;
    double value = (double)(next(random) % 100000) / 100;

    *clock_us += (int64_t)(next(random) % 2000);
    check(dwi_column_append_fixed(&c[0], clock_us, NULL), NULL);
    put_text(&c[1], "channel-%" PRIu64, next(random) % 5, 0);
    put_text(&c[2], "event_type_%" PRIu64, next(random) % 8, 0);
    put_text(&c[3], "/catalog/item/%" PRIu64, page, 0);
    put_text(&c[4], "%016" PRIx64 "%016" PRIx64, page * 7919, (uint64_t)rows->length / 1000);
    if (next(random) % 10 < 7)
        put_text(&c[5], "user-%06" PRIu64, next(random) % 200000, 0);
    else
        check(dwi_column_append_null(&c[5], NULL), NULL);
    put_text(&c[6], "%016" PRIx64, next(random), 0);
    put_text(&c[7], "{\"experiment\":\"exp-%" PRIu64 "\",\"viewport\":[%" PRIu64 ",720]}",
             next(random) % 12, 1280 + next(random) % 640);
    if (next(random) % 10 < 4)
        check(dwi_column_append_fixed(&c[8], &value, NULL), NULL);
    else
        check(dwi_column_append_null(&c[8], NULL), NULL);
    check(dwi_column_end_row(rows, NULL), NULL);
}

static void make_events(dwi_column *rows, int64_t count)
{
    int64_t clock_us = INT64_C(1767225600000000);
    uint64_t random = 7;

    for (int64_t i = 0; i < count; i++)
        put_event(rows, &clock_us, &random);
}

static dw_status read_at(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    FILE *file = ctx;

    if (fseek(file, (long)offset, SEEK_SET) != 0 || fread(out, 1, len, file) != len)
        return dwi_err(err, DW_E_IO, "input: read");
    return DW_OK;
}

static dwi_parquet_reader *open_input(const char *path)
{
    FILE *file = fopen(path, "rb");
    dwi_parquet_source source = {.ctx = file, .name = path, .read = read_at};
    dwi_parquet_reader *reader = NULL;
    dw_error err = DW_ERROR_INIT;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        die(path, NULL);
    source.size = ftell(file);
    check(dwi_parquet_reader_open(dwi_alloc_default(), source, &reader, &err), &err);
    check(dwi_parquet_reader_project(reader, NULL, &err), &err);
    return reader;
}

static void read_events(dwi_column *rows, dwi_parquet_reader *reader)
{
    dwi_column batch = {0};
    dwi_arena arena;
    dw_error err = DW_ERROR_INIT;

    check(dwi_column_init(&batch, rows->type, dwi_alloc_default(), &err), &err);
    dwi_arena_init(&arena, dwi_alloc_default());
    for (;;) {
        check(dwi_parquet_reader_next(reader, READ_ROWS, &batch, &err), &err);
        if (batch.length == 0)
            break;
        check(dwi_column_append_vec(rows, dwi_column_view(&batch, &arena), 0, batch.length, &err),
              &err);
    }
    dwi_column_done(&batch);
    dwi_arena_done(&arena);
}

/* ---- passes ---- */

static dw_status to_nowhere(void *ctx, const void *data, size_t len, dw_error *err)
{
    if (ctx != NULL && fwrite(data, 1, len, ctx) != len)
        return dwi_err(err, DW_E_IO, "output: write");
    return DW_OK;
}

/* One file of all rows; seconds of CPU. */
static double pass(const dwi_vec *rows, int codec, int64_t batch_rows, FILE *out, int64_t *bytes)
{
    const dwi_parquet_write_options opts = {.codec = codec};
    dwi_parquet_sink sink = {out, to_nowhere};
    dwi_parquet_writer *writer = NULL;
    dw_error err = DW_ERROR_INIT;
    dwi_vec batch = *rows;
    clock_t start = clock();
    double seconds;

    check(dwi_parquet_writer_new(dwi_alloc_default(), rows->type, &opts, sink, &writer, &err),
          &err);
    for (; batch.offset < rows->length; batch.offset += batch.length) {
        batch.length = rows->length - batch.offset;
        batch.length = batch.length < batch_rows ? batch.length : batch_rows;
        check(dwi_parquet_writer_append(writer, &batch, &err), &err);
    }
    check(dwi_parquet_writer_finish(writer, &err), &err);
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    *bytes = dwi_parquet_writer_file_bytes(writer);
    dwi_parquet_writer_free(writer);
    return seconds;
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static int codec_of(const char *name)
{
    static const struct {
        const char *name;
        int id;
    } codecs[] = {
        {"none", DWI_CODEC_UNCOMPRESSED}, {"snappy", DWI_CODEC_SNAPPY}, {"zstd", DWI_CODEC_ZSTD}};

    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
        if (strcmp(name, codecs[i].name) == 0)
            return codecs[i].id;
    die("unknown codec", NULL);
}

static void write_output(const dwi_vec *rows, int codec, const char *path)
{
    FILE *file = fopen(path, "wb");
    int64_t bytes;

    if (file == NULL)
        die(path, NULL);
    (void)pass(rows, codec, rows->length, file, &bytes);
    if (fclose(file) != 0)
        die(path, NULL);
}

static void run(const dwi_vec *rows, const char *codec, int passes, int64_t batch_rows)
{
    double seconds[MAX_PASSES];
    int64_t bytes = 0;

    for (int i = 0; i < passes; i++)
        seconds[i] = pass(rows, codec_of(codec), batch_rows, NULL, &bytes);
    qsort(seconds, (size_t)passes, sizeof(seconds[0]), by_time);
    printf("%" PRId64 " rows, %s: best %.4f s, median %.4f s, %.2f M rows/s, %" PRId64 " bytes\n",
           rows->length, codec, seconds[0], seconds[passes / 2],
           (double)rows->length / seconds[0] / 1e6, bytes);
}

int main(int argc, char **argv)
{
    bool made_up = argc > 1 && argv[1][strspn(argv[1], "0123456789")] == 0;
    const char *codec = argc > 2 ? argv[2] : "zstd";
    int passes = argc > 3 ? atoi(argv[3]) : 5;
    int64_t batch_rows = argc > 4 ? atoll(argv[4]) : 0;
    dwi_parquet_reader *reader = NULL;
    dwi_schema *schema = NULL;
    dwi_column rows = {0};
    dwi_arena arena;
    const dwi_vec *view;
    dw_error err = DW_ERROR_INIT;

    if (argc < 2 || passes < 1 || passes > MAX_PASSES) {
        fprintf(stderr, "usage: bench-parquet-write INPUT.parquet|ROWS [CODEC [PASSES [BATCH_ROWS "
                        "[OUT.parquet]]]]\n");
        return 2;
    }
    if (made_up)
        check(dwi_schema_parse(dwi_alloc_default(), dwi_sv_cstr(schema_json), &schema, &err), &err);
    else
        reader = open_input(argv[1]);
    check(dwi_column_init(&rows, made_up ? schema->root : dwi_parquet_reader_type(reader),
                          dwi_alloc_default(), &err),
          &err);
    if (made_up)
        make_events(&rows, atoll(argv[1]));
    else
        read_events(&rows, reader);
    dwi_arena_init(&arena, dwi_alloc_default());
    view = dwi_column_view(&rows, &arena);
    run(view, codec, passes, batch_rows > 0 ? batch_rows : view->length);
    if (argc > 5)
        write_output(view, codec_of(codec), argv[5]);
    dwi_arena_done(&arena);
    dwi_column_done(&rows);
    dwi_parquet_reader_free(reader);
    dwi_schema_unref(schema);
    return 0;
}
