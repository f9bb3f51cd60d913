/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_impl.h"

#include <inttypes.h>

/* The first pause is at most BASE, later ones twice as long each, at most CAP; each is a random
 * part of that, so that many writers do not come back at the same moment. */
#define BASE_US INT64_C(100000)
#define CAP_US  INT64_C(10000000)

static int64_t monotonic_us(const dwi_store_base *base)
{
    return base->env->monotonic_us(base->env->ctx);
}

void dwi_retry_begin(dwi_retry *retry, const dwi_store_base *base, const char *operation,
                     const char *key)
{
    retry->base = base;
    retry->operation = operation;
    retry->key = key;
    retry->attempt = 0;
    retry->deadline_us =
        base->retry_timeout_ms < 0 ? INT64_MIN : monotonic_us(base) + base->retry_timeout_ms * 1000;
}

bool dwi_retry_again(dwi_retry *retry, const dw_error *error)
{
    const dwi_store_base *base = retry->base;
    int64_t pause_us;

    if (!error->retryable || base->retry_timeout_ms < 0)
        return false;
    pause_us = dwi_backoff_us(base->env, retry->attempt, BASE_US, CAP_US);
    if (monotonic_us(base) + pause_us > retry->deadline_us)
        return false;
    retry->attempt++;
    dwi_logf(base->logger, DW_LOG_WARN, "%s %s: %s; attempt %d follows in %" PRId64 " ms",
             retry->operation, retry->key, error->message, retry->attempt + 1,
             (pause_us + 999) / 1000);
    base->env->sleep_us(base->env->ctx, pause_us);
    return true;
}
