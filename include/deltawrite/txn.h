/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: stage rows, then publish them as one new version.
 *
 * Several transactions of one table may be filled side by side, each by one thread; their commits
 * are ordered by the library. A transaction that added columns is seen by those begun after it in
 * the same process, so that a new field gets one type. */
#ifndef DELTAWRITE_TXN_H
#define DELTAWRITE_TXN_H

#include <deltawrite/table.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dw_txn dw_txn; /* one thread at a time */

#define DW_TXN_ADD_COLUMNS 1u /* fields the table lacks become new nullable columns */
#define DW_TXN_NEW_APP_IDS 2u /* ids expected at -1 are known to be new: see DW_E_EXPIRED */
#define DW_TXN_FLOAT_WORDS 4u /* "NaN", "Infinity", "-Infinity" in JSON are floats, not bad */

/* Unit of an epoch number that arrives for a timestamp column. */
#define DW_EPOCH_MS 0
#define DW_EPOCH_S  1
#define DW_EPOCH_US 2
#define DW_EPOCH_NS 3

/** How records are read into one column. */
typedef struct dw_column_option {
    const char *name;   /* top-level column */
    int32_t epoch_unit; /* DW_EPOCH_* */
} dw_column_option;

/** How one transaction behaves. Strings are copied. Zero means the default. */
typedef struct dw_txn_options {
    uint32_t struct_size;      /* set by DW_TXN_OPTIONS_INIT */
    uint32_t flags;            /* DW_TXN_* */
    const char *operation;     /* NULL: "WRITE"; commitInfo.operation, e.g. "STREAMING UPDATE" */
    const char *user_metadata; /* NULL: none; commitInfo.userMetadata */
    const dw_column_option *columns;
    size_t n_columns;
    /* Append below this line only. Zero must mean "the default". */
} dw_txn_options;
#define DW_TXN_OPTIONS_INIT                                                                        \
    {                                                                                              \
        sizeof(dw_txn_options), 0, NULL, NULL, NULL, 0                                             \
    }

/** Start a transaction on the version that the table handle has seen last.
 *
 * Ownership: free with dw_txn_close(), before the table.
 * Errors:    DW_E_UNSUPPORTED: the table needs a writer feature that we lack (named), or its store
 *            cannot put-if-absent and the caller did not vouch; DW_E_NOMEM.
 * Threads:   any thread. */
DW_API dw_status dw_begin(dw_table *table, const dw_txn_options *opts, dw_txn **out_txn,
                          dw_error *err);

/** Stage one struct array described by `schema`; columns match by name, case-insensitively. Columns
 * of the table that the batch lacks get their default value, else null. Readers see nothing yet.
 *
 * Ownership: on DW_OK the batch moves into the transaction (batch->release becomes NULL); on any
 *            error it stays with the caller, untouched. `schema` is borrowed for the call.
 * Errors:    DW_E_SCHEMA (names the column), DW_E_CORRUPT (an invalid array), DW_E_UNSUPPORTED (an
 *            Arrow type without a Delta one, or a column is lacking whose default value is an
 *            expression that we cannot evaluate): the transaction is as before. DW_E_IO,
 *            DW_E_NOMEM and the store's other codes: staged rows may be lost, and if so every
 *            later call but dw_txn_close() answers DW_E_ARG.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_append(dw_txn *txn, struct ArrowArray *batch, const struct ArrowSchema *schema,
                           dw_error *err);

/** Stage every array of a stream.
 *
 * Ownership: the stream is drained and stays with the caller, to be released.
 * Errors:    those of dw_append(); DW_E_IO with the stream's own text when it fails. Arrays before
 *            the failing one stay staged.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_append_stream(dw_txn *txn, struct ArrowArrayStream *stream, dw_error *err);

/** Told of one record that was not staged: its index in the call (of NDJSON: its line, from 0), why
 * (DW_E_RECORD or DW_E_SCHEMA in error->code) and in words. The record's bytes are the caller's own
 * (`record`, borrowed). A status other than DW_OK ends the call, which then returns it. */
typedef dw_status dw_reject_fn(void *ctx, size_t index, dw_bytes record, const dw_error *error);

/** Stage records, each one JSON object (docs/records.md has the rules). A record that cannot be
 * decoded goes to `on_reject` and leaves no trace in the transaction.
 *
 * Ownership: records are read before the call returns; none moves.
 * Errors:    with on_reject NULL, DW_E_RECORD or DW_E_SCHEMA for the first bad record, and nothing
 *            of the call is staged; else what on_reject returned, and the records before stay
 *            staged. DW_E_UNSUPPORTED: a record lacks a column whose default value is an
 *            expression that we cannot evaluate; with on_reject the transaction can then only be
 *            closed. DW_E_NOMEM, DW_E_IO and the store's other codes: as dw_append().
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_append_json(dw_txn *txn, const dw_bytes *records, size_t count,
                                dw_reject_fn *on_reject, void *ctx, dw_error *err);

/** dw_append_json() for text with one object a line; blank lines are skipped.
 *
 * Ownership, Errors, Threads: as dw_append_json(). */
DW_API dw_status dw_append_ndjson(dw_txn *txn, dw_bytes text, dw_reject_fn *on_reject, void *ctx,
                                  dw_error *err);

