/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping a table healthy: operations that change no row. */
#ifndef DELTAWRITE_MAINTAIN_H
#define DELTAWRITE_MAINTAIN_H

#include <deltawrite/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Told now and then how far a long operation is, by the thread that called it. */
typedef void dw_progress_fn(void *ctx, int64_t done, int64_t total);

#define DW_OPTIMIZE_DRY_RUN 1u /* only tell what would be done */

/** How to write many small files anew as few large ones. Strings are borrowed for the call. */
typedef struct dw_optimize_options {
    uint32_t struct_size;      /* set by DW_OPTIMIZE_OPTIONS_INIT */
    uint32_t flags;            /* DW_OPTIMIZE_* */
    int64_t target_file_bytes; /* 0: the table's delta.targetFileSize, else 128 MiB */
    int64_t min_files;         /* 0: 2; fewer that belong together are left as they are */
    int64_t memory_bytes;     /* 0: 512 MiB; of all threads. What is read and written anew; the list
                                * of the files, some 400 bytes for each, is not counted. */
    int64_t commit_bytes;     /* 0: 8 GiB; files are published whenever so many bytes of old ones
                                * are done, so that little is lost when the work is broken off */
    int32_t threads;          /* 0: 1; the caller's among them */
    int32_t deleted_percent;  /* 0: 5; a file of which more rows are deleted is written anew
                                * whatever its size; 100: never for that */
    dw_progress_fn *progress; /* bytes of old files done, of how many */
    void *progress_ctx;
    const char *where; /* NULL: the whole table; a condition on partition columns, as SQL has it:
                        * "day >= '2026-01-01' AND country = 'de'" */
    /* Append below this line only. Zero must mean "the default". */
    const char *const *zorder_columns; /* NULL: rows keep their order. Else all files of the
                                        * partitions are written anew, with rows that are near each
                                        * other in these columns side by side, so that statistics
                                        * rule out more files. What does not fit into memory_bytes
                                        * is read several times. */
    size_t n_zorder_columns;
} dw_optimize_options;
#define DW_OPTIMIZE_OPTIONS_INIT                                                                   \
    {                                                                                              \
        sizeof(dw_optimize_options), 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0                \
    }

/** What was done, or would be in a dry run: then nothing is added. */
typedef struct dw_optimize_metrics {
    uint32_t struct_size; /* set by DW_OPTIMIZE_METRICS_INIT */
    int32_t has_sizes;    /* the five below are there */
    int64_t version;      /* of the last commit, -1: there was none */
    int64_t commits;
    int64_t considered_files; /* live ones of the partitions that were looked at */
    int64_t considered_bytes;
    int64_t removed_files;
    int64_t removed_bytes;
    int64_t removed_dvs; /* deletion vectors */
    int64_t added_files;
    int64_t added_bytes;
    int64_t rows;         /* moved */
    int64_t partitions;   /* of which files were written anew */
    int64_t skipped_bins; /* groups of files of which another commit took some meanwhile, or
                                * changed the table so that what was made of them is not right */
    int64_t min_bytes;    /* of the files that were added */
    int64_t p25_bytes;
    int64_t p50_bytes;
    int64_t p75_bytes;
    int64_t max_bytes;
    /* Append below this line only. */
} dw_optimize_metrics;
#define DW_OPTIMIZE_METRICS_INIT                                                                   \
    {                                                                                              \
        .struct_size = sizeof(dw_optimize_metrics)                                                 \
    }

/** Write small files of a table anew as larger ones, and files with many deleted rows without them
 * (OPTIMIZE). Of each partition the files below the target are put together, oldest first, as many
 * as make a file of that size. No row changes: readers of changes see nothing, appends of others go
 * on meanwhile, and rows keep the ids by which the table tracks them. When another commit removes
 * some of the files that are being written anew, those that belong to them are left as they are and
 * the rest goes on. The old files stay for readers of older versions until they are vacuumed.
 *
 * Ownership: none moves; *out_metrics may be NULL, and is filled also after an error on the way.
 * Errors:    DW_E_ARG (an option; `where` names a column that is no partition column, or
 *            zorder_columns one that is; the table is clustered by columns of its own),
 *            DW_E_NOT_FOUND (a column that the table has not), DW_E_UNSUPPORTED (names the
 *            feature), DW_E_UNKNOWN (what was published last may be there or not; the table is
 *            whole), DW_E_IO, DW_E_DENIED, DW_E_CORRUPT, DW_E_NOMEM, DW_E_CONFLICT (another commit
 *            changed the table so that we cannot go on). What was committed before stays, and the
 *            next call goes on.
 * Threads:   any thread; options.threads - 1 more are started and ended. */
