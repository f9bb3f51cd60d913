/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder for tests in other languages. Arguments are NAME=VALUE of a record_config; standard
 * input has payloads, each after its length as decimal text and a line feed (-1: a null payload).
 * For each there is a line: ROWS, TOMBSTONE, BAD, LATER or FATAL, and then in JSON the rows and the
 * schema, or the reasons. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/textbuf.h"
#include "record_settings.h"
#include "records/decoder.h"

static bool read_payload(struct textbuf *out, bool *out_null)
{
    long len;

    if (scanf("%ld", &len) != 1 || getchar() != '\n')
        return false;
    textbuf_clear(out);
    *out_null = len < 0;
    for (long i = 0; i < len; i++) {
        char c = (char)getchar();
        textbuf_add(out, &c, 1);
    }
    return true;
}

static void print_text(const char *text)
{
    struct textbuf json = {0};

    if (text == NULL)
        textbuf_puts(&json, "null");
    else
        textbuf_json_string(&json, text, strlen(text));
    printf("%s", json.text);
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
    printf("],\"schema\":%s,\"stage\":", got->schema_json == NULL ? "null" : got->schema_json);
    print_text(got->stage);
    printf(",\"code\":");
    print_text(got->code);
    printf(",\"text\":");
    print_text(got->text);
    printf("}\n");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct settings_under_test settings = {.record = {.topic = "topic", .timestamp_ms = -1}};
    struct textbuf problem = {0};
    struct textbuf payload = {0};
    struct registry *registry;
    struct decoder *decoder;
    bool null;

    for (int i = 1; i < argc; i++) {
        if (!record_setting(&settings, argv[i])) {
            fprintf(stderr, "unknown setting: %s\n", argv[i]);
            return 2;
        }
    }
    registry = registry_new(&settings.config.registry);
    decoder = decoder_new(&settings.config, registry, &problem);
    if (decoder == NULL) {
        fprintf(stderr, "%s\n", problem.text);
        textbuf_done(&problem);
        registry_unref(registry);
        return 78;
    }
    while (read_payload(&payload, &null)) {
        struct decoded got;
        enum decode_result result;
        settings.record.value = (dw_bytes){null ? NULL : payload.text, null ? 0 : payload.len};
        if (!null && payload.text == NULL)
            settings.record.value.data = "";
        result = decoder_decode(decoder, &settings.record, &got);
        print_result(result, &got);
    }
    decoder_free(decoder);
    registry_unref(registry);
    textbuf_done(&payload);
    return 0;
}
