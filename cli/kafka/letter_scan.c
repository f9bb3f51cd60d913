/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/letter_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { COLUMN_TOPIC, COLUMN_PARTITION, COLUMN_OFFSET, COLUMN_TABLE, N_COLUMNS };

struct scan {
    const char *uri;
    struct seat *const *seats;
    size_t n_seats;
    size_t n_columns;     /* without COLUMN_TABLE when the table has none */
    bool wide[N_COLUMNS]; /* text with 64-bit offsets */
};

static bool is_valid(const struct ArrowArray *column, int64_t row)
{
    const uint8_t *bits = column->n_buffers > 0 ? column->buffers[0] : NULL;

    row += column->offset;
    return bits == NULL || (bits[row / 8] >> (row % 8) & 1) != 0;
}

/* The bytes of one text value; offsets are 32 or 64 bits wide, by the column's format. */
static dw_bytes text_at(const struct ArrowArray *column, bool wide, int64_t row)
{
    const char *data = column->buffers[2];
    const int32_t *narrow_ends = column->buffers[1];
    const int64_t *wide_ends = column->buffers[1];
    int64_t at = column->offset + row;
    int64_t from = wide ? wide_ends[at] : narrow_ends[at];
    int64_t to = wide ? wide_ends[at + 1] : narrow_ends[at + 1];

    return (dw_bytes){data == NULL ? "" : data + from, (size_t)(to - from)};
}

static void note(struct seat *p, int64_t offset)
{
    if ((p->n_known_bad & (p->n_known_bad - 1)) == 0)
        p->known_bad = need_realloc(p->known_bad, p->n_known_bad == 0 ? 1 : p->n_known_bad * 2,
                                    sizeof(*p->known_bad));
    p->known_bad[p->n_known_bad++] = offset;
}

static bool is_text(dw_bytes text, const char *wanted)
{
    return strlen(wanted) == text.len && memcmp(wanted, text.data, text.len) == 0;
}

static void note_row(const struct scan *scan, dw_bytes topic, int32_t number, int64_t offset,
                     bool for_us, bool for_all)
{
    for (size_t i = 0; i < scan->n_seats; i++) {
        struct seat *seat = scan->seats[i];
        const struct partition *p = seat->partition;
        if ((seat->shared ? for_us : for_all) && p->number == number && offset >= seat->committed &&
            is_text(topic, p->topic))
            note(seat, offset);
    }
}

static void note_rows(const struct scan *scan, const struct ArrowArray *rows)
{
    const struct ArrowArray *topics = rows->children[COLUMN_TOPIC];
    const struct ArrowArray *numbers = rows->children[COLUMN_PARTITION];
    const struct ArrowArray *offsets = rows->children[COLUMN_OFFSET];
    const struct ArrowArray *tables =
        scan->n_columns > COLUMN_TABLE ? rows->children[COLUMN_TABLE] : NULL;

    for (int64_t i = 0; i < rows->length; i++) {
        int64_t row = rows->offset + i;
        const int32_t *number = numbers->buffers[1];
        const int64_t *offset = offsets->buffers[1];
        bool named = tables != NULL && is_valid(tables, row);
        bool for_us = named && is_text(text_at(tables, scan->wide[COLUMN_TABLE], row), scan->uri);
        if (is_valid(topics, row) && is_valid(numbers, row) && is_valid(offsets, row))
            note_row(scan, text_at(topics, scan->wide[COLUMN_TOPIC], row),
                     number[numbers->offset + row], offset[offsets->offset + row], for_us,
                     !named || for_us);
    }
}

static dw_status stream_error(struct ArrowArrayStream *stream, dw_error *err)
{
    const char *text = stream->get_last_error(stream);

    *err = (dw_error){.code = DW_E_IO, .retryable = true};
    (void)snprintf(err->message, sizeof(err->message), "dead-letter table: %s",
                   text == NULL ? "cannot be read" : text);
    return DW_E_IO;
}

static dw_status check_schema(struct scan *scan, const struct ArrowSchema *schema, dw_error *err)
{
    static const char *const formats[N_COLUMNS] = {"u", "i", "l", "u"};

    for (size_t i = 0; i < scan->n_columns; i++) {
        const char *format = schema->children[i]->format;
        scan->wide[i] = formats[i][0] == 'u' && strcmp(format, "U") == 0;
        if (strcmp(format, formats[i]) == 0 || scan->wide[i])
            continue;
        *err = (dw_error){.code = DW_E_UNSUPPORTED};
        (void)snprintf(err->message, sizeof(err->message),
                       "dead-letter table: column %s has another type than the one we make",
                       schema->children[i]->name);
        return DW_E_UNSUPPORTED;
    }
    return DW_OK;
}

static dw_status read_stream(struct scan *scan, struct ArrowArrayStream *stream, dw_error *err)
{
    struct ArrowSchema schema = {0};
    struct ArrowArray rows = {0};
    dw_status status;

    if (stream->get_schema(stream, &schema) != 0)
        return stream_error(stream, err);
    status = check_schema(scan, &schema, err);
    schema.release(&schema);
    while (status == DW_OK) {
        if (stream->get_next(stream, &rows) != 0)
            return stream_error(stream, err);
        if (rows.release == NULL)
            break;
        note_rows(scan, &rows);
        rows.release(&rows);
    }
    return status;
}

static int compare_offsets(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* The column comes with the first record that needs it. */
static bool has_table_column(dw_snapshot *snapshot)
{
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_error err = DW_ERROR_INIT;

    return dw_snapshot_get_info(snapshot, &info, &err) == DW_OK &&
           strstr(info.schema_json, "\"name\":\"table\"") != NULL;
}

dw_status letter_scan(dw_table *table, const char *uri, struct seat *const *seats, size_t count,
                      dw_error *err)
{
    static const char *const columns[N_COLUMNS] = {"topic", "partition", "offset", "table"};
    struct scan scan = {.uri = uri, .seats = seats, .n_seats = count, .n_columns = N_COLUMNS};
    dw_scan_options options = DW_SCAN_OPTIONS_INIT;
    struct ArrowArrayStream stream = {0};
    dw_snapshot *snapshot = NULL;
    dw_status status = dw_snapshot_open(table, -1, &snapshot, err);

    if (status == DW_OK && !has_table_column(snapshot))
        scan.n_columns = COLUMN_TABLE;
    options.columns = columns;
    options.n_columns = scan.n_columns;
    if (status == DW_OK)
        status = dw_snapshot_scan(snapshot, &options, &stream, err);
    if (status == DW_OK) {
        status = read_stream(&scan, &stream, err);
        stream.release(&stream);
    }
    dw_snapshot_close(snapshot);
    for (size_t i = 0; i < count; i++) {
        struct seat *seat = seats[i];
        if (seat->n_known_bad != 0)
            qsort(seat->known_bad, seat->n_known_bad, sizeof(*seat->known_bad), compare_offsets);
    }
    return status;
}
