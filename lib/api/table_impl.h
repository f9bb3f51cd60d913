/* SPDX-License-Identifier: Apache-2.0 */
/* The struct behind dw_table, shared by the entry points of table.c, snapshot_api.c and txn_api.c.
 */
#ifndef DWI_API_TABLE_IMPL_H
#define DWI_API_TABLE_IMPL_H

#include <pthread.h>

#include <deltawrite/table_stats.h>

#include "delta/crc.h"

/* commitInfo.engineInfo unless the caller has one. */
#define DWI_ENGINE_INFO "libdeltawrite/" DWI_VERSION

struct dw_table {
    const dw_allocator *alloc;
    dw_store *store; /* a reference */
    dwi_log log;
    dw_table_options opts; /* engine_info is our own copy */
    char *engine_info;
    char *uri; /* the store's name and the path, for messages and dw_snapshot_info */
    /* Lock order: commit_lock before lock. */
    pthread_mutex_t commit_lock;   /* one commit of this table at a time */
    dwi_crc_chain crc;             /* under commit_lock */
    bool warned;                   /* __atomic; what a writer to the table should know was told */
    int64_t cleaned_day;           /* __atomic; when this handle last cleaned the log, -1: never */
    pthread_mutex_t maintain_lock; /* before commit_lock */
    struct dwi_maintainer *maintainer; /* under maintain_lock; NULL: not asked for yet */
    struct {
        pthread_mutex_t lock;
        dwi_state *state; /* newest known */
        dwi_arena pending_arena;
        dwi_field *pending; /* columns that open transactions of this process added */
        size_t n_pending;
        size_t pending_cap;
        dw_table_stats stats; /* but for the version and the checkpoint's, which the state has */
    } synced;
};

/* The caller's options with the defaults filled in, checked. */
dw_status dwi_table_options(const dw_table_options *opts, dw_table_options *out, dw_error *err);

/* The newest known state with one more reference. */
dwi_state *dwi_table_state(dw_table *table);
/* Replace it by a newer one (takes the reference); an older one is dropped. */
void dwi_table_set_state(dw_table *table, dwi_state *state);

/* Write a checkpoint of `state`, which the table's states know about from then on. The table is
 * unharmed by an error. */
dw_status dwi_table_checkpoint(dw_table *table, dwi_state *state, dw_error *err);

/* Puts the table before an error's message unless a part of the operation has. */
void dwi_table_name_error(const dw_table *table, dw_status status, dw_error *err);

/* What dw_maintain() remembers from call to call; NULL too. */
void dwi_maintainer_free(struct dwi_maintainer *maintainer);

/* Cleans the log once a day; a failure is told to the log sink. Not under commit_lock. */
void dwi_table_clean_if_due(dw_table *table, const dwi_state *state);

#endif
