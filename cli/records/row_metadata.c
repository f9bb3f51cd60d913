/* SPDX-License-Identifier: Apache-2.0 */
/* Where a record comes from, as columns. */
#include "records/row_plan_parts.h"

#include "common/utf8_text.h"
#include "records/value_json.h"

static struct json *text_json(struct scratch *scratch, struct textbuf *text)
{
    struct json *value =
        json_new_string(scratch, scratch_copy(scratch, (struct span){text->text, text->len}));

    textbuf_done(text);
    return value;
}

static struct json *base64(struct scratch *scratch, dw_bytes bytes)
{
    struct textbuf text = {0};

    textbuf_base64(&text, bytes.data, bytes.len);
    return text_json(scratch, &text);
}

static void put(struct scratch *scratch, struct json *row, const char *name, struct json *value)
{
    struct span column = scratch_copy(scratch, span_of(name));

    json_remove(row, column);
    json_add_member(row, column, value);
}

/* NULL: bytes that are no text. */
static struct json *bytes_json(struct scratch *scratch, dw_bytes bytes, bool text)
{
    struct span chars = {(const char *)bytes.data, bytes.len};

    if (bytes.data == NULL)
        return json_new(scratch, JSON_NULL);
    if (!text)
        return base64(scratch, bytes);
    return utf8_valid(chars.ptr, chars.len) == chars.len ? json_new_string(scratch, chars) : NULL;
}

static enum decode_result add_key(const struct row_plan *plan, struct scratch *scratch,
                                  struct json *row, const struct record *record,
                                  struct failure *failure)
{
    struct json *value = bytes_json(scratch, record->key, plan->key_form == FORM_TEXT);

    if (value == NULL)
        return failure_bad(failure, "transform", "KEY_IS_NOT_TEXT",
                           "the key is not UTF-8, which the string column %s would need: make it "
                           "binary",
                           plan->config->metadata.key);
    put(scratch, row, plan->config->metadata.key, value);
    return DECODE_ROWS;
}

/* An array of structs; or, where the column is one, a map, in which the last of a name counts and
 * what is no text is base64. */
static struct json *headers_json(const struct row_plan *plan, struct scratch *scratch,
                                 const struct record *record)
{
    bool map = plan->headers_form == FORM_MAP;
    struct json *all = json_new(scratch, map ? JSON_OBJECT : JSON_ARRAY);

    for (size_t i = 0; i < record->n_headers; i++) {
        const struct record_header *header = &record->headers[i];
        struct span name = scratch_copy(scratch, span_of(header->name));
        struct json *value = bytes_json(scratch, header->value, map);
        struct json *entry;
        if (value == NULL)
            value = base64(scratch, header->value);
        if (map) {
            json_add_member(all, name, value);
            continue;
        }
        entry = json_new(scratch, JSON_OBJECT);
        json_add_member(entry, span_of("key"), json_new_string(scratch, name));
        json_add_member(entry, span_of("value"), value);
        json_add(all, entry);
    }
    return all;
}

static struct json *timestamp_json(struct scratch *scratch, int64_t ms)
{
    struct textbuf text = {0};

    if (ms < 0)
        return json_new(scratch, JSON_NULL);
    text_timestamp(&text, ms, 3, true);
    return text_json(scratch, &text);
}

static struct json *timestamp_type_json(struct scratch *scratch, int type)
{
    if (type != 1 && type != 2)
        return json_new(scratch, JSON_NULL);
    return json_new_string(scratch, span_of(type == 1 ? "CreateTime" : "LogAppendTime"));
}

enum decode_result row_metadata_add(const struct row_plan *plan, struct scratch *scratch,
                                    struct json *row, const struct record *record,
                                    struct failure *failure)
{
    const struct metadata_columns *names = &plan->config->metadata;

    if (names->topic != NULL)
        put(scratch, row, names->topic,
            json_new_string(scratch, span_of(record->topic == NULL ? "" : record->topic)));
    if (names->partition != NULL)
        put(scratch, row, names->partition, json_new_int(scratch, record->partition));
    if (names->offset != NULL)
        put(scratch, row, names->offset, json_new_int(scratch, record->offset));
    if (names->timestamp != NULL)
        put(scratch, row, names->timestamp, timestamp_json(scratch, record->timestamp_ms));
    if (names->timestamp_type != NULL)
        put(scratch, row, names->timestamp_type,
            timestamp_type_json(scratch, record->timestamp_type));
    if (names->headers != NULL)
        put(scratch, row, names->headers, headers_json(plan, scratch, record));
    return names->key == NULL ? DECODE_ROWS : add_key(plan, scratch, row, record, failure);
}

void row_metadata_types(const struct row_plan *plan,
                        void (*each)(void *ctx, const char *name, const char *type_json), void *ctx)
{
    static const char headers[] =
        "{\"type\":\"array\",\"elementType\":{\"type\":\"struct\",\"fields\":[{\"name\":\"key\","
        "\"type\":\"string\",\"nullable\":true,\"metadata\":{}},{\"name\":\"value\",\"type\":"
        "\"binary\",\"nullable\":true,\"metadata\":{}}]},\"containsNull\":true}";
    const struct metadata_columns *m = &plan->config->metadata;
    const struct {
        const char *name, *type;
    } columns[] = {{m->topic, "\"string\""},
                   {m->partition, "\"integer\""},
                   {m->offset, "\"long\""},
                   {m->timestamp, "\"timestamp\""},
                   {m->timestamp_type, "\"string\""},
                   {m->key, "\"string\""},
                   {m->headers, headers}};

    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
        if (columns[i].name != NULL)
            each(ctx, columns[i].name, columns[i].type);
    }
}
