/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions whose rows take the place of others. What goes is found when the transaction is
 * committed, in the newest version then: appends of others meanwhile are overwritten like older
 * rows, instead of being in the way. */
#include <deltawrite/modify.h>

#include "api/txn_impl.h"

#include <inttypes.h>

#include "api/table_publish.h"
#include "base/alloc.h"
#include "base/map.h"
#include "base/options.h"
#include "delta/mapping.h"
#include "delta/partition_value.h"
#include "delta/properties.h"
#include "delta/where_value.h"
#include "json/json_writer.h"

enum { ATTEMPTS = 5, MAX_ATTEMPTS = 1000 };

typedef struct dwi_overwrite {
    int32_t mode;
    int32_t attempts;
    char *sql;
    dwi_where *rows;  /* new rows must pass it; bound to the transaction's base */
    dwi_where *where; /* the same, bound to the version that is overwritten */
    /* The files that go, and what was written for it. They stay while a commit is undecided. */
    dwi_deletion *deletion;
    dwi_arena arena; /* of one attempt: what is below, and the staged actions */
    dwi_map partitions;
    const dwi_sv *physical; /* keys of partitionValues, by partition column */
    const dwi_type **types;
    size_t n_columns;
    bool failed; /* memory was short where no error could be told */
} dwi_overwrite;

/* ---- partitions by value ---- */

/* The values as bytes that are equal just when the values are, however they are spelt. */
static void append_key(const dwi_overwrite *o, dwi_kvs values, dwi_buf *out)
{
    for (size_t i = 0; i < o->n_columns; i++) {
        uint64_t fixed[2] = {0, 0};
        dwi_sv text = {NULL, 0};
        dwi_value value;
        for (size_t k = 0; k < values.count; k++)
            if (dwi_sv_eq_nocase(values.items[k].key, o->physical[i]))
                text = values.items[k].value;
        if (text.len == 0) {
            dwi_buf_append_byte(out, 0);
        } else if (dwi_type_is_bytes(o->types[i]) ||
                   !dwi_partition_value_parse(o->types[i], text, fixed)) {
            dwi_buf_append_byte(out, 1);
            dwi_buf_append(out, &text.len, sizeof(text.len));
            dwi_buf_append(out, text.ptr, text.len);
        } else {
            dwi_value_of_fixed(o->types[i], fixed, &value);
            if (value.kind == DWI_VALUE_FLOATING && !(value.as.f < 0) && !(value.as.f > 0))
                value.as.f = value.as.f == value.as.f ? 0 : value.as.f; /* -0.0 is 0.0 */
            dwi_buf_append_byte(out, 2);
            dwi_buf_append(out, &value.as, sizeof(value.as));
        }
    }
}

static dw_status find_columns(dwi_overwrite *o, const dwi_state *state, dw_error *err)
{
    const dwi_svs *names = &state->metadata.partition_columns;
    const dwi_type *root = state->schema->root;
    dwi_sv *physical_names = dwi_arena_array(&o->arena, names->count, sizeof(*physical_names));
    const dwi_type *physical = NULL;
    dwi_mapping_mode mode;
    dw_status status;

    o->types = dwi_arena_array(&o->arena, names->count, sizeof(*o->types));
    o->physical = physical_names;
    o->n_columns = names->count;
    if (physical_names == NULL || o->types == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_mapping_mode_of(state->metadata.configuration, &mode, err));
    DWI_TRY(dwi_mapping_physical(&o->arena, root, mode, &physical, err));
    for (size_t i = 0; i < names->count; i++) {
        int at = dwi_type_find(root, names->items[i]);
        if (at < 0)
            DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                            "partition column %.*s: the schema has no such column",
                            DWI_SV_ARG(names->items[i])));
        o->types[i] = root->fields[at].type;
        physical_names[i] = physical->fields[at].name;
    }
done:
    return status;
}

static dw_status note_partitions(dwi_overwrite *o, const dw_txn *txn, dw_error *err)
{
    dw_status status = DW_OK;
    dwi_buf key;

    dwi_buf_init(&key, txn->alloc);
    for (size_t i = 0; i < txn->n_adds; i++) {
        bool added;
        dwi_buf_clear(&key);
        append_key(o, txn->adds[i].partition_values, &key);
        DWI_TRY(dwi_buf_status(&key, err));
        if (dwi_map_put(&o->partitions, (dwi_sv){(const char *)key.data, key.len}, &added) == NULL)
            DWI_TRY(dwi_err_nomem(err));
    }
done:
    dwi_buf_done(&key);
    return status;
}

