/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as records: JSON through all that settings do, packed payloads, CSV, and Avro and
 * Protocol Buffers, schemas too. What comes out is JSON, always. The first byte chooses; a schema is
 * what comes before the first zero byte. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "records/avro_data.h"
#include "records/decoder.h"
#include "records/json_tree.h"
#include "records/proto_data.h"
#include "records/row_filter.h"
#include "records/row_infer.h"

enum { MAX_BYTES = 1024 * 1024 };

static void must_be_json(struct span text)
{
    struct scratch scratch = {0};
    struct json_error error;
    struct json *root = json_parse(&scratch, text, &error);

    if (root == NULL || root->kind != JSON_OBJECT)
        abort();
    scratch_done(&scratch);
}

static void decode_once(struct decoder *decoder, const struct record *record, bool rows_are_json)
{
    struct decoded got;
    enum decode_result result = decoder_decode(decoder, record, &got);

    if (result != DECODE_ROWS && (result != DECODE_BAD || got.text == NULL || got.code == NULL))
        abort();
    for (size_t k = 0; result == DECODE_ROWS && rows_are_json && k < got.count; k++)
        must_be_json((struct span){got.rows[k].data, got.rows[k].len});
    if (result == DECODE_ROWS && got.schema_json != NULL)
        must_be_json(span_of(got.schema_json));
}

static void decode(struct record_config *config, struct span data, bool rows_are_json)
{
    static const char table[] =
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\"},"
        "{\"name\":\"n\",\"type\":{\"type\":\"struct\",\"fields\":[]}}]}";
    struct textbuf problem = {0};
    struct record_header header = {"h", {data.ptr, data.len}};
    struct record record = {.topic = "t", .headers = &header, .n_headers = 1};
    struct decoder *decoder = decoder_new(config, NULL, &problem);

    if (decoder == NULL)
        abort();
    decoder_watch_nested(decoder);
    decoder_set_table(decoder, table);
    record.value = (dw_bytes){data.ptr, data.len};
    record.key = record.value;
    decode_once(decoder, &record, rows_are_json);
    decode_once(decoder, &record, rows_are_json);
    decoder_free(decoder);
    textbuf_done(&problem);
}

static void transform(struct span data)
{
    char *drop[] = {(char[]){"d"}, (char[]){"n.d"}};
    struct column_config columns[] = {
        {.name = (char[]){"x"}, .source = (char[]){"/n/0"}, .type = (char[]){"decimal(5,2)"}},
        {.name = (char[]){"t"}, .epoch_unit = (char[]){"ns"}},
        {.name = (char[]){"y"}, .source = (char[]){"t"}, .function = COLUMN_DATE},
        {.name = (char[]){"h"}, .source = (char[]){"n"}, .function = COLUMN_HASH},
        {.name = (char[]){"s"}, .function = COLUMN_SUBSTRING, .argument = {1, 2}},
        {.name = (char[]){"i"}, .type = (char[]){"short"}, .fallback = (char[]){"5"}}};
    struct record_config config = {
        .flatten = true,
        .columns = columns,
        .n_columns = sizeof(columns) / sizeof(*columns),
        .drop = {drop, 2},
        .filter = (char[]){"a >= 1.5 or not (n.x in ('q', 3) and s like '%a_') or b is null"},
        .metadata = {.headers = (char[]){"hs"}, .offset = (char[]){"o"}}};

    decode(&config, data, true);
    config = (struct record_config){.debezium = true, .rescue_column = (char[]){"rest"}};
    decode(&config, data, true);
}

/* What comes before the first zero byte, and what after. */
static struct span cut_schema(struct span *data)
{
    const char *zero = data->len == 0 ? NULL : memchr(data->ptr, '\0', data->len);
    struct span schema = {data->ptr, zero == NULL ? data->len : (size_t)(zero - data->ptr)};
    size_t skip = schema.len + (zero != NULL);

    *data = (struct span){data->ptr + skip, data->len - skip};
    return schema;
}

static void avro(struct span data)
{
    struct scratch scratch = {0};
    struct avro_names *names = NULL;
    struct textbuf text = {0};
    struct failure failure = {0};
    struct delta_schema columns = {0};
    struct span schema = cut_schema(&data);
    struct avro_type *type = avro_parse(&scratch, &names, schema, &text);
    struct avro_type *row_type;

    if (type == NULL && text.len == 0)
        abort();
    textbuf_clear(&text);
    if (type != NULL) {
        (void)avro_fingerprint(type);
        avro_delta_schema(type, &columns);
        must_be_json((struct span){columns.text.text, columns.text.len});
        if (avro_to_json(type, data, MAX_BYTES, &text, &row_type, &failure) == DECODE_ROWS)
            must_be_json((struct span){text.text, text.len});
    }
    scratch_done(&scratch);
    textbuf_done(&text);
    textbuf_done(&failure.text);
    textbuf_done(&columns.text);
}

static void protobuf(struct span data, bool descriptor)
{
    struct proto_pool pool = {0};
    struct proto_file file = {0};
    struct scratch scratch = {0};
    struct textbuf text = {0};
    struct failure failure = {0};
    struct delta_schema columns = {0};
    struct span schema = descriptor ? data : cut_schema(&data);
    bool good = descriptor ? proto_read_set(&pool, schema, &text)
                           : proto_parse(&pool, schema, &file, &text);

    good = good && proto_link(&pool, &text);
    for (struct proto_message *m = pool.messages; good && m != NULL; m = m->next) {
        columns.n_fields = 0;
        textbuf_clear(&columns.text);
        proto_delta_schema(m, &columns);
        must_be_json((struct span){columns.text.text, columns.text.len});
        textbuf_clear(&text);
        if (proto_to_json(m, data, MAX_BYTES, &scratch, &text, &failure) == DECODE_ROWS)
            must_be_json((struct span){text.text, text.len});
    }
    proto_pool_done(&pool);
    scratch_done(&scratch);
    textbuf_done(&text);
    textbuf_done(&failure.text);
    textbuf_done(&columns.text);
}

static void filter(struct span data)
{
    struct scratch scratch = {0};
    struct span text = scratch_copy(&scratch, cut_schema(&data));
    struct textbuf problem = {0};
    struct json_error error;
    struct json *row = json_parse(&scratch, data, &error);
    struct row_filter *parsed = row_filter_parse(&scratch, text.ptr, &problem);

    if (parsed == NULL && problem.len == 0)
        abort();
    if (parsed != NULL && row != NULL)
        (void)row_filter_keeps(parsed, &scratch, row);
    textbuf_done(&problem);
    scratch_done(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data + 1, size - 1};
    char *names[] = {(char[]){"a"}, (char[]){"n"}};
    struct record_config csv = {.format = FORMAT_CSV, .csv_columns = {names, 2}};
    struct record_config plain = {.format = FORMAT_JSON};
    struct record_config raw = {.format = FORMAT_RAW};

    if (size == 0)
        return 0;
    switch (*data % 8) {
    case 0:
        decode(&plain, rest, false);
        break;
    case 1:
        transform(rest);
        break;
    case 2:
        decode(&csv, rest, true);
        csv.csv_header = true;
        decode(&csv, rest, false); /* its names are bytes by chance */
        break;
    case 3:
        avro(rest);
        break;
    case 4:
        protobuf(rest, false);
        break;
    case 5:
        protobuf(rest, true);
        break;
    case 6:
        filter(rest);
        break;
    default:
        decode(&raw, rest, true);
        break;
    }
    return 0;
}
