/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates from the log: what commits before the cutoff removed, and their change data. Where the
 * last run ended is noted in _delta_log/_last_vacuum_info, as Spark does. */
#include "delta/vacuum_impl.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "delta/deletion_vector.h"
#include "delta/path.h"
#include "delta/timeline.h"

enum { MAX_INFO_BYTES = 65536 };

static const char info_name[] = "_delta_log/_last_vacuum_info";
static const char info_key[] = "latestCommitVersionOutsideOfRetentionWindow";

/* -1: there is none, or none that can be read. */
static dw_status read_info(const dwi_log *log, int64_t *out, dw_error *err)
{
    char *key = dwi_log_key(log, info_name);
    dw_error why = DW_ERROR_INIT;
    const dwi_json *root = NULL;
    dw_status status = DW_OK;
    dwi_arena arena;
    dwi_buf text;

    *out = -1;
    dwi_arena_init(&arena, log->alloc);
    dwi_buf_init(&text, log->alloc);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    status = dwi_store_get(log->store, key, (dw_range)DW_RANGE_ALL, MAX_INFO_BYTES, &text, &why);
    if (status == DW_OK)
        status = dwi_json_parse(&arena, (dwi_sv){(const char *)text.data, text.len}, info_name,
                                &root, &why);
    if (status == DW_OK && !dwi_json_as_i64(dwi_json_get(root, info_key), out))
        *out = -1;
    if (status == DW_E_NOT_FOUND || status == DW_E_CORRUPT)
        status = DW_OK;
    else if (status != DW_OK && err != NULL)
        *err = why;
done:
    dwi_buf_done(&text);
    dwi_arena_done(&arena);
    dwi_cstr_free(log->alloc, key);
    return status;
}

/* The commits from run->next_version to result.last_version. */
static dw_status set_range(dwi_vacuum_run *run, const dwi_timeline *timeline, int64_t info,
                           dw_error *err)
{
    int64_t earliest = timeline->n == 0 ? run->state->version + 1 : timeline->commits[0].version;
    dw_error why = DW_ERROR_INIT;
    dw_status status;
    int64_t last;

    status = dwi_timeline_find(run->log, timeline, run->options->cutoff_ms - 1, &last, &why);
    if (status == DW_E_NOT_FOUND) { /* no commit is that old */
        run->complete = true;
        return DW_OK;
    }
    if (status != DW_OK) {
        if (err != NULL)
            *err = why;
        return status;
    }
    if (earliest > 0 && info + 1 < earliest)
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "a lite vacuum reads the log from %s %" PRId64 ", and the oldest commit is "
                       "%" PRId64 "; a full one is needed",
                       info < 0 ? "version" : "the end of the last one,", info + 1, earliest);
    run->next_version = info + 1 > earliest ? info + 1 : earliest;
    if (last > run->state->version)
        last = run->state->version;
    run->complete = run->next_version > last;
    if (run->complete)
        return DW_OK;
    for (size_t i = 1; i < timeline->n && timeline->commits[i].version <= last; i++)
        if (timeline->commits[i].version > run->next_version &&
            timeline->commits[i].version != timeline->commits[i - 1].version + 1)
            return dwi_err(err, DW_E_CORRUPT,
                           "_delta_log: version %" PRId64 " is missing, the next one is %" PRId64,
                           timeline->commits[i - 1].version + 1, timeline->commits[i].version);
    run->result.first_version = run->next_version;
    run->result.last_version = last;
    return DW_OK;
}

dw_status dwi_vacuum_lite_begin(dwi_vacuum_run *run, dw_error *err)
{
    dwi_timeline timeline;
    dwi_arena arena;
    dw_status status;
    int64_t info;

    dwi_arena_init(&arena, run->log->alloc);
    DWI_TRY(read_info(run->log, &info, err));
    DWI_TRY(dwi_timeline_load(run->log, run->state, &arena, &timeline, err));
    DWI_TRY(set_range(run, &timeline, info, err));
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status doom_once(dwi_vacuum_run *run, const char *key, int64_t size, dw_error *err)
{
    dw_status status;
    bool added = true;

    if (!run->count_only)
        DWI_TRY(dwi_key_set_put(&run->taken, dwi_sv_cstr(key), &added, err));
    else
        added = !dwi_key_set_has(&run->taken, dwi_sv_cstr(key));
    status = added ? dwi_vacuum_doom(run, key, size < 0 ? 0 : size, err) : DW_OK;
done:
    return status;
}

/* `status` is what finding the key came to; one out of the table's folder is not ours to remove. */
static dw_status take_key(dwi_vacuum_run *run, dw_status status, const dw_error *why, char *key,
                          int64_t size, dw_error *err)
{
    if (status == DW_E_UNSUPPORTED)
        status = DW_OK;
    else if (status != DW_OK && err != NULL)
        *err = *why;
    else if (status == DW_OK && strncmp(key, run->log->root, strlen(run->log->root)) == 0 &&
             !dwi_file_guard_has(&run->guard, key))
        status = doom_once(run, key, size, err);
    dwi_cstr_free(run->log->alloc, key);
    return status;
}

static dw_status take_path(dwi_vacuum_run *run, dwi_sv path, int64_t size, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    char *key = NULL;
    dw_status status = dwi_log_data_key(run->log, path, &key, &why);

    return take_key(run, status, &why, key, size, err);
}

static dw_status take_action(void *ctx, const dwi_action *action, dw_error *err)
{
    dwi_vacuum_run *run = ctx;
    const dwi_remove *remove = &action->u.remove;
    dw_error why = DW_ERROR_INIT;
    char *key = NULL;
    dw_status status;

    if (action->kind == DWI_ACTION_CDC && action->u.cdc.path.ptr == NULL)
        return DW_OK;
    if (action->kind == DWI_ACTION_CDC)
        return take_path(run, action->u.cdc.path, action->u.cdc.size, err);
    if (remove->deletion_timestamp >= run->options->cutoff_ms)
        return DW_OK;
    DWI_TRY(take_path(run, remove->path, remove->size, err));
    if (remove->dv.storage_type.ptr == NULL || dwi_sv_eq_cstr(remove->dv.storage_type, "i"))
        goto done;
    status = dwi_deletion_vector_key(run->log, &remove->dv, &key, &why);
    status = take_key(run, status, &why, key, remove->dv.size_in_bytes, err);
done:
    return status;
}

dw_status dwi_vacuum_lite(dwi_vacuum_run *run, dw_error *err)
{
    const unsigned kinds = 1u << DWI_ACTION_REMOVE | 1u << DWI_ACTION_CDC;
    dw_status status = DW_OK;

    while (!run->complete && !dwi_vacuum_is_full(run)) {
        DWI_TRY(dwi_log_visit_commit(run->log, run->next_version, kinds, take_action, run, err));
        run->next_version++;
        run->complete = run->next_version > run->result.last_version;
    }
done:
    return status;
}

dw_status dwi_vacuum_lite_end(const dwi_vacuum_run *run, dw_error *err)
{
    char *key = dwi_log_key(run->log, info_name);
    dw_status status;
    char text[96];

    if (run->result.last_version < 0) {
        dwi_cstr_free(run->log->alloc, key);
        return DW_OK;
    }
    if (key == NULL)
        return dwi_err_nomem(err);
    (void)snprintf(text, sizeof(text), "{\"%s\":%" PRId64 "}\n", info_key,
                   run->result.last_version);
    status =
        dwi_store_put(run->log->store, key, (dw_bytes){text, strlen(text)}, DW_PUT_OVERWRITE, err);
    dwi_cstr_free(run->log->alloc, key);
    return status;
}
