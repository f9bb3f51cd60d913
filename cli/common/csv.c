/* SPDX-License-Identifier: Apache-2.0 */
#include "common/csv.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum state { AT_START, IN_PLAIN, IN_QUOTES, AFTER_QUOTE };

void csv_begin(struct csv *csv, char delimiter, size_t max_record)
{
    *csv = (struct csv){.delimiter = delimiter, .max_record = max_record, .next_line = 1};
}

void csv_done(struct csv *csv)
{
    textbuf_done(&csv->text);
    free(csv->fields);
    *csv = (struct csv){0};
}

static struct csv_field *last_field(struct csv *csv)
{
    return &csv->fields[csv->n_fields - 1];
}

static void begin_field(struct csv *csv)
{
    if (csv->n_fields == csv->fields_cap) {
        csv->fields_cap = csv->fields_cap == 0 ? 32 : csv->fields_cap * 2;
        csv->fields = need_realloc(csv->fields, csv->fields_cap, sizeof(*csv->fields));
    }
    csv->fields[csv->n_fields++] = (struct csv_field){csv->text.len, 0, false};
    csv->state = AT_START;
}

static void begin_record(struct csv *csv)
{
    csv->text.len = 0;
    csv->n_fields = 0;
    csv->line = csv->next_line;
    csv->started = true;
    begin_field(csv);
}

static void end_field(struct csv *csv)
{
    struct csv_field *field = last_field(csv);

    field->len = csv->text.len - field->start;
}

/* A CR before the newline is not of the field, unless it was in quotes. */
static void end_record(struct csv *csv)
{
    if (csv->state == IN_PLAIN && csv->text.text[csv->text.len - 1] == '\r')
        csv->text.len--;
    end_field(csv);
    csv->started = false;
}

static bool is_blank(const struct csv *csv)
{
    return csv->n_fields == 1 && csv->fields[0].len == 0 && !csv->fields[0].quoted;
}

/* As many bytes as need no look: taken at once. */
static size_t plain_run(const struct csv *csv, const char *data, size_t len)
{
    size_t n = 0;

    if (csv->state == IN_QUOTES)
        while (n < len && data[n] != '"' && data[n] != '\n')
            n++;
    else if (csv->state != AFTER_QUOTE)
        while (n < len && data[n] != csv->delimiter && data[n] != '\n' &&
               !(data[n] == '"' && csv->state == AT_START && n == 0))
            n++;
    return n;
}

/* One byte that means something. False: it may not stand here. */
static bool take_byte(struct csv *csv, char byte)
{
    if (csv->state == IN_QUOTES) {
        if (byte == '"')
            csv->state = AFTER_QUOTE;
        else
            textbuf_add(&csv->text, &byte, 1);
        return true;
    }
    if (byte == csv->delimiter) {
        end_field(csv);
        begin_field(csv);
        return true;
    }
    if (byte == '"' && csv->state == AT_START) {
        last_field(csv)->quoted = true;
        csv->state = IN_QUOTES;
        return true;
    }
    if (byte == '"' && csv->state == AFTER_QUOTE) {
        textbuf_add(&csv->text, &byte, 1);
        csv->state = IN_QUOTES;
        return true;
    }
    return byte == '\r' && csv->state == AFTER_QUOTE;
}

enum csv_result csv_next(struct csv *csv, const char **data, size_t *len)
{
    while (*len > 0) {
        size_t run;
        char byte;
        if (!csv->started)
            begin_record(csv);
        run = plain_run(csv, *data, *len);
        if (run > 0) {
            if (csv->text.len + run > csv->max_record)
                return CSV_TOO_LONG;
            textbuf_add(&csv->text, *data, run);
            if (csv->state == AT_START)
                csv->state = IN_PLAIN;
            *data += run;
            *len -= run;
            continue;
        }
        byte = *(*data)++;
        --*len;
        csv->next_line += byte == '\n';
        if (byte == '\n' && csv->state != IN_QUOTES) {
            end_record(csv);
            if (!is_blank(csv))
                return CSV_RECORD;
        } else if (!take_byte(csv, byte)) {
            return CSV_BAD_QUOTE;
        }
    }
    return CSV_MORE;
}

enum csv_result csv_end(struct csv *csv)
{
    if (!csv->started)
        return CSV_MORE;
    if (csv->state == IN_QUOTES)
        return CSV_OPEN_QUOTE;
    end_record(csv);
    return is_blank(csv) ? CSV_MORE : CSV_RECORD;
}

const char *csv_field_text(const struct csv *csv, size_t i, size_t *out_len)
{
    *out_len = csv->fields[i].len;
    return csv->text.text == NULL ? "" : csv->text.text + csv->fields[i].start;
}

static size_t digits(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

/* A number as JSON writes it: -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)? */
static bool is_json_number(const char *text, size_t len)
{
    size_t i = len > 0 && text[0] == '-';
    size_t n = digits(text + i, len - i);

    if (n == 0 || (n > 1 && text[i] == '0'))
        return false;
    i += n;
    if (i < len && text[i] == '.') {
        n = digits(text + i + 1, len - i - 1);
        if (n == 0)
            return false;
        i += n + 1;
    }
    if (i < len && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        if (i < len && (text[i] == '+' || text[i] == '-'))
            i++;
        n = digits(text + i, len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return i == len;
}

enum csv_kind csv_field_kind(const struct csv *csv, size_t i)
{
    size_t len;
    const char *text = csv_field_text(csv, i, &len);

    if (csv->fields[i].quoted)
        return CSV_TEXT;
    if (len == 0)
        return CSV_NULL;
    if ((len == 4 && memcmp(text, "true", 4) == 0) || (len == 5 && memcmp(text, "false", 5) == 0))
        return CSV_BOOLEAN;
    if (!is_json_number(text, len))
        return CSV_TEXT;
    return digits(text + (text[0] == '-'), len - (text[0] == '-')) == len - (text[0] == '-')
               ? CSV_WHOLE
               : CSV_NUMBER;
}

void csv_append_json(struct textbuf *out, const struct csv *csv, char *const *names, size_t count)
{
    textbuf_puts(out, "{");
    for (size_t i = 0; i < csv->n_fields && i < count; i++) {
        size_t len;
        const char *text = csv_field_text(csv, i, &len);
        textbuf_puts(out, i == 0 ? "" : ",");
        textbuf_json_string(out, names[i], strlen(names[i]));
        textbuf_puts(out, ":");
        switch (csv_field_kind(csv, i)) {
        case CSV_NULL:
            textbuf_puts(out, "null");
            break;
        case CSV_TEXT:
            textbuf_json_string(out, text, len);
            break;
        default:
            textbuf_add(out, text, len);
        }
    }
    textbuf_puts(out, "}");
}
