/* SPDX-License-Identifier: Apache-2.0 */
#include "base/env.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_us(clockid_t clock)
{
    struct timespec ts = {0, 0};

    (void)clock_gettime(clock, &ts); /* cannot fail for these two clocks */
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t system_now_us(void *ctx)
{
    (void)ctx;
    return clock_us(CLOCK_REALTIME);
}

static int64_t system_monotonic_us(void *ctx)
{
    (void)ctx;
    return clock_us(CLOCK_MONOTONIC);
}

static void system_sleep_us(void *ctx, int64_t us)
{
    struct timespec left = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};

    (void)ctx;
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* Without /dev/urandom (a bare chroot) what is left is the clock and an address: enough for names
 * that only have to differ, and put-if-absent still guards every commit. */
static void weak_random(uint8_t *out, size_t len)
{
    uint64_t x =
        (uint64_t)clock_us(CLOCK_REALTIME) ^ (uint64_t)(uintptr_t)&out ^ ((uint64_t)getpid() << 32);

    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = (uint8_t)(x >> 24);
    }
}

static void system_random(void *ctx, void *out, size_t len)
{
    uint8_t *p = out;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

    (void)ctx;
    while (fd >= 0 && len > 0) {
        ssize_t n = read(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        p += n;
        len -= (size_t)n;
    }
    if (fd >= 0)
        (void)close(fd); /* read-only */
    weak_random(p, len);
}

const dwi_env *dwi_env_system(void)
{
    static const dwi_env env = {NULL, system_now_us, system_monotonic_us, system_sleep_us,
                                system_random};

    return &env;
}

void dwi_uuid(const dwi_env *env, char out[DWI_UUID_TEXT + 1])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t raw[16];
    size_t at = 0;

    env->random(env->ctx, raw, sizeof(raw));
    raw[6] = (uint8_t)((raw[6] & 0x0F) | 0x40);
    raw[8] = (uint8_t)((raw[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < sizeof(raw); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = hex[raw[i] >> 4];
        out[at++] = hex[raw[i] & 15];
    }
    out[at] = '\0';
}

int64_t dwi_backoff_us(const dwi_env *env, int attempt, int64_t base_us, int64_t cap_us)
{
    int64_t limit = base_us;
    uint64_t pick;

    for (int i = 0; i < attempt && limit < cap_us; i++)
        limit *= 2;
    if (limit > cap_us)
        limit = cap_us;
    env->random(env->ctx, &pick, sizeof(pick));
    return 1 + (int64_t)(pick % (uint64_t)limit);
}
