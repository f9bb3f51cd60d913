/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/maintainer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/logline.h"
#include "common/memory.h"
#include "ops/metrics.h"

enum {
    BUSY_MS = 5000,    /* between two looks at a table that is written to, */
    IDLE_MS = 60000,   /* at one that is not, */
    OTHERS_MS = 30000, /* at one that another instance maintains, */
    FAILED_MS = 60000  /* and after a failure */
};

struct charge {
    dw_table *table;
    char *label;
    struct maintenance_config config;
    struct log_repeat trouble;
    int64_t due_ms; /* monotonic */
    int64_t version;
    struct charge *next;
};

struct maintainer {
    pthread_t thread;
    bool started;
    atomic_bool hurry; /* what is under way is to end */
    struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct charge *charges;
        bool stop;
    } synced;
};

/* ---- one look ---- */

static int32_t must_stop(void *ctx)
{
    struct maintainer *m = ctx;

    return atomic_load(&m->hurry);
}

static void count(const struct charge *c, const dw_maintain_report *r, dw_status status)
{
    if (r->compactions > 0 || (status != DW_OK && status != DW_E_CANCELLED))
        metric_add(metric_series(METRIC_COMPACTION_RUNS,
                                 METRIC_LABELS(c->label, status == DW_OK ? "ok" : "failed")),
                   1);
    if (r->compactions > 0) {
        metric_add(metric_series(METRIC_COMPACTION_FILES, METRIC_LABELS(c->label, "removed")),
                   (double)r->removed_files);
        metric_add(metric_series(METRIC_COMPACTION_FILES, METRIC_LABELS(c->label, "added")),
                   (double)r->added_files);
        metric_observe(metric_series(METRIC_COMPACTION_SECONDS, METRIC_LABELS(c->label)),
                       (double)r->compaction_ms / 1e3);
    }
    if (r->vacuums > 0)
        metric_add(metric_series(METRIC_VACUUM_FILES, METRIC_LABELS(c->label)),
                   (double)r->vacuumed_files);
}

static void tell(struct charge *c, const dw_maintain_report *r, dw_status status,
                 const dw_error *err)
{
    int64_t skipped = 0;

    if (r->compactions > 0)
        LOG_EVENT(DW_LOG_INFO, "compacted", F_TEXT("table", c->label),
                  F_NUMBER("removed_files", r->removed_files),
                  F_NUMBER("added_files", r->added_files), F_NUMBER("bytes", r->removed_bytes),
                  F_NUMBER("ms", r->compaction_ms));
    if (r->vacuums > 0)
        LOG_EVENT(DW_LOG_INFO, "vacuumed", F_TEXT("table", c->label),
                  F_NUMBER("files", r->vacuumed_files), F_NUMBER("bytes", r->vacuumed_bytes));
    if (status != DW_OK && status != DW_E_CANCELLED &&
        log_repeat_due(&c->trouble, clock_monotonic_ms(), &skipped))
        LOG_EVENT(DW_LOG_WARN, "maintenance failed, and is tried again", F_TEXT("table", c->label),
                  F_TEXT("error", err->message), F_NUMBER("not_logged", skipped));
}

/* A little more or less than so long: instances do not keep step. */
static int64_t about(int64_t ms)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return ms - ms / 8 + now.tv_nsec / 1000 % (ms / 4);
}

static int64_t wait_after(struct charge *c, const dw_maintain_report *r, dw_status status)
{
    bool moved = r->version != c->version;

    c->version = r->version;
    if (status != DW_OK)
        return about(FAILED_MS);
    if (r->lease == DW_LEASE_OTHERS)
        return about(OTHERS_MS);
    return about(moved || r->compactions > 0 ? BUSY_MS : IDLE_MS);
}

