/* SPDX-License-Identifier: Apache-2.0 */
/* The table that a verb works on, and how its errors are told. */
#ifndef DW_CLI_TARGET_H
#define DW_CLI_TARGET_H

#include <deltawrite/deltawrite.h>

#include "tool/args.h"

struct target {
    const char *uri;
    dw_store *store;
    dw_table *table;
    dw_snapshot *snapshot;
};

/* One line on stderr, "deltawrite: MESSAGE", and the exit code that stands for the status. */
int fail_with(const dw_error *err);
/* The same for an error whose message does not name the table yet. */
int fail_at(const char *object, const dw_error *err);

/* Exit codes, -1 to go on. Everything is freed by target_close(), also after a failure. */
int target_open_store(struct target *t, const char *uri);
int target_open(struct target *t, const char *uri);
/* `version` -1 and `timestamp` NULL: the latest. */
int target_open_snapshot(struct target *t, const char *uri, int64_t version, const char *timestamp);
void target_close(struct target *t);

#endif
