/* SPDX-License-Identifier: Apache-2.0 */
#include "records/text_formats.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/utf8_text.h"
#include "records/json_tree.h"
#include "records/value_json.h"

bool csv_format_init(struct csv_format *format, const struct record_config *config,
                     struct textbuf *out_problem)
{
    format->config = config;
    if (config->csv_header || config->csv_columns.count != 0)
        return true;
    textbuf_puts(out_problem, "CSV needs csv.columns, or csv.header");
    return false;
}

void csv_format_done(struct csv_format *format)
{
    csv_done(&format->csv);
    scratch_done(&format->scratch);
    scratch_done(&format->table);
}

void csv_format_set_table(struct csv_format *format, const char *schema_json)
{
    struct json_error error;
    struct json *root;
    struct json *fields;

    scratch_reset(&format->table);
    format->nested = (struct name_set){0};
    root = schema_json == NULL
               ? NULL
               : json_parse(&format->table, scratch_copy(&format->table, span_of(schema_json)),
                            &error);
    fields = json_member(root, span_of("fields"));
    for (const struct json *f = fields == NULL ? NULL : fields->first; f != NULL; f = f->next) {
        const struct json *name = json_member(f, span_of("name"));
        const struct json *type = json_member(f, span_of("type"));
        if (name == NULL || name->kind != JSON_STRING || type == NULL)
            continue;
        if (type->kind == JSON_OBJECT || span_is(type->text, "variant"))
            name_set_add(&format->nested, &format->table, json_chars(&format->table, name));
    }
}

static enum decode_result bad(struct failure *failure, const char *code, const struct csv *csv,
                              const char *what)
{
    return failure_bad(failure, "decode", code, "line %" PRId64 ": %s", csv->line, what);
}

static void take_header(struct csv_format *format)
{
    const struct csv *csv = &format->csv;

    format->names = scratch_array(&format->scratch, csv->n_fields, sizeof(char *));
    format->n_names = csv->n_fields;
    for (size_t i = 0; i < csv->n_fields; i++) {
        size_t len;
        const char *text = csv_field_text(csv, i, &len);
        format->names[i] =
            (char *)(uintptr_t)scratch_copy(&format->scratch, (struct span){text, len}).ptr;
    }
}

/* Its text is JSON already, and goes where a string would. */
static bool is_nested(struct csv_format *format, size_t i, struct span *out)
{
    struct json_error error;
    size_t len;
    const char *text = csv_field_text(&format->csv, i, &len);
    struct span value = {text, len};

    if (len == 0 || !name_set_has(&format->nested, span_of(format->names[i])))
        return false;
    *out = value;
    return json_parse(&format->scratch, value, &error) != NULL;
}

static void add_row(struct csv_format *format, struct row_list *rows)
{
    struct textbuf *out = &rows->text;
    size_t start = out->len;
    bool any_nested = false;
    struct span json;

    for (size_t i = 0; i < format->n_names; i++)
        any_nested = any_nested || is_nested(format, i, &json);
    if (!any_nested) {
        csv_append_json(out, &format->csv, format->names, format->n_names);
        row_list_made(rows, start);
        return;
    }
    for (size_t i = 0; i < format->n_names; i++) {
        struct csv one = format->csv;
        size_t at;
        textbuf_add(out, i == 0 ? "{" : ",", 1);
        if (is_nested(format, i, &json)) {
            text_json_string(out, format->names[i], strlen(format->names[i]));
            textbuf_add(out, ":", 1);
            textbuf_add(out, json.ptr, json.len);
            continue;
        }
        /* The field alone, without the braces. */
        one.fields = &format->csv.fields[i];
        one.n_fields = 1;
        at = out->len;
        csv_append_json(out, &one, &format->names[i], 1);
        memmove(out->text + at, out->text + at + 1, out->len - at - 1);
        out->len -= 2;
    }
    textbuf_add(out, "}", 1);
    row_list_made(rows, start);
}

