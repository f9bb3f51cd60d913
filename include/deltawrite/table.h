/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and snapshots: create, open, look, read. Writing is in txn.h. */
#ifndef DELTAWRITE_TABLE_H
#define DELTAWRITE_TABLE_H

#include <deltawrite/arrow_c_data.h>
#include <deltawrite/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dw_table dw_table;       /* reference to one table; safe from any thread */
typedef struct dw_snapshot dw_snapshot; /* one version of it, immutable; safe from any thread */

/* dw_table_options.compression */
#define DW_COMPRESSION_DEFAULT 0 /* the table's delta.parquet.compression.codec, else zstd */
#define DW_COMPRESSION_NONE    1
#define DW_COMPRESSION_SNAPPY  2
#define DW_COMPRESSION_ZSTD    3

#define DW_TABLE_NO_AUTO_CHECKPOINT 1u /* dw_commit() never writes a checkpoint by itself */
#define DW_TABLE_NO_LOG_CLEANUP     2u /* ... and never removes expired parts of the log */

/** How a table is used by this process. Strings are copied. Zero means the default. */
typedef struct dw_table_options {
    uint32_t struct_size;          /* set by DW_TABLE_OPTIONS_INIT */
    uint32_t flags;                /* DW_TABLE_* */
    const dw_allocator *allocator; /* NULL: the store's; borrowed until dw_table_close() */
    dw_log_fn *log;                /* NULL: silent */
    void *log_ctx;
    int64_t target_file_bytes; /* a data file is closed once it is this large; 0: the table's
                                  delta.targetFileSize, else 128 MiB */
    int64_t row_group_bytes;   /* 0: 64 MiB; encoded bytes of one row group */
    int32_t compression;       /* DW_COMPRESSION_* */
    int32_t compression_level; /* 0: 1 (zstd only) */
    int64_t commit_timeout_ms; /* 0: 120,000; how long dw_commit() contends for a version */
    const char *engine_info;   /* NULL: "libdeltawrite/VERSION"; commitInfo.engineInfo */
    /* Append below this line only. Zero must mean "the default". */
    int64_t partition_buffer_bytes; /* 0: 256 MiB; of all partitions that one transaction has rows
                                     * for. Beyond it the largest open files are ended. */
    int64_t max_open_files;         /* 0: 512; of one transaction, one a partition */
    int64_t upload_threads;         /* 0: 1; how many threads send the files of many partitions to
                                     * the store at a time, the caller's among them. A transaction
                                     * starts the others when it has such files, and ends them. */
} dw_table_options;
#define DW_TABLE_OPTIONS_INIT                                                                      \
    {                                                                                              \
        sizeof(dw_table_options), 0, NULL, NULL, NULL, 0, 0, 0, 0, 0, NULL, 0, 0, 0                \
    }

#define DW_CREATE_IF_MISSING 1u /* an existing table is opened instead of DW_E_EXISTS */

/** What a new table is. Strings are copied. */
typedef struct dw_create_options {
    uint32_t struct_size;    /* set by DW_CREATE_OPTIONS_INIT */
    uint32_t flags;          /* DW_CREATE_* */
    const char *schema_json; /* Delta schema: {"type":"struct","fields":[...]} */
    const char *name;        /* NULL: none */
    const char *description; /* NULL: none */
    const char *const *partition_columns;
    size_t n_partition_columns;
    const dw_property *properties; /* delta.* properties and the caller's own */
    size_t n_properties;
    /* Append below this line only. Zero must mean "the default". */
    const char *const *clustering_columns; /* up to 4, with dots for fields of structs; a table is
                                              partitioned or clustered, not both */
    size_t n_clustering_columns;
} dw_create_options;
#define DW_CREATE_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(dw_create_options), 0, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, 0                  \
    }

/** Open the table at `path` below the store's root ("" for the root itself) at its latest version.
 * Reads the protocol, metadata and transaction ids; never the list of files.
 *
 * Ownership: the table takes a reference to `store`; free with dw_table_close().
 * Errors:    DW_E_NOT_FOUND (no table there), DW_E_UNSUPPORTED (names the reader feature),
 *            DW_E_CORRUPT (a gap or broken action in the log), DW_E_IO, DW_E_DENIED, DW_E_NOMEM.
 * Threads:   any thread. */
DW_API dw_status dw_table_open(dw_store *store, const char *path, const dw_table_options *opts,
                               dw_table **out_table, dw_error *err);

/** dw_store_open_uri() and dw_table_open() in one step.
 *
 * Ownership: free with dw_table_close().
 * Errors:    those of the two.
 * Threads:   any thread. */
