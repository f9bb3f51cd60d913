/* SPDX-License-Identifier: Apache-2.0 */
/* The commits: that they follow each other, and that each action is one that its version may have.
 * The state is carried along, so that an action is judged by the protocol and columns of its time.
 */
#include "delta/verify_impl.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/map.h"
#include "delta/features.h"
#include "delta/mapping.h"
#include "delta/property_change.h"

typedef struct walker {
    dwi_verify_run *run;
    dwi_state *context; /* after the version before, NULL: not known */
    dwi_map txns;       /* application id to its version in `arena` */
    dwi_arena arena;
    int64_t last_ict; /* -1: none yet */
    /* Of the commit that is looked at. */
    char name[DWI_LOG_NAME_SIZE];
    int64_t version;
    dwi_map seen; /* what a commit may have once */
    dwi_buf key;
} walker;

static dwi_place place_of(const walker *w, dwi_severity severity, const char *code)
{
    return (dwi_place){severity, code, dwi_sv_cstr(w->name), w->version, NULL, false};
}

static dwi_place bad_action(const walker *w)
{
    return place_of(w, DWI_FINDING_ERROR, "action-invalid");
}

/* `what` and a name are in the commit for the first time. */
static dw_status check_once(walker *w, const char *what, dwi_sv name, dw_error *err)
{
    dw_status status;
    bool added;

    dwi_buf_append_byte(&w->key, '\0');
    dwi_buf_append_cstr(&w->key, what);
    DWI_TRY(dwi_buf_status(&w->key, err));
    if (dwi_map_put(&w->seen, (dwi_sv){(const char *)w->key.data, w->key.len}, &added) == NULL)
        DWI_TRY(dwi_err_nomem(err));
    if (!added)
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err, "%s %.*s is there twice", what,
                                DWI_SV_ARG(name)));
done:
    return status;
}

static dw_status check_name_once(walker *w, const char *what, dwi_sv name, dw_error *err)
{
    dwi_buf_clear(&w->key);
    dwi_buf_append(&w->key, name.ptr, name.len);
    return check_once(w, what, name, err);
}

static dw_status check_file_once(walker *w, const char *what, dwi_sv path, const dwi_dv *dv,
                                 dw_error *err)
{
    dw_status status;

    dwi_buf_clear(&w->key);
    DWI_TRY(dwi_file_key(path, dv, &w->key, err));
    DWI_TRY(check_once(w, what, path, err));
done:
    return status;
}

/* Statistics are an object with a count of records that deleted rows do not exceed. */
static dw_status check_stats(walker *w, const dwi_add *add, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    const dwi_json *root = NULL;
    int64_t rows = -1;
    dwi_arena scratch;
    dw_status status = DW_OK;

    dwi_arena_init(&scratch, w->run->log->alloc);
    if (add->stats.ptr != NULL && add->stats.len > 0) {
        status = dwi_json_parse(&scratch, add->stats, "stats", &root, &why);
        if (status == DW_E_NOMEM)
            DWI_TRY(dwi_err_nomem(err));
        if (status != DW_OK || dwi_json_kind_of(root) != DWI_JSON_OBJECT)
            DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                    "add %.*s: its stats are no JSON object",
                                    DWI_SV_ARG(add->path)));
        status = DW_OK;
        if (root != NULL && dwi_json_get(root, "numRecords") != NULL &&
            (!dwi_json_as_i64(dwi_json_get(root, "numRecords"), &rows) || rows < 0))
            DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err, "add %.*s: numRecords is no count",
                                    DWI_SV_ARG(add->path)));
    }
    if (add->dv.storage_type.ptr == NULL)
        goto done;
    if (rows < 0)
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                "add %.*s: a deletion vector, and no numRecords",
                                DWI_SV_ARG(add->path)));
    else if (add->dv.cardinality > rows || add->dv.cardinality < 0)
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                "add %.*s: %" PRId64 " deleted rows of %" PRId64,
                                DWI_SV_ARG(add->path), add->dv.cardinality, rows));
done:
    dwi_arena_done(&scratch);
    return status;
}

static bool has_key(dwi_kvs values, dwi_sv key)
{
    for (size_t i = 0; i < values.count; i++)
        if (dwi_sv_eq_nocase(values.items[i].key, key))
            return true;
    return false;
}

