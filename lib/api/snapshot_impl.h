/* SPDX-License-Identifier: Apache-2.0 */
/* The struct behind dw_snapshot, shared by snapshot_api.c and scan_api.c. */
#ifndef DWI_API_SNAPSHOT_IMPL_H
#define DWI_API_SNAPSHOT_IMPL_H

#include "api/table_impl.h"

struct dw_snapshot {
    dw_table *table;  /* borrowed */
    dwi_state *state; /* a reference */
    dwi_arena arena;  /* of info */
    dw_snapshot_info info;
};

#endif
