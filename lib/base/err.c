/* SPDX-License-Identifier: Apache-2.0 */
#define DWI_ERR_DEFINED_HERE
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* vsnprintf may cut inside a UTF-8 sequence; step back to its start. Control characters would break
 * the promise of one line. */
static void tidy_message(char *message, size_t written)
{
    size_t len = strlen(message);

    if (written >= DW_ERROR_MESSAGE_SIZE) {
        size_t start = len;
        while (start > 0 && ((unsigned char)message[start - 1] & 0xC0) == 0x80)
            start--;
        if (start > 0 && (unsigned char)message[start - 1] >= 0xC0)
            message[start - 1] = '\0';
    }
    for (char *p = message; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = ' ';
}

static dw_status fill(dw_error *err, dw_status code, int sys, bool retryable, const char *fmt,
                      va_list args)
{
    if (err != NULL) {
        int written = vsnprintf(err->message, sizeof(err->message), fmt, args);
        err->code = code;
        err->sys = sys;
        err->retryable = retryable;
        if (written < 0)
            err->message[0] = '\0';
        tidy_message(err->message, written < 0 ? 0 : (size_t)written);
    }
    return code;
}

dw_status dwi_err(dw_error *err, dw_status code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fill(err, code, 0, false, fmt, args);
    va_end(args);
    return code;
}

dw_status dwi_err_sys(dw_error *err, dw_status code, int sys, bool retryable, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fill(err, code, sys, retryable, fmt, args);
    va_end(args);
    return code;
}

dw_status dwi_err_nomem(dw_error *err)
{
    return dwi_err(err, DW_E_NOMEM, "out of memory");
}

dw_status dwi_err_prefix(dw_error *err, dw_status status, const char *fmt, ...)
{
    char message[DW_ERROR_MESSAGE_SIZE];
    va_list args;
    int written;
    size_t len;

    if (err == NULL)
        return status;
    va_start(args, fmt);
    written = vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (written < 0)
        return err->code;
    len = strlen(message);
    written = snprintf(message + len, sizeof(message) - len, ": %s", err->message);
    memcpy(err->message, message, sizeof(message));
    tidy_message(err->message, written < 0 ? 0 : len + (size_t)written);
    return err->code;
}

const char *dw_status_name(dw_status status)
{
    static const char *const names[] = {
        "DW_OK",          "DW_E_ARG",      "DW_E_NOMEM",       "DW_E_IO",
        "DW_E_NOT_FOUND", "DW_E_EXISTS",   "DW_E_DENIED",      "DW_E_THROTTLED",
        "DW_E_UNKNOWN",   "DW_E_CORRUPT",  "DW_E_UNSUPPORTED", "DW_E_SCHEMA",
        "DW_E_RECORD",    "DW_E_CONFLICT", "DW_E_FENCED",      "DW_E_CANCELLED",
        "DW_E_EXPIRED",
    };

    if (status < 0 || (size_t)status >= sizeof(names) / sizeof(names[0]))
        return "DW_E_?";
    return names[status];
}
