/* SPDX-License-Identifier: Apache-2.0 */
/* The only birthplace of errors. Whoever detects one calls dwi_err(); callers pass it up, or prefix
 * once what only they know. Messages read "OBJECT: REASON", no full stop, no secrets. */
#ifndef DWI_BASE_ERR_H
#define DWI_BASE_ERR_H

#include <stdarg.h>

#include <deltawrite/error.h>

#if defined(__GNUC__) || defined(__clang__)
#define DWI_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define DWI_PRINTF(fmt, first)
#endif

/* The only macro that jumps: needs `dw_status status` and a label `done`. */
#define DWI_TRY(call)                                                                              \
    do {                                                                                           \
        if ((status = (call)) != DW_OK)                                                            \
            goto done;                                                                             \
    } while (0)

/* Fill *err (may be NULL) and return `code`. Over-long messages are cut at a character. */
dw_status dwi_err(dw_error *err, dw_status code, const char *fmt, ...) DWI_PRINTF(3, 4);

/* The same with the errno or HTTP status behind it and whether trying again may help. */
dw_status dwi_err_sys(dw_error *err, dw_status code, int sys, bool retryable, const char *fmt, ...)
    DWI_PRINTF(5, 6);

/* DW_E_NOMEM. */
dw_status dwi_err_nomem(dw_error *err);

/* Put "PREFIX: " before the message; returns err's code or `status` when err is NULL. */
dw_status dwi_err_prefix(dw_error *err, dw_status status, const char *fmt, ...) DWI_PRINTF(3, 4);

/* Static analysis sees one file at a time: this tells it that an error is never DW_OK. */
#if defined(__clang_analyzer__) && !defined(DWI_ERR_DEFINED_HERE)
#define dwi_err(err, code, ...)     (dwi_err(err, code, __VA_ARGS__), (code))
#define dwi_err_sys(err, code, ...) (dwi_err_sys(err, code, __VA_ARGS__), (code))
#define dwi_err_nomem(err)          (dwi_err_nomem(err), DW_E_NOMEM)
#endif

#endif
