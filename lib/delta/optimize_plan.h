/* SPDX-License-Identifier: Apache-2.0 */
/* Which live files are worth writing anew, and which of them together.
 *
 * A file is a candidate when it is smaller than the target, or when more than a share of its rows
 * are deleted. Candidates of one partition are packed into bins, oldest first so that rows stay
 * near those that came with them: a bin is full when the next file would take it past the target.
 * A bin of fewer than min_files is left alone, unless it has a file with many deleted rows. Memory:
 * the candidates, without their statistics. */
#ifndef DWI_DELTA_OPTIMIZE_PLAN_H
#define DWI_DELTA_OPTIMIZE_PLAN_H

#include "base/map.h"
#include "delta/state.h"

/* Files to be written anew together, all of one partition. */
typedef struct dwi_bin {
    dwi_add *files; /* by age; stats are left out */
    size_t n_files;
    int64_t bytes;
    int64_t rows; /* left of them; -1: not all files have statistics */
    int64_t n_dvs;
    bool worn; /* one has many deleted rows */
} dwi_bin;

typedef struct dwi_plan_rules {
    int64_t target_bytes;
    size_t min_files;        /* at least 2 */
    int32_t deleted_percent; /* more than that is many */
    /* Whole partitions: every file is a candidate, and all of a partition are one bin. */
    bool whole;
    /* 0: all candidates. Else small files only become part of a larger one when they make up the
     * most of it: of those of a partition, smallest first, as many are taken as are together
     * `growth` times the last one of them, so that what is written anew each time grows by it. */
    int32_t growth;
    size_t max_files; /* with `growth`: of more candidates than that in a partition all but the
                       * larger half of as many are taken */
    /* Clustered tables: files of another provider than this are never touched; NULL: the table is
     * not clustered. */
    const char *provider;
    bool (*matches)(void *ctx, dwi_kvs partition_values); /* NULL: all partitions */
    void *ctx;
} dwi_plan_rules;

typedef struct dwi_plan {
    const dw_allocator *alloc;
    dwi_plan_rules rules;
    dwi_svs partition_keys; /* physical names */
    dwi_arena arena;        /* candidates, bins */
    dwi_map partitions;
    dwi_buf key;
    int64_t n_files; /* live ones of the partitions that match */
    int64_t bytes;
    size_t n_bins; /* by dwi_plan_make() */
    dwi_bin *bins; /* partition by partition */
} dwi_plan;

/* DW_E_CORRUPT: the table's metadata. What `rules` points at is borrowed. */
dw_status dwi_plan_init(dwi_plan *plan, const dwi_log *log, const dwi_state *state,
                        const dwi_plan_rules *rules, dw_error *err);
void dwi_plan_done(dwi_plan *plan); /* a zeroed one too */
typedef struct dwi_plan_verdict {
    bool candidate;
    bool worn;       /* many of its rows are deleted */
    int64_t records; /* deleted ones too, -1: not known */
} dwi_plan_verdict;
/* Is the file, by itself, worth writing anew? */
dw_status dwi_plan_judge(const dw_allocator *alloc, const dwi_plan_rules *rules, const dwi_add *add,
                         dwi_plan_verdict *out, dw_error *err);
/* One live file; for dwi_files_visit(), ctx is the plan. */
dw_status dwi_plan_add(void *plan, const dwi_add *add, dw_error *err);
/* After all files: pack the bins. */
dw_status dwi_plan_make(dwi_plan *plan, dw_error *err);

#endif
