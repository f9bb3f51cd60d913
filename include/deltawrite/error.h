/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes and the error record that every fallible function fills. */
#ifndef DELTAWRITE_ERROR_H
#define DELTAWRITE_ERROR_H

#include <deltawrite/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** DW_OK or one of DW_E_*. An int, so that the ABI never moves; values are never reused. */
typedef int dw_status;

#define DW_OK            0
#define DW_E_ARG         1 /* an argument is invalid; a programming mistake */
#define DW_E_NOMEM       2 /* out of memory, or over the handle's budget */
#define DW_E_IO          3 /* the store or disk failed; err->retryable tells whether to try again */
#define DW_E_NOT_FOUND   4 /* no such object, table, version or column */
#define DW_E_EXISTS      5 /* the object or table is there already */
#define DW_E_DENIED      6 /* credentials are missing, wrong or not sufficient */
#define DW_E_THROTTLED   7 /* the store asks to slow down */
#define DW_E_UNKNOWN     8 /* the reply was lost: it may or may not have happened */
#define DW_E_CORRUPT     9 /* bytes that break their format: log, checkpoint, Parquet, Arrow */
#define DW_E_UNSUPPORTED 10 /* a valid thing this library does not do; the message names it */
#define DW_E_SCHEMA      11 /* data and table schema do not fit; the message names the column */
#define DW_E_RECORD      12 /* a record cannot be decoded */
#define DW_E_CONFLICT    13 /* another commit cannot be combined with ours */
#define DW_E_FENCED      14 /* another writer moved our application id */
#define DW_E_CANCELLED   15 /* the caller asked to stop */
#define DW_E_EXPIRED     16 /* the table may have dropped it: whether it was there is not known */

#define DW_ERROR_MESSAGE_SIZE 503

/** 512 bytes, frozen; caller-owned, may be NULL everywhere; never allocates. */
typedef struct dw_error {
    dw_status code;
    int32_t sys;                         /* errno or HTTP status behind it, else 0 */
    bool retryable;                      /* the same call, unchanged, may succeed later */
    char message[DW_ERROR_MESSAGE_SIZE]; /* one line, UTF-8, no secrets: "OBJECT: REASON" */
} dw_error;

#define DW_ERROR_INIT                                                                              \
    {                                                                                              \
        DW_OK, 0, false,                                                                           \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/** The name of a status, such as "DW_E_CONFLICT"; "DW_E_?" for an unknown one.
 *
 * Ownership: static text.
 * Errors:    none.
 * Threads:   any thread. */
DW_API const char *dw_status_name(dw_status status);

#ifdef __cplusplus
}
#endif
#endif
