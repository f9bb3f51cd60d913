/* SPDX-License-Identifier: Apache-2.0 */
/* The `_delta_log` folder of one table: names, listing, reading and writing commits. No state.
 * Spec: Delta PROTOCOL.md, "Delta Log Entries", "Checkpoints", "Last Checkpoint File". */
#ifndef DWI_DELTA_LOG_H
#define DWI_DELTA_LOG_H

#include "delta/action.h"
#include "store/store_ops.h"

typedef struct dwi_log {
    dw_store *store; /* borrowed */
    char *root;      /* "" or a key prefix that ends in '/' */
    const dw_allocator *alloc;
    const dwi_env *env;
    dwi_logger logger;
} dwi_log;

dw_status dwi_log_init(dwi_log *log, dw_store *store, const char *path, const dw_allocator *alloc,
                       dwi_logger logger, dw_error *err);
void dwi_log_done(dwi_log *log); /* a zeroed one too */

/* Key of `relative` below the table's root; NULL when out of memory. Free with dwi_cstr_free(). */
char *dwi_log_key(const dwi_log *log, const char *relative);

/* Key of a data file by its path in an action: decoded, and below the table's root. An absolute
 * path that leads elsewhere is DW_E_UNSUPPORTED. Free with dwi_cstr_free(). */
dw_status dwi_log_data_key(const dwi_log *log, dwi_sv path, char **out, dw_error *err);

enum { DWI_LOG_NAME_SIZE = 64 };
/* "_delta_log/%020d.json" */
void dwi_log_commit_name(int64_t version, char out[DWI_LOG_NAME_SIZE]);

/* One file of the log as a listing tells it. */
typedef struct dwi_log_file {
    dwi_sv name; /* relative to _delta_log/, NUL-terminated */
    int64_t version;
    int64_t size;
    int64_t modified_ms;
} dwi_log_file;

typedef enum dwi_checkpoint_kind {
    DWI_CHECKPOINT_NONE = 0,
    DWI_CHECKPOINT_CLASSIC = 1, /* one Parquet file; may be V2 inside (sidecars) */
    DWI_CHECKPOINT_MULTI_PART = 2,
    DWI_CHECKPOINT_V2_PARQUET = 3,
    DWI_CHECKPOINT_V2_JSON = 4
} dwi_checkpoint_kind;

/* A part of the tail: some of the segment's commits, one by one or as one compacted file. */
typedef struct dwi_log_step {
    size_t first; /* index into the segment's commits */
    size_t n_commits;
    dwi_log_file compaction; /* name.ptr NULL: none, n_commits is 1 */
} dwi_log_step;

/* Newest complete checkpoint <= the version asked for, and the commits after it, contiguous. */
typedef struct dwi_segment {
    int64_t version;            /* of the last commit (or of the checkpoint) */
    int64_t checkpoint_version; /* -1: none */
    dwi_checkpoint_kind checkpoint_kind;
    size_t n_checkpoint_files; /* parts in order */
    const dwi_log_file *checkpoint_files;
    size_t n_commits;
    const dwi_log_file *commits; /* ascending, checkpoint_version + 1 .. version */
    size_t n_steps;
    const dwi_log_step *steps; /* all of the commits, ascending */
    int64_t crc_version;       /* newest .crc from checkpoint_version to version, -1: none */
} dwi_segment;

/* `version` -1: the latest. Everything in *out lives in `arena`. Uses _last_checkpoint as a hint
 * and lists from it; falls back to a whole listing. A broken checkpoint can be left out by asking
 * again with `before_checkpoint` (only checkpoints below it are used; -1: all). DW_E_NOT_FOUND: no
 * table, or no such version (message has the range); DW_E_CORRUPT: a gap. */
dw_status dwi_log_segment(const dwi_log *log, int64_t version, int64_t before_checkpoint,
                          dwi_arena *arena, dwi_segment *out, dw_error *err);

/* All commit files that the log still has, ascending, without regard to gaps. */
dw_status dwi_log_list_commits(const dwi_log *log, dwi_arena *arena, size_t *out_n,
                               const dwi_log_file **out, dw_error *err);

/* What _last_checkpoint says. DW_E_NOT_FOUND, DW_E_CORRUPT. */
dw_status dwi_log_last_checkpoint(const dwi_log *log, int64_t *out_version, dw_error *err);

typedef struct dwi_commit {
    int64_t version;
    size_t n_actions;
    const dwi_action *actions;
} dwi_commit;

/* All actions of one commit. DW_E_NOT_FOUND: there is no such commit (yet); DW_E_CORRUPT. */
dw_status dwi_log_read_commit(const dwi_log *log, int64_t version, dwi_arena *arena,
                              dwi_commit *out, dw_error *err);
/* The same one action at a time, and only those of the kinds asked for (1u << DWI_ACTION_...);
 * views die with each call. Lines of other kinds are not even parsed. Memory: the commit's text. */
dw_status dwi_log_visit_commit(const dwi_log *log, int64_t version, unsigned kinds,
                               dw_status (*each)(void *ctx, const dwi_action *action,
                                                 dw_error *err),
                               void *ctx, dw_error *err);
/* The same for a compacted file. The whole of it is looked at first: when it cannot be read or
 * parsed or is not reconciled, which the log sink is told, *out_used is false and `each` was not
 * called. */
dw_status dwi_log_visit_compaction(const dwi_log *log, const dwi_log_file *file, unsigned kinds,
                                   dw_status (*each)(void *ctx, const dwi_action *action,
                                                     dw_error *err),
                                   void *ctx, bool *out_used, dw_error *err);
/* All its actions, as those of dwi_log_read_commit(); *out_used as above. */
dw_status dwi_log_read_compaction(const dwi_log *log, const dwi_log_file *file, dwi_arena *arena,
                                  dwi_commit *out, bool *out_used, dw_error *err);
/* Lines of NDJSON text of actions, as above. `what` names the text in errors. */
dw_status dwi_log_visit_lines(const dw_allocator *alloc, dwi_sv text, const char *what,
                              unsigned kinds,
                              dw_status (*each)(void *ctx, const dwi_action *action, dw_error *err),
                              void *ctx, dw_error *err);
/* Whether the commit of a version is there, asked by its name: a listing made while the folder is
 * written to may lack it. out->key is left alone. DW_E_NOT_FOUND. */
dw_status dwi_log_head_commit(const dwi_log *log, int64_t version, dw_object *out, dw_error *err);
/* PUT-if-absent of commit `version`. DW_E_EXISTS, DW_E_UNKNOWN: see dwi_store_put(). */
dw_status dwi_log_put_commit(const dwi_log *log, int64_t version, dw_bytes body, dw_error *err);

#endif
