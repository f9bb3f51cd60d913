/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/verify.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "delta/verify_impl.h"

static bool is_of_the_bytes(dw_status status)
{
    return status == DW_E_CORRUPT || status == DW_E_UNSUPPORTED || status == DW_E_SCHEMA ||
           status == DW_E_NOT_FOUND || status == DW_E_ARG;
}

dw_status dwi_verify_tell(dwi_verify_run *run, dwi_place place, dw_error *err, const char *fmt, ...)
{
    dwi_finding finding = {
        .severity = place.severity,
        .code = place.code,
        .version = place.version,
        .repair = place.repair,
    };
    char message[sizeof(((dw_error *)NULL)->message)];
    dw_status status = DW_OK;
    dwi_buf object;
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    dwi_buf_init(&object, run->log->alloc);
    dwi_buf_append_cstr(&object, place.in_log ? "_delta_log/" : "");
    dwi_buf_append(&object, place.object.ptr, place.object.len);
    finding.message = message;
    finding.object = dwi_buf_cstr(&object);
    (void)pthread_mutex_lock(&run->lock);
    run->result->errors += place.severity == DWI_FINDING_ERROR;
    run->result->warnings += place.severity == DWI_FINDING_WARNING;
    status = finding.object == NULL ? dwi_err_nomem(err)
                                    : run->options->tell(run->options->ctx, &finding, err);
    (void)pthread_mutex_unlock(&run->lock);
    dwi_buf_done(&object);
    return status;
}

/* The message without the object, which stands beside it. */
static const char *without_object(const char *message, bool in_log, dwi_sv object)
{
    const size_t folder = strlen("_delta_log/");

    if (in_log && strncmp(message, "_delta_log/", folder) == 0)
        message += folder;
    if (strncmp(message, object.ptr, object.len) == 0 &&
        strncmp(message + object.len, ": ", 2) == 0)
        return message + object.len + 2;
    return message;
}

dw_status dwi_verify_settle(dwi_verify_run *run, dwi_place place, dw_status status,
                            const dw_error *why, dw_error *err)
{
    if (status == DW_OK)
        return DW_OK;
    if (is_of_the_bytes(status))
        return dwi_verify_tell(run, place, err, "%s",
                               without_object(why->message, place.in_log, place.object));
    if (err != NULL)
        *err = *why;
    return status;
}

/* The newest state; a table that has a log and cannot be read is a finding. */
static dw_status load_state(dwi_verify_run *run, dw_error *err)
{
    const dwi_place place = {
        DWI_FINDING_ERROR, "table-unreadable", DWI_SV("_delta_log"), -1, NULL, false};
    dw_error why = DW_ERROR_INIT;
    dw_status status = dwi_state_load(run->log, -1, &run->state, &why);

    if (status == DW_OK)
        run->result->version = run->state->version;
    return dwi_verify_settle(run, place, status, &why, err);
}

/* The log may have taken long, and files may have gone since with versions that nobody keeps. A
 * state that cannot be advanced is told as what it was. */
static dw_status move_on(dwi_verify_run *run, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dwi_state *latest = NULL;
    dw_status status =
        dwi_state_advance(run->log, run->state, (dwi_commit_observer){NULL, NULL}, &latest, &why);

    if (status == DW_E_NOMEM)
        return dwi_err_nomem(err);
    if (status != DW_OK)
        return DW_OK;
    dwi_state_unref(run->state);
    run->state = latest;
    run->result->version = latest->version;
    return DW_OK;
}

static dw_status run_all(dwi_verify_run *run, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_log_list(run->log, 0, NULL, NULL, &run->arena, &run->listing, err));
    if (run->listing.first == NULL)
        DWI_TRY(dwi_err(err, DW_E_NOT_FOUND, "not a Delta table: nothing in %s_delta_log",
                        run->log->root));
    DWI_TRY(load_state(run, err));
    DWI_TRY(dwi_verify_log(run, err));
    DWI_TRY(dwi_verify_checkpoints(run, err));
    if (run->state != NULL) {
        DWI_TRY(move_on(run, err));
        DWI_TRY(dwi_verify_files(run, err));
    }
done:
    return status;
}

dw_status dwi_verify(const dwi_log *log, const dwi_verify_options *options, dwi_verify_result *out,
                     dw_error *err)
{
    dwi_verify_run run = {.log = log, .options = options, .result = out};
    dw_status status;

    *out = (dwi_verify_result){.version = -1};
    dwi_arena_init(&out->arena, log->alloc);
    dwi_arena_init(&run.arena, log->alloc);
    dwi_key_set_init(&run.change_data, log->alloc, log->env);
    (void)pthread_mutex_init(&run.lock, NULL); /* with default attributes it cannot fail */
    status = run_all(&run, err);
    (void)pthread_mutex_destroy(&run.lock);
    dwi_key_set_done(&run.change_data);
    dwi_arena_done(&run.arena);
    out->state = run.state;
    return status;
}

void dwi_verify_result_done(dwi_verify_result *result)
{
    if (result->arena.alloc == NULL)
        return;
    dwi_free(result->arena.alloc, result->missing, result->missing_cap * sizeof(*result->missing));
    dwi_state_unref(result->state);
    dwi_arena_done(&result->arena);
    memset(result, 0, sizeof(*result));
}
