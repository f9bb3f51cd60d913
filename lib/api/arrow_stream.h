/* SPDX-License-Identifier: Apache-2.0 */
/* What the entry points that give or take Arrow streams share. */
#ifndef DWI_API_ARROW_STREAM_H
#define DWI_API_ARROW_STREAM_H

#include <deltawrite/arrow_c_data.h>

#include "base/err.h"

/* What a stream of ours returns for a status. */
int dwi_stream_errno(dw_status status);
/* The error of a caller's stream that returned `code`. */
dw_status dwi_stream_error(struct ArrowArrayStream *stream, int code, dw_error *err);

/* Gives every array of a caller's stream to `each`, until one fails. An array that `each` leaves
 * unreleased is released. */
typedef dw_status dwi_batch_fn(void *ctx, const struct ArrowSchema *schema,
                               struct ArrowArray *batch, dw_error *err);
dw_status dwi_stream_drain(struct ArrowArrayStream *stream, dwi_batch_fn *each, void *ctx,
                           dw_error *err);

#endif
