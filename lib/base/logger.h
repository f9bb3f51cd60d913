/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for the caller's log sink; silent without one. */
#ifndef DWI_BASE_LOGGER_H
#define DWI_BASE_LOGGER_H

#include "base/err.h"

typedef struct dwi_logger {
    dw_log_fn *fn; /* NULL: silent */
    void *ctx;
} dwi_logger;

void dwi_logf(dwi_logger logger, int level, const char *fmt, ...) DWI_PRINTF(3, 4);

#endif
