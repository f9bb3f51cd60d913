/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite-kafka: a Kafka topic of JSON events into a Delta table, each record exactly once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "common/logline.h"
#include "common/stop.h"
#include "kafka/operations.h"
#include "kafka/service.h"
#include "kafka/table_opener.h"
#include "ops/store_metrics.h"

enum { GRACE_MS = 25000, FIND_TIMEOUT_MS = 2000, LAST_WAIT_MS = 10000 };

/* -1: the topic is there; else an exit code. */
static int wait_for_topic(const struct service_config *config, struct consumer *consumer,
                          struct table_opener *opener)
{
    int64_t start_ms = clock_monotonic_ms();

    for (int attempt = 0; !stop_requested(); attempt++) {
        struct textbuf problem = {0};
        int64_t wait_ms = retry_wait_ms(attempt);
        bool denied;

        consumer_find_topic(consumer, config->topic, FIND_TIMEOUT_MS, &problem, &denied);
        if (problem.len == 0)
            return -1;
        if (denied) {
            (void)settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, config->brokers, problem.text);
            textbuf_done(&problem);
            return EXIT_CODE_CONFIG;
        }
        wait_ms = wait_ms < LAST_WAIT_MS ? wait_ms : LAST_WAIT_MS;
        LOG_EVENT(DW_LOG_WARN, "waiting for the topic", F_TEXT("brokers", config->brokers),
                  F_TEXT("topic", config->topic), F_TEXT("error", problem.text),
                  F_NUMBER("waited_s", (clock_monotonic_ms() - start_ms) / 1000),
                  F_NUMBER("next_try_in_s", wait_ms / 1000));
        textbuf_done(&problem);
        for (; wait_ms > 0 && !stop_wait(200); wait_ms -= 200) {
            if (table_opener_failed(opener))
                return -1; /* no use to wait for Kafka: wait_for_table() tells */
        }
    }
    return EXIT_CODE_DONE;
}

/* -1: *out_table is open; else an exit code. */
static int wait_for_table(const struct service_config *config, struct table_opener *opener,
                          dw_table **out_table)
{
    dw_error err;
    int code = 0;

    while (!table_opener_poll(opener, out_table, &code, &err)) {
        if (stop_wait(50))
            return EXIT_CODE_DONE;
    }
    if (*out_table != NULL)
        return -1;
    if (stop_requested())
        return EXIT_CODE_DONE;
    return settings_fail(SERVICE_NAME, code, config->table_uri, err.message);
}

static int run(const struct service_config *config, struct consumer *consumer)
{
    static struct table_opener opener; /* its thread may outlive this function */
    dw_table *table = NULL;
    int code;

    if (!table_opener_start(&opener, config))
        return settings_fail(SERVICE_NAME, EXIT_CODE_RUNTIME, "threads", "none to be had");
    code = wait_for_topic(config, consumer, &opener);
    if (code < 0)
        code = wait_for_table(config, &opener, &table);
    if (code >= 0) {
        if (code == EXIT_CODE_DONE)
            LOG_EVENT(DW_LOG_INFO, "stopped", F_NUMBER("exit_code", code));
        _exit(code); /* the opener may still wait for the store */
    }
    LOG_EVENT(DW_LOG_INFO, "table open, topic found", F_TEXT("table", config->table_uri),
              F_NUMBER("version", dw_table_version(table)), F_TEXT("topic", config->topic));
    code = service_run(config, consumer, table);
    dw_table_close(table);
    return code;
}

/* Buffers come and go by the megabyte, from many threads: they are to go back to the system, not
 * to stay in one of glibc's arenas. A fifth of the memory depends on it. */
static void keep_memory_low(void)
{
#if defined(__GLIBC__)
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    (void)mallopt(M_ARENA_MAX, 2);
#endif
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

int main(int argc, char **argv, char **environment)
{
    struct config tree;
    struct service_config config;
    struct consumer consumer;
    int code;

    if (argc > 1 && strcmp(argv[1], "healthcheck") == 0)
        return check_health(argc, argv, environment);
    keep_memory_low();
    code = config_load(argc, argv, environment, &tree);
    if (code >= 0)
        return code;
    tree.store_options.observe = store_metrics_observe;
    config = service_config_of(&tree);
    if (code < 0 && !stop_install(GRACE_MS))
        code = settings_fail(SERVICE_NAME, EXIT_CODE_RUNTIME, "threads", "none to be had");
    if (code < 0)
        code = consumer_open(&consumer, &config);
    if (code < 0) {
        code = operations_start(&config.http, config.group_id);
        if (code >= 0)
            consumer_destroy(&consumer);
    }
    if (code >= 0) {
        config_done(&tree);
        return code;
    }
    service_config_log(&config);
    code = run(&config, &consumer);
    operations_stop();
    consumer_destroy(&consumer);
    config_done(&tree);
    return code;
}
