/* SPDX-License-Identifier: Apache-2.0 */
/* What a table handle has done so far, for metrics. */
#ifndef DELTAWRITE_TABLE_STATS_H
#define DELTAWRITE_TABLE_STATS_H

#include <deltawrite/table.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dw_table_stats {
    uint32_t struct_size;       /* set by DW_TABLE_STATS_INIT */
    int32_t commits_failed;     /* calls of dw_commit() by this handle that did not succeed */
    int64_t version;            /* the newest that this handle has seen */
    int64_t commits;            /* by this handle */
    int64_t versions_lost;      /* that other writers made while this handle committed */
    int64_t checkpoint_version; /* of the newest checkpoint known of; -1: none */
    int64_t checkpoints;        /* written by this handle */
    int64_t checkpoints_failed; /* told to the log callback, and tried again */
    int64_t checkpoint_us;      /* spent on all of them */
    int64_t files;              /* live data files of the last commit's version; -1: not known */
    int64_t file_bytes;         /* ... and their size */
    /* Append below this line only. */
    int64_t schema_changes; /* commits by this handle that changed the columns */
} dw_table_stats;
#define DW_TABLE_STATS_INIT                                                                        \
    {                                                                                              \
        .struct_size = sizeof(dw_table_stats)                                                      \
    }

/** What this handle has done, and knows without reading.
 *
 * Ownership: none moves.
 * Errors:    DW_E_ARG (struct_size).
 * Threads:   any thread. */
DW_API dw_status dw_table_get_stats(dw_table *table, dw_table_stats *out_stats, dw_error *err);

#ifdef __cplusplus
}
#endif
#endif