/* dwi_delete_options.partition and dwi_reads.matches: new rows are in that partition. Without
 * memory to tell, yes; then the attempt fails. */
static bool is_overwritten(void *ctx, dwi_kvs values)
{
    dwi_overwrite *o = ctx;
    bool found = true;
    dwi_buf key;

    dwi_buf_init(&key, o->arena.alloc);
    append_key(o, values, &key);
    if (key.failed)
        o->failed = true;
    else
        found = dwi_map_find(&o->partitions, (dwi_sv){(const char *)key.data, key.len}) != NULL;
    dwi_buf_done(&key);
    return found;
}

/* ---- one attempt ---- */

static void forget_attempt(dwi_overwrite *o, const dw_allocator *alloc)
{
    dwi_deletion_free(o->deletion);
    o->deletion = NULL;
    dwi_where_free(o->where);
    o->where = NULL;
    dwi_map_done(&o->partitions);
    o->partitions = (dwi_map){0};
    dwi_arena_done(&o->arena);
    dwi_arena_init(&o->arena, alloc);
}

static dw_status find_what_goes(dw_txn *txn, dwi_state *state, dw_error *err)
{
    dwi_overwrite *o = txn->overwrite;
    dwi_delete_options opts = {.files = dwi_txn_files_options(txn),
                               .threads = 1,
                               .inserted = txn->adds,
                               .n_inserted = txn->n_adds};
    uint64_t seed = 0;
    dw_status status = DW_OK;

    if (o->mode == DW_OVERWRITE_WHERE)
        DWI_TRY(dwi_where_parse(txn->alloc, dwi_sv_cstr(o->sql), state, &o->where, err));
    opts.where = o->where;
    if (o->mode == DW_OVERWRITE_PARTITIONS && state->metadata.partition_columns.count > 0) {
        txn->table->log.env->random(txn->table->log.env->ctx, &seed, sizeof(seed));
        dwi_map_init(&o->partitions, txn->alloc, seed);
        DWI_TRY(find_columns(o, state, err));
        DWI_TRY(note_partitions(o, txn, err));
        opts.partition = is_overwritten;
        opts.partition_ctx = o;
    }
    o->failed = false;
    DWI_TRY(dwi_deletion_make(&txn->table->log, state, &opts, &o->deletion, err));
    if (o->failed) {
        dwi_deletion_take_back(o->deletion);
        status = dwi_err_nomem(err);
    }
done:
    return status;
}

/* {"mode":"Overwrite","partitionBy":"[...]","predicate":"..."} as Spark has it. */
static void append_parameters(dwi_buf *out, dwi_buf *scratch, const dwi_overwrite *o,
                              const dwi_state *state)
{
    dwi_jw w;

    dwi_jw_init(&w, scratch);
    dwi_jw_array_begin(&w);
    for (size_t i = 0; i < state->metadata.partition_columns.count; i++)
        dwi_jw_string(&w, state->metadata.partition_columns.items[i]);
    dwi_jw_array_end(&w);
    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    dwi_jw_kv_cstr(&w, "mode", "Overwrite");
    dwi_jw_kv_string(&w, "partitionBy", (dwi_sv){(const char *)scratch->data, scratch->len});
    if (o->mode == DW_OVERWRITE_WHERE)
        dwi_jw_kv_cstr(&w, "predicate", o->sql);
    dwi_jw_object_end(&w);
}

static void append_metrics(dwi_buf *out, const dw_txn *txn, const dwi_delete_counts *c)
{
    dwi_buf_printf(out,
                   "{\"numFiles\":\"%zu\",\"numOutputRows\":\"%" PRId64
                   "\",\"numOutputBytes\":\"%" PRId64 "\",\"numRemovedFiles\":\"%" PRId64
                   "\",\"numRemovedBytes\":\"%" PRId64 "\"",
                   txn->n_adds, txn->file_rows, txn->file_bytes,
                   c->removed_files + c->rewritten_files, c->removed_bytes + c->rewritten_bytes);
    if (txn->overwrite->mode == DW_OVERWRITE_WHERE)
        dwi_buf_printf(out,
                       ",\"numCopiedRows\":\"%" PRId64 "\",\"numAddedChangeFiles\":\"%" PRId64
                       "\",\"numDeletionVectorsAdded\":\"%" PRId64
                       "\",\"numDeletionVectorsUpdated\":\"%" PRId64 "\"",
                       c->copied_rows, c->change_files, c->vectors_added, c->vectors_updated);
    if (txn->overwrite->mode == DW_OVERWRITE_WHERE && c->deleted_rows >= 0)
        dwi_buf_printf(out, ",\"numDeletedRows\":\"%" PRId64 "\"", c->deleted_rows);
    dwi_buf_append_byte(out, '}');
}

