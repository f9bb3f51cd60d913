/* SPDX-License-Identifier: Apache-2.0 */
/* Version 0 of a new table. Spec: Delta PROTOCOL.md, "Change Metadata", "Protocol Evolution". */
#ifndef DWI_DELTA_CREATE_H
#define DWI_DELTA_CREATE_H

#include <deltawrite/table.h>

#include "delta/log.h"

/* Write version 0 if there is none. DW_E_EXISTS: there is, and it is not ours. DW_E_UNKNOWN: the
 * reply was lost, and reading it back failed too. DW_E_SCHEMA, DW_E_UNSUPPORTED, DW_E_ARG: see
 * dw_table_create(). `timeout_ms` bounds the settling of a lost reply. */
dw_status dwi_create(const dwi_log *log, const dw_create_options *create, const char *engine_info,
                     int64_t timeout_ms, dw_error *err);

#endif
