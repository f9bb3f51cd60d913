/* SPDX-License-Identifier: Apache-2.0 */
/* One logical operation on a table, as it is given to the commit: what it has read, what it
 * changes, and how it wants to be remembered. Appends, rewrites (optimize, delete, overwrite,
 * restore) and changes of schema or properties are all of this form; which commits of others each
 * of them bears follows from the form alone (delta/conflict.h). Everything is borrowed by the
 * commit. */
#ifndef DWI_DELTA_STAGED_H
#define DWI_DELTA_STAGED_H

#include "delta/state.h"

/* A compare-and-set of one application id. */
typedef struct dwi_app_version {
    dwi_sv app_id;
    int64_t expected; /* -1: none */
    int64_t next;
    bool forgettable; /* an entry that has expired is as good as none */
} dwi_app_version;

/* What the rows and files of an operation depend on. The files that it removes count as read. */
typedef enum dwi_read_kind {
    DWI_READ_NOTHING = 0,    /* no row of the table, and no file but those listed */
    DWI_READ_PARTITIONS = 1, /* all rows whose partition values match */
    DWI_READ_TABLE = 2
} dwi_read_kind;

typedef struct dwi_reads {
    dwi_read_kind kind;
    bool (*matches)(void *ctx, dwi_kvs partition_values); /* PARTITIONS */
    void *ctx;
    dwi_svs files; /* read and not removed; paths as in the log */
} dwi_reads;

typedef struct dwi_staged {
    const char *operation;     /* NULL: by content */
    dwi_sv parameters;         /* operationParameters, a JSON object; ptr NULL: by content */
    dwi_sv metrics;            /* operationMetrics, a JSON object; ptr NULL: by content */
    dwi_sv tags;               /* of commitInfo, a JSON object; ptr NULL: none */
    const char *user_metadata; /* NULL: none */
    const char *engine_info;
    int64_t read_version; /* what was read, and what the rows were made for */
    dwi_reads reads;
    bool rearranges; /* dataChange=false, of all files: their rows only move from file to file */
    size_t n_adds;
    const dwi_add *adds;
    size_t n_removes;
    const dwi_remove *removes; /* see dwi_remove_of(); the time of deletion is the commit's */
    size_t n_cdcs;
    const dwi_cdc *cdcs;
    int64_t rows; /* in `adds` */
    int64_t bytes;
    size_t n_apps;
    const dwi_app_version *apps;
    size_t n_columns; /* nullable columns that the rows use and the table may lack: they are added
                         to whatever the metadata is by then */
    const dwi_field *columns;
    const dwi_protocol *protocol; /* NULL: as it is; else made for the one read */
    const dwi_metadata *metadata; /* NULL: as it is but for `columns`; else made for the one read */
    size_t n_domains;             /* not delta.rowTracking, which each attempt renumbers */
    const dwi_domain_metadata *domains;
} dwi_staged;

/* How much of what others commit meanwhile an operation has to have seen. */
typedef enum dwi_isolation {
    DWI_SERIALIZABLE = 0,
    DWI_WRITE_SERIALIZABLE = 1, /* others' blind appends need not have been seen */
    DWI_SNAPSHOT_ISOLATION = 2  /* no rows change: only what was read must still be there */
} dwi_isolation;

/* By the table's delta.isolationLevel (Serializable unless set), and what is staged. */
dwi_isolation dwi_staged_isolation(const dwi_staged *staged, const dwi_state *state);
const char *dwi_isolation_name(dwi_isolation isolation); /* as in commitInfo */

/* Nothing was read and nothing is removed. Application ids and new columns do not matter. */
bool dwi_staged_is_blind_append(const dwi_staged *staged);
/* Commits of others can matter by their files or domains: each has to be looked at. */
bool dwi_staged_must_see_winners(const dwi_staged *staged);

/* The remove action for a live file: its path byte for byte, its deletion vector and row ids. Views
 * stay those of `add`. */
void dwi_remove_of(const dwi_add *add, dwi_remove *out);

#endif
