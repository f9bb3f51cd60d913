/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of letter_scan.c until the library scans tables. */
#include "kafka/letter_scan.h"

#include <stdio.h>

dw_status letter_scan(dw_table *table, const struct partition_list *partitions, dw_error *err)
{
    (void)table;
    (void)partitions;
    *err = (dw_error){.code = DW_E_UNSUPPORTED};
    (void)snprintf(err->message, sizeof(err->message),
                   "dead-letter table: is ahead of the table, and cannot be read back yet");
    return DW_E_UNSUPPORTED;
}
