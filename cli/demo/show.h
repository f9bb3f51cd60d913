/* SPDX-License-Identifier: Apache-2.0 */
/* What came of the demo, for a person to look at. */
#ifndef DW_CLI_SHOW_H
#define DW_CLI_SHOW_H

#include <deltawrite/table.h>

dw_status show_events(const char *path, dw_error *err);
dw_status show_dead_letters(const char *path, dw_error *err);
void show_queries(const char *path);

#endif
