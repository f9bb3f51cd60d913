/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/timeline.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "delta/properties.h"

/* The version from which in-commit timestamps count, INT64_MAX: none. */
static int64_t ict_start(const dwi_state *state, int64_t *out_enabled_ms)
{
    dwi_kvs properties = state->metadata.configuration;
    dw_error ignored = DW_ERROR_INIT;
    int64_t from = 0;
    bool on = false;

    *out_enabled_ms = INT64_MIN;
    (void)dwi_property_bool(properties, "delta.enableInCommitTimestamps", &on, &ignored);
    if (!on)
        return INT64_MAX;
    (void)dwi_property_i64(properties, "delta.inCommitTimestampEnablementVersion", 0, &from,
                           &ignored);
    (void)dwi_property_i64(properties, "delta.inCommitTimestampEnablementTimestamp", 0,
                           out_enabled_ms, &ignored);
    return from;
}

void dwi_timeline_make(const dwi_state *newest, size_t n, dwi_log_file *commits, dwi_timeline *out)
{
    for (size_t i = 1; i < n; i++)
        if (commits[i].modified_ms <= commits[i - 1].modified_ms)
            commits[i].modified_ms = commits[i - 1].modified_ms + 1;
    *out = (dwi_timeline){.n = n, .commits = commits};
    out->ict_from = ict_start(newest, &out->ict_enabled_ms);
}

dw_status dwi_timeline_load(const dwi_log *log, const dwi_state *newest, dwi_arena *arena,
                            dwi_timeline *out, dw_error *err)
{
    const dwi_log_file *listed = NULL;
    dwi_log_file *commits;
    dw_status status;
    size_t n = 0;

    DWI_TRY(dwi_log_list_commits(log, arena, &n, &listed, err));
    commits = dwi_arena_dup(arena, listed, n * sizeof(*commits));
    if (commits == NULL)
        DWI_TRY(dwi_err_nomem(err));
    dwi_timeline_make(newest, n, commits, out);
done:
    return status;
}

int64_t dwi_timeline_time(const dwi_timeline *timeline, size_t index, int64_t in_commit_timestamp)
{
    const dwi_log_file *commit = &timeline->commits[index];

    return commit->version >= timeline->ict_from && in_commit_timestamp >= 0 ? in_commit_timestamp
                                                                             : commit->modified_ms;
}

static dw_status take_timestamp(void *ctx, const dwi_action *action, dw_error *err)
{
    int64_t *timestamp = ctx;

    (void)err;
    *timestamp = action->u.commit_info.in_commit_timestamp;
    return DW_OK;
}

static dw_status time_of(const dwi_log *log, const dwi_timeline *timeline, size_t index,
                         int64_t *out_ms, dw_error *err)
{
    int64_t version = timeline->commits[index].version;
    int64_t in_commit = -1;
    dw_status status = DW_OK;

    if (version >= timeline->ict_from)
        DWI_TRY(dwi_log_visit_commit(log, version, 1u << DWI_ACTION_COMMIT_INFO, take_timestamp,
                                     &in_commit, err));
    *out_ms = dwi_timeline_time(timeline, index, in_commit);
done:
    return status;
}

/* First commit of version `from` or later. */
static size_t index_of(const dwi_timeline *timeline, int64_t from)
{
    size_t i = 0;

    while (i < timeline->n && timeline->commits[i].version < from)
        i++;
    return i;
}

dw_status dwi_timeline_find(const dwi_log *log, const dwi_timeline *timeline, int64_t timestamp_ms,
                            int64_t *out_version, dw_error *err)
{
    size_t boundary = index_of(timeline, timeline->ict_from);
    bool later =
        boundary < timeline->n && (boundary == 0 || timestamp_ms >= timeline->ict_enabled_ms);
    size_t low = later ? boundary : 0; /* commits before `low` are not later than the time */
    size_t high = later ? timeline->n : boundary;
    size_t first = low;
    dw_status status = DW_OK;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int64_t time_ms;
        DWI_TRY(time_of(log, timeline, middle, &time_ms, err));
        if (time_ms <= timestamp_ms)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || (low == first && !later))
        DWI_TRY(dwi_err(err, DW_E_NOT_FOUND,
                        "timestamp %" PRId64
                        " ms: before the oldest version that the log still has",
                        timestamp_ms));
    *out_version = timeline->commits[low - 1].version;
done:
    return status;
}

dw_status dwi_timeline_of_state(const dwi_log *log, const dwi_state *state, int64_t *out_ms,
                                dw_error *err)
{
    char name[DWI_LOG_NAME_SIZE];
    int64_t enabled_ms;
    dw_object object;
    dw_status status;
    char *key;

    if (state->version >= ict_start(state, &enabled_ms) && state->in_commit_timestamp >= 0) {
        *out_ms = state->in_commit_timestamp;
        return DW_OK;
    }
    dwi_log_commit_name(state->version, name);
    key = dwi_log_key(log, name);
    if (key == NULL)
        return dwi_err_nomem(err);
    status = dwi_store_head(log->store, key, &object, err);
    dwi_cstr_free(log->alloc, key);
    if (status == DW_OK)
        *out_ms = object.modified_ms;
    else if (status == DW_E_NOT_FOUND)
        *out_ms = -1;
    return status == DW_E_NOT_FOUND ? DW_OK : status;
}
