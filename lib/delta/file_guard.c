/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/file_guard.h"

#include "base/alloc.h"
#include "delta/deletion_vector.h"
#include "delta/files.h"
#include "delta/path.h"
#include "delta/timeline.h"

void dwi_file_guard_init(dwi_file_guard *guard, const dwi_log *log, int64_t since_ms)
{
    *guard = (dwi_file_guard){.log = log, .since_ms = since_ms};
    dwi_key_set_init(&guard->keys, log->alloc, log->env);
    dwi_key_set_init(&guard->names, log->alloc, log->env);
}

void dwi_file_guard_done(dwi_file_guard *guard)
{
    dwi_key_set_done(&guard->keys);
    dwi_key_set_done(&guard->names);
    memset(guard, 0, sizeof(*guard));
}

static dwi_sv last_part(dwi_sv path)
{
    size_t at = path.len;

    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return (dwi_sv){path.ptr + at, path.len - at};
}

/* Some part of it is empty, "." or "..": a store lists the file by another name. */
static bool is_odd(dwi_sv key)
{
    size_t start = 0;

    for (size_t i = 0; i <= key.len; i++) {
        dwi_sv part = {key.ptr + start, i - start};
        if (i < key.len && key.ptr[i] != '/')
            continue;
        if (part.len == 0 || dwi_sv_eq_cstr(part, ".") || dwi_sv_eq_cstr(part, ".."))
            return true;
        start = i + 1;
    }
    return false;
}

static dw_status put_name(dwi_file_guard *guard, dwi_sv path, dw_error *err)
{
    dwi_buf decoded;
    dw_status status;

    dwi_buf_init(&decoded, guard->log->alloc);
    dwi_path_append_decoded(&decoded, last_part(path));
    DWI_TRY(dwi_buf_status(&decoded, err));
    DWI_TRY(dwi_key_set_put(&guard->names, (dwi_sv){(const char *)decoded.data, decoded.len}, NULL,
                            err));
done:
    dwi_buf_done(&decoded);
    return status;
}

/* `status` and `why` are what finding the key came to, which is freed. A path out of the store may
 * be another name of one in it. */
static dw_status put_key(dwi_file_guard *guard, dw_status status, const dw_error *why, char *key,
                         dwi_sv path, dw_error *err)
{
    if (status == DW_OK && is_odd(dwi_sv_cstr(key)))
        status = put_name(guard, dwi_sv_cstr(key), err);
    else if (status == DW_OK)
        status = dwi_key_set_put(&guard->keys, dwi_sv_cstr(key), NULL, err);
    else if (status == DW_E_UNSUPPORTED && dwi_path_is_absolute(path))
        status = put_name(guard, path, err);
    else if (err != NULL)
        *err = *why;
    dwi_cstr_free(guard->log->alloc, key);
    return status;
}

static dw_status put_file(dwi_file_guard *guard, dwi_sv path, const dwi_dv *dv, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    char *key = NULL;
    dw_status status;

    status = dwi_log_data_key(guard->log, path, &key, &why);
    DWI_TRY(put_key(guard, status, &why, key, path, err));
    if (dv->storage_type.ptr == NULL || dwi_sv_eq_cstr(dv->storage_type, "i"))
        goto done;
    key = NULL;
    status = dwi_deletion_vector_key(guard->log, dv, &key, &why);
    status = put_key(guard, status, &why, key, dv->path_or_inline, err);
done:
    return status;
}

static dw_status take_add(void *ctx, const dwi_add *add, dw_error *err)
{
    dwi_file_guard *guard = ctx;

    guard->live++;
    return put_file(guard, add->path, &add->dv, err);
}

static dw_status take_remove(void *ctx, const dwi_remove *remove, dw_error *err)
{
    dwi_file_guard *guard = ctx;

    if (remove->deletion_timestamp < guard->since_ms)
        return DW_OK;
    guard->tombstones++;
    return put_file(guard, remove->path, &remove->dv, err);
}

dw_status dwi_file_guard_state(dwi_file_guard *guard, const dwi_state *state, dw_error *err)
{
    const dwi_file_visitor visitor = {guard, take_add, take_remove};

    return dwi_files_visit(guard->log, state, visitor, err);
}

static dw_status put_action(void *ctx, const dwi_action *action, dw_error *err)
{
    dwi_file_guard *guard = ctx;

    if (action->kind == DWI_ACTION_ADD)
        return put_file(guard, action->u.add.path, &action->u.add.dv, err);
    if (action->kind == DWI_ACTION_REMOVE)
        return put_file(guard, action->u.remove.path, &action->u.remove.dv, err);
    return DW_OK;
}

dw_status dwi_file_guard_commit(dwi_file_guard *guard, const dwi_commit *commit, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < commit->n_actions; i++)
        DWI_TRY(put_action(guard, &commit->actions[i], err));
done:
    return status;
}

/* By the times of files, which are never before those in commits. */
dw_status dwi_file_guard_since(dwi_file_guard *guard, const dwi_state *newest, int64_t since_ms,
                               dw_error *err)
{
    dwi_timeline timeline;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, guard->log->alloc);
    DWI_TRY(dwi_timeline_load(guard->log, newest, &arena, &timeline, err));
    for (size_t i = timeline.n; i > 0; i--) {
        const dwi_log_file *commit = &timeline.commits[i - 1];
        if (commit->modified_ms < since_ms)
            break;
        DWI_TRY(dwi_log_visit_commit(guard->log, commit->version, 1u << DWI_ACTION_REMOVE,
                                     put_action, guard, err));
    }
done:
    dwi_arena_done(&arena);
    return status;
}

bool dwi_file_guard_has(const dwi_file_guard *guard, const char *key)
{
    dwi_sv text = dwi_sv_cstr(key);

    return dwi_key_set_has(&guard->keys, text) ||
           (guard->names.count > 0 && dwi_key_set_has(&guard->names, last_part(text)));
}
