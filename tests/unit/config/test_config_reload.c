/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

static const char first[] = "kafka: {brokers: 'a:1', group: g, conf: {fetch.wait.max.ms: 100}}\n"
                            "sources:\n"
                            "- {topics: [t, u], transforms: [{column: c, source: d}]}\n"
                            "tables:\n"
                            "- {uri: /tmp/x, flush: {rows: 10}, properties: {a: 1}}\n";

struct world {
    char path[64];
    char *argv[3];
    char *environment[2];
    struct config config;
};

static void rewrite(const struct world *w, const char *yaml)
{
    FILE *file = fopen(w->path, "w");

    assert_non_null(file);
    assert_true(fputs(yaml, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void start(struct world *w)
{
    static char program[] = "deltawrite-kafka";
    static char flag[] = "--config";
    int fd;

    *w = (struct world){.path = "config-test-XXXXXX"};
    fd = mkstemp(w->path);
    assert_true(fd >= 0);
    (void)close(fd);
    rewrite(w, first);
    w->argv[0] = program;
    w->argv[1] = flag;
    w->argv[2] = w->path;
    assert_int_equal(config_load(3, w->argv, w->environment, &w->config), -1);
}

static void end(struct world *w)
{
    config_done(&w->config);
    (void)unlink(w->path);
}

/* What the reload of `yaml` gives; *out to be freed when it is RELOAD_CHANGED. */
static void reload(struct world *w, const char *yaml, enum reload_result want, const char *told,
                   struct config *out)
{
    struct textbuf text = {0};

    rewrite(w, yaml);
    assert_int_equal(config_reload(&w->config, out, &text), want);
    if (strncmp(text.text, w->path, strlen(w->path)) == 0)
        assert_string_equal(text.text + strlen(w->path), told);
    else
        assert_string_equal(text.text, told);
    textbuf_done(&text);
}

static void a_reload_without_change_gives_nothing(void **state)
{
    struct config next;
    struct world w;

    (void)state;
    start(&w);
    reload(&w, first, RELOAD_SAME, "nothing to take", &next);
    end(&w);
}

static void what_may_change_is_taken_and_the_rest_stays(void **state)
{
    struct config next;
    struct world w;

    (void)state;
    start(&w);
    reload(&w,
           "kafka: {brokers: 'b:1', group: g, conf: {fetch.min.bytes: 5}}\n"
           "log: debug\n"
           "sources:\n"
           "- {topics: [t], filter: x = 1, transforms: [{column: c, source: e}]}\n"
           "tables:\n"
           "- {uri: /tmp/y, flush: {rows: 20, age: 5m}, properties: {a: 2}}\n",
           RELOAD_CHANGED,
           "taken: log.level, sources[0].filter, tables[0].flush.rows, tables[0].flush.age; "
           "after a restart: kafka.brokers, sources[0].topics, sources[0].transforms, "
           "tables[0].uri, tables[0].properties, kafka.conf.fetch.wait.max.ms, "
           "kafka.conf.fetch.min.bytes",
           &next);
    assert_int_equal(next.log_level, DW_LOG_DEBUG);
    assert_int_equal(next.tables[0].flush.rows, 20);
    assert_int_equal(next.tables[0].flush.age_ms, 300000);
    assert_string_equal(next.sources[0].records.filter, "x = 1");
    assert_string_equal(next.brokers, "a:1");
    assert_string_equal(next.tables[0].uri, "/tmp/x");
    assert_string_equal(next.tables[0].bad.table_uri, "/tmp/x_rejected");
    assert_string_equal(next.tables[0].properties.items[0].value, "1");
    assert_int_equal(next.sources[0].topics.count, 2);
    assert_string_equal(next.sources[0].records.columns[0].source, "d");
    assert_int_equal(next.kafka.count, 1);
    assert_string_equal(next.kafka.items[0].key, "fetch.wait.max.ms");
    config_done(&w.config); /* the new one stands alone */
    w.config = next;
    reload(&w, first, RELOAD_CHANGED,
           "taken: log.level, sources[0].filter, tables[0].flush.rows, tables[0].flush.age", &next);
    config_done(&next);
    end(&w);
}

static void sources_and_tables_that_come_or_go_wait_for_a_restart(void **state)
{
    struct config next;
    struct world w;

    (void)state;
    start(&w);
    reload(&w,
           "kafka: {brokers: 'a:1', group: g, conf: {fetch.wait.max.ms: 100}}\n"
           "min_commit_interval: 7\n"
           "sources:\n"
           "- {topics: t, table: one}\n"
           "- {topics: v, table: two}\n"
           "tables:\n"
           "- {name: one, uri: /tmp/x, flush: {rows: 99}}\n"
           "- {name: two, uri: /tmp/z}\n",
           RELOAD_CHANGED, "taken: min_commit_interval; after a restart: sources, tables", &next);
    assert_int_equal(next.min_commit_interval_ms, 7000);
    assert_int_equal(next.n_sources, 1);
    assert_int_equal(next.n_tables, 1);
    assert_int_equal(next.tables[0].flush.rows, 10);
    assert_string_equal(next.sources[0].records.columns[0].name, "c");
    config_done(&next);
    end(&w);
}

static void a_reload_with_a_mistake_is_refused(void **state)
{
    struct config next;
    struct world w;

    (void)state;
    start(&w);
    reload(&w, "kafka: {brokers: x, group: g}\nsources: [{topics: t}]\ntables: [{urn: x}]\n",
           RELOAD_REFUSED,
           ":3: tables[0].urn: there is no such setting; the nearest is tables[0].uri", &next);
    (void)unlink(w.path);
    {
        struct textbuf told = {0};

        assert_int_equal(config_reload(&w.config, &next, &told), RELOAD_REFUSED);
        assert_string_equal(told.text + strlen(w.path), ": No such file or directory");
        textbuf_done(&told);
    }
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_without_change_gives_nothing),
        cmocka_unit_test(what_may_change_is_taken_and_the_rest_stays),
        cmocka_unit_test(sources_and_tables_that_come_or_go_wait_for_a_restart),
        cmocka_unit_test(a_reload_with_a_mistake_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