static enum decode_result take_record(struct csv_format *format, struct row_list *rows,
                                      struct failure *failure)
{
    if (format->names == NULL) {
        take_header(format);
        return DECODE_ROWS;
    }
    if (format->csv.n_fields != format->n_names)
        return failure_bad(failure, "decode", "CSV_FIELDS", "line %" PRId64 ": %zu fields, not %zu",
                           format->csv.line, format->csv.n_fields, format->n_names);
    add_row(format, rows);
    return DECODE_ROWS;
}

static enum decode_result read_all(struct csv_format *format, struct span data,
                                   struct row_list *rows, struct failure *failure)
{
    struct csv *csv = &format->csv;
    const char *at = data.ptr;
    size_t left = data.len;
    enum decode_result result = DECODE_ROWS;
    bool ended = false;

    while (result == DECODE_ROWS) {
        enum csv_result got = ended ? csv_end(csv) : csv_next(csv, &at, &left);
        if (got == CSV_RECORD)
            result = take_record(format, rows, failure);
        else if (got == CSV_BAD_QUOTE)
            return bad(failure, "CSV_QUOTE", csv, "text after a closing quote");
        else if (got == CSV_OPEN_QUOTE)
            return bad(failure, "CSV_QUOTE", csv, "a quote is not closed");
        else if (got == CSV_TOO_LONG)
            return bad(failure, "PAYLOAD_TOO_LARGE", csv, "the record is too long");
        else if (ended)
            break;
        ended = ended || got == CSV_MORE || (left == 0 && got != CSV_RECORD);
    }
    return result;
}

enum decode_result csv_format_decode(struct csv_format *format, struct span data, size_t max_bytes,
                                     struct row_list *rows, struct failure *failure)
{
    const struct record_config *config = format->config;
    size_t valid = utf8_valid(data.ptr, data.len);

    if (valid != data.len)
        return failure_bad(failure, "decode", "CSV_NOT_UTF8", "offset %zu: invalid UTF-8", valid);
    if (data.len >= 3 && memcmp(data.ptr, "\xef\xbb\xbf", 3) == 0)
        data = (struct span){data.ptr + 3, data.len - 3};
    scratch_reset(&format->scratch);
    csv_done(&format->csv);
    csv_begin(&format->csv, config->csv_delimiter == '\0' ? ',' : config->csv_delimiter, max_bytes);
    format->names = config->csv_header ? NULL : config->csv_columns.items;
    format->n_names = config->csv_header ? 0 : config->csv_columns.count;
    return read_all(format, data, rows, failure);
}

static bool add_bytes(struct textbuf *out, const void *data, size_t len, bool text)
{
    if (data == NULL) {
        textbuf_puts(out, "null");
    } else if (text) {
        if (utf8_valid(data, len) != len)
            return false;
        text_json_string(out, data, len);
    } else {
        textbuf_add(out, "\"", 1);
        textbuf_base64(out, data, len);
        textbuf_add(out, "\"", 1);
    }
    return true;
}

enum decode_result raw_decode(const struct record_config *config, const struct record *record,
                              struct span data, struct row_list *rows, const char **out_schema,
                              struct failure *failure)
{
    static const char text_schema[] =
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"key\",\"type\":\"string\",\"nullable\":true,"
        "\"metadata\":{}},{\"name\":\"value\",\"type\":\"string\",\"nullable\":true,"
        "\"metadata\":{}}]}";
    static const char binary_schema[] =
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"key\",\"type\":\"binary\",\"nullable\":true,"
        "\"metadata\":{}},{\"name\":\"value\",\"type\":\"binary\",\"nullable\":true,"
        "\"metadata\":{}}]}";
    size_t start = rows->text.len;
    bool text = config->raw_as_text;

    textbuf_puts(&rows->text, "{\"key\":");
    if (!add_bytes(&rows->text, record->key.data, record->key.len, text))
        return failure_bad(failure, "decode", "RAW_NOT_UTF8", "the key is not UTF-8");
    textbuf_puts(&rows->text, ",\"value\":");
    if (!add_bytes(&rows->text, data.ptr, data.len, text))
        return failure_bad(failure, "decode", "RAW_NOT_UTF8", "the value is not UTF-8");
    textbuf_puts(&rows->text, "}");
    row_list_made(rows, start);
    *out_schema = text ? text_schema : binary_schema;
    return DECODE_ROWS;
}
