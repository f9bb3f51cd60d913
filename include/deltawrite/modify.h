/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the rows that a table has, and its columns. */
#ifndef DELTAWRITE_MODIFY_H
#define DELTAWRITE_MODIFY_H

#include <deltawrite/maintain.h>
#include <deltawrite/txn.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DW_DELETE_DRY_RUN    1u /* only count what would go */
#define DW_DELETE_NEW_APP_ID 2u /* app_id is known to be new: see DW_E_EXPIRED */

/** Which rows to delete. Strings are borrowed for the call. */
typedef struct dw_delete_options {
    uint32_t struct_size; /* set by DW_DELETE_OPTIONS_INIT */
    uint32_t flags;       /* DW_DELETE_* */
    const char *where;  /* those for which this condition is true (docs/conditions.md); NULL: all */
    const char *app_id; /* NULL: none; else the table's version for it becomes app_version, and */
    int64_t app_version;       /* when it is at app_version or above already, nothing is done */
    const char *user_metadata; /* NULL: none; commitInfo.userMetadata */
    int32_t threads;           /* 0: 1; that read and write files, the caller's among them */
    int32_t attempts;          /* 0: 5; how often it is begun anew when commits of others collide */
    /* Append below this line only. Zero must mean "the default". */
} dw_delete_options;
#define DW_DELETE_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(dw_delete_options), 0, NULL, NULL, 0, NULL, 0, 0                                    \
    }

/** What was done, or would be in a dry run: then nothing is added. */
typedef struct dw_delete_metrics {
    uint32_t struct_size; /* set by DW_DELETE_METRICS_INIT */
    int32_t was_done;     /* the table has app_version already; all else is 0 */
    int64_t version;      /* of the commit; -1: there was none, no row passes */
    int64_t deleted_rows; /* -1: unknown, of a file that was removed unread the log has no count */
    int64_t considered_files; /* that were not ruled out by partition values and statistics */
    int64_t removed_files;    /* of which all rows went */
    int64_t removed_bytes;
    int64_t rewritten_files; /* of which the other rows were written anew */
    int64_t rewritten_bytes;
    int64_t added_files; /* with these */
    int64_t added_bytes;
    int64_t copied_rows;
    int64_t added_dvs;   /* deletion vectors of files that had none */
    int64_t updated_dvs; /* of files that had one */
    int64_t removed_dvs; /* of files that were removed or written anew */
    int64_t change_files;
    int64_t change_bytes;
    /* Append below this line only. */
} dw_delete_metrics;
#define DW_DELETE_METRICS_INIT                                                                     \
    {                                                                                              \
        .struct_size = sizeof(dw_delete_metrics)                                                   \
    }

/** Delete rows by one new version. Files of which partition values or statistics prove that all
 * rows pass are removed without being read, those of which they prove that none does are left
 * alone. Of the rest the rows are marked in deletion vectors where the table wants these
 * (delta.enableDeletionVectors), else the other rows are written anew; rows keep the ids by which
 * the table tracks them, and change data is written where the table keeps it. When another commit
 * meanwhile touched what was read, it is done again from the newer version.
 *
 * Ownership: none moves; *out_metrics may be NULL.
 * Errors:    DW_E_ARG (an option, or no condition: where in it), DW_E_NOT_FOUND (a column),
 *            DW_E_UNSUPPORTED (names the feature, or delta.appendOnly is on), DW_E_EXPIRED (the
 *            table may have dropped the entry of app_id: see dw_table_app_version(); not with
 *            DW_DELETE_NEW_APP_ID), and those of dw_commit(). Nothing was deleted then, but after
 *            DW_E_UNKNOWN it may have been; the same call again with app_id tells.
 * Threads:   any thread; options.threads - 1 more are started and ended. */
DW_API dw_status dw_delete(dw_table *table, const dw_delete_options *opts,
                           dw_delete_metrics *out_metrics, dw_error *err);

#define DW_OVERWRITE_TABLE      0 /* all rows of the table */
#define DW_OVERWRITE_WHERE      1 /* those for which a condition is true */
#define DW_OVERWRITE_PARTITIONS 2 /* the partitions that new rows are in; without any, all rows */

