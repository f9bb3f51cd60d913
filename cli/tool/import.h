/* SPDX-License-Identifier: Apache-2.0 */
/* One run of `deltawrite import`: files of several formats into one transaction. Functions give an
 * exit code, or one of the two below. */
#ifndef DW_CLI_IMPORT_H
#define DW_CLI_IMPORT_H

#include <stdio.h>

#include "common/progress.h"
#include "common/textbuf.h"
#include "tool/look.h"

enum {
    IMPORT_GO_ON = -1,
    IMPORT_KNOWN = -2 /* the table has this app version already */
};

enum import_format { IMPORT_NDJSON, IMPORT_CSV, IMPORT_PARQUET, IMPORT_ARROW };

struct import {
    struct look look;
    bool create;
    bool skip_rejected;
    const char *format;
    const char *schema_path;
    const char *partition_by; /* NULL: a new table has no partitions */
    const char *delimiter;    /* of CSV, one character; NULL: a comma, of .tsv a tab */
    const char *csv_columns;  /* names, when no line has them */
    const char *app_id;
    int64_t app_version;
    const char *mode;  /* NULL: append */
    const char *where; /* what is overwritten */
    bool dynamic;
    bool app_is_new;
    struct target target;
    dw_txn *txn;
    struct progress progress;
    int64_t total_bytes; /* of the files; 0: not known */
    int64_t done_bytes;
    /* The file being read. */
    const char *file;
    int64_t line;          /* of the chunk's first byte, from 1 */
    int64_t *record_lines; /* of CSV: the line of each record of the chunk; else NULL */
    int64_t rejected;
};

/* What a schema is inferred from when a table is made: records of a chunk, or rows of a stream. */
struct sample {
    const struct textbuf *lines;
    const char *schema_json; /* it is known already */
    struct ArrowArrayStream *rows;
    const struct ArrowSchema *columns; /* there are no rows at all */
};

/* Open the table (or make it) and begin, when that was not done yet. */
int import_ready(struct import *im, const struct sample *sample);
/* One JSON object a line. */
int import_append(struct import *im, const struct textbuf *chunk, const struct sample *sample);

/* A local file or standard input, and what is told of it. */
int import_open(struct import *im, const char *path, FILE **out_file);
int import_close(const struct import *im, FILE *file, int code);
void import_tell_progress(struct import *im, size_t bytes);

int import_arrow(struct import *im, const char *path);
int import_ndjson(struct import *im, const char *path);
int import_csv(struct import *im, const char *path);
int import_parquet(struct import *im, const char *path);

int import_infer_schema(const struct sample *sample, struct textbuf *out_schema);

#endif
