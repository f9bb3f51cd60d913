/* SPDX-License-Identifier: Apache-2.0 */
#include "config/record_check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/config_layers.h"
#include "records/decoder.h"

struct checker {
    const struct config *config;
    size_t source;
    const struct record_config *records;
    struct textbuf *problem;
};

static bool fail(const struct checker *c, const char *setting, const char *reason)
{
    return config_fail_at(c->config, "sources", c->source, setting, reason, c->problem);
}

/* Was it given, rather than left at its default? */
static bool given(const struct checker *c, const char *setting)
{
    const struct config_origin *origin;
    struct textbuf path = {0};

    textbuf_printf(&path, "sources[%zu].%s", c->source, setting);
    origin = origin_find(c->config->origins, path.text);
    textbuf_done(&path);
    return origin != NULL && origin->layer != LAYER_DEFAULT;
}

static bool is_framed(enum record_format format)
{
    return format == FORMAT_AVRO || format == FORMAT_PROTOBUF || format == FORMAT_JSON_SCHEMA;
}

/* ---- formats ---- */

/* Settings of another format have no effect, which nobody means. */
static bool check_effects(const struct checker *c)
{
    static const struct {
        const char *setting;
        unsigned formats; /* bits, 1 << enum record_format */
        const char *reason;
    } rules[] = {
        {"schema_file", 1u << FORMAT_AVRO, "is for the format avro alone"},
        {"descriptor_file", 1u << FORMAT_PROTOBUF, "is for the format protobuf alone"},
        {"message", 1u << FORMAT_PROTOBUF, "is for the format protobuf alone"},
        {"csv.delimiter", 1u << FORMAT_CSV, "is for the format csv alone"},
        {"csv.header", 1u << FORMAT_CSV, "is for the format csv alone"},
        {"csv.columns", 1u << FORMAT_CSV, "is for the format csv alone"},
        {"raw_as_text", 1u << FORMAT_RAW, "is for the format raw alone"},
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if ((rules[i].formats & (1u << c->records->format)) == 0 && given(c, rules[i].setting))
            return fail(c, rules[i].setting, rules[i].reason);
    }
    if (given(c, "flatten_separator") && !c->records->flatten)
        return fail(c, "flatten_separator", "is of no use without flatten: true");
    if (c->records->debezium &&
        (c->records->format == FORMAT_CSV || c->records->format == FORMAT_RAW))
        return fail(c, "debezium", "change events are json, avro or protobuf");
    return true;
}

static bool check_format(const struct checker *c)
{
    const struct record_config *records = c->records;
    bool registry = records->registry.url != NULL;

    switch (records->format) {
    case FORMAT_JSON_SCHEMA:
        return registry || fail(c, "format", "json_schema needs registry.url");
    case FORMAT_AVRO:
        return registry || records->schema_file != NULL ||
               fail(c, "format", "avro needs registry.url or schema_file");
    case FORMAT_PROTOBUF:
        if (!registry && records->descriptor_file == NULL)
            return fail(c, "format", "protobuf needs registry.url or descriptor_file");
        return records->descriptor_file == NULL || records->message != NULL ||
               fail(c, "descriptor_file", "needs message, the full name of the record's message");
    case FORMAT_CSV:
        if (records->csv_header && records->csv_columns.count > 0)
            return fail(c, "csv.columns",
                        "is given, and csv.header is true; leave one of them out");
        return records->csv_header || records->csv_columns.count > 0 ||
               fail(c, "format", "csv needs csv.columns or csv.header: true");
    default:
        return true;
    }
}

static bool check_file(const struct checker *c, const char *setting, const char *file)
{
    struct textbuf why = {0};
    FILE *stream = file == NULL ? NULL : fopen(file, "rb");

    if (file != NULL && stream == NULL) {
        textbuf_printf(&why, "%s cannot be read", file);
        (void)fail(c, setting, why.text);
    }
    if (stream != NULL)
        (void)fclose(stream);
    textbuf_done(&why);
    return c->problem->len == 0;
}

static bool check_registry(const struct checker *c)
{
    const struct registry_config *registry = &c->records->registry;
    const char *url = registry->url;

    while (url != NULL && *url != '\0') {
        size_t len = strcspn(url, ",");
        size_t scheme = strncasecmp(url, "https://", 8) == 0  ? 8
                        : strncasecmp(url, "http://", 7) == 0 ? 7
                                                              : 0;

        if (scheme == 0 || len <= scheme)
            return fail(c, "registry.url", "is not http://HOST:PORT or https://HOST:PORT");
        url += len + (url[len] == ',');
    }
    if (registry->user != NULL && registry->password == NULL)
        return fail(c, "registry.user", "needs registry.password too");
    if (registry->password != NULL && registry->user == NULL)
        return fail(c, "registry.password", "needs registry.user too");
    if (registry->bearer_token != NULL && registry->user != NULL)
        return fail(c, "registry.bearer_token",
                    "is given, and so is registry.user; leave one of them out");
    if ((registry->cert_file == NULL) != (registry->key_file == NULL))
        return fail(c, registry->cert_file == NULL ? "registry.key_file" : "registry.cert_file",
                    "a certificate and its private key are needed, or neither");
    if (registry->url == NULL && is_framed(c->records->format) && registry->user != NULL)
        return fail(c, "registry.user", "is of no use without registry.url");
    return check_file(c, "registry.ca_file", registry->ca_file) &&
           check_file(c, "registry.cert_file", registry->cert_file) &&
           check_file(c, "registry.key_file", registry->key_file);
}

