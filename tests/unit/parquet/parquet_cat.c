/* SPDX-License-Identifier: Apache-2.0 */
/* parquet_cat [OPTION...] FILE...: the rows of Parquet files as NDJSON, through the library's reader,
 * for tests that compare them with other readers'. Decimals are strings with all of their scale,
 * timestamps end in Z or not, bytes are hex, maps are {"__map__": [[key, value], ...]}. Exits with
 * 1 after the first error.
 *   -s SCHEMA       read as this Delta schema, in JSON
 *   -b ROWS         of a batch
 *   -r FIRST,COUNT  these rows only
 *   -f FILTER       leave out what cannot pass (filter_text.h)
 *   -m BYTES        memory budget
 *   -n              before each row its number and a tab
 *   -q              nothing but errors
 *   -v              requests and bytes on stderr */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check_column.h"
#include "filter_text.h"
#include "parquet/parquet_reader.h"
#include "print_column.h"
#include "json/json_writer.h"

typedef struct counted_file {
    FILE *file;
    int requests;
    int64_t bytes;
} counted_file;

static dw_status read_file(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    counted_file *counted = ctx;
    FILE *file = counted->file;

    counted->requests++;
    counted->bytes += (int64_t)len;
    if (fseek(file, (long)offset, SEEK_SET) != 0 || fread(out, 1, len, file) != len)
        return dwi_err(err, DW_E_IO, "read of %zu bytes at %lld", len, (long long)offset);
    return DW_OK;
}

typedef struct options {
    int64_t batch_rows;
    bool quiet;
    bool numbers;
    bool verbose;
    const char *schema; /* NULL: the file's */
    const char *filter;
    const char *rows;
    size_t memory_bytes;
} options;

static dw_status print_batch(const dwi_column *batch, const options *o, int64_t first,
                             dw_error *err)
{
    const char *broken = dwt_check_column(batch);
    dwi_buf line;

    if (broken != NULL)
        return dwi_err(err, DW_E_ARG, "BROKEN COLUMN: %s", broken);
    dwi_buf_init(&line, dwi_alloc_default());
    for (int64_t row = 0; !o->quiet && row < batch->length; row++) {
        dwi_jw w;
        dwi_buf_clear(&line);
        if (o->numbers)
            dwi_buf_printf(&line, "%lld\t", (long long)(first + row));
        dwi_jw_init(&w, &line);
        dwt_print_value(&w, batch, row);
        dwi_buf_append_byte(&line, '\n');
        (void)fwrite(line.data, 1, line.len, stdout);
    }
    dwi_buf_done(&line);
    return DW_OK;
}

static dw_status cat(const char *path, const options *o, dw_error *err)
{
    const dw_allocator *alloc = dwi_alloc_default();
    const dwi_parquet_read_options read_options = {.memory_bytes = o->memory_bytes,
                                                   .settle_int96 = true};
    FILE *file = fopen(path, "rb");
    counted_file counted = {file, 0, 0};
    dwi_parquet_source source = {.ctx = &counted, .name = path, .read = read_file};
    dwi_arena arena;
    dwi_parquet_reader *reader = NULL;
    dwi_schema *schema = NULL;
    const dwi_type *type;
    dwi_column batch = {0};
    dw_status status;

    if (file == NULL)
        return dwi_err(err, DW_E_NOT_FOUND, "%s: cannot open", path);
    dwi_arena_init(&arena, alloc);
    (void)fseek(file, 0, SEEK_END);
    source.size = (int64_t)ftell(file);
    DWI_TRY(dwi_parquet_reader_open_with(alloc, source, &read_options, &reader, err));
    if (o->rows != NULL) {
        char *comma;
        int64_t first = strtoll(o->rows, &comma, 10);
        dwi_parquet_reader_select_rows(reader, first, strtoll(comma + 1, NULL, 10));
    }
    if (o->filter != NULL)
        DWI_TRY(dwt_filter(&arena, reader, o->filter, err));
    type = dwi_parquet_reader_type(reader);
    if (o->schema != NULL) {
        DWI_TRY(dwi_schema_parse(alloc, dwi_sv_cstr(o->schema), &schema, err));
        type = schema->root;
        DWI_TRY(dwi_parquet_reader_project(reader, type, err));
    }
    DWI_TRY(dwi_column_init(&batch, type, alloc, err));
    do {
        DWI_TRY(dwi_parquet_reader_next(reader, o->batch_rows, &batch, err));
        DWI_TRY(print_batch(&batch, o, dwi_parquet_reader_row(reader), err));
    } while (batch.length > 0);
done:
    if (o->verbose)
        (void)fprintf(stderr, "%d requests, %lld bytes\n", counted.requests,
                      (long long)counted.bytes);
    dwi_column_done(&batch);
    dwi_arena_done(&arena);
    dwi_parquet_reader_free(reader);
    dwi_schema_unref(schema);
    (void)fclose(file);
    return status;
}

int main(int argc, char **argv)
{
    options o = {.batch_rows = 4096};
    dw_error err;
    int option;

    while ((option = getopt(argc, argv, "b:qs:r:f:nm:v")) != -1) {
        if (option == 'b')
            o.batch_rows = strtoll(optarg, NULL, 10);
        else if (option == 'q')
            o.quiet = true;
        else if (option == 's')
            o.schema = optarg;
        else if (option == 'r')
            o.rows = optarg;
        else if (option == 'f')
            o.filter = optarg;
        else if (option == 'n')
            o.numbers = true;
        else if (option == 'v')
            o.verbose = true;
        else if (option == 'm')
            o.memory_bytes = (size_t)strtoull(optarg, NULL, 10);
        else
            return 2;
    }
    for (int i = optind; i < argc; i++) {
        dw_status status = cat(argv[i], &o, &err);
        if (status != DW_OK) {
            (void)fflush(stdout);
            (void)fprintf(stderr, "%s: %s\n", dw_status_name(status), err.message);
            return 1;
        }
    }
    return 0;
}
