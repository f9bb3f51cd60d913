/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite-kafka: Kafka topics into Delta tables, each record exactly once. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/memory.h"
#include "common/settings.h"
#include "common/stop.h"
#include "kafka/control.h"
#include "kafka/operations.h"
#include "kafka/process_memory.h"
#include "kafka/replay.h"
#include "kafka/service.h"
#include "kafka/service_report.h"
#include "kafka/startup.h"
#include "ops/store_metrics.h"

enum { GRACE_MS = 25000 };

static int run(const struct config *config, struct consumer *consumer)
{
    static struct pipeline pipeline; /* its threads may outlive this function */
    int code = pipeline_start(&pipeline, config);

    if (code >= 0)
        return code;
    code = startup_wait(config, consumer, &pipeline);
    if (code >= 0) {
        if (code == EXIT_CODE_DONE)
            LOG_EVENT(DW_LOG_INFO, "stopped", F_NUMBER("exit_code", code));
        _exit(code); /* a thread may still wait for the store */
    }
    return service_run(config, consumer, &pipeline);
}

static void flush_now(void)
{
    (void)control_flush(0);
}

/* deltawrite-kafka healthcheck [live|ready] and the flags of the instance that is asked. */
static int check_health(int argc, char **argv, char **environment)
{
    struct config tree;
    bool live = argc > 2 && strcmp(argv[2], "live") == 0;
    int words = live || (argc > 2 && strcmp(argv[2], "ready") == 0) ? 2 : 1;
    int code;

    argv[words] = argv[0];
    code = config_load(argc - words, argv + words, environment, &tree);
    if (code >= 0)
        return code;
    code = operations_check_health(&tree.http, live);
    config_done(&tree);
    return code;
}

/* deltawrite-kafka replay [DEAD-LETTER TABLE]... and the flags of the service. */
static int replay(int argc, char **argv, char **environment)
{
    struct config config;
    char **flags = need_alloc((size_t)argc + 1, sizeof(char *));
    int first = 2; /* flag */
    int code;

    while (first < argc && argv[first][0] != '-')
        first++;
    flags[0] = argv[0];
    for (int i = first; i < argc; i++)
        flags[i - first + 1] = argv[i];
    code = config_load(argc - first + 1, flags, environment, &config);
    if (code < 0) {
        code = replay_run(&config, argv + 2, (size_t)first - 2);
        config_done(&config);
    }
    free(flags);
    return code;
}

int main(int argc, char **argv, char **environment)
{
    struct config config;
    struct consumer consumer;
    int code;

    if (argc > 1 && strcmp(argv[1], "healthcheck") == 0)
        return check_health(argc, argv, environment);
    if (argc > 1 && strcmp(argv[1], "replay") == 0)
        return replay(argc, argv, environment);
    process_keep_memory_low();
    code = config_load(argc, argv, environment, &config);
    if (code >= 0)
        return code;
    config.store_options.observe = store_metrics_observe;
    stop_on_signal(SIGUSR1, flush_now);
    stop_on_signal(SIGHUP, control_reload);
    if (!stop_install(GRACE_MS))
        code = settings_fail(SERVICE_NAME, EXIT_CODE_RUNTIME, "threads", "none to be had");
    if (code < 0)
        code = consumer_open(&consumer, &config);
    if (code < 0) {
        code = operations_start(&config.http, config.group_id);
        if (code >= 0)
            consumer_destroy(&consumer);
    }
    if (code >= 0) {
        config_done(&config);
        return code;
    }
    report_start(&config);
    code = run(&config, &consumer);
    operations_stop();
    consumer_destroy(&consumer);
    config_done(&config);
    return code;
}
