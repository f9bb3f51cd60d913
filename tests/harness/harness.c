/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dwt_bytes(const void *got, size_t got_len, const uint8_t *want, size_t want_len,
               const char *file, int line)
{
    const uint8_t *p = got;
    bool same = got_len == want_len && (want_len == 0 || memcmp(got, want, want_len) == 0);

    if (same)
        return;
    print_error("bytes differ; got %zu:", got_len);
    for (size_t i = 0; i < got_len && i < 256; i++)
        print_error(" %02x", p[i]);
    print_error("\nwant %zu:", want_len);
    for (size_t i = 0; i < want_len && i < 256; i++)
        print_error(" %02x", want[i]);
    print_error("\n");
    _fail(file, line);
}

void dwt_ok(dw_status status, const dw_error *err, const char *file, int line)
{
    if (status == DW_OK)
        return;
    print_error("%s: %s\n", dw_status_name(status), err == NULL ? "" : err->message);
    _fail(file, line);
}

void dwt_err(dw_status status, const dw_error *err, dw_status code, const char *text,
             const char *file, int line)
{
    if (status == code && err->code == code && strstr(err->message, text) != NULL)
        return;
    print_error("got %s \"%s\", want %s with \"%s\"\n", dw_status_name(status), err->message,
                dw_status_name(code), text);
    _fail(file, line);
}

static void *counting_realloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    dwt_alloc *a = ctx;
    size_t *header = ptr == NULL ? NULL : (size_t *)ptr - 2;

    if (header != NULL && header[0] != old_size) {
        print_error("freed with size %zu, was %zu\n", old_size, header[0]);
        abort();
    }
    if (new_size == 0) {
        if (header != NULL) {
            a->live_bytes -= (int64_t)old_size;
            a->live_blocks--;
        }
        free(header);
        return NULL;
    }
    int64_t call = a->calls++;
    if (a->fail_at >= 0 && (call == a->fail_at || (a->stay_failed && call > a->fail_at)))
        return NULL;
    size_t *moved = realloc(header, new_size + 2 * sizeof(size_t));
    if (moved == NULL)
        return NULL;
    moved[0] = new_size;
    a->live_bytes += (int64_t)new_size - (ptr == NULL ? 0 : (int64_t)old_size);
    a->live_blocks += ptr == NULL ? 1 : 0;
    if (a->live_bytes > a->peak_bytes)
        a->peak_bytes = a->live_bytes;
    return moved + 2;
}

void dwt_alloc_init(dwt_alloc *a)
{
    memset(a, 0, sizeof(*a));
    a->base.ctx = a;
    a->base.realloc = counting_realloc;
    a->fail_at = -1;
}

void dwt_alloc_done(dwt_alloc *a)
{
    if (a->live_blocks != 0)
        fail_msg("%lld blocks (%lld bytes) leaked", (long long)a->live_blocks,
                 (long long)a->live_bytes);
}

void dwt_alloc_sweep(dw_status (*body)(const dw_allocator *alloc, void *ctx), void *ctx)
{
    dw_status status = DW_E_NOMEM;

    for (int64_t n = 0; status != DW_OK; n++) {
        dwt_alloc a;
        dwt_alloc_init(&a);
        a.fail_at = n;
        status = body(&a.base, ctx);
        if (status != DW_OK && status != DW_E_NOMEM)
            fail_msg("allocation %lld failed: got %s", (long long)n, dw_status_name(status));
        if (status == DW_OK && a.calls > n)
            fail_msg("allocation %lld failed and nobody noticed", (long long)n);
        dwt_alloc_done(&a);
    }
}

static int64_t fixed_now(void *ctx)
{
    return ((dwt_env *)ctx)->now_us;
}

static void fixed_sleep(void *ctx, int64_t us)
{
    ((dwt_env *)ctx)->now_us += us;
}

static void seeded_random(void *ctx, void *out, size_t len)
{
    dwt_env *env = ctx;
    uint8_t *p = out;

    for (size_t i = 0; i < len; i++) {
        env->seed = env->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        p[i] = (uint8_t)(env->seed >> 33);
    }
}

void dwt_env_init(dwt_env *env)
{
    env->base = (dwi_env){env, fixed_now, fixed_now, fixed_sleep, seeded_random};
    env->now_us = INT64_C(1767225600) * 1000000;
    env->seed = 42;
}
