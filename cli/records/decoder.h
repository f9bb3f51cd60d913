/* SPDX-License-Identifier: Apache-2.0 */
/* From one Kafka record to rows: every format ends as JSON objects (docs/records.md), which the
 * library reads into columns; a plain JSON object passes through without a copy.
 *
 * A record is bad or good as a whole, so that offsets stay the unit of what is skipped and
 * replayed: where it has several rows, give them to dw_append_json() by themselves with on_reject
 * NULL, which stages all or none.
 *
 * One decoder is used by one thread at a time; many of them share a registry client. */
#ifndef DW_CLI_DECODER_H
#define DW_CLI_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <deltawrite/common.h>

#include "common/textbuf.h"
#include "config/config.h"

struct record_header {
    const char *name;
    dw_bytes value; /* data NULL: null */
};

/* A record as Kafka gave it; all borrowed. */
struct record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* -1: none */
    int timestamp_type;   /* 0: none, 1: create time, 2: log append time */
    dw_bytes key;         /* data NULL: null */
    dw_bytes value;
    const struct record_header *headers;
    size_t n_headers;
};

enum decode_result {
    DECODE_ROWS,      /* rows[0..count), perhaps none: filtered, tombstone */
    DECODE_BAD,       /* stage, code and text tell why; the record gives no row at all */
    DECODE_TRY_LATER, /* text tells what is waited for: the registry is not to be reached */
    DECODE_FATAL      /* text: no record will ever decode (credentials refused by the registry) */
};

/* What a record became; valid until the next call. */
struct decoded {
    const dw_bytes *rows; /* JSON objects */
    size_t count;
    bool tombstone;
    const char *stage; /* BAD: "payload", "envelope", "registry", "decode", "transform", "filter" */
    const char *code;  /* BAD: short and stable: "DW_E_RECORD", "AVRO_TRUNCATED", ... */
    const char *text;  /* BAD, TRY_LATER, FATAL */
    /* Not NULL: the columns (a Delta schema in JSON) that rows of this record's schema may have and
     * that no record told yet: given once for each new schema of the registry or file, and with the
     * first record for columns whose types the configuration tells. The table may have some. */
    const char *schema_json;
};

struct registry; /* a client of a schema registry; safe from any thread */
struct decoder;

/* NULL when `config` names none. */
struct registry *registry_new(const struct registry_config *config);
struct registry *registry_ref(struct registry *registry); /* NULL too */
void registry_unref(struct registry *registry);
/* One request: can it be reached, are the credentials right? */
bool registry_check(struct registry *registry, struct textbuf *out_problem);

/* How many requests there were so far, and how many of them found nothing. */
void registry_count(struct registry *registry, int64_t *out_requests, int64_t *out_failures);

/* NULL: *out_problem says what is wrong with the configuration (a filter that does not parse, a
 * schema file that cannot be read). `registry` may be NULL. Both are borrowed. */
struct decoder *decoder_new(const struct record_config *config, struct registry *registry,
                            struct textbuf *out_problem);
void decoder_free(struct decoder *decoder);
/* The table's columns as they are now, a Delta schema in JSON: the rescue column goes by it, CSV,
 * and the forms of key and headers. To be called before the first record, and when they change. */
void decoder_set_table(struct decoder *decoder, const char *schema_json);
/* For EVOLVE_ADD_NESTED: rows with fields, at any depth, that the table of decoder_set_table() has
 * not come with the schema that they would want, in which objects are structs. */
void decoder_watch_nested(struct decoder *decoder);
/* Of the columns of `wanted_schema` (decoded.schema_json) those that the table lacks, to be given
 * to dw_txn_add_columns() before the rows are staged; with `nested` also fields within structs,
 * arrays and maps. Names match regardless of case; types of what is there are not compared. False:
 * none. */
bool decoder_missing_columns(const char *table_schema, const char *wanted_schema, bool nested,
                             struct textbuf *out);
/* The table's schema once it has what decoder_missing_columns() gave. */
void decoder_merge_columns(const char *table_schema, const char *missing, struct textbuf *out);
enum decode_result decoder_decode(struct decoder *decoder, const struct record *record,
                                  struct decoded *out);

/* The text of a field of a row, for routing by ${field:a.b}: false when it is missing or null. A
 * string without its quotes, else the JSON text. */
bool decoder_field(dw_bytes row, const char *path, struct textbuf *out);

#endif