DW_API dw_status dw_table_open_uri(const char *uri, const dw_store_options *store_opts,
                                   const dw_table_options *opts, dw_table **out_table,
                                   dw_error *err);

/** Write version 0 of a new table with the lowest protocol that its schema and properties need, and
 * open it. Of several creators one wins; the others get DW_E_EXISTS or, with DW_CREATE_IF_MISSING,
 * the winner's table.
 *
 * Ownership: as dw_table_open().
 * Errors:    DW_E_EXISTS, DW_E_SCHEMA (names the column), DW_E_UNSUPPORTED (a property or type, or
 *            a place that holds files of others; named), DW_E_ARG (a malformed property value),
 *            DW_E_UNKNOWN, and those of dw_table_open().
 * Threads:   any thread. */
DW_API dw_status dw_table_create(dw_store *store, const char *path, const dw_create_options *create,
                                 const dw_table_options *opts, dw_table **out_table, dw_error *err);

/** Free the table. Its transactions and snapshots must be closed before. NULL is allowed.
 *
 * Ownership: ends the caller's.
 * Errors:    none.
 * Threads:   one caller, after all other use. */
DW_API void dw_table_close(dw_table *table);

/** Read the commits that came since; *out_version (may be NULL) is then the latest version.
 *
 * Ownership: none moves.
 * Errors:    DW_E_IO, DW_E_CORRUPT, DW_E_UNSUPPORTED (a reader feature was switched on); the table
 *            stays at the version it had.
 * Threads:   any thread. */
DW_API dw_status dw_table_refresh(dw_table *table, int64_t *out_version, dw_error *err);

/** The version this handle has seen last, by open, refresh or commit.
 *
 * Ownership: none moves.
 * Errors:    none.
 * Threads:   any thread. */
DW_API int64_t dw_table_version(const dw_table *table);

/** The `txn` version of an application id as of the version this handle has seen last.
 *
 * Ownership: none moves.
 * Errors:    DW_E_NOT_FOUND: the application id never committed. DW_E_EXPIRED: it may have; the
 *            table has delta.setTransactionRetentionDuration and drops older entries from its
 *            checkpoints. Who then starts from the beginning may write everything twice.
 * Threads:   any thread. */
DW_API dw_status dw_table_app_version(dw_table *table, const char *app_id, int64_t *out_version,
                                      dw_error *err);

/** Write a checkpoint of the latest version and point _last_checkpoint at it; *out_version (may be
 * NULL) receives the version. Memory: the actions since the last checkpoint and one row group.
 *
 * Ownership: none moves.
 * Errors:    DW_E_IO, DW_E_CORRUPT, DW_E_UNSUPPORTED; the table itself is unharmed in each case.
 * Threads:   any thread. */
DW_API dw_status dw_checkpoint(dw_table *table, int64_t *out_version, dw_error *err);

#define DW_CLEAN_DRY_RUN 1u /* only count */

/** How to remove expired parts of a table's log. */
typedef struct dw_clean_options {
    uint32_t struct_size; /* set by DW_CLEAN_OPTIONS_INIT */
    uint32_t flags;       /* DW_CLEAN_* */
    /* Append below this line only. Zero must mean "the default". */
} dw_clean_options;
#define DW_CLEAN_OPTIONS_INIT                                                                      \
    {                                                                                              \
        sizeof(dw_clean_options), 0                                                                \
    }

/** What was removed, or would be in a dry run. */
typedef struct dw_clean_metrics {
    uint32_t struct_size; /* set by DW_CLEAN_METRICS_INIT */
    int32_t has_more;     /* one call does so much; the next one will find more */
    int64_t cutoff_ms;    /* versions made after it stay; a midnight (UTC) */
    int64_t checkpoint;   /* version before which everything goes; -1: nothing does */
    const char *reason;   /* NULL, or static text: why nothing goes */
    int64_t commits;      /* files, as all that follow */
    int64_t checkpoints;
    int64_t checksums;
    int64_t compactions;
    int64_t sidecars;
    int64_t bytes; /* of all of them */
    /* Append below this line only. */
} dw_clean_metrics;
#define DW_CLEAN_METRICS_INIT                                                                      \
    {                                                                                              \
        .struct_size = sizeof(dw_clean_metrics)                                                    \
    }

/** Remove what lies in the log before the newest checkpoint that is older than the table's
 * delta.logRetentionDuration (30 days), as dw_commit() does by itself once a day after a
 * checkpoint: commits, checkpoints, checksum files, compacted commits, and sidecars that no
 * checkpoint names. Older versions can then no longer be read. Nothing is removed where
 * delta.enableExpiredLogCleanup is false, or the table's features forbid it.
 *
 * Ownership: none moves; *out_metrics may be NULL.
 * Errors:    DW_E_UNSUPPORTED (names the feature), DW_E_IO, DW_E_DENIED, DW_E_CORRUPT, DW_E_NOMEM;
 *            the table is whole in each case, and the next call goes on.
 * Threads:   any thread. */
