/* SPDX-License-Identifier: Apache-2.0 */
/* What deltawrite-kafka is told to do: every setting of flags, environment and file, checked, in
 * one tree. A process without a file has one source and one table, made of the environment.
 *
 * Invariants:
 * 1. Nothing is half given: each member has its default once config_load() has answered -1, so that
 *    no reader of the tree knows defaults.
 * 2. A tree does not change. config_reload() makes a new one, of what may take effect in a running
 *    process. */
#ifndef DW_CLI_CONFIG_H
#define DW_CLI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <deltawrite/store.h>

#include "common/aws_env.h"

#define SERVICE_NAME "deltawrite-kafka"

struct text_list {
    char **items;
    size_t count;
};

struct text_pair {
    char *key;
    char *value;
};

struct text_pairs {
    struct text_pair *items;
    size_t count;
};

enum record_format {
    FORMAT_JSON,        /* an object, objects line by line, or an array of them */
    FORMAT_JSON_SCHEMA, /* Confluent framing, JSON inside */
    FORMAT_AVRO,        /* Confluent framing, single-object, or plain with schema_file */
    FORMAT_PROTOBUF,    /* Confluent framing, or plain with descriptor_file and message */
    FORMAT_CSV,
    FORMAT_RAW /* key and value as they are */
};

enum payload_codec { PAYLOAD_AUTO, PAYLOAD_NONE, PAYLOAD_GZIP, PAYLOAD_ZSTD };

/* What happens to a record that cannot be decoded or does not fit. */
enum bad_record { BAD_TO_TABLE, BAD_TO_TOPIC, BAD_SKIP, BAD_FAIL };

enum evolution { EVOLVE_ADD, EVOLVE_NONE, EVOLVE_ADD_NESTED };

enum column_function {
    COLUMN_AS_IS,
    COLUMN_DATE, /* of a time: its day, also _YEAR and so on */
    COLUMN_YEAR,
    COLUMN_MONTH,
    COLUMN_DAY,
    COLUMN_HOUR,
    COLUMN_SUBSTRING, /* arguments: from (0-based), length */
    COLUMN_HASH,      /* SHA-256 of the text, hexadecimal */
    COLUMN_LOWER,
    COLUMN_UPPER
};

/* How one column is made. */
struct column_config {
    char *name;
    char *source;     /* JSON pointer ("/a/b") or dotted path; NULL: the field of this name */
    char *type;       /* cast to this Delta type; NULL: as it comes */
    char *fallback;   /* JSON text, where the source is missing or null; NULL: none */
    char *constant;   /* JSON text, in place of any source; NULL: none */
    char *epoch_unit; /* "ms", "s", "us", "ns"; NULL: ms */
    enum column_function function;
    int64_t argument[2];
};

/* Names of the columns that tell where a record comes from; NULL: none. */
struct metadata_columns {
    char *topic, *partition, *offset, *timestamp, *timestamp_type, *key, *headers;
};

struct registry_config {
    char *url; /* NULL: none; several with commas */
    char *user, *password, *bearer_token;
    char *ca_file, *cert_file, *key_file;
    int64_t timeout_ms;
};

/* From the bytes of a record to the fields of a row. */
struct record_config {
    enum record_format format;
    enum payload_codec payload;
    char *schema_file;     /* Avro */
    char *descriptor_file; /* Protobuf: a FileDescriptorSet */
    char *message;         /* Protobuf: the message's full name */
    char csv_delimiter;
    bool csv_header;              /* each payload begins with names */
    struct text_list csv_columns; /* else these */
    bool raw_as_text;             /* raw: string, not binary */
    bool debezium;                /* unwrap envelopes */
    bool flatten;                 /* objects to columns a_b */
    char *flatten_separator;
    struct column_config *columns;
    size_t n_columns;
    struct text_list drop; /* fields */
    char *filter;          /* NULL: all; comparison on fields */
    char *jq;              /* NULL: none; a program, when built with libjq */
    char *rescue_column;   /* NULL: none; JSON of the fields that have no column */
    struct metadata_columns metadata;
    struct registry_config registry;
};

struct source_config {
    struct text_list topics;
    char *topic_regex; /* NULL: `topics` */
    struct record_config records;
    char *table_name; /* as the file says; NULL: there is one table */
    size_t table;     /* index into config.tables */
};

struct flush_config {
    int64_t rows;  /* 0: any number */
    int64_t bytes; /* of encoded Parquet */
    int64_t age_ms;
    int64_t idle_ms; /* 0: never */
    bool on_partition_change;
};

