/* SPDX-License-Identifier: Apache-2.0 */
#include "records/decoder.h"

#include <stdlib.h>

#include "common/memory.h"
#include "records/avro_format.h"
#include "records/json_lexer.h"
#include "records/json_path.h"
#include "records/json_schema.h"
#include "records/json_split.h"
#include "records/payload.h"
#include "records/proto_format.h"
#include "records/registry.h"
#include "records/row_infer.h"
#include "records/row_list.h"
#include "records/row_plan.h"
#include "records/text_formats.h"

/* Of an unpacked payload, and of the rows that binary data becomes. */
enum { MAX_BYTES = 64 * 1024 * 1024 };

struct decoder {
    const struct record_config *config; /* borrowed */
    struct registry *registry;
    struct payload *payload;
    enum payload_codec codec;
    struct avro_format *avro; /* of these, the format's is not NULL */
    struct proto_format *protobuf;
    struct json_schema_format *json_schema;
    struct csv_format *csv;
    bool raw_told;
    struct row_plan *plan;   /* NULL: rows go on as they come */
    struct row_list rows;    /* as the format gives them */
    struct row_list planned; /* as the plan makes them */
    bool watch_nested;
    struct scratch table;      /* holds `names` */
    struct table_names *names; /* NULL: no table is known */
    struct scratch scratch;
    struct textbuf inferred;
    struct failure failure;
};

/* Plain binary data may begin as a packed payload does; what is framed may not. */
static enum payload_codec codec_of(const struct record_config *config,
                                   const struct registry *registry)
{
    bool plain =
        config->format == FORMAT_RAW ||
        ((config->format == FORMAT_AVRO || config->format == FORMAT_PROTOBUF) && registry == NULL);

    return config->payload == PAYLOAD_AUTO && plain ? PAYLOAD_NONE : config->payload;
}

static bool open_format(struct decoder *decoder, struct textbuf *out_problem)
{
    const struct record_config *config = decoder->config;

    switch (config->format) {
    case FORMAT_AVRO:
        decoder->avro = avro_format_new(config, decoder->registry, out_problem);
        return decoder->avro != NULL;
    case FORMAT_JSON_SCHEMA:
        decoder->json_schema = json_schema_format_new(decoder->registry);
        return true;
    case FORMAT_CSV:
        decoder->csv = need_alloc(1, sizeof(*decoder->csv));
        return csv_format_init(decoder->csv, config, out_problem);
    case FORMAT_PROTOBUF:
        decoder->protobuf = proto_format_new(config, decoder->registry, out_problem);
        return decoder->protobuf != NULL;
    default:
        return true;
    }
}

struct decoder *decoder_new(const struct record_config *config, struct registry *registry,
                            struct textbuf *out_problem)
{
    struct decoder *decoder = need_alloc(1, sizeof(*decoder));

    decoder->config = config;
    decoder->registry = registry_ref(registry);
    decoder->payload = payload_new();
    decoder->codec = codec_of(config, registry);
    if (registry != NULL && registry_problem(registry) != NULL)
        textbuf_printf(out_problem, "schema registry: %s", registry_problem(registry));
    else
        decoder->plan = row_plan_new(config, out_problem);
    if (out_problem->len == 0 && open_format(decoder, out_problem))
        return decoder;
    decoder_free(decoder);
    return NULL;
}

void decoder_free(struct decoder *decoder)
{
    if (decoder == NULL)
        return;
    avro_format_free(decoder->avro);
    proto_format_free(decoder->protobuf);
    json_schema_format_free(decoder->json_schema);
    if (decoder->csv != NULL)
        csv_format_done(decoder->csv);
    free(decoder->csv);
    payload_free(decoder->payload);
    row_plan_free(decoder->plan);
    row_list_done(&decoder->rows);
    row_list_done(&decoder->planned);
    scratch_done(&decoder->table);
    scratch_done(&decoder->scratch);
    textbuf_done(&decoder->inferred);
    textbuf_done(&decoder->failure.text);
    registry_unref(decoder->registry);
    free(decoder);
}

static enum decode_result read_raw(struct decoder *decoder, const struct record *record,
                                   struct span value, const char **out_schema)
{
    const char *schema;
    enum decode_result result =
        raw_decode(decoder->config, record, value, &decoder->rows, &schema, &decoder->failure);

    if (result == DECODE_ROWS && !decoder->raw_told)
        *out_schema = schema;
    decoder->raw_told = decoder->raw_told || result == DECODE_ROWS;
    return result;
}