/* ---- columns ---- */

static bool fail_column(const struct checker *c, size_t column, const char *setting,
                        const char *reason)
{
    struct textbuf path = {0};

    textbuf_printf(&path, "transforms[%zu].%s", column, setting);
    (void)fail(c, path.text, reason);
    textbuf_done(&path);
    return false;
}

static bool given_in_column(const struct checker *c, size_t column, const char *setting)
{
    struct textbuf path = {0};
    bool is_given;

    textbuf_printf(&path, "transforms[%zu].%s", column, setting);
    is_given = given(c, path.text);
    textbuf_done(&path);
    return is_given;
}

static bool check_column(const struct checker *c, size_t index)
{
    const struct column_config *column = &c->records->columns[index];

    for (size_t i = 0; i < index; i++) {
        if (strcmp(c->records->columns[i].name, column->name) == 0)
            return fail_column(c, index, "column", "another transform makes this column");
    }
    if (column->constant != NULL && column->source != NULL)
        return fail_column(c, index, "constant",
                           "is given, and so is source; leave one of them out");
    if (column->constant != NULL && column->fallback != NULL)
        return fail_column(c, index, "default", "a constant is never missing");
    if (column->function == COLUMN_SUBSTRING && !given_in_column(c, index, "from") &&
        !given_in_column(c, index, "length"))
        return fail_column(c, index, "function", "substring needs from, length or both");
    if (column->function != COLUMN_SUBSTRING && given_in_column(c, index, "from"))
        return fail_column(c, index, "from", "is for the function substring alone");
    if (column->function != COLUMN_SUBSTRING && given_in_column(c, index, "length"))
        return fail_column(c, index, "length", "is for the function substring alone");
    return true;
}

static bool check_names(const struct checker *c)
{
    const struct metadata_columns *m = &c->records->metadata;
    const struct {
        const char *setting;
        const char *name;
    } columns[] = {{"metadata.topic", m->topic},
                   {"metadata.partition", m->partition},
                   {"metadata.offset", m->offset},
                   {"metadata.timestamp", m->timestamp},
                   {"metadata.timestamp_type", m->timestamp_type},
                   {"metadata.key", m->key},
                   {"metadata.headers", m->headers},
                   {"rescue_column", c->records->rescue_column}};

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (columns[i].name == NULL)
            continue;
        for (size_t j = 0; j < i; j++) {
            if (columns[j].name != NULL && strcasecmp(columns[i].name, columns[j].name) == 0)
                return fail(c, columns[i].setting, "another setting makes a column of this name");
        }
        for (size_t j = 0; j < c->records->n_columns; j++) {
            if (strcasecmp(columns[i].name, c->records->columns[j].name) == 0)
                return fail(c, columns[i].setting, "a transform makes a column of this name");
        }
    }
    return true;
}

/* ---- what the decoder says ---- */

/* The transform that "column NAME: ..." is about. */
static bool fail_named_column(const struct checker *c, const char *text)
{
    for (size_t i = 0; i < c->records->n_columns; i++) {
        const char *name = c->records->columns[i].name;
        size_t len = strlen(name);

        if (strncmp(text, name, len) == 0 && strncmp(text + len, ": ", 2) == 0)
            return fail_column(c, i,
                               strstr(text, "no type") != NULL      ? "type"
                               : strstr(text, "not a path") != NULL ? "source"
                                                                    : "column",
                               text + len + 2);
    }
    return fail(c, "transforms", text);
}

/* Its messages begin with what they are about. */
static bool fail_decoder(const struct checker *c, const char *text)
{
    static const char *const settings[] = {"filter", "jq", "drop"};

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        size_t len = strlen(settings[i]);

        if (strncmp(text, settings[i], len) == 0 && strncmp(text + len, ": ", 2) == 0)
            return fail(c, settings[i], text + len + 2);
    }
    if (strncmp(text, "column ", 7) == 0)
        return fail_named_column(c, text + 7);
    if (c->records->schema_file != NULL &&
        strncmp(text, c->records->schema_file, strlen(c->records->schema_file)) == 0)
        return fail(c, "schema_file", text);
    if (c->records->descriptor_file != NULL &&
        strncmp(text, c->records->descriptor_file, strlen(c->records->descriptor_file)) == 0)
        return fail(c, "descriptor_file", text);
    return fail(c, strncmp(text, "schema registry", 15) == 0 ? "registry.url" : "format", text);
}

/* Filters, programs and schemas are read as they will be read again; nothing is contacted. */
static bool check_decoder(const struct checker *c)
{
    struct registry *registry = registry_new(&c->records->registry);
    struct textbuf why = {0};
    struct decoder *decoder = decoder_new(c->records, registry, &why);
    bool ok = decoder != NULL || fail_decoder(c, why.text);

    decoder_free(decoder);
    registry_unref(registry);
    textbuf_done(&why);
    return ok;
}

bool record_check(const struct config *config, size_t source, struct textbuf *problem)
{
    struct checker c = {config, source, &config->sources[source].records, problem};

    for (size_t i = 0; i < c.records->n_columns; i++) {
        if (!check_column(&c, i))
            return false;
    }
    return check_effects(&c) && check_registry(&c) && check_format(&c) && check_names(&c) &&
           check_file(&c, "schema_file", c.records->schema_file) &&
           check_file(&c, "descriptor_file", c.records->descriptor_file) && check_decoder(&c);
}
