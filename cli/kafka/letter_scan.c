/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/letter_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { COLUMN_TOPIC, COLUMN_PARTITION, COLUMN_OFFSET, N_COLUMNS };

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

static void note(struct partition *p, int64_t offset)
{
    if ((p->n_known_bad & (p->n_known_bad - 1)) == 0)
        p->known_bad = need_realloc(p->known_bad, p->n_known_bad == 0 ? 1 : p->n_known_bad * 2,
                                    sizeof(*p->known_bad));
    p->known_bad[p->n_known_bad++] = offset;
}

static void note_row(const struct partition_list *partitions, dw_bytes topic, int32_t number,
                     int64_t offset)
{
    for (size_t i = 0; i < partitions->count; i++) {
        struct partition *p = partitions->items[i];
        if (p->number == number && offset >= p->committed && strlen(p->topic) == topic.len &&
            memcmp(p->topic, topic.data, topic.len) == 0)
            note(p, offset);
    }
}

static void note_rows(const struct partition_list *partitions, const struct ArrowArray *rows,
                      bool wide)
{
    const struct ArrowArray *topics = rows->children[COLUMN_TOPIC];
    const struct ArrowArray *numbers = rows->children[COLUMN_PARTITION];
    const struct ArrowArray *offsets = rows->children[COLUMN_OFFSET];

    for (int64_t i = 0; i < rows->length; i++) {
        int64_t row = rows->offset + i;
        const int32_t *number = numbers->buffers[1];
        const int64_t *offset = offsets->buffers[1];
        if (is_valid(topics, row) && is_valid(numbers, row) && is_valid(offsets, row))
            note_row(partitions, text_at(topics, wide, row), number[numbers->offset + row],
                     offset[offsets->offset + row]);
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

static dw_status check_schema(const struct ArrowSchema *schema, bool *out_wide, dw_error *err)
{
    static const char *const formats[N_COLUMNS] = {"u", "i", "l"};

    for (int i = 0; i < N_COLUMNS; i++) {
        const char *format = schema->children[i]->format;
        if (strcmp(format, formats[i]) == 0 || (i == COLUMN_TOPIC && strcmp(format, "U") == 0))
            continue;
        *err = (dw_error){.code = DW_E_UNSUPPORTED};
        (void)snprintf(err->message, sizeof(err->message),
                       "dead-letter table: column %s has another type than the one we make",
                       schema->children[i]->name);
        return DW_E_UNSUPPORTED;
    }
    *out_wide = strcmp(schema->children[COLUMN_TOPIC]->format, "U") == 0;
    return DW_OK;
}

static dw_status read_stream(const struct partition_list *partitions,
                             struct ArrowArrayStream *stream, dw_error *err)
{
    struct ArrowSchema schema = {0};
    struct ArrowArray rows = {0};
    bool wide = false;
    dw_status status;

    if (stream->get_schema(stream, &schema) != 0)
        return stream_error(stream, err);
    status = check_schema(&schema, &wide, err);
    schema.release(&schema);
    while (status == DW_OK) {
        if (stream->get_next(stream, &rows) != 0)
            return stream_error(stream, err);
        if (rows.release == NULL)
            break;
        note_rows(partitions, &rows, wide);
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

dw_status letter_scan(dw_table *table, const struct partition_list *partitions, dw_error *err)
{
    static const char *const columns[N_COLUMNS] = {"topic", "partition", "offset"};
    dw_scan_options options = DW_SCAN_OPTIONS_INIT;
    struct ArrowArrayStream stream = {0};
    dw_snapshot *snapshot = NULL;
    dw_status status;

    options.columns = columns;
    options.n_columns = N_COLUMNS;
    status = dw_snapshot_open(table, -1, &snapshot, err);
    if (status == DW_OK)
        status = dw_snapshot_scan(snapshot, &options, &stream, err);
    if (status == DW_OK) {
        status = read_stream(partitions, &stream, err);
        stream.release(&stream);
    }
    dw_snapshot_close(snapshot);
    for (size_t i = 0; i < partitions->count; i++) {
        struct partition *p = partitions->items[i];
        if (p->n_known_bad != 0)
            qsort(p->known_bad, p->n_known_bad, sizeof(*p->known_bad), compare_offsets);
    }
    return status;
}