static enum decode_result read_format(struct decoder *decoder, const struct record *record,
                                      struct span value, const char **out_schema)
{
    enum decode_result result = DECODE_ROWS;

    switch (decoder->config->format) {
    case FORMAT_CSV:
        return csv_format_decode(decoder->csv, value, MAX_BYTES, &decoder->rows, &decoder->failure);
    case FORMAT_RAW:
        return read_raw(decoder, record, value, out_schema);
    case FORMAT_AVRO:
        return avro_format_decode(decoder->avro, record->topic, value, MAX_BYTES, &decoder->rows,
                                  out_schema, &decoder->failure);
    case FORMAT_PROTOBUF:
        return proto_format_decode(decoder->protobuf, value, MAX_BYTES, &decoder->rows, out_schema,
                                   &decoder->failure);
    case FORMAT_JSON_SCHEMA:
        result = json_schema_take(decoder->json_schema, &value, out_schema, &decoder->failure);
        break;
    default:
        break;
    }
    return result == DECODE_ROWS ? json_split(value, &decoder->rows, &decoder->failure) : result;
}

void decoder_set_table(struct decoder *decoder, const char *schema_json)
{
    if (decoder->plan != NULL)
        row_plan_set_table(decoder->plan, schema_json);
    if (decoder->csv != NULL)
        csv_format_set_table(decoder->csv, schema_json);
    if (decoder->watch_nested) {
        scratch_reset(&decoder->table);
        decoder->names =
            schema_json == NULL ? NULL : table_names_parse(&decoder->table, schema_json);
    }
}

void decoder_watch_nested(struct decoder *decoder)
{
    decoder->watch_nested = true;
}

/* What rows want that the table has not. What is told of their columns (`told`, or NULL) is better
 * known than what they show. */
static const char *infer(struct decoder *decoder, const struct row_list *rows, const char *told)
{
    struct textbuf merged = {0};
    bool lack = false;

    scratch_reset(&decoder->scratch);
    for (size_t i = 0; i < rows->count && !lack; i++) {
        struct span row = {rows->rows[i].data, rows->rows[i].len};
        lack = table_names_lack(decoder->names, &decoder->scratch, row);
    }
    if (!lack)
        return told;
    textbuf_clear(&decoder->inferred);
    rows_infer(rows->rows, rows->count, &decoder->inferred);
    if (told != NULL) {
        decoder_merge_columns(told, decoder->inferred.text, &merged);
        textbuf_done(&decoder->inferred);
        decoder->inferred = merged;
    }
    return decoder->inferred.text;
}

static enum decode_result make_rows(struct decoder *decoder, const struct record *record,
                                    const char **schema)
{
    enum decode_result result = DECODE_ROWS;

    if (decoder->plan == NULL)
        return DECODE_ROWS;
    row_list_finish(&decoder->rows);
    for (size_t i = 0; i < decoder->rows.count && result == DECODE_ROWS; i++) {
        struct span row = {decoder->rows.rows[i].data, decoder->rows.rows[i].len};
        result = row_plan_apply(decoder->plan, row, record, &decoder->planned, &decoder->failure);
    }
    if (result == DECODE_ROWS)
        *schema = row_plan_schema(decoder->plan, *schema);
    return result;
}

enum decode_result decoder_decode(struct decoder *decoder, const struct record *record,
                                  struct decoded *out)
{
    struct span value = {(const char *)record->value.data, record->value.len};
    const char *schema = NULL;
    enum decode_result result;

    *out = (struct decoded){0};
    row_list_clear(&decoder->rows);
    row_list_clear(&decoder->planned);
    if (value.len == 0 && decoder->config->format != FORMAT_RAW) {
        out->tombstone = true;
        return DECODE_ROWS;
    }
    result = value.len == 0 ? DECODE_ROWS
                            : payload_unpack(decoder->payload, decoder->codec, MAX_BYTES, value,
                                             &value, &decoder->failure);
    if (result == DECODE_ROWS)
        result = read_format(decoder, record, value, &schema);
    if (result == DECODE_ROWS)
        result = make_rows(decoder, record, &schema);
    if (result == DECODE_ROWS) {
        struct row_list *rows = decoder->plan == NULL ? &decoder->rows : &decoder->planned;
        row_list_finish(rows);
        out->rows = rows->rows;
        out->count = rows->count;
        if (decoder->watch_nested && decoder->names != NULL)
            schema = infer(decoder, rows, schema);
        out->schema_json = schema;
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
