/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates by a listing of the table's folder. */
#include "delta/vacuum_impl.h"

#include "base/map.h"
#include "delta/properties.h"

typedef struct lister {
    dwi_vacuum_run *run;
    size_t skip; /* bytes of a key before the table's part */
    bool jump;   /* stopped at the log, to go on behind it */
    bool stopped;
} lister;

/* "COLUMN=" of a partition column. */
static bool is_partition_folder(const dwi_state *state, dwi_sv name)
{
    dwi_svs columns = state->metadata.partition_columns;

    for (size_t i = 0; i < columns.count; i++) {
        dwi_sv column = columns.items[i];
        if (name.len > column.len && name.ptr[column.len] == '=' &&
            dwi_sv_starts_with(name, column))
            return true;
    }
    return false;
}

/* Of a folder or file, as Spark has it: what begins with '_' or '.', but for what belongs to data
 * files or is a folder of partitions. */
static bool is_hidden(const dwi_state *state, bool uniform, dwi_sv name)
{
    if (uniform && dwi_sv_eq_cstr(name, "metadata"))
        return true;
    return name.len > 0 && (name.ptr[0] == '.' || name.ptr[0] == '_') &&
           !dwi_sv_starts_with(name, DWI_SV("_delta_index")) &&
           !dwi_sv_starts_with(name, DWI_SV("_change_data")) && !is_partition_folder(state, name);
}

bool dwi_vacuum_is_hidden(const dwi_state *state, dwi_sv path)
{
    bool uniform = dwi_state_property(state, "delta.universalFormat.enabledFormats").len > 0;
    size_t start = 0;

    for (size_t i = 0; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '/')
            continue;
        if (is_hidden(state, uniform, (dwi_sv){path.ptr + start, i - start}))
            return true;
        start = i + 1;
    }
    return false;
}

static dwi_sv folder_of(dwi_sv path)
{
    while (path.len > 0 && path.ptr[path.len - 1] != '/')
        path.len--;
    return path;
}

static dw_status stop(lister *l, dw_error *err)
{
    l->stopped = true;
    return dwi_err(err, DW_E_CANCELLED, "the rest is listed later");
}

static dw_status list_one(void *ctx, const dw_object *object, dw_error *err)
{
    lister *l = ctx;
    dwi_vacuum_run *run = l->run;
    dwi_sv path = dwi_sv_cstr(object->key + l->skip);
    dw_status status;

    if (dwi_sv_starts_with(path, DWI_SV("_delta_log/"))) {
        l->jump = true;
        return stop(l, err);
    }
    if (dwi_vacuum_is_full(run))
        return stop(l, err);
    dwi_buf_clear(&run->after);
    dwi_buf_append(&run->after, object->key, strlen(object->key) + 1);
    DWI_TRY(dwi_buf_status(&run->after, err));
    if (dwi_vacuum_is_hidden(run->state, path))
        goto done;
    run->result.listed++;
    DWI_TRY(dwi_key_set_put(&run->folders, folder_of(path), NULL, err));
    if (dwi_file_guard_has(&run->guard, object->key))
        goto done;
    if (object->modified_ms >= run->options->cutoff_ms)
        run->result.young++;
    else
        status = dwi_vacuum_doom(run, object->key, object->size, err);
done:
    return status;
}

/* Behind every name of the log. */
static dw_status jump_log(dwi_vacuum_run *run, dw_error *err)
{
    dwi_buf_clear(&run->after);
    dwi_buf_append_cstr(&run->after, run->log->root);
    dwi_buf_append_cstr(&run->after, "_delta_log/\xF4\x8F\xBF\xBF");
    dwi_buf_append_byte(&run->after, '\0');
    return dwi_buf_status(&run->after, err);
}

