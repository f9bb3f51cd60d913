/* SPDX-License-Identifier: Apache-2.0 */
/* How fast records of each format become JSON rows, on one core: bench-records [MILLISECONDS]. One
 * event of 15 strings and a number, in each format; "json and ..." are its steps by settings. Prints
 * a line a format: name, bytes of the payload, MB/s of payloads, rows/s; by CPU time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zstd.h>

#include "records/avro_data.h"
#include "records/decoder.h"
#include "records/proto_data.h"

enum { N_FIELDS = 15 };

static const char *const names[N_FIELDS] = {
    "timestamp",   "channel",        "platform",           "event_type",       "event_category",
    "resource_id", "resource_title", "interaction_target", "session_id",       "user_id",
    "device_id",   "user_agent",     "client_version",     "interaction_text", "metadata"};
static const char *const values[N_FIELDS] = {
    "2026-01-31T08:09:10.123456Z",
    "web",
    "ios",
    "click",
    "navigation",
    "res-0001234",
    "A page of some title",
    "button-7",
    "5d1f9f2e-8a6b-4d4f-9c3e-2b1a0f9e8d7c",
    "user-123456",
    "device-998877",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)",
    "4.12.1",
    "Buy now",
    "{}"};

struct run {
    struct decoder *decoder;
    struct avro_type *avro;
    struct proto_message *proto;
    struct scratch scratch;
    struct textbuf out;
    struct span payload;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench-records: %s\n", what);
    exit(1);
}

static void decode(struct run *run)
{
    struct record record = {.topic = "topic", .offset = 5, .timestamp_ms = 1767225600000};
    struct failure failure = {0};
    struct avro_type *type;
    struct decoded got;

    textbuf_clear(&run->out);
    if (run->avro != NULL) {
        must(avro_to_json(run->avro, run->payload, 1 << 20, &run->out, &type, &failure) ==
                 DECODE_ROWS,
             "avro");
        return;
    }
    if (run->proto != NULL) {
        must(proto_to_json(run->proto, run->payload, 1 << 20, &run->scratch, &run->out, &failure) ==
                 DECODE_ROWS,
             "protobuf");
        return;
    }
    record.value = (dw_bytes){run->payload.ptr, run->payload.len};
    must(decoder_decode(run->decoder, &record, &got) == DECODE_ROWS && got.count == 1, "decode");
}

static void measure(const char *name, struct run *run, long milliseconds)
{
    clock_t start = clock();
    clock_t until = start + (clock_t)(milliseconds * (CLOCKS_PER_SEC / 1000));
    long count = 0;
    double seconds;

    do {
        for (int i = 0; i < 1000; i++)
            decode(run);
        count += 1000;
    } while (clock() < until);
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%-28s %5zu B %8.0f MB/s %10.0f rows/s\n", name, run->payload.len,
           (double)run->payload.len * (double)count / seconds / 1e6, (double)count / seconds);
}

static void measure_config(const char *name, struct record_config *config, struct span payload,
                           long milliseconds)
{
    struct textbuf problem = {0};
    struct run run = {.payload = payload, .decoder = decoder_new(config, NULL, &problem)};

    must(run.decoder != NULL, problem.len == 0 ? name : problem.text);
    measure(name, &run, milliseconds);
    decoder_free(run.decoder);
    textbuf_done(&run.out);
}

static void put_varint(struct textbuf *out, uint64_t value)
{
    for (; value > 127; value >>= 7) {
        char byte = (char)(value | 128);
        textbuf_add(out, &byte, 1);
    }
    textbuf_add(out, &(char){(char)value}, 1);
}

static void make_json(struct textbuf *out)
{
    for (int i = 0; i < N_FIELDS; i++) {
        textbuf_printf(out, "%s\"%s\":", i == 0 ? "{" : ",", names[i]);
        textbuf_json_string(out, values[i], strlen(values[i]));
    }
    textbuf_puts(out, ",\"interaction_value\":12.5}");
}

static void measure_avro(long milliseconds)
{
    struct textbuf schema = {0};
    struct textbuf data = {0};
    struct textbuf problem = {0};
    struct avro_names *known = NULL;
    struct run run = {0};
    const double number = 12.5;

    textbuf_puts(&schema, "{\"type\":\"record\",\"name\":\"event\",\"fields\":[");
    for (int i = 0; i < N_FIELDS; i++) {
        textbuf_printf(&schema, "{\"name\":\"%s\",\"type\":[\"null\",\"string\"]},", names[i]);
        put_varint(&data, 2);
        put_varint(&data, 2 * strlen(values[i]));
        textbuf_puts(&data, values[i]);
    }
    textbuf_puts(&schema, "{\"name\":\"interaction_value\",\"type\":\"double\"}]}");
    textbuf_add(&data, (const char *)&number, sizeof(number));
    run.payload = (struct span){data.text, data.len};
    run.avro = avro_parse(&run.scratch, &known, span_of(schema.text), &problem);
    must(run.avro != NULL, "avro schema");
    measure("avro", &run, milliseconds);
    scratch_done(&run.scratch);
    textbuf_done(&run.out);
    textbuf_done(&schema);
    textbuf_done(&data);
}

static void measure_protobuf(long milliseconds)
{
    struct textbuf schema = {0};
    struct textbuf data = {0};
    struct textbuf problem = {0};
    struct proto_pool pool = {0};
    struct proto_file file = {0};
    struct run run = {0};
    const double number = 12.5;

    textbuf_puts(&schema, "syntax=\"proto3\"; message Event { ");
    for (int i = 0; i < N_FIELDS; i++) {
        textbuf_printf(&schema, "string %s = %d; ", names[i], i + 1);
        put_varint(&data, (uint64_t)(i + 1) << 3 | 2);
        put_varint(&data, strlen(values[i]));
        textbuf_puts(&data, values[i]);
    }
    textbuf_printf(&schema, "double interaction_value = %d; }", N_FIELDS + 1);
    put_varint(&data, (uint64_t)(N_FIELDS + 1) << 3 | 1);
    textbuf_add(&data, (const char *)&number, sizeof(number));
    run.payload = (struct span){data.text, data.len};
    must(proto_parse(&pool, span_of(schema.text), &file, &problem) && proto_link(&pool, &problem),
         "protobuf schema");
    run.proto = proto_find(&pool, span_of("Event"));
    measure("protobuf", &run, milliseconds);
    proto_pool_done(&pool);
    scratch_done(&run.scratch);
    textbuf_done(&run.out);
    textbuf_done(&schema);
    textbuf_done(&data);
}

static void measure_csv(long milliseconds)
{
    struct record_config config = {.format = FORMAT_CSV};
    struct textbuf line = {0};
    char *columns[N_FIELDS];

    for (int i = 0; i < N_FIELDS; i++) {
        columns[i] = strdup(names[i]);
        textbuf_printf(&line, "%s\"%s\"", i == 0 ? "" : ",", values[i]);
    }
    config.csv_columns = (struct text_list){columns, N_FIELDS};
    measure_config("csv", &config, (struct span){line.text, line.len}, milliseconds);
    for (int i = 0; i < N_FIELDS; i++)
        free(columns[i]);
    textbuf_done(&line);
}

int main(int argc, char **argv)
{
    long milliseconds = argc > 1 ? atol(argv[1]) : 500;
    struct column_config columns[] = {
        {.name = (char[]){"user"}, .source = (char[]){"user_id"}},
        {.name = (char[]){"day"}, .source = (char[]){"timestamp"}, .function = COLUMN_DATE}};
    struct record_config plain = {.format = FORMAT_JSON};
    struct record_config filtered = {.filter =
                                         (char[]){"event_type = 'click' and user_id is not null"}};
    struct record_config made = {.columns = columns,
                                 .n_columns = 2,
                                 .flatten = true,
                                 .metadata = {.offset = (char[]){"_offset"}}};
    struct record_config jq = {.jq = (char[]){"{user_id, event_type, timestamp}"}};
    struct textbuf json = {0};
    size_t bound;
    char *packed;

    make_json(&json);
    measure_config("json", &plain, (struct span){json.text, json.len}, milliseconds);
    bound = ZSTD_compressBound(json.len);
    packed = malloc(bound);
    must(packed != NULL, "memory");
    measure_config("json in zstd", &plain,
                   (struct span){packed, ZSTD_compress(packed, bound, json.text, json.len, 1)},
                   milliseconds);
    measure_config("json and filter", &filtered, (struct span){json.text, json.len}, milliseconds);
    measure_config("json and columns, flatten", &made, (struct span){json.text, json.len},
                   milliseconds);
    measure_config("json and jq", &jq, (struct span){json.text, json.len}, milliseconds);
    measure_avro(milliseconds);
    measure_protobuf(milliseconds);
    measure_csv(milliseconds);
    free(packed);
    textbuf_done(&json);
    return 0;
}
