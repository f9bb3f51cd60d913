/* SPDX-License-Identifier: Apache-2.0 */
/* How fast JSON records become columns, on one core: bench-json EVENTS.ndjson [PASSES]. Prints the
 * best and the median pass, by CPU time, so that other programs disturb little. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "columns/json_decode.h"

enum { BATCH_ROWS = 10000, MAX_PASSES = 1000 };

static const char schema_json[] =
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"timestamp\",\"type\":\"timestamp\"},"
    "{\"name\":\"channel\",\"type\":\"string\"},{\"name\":\"platform\",\"type\":\"string\"},"
    "{\"name\":\"event_type\",\"type\":\"string\"},{\"name\":\"event_category\",\"type\":"
    "\"string\"},{\"name\":\"resource_id\",\"type\":\"string\"},{\"name\":\"resource_title\","
    "\"type\":\"string\"},{\"name\":\"interaction_target\",\"type\":\"string\"},{\"name\":"
    "\"session_id\",\"type\":\"string\"},{\"name\":\"user_id\",\"type\":\"string\"},{\"name\":"
    "\"device_id\",\"type\":\"string\"},{\"name\":\"user_agent\",\"type\":\"string\"},{\"name\":"
    "\"client_version\",\"type\":\"string\"},{\"name\":\"interaction_text\",\"type\":\"string\"},"
    "{\"name\":\"metadata\",\"type\":\"string\"},{\"name\":\"interaction_value\",\"type\":"
    "\"double\"}]}";

static char *read_file(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long len = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        len = ftell(file);
    if (len > 0 && fseek(file, 0, SEEK_SET) == 0)
        text = malloc((size_t)len);
    if (text != NULL && fread(text, 1, (size_t)len, file) != (size_t)len) {
        free(text);
        text = NULL;
    }
    if (file != NULL)
        (void)fclose(file);
    *out_len = text == NULL ? 0 : (size_t)len;
    return text;
}

/* One pass over the file; seconds of CPU, or a negative number. */
static double pass(dwi_json_decoder *decoder, const char *text, size_t len, int64_t *out_rows)
{
    dwi_column *rows = dwi_json_decoder_rows(decoder);
    const char *end = text + len;
    dw_error err = DW_ERROR_INIT;
    clock_t start = clock();

    *out_rows = 0;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t line = (size_t)((newline == NULL ? end : newline) - text);
        if (line > 0 && dwi_json_decode(decoder, (dw_bytes){text, line}, &err) != DW_OK) {
            fprintf(stderr, "line %lld: %s\n", (long long)*out_rows, err.message);
            return -1;
        }
        ++*out_rows;
        if (rows->length == BATCH_ROWS)
            dwi_column_clear(rows);
        text += line + 1;
    }
    dwi_column_clear(rows);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int passes = argc > 2 ? atoi(argv[2]) : 11;
    dwi_schema *schema = NULL;
    dwi_json_decoder *decoder = NULL;
    dw_error err = DW_ERROR_INIT;
    double seconds[MAX_PASSES];
    int64_t rows = 0;
    size_t len;
    char *text = argc > 1 ? read_file(argv[1], &len) : NULL;

    if (text == NULL || passes < 1 || passes > MAX_PASSES) {
        fprintf(stderr, "usage: bench-json EVENTS.ndjson [PASSES]\n");
        return 2;
    }
    if (dwi_schema_parse(dwi_alloc_default(), DWI_SV(schema_json), &schema, &err) != DW_OK ||
        dwi_json_decoder_new(dwi_alloc_default(), schema->root, (dwi_new_field){0}, &decoder,
                             &err) != DW_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (int i = 0; i < passes; i++) {
        seconds[i] = pass(decoder, text, len, &rows);
        if (seconds[i] < 0)
            return 1;
    }
    qsort(seconds, (size_t)passes, sizeof(seconds[0]), by_size);
    for (int i = 0; i < 2; i++) {
        double s = seconds[i == 0 ? 0 : passes / 2];
        printf("%s of %d: %.0f MB/s, %.2f million rows/s (%lld rows, %.1f bytes each)\n",
               i == 0 ? "best" : "median", passes, (double)len / s / 1e6, (double)rows / s / 1e6,
               (long long)rows, (double)len / (double)rows);
    }
    dwi_json_decoder_free(decoder);
    dwi_schema_unref(schema);
    free(text);
    return 0;
}
