/* SPDX-License-Identifier: Apache-2.0 */
/* The struct behind dw_txn, shared by txn_api.c (handle, commit), txn_json.c and txn_arrow.c (rows
 * in), txn_columns.c (new columns), txn_files.c (rows out to data files) and txn_join.c.
 *
 * Rows are gathered in the JSON decoder's column, which grows when a new field turns up; a full
 * buffer goes to the open data files, one for each partition, whose types are fixed. A file
 * lacks the columns that were found after it was begun; readers see nulls in them. */
#ifndef DWI_API_TXN_IMPL_H
#define DWI_API_TXN_IMPL_H

#include <deltawrite/txn.h>

#include "api/table_pending.h"
#include "api/txn_defaults.h"
#include "columns/json_decode.h"
#include "delta/commit.h"
#include "delta/data_files.h"
#include "delta/property_change.h"
#include "delta/row_delete.h"
#include "delta/row_rules.h"

typedef enum dwi_txn_state {
    DWI_TXN_OPEN = 0,
    DWI_TXN_BROKEN = 1, /* staged rows were lost by an error; it can only be closed */
    DWI_TXN_MOVED = 2,  /* joined into another one */
    DWI_TXN_COMMITTED = 3
} dwi_txn_state;

struct dw_txn {
    dw_table *table;
    const dw_allocator *alloc;
    dwi_txn_state state;
    uint32_t flags;
    char *operation;     /* NULL: by content */
    char *user_metadata; /* NULL: none */
    dwi_state *base;     /* the decoder started with its schema; a reference */
    dwi_committer committer;
    dwi_json_decoder *decoder; /* buffered rows; its type starts as the base state's */
    dwi_defaults defaults;     /* of the base state's columns */
    dwi_row_rules rules;       /* of the base state's columns, in `arena` */
    dwi_data_files *files;     /* the open ones, NULL: no rows have come */
    dwi_arena arena;           /* texts of the below */
    dwi_add *adds;             /* finished files */
    dwi_arena restaged;        /* their texts once they are written anew, else it is empty */
    size_t n_adds;
    size_t adds_cap;
    dwi_app_version *apps;
    size_t n_apps;
    size_t apps_cap;
    dwi_kv *properties; /* set, or unset where the value is NULL; each once */
    size_t n_properties;
    size_t properties_cap;
    bool evolved;        /* the base state is one of our own making, with columns that are to be */
    dwi_sv evolved_from; /* the schema of the table that it was made from */
    const char *evolve_operation;
    dwi_sv evolve_parameters;
    const dwi_svs *partition_columns; /* renamed; NULL: as they are */
    bool described;                   /* the table gets this description; ptr NULL: none */
    dwi_sv description;
    dwi_svs dropped_features;
    bool *used; /* of new columns: staged rows have a value, or somebody asked for it */
    size_t used_cap;
    struct dwi_overwrite *overwrite; /* NULL: rows are added to the others */
    int64_t rejected_rows;
    int64_t file_rows; /* in finished files */
    int64_t file_bytes;
};

/* DW_E_ARG unless the transaction can take more. */
dw_status dwi_txn_check_open(const dw_txn *txn, dw_error *err);
/* Marks it as broken, and passes `status` on. */
dw_status dwi_txn_break(dw_txn *txn, dw_status status);

/* The columns to add: those fields of the decoder's type after the base state's that are used.
 * *out lives as long as the transaction. */
dw_status dwi_txn_new_columns(dw_txn *txn, const dwi_field **out, size_t *out_n, dw_error *err);
/* Makes fields known to the decoder that it lacks; those that it has must have the same type
 * (DW_E_SCHEMA). */
dw_status dwi_txn_widen(dw_txn *txn, const dwi_field *fields, size_t n, dw_error *err);
/* Fields that the decoder knows, or the one with an index in its type, are used from now on. */
dw_status dwi_txn_use_columns(dw_txn *txn, const dwi_field *fields, size_t n, dw_error *err);
dw_status dwi_txn_use_column(dw_txn *txn, size_t index, dw_error *err);
/* Rows of the decoder's type without the columns that nothing uses; new ones with a value are used
 * from now on. *out is `rows`, or made in `arena`. */