/* One value for each partition column, by its physical name. */
static dw_status check_partition_keys(walker *w, const dwi_add *add, dw_error *err)
{
    const dwi_metadata *metadata = &w->context->metadata;
    const dwi_type *root = w->context->schema->root;
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    const dwi_type *physical = NULL;
    dw_error ignored = DW_ERROR_INIT;
    dwi_arena scratch;
    dw_status status = DW_OK;

    dwi_arena_init(&scratch, w->run->log->alloc);
    if (dwi_mapping_mode_of(metadata->configuration, &mode, &ignored) != DW_OK)
        goto done; /* told elsewhere */
    status = dwi_mapping_physical(&scratch, root, mode, &physical, &ignored);
    if (status == DW_E_NOMEM)
        DWI_TRY(dwi_err_nomem(err));
    if (status != DW_OK) {
        status = DW_OK;
        goto done;
    }
    for (size_t i = 0; i < metadata->partition_columns.count; i++) {
        int at = dwi_type_find(root, metadata->partition_columns.items[i]);
        if (at >= 0 && !has_key(add->partition_values, physical->fields[at].name))
            DWI_TRY(dwi_verify_tell(
                w->run, bad_action(w), err, "add %.*s: no value for the partition column %.*s",
                DWI_SV_ARG(add->path), DWI_SV_ARG(metadata->partition_columns.items[i])));
    }
    if (add->partition_values.count > metadata->partition_columns.count)
        DWI_TRY(dwi_verify_tell(
            w->run, bad_action(w), err, "add %.*s: %zu partition values for %zu columns",
            DWI_SV_ARG(add->path), add->partition_values.count, metadata->partition_columns.count));
done:
    dwi_arena_done(&scratch);
    return status;
}

static dw_status check_add(walker *w, const dwi_add *add, dw_error *err)
{
    dw_status status;

    DWI_TRY(check_file_once(w, "add", add->path, &add->dv, err));
    DWI_TRY(check_stats(w, add, err));
    if (add->size < 0)
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err, "add %.*s: a negative size",
                                DWI_SV_ARG(add->path)));
    if (w->context == NULL)
        goto done;
    DWI_TRY(check_partition_keys(w, add, err));
    if (add->dv.storage_type.ptr != NULL &&
        !dwi_features_has_writer(&w->context->protocol, "deletionVectors"))
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                "add %.*s: a deletion vector, and the protocol has not the feature",
                                DWI_SV_ARG(add->path)));
    if (add->base_row_id < 0 &&
        dwi_property_is_on(w->context->metadata.configuration, "delta.enableRowTracking"))
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                "add %.*s: no baseRowId, and the table tracks its rows",
                                DWI_SV_ARG(add->path)));
done:
    return status;
}

static dw_status check_txn(walker *w, const dwi_txn_action *txn, dw_error *err)
{
    dwi_map_entry *entry;
    int64_t *last;
    dw_status status;

    DWI_TRY(check_name_once(w, "txn", txn->app_id, err));
    entry = dwi_map_put(&w->txns, txn->app_id, NULL);
    if (entry == NULL)
        DWI_TRY(dwi_err_nomem(err));
    if (entry->value == NULL) {
        last = dwi_arena_zero(&w->arena, sizeof(*last));
        if (last == NULL)
            DWI_TRY(dwi_err_nomem(err));
        *last = txn->version;
        entry->value = last;
    }
    last = entry->value;
    if (txn->version < *last)
        DWI_TRY(dwi_verify_tell(w->run, place_of(w, DWI_FINDING_WARNING, "txn-went-back"), err,
                                "application id %.*s goes from %" PRId64 " back to %" PRId64,
                                DWI_SV_ARG(txn->app_id), *last, txn->version));
    *last = txn->version;
done:
    return status;
}

static bool in_list(dwi_svs list, dwi_sv name)
{
    for (size_t i = 0; i < list.count; i++)
        if (dwi_sv_eq(list.items[i], name))
            return true;
    return false;
}

