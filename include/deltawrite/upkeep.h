/* SPDX-License-Identifier: Apache-2.0 */
/* What a table needs now and then, found out and done by one of those who use it. */
#ifndef DELTAWRITE_UPKEEP_H
#define DELTAWRITE_UPKEEP_H

#include <deltawrite/table.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DW_MAINTAIN_NO_COMPACTION  1u
#define DW_MAINTAIN_NO_CHECKPOINT  2u
#define DW_MAINTAIN_NO_LOG_CLEANUP 4u

/** What dw_maintain() may do, and how much of it. */
typedef struct dw_maintain_policy {
    uint32_t struct_size; /* set by DW_MAINTAIN_POLICY_INIT */
    uint32_t flags;       /* DW_MAINTAIN_* */
    int64_t min_files;    /* 0: 10; so many small files of one partition are worth compacting */
    int64_t target_file_bytes; /* 0: the handle's, else delta.targetFileSize, else 128 MiB; smaller
                                * files are small */
    int64_t memory_bytes;      /* 0: 256 MiB; while files are compacted */
    int64_t lease_ms;          /* 0: 5 minutes; another instance takes over so long after one that
                                * does the work was last heard of */
    int64_t vacuum_every_ms;   /* 0: never */
    int64_t vacuum_retain_ms;  /* 0: the table's delta.deletedFileRetentionDuration */
    int32_t busy_percent;      /* 0: 25; the share of time in which files are compacted: it sleeps
                                * in between */
    int32_t reserved;
    /* NULL: never. Asked now and then, by the thread that calls: anything but 0 ends the work soon,
     * with DW_E_CANCELLED; what was committed before stays. */
    int32_t (*stop)(void *ctx);
    void *stop_ctx;
    /* Append below this line only. Zero must mean "the default". */
} dw_maintain_policy;
#define DW_MAINTAIN_POLICY_INIT                                                                    \
    {                                                                                              \
        sizeof(dw_maintain_policy), 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL                          \
    }

/* dw_maintain_report.lease: who maintains the table */
#define DW_LEASE_FREE   0 /* nobody: there was nothing to do */
#define DW_LEASE_OURS   1
#define DW_LEASE_OTHERS 2

/** What dw_maintain() found and did. */
typedef struct dw_maintain_report {
    uint32_t struct_size; /* set by DW_MAINTAIN_REPORT_INIT */
    int32_t lease;        /* DW_LEASE_* */
    int64_t version;      /* of the table when it was looked at, -1: it was not */
    int64_t small_files;  /* of the whole table then, -1: it is for another to know */
    int64_t compactions;  /* commits, as dw_optimize() makes them */
    int64_t removed_files;
    int64_t removed_bytes;
    int64_t added_files;
    int64_t added_bytes;
    int64_t skipped_bins;
    int64_t compaction_ms;      /* with its pauses */
    int64_t checkpoint_version; /* -1: none was written */
    int64_t vacuums;
    int64_t vacuumed_files;
    int64_t vacuumed_bytes;
    /* Append below this line only. */
} dw_maintain_report;
#define DW_MAINTAIN_REPORT_INIT                                                                    \
    {                                                                                              \
        .struct_size = sizeof(dw_maintain_report)                                                  \
    }

/** Do for a table what it needs now, if anything: to be called every few seconds or minutes, beside
 * the appends. Small files are compacted as dw_optimize() does it, where enough of them came
 * together: they become part of a larger one only when that grows fourfold by them, so that a row
 * is written anew a few times in its life. A checkpoint is written when one is due, the log cleaned
 * once a day, files vacuumed every so often. To know what is small the list of files is read once
 * by a handle, and after that the new commits alone.
 *
 * Of many instances that call it one does the work, the holder of a lease: the application id
 * "deltawrite-maintainer" of the table, whose version is the time when it ends and moves on with
 * the commits of the work. Appends never wait for it, and never fail by it.
 *
 * Ownership: none moves; *out_report may be NULL, and is filled also after an error.
 * Errors:    those of dw_optimize(), dw_checkpoint() and dw_vacuum(), DW_E_CANCELLED: the table is
 *            whole in each case, the other parts of the work were done, and the next call tries
 *            again.
 * Threads:   any thread; calls for one handle wait for each other. */
DW_API dw_status dw_maintain(dw_table *table, const dw_maintain_policy *policy,
                             dw_maintain_report *out_report, dw_error *err);

#ifdef __cplusplus
}
#endif
#endif
