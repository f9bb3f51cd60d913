/* SPDX-License-Identifier: Apache-2.0 */
/* Time and randomness, injected: tests replace both and get identical bytes. */
#ifndef DWI_BASE_ENV_H
#define DWI_BASE_ENV_H

#include "base/err.h"

typedef struct dwi_env {
    void *ctx;
    int64_t (*now_us)(void *ctx);            /* wall clock, microseconds since 1970 UTC */
    int64_t (*monotonic_us)(void *ctx);      /* never goes back */
    void (*sleep_us)(void *ctx, int64_t us); /* for backoff */
    void (*random)(void *ctx, void *out, size_t len);
} dwi_env;

/* The system's clocks, and getrandom(2) or /dev/urandom. Stateless: any thread. */
const dwi_env *dwi_env_system(void);

static inline int64_t dwi_now_ms(const dwi_env *env)
{
    return env->now_us(env->ctx) / 1000;
}

enum { DWI_UUID_TEXT = 36 };
/* A random (version 4) UUID as text with a NUL: 8-4-4-4-12 lower-case hex digits. */
void dwi_uuid(const dwi_env *env, char out[DWI_UUID_TEXT + 1]);

/* Exponential backoff with full jitter: a random time in [1, min(cap, base * 2^attempt)]. */
int64_t dwi_backoff_us(const dwi_env *env, int attempt, int64_t base_us, int64_t cap_us);

#endif
