/* SPDX-License-Identifier: Apache-2.0 */
#include "api/table_publish.h"

#include "delta/checkpoint.h"

enum { COMMIT_TIMEOUT_MS = 120000 };

dw_status dwi_table_check_store(const dw_table *table, dw_error *err)
{
    if ((dwi_store_caps(table->store) & DW_CAP_PUT_IF_ABSENT) != 0 ||
        dwi_store_vouched(table->store))
        return DW_OK;
    return dwi_err(err, DW_E_UNSUPPORTED,
                   "%s: the store cannot put-if-absent, and nobody vouched to be the only "
                   "writer",
                   dwi_store_name(table->store));
}

/* True: it was due. */
static bool checkpoint_if_due(dw_table *table, dwi_state *state)
{
    dw_error why = DW_ERROR_INIT;

    if ((table->opts.flags & DW_TABLE_NO_AUTO_CHECKPOINT) != 0 || !dwi_checkpoint_due(state))
        return false;
    if (dwi_table_checkpoint(table, state, &why) != DW_OK)
        dwi_logf(table->log.logger, DW_LOG_WARN, "%s; a later commit tries again", why.message);
    if (!table->crc.known) /* the checkpoint may have mended it */
        table->crc.version = -1;
    return true;
}

static bool changed_columns(const dwi_staged *staged, const dwi_state *known,
                            const dwi_committed *out)
{
    return (staged->n_columns != 0 || staged->metadata != NULL) &&
           !dwi_sv_eq(known->metadata.schema_string, out->state->metadata.schema_string);
}

static void count_commit(dw_table *table, const dwi_staged *staged, const dwi_state *known,
                         const dwi_committed *out, dw_status status)
{
    dw_table_stats *stats = &table->synced.stats;
    bool counted = table->crc.known && table->crc.version == out->version;

    pthread_mutex_lock(&table->synced.lock);
    if (status == DW_OK) {
        stats->commits++;
        stats->schema_changes += changed_columns(staged, known, out);
        stats->versions_lost += out->version - known->version - 1;
        stats->files = counted ? table->crc.counts.files : -1;
        stats->file_bytes = counted ? table->crc.counts.bytes : -1;
    } else {
        stats->commits_failed++;
    }
    pthread_mutex_unlock(&table->synced.lock);
}

dw_status dwi_table_publish(dw_table *table, dwi_committer *committer, const dwi_staged *staged,
                            dwi_committed *out, dw_error *err)
{
    int64_t timeout_ms = table->opts.commit_timeout_ms;
    bool clean = false;
    dwi_state *known;
    dw_status status;

    pthread_mutex_lock(&table->commit_lock);
    known = dwi_table_state(table);
    status = dwi_committer_run(committer, staged, known,
                               timeout_ms > 0 ? timeout_ms : COMMIT_TIMEOUT_MS, out, err);
    if (status != DW_OK)
        (void)dwi_err_prefix(err, status, "%s", table->uri);
    /* What was learned on the way stays known, so that a caller who begins anew after a conflict
     * begins on the table that caused it. */
    if (committer->on != NULL)
        dwi_table_set_state(table, dwi_state_ref(committer->on));
    if (status == DW_OK) {
        if (out->state->version == out->version)
            dwi_crc_follow(&table->crc, &table->log, out->state, staged,
                           dwi_sv_cstr(committer->txn_id));
        clean = checkpoint_if_due(table, out->state);
    }
    count_commit(table, staged, known, out, status);
    pthread_mutex_unlock(&table->commit_lock);
    if (clean) /* beside the commits of others */
        dwi_table_clean_if_due(table, out->state);
    dwi_state_unref(known);
    return status;
}