static dw_status tell(dw_txn *txn, const dwi_state *state, dwi_staged *staged, dw_error *err)
{
    dwi_overwrite *o = txn->overwrite;
    dwi_buf parameters;
    dwi_buf metrics;
    dwi_buf scratch;
    dw_status status;

    dwi_buf_init(&parameters, txn->alloc);
    dwi_buf_init(&metrics, txn->alloc);
    dwi_buf_init(&scratch, txn->alloc);
    append_parameters(&parameters, &scratch, o, state);
    append_metrics(&metrics, txn, dwi_deletion_counts(o->deletion));
    DWI_TRY(dwi_buf_status(&scratch, err));
    DWI_TRY(dwi_buf_status(&parameters, err));
    DWI_TRY(dwi_buf_status(&metrics, err));
    if (!dwi_arena_sv(&o->arena, (dwi_sv){(const char *)parameters.data, parameters.len},
                      &staged->parameters) ||
        !dwi_arena_sv(&o->arena, (dwi_sv){(const char *)metrics.data, metrics.len},
                      &staged->metrics))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&parameters);
    dwi_buf_done(&metrics);
    dwi_buf_done(&scratch);
    return status;
}

/* Files that go, and after those that stay in part, the new ones. */
static dw_status stage(dw_txn *txn, const dwi_state *state, dwi_staged *staged, dw_error *err)
{
    dwi_overwrite *o = txn->overwrite;
    dwi_staged goes = {0};
    dwi_add *adds;

    dwi_deletion_stage(o->deletion, &goes);
    adds = dwi_arena_array(&o->arena, goes.n_adds + txn->n_adds, sizeof(*adds));
    if (adds == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < goes.n_adds; i++)
        adds[i] = goes.adds[i];
    for (size_t i = 0; i < txn->n_adds; i++)
        adds[goes.n_adds + i] = txn->adds[i];
    staged->adds = adds;
    staged->n_adds = goes.n_adds + txn->n_adds;
    staged->removes = goes.removes;
    staged->n_removes = goes.n_removes;
    staged->cdcs = goes.cdcs;
    staged->n_cdcs = goes.n_cdcs;
    staged->rows = txn->file_rows + goes.rows;
    staged->bytes = txn->file_bytes + goes.bytes;
    staged->read_version = txn->committer.base->version;
    staged->reads.kind = DWI_READ_TABLE;
    if (o->where != NULL || o->n_columns > 0) {
        staged->reads.kind = DWI_READ_PARTITIONS;
        staged->reads.matches = o->where != NULL ? dwi_where_may_match : is_overwritten;
        staged->reads.ctx = o->where != NULL ? (void *)o->where : (void *)o;
    }
    return tell(txn, state, staged, err);
}

/* After an attempt that is decided, and lost. */
static void begin_anew(dw_txn *txn)
{
    dwi_state *base = dwi_state_ref(txn->committer.base);

    dwi_committer_done(&txn->committer);
    dwi_committer_init(&txn->committer, &txn->table->log, base);
    dwi_state_unref(base);
}

/* From the newest version on. */
static dw_status attempt(dw_txn *txn, dwi_staged *staged, dwi_committed *out, dw_error *err)
{
    dwi_overwrite *o = txn->overwrite;
    dwi_state *state = NULL;
    dw_status status;

    forget_attempt(o, txn->alloc);
    o->n_columns = 0;
    if (txn->committer.on != NULL)
        begin_anew(txn);
    DWI_TRY(dw_table_refresh(txn->table, NULL, err));
    state = dwi_table_state(txn->table);
    if (staged->metadata == NULL && staged->protocol == NULL)
        DWI_TRY(dwi_committer_join(&txn->committer, state, err));
    DWI_TRY(find_what_goes(txn, txn->committer.base, err));
    DWI_TRY(stage(txn, txn->committer.base, staged, err));
    status = dwi_table_publish(txn->table, &txn->committer, staged, out, err);
done:
    if (status != DW_OK && o->deletion != NULL && !dwi_committer_is_open(&txn->committer))
        dwi_deletion_take_back(o->deletion);
    dwi_state_unref(state);
    return status;
}