/** Add nullable columns with this commit: a Delta schema in JSON, which is merged into the table's.
 * Columns and fields of structs, at any depth, that the table lacks are added after those that it
 * has; those that it has, by names that match ignoring case, must have the same type. Their
 * nullability and metadata stay as they are. Rows staged before a nested field was added have null
 * in it.
 *
 * Ownership: none moves.
 * Errors:    DW_E_SCHEMA (a type differs, or a new column is not nullable; named),
 *            DW_E_UNSUPPORTED (a type or note that needs a table feature), DW_E_CORRUPT (not a
 *            schema), DW_E_NOMEM: the transaction is as before. DW_E_IO and the store's other
 *            codes: as dw_txn_flush(). A nested field makes dw_commit() answer DW_E_CONFLICT when
 *            another commit changed the metadata meanwhile.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_add_columns(dw_txn *txn, const char *schema_json, dw_error *err);

/** Let a NOT NULL column, or a field of one, be null from this commit on: its name, or a path such
 * as "s.x", with backticks around names that have dots; "element" and "value" are the parts of
 * arrays and maps. One that is nullable already stays so.
 *
 * Ownership: none moves.
 * Errors:    DW_E_NOT_FOUND (no such column), DW_E_ARG (not a path, or the key of a map),
 *            DW_E_NOMEM: the transaction is as before. Else as dw_txn_add_columns() with a nested
 *            field.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_drop_not_null(dw_txn *txn, const char *column, dw_error *err);

/** Set a table property with this commit, or unset it (`value` NULL). The protocol is raised when
 * the property needs a feature that the table has not; every feature that the old version implied
 * is listed then. "delta.feature.NAME" = "supported", "delta.minReaderVersion" and
 * "delta.minWriterVersion" ask for the protocol alone. Keys without "delta." are the caller's own.
 *
 * Ownership: none moves; both texts are copied. Of one key the last call counts.
 * Errors:    DW_E_ARG (a malformed value), DW_E_UNSUPPORTED (an unknown "delta." key, whose nearest
 *            known one is named, or one that is not for setting), DW_E_NOMEM; the transaction is as
 *            before. dw_commit() answers DW_E_UNSUPPORTED when the table would need what we cannot
 *            do, and DW_E_CONFLICT when another commit changed metadata or protocol meanwhile.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_set_property(dw_txn *txn, const char *key, const char *value,
                                     dw_error *err);

/** Compare-and-set of a `txn` action: the commit succeeds only while the table's version for
 * `app_id` is `expected` (-1: it has none), and sets it to `next`.
 *
 * Ownership: none moves; `app_id` is copied.
 * Errors:    DW_E_ARG (next < 0, or the id was given already), DW_E_EXPIRED (`expected` is -1, and
 *            the table may have dropped the id's entry: see dw_table_app_version(); not with
 *            DW_TXN_NEW_APP_IDS), DW_E_NOMEM.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_set_app_version(dw_txn *txn, const char *app_id, int64_t expected,
                                        int64_t next, dw_error *err);

/** Move all that `other` staged (rows, files, new columns, application ids) into `txn`, so that one
 * commit publishes both. `other` is then empty and can only be closed.
 *
 * Ownership: staged data moves.
 * Errors:    DW_E_ARG (different tables, an application id in both, or `other` changes
 *            properties or columns), DW_E_SCHEMA (one new column with two types), DW_E_NOMEM,
 *            DW_E_IO (flushing `other`); both are as before.
 * Threads:   one call at a time for either transaction. */
DW_API dw_status dw_txn_join(dw_txn *txn, dw_txn *other, dw_error *err);

typedef struct dw_txn_stats {
    uint32_t struct_size; /* set by DW_TXN_STATS_INIT */
    int32_t files;        /* data files begun or finished */
    int64_t rows;         /* staged */
    int64_t rejected_rows;
    int64_t buffered_bytes; /* in memory, not yet in a data file's finished bytes */
    int64_t encoded_bytes;  /* Parquet bytes handed to the store */
    /* Append below this line only. */
} dw_txn_stats;
#define DW_TXN_STATS_INIT                                                                          \
    {                                                                                              \
        sizeof(dw_txn_stats), 0, 0, 0, 0, 0                                                        \
    }

/** What a transaction holds.
 *
 * Ownership: none moves.
 * Errors:    DW_E_ARG (struct_size).
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_get_stats(const dw_txn *txn, dw_txn_stats *out_stats, dw_error *err);

/** Encode and upload all that is buffered; the data files are finished and durable. dw_commit()
 * does this itself; calling it before lets a commit thread do no more than commit.
 *
 * Ownership: none moves.
 * Errors:    DW_E_IO and the store's other codes: the transaction can then only be closed;
 *            DW_E_NOMEM.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_flush(dw_txn *txn, dw_error *err);

/** Publish everything staged as one new version; *out_version (may be NULL) receives it. With
 * nothing staged at all no version is made and *out_version is the table's.
 *
 * Ownership: none moves. After publication nothing can fail; a checkpoint that was due and could
 *            not be written is told to the log callback and tried again by a later commit.
 * Errors:    DW_E_CONFLICT: another commit cannot be combined with ours (named), also not by
 *            writing our files anew, which is done where it helps; close the transaction.
 *            DW_E_FENCED: another writer moved our application id; re-read it, never retry
 *            blindly. DW_E_EXPIRED: the table has dropped the entry of an application id that it
 *            had. DW_E_UNKNOWN: the reply was lost; call again, it looks for its own commit first
 *            and never publishes twice. DW_E_UNSUPPORTED: the protocol was raised beyond us. Any
 *            other: nothing was published; err->retryable tells whether the same call may succeed
 *            later.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_commit(dw_txn *txn, int64_t *out_version, dw_error *err);

/** Free a transaction. What was staged and not committed is dropped, its uploaded files removed as
 * far as the store lets. NULL is allowed. After DW_E_UNKNOWN files are left for vacuum.
 *
 * Ownership: ends the caller's.
 * Errors:    none.
 * Threads:   one caller, after all other use. */
DW_API void dw_txn_close(dw_txn *txn);

#ifdef __cplusplus
}
#endif
#endif