dw_status dwi_vacuum_list(dwi_vacuum_run *run, dw_error *err)
{
    lister l = {.run = run, .skip = strlen(run->log->root)};
    dw_status status;

    DWI_TRY(dwi_key_set_put(&run->folders, DWI_SV(""), NULL, err));
    do {
        dwi_buf after; /* run->after moves while the store reads it */
        l.jump = l.stopped = false;
        dwi_buf_init(&after, run->log->alloc);
        dwi_buf_append(&after, run->after.data, run->after.len);
        status = dwi_buf_status(&after, err);
        if (status == DW_OK)
            status =
                dwi_store_list(run->log->store, run->log->root,
                               after.len > 0 ? (const char *)after.data : NULL, list_one, &l, err);
        dwi_buf_done(&after);
        if (status == DW_E_CANCELLED && l.stopped)
            status = DW_OK;
        DWI_TRY(status);
        if (l.jump)
            DWI_TRY(jump_log(run, err));
    } while (l.jump);
    run->complete = !l.stopped;
done:
    return status;
}

static dw_status find_any(void *ctx, const dw_object *object, dw_error *err)
{
    bool *found = ctx;

    (void)object;
    *found = true;
    return dwi_err(err, DW_E_CANCELLED, "one is enough");
}

/* A folder (with '/' at its end) has a log of its own. Each is asked for once. */
static dw_status is_table(dwi_vacuum_run *run, dwi_map *known, dwi_sv folder, bool *out,
                          dw_error *err)
{
    static char yes;
    static char no;
    dwi_map_entry *entry = dwi_map_put(known, folder, NULL);
    dw_status status = DW_OK;
    dwi_buf prefix;

    if (entry == NULL)
        return dwi_err_nomem(err);
    *out = entry->value == &yes;
    if (entry->value != NULL)
        return DW_OK;
    dwi_buf_init(&prefix, run->log->alloc);
    dwi_buf_append(&prefix, folder.ptr, folder.len);
    dwi_buf_append_cstr(&prefix, "_delta_log/");
    if (dwi_buf_cstr(&prefix) == NULL)
        DWI_TRY(dwi_err_nomem(err));
    status = dwi_store_list(run->log->store, (const char *)prefix.data, NULL, find_any, out, err);
    if (status == DW_E_CANCELLED && *out)
        status = DW_OK;
    DWI_TRY(status);
    entry->value = *out ? &yes : &no;
    if (*out)
        dwi_logf(run->log->logger, DW_LOG_WARN,
                 "%.*s: a table of its own within the table's folder; its files are left alone",
                 DWI_SV_ARG(folder));
done:
    dwi_buf_done(&prefix);
    return status;
}

static dw_status is_foreign(dwi_vacuum_run *run, dwi_map *known, const char *key, bool *out,
                            dw_error *err)
{
    size_t start = strlen(run->log->root);
    dw_status status = DW_OK;

    *out = false;
    for (size_t i = start; key[i] != '\0' && !*out; i++) {
        dwi_sv name = {key + start, i - start};
        if (key[i] != '/')
            continue;
        if (!is_partition_folder(run->state, name) &&
            !dwi_sv_starts_with(name, DWI_SV("_change_data")))
            DWI_TRY(is_table(run, known, (dwi_sv){key, i + 1}, out, err));
        start = i + 1;
    }
done:
    return status;
}

dw_status dwi_vacuum_pass_foreign(dwi_vacuum_run *run, dw_error *err)
{
    dw_status status = DW_OK;
    uint64_t seed = 0;
    dwi_map known;
    size_t n = 0;

    if (run->options->lite)
        return DW_OK; /* the log names its own files */
    run->log->env->random(run->log->env->ctx, &seed, sizeof(seed));
    dwi_map_init(&known, run->log->alloc, seed);
    for (size_t i = 0; i < run->n_doomed; i++) {
        bool foreign;
        DWI_TRY(is_foreign(run, &known, run->doomed[i].key, &foreign, err));
        if (foreign) {
            run->result.foreign++;
            run->found--;
            run->found_bytes -= run->doomed[i].size;
        } else {
            run->doomed[n++] = run->doomed[i];
        }
    }
    run->n_doomed = n;
done:
    dwi_map_done(&known);
    return status;
}