dw_status dwi_txn_used_rows(dw_txn *txn, const dwi_vec *rows, dwi_arena *arena, const dwi_vec **out,
                            dw_error *err);
/* dwi_new_field.decide; ctx is the transaction. */
dw_status dwi_txn_decide_column(void *ctx, dwi_sv name, dwi_type_kind seen, dwi_field *out,
                                dw_error *err);
/* What the transaction changes of the table itself: metadata and protocol of `staged`, in which new
 * columns then are. Nothing where it changes nothing. */
dw_status dwi_txn_stage_changes(dw_txn *txn, dwi_staged *staged, dw_error *err);
/* A decoder for rows of a state, and the defaults that it borrows. */
dw_status dwi_txn_new_decoder(dw_txn *txn, const dwi_state *state, dwi_defaults *out_defaults,
                              dwi_json_decoder **out, dw_error *err);
/* The columns as they are so far: the base state's, and the new ones that are used. */
dw_status dwi_txn_columns_so_far(dw_txn *txn, const dwi_type **out, dw_error *err);
/* Go on with other columns, which keep the place and type of those so far but for what they add.
 * What was staged stays as it is. `operation` and `parameters` are for commitInfo. */
dw_status dwi_txn_evolve(dw_txn *txn, const dwi_type *columns, const char *operation,
                         dwi_sv parameters, dw_error *err);
/* What follows for a change from what is renamed, described and dropped. */
dw_status dwi_txn_apply_alter(dw_txn *txn, dwi_table_change *change, dw_error *err);
/* operation and parameters of a commit that does nothing else. */
dw_status dwi_txn_tell_alter(dw_txn *txn, dwi_staged *staged, dw_error *err);
/* The base of a change, with partition columns as they are called from now on. */
dwi_state dwi_txn_change_base(const dw_txn *txn, const dwi_state *base);

/* Columns to add, where they are more than new columns at the end (*out_done): those that the
 * transaction has get the fields that they lack. DW_E_SCHEMA: a type differs. */
dw_status dwi_txn_merge_columns(dw_txn *txn, const dwi_type *wanted, bool *out_done, dw_error *err);
bool dwi_txn_has_app(const dw_txn *txn, dwi_sv app_id);

/* Publish a transaction that overwrites: what goes is found anew for each attempt. */
dw_status dwi_txn_publish_overwrite(dw_txn *txn, dwi_staged *staged, dwi_committed *out,
                                    dw_error *err);
/* Files that were written for it and are not published are deleted, as far as the store lets. */
void dwi_txn_drop_overwrite(dw_txn *txn);
/* It overwrites even when it stages nothing. */
bool dwi_txn_overwrites_anyway(const dw_txn *txn);

/* Room for n more items; false when out of memory. */
bool dwi_txn_grow(dw_txn *txn, void **items, size_t *cap, size_t needed, size_t size);

/* Give the buffered rows to the open data files when there are enough of them (or `all`), and end
 * those that are large enough. A failure breaks the transaction. */
dw_status dwi_txn_encode(dw_txn *txn, bool all, dw_error *err);
/* Rows of the decoder's type straight to the open data files; the buffer goes first. */
dw_status dwi_txn_encode_vec(dw_txn *txn, const dwi_vec *rows, dw_error *err);
/* Encode all, and end the open files. */
dw_status dwi_txn_finish_files(dw_txn *txn, dw_error *err);
/* Delete the finished files from the store, as far as it lets. */
void dwi_txn_remove_files(dw_txn *txn);
dwi_data_files_options dwi_txn_files_options(const dw_txn *txn);
/* After a DW_E_CONFLICT with committer.restage: write the finished files anew for the state that
 * the conflict was with, so that the commit can be tried again. They are as before when it fails.
 */
dw_status dwi_txn_restage(dw_txn *txn, dw_error *err);

#endif