static dw_status check_protocol(walker *w, const dwi_protocol *p, dw_error *err)
{
    const char *wrong = NULL;
    dw_status status;

    DWI_TRY(check_name_once(w, "protocol", DWI_SV("action"), err));
    if (p->min_reader_version < 1 || p->min_writer_version < 1)
        wrong = "a version below 1";
    else if (p->min_reader_version >= 3 ? !p->has_reader_features : p->reader_features.count > 0)
        wrong = "readerFeatures come with minReaderVersion 3, and with it alone";
    else if (p->min_writer_version >= 7 ? !p->has_writer_features : p->writer_features.count > 0)
        wrong = "writerFeatures come with minWriterVersion 7, and with it alone";
    else if (p->min_reader_version >= 3 && p->min_writer_version < 7)
        wrong = "minReaderVersion 3 needs minWriterVersion 7";
    if (wrong != NULL)
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err, "protocol: %s", wrong));
    for (size_t i = 0; i < p->reader_features.count; i++)
        if (p->has_writer_features && !in_list(p->writer_features, p->reader_features.items[i]))
            DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                    "protocol: reader feature %.*s is no writer feature",
                                    DWI_SV_ARG(p->reader_features.items[i])));
done:
    return status;
}

static dw_status check_metadata(walker *w, const dwi_metadata *metadata, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dwi_schema *schema = NULL;
    dw_status status;

    DWI_TRY(check_name_once(w, "metaData", DWI_SV("action"), err));
    if (metadata->schema_string.ptr == NULL)
        goto done; /* told where the table is read */
    status = dwi_schema_parse(w->run->log->alloc, metadata->schema_string, &schema, &why);
    if (status != DW_OK) {
        DWI_TRY(dwi_verify_settle(w->run, bad_action(w), status, &why, err));
        goto done;
    }
    for (size_t i = 0; i < metadata->partition_columns.count; i++)
        if (dwi_type_find(schema->root, metadata->partition_columns.items[i]) < 0)
            DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                    "metaData: partition column %.*s is not in the schema",
                                    DWI_SV_ARG(metadata->partition_columns.items[i])));
done:
    dwi_schema_unref(schema);
    return status;
}

static dw_status check_domain(walker *w, const dwi_domain_metadata *domain, dw_error *err)
{
    dw_status status;

    DWI_TRY(check_name_once(w, "domainMetadata", domain->domain, err));
    if (w->context != NULL && !dwi_features_has_writer(&w->context->protocol, "domainMetadata"))
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                "domainMetadata %.*s: the protocol has not the feature",
                                DWI_SV_ARG(domain->domain)));
done:
    return status;
}

/* A path out of the store is nobody's orphan. */
static dw_status note_change_data(walker *w, dwi_sv path, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    char *key = NULL;
    dw_status status;

    if (path.ptr == NULL)
        return dwi_verify_tell(w->run, bad_action(w), err, "cdc: path is missing");
    status = dwi_log_data_key(w->run->log, path, &key, &why);
    if (status == DW_OK)
        status = dwi_key_set_put(&w->run->change_data, dwi_sv_cstr(key), NULL, err);
    else
        status = status == DW_E_NOMEM ? dwi_err_nomem(err) : DW_OK;
    dwi_cstr_free(w->run->log->alloc, key);
    return status;
}

static dw_status check_action(walker *w, const dwi_action *action, dw_error *err)
{
    switch (action->kind) {
    case DWI_ACTION_ADD:
        return check_add(w, &action->u.add, err);
    case DWI_ACTION_REMOVE:
        return check_file_once(w, "remove", action->u.remove.path, &action->u.remove.dv, err);
    case DWI_ACTION_TXN:
        return check_txn(w, &action->u.txn, err);
    case DWI_ACTION_PROTOCOL:
        return check_protocol(w, &action->u.protocol, err);
    case DWI_ACTION_METADATA:
        return check_metadata(w, &action->u.metadata, err);
    case DWI_ACTION_DOMAIN_METADATA:
        return check_domain(w, &action->u.domain, err);
    case DWI_ACTION_COMMIT_INFO:
        return check_name_once(w, "commitInfo", DWI_SV("action"), err);
    case DWI_ACTION_CDC:
        return note_change_data(w, action->u.cdc.path, err);
    case DWI_ACTION_UNKNOWN:
    case DWI_ACTION_CHECKPOINT_METADATA:
    case DWI_ACTION_SIDECAR:
        break;
    }
    return DW_OK;
}

