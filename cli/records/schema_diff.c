/* SPDX-License-Identifier: Apache-2.0 */
/* Of the columns that records want, those that a table lacks. */
#include "records/decoder.h"

#include "records/json_tree.h"

static struct json *missing_type(struct scratch *scratch, struct json *have, struct json *want);

static struct span field_name(struct scratch *scratch, const struct json *field)
{
    const struct json *name = json_member(field, span_of("name"));

    return name != NULL && name->kind == JSON_STRING ? json_chars(scratch, name)
                                                     : (struct span){"", 0};
}

static struct json *find_field(struct scratch *scratch, struct json *fields, struct span name)
{
    for (struct json *f = fields->first; f != NULL; f = f->next) {
        if (span_same_name(field_name(scratch, f), name))
            return f;
    }
    return NULL;
}

/* The member of `object`, in its place. */
static void replace(struct json *object, const char *name, struct json *value)
{
    json_remove(object, span_of(name));
    json_add_member(object, span_of(name), value);
}

/* Fields of `want` that are not in `have`, or are with less in them; NULL: none. */
static struct json *missing_fields(struct scratch *scratch, struct json *have, struct json *want,
                                   bool nested)
{
    struct json *missing = json_new(scratch, JSON_ARRAY);

    for (struct json *f = want->first; f != NULL; f = f->next) {
        struct span name = field_name(scratch, f);
        struct json *known = find_field(scratch, have, name);
        struct json *copy = json_copy(scratch, f);
        struct json *type = NULL;
        if (find_field(scratch, missing, name) != NULL)
            continue; /* twice, but for the case of its name */
        if (known != NULL && nested)
            type = missing_type(scratch, json_member(known, span_of("type")),
                                json_member(f, span_of("type")));
        if (known != NULL && type == NULL)
            continue;
        if (type != NULL)
            replace(copy, "type", type);
        json_add(missing, copy);
    }
    return missing->first == NULL ? NULL : missing;
}

/* What a type lacks within it, as a type of the same shape; NULL: nothing. */
static struct json *missing_type(struct scratch *scratch, struct json *have, struct json *want)
{
    static const char *const inner[] = {"elementType", "valueType"};
    struct json *have_fields = json_member(have, span_of("fields"));
    struct json *want_fields = json_member(want, span_of("fields"));
    struct json *missing;
    struct json *copy;

    if (have_fields != NULL && want_fields != NULL) {
        missing = missing_fields(scratch, have_fields, want_fields, true);
        if (missing == NULL)
            return NULL;
        copy = json_copy(scratch, want);
        replace(copy, "fields", missing);
        return copy;
    }
    for (size_t i = 0; i < sizeof(inner) / sizeof(*inner); i++) {
        struct json *a = json_member(have, span_of(inner[i]));
        struct json *b = json_member(want, span_of(inner[i]));
        missing = a == NULL || b == NULL ? NULL : missing_type(scratch, a, b);
        if (missing == NULL)
            continue;
        copy = json_copy(scratch, have); /* keys and nullability are the table's */
        replace(copy, inner[i], missing);
        return copy;
    }
    return NULL;
}

bool decoder_missing_columns(const char *table_schema, const char *wanted_schema, bool nested,
                             struct textbuf *out)
{
    struct scratch scratch = {0};
    struct json_error error;
    struct json *have = json_parse(&scratch, span_of(table_schema), &error);
    struct json *want = json_parse(&scratch, span_of(wanted_schema), &error);
    struct json *have_fields = json_member(have, span_of("fields"));
    struct json *want_fields = json_member(want, span_of("fields"));
    struct json *missing = NULL;

    if (have_fields != NULL && want_fields != NULL)
        missing = missing_fields(&scratch, have_fields, want_fields, nested);
    if (missing != NULL) {
        textbuf_puts(out, "{\"type\":\"struct\",\"fields\":");
        json_write(missing, out);
        textbuf_puts(out, "}");
    }
    scratch_done(&scratch);
    return missing != NULL;
}

static void merge_fields(struct scratch *scratch, struct json *have, struct json *more);

static void merge_type(struct scratch *scratch, struct json *have, struct json *more)
{
    static const char *const inner[] = {"elementType", "valueType"};
    struct json *a = json_member(have, span_of("fields"));
    struct json *b = json_member(more, span_of("fields"));

    if (a != NULL && b != NULL)
        merge_fields(scratch, a, b);
    for (size_t i = 0; i < sizeof(inner) / sizeof(*inner); i++) {
        a = json_member(have, span_of(inner[i]));
        b = json_member(more, span_of(inner[i]));
        if (a != NULL && b != NULL)
            merge_type(scratch, a, b);
    }
}

static void merge_fields(struct scratch *scratch, struct json *have, struct json *more)
{
    for (struct json *f = more->first; f != NULL; f = f->next) {
        struct json *known = find_field(scratch, have, field_name(scratch, f));
        if (known == NULL)
            json_add(have, json_copy(scratch, f));
        else
            merge_type(scratch, json_member(known, span_of("type")),
                       json_member(f, span_of("type")));
    }
}

void decoder_merge_columns(const char *table_schema, const char *missing, struct textbuf *out)
{
    struct scratch scratch = {0};
    struct json_error error;
    struct json *have = json_parse(&scratch, span_of(table_schema), &error);
    struct json *more = json_parse(&scratch, span_of(missing), &error);

    if (have != NULL && more != NULL)
        merge_type(&scratch, have, more);
    if (have != NULL)
        json_write(have, out);
    scratch_done(&scratch);
}
