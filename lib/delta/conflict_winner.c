/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/conflict_winner.h"

#include "delta/path.h"

static dw_status add_path(dwi_winner_check *check, dwi_buf *normal, dwi_sv path, dw_error *err)
{
    dw_status status;
    bool added;

    dwi_buf_clear(normal);
    dwi_path_append_normal(normal, path);
    DWI_TRY(dwi_buf_status(normal, err));
    if (dwi_map_put(&check->files, (dwi_sv){(const char *)normal->data, normal->len}, &added) ==
        NULL)
        status = dwi_err_nomem(err);
done:
    return status;
}

dw_status dwi_winner_check_init(dwi_winner_check *check, const dwi_staged *staged,
                                const dwi_state *state, const dwi_log *log, dw_error *err)
{
    dw_status status = DW_OK;
    uint64_t seed = 0;
    dwi_buf normal;

    *check = (dwi_winner_check){.staged = staged, .isolation = dwi_staged_isolation(staged, state)};
    log->env->random(log->env->ctx, &seed, sizeof(seed)); /* file names are others' to choose */
    dwi_map_init(&check->files, log->alloc, seed);
    dwi_buf_init(&normal, log->alloc);
    for (size_t i = 0; i < staged->n_removes; i++)
        DWI_TRY(add_path(check, &normal, staged->removes[i].path, err));
    for (size_t i = 0; i < staged->reads.files.count; i++)
        DWI_TRY(add_path(check, &normal, staged->reads.files.items[i], err));
done:
    dwi_buf_done(&normal);
    return status;
}

void dwi_winner_check_done(dwi_winner_check *check)
{
    dwi_map_done(&check->files);
}

static dw_status check_txn(const dwi_staged *staged, int64_t version, const dwi_txn_action *txn,
                           dw_error *err)
{
    for (size_t i = 0; i < staged->n_apps; i++)
        if (dwi_sv_eq(txn->app_id, staged->apps[i].app_id))
            return dwi_err(err, DW_E_FENCED,
                           "application id %.*s: version %lld, written by another writer, sets it "
                           "to %lld",
                           DWI_SV_ARG(txn->app_id), (long long)version, (long long)txn->version);
    return DW_OK;
}

static dw_status check_domain(const dwi_staged *staged, int64_t version, dwi_sv domain,
                              dw_error *err)
{
    for (size_t i = 0; i < staged->n_domains; i++)
        if (dwi_sv_eq(domain, staged->domains[i].domain))
            return dwi_err(err, DW_E_CONFLICT,
                           "version %lld: another commit changed the metadata domain %.*s",
                           (long long)version, DWI_SV_ARG(domain));
    return DW_OK;
}

static dw_status check_table(const dwi_staged *staged, int64_t version, const char *what,
                             dw_error *err)
{
    if (staged->metadata == NULL && staged->protocol == NULL)
        return DW_OK;
    return dwi_err(err, DW_E_CONFLICT, "version %lld: another commit changed the table's %s",
                   (long long)version, what);
}

/* The rows of a file are among those that we read: of one that lacks its partition values nobody
 * can say that they are not. */
static bool is_read(const dwi_staged *staged, bool has_values, dwi_kvs partition_values)
{
    switch (staged->reads.kind) {
    case DWI_READ_NOTHING:
        break;
    case DWI_READ_PARTITIONS:
        return !has_values || staged->reads.matches(staged->reads.ctx, partition_values);
    case DWI_READ_TABLE:
        return true;
    }
    return false;
}

static dw_status check_path(const dwi_winner_check *check, int64_t version, dwi_sv path,
                            const char *what, dw_error *err)
{
    dwi_buf normal;
    dw_status status;

    if (check->files.live == 0)
        return DW_OK;
    dwi_buf_init(&normal, check->files.alloc);
    dwi_path_append_normal(&normal, path);
    DWI_TRY(dwi_buf_status(&normal, err));
    if (dwi_map_find(&check->files, (dwi_sv){(const char *)normal.data, normal.len}) != NULL)
        status = dwi_err(err, DW_E_CONFLICT,
                         "version %lld: another commit %s the file %.*s, which ours has read",
                         (long long)version, what, DWI_SV_ARG(path));
done:
    dwi_buf_done(&normal);
    return status;
}

static dw_status check_remove(const dwi_winner_check *check, int64_t version,
                              const dwi_remove *remove, dw_error *err)
{
    dw_status status;

    DWI_TRY(check_path(check, version, remove->path, "removed", err));
    if (is_read(check->staged, remove->has_partition_values, remove->partition_values))
        status = dwi_err(err, DW_E_CONFLICT,
                         "version %lld: another commit removed rows that ours has read (%.*s)",
                         (long long)version, DWI_SV_ARG(remove->path));
done:
    return status;
}

static dw_status check_add(const dwi_winner_check *check, int64_t version, const dwi_add *add,
                           bool blind, dw_error *err)
{
    dw_status status;

    DWI_TRY(check_path(check, version, add->path, "added anew", err));
    if (check->isolation == DWI_SNAPSHOT_ISOLATION ||
        (check->isolation == DWI_WRITE_SERIALIZABLE && blind && check->staged->metadata == NULL))
        goto done;
    if (is_read(check->staged, true, add->partition_values))
        status = dwi_err(err, DW_E_CONFLICT,
                         "version %lld: another commit added rows that ours should have read "
                         "(%.*s)",
                         (long long)version, DWI_SV_ARG(add->path));
done:
    return status;
}

static bool says_blind(const dwi_commit *winner)
{
    for (size_t i = 0; i < winner->n_actions; i++)
        if (winner->actions[i].kind == DWI_ACTION_COMMIT_INFO)
            return winner->actions[i].u.commit_info.is_blind_append == 1;
    return false;
}

static dw_status check_action(const dwi_winner_check *check, int64_t version,
                              const dwi_action *action, bool blind, dw_error *err)
{
    switch (action->kind) {
    case DWI_ACTION_DOMAIN_METADATA:
        return check_domain(check->staged, version, action->u.domain.domain, err);
    case DWI_ACTION_PROTOCOL:
        return check_table(check->staged, version, "protocol", err);
    case DWI_ACTION_METADATA:
        return check_table(check->staged, version, "metadata", err);
    case DWI_ACTION_REMOVE:
        return check_remove(check, version, &action->u.remove, err);
    case DWI_ACTION_ADD:
        return check_add(check, version, &action->u.add, blind, err);
    case DWI_ACTION_TXN: /* looked at before: being fenced comes first */
    case DWI_ACTION_UNKNOWN:
    case DWI_ACTION_COMMIT_INFO:
    case DWI_ACTION_CDC:
    case DWI_ACTION_CHECKPOINT_METADATA:
    case DWI_ACTION_SIDECAR:
        break;
    }
    return DW_OK;
}

dw_status dwi_winner_check_commit(const dwi_winner_check *check, const dwi_commit *winner,
                                  dw_error *err)
{
    bool blind = says_blind(winner);
    dw_status status = DW_OK;

    for (size_t i = 0; i < winner->n_actions; i++)
        if (winner->actions[i].kind == DWI_ACTION_TXN)
            DWI_TRY(check_txn(check->staged, winner->version, &winner->actions[i].u.txn, err));
    for (size_t i = 0; i < winner->n_actions; i++)
        DWI_TRY(check_action(check, winner->version, &winner->actions[i], blind, err));
done:
    return status;
}
