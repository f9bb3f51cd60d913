/* SPDX-License-Identifier: Apache-2.0 */
#include "records/decoder.h"

#include <stdlib.h>

#include "common/memory.h"
#include "records/json_lexer.h"
#include "records/json_path.h"
#include "records/json_split.h"
#include "records/payload.h"
#include "records/row_list.h"

enum { DEFAULT_MAX_BYTES = 64 * 1024 * 1024 };

struct decoder {
    const struct record_config *config; /* borrowed */
    struct registry *registry;
    struct payload *payload;
    struct row_list rows;
    struct failure failure;
};

static const char *format_problem(const struct record_config *config)
{
    if (config->format != FORMAT_JSON)
        return "this format is not built yet";
    return NULL;
}

struct decoder *decoder_new(const struct record_config *config, struct registry *registry,
                            struct textbuf *out_problem)
{
    const char *problem = format_problem(config);
    struct decoder *decoder;

    if (problem != NULL) {
        textbuf_puts(out_problem, problem);
        return NULL;
    }
    decoder = need_alloc(1, sizeof(*decoder));
    decoder->config = config;
    decoder->registry = registry;
    decoder->payload = payload_new();
    return decoder;
}

void decoder_free(struct decoder *decoder)
{
    if (decoder == NULL)
        return;
    payload_free(decoder->payload);
    row_list_done(&decoder->rows);
    textbuf_done(&decoder->failure.text);
    free(decoder);
}

enum decode_result decoder_decode(struct decoder *decoder, const struct record *record,
                                  struct decoded *out)
{
    struct span value = {(const char *)record->value.data, record->value.len};
    enum decode_result result;

    *out = (struct decoded){0};
    row_list_clear(&decoder->rows);
    if (value.len == 0) {
        out->tombstone = true;
        return DECODE_ROWS;
    }
    result = payload_unpack(decoder->payload, decoder->config->payload, DEFAULT_MAX_BYTES, value,
                            &value, &decoder->failure);
    if (result == DECODE_ROWS)
        result = json_split(value, &decoder->rows, &decoder->failure);
    if (result == DECODE_ROWS) {
        row_list_finish(&decoder->rows);
        out->rows = decoder->rows.rows;
        out->count = decoder->rows.count;
    } else {
        out->stage = decoder->failure.stage;
        out->code = decoder->failure.code;
        out->text = decoder->failure.text.text;
    }
    return result;
}

bool decoder_field(dw_bytes row, const char *path_text, struct textbuf *out)
{
    struct scratch scratch = {0};
    struct span text = {(const char *)row.data, row.len};
    struct json_lexer lexer;
    struct path path;
    struct span value;
    bool escaped;
    bool found = path_parse(&scratch, path_text, &path) &&
                 path_find_text(&path, &scratch, text, &value) && !span_is(value, "null");

    if (found && *value.ptr == '"') {
        lexer = (struct json_lexer){value.ptr + 1, value.ptr + value.len, NULL};
        (void)json_lexer_string(&lexer, &value, &escaped);
        if (escaped) {
            char *chars = scratch_alloc(&scratch, value.len);
            value = (struct span){chars, json_unescape(value, chars)};
        }
    }
    if (found)
        textbuf_add(out, value.ptr, value.len);
    scratch_done(&scratch);
    return found;
}