/* In-commit timestamps are there, first, and only grow, once they are switched on. */
static dw_status check_time(walker *w, const dwi_commit *commit, dw_error *err)
{
    int64_t time_ms = -1;
    dw_status status = DW_OK;
    bool first = false;

    for (size_t i = 0; i < commit->n_actions; i++)
        if (commit->actions[i].kind == DWI_ACTION_COMMIT_INFO) {
            time_ms = commit->actions[i].u.commit_info.in_commit_timestamp;
            first = i == 0;
            break;
        }
    if (w->context == NULL ||
        !dwi_property_is_on(w->context->metadata.configuration, "delta.enableInCommitTimestamps")) {
        w->last_ict = -1;
        goto done;
    }
    if (time_ms < 0)
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                "no inCommitTimestamp, and the table keeps them"));
    else if (!first)
        DWI_TRY(dwi_verify_tell(w->run, bad_action(w), err,
                                "commitInfo is not the first action, and the table keeps time in "
                                "it"));
    if (time_ms >= 0 && w->last_ict >= 0 && time_ms <= w->last_ict)
        DWI_TRY(dwi_verify_tell(w->run, place_of(w, DWI_FINDING_ERROR, "time-went-back"), err,
                                "inCommitTimestamp %" PRId64 " is not after %" PRId64
                                ", the one before",
                                time_ms, w->last_ict));
    w->last_ict = time_ms >= 0 ? time_ms : w->last_ict;
done:
    return status;
}

/* The state after the commit. One that cannot be is told, and no context is left. */
static dw_status move_context(walker *w, const dwi_commit *commit, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dwi_state *next = NULL;
    dw_status status = DW_OK;
    bool changes = false;

    for (size_t i = 0; i < commit->n_actions; i++)
        changes = changes || commit->actions[i].kind == DWI_ACTION_PROTOCOL ||
                  commit->actions[i].kind == DWI_ACTION_METADATA;
    if (w->context == NULL && commit->version == 0)
        status = dwi_state_replay(w->run->log, 0, -1, &next, &why);
    else if (w->context != NULL && changes)
        status = dwi_state_apply(w->run->log->alloc, w->context, commit, &next, &why);
    else
        return DW_OK;
    dwi_state_unref(w->context);
    w->context = next;
    if (w->run->state == NULL && status != DW_E_NOMEM)
        return DW_OK; /* told of the whole table */
    return dwi_verify_settle(w->run, place_of(w, DWI_FINDING_WARNING, "version-unreadable"), status,
                             &why, err);
}

/* Protocol and metadata count for the files of their own commit. */
static dw_status check_commit(walker *w, const dwi_commit *commit, dw_error *err)
{
    dw_status status;

    dwi_map_init(&w->seen, w->run->log->alloc, (uint64_t)w->version);
    DWI_TRY(move_context(w, commit, err));
    DWI_TRY(check_time(w, commit, err));
    for (size_t i = 0; i < commit->n_actions; i++)
        DWI_TRY(check_action(w, &commit->actions[i], err));
done:
    dwi_map_done(&w->seen);
    return status;
}

static dw_status read_commit(walker *w, int64_t version, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dwi_commit commit;
    dwi_arena arena;
    dw_status status;

    w->version = version;
    dwi_log_commit_name(version, w->name);
    dwi_arena_init(&arena, w->run->log->alloc);
    status = dwi_log_read_commit(w->run->log, version, &arena, &commit, &why);
    if (status == DW_OK) {
        w->run->result->commits++;
        status = check_commit(w, &commit, err);
    } else {
        dwi_state_unref(w->context);
        w->context = NULL;
        status = dwi_verify_settle(w->run, place_of(w, DWI_FINDING_ERROR, "commit-unreadable"),
                                   status, &why, err);
    }
    dwi_arena_done(&arena);
    return status;
}

/* The oldest complete checkpoint at or after a version, -1: none. */
static dw_status checkpoint_from(dwi_verify_run *run, int64_t version, int64_t *out, dw_error *err)
{
    dw_status status = DW_OK;

    *out = -1;
    for (const dwi_listed *l = run->listing.first; l != NULL && *out < 0; l = l->next) {
        const dwi_log_file *files;
        if (l->kind != DWI_LISTED_CHECKPOINT || l->part != 1 || l->file.version < version)
            continue;
        DWI_TRY(dwi_listed_parts(&run->arena, l, &files, err));
        if (files != NULL)
            *out = l->file.version;
    }
done:
    return status;
}

