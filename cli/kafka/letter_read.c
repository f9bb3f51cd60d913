/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/letter_read.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arrow_json.h"
#include "common/memory.h"

enum { MICROS = 1000 };

/* One row: its columns are found by name, since a table may lack some. */
struct row {
    const struct ArrowSchema *schema;
    const struct ArrowArray *rows;
    int64_t number;
};

static bool find(const struct row *row, const char *name, const struct ArrowSchema **out_schema,
                 const struct ArrowArray **out_array)
{
    for (int64_t i = 0; i < row->schema->n_children; i++) {
        if (strcmp(row->schema->children[i]->name, name) != 0)
            continue;
        *out_schema = row->schema->children[i];
        *out_array = row->rows->children[i];
        return !arrow_is_null(*out_schema, *out_array, row->number);
    }
    return false;
}

static dw_bytes bytes_of(const struct row *row, const char *name)
{
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    dw_bytes bytes = {NULL, 0};

    if (find(row, name, &schema, &array))
        bytes.data = arrow_bytes(array, row->number, &bytes.len);
    return bytes;
}

static char *text_of(const struct row *row, const char *name)
{
    dw_bytes bytes = bytes_of(row, name);
    char *text;

    if (bytes.data == NULL)
        return NULL;
    text = need_alloc(bytes.len + 1, 1);
    memcpy(text, bytes.data, bytes.len);
    return text;
}

static int64_t number_of(const struct row *row, const char *name, int64_t missing)
{
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    int64_t at;

    if (!find(row, name, &schema, &array))
        return missing;
    at = array->offset + row->number;
    return schema->format[0] == 'i' ? ((const int32_t *)array->buffers[1])[at]
                                    : ((const int64_t *)array->buffers[1])[at];
}

/* ---- headers: [["name","base64"],...] ---- */

static int digit(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c == '\0' ? NULL : strchr(alphabet, c);

    return found == NULL ? -1 : (int)(found - alphabet);
}

static dw_bytes decode_base64(const char *text)
{
    unsigned char *data = need_alloc(strlen(text) + 1, 1);
    uint32_t bits = 0;
    size_t len = 0;
    int n = 0;

    for (; digit(*text) >= 0; text++) {
        bits = bits << 6 | (uint32_t)digit(*text);
        if (++n % 4 != 1)
            data[len++] = (unsigned char)(bits >> (6 - 2 * ((n - 1) % 4)) & 0xff);
    }
    return (dw_bytes){data, len};
}

static void read_headers(const struct row *row, struct record *out)
{
    char *text = text_of(row, "headers");
    cJSON *list = text == NULL ? NULL : cJSON_Parse(text);
    struct record_header *headers = need_alloc((size_t)cJSON_GetArraySize(list), sizeof(*headers));
    const cJSON *pair;

    cJSON_ArrayForEach(pair, list)
    {
        const cJSON *name = cJSON_GetArrayItem(pair, 0);
        const cJSON *value = cJSON_GetArrayItem(pair, 1);
        if (!cJSON_IsString(name))
            continue;
        headers[out->n_headers].name = need_strdup(name->valuestring);
        if (cJSON_IsString(value))
            headers[out->n_headers].value = decode_base64(value->valuestring);
        out->n_headers++;
    }
    out->headers = headers;
    cJSON_Delete(list);
    free(text);
}

/* ---- rows ---- */

static void make_letter(const struct row *row, struct letter *out)
{
    int64_t micros = number_of(row, "timestamp", -1);

    *out = (struct letter){.table = text_of(row, "table"),
                           .error_code = text_of(row, "error_code"),
                           .error = text_of(row, "error")};
    out->record = (struct record){.topic = text_of(row, "topic"),
                                  .partition = (int32_t)number_of(row, "partition", -1),
                                  .offset = number_of(row, "offset", -1),
                                  .timestamp_ms = micros < 0 ? -1 : micros / MICROS,
                                  .timestamp_type = micros < 0 ? 0 : 1,
                                  .key = bytes_of(row, "key"),
                                  .value = bytes_of(row, "value")};
    read_headers(row, &out->record);
}

static void free_const(const void *ptr)
{
    free((void *)(uintptr_t)ptr);
}

static void letter_done(struct letter *letter)
{
    for (size_t i = 0; i < letter->record.n_headers; i++) {
        free_const(letter->record.headers[i].name);
        free_const(letter->record.headers[i].value.data);
    }
    free_const(letter->record.headers);
    free_const(letter->record.topic);
    free(letter->table);
    free(letter->error_code);
    free(letter->error);
}

static dw_status stream_error(struct ArrowArrayStream *stream, dw_error *err)
{
    const char *text = stream->get_last_error(stream);

    *err = (dw_error){.code = DW_E_IO, .retryable = true};
    (void)snprintf(err->message, sizeof(err->message), "dead-letter table: %s",
                   text == NULL ? "cannot be read" : text);
    return DW_E_IO;
}

static dw_status read_stream(struct ArrowArrayStream *stream, letter_fn *each, void *ctx,
                             dw_error *err)
{
    struct ArrowSchema schema = {0};
    struct ArrowArray rows = {0};
    dw_status status = DW_OK;
    bool more = true;

    if (stream->get_schema(stream, &schema) != 0)
        return stream_error(stream, err);
    while (more && status == DW_OK) {
        if (stream->get_next(stream, &rows) != 0) {
            status = stream_error(stream, err);
            break;
        }
        if (rows.release == NULL)
            break;
        for (int64_t i = 0; i < rows.length && more; i++) {
            const struct row row = {&schema, &rows, i};
            struct letter letter;
            make_letter(&row, &letter);
            more = each(ctx, &letter);
            letter_done(&letter);
        }
        rows.release(&rows);
    }
    schema.release(&schema);
    return status;
}

dw_status letter_read(dw_table *table, const char *where, letter_fn *each, void *ctx, dw_error *err)
{
    dw_scan_options options = DW_SCAN_OPTIONS_INIT;
    struct ArrowArrayStream stream = {0};
    dw_snapshot *snapshot = NULL;
    dw_status status = dw_snapshot_open(table, -1, &snapshot, err);

    options.batch_rows = 256; /* values may be large */
    options.where = where;
    if (status == DW_OK)
        status = dw_snapshot_scan(snapshot, &options, &stream, err);
    if (status == DW_OK) {
        status = read_stream(&stream, each, ctx, err);
        stream.release(&stream);
    }
    dw_snapshot_close(snapshot);
    return status;
}
