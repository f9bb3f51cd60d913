/* SPDX-License-Identifier: Apache-2.0 */
/* What every public header shares: symbol export, allocator, log sink, byte ranges. */
#ifndef DELTAWRITE_COMMON_H
#define DELTAWRITE_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define DW_API __attribute__((visibility("default")))
#else
#define DW_API
#endif

/** Memory for one table or store. One function does everything:
 * ptr NULL allocates, new_size 0 frees (and returns NULL), anything else resizes and keeps the
 * content. `old_size` is exactly what was asked for before. NULL means out of memory; the old block
 * is then untouched. Called from any thread that uses the handle. Blocks are aligned for any type.
 */
typedef struct dw_allocator {
    void *ctx;
    void *(*realloc)(void *ctx, void *ptr, size_t old_size, size_t new_size);
} dw_allocator;

#define DW_LOG_ERROR 1
#define DW_LOG_WARN  2
#define DW_LOG_INFO  3
#define DW_LOG_DEBUG 4

/** Receives one line of text (UTF-8, no newline, no secrets). Called from any thread that uses the
 * handle; must not call back into the library. */
typedef void dw_log_fn(void *ctx, int level, const char *message);

/** Borrowed bytes. `data` may be NULL only when `len` is 0. */
typedef struct dw_bytes {
    const void *data;
    size_t len;
} dw_bytes;

/** A name and its value, both NUL-terminated UTF-8 and borrowed. */
typedef struct dw_property {
    const char *key;
    const char *value;
} dw_property;

#ifdef __cplusplus
}
#endif
#endif