/** What the rows of a transaction replace. */
typedef struct dw_overwrite_options {
    uint32_t struct_size; /* set by DW_OVERWRITE_OPTIONS_INIT */
    int32_t mode;         /* DW_OVERWRITE_* */
    const char *where;    /* copied; with DW_OVERWRITE_WHERE alone (docs/conditions.md) */
    int32_t attempts;     /* 0: 5; how often the commit begins anew when those of others collide */
    int32_t reserved;     /* 0 */
    /* Append below this line only. Zero must mean "the default". */
} dw_overwrite_options;
#define DW_OVERWRITE_OPTIONS_INIT                                                                  \
    {                                                                                              \
        sizeof(dw_overwrite_options), DW_OVERWRITE_TABLE, NULL, 0, 0                               \
    }

/** Let the rows of a transaction take the place of others: its commit removes these and adds those
 * by one version, whatever others appended meanwhile included. With a condition each new row must
 * pass it, too; old rows that pass are deleted as dw_delete() does. A transaction that stages
 * nothing overwrites with nothing; with DW_OVERWRITE_PARTITIONS it then changes nothing. Before the
 * first row.
 *
 * Ownership: none moves.
 * Errors:    DW_E_ARG (an option, rows are staged already, or no condition: where in it),
 *            DW_E_NOT_FOUND (a column of it), DW_E_UNSUPPORTED (delta.appendOnly is on, or a
 *            feature), DW_E_NOMEM: the transaction is as before. Rows that do not pass the
 *            condition are DW_E_SCHEMA where they are appended.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_overwrite(dw_txn *txn, const dw_overwrite_options *opts, dw_error *err);

/** Rename a column, or a field of one, with this commit: its name or a path such as "s.x", with
 * backticks around names that have dots, and the new name without the path. Data files stay as they
 * are, which takes column mapping.
 *
 * Ownership: none moves.
 * Errors:    DW_E_UNSUPPORTED (the table has no column mapping; or a property, or SQL in the
 *            table's metadata, may name the column), DW_E_NOT_FOUND (no such column), DW_E_SCHEMA
 *            (the name is taken, or none that a column can have), DW_E_ARG (not a path, or a part
 *            of an array or map), DW_E_NOMEM: the transaction is as before. DW_E_IO and the store's
 *            other codes: as dw_txn_flush(). dw_commit() answers DW_E_CONFLICT when another commit
 *            changed the metadata meanwhile.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_rename_column(dw_txn *txn, const char *column, const char *new_name,
                                      dw_error *err);

/** Drop a column, or a field of one, with this commit. Data files stay as they are, which takes
 * column mapping; nobody reads the column's values any more, also when one of that name is added.
 *
 * Ownership: none moves.
 * Errors:    as dw_txn_rename_column(); DW_E_ARG also for a partition or clustering column, and the
 *            last column of the table or of a struct.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_drop_column(dw_txn *txn, const char *column, dw_error *err);

/** Give a column, or a field of one, a comment with this commit, or none (`comment` NULL). With
 * `column` NULL the table's description.
 *
 * Ownership: none moves.
 * Errors:    DW_E_NOT_FOUND (no such column), DW_E_ARG (not a path, or a part of an array or map),
 *            DW_E_NOMEM: the transaction is as before. Else as dw_txn_rename_column().
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_set_comment(dw_txn *txn, const char *column, const char *comment,
                                    dw_error *err);

/** Take a feature from the table's protocol with this commit, so that programs that lack it can
 * write to the table. Only of features that bind writers alone, and that nothing of the table uses
 * any more: its property is unset, its constraints are gone.
 *
 * Ownership: none moves.
 * Errors:    DW_E_NOT_FOUND (the protocol does not list it), DW_E_UNSUPPORTED (readers of older
 *            versions need it, other features do, or the table uses it; says what), DW_E_NOMEM: the
 *            transaction is as before. dw_commit() answers DW_E_CONFLICT when another commit
 *            changed metadata or protocol meanwhile.
 * Threads:   one call at a time per transaction. */
DW_API dw_status dw_txn_drop_feature(dw_txn *txn, const char *feature, dw_error *err);

#ifdef __cplusplus
}
#endif
#endif