struct bad_record_config {
    enum bad_record policy;
    char *table_uri;           /* TO_TABLE; a template as table_config.uri */
    char *topic;               /* TO_TOPIC; a template */
    int64_t threshold_percent; /* of at least threshold_records: exit 3; 100: never */
    int64_t threshold_records;
};

struct maintenance_config {
    bool enabled;
    int64_t compact_min_files;
    int64_t target_file_bytes;
    int64_t vacuum_every_ms;  /* 0: never */
    int64_t vacuum_retain_ms; /* 0: the table's own */
};

/* One table, or many by a template. */
struct table_config {
    char *name; /* in the file, "" else */
    /* May have ${topic}, ${1} (group of topic_regex), ${field:a.b}, ${header:h}. */
    char *uri;
    bool create;
    char *schema_json; /* a Delta schema; NULL: the 16 analytics columns for the environment's
                        * table, else what records or the registry bring */
    struct text_list partition_by, cluster_by;
    struct text_pairs properties;
    enum evolution evolution;
    struct flush_config flush;
    struct bad_record_config bad;
    struct maintenance_config maintenance;
    int64_t target_file_bytes; /* 0: the library's */
};

enum start_at { START_EARLIEST, START_LATEST, START_ERROR, START_TIMESTAMP, START_OFFSETS };

/* Where reading begins for partitions that the table does not know, and where it ends. */
struct run_config {
    enum start_at start;
    int64_t start_timestamp_ms;
    char *start_file; /* START_OFFSETS: JSON {"topic": {"0": 123}} */
    bool until_end;
    char *until_offsets_file;   /* NULL: none; as start_file */
    int64_t until_timestamp_ms; /* -1: none */
    int64_t max_records;        /* 0: no limit */
    bool allow_gap;
    bool forgotten_is_new; /* DELTA_FORGOTTEN_OFFSETS */
    bool adopt_kdi;
    char *kdi_app_id; /* kafka-delta-ingest's app id; its txn ids are APP_ID-PARTITION */
};

struct http_config {
    char *listen;      /* "HOST:PORT"; NULL: off */
    char *admin_token; /* NULL: admin requests are refused */
    char *statsd;      /* "HOST:PORT"; NULL: off */
};

/* As given, before the AWS rules (common/aws_env.h). */
struct storage_config {
    char *endpoint, *endpoint_s3, *access_key_id, *secret_access_key, *session_token;
    char *region, *default_region, *profile, *credentials_file, *config_file;
    char *role_arn, *role_session_name, *web_identity_token_file, *sts_endpoint, *ca_file;
    bool skip_signature;
    bool allow_http;
    bool virtual_host;
};

struct config {
    char *brokers;
    char *group_id;
    struct text_pairs kafka; /* librdkafka properties, lower-case with dots */
    struct source_config *sources;
    size_t n_sources;
    struct table_config *tables;
    size_t n_tables;
    int64_t memory_bytes;           /* hard budget of all buffers */
    int64_t min_commit_interval_ms; /* adaptive commits never come faster; 0: no bound */
    struct run_config run;
    struct http_config http;
    char *engine_info;
    int log_level;  /* DW_LOG_* */
    int log_format; /* enum log_format */
    struct storage_config storage;
    struct aws_env aws; /* of `storage`, as the AWS rules give it */
    dw_store_options store_options;
    struct config_origins *origins; /* where each value came from; config_print.h */
    /* What it was read from; borrowed, and needed for a reload. */
    int argc;
    char **argv;
    char **environment;
};

/* -1: go on with *out; else the exit code, after one line on standard error (or help,
 * --print-config). `environment`: as environ. */
int config_load(int argc, char **argv, char **environment, struct config *out);
void config_done(struct config *config);

enum reload_result {
    RELOAD_REFUSED, /* a mistake: what runs goes on; *out is empty */
    RELOAD_SAME,    /* nothing that may change at run time has changed; *out is empty */
    RELOAD_CHANGED  /* *out is the tree to go on with */
};

/* Read file, secrets and all again. *out has of the new settings those that may change while the
 * process runs (option flag OPTION_RELOADS), and of `running`, on which it does not depend, all
 * others: also the same sources and tables in the same order, so that pointers to the old ones can
 * be replaced one by one. *told is one line for the log: the mistake, or what was taken and what
 * waits for a restart. Any thread, one at a time. */
enum reload_result config_reload(const struct config *running, struct config *out,
                                 struct textbuf *told);

#endif
