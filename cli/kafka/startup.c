/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/startup.h"

#include <stdio.h>
#include <string.h>

#include "common/logline.h"
#include "common/settings.h"
#include "common/stop.h"
#include "kafka/control.h"
#include "kafka/service_report.h"

enum { FIND_TIMEOUT_MS = 2000, LAST_WAIT_MS = 10000 };

/* When this process began, in milliseconds since 1970. */
static int64_t started_ms(void)
{
    static int64_t began_ms;

    if (began_ms == 0)
        began_ms = clock_wall_ms();
    return began_ms;
}

static void publish(const struct config *config, const char *reason)
{
    const struct service_status status = {.phase = PHASE_STARTING,
                                          .start_ms = started_ms(),
                                          .why_not_ready = reason,
                                          .memory_limit = config->memory_bytes};

    control_publish(&status);
    control_looped();
}

/* Does the pipeline say that waiting is of no use? Then its reason is the process's last line. */
static int failed(struct pipeline *pipeline)
{
    const char *reason = NULL;
    int code = pipeline_exit_code(pipeline, &reason);

    if (code == 0)
        return -1;
    (void)fprintf(stderr, "%s: %s\n", SERVICE_NAME, reason);
    return code;
}

/* One round over the topics that are named: *out_found is how many are there. */
static void find_topics(const struct config *config, struct consumer *consumer,
                        const char **out_missing, struct textbuf *out_problem, bool *out_denied,
                        size_t *out_found)
{
    *out_found = 0;
    *out_missing = NULL;
    *out_denied = false;
    for (size_t i = 0; i < config->n_sources; i++) {
        const struct source_config *source = &config->sources[i];
        if (source->topic_regex != NULL)
            continue;
        for (size_t k = 0; k < source->topics.count && !*out_denied; k++) {
            struct textbuf problem = {0};
            consumer_find_topic(consumer, source->topics.items[k], FIND_TIMEOUT_MS, &problem,
                                out_denied);
            if (problem.len == 0)
                ++*out_found;
            else if (*out_missing == NULL || *out_denied) {
                *out_missing = source->topics.items[k];
                textbuf_clear(out_problem);
                textbuf_puts(out_problem, problem.text);
            }
            textbuf_done(&problem);
            if (*out_missing != NULL && *out_found == 0)
                return; /* most likely no broker is there: one try a round is enough */
        }
    }
}

static bool has_pattern(const struct config *config)
{
    for (size_t i = 0; i < config->n_sources; i++) {
        if (config->sources[i].topic_regex != NULL)
            return true;
    }
    return false;
}

/* Topics that come later are joined when they do, once one of them is there; patterns need none. */
static int wait_for_topics(const struct config *config, struct consumer *consumer,
                           struct pipeline *pipeline)
{
    int64_t start_ms = clock_monotonic_ms();

    for (int attempt = 0; !stop_requested(); attempt++) {
        struct textbuf problem = {0};
        int64_t wait_ms = retry_wait_ms(attempt);
        const char *missing;
        size_t found;
        bool denied;

        find_topics(config, consumer, &missing, &problem, &denied, &found);
        if (denied) {
            (void)settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, config->brokers, problem.text);
            textbuf_done(&problem);
            return EXIT_CODE_CONFIG;
        }
        wait_ms = wait_ms < LAST_WAIT_MS ? wait_ms : LAST_WAIT_MS;
        if (missing != NULL) {
            publish(config, problem.text);
            LOG_EVENT(DW_LOG_WARN, found == 0 ? "waiting for the topic" : "a topic is missing",
                      F_TEXT("brokers", config->brokers), F_TEXT("topic", missing),
                      F_TEXT("error", problem.text),
                      F_NUMBER("waited_s", (clock_monotonic_ms() - start_ms) / 1000),
                      F_NUMBER("next_try_in_s", found == 0 ? wait_ms / 1000 : 0));
        }
        textbuf_done(&problem);
        if (missing == NULL || found != 0 || has_pattern(config))
            return -1;
        for (; wait_ms > 0 && !stop_wait(200); wait_ms -= 200) {
            control_looped();
            if (failed(pipeline) >= 0)
                return EXIT_CODE_CONFIG;
        }
    }
    return EXIT_CODE_DONE;
}

static int wait_for_tables(const struct config *config, struct pipeline *pipeline)
{
    enum { TELL_MS = 500 };
    int64_t told_ms = 0;
    int code;

    while ((code = failed(pipeline)) < 0 && !pipeline_is_open(pipeline)) {
        control_looped();
        if (clock_monotonic_ms() - told_ms >= TELL_MS) {
            report_opening(config, pipeline, started_ms());
            told_ms = clock_monotonic_ms();
        }
        if (stop_wait(50))
            return EXIT_CODE_DONE;
    }
    return stop_requested() && code >= 0 ? EXIT_CODE_DONE : code;
}

static int expect_tables(const struct config *config, struct pipeline *pipeline)
{
    struct textbuf problem = {0};
    int code = -1;

    for (size_t i = 0; i < config->n_sources; i++) {
        const struct source_config *source = &config->sources[i];
        for (size_t k = 0; source->topic_regex == NULL && k < source->topics.count && code < 0;
             k++) {
            if (!pipeline_expect(pipeline, i, source->topics.items[k], &problem))
                code = settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, source->topics.items[k],
                                     problem.text);
        }
    }
    textbuf_done(&problem);
    return code;
}

int startup_wait(const struct config *config, struct consumer *consumer, struct pipeline *pipeline)
{
    int code = expect_tables(config, pipeline);

    if (code < 0)
        code = wait_for_topics(config, consumer, pipeline);
    if (code < 0)
        code = wait_for_tables(config, pipeline);
    return code;
}