/* Returns how long to wait until the next one. */
static int64_t look_after(struct maintainer *m, struct charge *c)
{
    dw_maintain_policy policy = DW_MAINTAIN_POLICY_INIT;
    dw_maintain_report report = DW_MAINTAIN_REPORT_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    policy.min_files = c->config.compact_min_files;
    policy.target_file_bytes = c->config.target_file_bytes;
    policy.vacuum_every_ms = c->config.vacuum_every_ms;
    policy.vacuum_retain_ms = c->config.vacuum_retain_ms;
    policy.stop = must_stop;
    policy.stop_ctx = m;
    status = dw_maintain(c->table, &policy, &report, &err);
    count(c, &report, status);
    tell(c, &report, status, &err);
    return wait_after(c, &report, status);
}

/* ---- the thread ---- */

static struct charge *first_due_locked(struct maintainer *m)
{
    struct charge *first = NULL;

    for (struct charge *c = m->synced.charges; c != NULL; c = c->next)
        if (first == NULL || c->due_ms < first->due_ms)
            first = c;
    return first;
}

static void sleep_until_locked(struct maintainer *m, const struct charge *next)
{
    int64_t ms = next == NULL ? IDLE_MS : next->due_ms - clock_monotonic_ms();
    struct timespec until;

    if (ms <= 0)
        return;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&m->synced.changed, &m->synced.lock, &until);
}

static void *run(void *ctx)
{
    struct maintainer *m = ctx;

    (void)pthread_mutex_lock(&m->synced.lock);
    while (!m->synced.stop) {
        struct charge *c = first_due_locked(m);
        int64_t wait_ms;
        if (c == NULL || c->due_ms > clock_monotonic_ms()) {
            sleep_until_locked(m, c);
            continue;
        }
        (void)pthread_mutex_unlock(&m->synced.lock);
        wait_ms = look_after(m, c);
        (void)pthread_mutex_lock(&m->synced.lock);
        c->due_ms = clock_monotonic_ms() + wait_ms;
    }
    (void)pthread_mutex_unlock(&m->synced.lock);
    return NULL;
}

/* ---- from other threads ---- */

struct maintainer *maintainer_new(void)
{
    struct maintainer *m = need_alloc(1, sizeof(*m));

    atomic_init(&m->hurry, false);
    (void)pthread_mutex_init(&m->synced.lock, NULL);
    (void)pthread_cond_init(&m->synced.changed, NULL);
    return m;
}

static void free_charge(struct charge *c)
{
    free(c->label);
    free(c);
}

void maintainer_free(struct maintainer *m)
{
    struct charge *next;

    if (m == NULL)
        return;
    atomic_store(&m->hurry, true);
    (void)pthread_mutex_lock(&m->synced.lock);
    m->synced.stop = true;
    (void)pthread_cond_broadcast(&m->synced.changed);
    (void)pthread_mutex_unlock(&m->synced.lock);
    if (m->started)
        (void)pthread_join(m->thread, NULL);
    for (struct charge *c = m->synced.charges; c != NULL; c = next) {
        next = c->next;
        free_charge(c);
    }
    (void)pthread_cond_destroy(&m->synced.changed);
    (void)pthread_mutex_destroy(&m->synced.lock);
    free(m);
}

void maintainer_add(struct maintainer *m, dw_table *table, const char *label,
                    const struct maintenance_config *config)
{
    struct charge *c;

    if (!config->enabled)
        return;
    c = need_alloc(1, sizeof(*c));
    *c = (struct charge){.table = table,
                         .label = need_strdup(label),
                         .config = *config,
                         .due_ms = clock_monotonic_ms() + about(BUSY_MS),
                         .version = -1};
    (void)pthread_mutex_lock(&m->synced.lock);
    c->next = m->synced.charges;
    m->synced.charges = c;
    if (!m->started)
        m->started = pthread_create(&m->thread, NULL, run, m) == 0;
    if (!m->started)
        log_message(DW_LOG_WARN, "no thread for maintenance: tables are not compacted");
    (void)pthread_cond_broadcast(&m->synced.changed);
    (void)pthread_mutex_unlock(&m->synced.lock);
}

uint32_t maintainer_table_flags(const struct maintenance_config *config)
{
    return config->enabled ? DW_TABLE_NO_AUTO_CHECKPOINT | DW_TABLE_NO_LOG_CLEANUP : 0;
}
