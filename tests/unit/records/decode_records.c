/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder for tests in other languages: decode_records CONFIG-FILE [NAME=VALUE...]. The first
 * source of the file is what is decoded by; names are of one record's fields (key, topic, partition,
 * offset, timestamp, timestamp_type, header as NAME:VALUE) or `table`, a Delta schema. Standard
 * input has payloads, each after its length in decimals and a line feed (-1: a null payload). For
 * each there is a line: ROWS, TOMBSTONE, BAD, LATER or FATAL, then JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/config.h"
#include "records/decoder.h"

enum { MOST_HEADERS = 16 };

struct session {
    struct config config;
    struct record record;
    struct record_header headers[MOST_HEADERS];
    char *table;
};

static bool set_header(struct session *s, char *value)
{
    struct record_header *header = &s->headers[s->record.n_headers];
    char *colon = strchr(value, ':');

    if (s->record.n_headers++ == MOST_HEADERS)
        return false;
    s->record.headers = s->headers;
    header->name = value;
    if (colon != NULL) {
        *colon = '\0';
        header->value = (dw_bytes){colon + 1, strlen(colon + 1)};
    }
    return true;
}

static bool set(struct session *s, char *word)
{
    char *value = strchr(word, '=');

    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(word, "topic") == 0)
        s->record.topic = value;
    else if (strcmp(word, "partition") == 0)
        s->record.partition = (int32_t)atol(value);
    else if (strcmp(word, "offset") == 0)
        s->record.offset = atol(value);
    else if (strcmp(word, "timestamp") == 0)
        s->record.timestamp_ms = atol(value);
    else if (strcmp(word, "timestamp_type") == 0)
        s->record.timestamp_type = (int)atol(value);
    else if (strcmp(word, "key") == 0)
        s->record.key = (dw_bytes){value, strlen(value)};
    else if (strcmp(word, "table") == 0)
        s->table = value;
    else
        return strcmp(word, "header") == 0 && set_header(s, value);
    return true;
}

static bool read_payload(struct textbuf *out, bool *out_null)
{
    long len;

    if (scanf("%ld", &len) != 1 || getchar() != '\n')
        return false;
    textbuf_clear(out);
    textbuf_puts(out, "");
    *out_null = len < 0;
    for (long i = 0; i < len; i++) {
        char c = (char)getchar();
        textbuf_add(out, &c, 1);
    }
    return true;
}

static void print_text(const char *name, const char *text)
{
    struct textbuf json = {0};

    if (text == NULL)
        textbuf_puts(&json, "null");
    else
        textbuf_json_string(&json, text, strlen(text));
    printf(",\"%s\":%s", name, json.text);
    textbuf_done(&json);
}

static void print_result(enum decode_result result, const struct decoded *got)
{
    static const char *const names[] = {"ROWS", "BAD", "LATER", "FATAL"};

    printf("%s {\"rows\":[", got->tombstone ? "TOMBSTONE" : names[result]);
    for (size_t i = 0; i < got->count; i++) {
        printf(i == 0 ? "" : ",");
        (void)fwrite(got->rows[i].data, 1, got->rows[i].len, stdout);
    }
    printf("],\"schema\":%s", got->schema_json == NULL ? "null" : got->schema_json);
    print_text("stage", got->stage);
    print_text("code", got->code);
    print_text("text", got->text);
    printf("}\n");
}

static void decode_input(struct session *s, struct decoder *decoder)
{
    struct textbuf payload = {0};
    bool null;

    while (read_payload(&payload, &null)) {
        struct decoded got;
        enum decode_result result;
        s->record.value = (dw_bytes){null ? NULL : payload.text, null ? 0 : payload.len};
        result = decoder_decode(decoder, &s->record, &got);
        print_result(result, &got);
    }
    textbuf_done(&payload);
}

int main(int argc, char **argv)
{
    char *arguments[] = {argv[0], (char[]){"--config"}, argc < 2 ? NULL : argv[1], NULL};
    char *environment[] = {NULL};
    struct session s = {.record = {.topic = "topic", .timestamp_ms = -1}};
    struct textbuf problem = {0};
    struct registry *registry;
    struct decoder *decoder;
    int code;

    for (int i = 2; i < argc; i++) {
        if (!set(&s, argv[i]))
            return 2;
    }
    code = config_load(3, arguments, environment, &s.config);
    if (code >= 0)
        return code;
    registry = registry_new(&s.config.sources[0].records.registry);
    decoder = decoder_new(&s.config.sources[0].records, registry, &problem);
    if (decoder == NULL) {
        fprintf(stderr, "%s\n", problem.text);
        code = 78;
    } else {
        if (s.table != NULL)
            decoder_set_table(decoder, s.table);
        decode_input(&s, decoder);
        code = 0;
    }
    decoder_free(decoder);
    registry_unref(registry);
    textbuf_done(&problem);
    config_done(&s.config);
    return code;
}
