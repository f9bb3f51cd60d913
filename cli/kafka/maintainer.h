/* SPDX-License-Identifier: Apache-2.0 */
/* One thread that keeps the process's tables healthy, beside the appends: each is asked every few
 * seconds while it is written to, seldom while it is not, or while another instance maintains it.
 * What fails is told, counted, and tried again. */
#ifndef DW_CLI_MAINTAINER_H
#define DW_CLI_MAINTAINER_H

#include <deltawrite/deltawrite.h>

#include "config/config.h"

struct maintainer;

struct maintainer *maintainer_new(void);
/* Ends what is under way, and the thread. NULL too. */
void maintainer_free(struct maintainer *m);

/* The table is kept healthy from now on, unless `config` says not to; `label` is its name in
 * metrics and log lines. It stays the caller's, and open until maintainer_free(). */
void maintainer_add(struct maintainer *m, dw_table *table, const char *label,
                    const struct maintenance_config *config);
/* What dw_table_options.flags should have where a maintainer does that work. */
uint32_t maintainer_table_flags(const struct maintenance_config *config);

#endif
