/* SPDX-License-Identifier: Apache-2.0 */
#include "records/debezium.h"

/* Members of `source` that become columns, where they are not null. */
static const struct {
    const char *member, *column;
    const char *type; /* of a column that is made */
} added[] = {{"ts_ms", "__source_ts_ms", "long"},
             {"db", "__source_db", "string"},
             {"schema", "__source_schema", "string"},
             {"table", "__source_table", "string"},
             {"snapshot", "__source_snapshot", "string"},
             {"lsn", "__source_lsn", "long"},
             {"file", "__source_file", "string"},
             {"pos", "__source_pos", "long"},
             {"gtid", "__source_gtid", "string"},
             {"txId", "__source_tx_id", "string"},
             {"scn", "__source_scn", "string"}};

static struct json *object(struct json *value)
{
    return value != NULL && value->kind == JSON_OBJECT ? value : NULL;
}

static void add(struct scratch *scratch, struct json *row, const char *name,
                const struct json *value)
{
    if (value != NULL && value->kind != JSON_NULL)
        json_add_member(row, span_of(name), json_copy(scratch, value));
}

enum decode_result debezium_unwrap(struct scratch *scratch, struct json *event, struct json **out,
                                   struct failure *failure)
{
    struct json *payload = json_member(event, span_of("payload"));
    const struct json *op;
    struct json *source;
    struct json *row;
    bool deleted;

    /* With its schema: {"schema": {...}, "payload": {...}}. */
    if (payload != NULL && json_member(event, span_of("schema")) != NULL)
        event = payload;
    op = json_member(event, span_of("op"));
    if (op == NULL || op->kind != JSON_STRING || op->text.len == 0)
        return failure_bad(failure, "envelope", "NOT_AN_ENVELOPE",
                           "not a change event of Debezium: it has no \"op\"");
    *out = NULL;
    if (span_is(op->text, "t") || span_is(op->text, "m"))
        return DECODE_ROWS;
    deleted = span_is(op->text, "d");
    row = object(json_member(event, span_of(deleted ? "before" : "after")));
    if (row == NULL)
        return failure_bad(
            failure, "envelope", "ENVELOPE_HAS_NO_ROW", "a change event with op %.*s has no \"%s\"",
            op->text.len > 20 ? 20 : (int)op->text.len, op->text.ptr, deleted ? "before" : "after");
    source = object(json_member(event, span_of("source")));
    add(scratch, row, "__op", op);
    json_add_member(row, span_of("__deleted"), json_new(scratch, deleted ? JSON_TRUE : JSON_FALSE));
    add(scratch, row, "__ts_ms", json_member(event, span_of("ts_ms")));
    for (size_t i = 0; i < sizeof(added) / sizeof(*added); i++)
        add(scratch, row, added[i].column, json_member(source, span_of(added[i].member)));
    *out = row;
    return DECODE_ROWS;
}

/* A field of a Delta struct, by name. */
static struct json *schema_field(struct json *type, const char *name)
{
    struct json *fields = json_member(type, span_of("fields"));

    for (struct json *f = fields == NULL ? NULL : fields->first; f != NULL; f = f->next) {
        const struct json *its_name = json_member(f, span_of("name"));
        if (its_name != NULL && span_is(its_name->text, name))
            return f;
    }
    return NULL;
}

static void add_field(struct scratch *scratch, struct json *fields, const char *name,
                      const char *type)
{
    struct json *field = json_new(scratch, JSON_OBJECT);

    json_add_member(field, span_of("name"), json_new_string(scratch, span_of(name)));
    json_add_member(field, span_of("type"), json_new_string(scratch, span_of(type)));
    json_add_member(field, span_of("nullable"), json_new(scratch, JSON_TRUE));
    json_add_member(field, span_of("metadata"), json_new(scratch, JSON_OBJECT));
    json_add(fields, field);
}

struct json *debezium_schema(struct scratch *scratch, struct json *envelope)
{
    struct json *after = schema_field(envelope, "after");
    struct json *row = object(json_member(after, span_of("type")));
    struct json *source = object(json_member(schema_field(envelope, "source"), span_of("type")));
    struct json *fields = json_member(row, span_of("fields"));

    if (fields == NULL)
        return NULL;
    add_field(scratch, fields, "__op", "string");
    add_field(scratch, fields, "__deleted", "boolean");
    add_field(scratch, fields, "__ts_ms", "long");
    for (size_t i = 0; i < sizeof(added) / sizeof(*added); i++) {
        if (source == NULL || schema_field(source, added[i].member) != NULL)
            add_field(scratch, fields, added[i].column, added[i].type);
    }
    return row;
}
