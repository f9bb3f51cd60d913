/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DW_CLI_LETTER_SCAN_H
#define DW_CLI_LETTER_SCAN_H

#include <deltawrite/table.h>

#include "kafka/partition.h"

/* Fill seat->known_bad from the dead-letter table: offsets at or after seat->committed. `uri` is
 * the seats' table: where several share the partition, rows say which one they are for. */
dw_status letter_scan(dw_table *table, const char *uri, struct seat *const *seats, size_t count,
                      dw_error *err);

#endif
