/* SPDX-License-Identifier: Apache-2.0 */
#include "record_settings.h"

#include <stdlib.h>
#include <string.h>

/* The index of `name` in a list that ends with NULL; -1. */
static int word_index(const char *name, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], name) == 0)
            return i;
    }
    return -1;
}

static bool column_part(struct column_config *column, const char *key, char *value)
{
    static const char *const functions[] = {"as_is", "date",      "year", "month", "day",   "hour",
                                            "hour_", "substring", "hash", "lower", "upper", NULL};
    static const enum column_function kinds[] = {
        COLUMN_AS_IS, COLUMN_DATE,      COLUMN_YEAR, COLUMN_MONTH, COLUMN_DAY,  COLUMN_HOUR,
        COLUMN_HOUR,  COLUMN_SUBSTRING, COLUMN_HASH, COLUMN_LOWER, COLUMN_UPPER};
    int function;

    if (strcmp(key, "name") == 0)
        column->name = value;
    else if (strcmp(key, "source") == 0)
        column->source = value;
    else if (strcmp(key, "type") == 0)
        column->type = value;
    else if (strcmp(key, "default") == 0)
        column->fallback = value;
    else if (strcmp(key, "constant") == 0)
        column->constant = value;
    else if (strcmp(key, "unit") == 0)
        column->epoch_unit = value;
    else if (strcmp(key, "from") == 0)
        column->argument[0] = atol(value);
    else if (strcmp(key, "length") == 0)
        column->argument[1] = atol(value);
    else if (strcmp(key, "function") == 0) {
        function = word_index(value, functions);
        if (function < 0)
            return false;
        column->function = kinds[function];
    } else {
        return false;
    }
    return true;
}

/* KEY:VALUE;KEY:VALUE */
static bool add_column(struct settings_under_test *s, char *text)
{
    struct column_config *column = &s->columns[s->config.n_columns++];

    s->config.columns = s->columns;
    while (text != NULL) {
        char *next = strchr(text, ';');
        char *colon = strchr(text, ':');
        if (next != NULL)
            *next++ = '\0';
        if (colon == NULL)
            return false;
        *colon++ = '\0';
        if (!column_part(column, text, colon))
            return false;
        text = next;
    }
    return true;
}

static void add_word(struct text_list *list, char **room, char *word)
{
    list->items = room;
    list->items[list->count++] = word;
}

static bool metadata_setting(struct metadata_columns *metadata, const char *key, char *value)
{
    static const char *const keys[] = {
        "meta.topic",          "meta.partition", "meta.offset",  "meta.timestamp",
        "meta.timestamp_type", "meta.key",       "meta.headers", NULL};
    char **const places[] = {&metadata->topic,     &metadata->partition,      &metadata->offset,
                             &metadata->timestamp, &metadata->timestamp_type, &metadata->key,
                             &metadata->headers};
    int index = word_index(key, keys);

    if (index >= 0)
        *places[index] = value;
    return index >= 0;
}

static bool record_part(struct settings_under_test *s, const char *key, char *value)
{
    char *colon = strchr(value, ':');

    if (strcmp(key, "record.topic") == 0)
        s->record.topic = value;
    else if (strcmp(key, "record.partition") == 0)
        s->record.partition = (int32_t)atol(value);
    else if (strcmp(key, "record.offset") == 0)
        s->record.offset = atol(value);
    else if (strcmp(key, "record.timestamp") == 0)
        s->record.timestamp_ms = atol(value);
    else if (strcmp(key, "record.timestamp_type") == 0)
        s->record.timestamp_type = (int)atol(value);
    else if (strcmp(key, "record.key") == 0)
        s->record.key = (dw_bytes){value, strlen(value)};
    else if (strcmp(key, "record.header") == 0) {
        struct record_header *header = &s->headers[s->record.n_headers++];
        s->record.headers = s->headers;
        header->name = value;
        if (colon != NULL) {
            *colon = '\0';
            header->value = (dw_bytes){colon + 1, strlen(colon + 1)};
        }
    } else {
        return false;
    }
    return true;
}

static bool text_setting(struct settings_under_test *s, const char *key, char *value)
{
    static const char *const keys[] = {"schema_file",    "descriptor_file",
                                       "message",        "flatten_separator",
                                       "filter",         "jq",
                                       "rescue_column",  "registry.url",
                                       "registry.user",  "registry.password",
                                       "registry.token", "registry.ca",
                                       "registry.cert",  "registry.key",
                                       "table",          NULL};
    struct record_config *c = &s->config;
    char **const places[] = {&c->schema_file,
                             &c->descriptor_file,
                             &c->message,
                             &c->flatten_separator,
                             &c->filter,
                             &c->jq,
                             &c->rescue_column,
                             &c->registry.url,
                             &c->registry.user,
                             &c->registry.password,
                             &c->registry.bearer_token,
                             &c->registry.ca_file,
                             &c->registry.cert_file,
                             &c->registry.key_file,
                             &s->table};
    int index = word_index(key, keys);

    if (index >= 0)
        *places[index] = value;
    return index >= 0;
}

bool record_setting(struct settings_under_test *s, char *word)
{
    static const char *const formats[] = {"json", "json_schema", "avro", "protobuf",
                                          "csv",  "raw",         NULL};
    static const char *const codecs[] = {"auto", "none", "gzip", "zstd", NULL};
    struct record_config *c = &s->config;
    char *value = strchr(word, '=');
    bool yes;

    if (value == NULL)
        return false;
    *value++ = '\0';
    yes = strcmp(value, "true") == 0;
    if (strcmp(word, "format") == 0)
        c->format = (enum record_format)word_index(value, formats);
    else if (strcmp(word, "payload") == 0)
        c->payload = (enum payload_codec)word_index(value, codecs);
    else if (strcmp(word, "csv_delimiter") == 0)
        c->csv_delimiter = *value;
    else if (strcmp(word, "csv_header") == 0)
        c->csv_header = yes;
    else if (strcmp(word, "csv_column") == 0)
        add_word(&c->csv_columns, s->csv_columns, value);
    else if (strcmp(word, "raw_as_text") == 0)
        c->raw_as_text = yes;
    else if (strcmp(word, "debezium") == 0)
        c->debezium = yes;
    else if (strcmp(word, "flatten") == 0)
        c->flatten = yes;
    else if (strcmp(word, "drop") == 0)
        add_word(&c->drop, s->drop, value);
    else if (strcmp(word, "column") == 0)
        return add_column(s, value);
    else if (strcmp(word, "registry.timeout_ms") == 0)
        c->registry.timeout_ms = atol(value);
    else
        return text_setting(s, word, value) || metadata_setting(&c->metadata, word, value) ||
               record_part(s, word, value);
    return true;
}