/* Versions `first` to `last` are not there. Behind a checkpoint nobody misses them. */
static dw_status tell_gap(dwi_verify_run *run, int64_t first, int64_t last, dw_error *err)
{
    dwi_place place = {DWI_FINDING_ERROR, "log-gap", DWI_SV("_delta_log"), first, NULL, false};
    int64_t checkpoint;
    dw_status status;

    DWI_TRY(checkpoint_from(run, last, &checkpoint, err));
    if (checkpoint >= 0)
        place.severity = DWI_FINDING_WARNING;
    DWI_TRY(dwi_verify_tell(run, place, err, "commits %" PRId64 " to %" PRId64 " are missing%s",
                            first, last, checkpoint >= 0 ? "; older versions cannot be read" : ""));
done:
    return status;
}

/* Versions `first` to `last` are not in the listing. A folder that is written to while it is listed
 * may be told without some of its newest files: those are found by their names. */
static dw_status walk_unlisted(walker *w, int64_t first, int64_t last, dw_error *err)
{
    dw_status status = DW_OK;

    for (; first <= last; first++) {
        dw_object object;
        status = dwi_log_head_commit(w->run->log, first, &object, err);
        if (status == DW_E_NOT_FOUND)
            break;
        DWI_TRY(status);
        DWI_TRY(read_commit(w, first, err));
    }
    if (first > last)
        return DW_OK;
    DWI_TRY(tell_gap(w->run, first, last, err));
    dwi_state_unref(w->context);
    w->context = NULL;
done:
    return status;
}

/* What a version at the beginning of the log is judged by comes from the first checkpoint. */
static dw_status begin_context(walker *w, int64_t oldest, int64_t *out_checkpoint, dw_error *err)
{
    dwi_place place = {DWI_FINDING_ERROR, "log-gap", DWI_SV("_delta_log"), oldest, NULL, false};
    dw_status status = DW_OK;

    *out_checkpoint = -1;
    if (oldest == 0)
        return DW_OK;
    DWI_TRY(checkpoint_from(w->run, oldest - 1, out_checkpoint, err));
    if (*out_checkpoint < 0)
        DWI_TRY(dwi_verify_tell(w->run, place, err,
                                "the oldest commit is version %" PRId64
                                ", and no checkpoint has what came before",
                                oldest));
done:
    return status;
}

static dw_status take_context(walker *w, int64_t checkpoint, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status = dwi_state_replay(w->run->log, checkpoint, -1, &w->context, &why);

    if (status == DW_E_NOMEM)
        return dwi_err_nomem(err);
    return DW_OK; /* a checkpoint that cannot be read is told as one */
}

static dw_status walk(walker *w, dw_error *err)
{
    int64_t checkpoint = -1;
    int64_t next = -1;
    dw_status status = DW_OK;

    for (const dwi_listed *l = w->run->listing.first; l != NULL; l = l->next) {
        if (l->kind != DWI_LISTED_COMMIT)
            continue;
        if (next < 0) {
            DWI_TRY(begin_context(w, l->file.version, &checkpoint, err));
            if (checkpoint >= 0 && checkpoint < l->file.version)
                DWI_TRY(take_context(w, checkpoint, err));
        } else if (l->file.version != next) {
            DWI_TRY(walk_unlisted(w, next, l->file.version - 1, err));
        }
        DWI_TRY(read_commit(w, l->file.version, err));
        if (l->file.version == checkpoint)
            DWI_TRY(take_context(w, checkpoint, err));
        next = l->file.version + 1;
    }
done:
    return status;
}

dw_status dwi_verify_log(dwi_verify_run *run, dw_error *err)
{
    walker w = {.run = run, .last_ict = -1};
    uint64_t seed = 0;
    dw_status status;

    run->log->env->random(run->log->env->ctx, &seed, sizeof(seed));
    dwi_map_init(&w.txns, run->log->alloc, seed);
    dwi_arena_init(&w.arena, run->log->alloc);
    dwi_buf_init(&w.key, run->log->alloc);
    status = walk(&w, err);
    dwi_state_unref(w.context);
    dwi_map_done(&w.txns);
    dwi_arena_done(&w.arena);
    dwi_buf_done(&w.key);
    return status;
}
