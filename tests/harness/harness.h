/* SPDX-License-Identifier: Apache-2.0 */
/* What cmocka lacks: byte literals, an allocator that counts and fails on command, a fixed clock.
 */
#ifndef DWT_HARNESS_H
#define DWT_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <deltawrite/deltawrite.h>

#include "base/buf.h"
#include "base/env.h"

#define DWT_EQ(got, want)  assert_int_equal((got), (want))
#define DWT_STR(got, want) assert_string_equal((got), (want))

/* Compare bytes with literals: DWT_BYTES(buf.data, buf.len, 0x36, 0x01). */
#define DWT_BYTES(data, len, ...)                                                                  \
    dwt_bytes((data), (len), (const uint8_t[]){__VA_ARGS__},                                       \
              sizeof((const uint8_t[]){__VA_ARGS__}), __FILE__, __LINE__)
void dwt_bytes(const void *got, size_t got_len, const uint8_t *want, size_t want_len,
               const char *file, int line);

/* Fails the test with the error's message unless `status` is DW_OK. */
#define DWT_OK(status, err) dwt_ok((status), (err), __FILE__, __LINE__)
void dwt_ok(dw_status status, const dw_error *err, const char *file, int line);

/* The error has this code and its message contains `text`. */
#define DWT_ERR(status, err, code, text)                                                           \
    dwt_err((status), (err), (code), (text), __FILE__, __LINE__)
void dwt_err(dw_status status, const dw_error *err, dw_status code, const char *text,
             const char *file, int line);

/* An allocator that checks old sizes, counts live bytes and fails call number fail_at (from 0; -1:
 * never) and all after it when `stay_failed`. Not thread-safe. */
typedef struct dwt_alloc {
    dw_allocator base; /* pass &a.base */
    int64_t calls;
    int64_t fail_at;
    bool stay_failed;
    int64_t live_bytes;
    int64_t live_blocks;
    int64_t peak_bytes;
} dwt_alloc;
void dwt_alloc_init(dwt_alloc *a);
/* Fails the test when blocks are left. */
void dwt_alloc_done(dwt_alloc *a);

/* Run `body(alloc, ctx)` with the allocation number 0, 1, 2... failing until it returns DW_OK;
 * every failure must be DW_E_NOMEM and leave no block behind. */
void dwt_alloc_sweep(dw_status (*body)(const dw_allocator *alloc, void *ctx), void *ctx);

/* A clock that starts at 2026-01-01T00:00:00Z and moves by sleeping only, and a seeded generator.
 */
typedef struct dwt_env {
    dwi_env base;
    int64_t now_us;
    uint64_t seed;
} dwt_env;
void dwt_env_init(dwt_env *env);

#endif
