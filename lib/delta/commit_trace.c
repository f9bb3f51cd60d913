/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/commit_trace.h"

#include "delta/files.h"
#include "delta/path.h"
#include "delta/properties.h"

#define TOMBSTONE_MS (INT64_C(7) * 24 * 3600 * 1000) /* unless the table says otherwise */

/* The application's version is ours, and was set at the very millisecond. */
static bool has_txn(const dwi_state *latest, const dwi_commit_body *body)
{
    for (size_t i = 0; i < body->n_actions; i++) {
        const dwi_txn_action *ours = &body->actions[i].u.txn;
        const dwi_txn_action *known;
        if (body->actions[i].kind != DWI_ACTION_TXN)
            continue;
        known = dwi_state_txn(latest, ours->app_id);
        if (known != NULL && known->version == ours->version &&
            known->last_updated == ours->last_updated)
            return true;
    }
    return false;
}

/* Had the attempt taken effect, the versions that it expected would have been moved. */
static bool are_apps_untouched(const dwi_state *latest, const dwi_staged *staged)
{
    for (size_t i = 0; i < staged->n_apps; i++) {
        const dwi_txn_action *known = dwi_state_txn(latest, staged->apps[i].app_id);
        if ((known == NULL ? -1 : known->version) != staged->apps[i].expected)
            return false;
    }
    return staged->n_apps > 0;
}

static int64_t attempted_ms(const dwi_commit_body *body)
{
    for (size_t i = 0; i < body->n_actions; i++)
        if (body->actions[i].kind == DWI_ACTION_COMMIT_INFO)
            return body->actions[i].u.commit_info.timestamp;
    return -1;
}

typedef struct search {
    dwi_buf wanted; /* normal path of one file that the attempt adds */
    dwi_buf normal;
    bool found;
} search;

static dw_status look_at(search *s, dwi_sv path, dw_error *err)
{
    dwi_buf_clear(&s->normal);
    dwi_path_append_normal(&s->normal, path);
    if (s->normal.len == s->wanted.len && s->wanted.len > 0 &&
        memcmp(s->normal.data, s->wanted.data, s->wanted.len) == 0)
        s->found = true;
    return dwi_buf_status(&s->normal, err);
}

static dw_status look_at_add(void *ctx, const dwi_add *add, dw_error *err)
{
    return look_at(ctx, add->path, err);
}

static dw_status look_at_remove(void *ctx, const dwi_remove *remove, dw_error *err)
{
    return look_at(ctx, remove->path, err);
}

static dw_status find_file(const dwi_log *log, const dwi_state *latest, dwi_sv path,
                           bool *out_found, dw_error *err)
{
    search s = {.found = false};
    dw_status status;

    dwi_buf_init(&s.wanted, log->alloc);
    dwi_buf_init(&s.normal, log->alloc);
    dwi_path_append_normal(&s.wanted, path);
    DWI_TRY(dwi_buf_status(&s.wanted, err));
    DWI_TRY(dwi_files_visit(log, latest, (dwi_file_visitor){&s, look_at_add, look_at_remove}, err));
    *out_found = s.found;
done:
    dwi_buf_done(&s.wanted);
    dwi_buf_done(&s.normal);
    return status;
}

dw_status dwi_commit_trace(const dwi_log *log, const dwi_state *latest, const dwi_staged *staged,
                           const dwi_commit_body *body, dwi_trace *out, dw_error *err)
{
    int64_t kept_ms = TOMBSTONE_MS;
    bool found = false;
    dw_status status = DW_OK;

    *out = DWI_TRACE_NONE;
    if (has_txn(latest, body)) {
        *out = DWI_TRACE_FOUND;
        goto done;
    }
    if (are_apps_untouched(latest, staged))
        *out = DWI_TRACE_ABSENT;
    if (staged->n_adds == 0)
        goto done;
    DWI_TRY(find_file(log, latest, staged->adds[0].path, &found, err));
    (void)dwi_property_interval(latest->metadata.configuration,
                                "delta.deletedFileRetentionDuration", &kept_ms, NULL);
    if (found)
        *out = DWI_TRACE_FOUND;
    else if (dwi_now_ms(log->env) - attempted_ms(body) < kept_ms)
        *out = DWI_TRACE_ABSENT;
done:
    return status;
}