DW_API dw_status dw_optimize(dw_table *table, const dw_optimize_options *opts,
                             dw_optimize_metrics *out_metrics, dw_error *err);

#define DW_VACUUM_DRY_RUN          1u /* only count and tell */
#define DW_VACUUM_LITE             2u /* what the log says was removed, without a listing */
#define DW_VACUUM_UNSAFE_RETENTION 4u /* retain_ms may be below the table's retention */
#define DW_VACUUM_NO_COMMITS       8u /* without VACUUM START and VACUUM END in the history */

/** Told of a file that is about to be removed, or would be: its path below the table, not
 * percent-encoded, borrowed for the call. A status other than DW_OK ends the vacuum, which then
 * returns it. */
typedef dw_status dw_vacuum_file_fn(void *ctx, const char *path, int64_t size, dw_error *err);

/** How to remove files that no version within the retention needs. */
typedef struct dw_vacuum_options {
    uint32_t struct_size;  /* set by DW_VACUUM_OPTIONS_INIT */
    uint32_t flags;        /* DW_VACUUM_* */
    int64_t retain_ms;     /* -1: the table's delta.deletedFileRetentionDuration (7 days) */
    int64_t clock_skew_ms; /* added to the retention, as clocks of writers and store differ; -1: 15
                            * minutes, and none with a retention below the table's */
    int64_t threads;       /* 0: 1; that remove files, the caller's among them */
    dw_vacuum_file_fn *file;
    void *file_ctx;
    dw_progress_fn *progress; /* files removed, of how many */
    void *progress_ctx;
    /* Append below this line only. Zero must mean "the default". */
} dw_vacuum_options;
#define DW_VACUUM_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(dw_vacuum_options), 0, -1, -1, 0, NULL, NULL, NULL, NULL                            \
    }

/** What was removed, or would be in a dry run. */
typedef struct dw_vacuum_metrics {
    uint32_t struct_size; /* set by DW_VACUUM_METRICS_INIT */
    int32_t is_lite;
    int64_t cutoff_ms;     /* what was written or removed since then stays */
    int64_t version;       /* the newest one whose files stay */
    int64_t first_version; /* lite: of the commits that were read, -1: none */
    int64_t last_version;
    int64_t files; /* removed: data, change data, deletion vectors */
    int64_t bytes;
    int64_t failed_files;  /* that could not be removed */
    int64_t listed_files;  /* full, as all that follow: files of the table that there were */
    int64_t folders;       /* that they were in */
    int64_t young_files;   /* not named by the log, too young to be removed */
    int64_t foreign_files; /* of another table within the table's folder, which stay */
    int64_t leftovers;     /* of writers that broke off: temporary files, uploads (S3) */
    int64_t leftover_bytes;
    int64_t empty_folders; /* removed (local disks) */
    /* Append below this line only. */
} dw_vacuum_metrics;
#define DW_VACUUM_METRICS_INIT                                                                     \
    {                                                                                              \
        .struct_size = sizeof(dw_vacuum_metrics)                                                   \
    }

/** Remove the files below the table's folder that no version needs which was the newest one within
 * the retention: data files, change data and deletion vectors that the log does not name or that
 * were removed longer ago. Never what is younger than the retention: a file that a writer has sent
 * and not yet committed is known by its age alone, so the retention must be longer than the longest
 * transaction. Names that begin with '_' or '.' stay, as Spark has it. Versions older than the
 * retention can then no longer be read.
 *
 * Lite: only files that commits removed since the last lite vacuum, from the log, without a list;
 * files that were never committed stay.
 *
 * Unless there is nothing to remove, two commits tell of it, as Spark's do.
 *
 * Ownership: none moves; *out_metrics may be NULL, and is filled also after an error on the way.
 * Errors:    DW_E_ARG (a retention below the table's without DW_VACUUM_UNSAFE_RETENTION),
 *            DW_E_UNSUPPORTED (names the feature; or lite, and the log no longer reaches back to
 *            where the last one ended), DW_E_IO, DW_E_DENIED, DW_E_CORRUPT, DW_E_NOMEM, those of
 *            dw_commit(), or what `file` returned. The table is whole in each case, and the next
 *            call goes on.
 * Threads:   any thread. */