DW_API dw_status dw_table_cleanup_log(dw_table *table, const dw_clean_options *opts,
                                      dw_clean_metrics *out_metrics, dw_error *err);

/** One commit, as told to a history callback; all text is borrowed for the call. */
typedef struct dw_history_entry {
    int64_t version;
    int64_t timestamp_ms;
    const char *operation;                 /* NULL: the commit does not say */
    const char *operation_parameters_json; /* NULL or a JSON object */
    const char *operation_metrics_json;    /* NULL or a JSON object */
    const char *engine_info;               /* NULL: the commit does not say */
    int32_t is_blind_append;               /* 1, 0, or -1: the commit does not say */
} dw_history_entry;

typedef dw_status dw_history_fn(void *ctx, const dw_history_entry *entry, dw_error *err);

/** Call `each` for the newest `limit` commits (0: all that the log still has), newest first.
 *
 * Ownership: none moves.
 * Errors:    DW_E_IO, DW_E_CORRUPT, DW_E_NOMEM, or what `each` returned.
 * Threads:   any thread. */
DW_API dw_status dw_table_history(dw_table *table, int64_t limit, dw_history_fn *each, void *ctx,
                                  dw_error *err);

/* dw_log_file.kind */
#define DW_LOG_OTHER      0 /* _last_checkpoint, and what the protocol does not know */
#define DW_LOG_COMMIT     1
#define DW_LOG_CHECKPOINT 2 /* or one part of it */
#define DW_LOG_CHECKSUM   3 /* VERSION.crc */
#define DW_LOG_COMPACTED  4 /* commits `version` to `last_version` in one file */
#define DW_LOG_SIDECAR    5

/** One file below _delta_log/; the name is borrowed for the call. */
typedef struct dw_log_file {
    const char *name; /* relative to _delta_log/ */
    int32_t kind;     /* DW_LOG_* */
    int64_t version;  /* -1: OTHER, SIDECAR */
    int64_t last_version;
    int64_t size; /* bytes */
    int64_t modified_ms;
} dw_log_file;
typedef dw_status dw_log_file_fn(void *ctx, const dw_log_file *file, dw_error *err);

/** Call `each` for every file of the table's log, in byte order of names. `each` must not use the
 * table's store.
 *
 * Ownership: none moves.
 * Errors:    DW_E_IO and the store's other codes, DW_E_NOMEM, or what `each` returned.
 * Threads:   any thread. */
DW_API dw_status dw_table_log(dw_table *table, dw_log_file_fn *each, void *ctx, dw_error *err);

/** Stream the text of one commit as the log has it: one action, a JSON object, a line.
 *
 * Ownership: none moves.
 * Errors:    DW_E_NOT_FOUND: no such version, or its file has expired; DW_E_IO and the store's
 *            other codes, or what the sink returned.
 * Threads:   any thread. */
DW_API dw_status dw_table_read_commit(dw_table *table, int64_t version, dw_sink sink,
                                      dw_error *err);

/** Open one version of the table: `version` >= 0, or -1 for the latest one the store has now.
 *
 * Ownership: free with dw_snapshot_close(), before the table.
 * Errors:    DW_E_NOT_FOUND (names the range of versions there is), and those of dw_table_open().
 * Threads:   any thread. */
DW_API dw_status dw_snapshot_open(dw_table *table, int64_t version, dw_snapshot **out_snapshot,
                                  dw_error *err);

/** Open the newest version committed at or before a time (milliseconds since 1970, UTC).
 *
 * Ownership: as dw_snapshot_open().
 * Errors:    DW_E_NOT_FOUND: the time is before the oldest version still there; else as
 *            dw_snapshot_open().
 * Threads:   any thread. */
DW_API dw_status dw_snapshot_open_at(dw_table *table, int64_t timestamp_ms,
                                     dw_snapshot **out_snapshot, dw_error *err);

/** Free a snapshot. NULL is allowed.
 *
 * Ownership: ends the caller's.
 * Errors:    none.
 * Threads:   one caller, after all other use. */
DW_API void dw_snapshot_close(dw_snapshot *snapshot);

