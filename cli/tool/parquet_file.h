/* SPDX-License-Identifier: Apache-2.0 */
/* One Parquet file that a verb works on: a path, or an object of a store. */
#ifndef DW_CLI_PARQUET_FILE_H
#define DW_CLI_PARQUET_FILE_H

#include <cjson/cJSON.h>

#include "common/textbuf.h"
#include "tool/target.h"

struct parquet_file {
    const char *path;
    struct target place; /* the store alone */
    char *folder;
    dw_parquet_reader *reader;
};

/* Exit code, -1 to go on. Everything is freed by parquet_close(), also after a failure. */
int parquet_open(struct parquet_file *f, const char *path);
void parquet_close(struct parquet_file *f);
/* dw_parquet_reader_describe() as text, and parsed (freed by cJSON_Delete()). Exit code or -1. */
int parquet_describe(struct parquet_file *f, int32_t what, struct textbuf *out);
int parquet_describe_json(struct parquet_file *f, int32_t what, cJSON **out);

#endif
