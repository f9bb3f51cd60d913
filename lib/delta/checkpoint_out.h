/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a checkpoint on its way out, and what all files of one checkpoint share. */
#ifndef DWI_DELTA_CHECKPOINT_OUT_H
#define DWI_DELTA_CHECKPOINT_OUT_H

#include "delta/checkpoint_schema.h"
#include "delta/crc.h"
#include "parquet/parquet_writer.h"

/* The checkpoint of a state: how it is written by the table's properties, and what it came to. */
typedef struct dwi_checkpoint_job {
    const dwi_log *log;
    const dwi_state *state;
    bool stats; /* add.stats */
    bool is_parsed;
    dwi_parsed_columns parsed;
    int64_t remove_cutoff_ms; /* older tombstones have expired */
    int64_t txn_cutoff_ms;    /* transaction ids last touched before have; INT64_MIN: never */
    int64_t actions;
    int64_t bytes; /* of all files */
    dwi_file_counts counts;
    bool has_crc; /* the version has a checksum file */
    dwi_buf hint; /* members of _last_checkpoint beside the counts */
} dwi_checkpoint_job;

/* A tombstone that no reader needs any more; one without a time counts as old. */
static inline bool dwi_checkpoint_is_expired(const dwi_checkpoint_job *job,
                                             const dwi_remove *remove)
{
    return remove->deletion_timestamp <= job->remove_cutoff_ms;
}
/* Note a live file. DW_E_CORRUPT: the sizes of all are no size. */
dw_status dwi_checkpoint_count_add(dwi_file_counts *counts, const dwi_add *add, dw_error *err);
/* The counts must be those of the version's checksum file, if there is one. DW_E_CORRUPT. */
dw_status dwi_checkpoint_check_counts(dwi_checkpoint_job *job, dw_error *err);

/* A Parquet file of actions: begin, put, close, publish; done() whatever came of it. It becomes
 * visible by publish() alone. */
typedef struct dwi_checkpoint_out {
    const dwi_log *log;
    dwi_checkpoint_form form;
    dwi_arena arena; /* of its type */
    dwi_upload *upload;
    dwi_parquet_writer *parquet;
    dwi_column batch;
    int64_t rows;
    int64_t bytes;
} dwi_checkpoint_out;

/* `columns`: DWI_CP_CLASSIC, DWI_CP_MAIN or DWI_CP_FILES. `out` stays where it is until done(). */
dw_status dwi_checkpoint_out_begin(dwi_checkpoint_out *out, dwi_checkpoint_job *job,
                                   const char *name, unsigned columns, dw_error *err);
dw_status dwi_checkpoint_out_put(dwi_checkpoint_out *out, const dwi_action *action, dw_error *err);
/* Writes the footer; DW_E_CORRUPT unless it has every row that was put. */
dw_status dwi_checkpoint_out_close(dwi_checkpoint_out *out, dw_error *err);
dw_status dwi_checkpoint_out_publish(dwi_checkpoint_out *out, dw_error *err);
void dwi_checkpoint_out_done(dwi_checkpoint_out *out); /* a zeroed one too */

/* The actions of the state, without files, to `put`. */
dw_status dwi_checkpoint_each_state(dwi_checkpoint_job *job,
                                    dw_status (*put)(void *ctx, const dwi_action *action,
                                                     dw_error *err),
                                    void *ctx, dw_error *err);

/* The table wants V2 checkpoints, and may have them. */
bool dwi_checkpoint_is_v2(const dwi_state *state);
/* Write one, with what it costs proportional to the changes since the last one (checkpoint_v2.c).
 * A V2 checkpoint that is there already stays. */
dw_status dwi_checkpoint_write_v2(dwi_checkpoint_job *job, dw_error *err);

#endif
