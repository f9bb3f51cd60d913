/* SPDX-License-Identifier: Apache-2.0 */
/* What the system tells of this process, by the names that Prometheus' own libraries use. */
#ifndef DW_CLI_PROCESS_STATS_H
#define DW_CLI_PROCESS_STATS_H

#include <stdbool.h>
#include <stdint.h>

typedef void process_stat_fn(void *ctx, const char *name, bool counter, const char *help,
                             double value);

/* What cannot be found out is left out. */
void process_stats(process_stat_fn *each, void *ctx);
/* Memory of the process that is in RAM; -1: unknown. */
int64_t process_resident_bytes(void);

#endif
