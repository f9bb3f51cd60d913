/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/target.h"

#include <stdio.h>
#include <string.h>

#include "tool/present.h"

static int exit_code_of(const dw_error *err)
{
    if (err->code == DW_E_FENCED)
        return 5;
    if (err->code == DW_E_DENIED)
        return 78;
    if (err->retryable || err->code == DW_E_UNKNOWN || err->code == DW_E_THROTTLED ||
        err->code == DW_E_CONFLICT)
        return 75;
    return 1;
}

int fail_with(const dw_error *err)
{
    (void)fprintf(stderr, "deltawrite: %s\n", err->message);
    return exit_code_of(err);
}

int fail_at(const char *object, const dw_error *err)
{
    if (strstr(err->message, object) != NULL)
        return fail_with(err);
    (void)fprintf(stderr, "deltawrite: %s: %s\n", object, err->message);
    return exit_code_of(err);
}
