/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite-demo: sample events through an embedded Kafka broker and deltawrite-kafka into a local
 * Delta table, which is then shown. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deltawrite/deltawrite.h>

#include "common/logline.h"
#include "common/memory.h"
#include "common/settings.h"
#include "common/style.h"
#include "common/textbuf.h"
#include "demo/child.h"
#include "demo/demo_broker.h"
#include "demo/sample_events.h"
#include "demo/show.h"

#define DEMO_NAME "deltawrite-demo"

enum { SET_EVENTS, SET_OUT, SET_SEED, SET_COUNT };
enum { PARTITIONS = 4 };

static const struct setting settings[SET_COUNT] = {
    [SET_EVENTS] = {"--events", NULL, "N", "5000", NULL, SETTING_WHOLE, 0, 1, 40000,
                    "how many events"},
    [SET_OUT] = {"--out", NULL, "DIR", "demo-out", NULL, SETTING_TEXT, 0, 0, 0,
                 "where the tables go; tables of an earlier demo there are removed"},
    [SET_SEED] = {"--seed", NULL, "N", "1", NULL, SETTING_WHOLE, 0, 0, INT64_MAX,
                  "another seed makes other events"},
};

static const struct settings_program program = {
    DEMO_NAME,
    "Runs deltawrite-kafka on an embedded broker with sample events, and shows the Delta table.",
    "",
    settings,
    SET_COUNT,
};

static const char topic[] = "analytics-events";

static char *path_below(const char *folder, const char *suffix)
{
    struct textbuf path = {0};

    textbuf_printf(&path, "%s/%s%s", folder, topic, suffix);
    return path.text;
}

static int fail(const char *object, const char *reason)
{
    return settings_fail(DEMO_NAME, EXIT_CODE_RUNTIME, object, reason);
}

/* Offsets start at zero with each demo, so the table does too. */
static int make_room(const char *folder, const char *table, const char *letters)
{
    const char *const paths[] = {table, letters};

    if (mkdir(folder, 0777) != 0 && access(folder, W_OK) != 0)
        return fail(folder, "cannot be written");
    for (size_t i = 0; i < 2; i++) {
        int problem = remove_tree(paths[i]);
        if (problem != 0)
            return fail(paths[i], strerror(problem));
    }
    return -1;
}

static bool produce(struct demo_broker *broker, int64_t count, uint64_t seed)
{
    struct sample_events events;
    struct textbuf json = {0};
    bool ok = true;

    sample_events_init(&events, seed, clock_wall_ms(), count);
    for (int64_t i = 0; i < count && ok; i++) {
        sample_events_next(&events, &json);
        ok = demo_broker_put(broker, (int)(events.session % PARTITIONS), json.text, json.len);
    }
    textbuf_done(&json);
    return ok && demo_broker_flush(broker);
}

static int run_service(const char *own_path, const char *brokers, char *table)
{
    char name[] = "deltawrite-kafka";
    char until_end[] = "--until-end";
    char log_format[] = "--log-format=text";
    char batch_size[] = "--batch-size=500";
    char http[] = "--http-listen=off";
    char topic_flag[] = "--topic=analytics-events";
    char group[] = "--group-id=demo";
    char table_flag[] = "--table";
    char brokers_flag[] = "--brokers";
    char *address = need_strdup(brokers);
    char *arguments[] = {name,  until_end,  log_format, batch_size,   http,    topic_flag,
                         group, table_flag, table,      brokers_flag, address, NULL};
    int code = child_run(own_path, arguments);

    free(address);
    return code;
}

static int show(const char *table, const char *letters)
{
    dw_error err = DW_ERROR_INIT;
    dw_status status = show_events(table, &err);

    if (status == DW_OK)
        status = show_dead_letters(letters, &err);
    if (status != DW_OK && status != DW_E_NOT_FOUND)
        return fail("show", err.message);
    show_queries(table);
    return EXIT_CODE_DONE;
}

static int run(const char *own_path, const struct setting_value *values, char *table,
               const char *letters)
{
    struct demo_broker broker;
    int code = make_room(values[SET_OUT].text, table, letters);

    if (code >= 0)
        return code;
    if (!demo_broker_start(&broker, topic, PARTITIONS))
        return EXIT_CODE_RUNTIME;
    (void)printf("%sAn embedded Kafka broker%s at %s gets %" PRId64 " events in topic %s, %d "
                 "partitions.\n",
                 style_bold(stdout), style_plain(stdout), broker.address, values[SET_EVENTS].number,
                 topic, PARTITIONS);
    if (!produce(&broker, values[SET_EVENTS].number, (uint64_t)values[SET_SEED].number))
        return EXIT_CODE_RUNTIME;
    (void)printf("%sdeltawrite-kafka%s reads them, until the end:\n\n", style_bold(stdout),
                 style_plain(stdout));
    code = run_service(own_path, broker.address, table);
    demo_broker_stop(&broker);
    /* 3: some records went to the dead letters, as they should. */
    if (code != EXIT_CODE_DONE && code != EXIT_CODE_REJECTED)
        return fail("deltawrite-kafka", "did not do it; see its last line above");
    return show(table, letters);
}

int main(int argc, char **argv)
{
    struct setting_value values[SET_COUNT] = {{0}};
    int code = settings_load(&program, argc, argv, values);
    char *table;
    char *letters;

    if (code >= 0)
        return code;
    table = path_below(values[SET_OUT].text, "");
    letters = path_below(values[SET_OUT].text, "_rejected");
    code = run(argv[0], values, table, letters);
    free(table);
    free(letters);
    return code;
}
