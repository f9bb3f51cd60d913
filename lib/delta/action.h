/* SPDX-License-Identifier: Apache-2.0 */
/* The actions of a Delta commit, from and to their JSON lines. Strings are views into an arena.
 * Spec: Delta PROTOCOL.md, "Actions". Unknown actions and fields are ignored on reading. */
#ifndef DWI_DELTA_ACTION_H
#define DWI_DELTA_ACTION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json_doc.h"

typedef struct dwi_kv {
    dwi_sv key;
    dwi_sv value; /* ptr NULL: null */
} dwi_kv;

typedef struct dwi_kvs {
    size_t count;
    const dwi_kv *items;
} dwi_kvs;

typedef struct dwi_svs {
    size_t count;
    const dwi_sv *items;
} dwi_svs;

typedef struct dwi_protocol {
    int32_t min_reader_version;
    int32_t min_writer_version;
    bool has_reader_features; /* the array is there, maybe empty */
    bool has_writer_features;
    dwi_svs reader_features;
    dwi_svs writer_features;
} dwi_protocol;

typedef struct dwi_metadata {
    dwi_sv id;
    dwi_sv name;        /* ptr NULL: none */
    dwi_sv description; /* ptr NULL: none */
    dwi_sv format_provider;
    dwi_kvs format_options;
    dwi_sv
        schema_string; /* ptr NULL: none, which makes no table, but an older commit may have it */
    dwi_svs partition_columns;
    dwi_kvs configuration;
    int64_t created_time; /* ms, -1: none */
} dwi_metadata;

typedef struct dwi_dv {
    dwi_sv storage_type; /* ptr NULL: no deletion vector */
    dwi_sv path_or_inline;
    int32_t offset; /* -1: none */
    int32_t size_in_bytes;
    int64_t cardinality;
} dwi_dv;

typedef struct dwi_add {
    dwi_sv path; /* percent-encoded, as in the log */
    dwi_kvs partition_values;
    int64_t size;
    int64_t modification_time; /* ms */
    bool data_change;
    dwi_sv stats; /* JSON text, ptr NULL: none */
    bool has_tags;
    dwi_kvs tags;
    dwi_dv dv;
    int64_t base_row_id;                /* -1: none */
    int64_t default_row_commit_version; /* -1: none */
    dwi_sv clustering_provider;         /* ptr NULL: none */
} dwi_add;

typedef struct dwi_remove {
    dwi_sv path;
    int64_t deletion_timestamp; /* ms, -1: none */
    bool data_change;
    int8_t extended_file_metadata; /* 1, 0, -1: absent */
    bool has_partition_values;
    dwi_kvs partition_values;
    int64_t size; /* -1: none */
    bool has_tags;
    dwi_kvs tags;
    dwi_dv dv;
    int64_t base_row_id;
    int64_t default_row_commit_version;
} dwi_remove;

typedef struct dwi_txn_action {
    dwi_sv app_id;
    int64_t version;
    int64_t last_updated; /* ms, -1: none */
} dwi_txn_action;

typedef struct dwi_domain_metadata {
    dwi_sv domain;
    dwi_sv configuration;
    bool removed;
} dwi_domain_metadata;

typedef struct dwi_commit_info {
    int64_t timestamp;           /* ms, -1: none */
    int64_t in_commit_timestamp; /* ms, -1: none */
    dwi_sv operation;            /* ptr NULL: none, as for the texts below */
    dwi_sv operation_parameters; /* JSON source text */
    dwi_sv operation_metrics;    /* JSON source text */
    dwi_sv engine_info;
    dwi_sv txn_id;
    int8_t is_blind_append; /* 1, 0, -1: absent */
} dwi_commit_info;

typedef struct dwi_sidecar {
    dwi_sv path; /* file name below _delta_log/_sidecars/ */
    int64_t size;
    int64_t modification_time;
    bool has_tags;
    dwi_kvs tags;
} dwi_sidecar;

/* A file of change data. */
typedef struct dwi_cdc {
    dwi_sv path; /* ptr NULL: none */
    int64_t size;
    dwi_kvs partition_values; /* only written */
} dwi_cdc;

/* checkpointMetadata */
typedef struct dwi_manifest {
    int64_t version;
} dwi_manifest;

typedef enum dwi_action_kind {
    DWI_ACTION_UNKNOWN = 0, /* ignored */
    DWI_ACTION_PROTOCOL = 1,
    DWI_ACTION_METADATA = 2,
    DWI_ACTION_ADD = 3,
    DWI_ACTION_REMOVE = 4,
    DWI_ACTION_TXN = 5,
    DWI_ACTION_DOMAIN_METADATA = 6,
    DWI_ACTION_COMMIT_INFO = 7,
    DWI_ACTION_CDC = 8,
    DWI_ACTION_CHECKPOINT_METADATA = 9,
    DWI_ACTION_SIDECAR = 10
} dwi_action_kind;

typedef struct dwi_action {
    dwi_action_kind kind;
    union {
        dwi_protocol protocol;
        dwi_metadata metadata;
        dwi_add add;
        dwi_remove remove;
        dwi_txn_action txn;
        dwi_domain_metadata domain;
        dwi_commit_info commit_info;
        dwi_sidecar sidecar;
        dwi_cdc cdc;
        dwi_manifest manifest; /* only written */
    } u;
} dwi_action;

/* One line of a commit. DW_E_CORRUPT names `what` ("_delta_log/….json: line 3") and the field. */
dw_status dwi_action_parse(dwi_arena *arena, dwi_sv line, const char *what, dwi_action *out,
                           dw_error *err);
/* An action of a kind from the object that would be its value in a line, as other files hold them;
 * `what` as above. */
dw_status dwi_action_from_json(dwi_arena *arena, dwi_action_kind kind, const dwi_json *json,
                               const char *what, dwi_action *out, dw_error *err);
/* What a line holds by its first key, without parsing; UNKNOWN when that cannot be told. */
dwi_action_kind dwi_action_peek(dwi_sv line);
/* Append the action's line, newline included. Not for COMMIT_INFO (see commit.c). */
void dwi_action_append(dwi_buf *out, const dwi_action *action);
/* The same without the name of the action around it: the object alone, no newline. */
void dwi_action_append_value(dwi_buf *out, const dwi_action *action);

/* Append the identity of a file in the log: path (decoded, so that two spellings of one name are
 * the same file), and the deletion vector's unique id. */
dw_status dwi_file_key(dwi_sv path, const dwi_dv *dv, dwi_buf *out, dw_error *err);

#endif
