/* SPDX-License-Identifier: Apache-2.0 */
/* What is really in a table, read commit by commit from its store: every commit well-formed and
 * contiguous, every added file there with its size and added once. Fails the test otherwise. */
#ifndef DWT_TABLE_AUDIT_H
#define DWT_TABLE_AUDIT_H

#include "harness.h"

typedef struct dwt_audit {
    int64_t version; /* -1: no table */
    int64_t rows;    /* by numRecords */
    int64_t bytes;
    int adds;
    int metadata;    /* metaData actions */
    int orphans;     /* data files that no commit names */
    int64_t app;     /* version of the application id asked for, -1: none */
    int app_changes; /* txn actions of it */
} dwt_audit;

/* `path`: the table below the store's root; `app_id` may be NULL. */
dwt_audit dwt_table_audit(dw_store *store, const char *path, const char *app_id);

#endif
