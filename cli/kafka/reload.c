/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/reload.h"

#include <stdlib.h>

#include "common/memory.h"
#include "kafka/lane.h"
#include "kafka/operations.h"
#include "ops/metrics.h"

struct old_config {
    struct config config;
    struct old_config *before;
};

/* The tables of the new tree stand where those of the old one did. Decoders are made anew by those
 * who have them, when they look next. */
static void take_over(struct service *s, struct config *next)
{
    struct pipeline *p = s->pipeline;
    const struct config *old = s->config;

    pipeline_lock(p);
    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        struct lane *lane = p->synced.lanes[i];
        const struct table_config *table = lane->config;
        lane->config = &next->tables[table - old->tables];
    }
    p->config = next;
    p->synced.reloads++;
    pipeline_unlock(p);
    s->config = next;
    log_set_level(next->log_level);
    operations_reload(&next->http);
    metric_set(metric_series(METRIC_CONFIG_RELOAD, NULL), (double)clock_wall_ms() / 1000);
}

void reload_config(struct service *s)
{
    struct old_config *next = need_alloc(1, sizeof(*next));
    struct textbuf told = {0};
    enum reload_result result = config_reload(s->config, &next->config, &told);

    LOG_EVENT(result == RELOAD_REFUSED ? DW_LOG_ERROR : DW_LOG_INFO,
              result == RELOAD_REFUSED ? "configuration not reloaded: what was goes on"
              : result == RELOAD_SAME  ? "configuration reloaded: nothing to change"
                                       : "configuration reloaded",
              F_TEXT("detail", told.text));
    if (result == RELOAD_CHANGED) {
        next->config.store_options = s->config->store_options;
        take_over(s, &next->config);
        next->before = s->reloaded;
        s->reloaded = next;
    } else {
        free(next);
    }
    textbuf_done(&told);
}

void reload_done(struct service *s)
{
    while (s->reloaded != NULL) {
        struct old_config *before = s->reloaded->before;
        config_done(&s->reloaded->config);
        free(s->reloaded);
        s->reloaded = before;
    }
}
