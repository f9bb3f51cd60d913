/* SPDX-License-Identifier: Apache-2.0 */
#include "base/logger.h"

#include <stdio.h>

void dwi_logf(dwi_logger logger, int level, const char *fmt, ...)
{
    char line[1024]; /* longer ones are cut: a log line is for people */
    va_list args;

    if (logger.fn == NULL)
        return;
    va_start(args, fmt);
    if (vsnprintf(line, sizeof(line), fmt, args) < 0)
        line[0] = '\0';
    va_end(args);
    logger.fn(logger.ctx, level, line);
}