DW_API dw_status dw_vacuum(dw_table *table, const dw_vacuum_options *opts,
                           dw_vacuum_metrics *out_metrics, dw_error *err);

#define DW_RESTORE_IGNORE_MISSING 1u /* leave out files that are gone, instead of failing */
#define DW_RESTORE_DRY_RUN        2u /* only find out what would change; no version is made */

/** Which version to go back to: exactly one of version and timestamp_ms. */
typedef struct dw_restore_options {
    uint32_t struct_size; /* set by DW_RESTORE_OPTIONS_INIT */
    uint32_t flags;       /* DW_RESTORE_* */
    int64_t version;      /* -1: by time */
    int64_t timestamp_ms; /* -1: by version; the newest version made at or before then */
    int64_t threads;      /* 0: 1; that look whether files are there, the caller's among them */
    /* Append below this line only. Zero must mean "the default". */
} dw_restore_options;
#define DW_RESTORE_OPTIONS_INIT                                                                    \
    {                                                                                              \
        sizeof(dw_restore_options), 0, -1, -1, 0                                                   \
    }

/** What a restore did. */
typedef struct dw_restore_metrics {
    uint32_t struct_size; /* set by DW_RESTORE_METRICS_INIT */
    int32_t has_changed;  /* 0: the table was what it was then already; no version was made */
    int64_t version;      /* the newest one, by this restore or already there */
    int64_t from_version; /* whose content it has */
    int64_t added_files;  /* that are live again */
    int64_t added_bytes;
    int64_t removed_files; /* that are live no more */
    int64_t removed_bytes;
    int64_t files; /* that the table has now */
    int64_t bytes;
    int64_t missing_files; /* that were left out */
    /* Append below this line only. */
} dw_restore_metrics;
#define DW_RESTORE_METRICS_INIT                                                                    \
    {                                                                                              \
        .struct_size = sizeof(dw_restore_metrics)                                                  \
    }

/** Make the table what it was at an older version, by one new version: the older one's files are
 * added again, others removed, and its metadata (columns, properties, name, clustering) comes back.
 * The protocol is never lowered. Application ids stay as they are: a restore does not make a loader
 * load again. Other writers' commits meanwhile are conflicts of the restore, never of theirs, if
 * they only append.
 *
 * Ownership: none moves; *out_metrics may be NULL.
 * Errors:    DW_E_NOT_FOUND (no such version; or files of it are gone, some are named), DW_E_ARG,
 *            DW_E_UNSUPPORTED (names a feature, or delta.appendOnly is on), and those of
 *            dw_commit(). After DW_E_UNKNOWN the version may have been made; the same call again
 *            finds nothing left to do if so.
 * Threads:   any thread. */
DW_API dw_status dw_restore(dw_table *table, const dw_restore_options *opts,
                            dw_restore_metrics *out_metrics, dw_error *err);

/** Which commits to put into one file. */
typedef struct dw_compact_options {
    uint32_t struct_size; /* set by DW_COMPACT_OPTIONS_INIT */
    uint32_t flags;       /* none yet */
    int64_t from_version; /* -1: the one after the newest checkpoint */
    int64_t to_version;   /* -1: the newest */
    /* Append below this line only. Zero must mean "the default". */
} dw_compact_options;
#define DW_COMPACT_OPTIONS_INIT                                                                    \
    {                                                                                              \
        sizeof(dw_compact_options), 0, -1, -1                                                      \
    }

typedef struct dw_compact_metrics {
    uint32_t struct_size; /* set by DW_COMPACT_METRICS_INIT */
    int32_t reserved;
    int64_t from_version;
    int64_t to_version;
    int64_t commits; /* 0: there are less than two, and no file was written */
    int64_t commit_bytes;
    int64_t actions; /* in the new file */
    int64_t bytes;
    /* Append below this line only. */
} dw_compact_metrics;
#define DW_COMPACT_METRICS_INIT                                                                    \
    {                                                                                              \
        .struct_size = sizeof(dw_compact_metrics)                                                  \
    }

/** Write a log compaction file (FROM.TO.compacted.json): what a range of commits comes to, in one
 * object, which readers that know of such files read in the commits' place. The commits stay; the
 * file goes with them when the log is cleaned. It pays where many small commits follow a
 * checkpoint. Memory: the new file and one commit.
 *
 * Ownership: none moves; *out_metrics may be NULL.
 * Errors:    DW_E_NOT_FOUND (a commit of the range is not there), DW_E_UNSUPPORTED (names the
 *            feature), DW_E_IO, DW_E_CORRUPT, DW_E_NOMEM; the table is unharmed in each case.
 * Threads:   any thread. */