dw_status dwi_txn_publish_overwrite(dw_txn *txn, dwi_staged *staged, dwi_committed *out,
                                    dw_error *err)
{
    dwi_overwrite *o = txn->overwrite;
    int32_t attempts = o->attempts;
    dw_status status;

    if (staged->operation == NULL)
        staged->operation = "WRITE";
    if (dwi_committer_is_open(&txn->committer)) { /* the same again: it may be there already */
        DWI_TRY(stage(txn, txn->committer.base, staged, err));
        status = dwi_table_publish(txn->table, &txn->committer, staged, out, err);
    } else {
        do
            status = attempt(txn, staged, out, err);
        while (status == DW_E_CONFLICT && --attempts > 0 && staged->metadata == NULL &&
               staged->protocol == NULL);
    }
    if (status == DW_OK)
        txn->state = DWI_TXN_COMMITTED;
done:
    return status;
}

/* ---- the call ---- */

bool dwi_txn_overwrites_anyway(const dw_txn *txn)
{
    return txn->overwrite != NULL && txn->overwrite->mode != DW_OVERWRITE_PARTITIONS;
}

void dwi_txn_drop_overwrite(dw_txn *txn)
{
    dwi_overwrite *o = txn->overwrite;

    if (o == NULL)
        return;
    forget_attempt(o, txn->alloc);
    dwi_where_free(o->rows);
    dwi_cstr_free(txn->alloc, o->sql);
    dwi_free(txn->alloc, o, sizeof(*o));
    txn->overwrite = NULL;
    txn->rules.where = NULL;
}

static dw_status read_options(const dw_overwrite_options *opts, dw_overwrite_options *out,
                              dw_error *err)
{
    const dw_overwrite_options defaults = DW_OVERWRITE_OPTIONS_INIT;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), opts, "DW_OVERWRITE_OPTIONS", err));
    if (out->mode < DW_OVERWRITE_TABLE || out->mode > DW_OVERWRITE_PARTITIONS ||
        (out->where != NULL) != (out->mode == DW_OVERWRITE_WHERE))
        DWI_TRY(dwi_err(err, DW_E_ARG,
                        "dw_txn_overwrite: an unknown mode, or a condition with another one"));
    if (out->attempts < 0 || out->attempts > MAX_ATTEMPTS)
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_txn_overwrite: attempts are not 0 to %d", MAX_ATTEMPTS));
done:
    return status;
}

static dw_status check_can(const dw_txn *txn, dw_error *err)
{
    bool append_only = false;
    dw_status status;

    if (txn->n_adds > 0 || txn->files != NULL || dwi_json_decoder_rows(txn->decoder)->length > 0)
        return dwi_err(err, DW_E_ARG, "dw_txn_overwrite: rows are staged already");
    DWI_TRY(dwi_property_bool(txn->base->metadata.configuration, "delta.appendOnly", &append_only,
                              err));
    if (append_only)
        status = dwi_err(err, DW_E_UNSUPPORTED,
                         "table property delta.appendOnly: no rows can be removed");
done:
    return status;
}

dw_status dw_txn_overwrite(dw_txn *txn, const dw_overwrite_options *opts, dw_error *err)
{
    dw_overwrite_options given;
    dwi_overwrite *o = NULL;
    dw_status status;

    if (txn == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_overwrite: txn is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(read_options(opts, &given, err));
    DWI_TRY(check_can(txn, err));
    o = dwi_alloc_zero(txn->alloc, sizeof(*o));
    if (o == NULL)
        DWI_TRY(dwi_err_nomem(err));
    o->mode = given.mode;
    o->attempts = given.attempts > 0 ? given.attempts : ATTEMPTS;
    dwi_arena_init(&o->arena, txn->alloc);
    if (given.where != NULL) {
        o->sql = dwi_cstr_dup(txn->alloc, given.where);
        status = o->sql == NULL
                     ? dwi_err_nomem(err)
                     : dwi_where_parse(txn->alloc, dwi_sv_cstr(o->sql), txn->base, &o->rows, err);
    }
    if (status != DW_OK) {
        dwi_cstr_free(txn->alloc, o->sql);
        dwi_free(txn->alloc, o, sizeof(*o));
        DWI_TRY(dwi_err_prefix(err, status, "%s", txn->table->uri));
    }
    dwi_txn_drop_overwrite(txn);
    txn->overwrite = o;
    txn->rules.where = o->rows;
done:
    return status;
}
