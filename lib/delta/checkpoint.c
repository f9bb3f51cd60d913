/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/checkpoint.h"

#include "delta/properties.h"

dw_status dwi_checkpoint_read(const dwi_log *log, const dwi_segment *segment, unsigned wanted,
                              dw_status (*each)(void *ctx, const dwi_action *action, dw_error *err),
                              void *ctx, dw_error *err)
{
    (void)log;
    (void)wanted;
    (void)each;
    (void)ctx;
    return dwi_err(err, DW_E_UNSUPPORTED, "_delta_log/%s: Parquet checkpoints are not supported",
                   segment->checkpoint_files[0].name.ptr);
}

bool dwi_checkpoint_due(const dwi_state *state)
{
    int64_t interval = 10;
    dw_error ignored = DW_ERROR_INIT;

    (void)dwi_property_i64(state->metadata.configuration, "delta.checkpointInterval", 1, &interval,
                           &ignored);
    return state->version - dwi_state_checkpoint(state) >= interval;
}