DW_API dw_status dw_compact_log(dw_table *table, const dw_compact_options *opts,
                                dw_compact_metrics *out_metrics, dw_error *err);

#define DW_FINDING_NOTE    1 /* nothing is wrong: a file that no version names */
#define DW_FINDING_WARNING 2 /* odd, or of no use, and no reader is misled */
#define DW_FINDING_ERROR   3

/** Something that a verification found. Texts are borrowed for the call. */
typedef struct dw_finding {
    int32_t severity; /* DW_FINDING_* */
    int32_t reserved;
    int64_t version;     /* -1: of no version alone */
    const char *code;    /* stable: "file-missing"; docs/cli.md lists them */
    const char *object;  /* path below the table */
    const char *message; /* one line, without the object */
    const char *repair;  /* what would mend it, NULL: nothing known */
} dw_finding;

typedef dw_status dw_finding_fn(void *ctx, const dw_finding *finding, dw_error *err);

#define DW_VERIFY_QUICK   1u /* the log, and that files are there; none is opened */
#define DW_VERIFY_FULL    2u /* statistics too, against all rows */
#define DW_VERIFY_ORPHANS 4u /* each file that no version names is a note */
#define DW_VERIFY_REPAIR  8u /* take files that are missing out of the table, by one commit */

/** How closely to look. */
typedef struct dw_verify_options {
    uint32_t struct_size; /* set by DW_VERIFY_OPTIONS_INIT */
    uint32_t flags;       /* DW_VERIFY_* */
    int64_t threads;      /* 0: 1; that look into files, the caller's among them */
    dw_finding_fn *each;  /* NULL: findings are only counted. One thread at a time, not always the
                           * caller's; it does not use the store. A status other than DW_OK ends
                           * the verification, which then returns it */
    void *each_ctx;
    dw_progress_fn *progress; /* files looked at, of how many */
    void *progress_ctx;
    const dw_table_options *table; /* NULL: the defaults; allocator and log sink, and what a repair
                                    * commits with */
    /* Append below this line only. Zero must mean "the default". */
} dw_verify_options;
#define DW_VERIFY_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(dw_verify_options), 0, 0, NULL, NULL, NULL, NULL, NULL                              \
    }

/** What was looked at, and found. */
typedef struct dw_verify_metrics {
    uint32_t struct_size;        /* set by DW_VERIFY_METRICS_INIT */
    int32_t compared_checkpoint; /* the newest one, with a replay of the log without it */
    int64_t version;             /* that was verified, -1: the table cannot be read */
    int64_t errors;
    int64_t warnings;
    int64_t commits;
    int64_t checkpoints;
    int64_t checksums;
    int64_t compactions;
    int64_t files; /* live */
    int64_t bytes; /* of them, by the log */
    int64_t opened_files;
    int64_t read_rows;
    int64_t external_files; /* out of the store, not looked at */
    int64_t orphans;        /* files that neither live files nor tombstones name */
    int64_t orphan_bytes;
    int64_t repaired_files; /* missing ones, taken out of the table */
    int64_t repair_version; /* the commit that did it, -1: none */
    /* Append below this line only. */
} dw_verify_metrics;
#define DW_VERIFY_METRICS_INIT                                                                     \
    {                                                                                              \
        .struct_size = sizeof(dw_verify_metrics)                                                   \
    }

/** Prove the table at `path` below the store's root, also one that cannot be opened: commits follow
 * each other and hold what the protocol lets them, checkpoints can be read and the newest is what a
 * replay gives, checksum files and compacted commits are right, every live file is there with its
 * size, and, unless quick, opens, has the table's columns and as many rows as it should; with
 * DW_VERIFY_FULL no value contradicts the statistics. What is wrong is told, and is no error.
 * Nothing is changed but by DW_VERIFY_REPAIR.
 *
 * Ownership: none moves; *out_metrics may be NULL.
 * Errors:    DW_E_NOT_FOUND (no table there), DW_E_IO, DW_E_DENIED, DW_E_NOMEM, what `each`
 *            returned, and with DW_VERIFY_REPAIR those of dw_commit().
 * Threads:   any thread. */
DW_API dw_status dw_verify(dw_store *store, const char *path, const dw_verify_options *opts,
                           dw_verify_metrics *out_metrics, dw_error *err);

#ifdef __cplusplus
}
#endif
#endif
