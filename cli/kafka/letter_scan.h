/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DW_CLI_LETTER_SCAN_H
#define DW_CLI_LETTER_SCAN_H

#include <deltawrite/table.h>

#include "kafka/partition.h"

/* Fill partition->known_bad from the dead-letter table: offsets at or after partition->committed.
 */
dw_status letter_scan(dw_table *table, const struct partition_list *partitions, dw_error *err);

#endif