/** What a snapshot says of itself. Text and arrays live as long as the snapshot. */
typedef struct dw_snapshot_info {
    uint32_t struct_size; /* set by DW_SNAPSHOT_INFO_INIT */
    int32_t min_reader_version;
    int32_t min_writer_version;
    int32_t is_partitioned;
    int64_t version;
    int64_t timestamp_ms;    /* of the commit; -1: no longer known */
    int64_t created_time_ms; /* -1: the metadata does not say */
    const char *uri;
    const char *id;
    const char *name;        /* NULL: none */
    const char *description; /* NULL: none */
    const char *schema_json;
    const char *const *reader_features; /* NULL unless min_reader_version is 3 */
    size_t n_reader_features;
    const char *const *writer_features; /* NULL unless min_writer_version is 7 */
    size_t n_writer_features;
    const char *const *partition_columns;
    size_t n_partition_columns;
    const dw_property *properties;
    size_t n_properties;
    const char *refusal; /* NULL: we may append; else the reason why not, naming the feature */
    /* Append below this line only. */
} dw_snapshot_info;
#define DW_SNAPSHOT_INFO_INIT                                                                      \
    {                                                                                              \
        .struct_size = sizeof(dw_snapshot_info)                                                    \
    }

/** Fill *out_info.
 *
 * Ownership: everything in it belongs to the snapshot.
 * Errors:    DW_E_ARG (struct_size).
 * Threads:   any thread. */
DW_API dw_status dw_snapshot_get_info(const dw_snapshot *snapshot, dw_snapshot_info *out_info,
                                      dw_error *err);

/** One live data file; all text is borrowed for the call. */
typedef struct dw_file {
    const char *path; /* as in the log: percent-encoded, relative to the table or absolute */
    int64_t size;     /* bytes */
    int64_t modification_time_ms;
    int64_t num_records;    /* from its stats, -1: unknown; deleted rows still counted */
    const char *stats_json; /* NULL: none */
    const dw_property *partition_values; /* value NULL: null */
    size_t n_partition_values;
    int64_t deleted_rows; /* cardinality of its deletion vector, 0: none */
} dw_file;

typedef dw_status dw_file_fn(void *ctx, const dw_file *file, dw_error *err);

/** Call `each` for every live data file.
 *
 * Ownership: none moves.
 * Errors:    DW_E_IO, DW_E_CORRUPT, DW_E_NOMEM, or what `each` returned.
 * Threads:   any thread. */
DW_API dw_status dw_snapshot_files(dw_snapshot *snapshot, dw_file_fn *each, void *ctx,
                                   dw_error *err);

/** One application id's newest `txn` action. */
typedef struct dw_app_txn {
    const char *app_id; /* borrowed for the call */
    int64_t version;
    int64_t last_updated_ms; /* -1: not set */
} dw_app_txn;

typedef dw_status dw_app_txn_fn(void *ctx, const dw_app_txn *txn, dw_error *err);

/** Call `each` for every application id, in byte order; those that have expired by the table's
 * delta.setTransactionRetentionDuration are left out, as other readers leave them out.
 *
 * Ownership: none moves.
 * Errors:    what `each` returned.
 * Threads:   any thread. */
DW_API dw_status dw_snapshot_txns(const dw_snapshot *snapshot, dw_app_txn_fn *each, void *ctx,
                                  dw_error *err);

/** What to read. */
typedef struct dw_scan_options {
    uint32_t struct_size;       /* set by DW_SCAN_OPTIONS_INIT */
    int32_t batch_rows;         /* 0: 8,192; rows of one array at the most */
    const char *const *columns; /* NULL: all, in schema order */
    size_t n_columns;
    /* Append below this line only. Zero must mean "the default". */
    const char *where; /* rows for which this condition is true alone (docs/conditions.md); NULL:
                          all */
} dw_scan_options;
#define DW_SCAN_OPTIONS_INIT                                                                       \
    {                                                                                              \
        sizeof(dw_scan_options), 0, NULL, 0, NULL                                                  \
    }

/** Read the rows of a snapshot as an Arrow stream of struct arrays: partition columns from the log,
 * columns that a file lacks as null, file by file. With a condition, files, row groups and pages
 * that cannot have such rows are not read.
 *
 * Ownership: *out_stream is the caller's, to be released before the snapshot is closed.
 * Errors:    DW_E_NOT_FOUND (names the column), DW_E_UNSUPPORTED (names the feature), DW_E_ARG (a
 *            condition that is none, and where), DW_E_NOMEM; while reading, get_next() returns an
 *            errno and get_last_error() the text.
 * Threads:   any thread; the stream is used by one thread at a time. */
DW_API dw_status dw_snapshot_scan(dw_snapshot *snapshot, const dw_scan_options *opts,
                                  struct ArrowArrayStream *out_stream, dw_error *err);

#ifdef __cplusplus
}
#endif
#endif
