/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/config_layers.h"

/* The old tree, the new one, and what is told of their differences. */
struct comparison {
    const struct config *running;
    struct config *next;
    struct textbuf taken;
    struct textbuf waiting; /* for a restart */
};

static void tell(struct textbuf *list, const char *prefix, const char *path)
{
    textbuf_printf(list, "%s%s%s", list->len == 0 ? "" : ", ", prefix, path);
}

/* Also when only a part of it was, a pair or a column. */
static bool is_given_in(const struct config_origins *origins, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < origins->count; i++) {
        const struct config_origin *origin = &origins->items[i];

        if (origin->layer != LAYER_DEFAULT && strncmp(origin->path, path, len) == 0 &&
            strchr(".[", origin->path[len]) != NULL)
            return true;
    }
    return false;
}

/* What follows from another setting is not told beside it. */
static bool was_given(const struct comparison *c, const char *prefix, const char *path)
{
    struct textbuf whole = {0};
    bool given;

    textbuf_printf(&whole, "%s%s", prefix, path);
    given =
        is_given_in(c->running->origins, whole.text) || is_given_in(c->next->origins, whole.text);
    textbuf_done(&whole);
    return given;
}

/* One source, table, or the process: `next` keeps what may change. */
static void compare_scope(struct comparison *c, enum option_scope scope, const char *prefix,
                          const void *running, void *next)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        const struct option *option = &table[i];
        const char *path = option->path == NULL ? option->env : option->path;

        if (option->scope != scope || option->offset == NO_MEMBER ||
            option_equal(option, running, next))
            continue;
        if ((option->flags & OPTION_RELOADS) != 0) {
            tell(&c->taken, prefix, path);
            continue;
        }
        if (was_given(c, prefix, path))
            tell(&c->waiting, prefix, path);
        option_copy(option, running, next);
    }
}

static void copy_scope(enum option_scope scope, const void *from, void *to)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        if (table[i].scope == scope && table[i].offset != NO_MEMBER)
            option_copy(&table[i], from, to);
    }
}

static void compare_sources(struct comparison *c)
{
    const struct config *running = c->running;
    struct config *next = c->next;
    bool same = running->n_sources == next->n_sources;

    for (size_t i = 0; i < next->n_sources && !same; i++)
        option_free_members(OF_SOURCE, &next->sources[i]);
    if (!same) {
        tell(&c->waiting, "", "sources");
        free(next->sources);
        next->n_sources = running->n_sources;
        next->sources = need_alloc(next->n_sources, sizeof(*next->sources));
    }
    for (size_t i = 0; i < next->n_sources; i++) {
        struct textbuf prefix = {0};

        textbuf_printf(&prefix, "sources[%zu].", i);
        if (same)
            compare_scope(c, OF_SOURCE, prefix.text, &running->sources[i], &next->sources[i]);
        else
            copy_scope(OF_SOURCE, &running->sources[i], &next->sources[i]);
        next->sources[i].table = running->sources[i].table;
        textbuf_done(&prefix);
    }
}

static void compare_tables(struct comparison *c)
{
    const struct config *running = c->running;
    struct config *next = c->next;
    bool same = running->n_tables == next->n_tables;

    for (size_t i = 0; i < next->n_tables && !same; i++)
        option_free_members(OF_TABLE, &next->tables[i]);
    if (!same) {
        tell(&c->waiting, "", "tables");
        free(next->tables);
        next->n_tables = running->n_tables;
        next->tables = need_alloc(next->n_tables, sizeof(*next->tables));
    }
    for (size_t i = 0; i < next->n_tables; i++) {
        struct textbuf prefix = {0};

        textbuf_printf(&prefix, "tables[%zu].", i);
        if (same)
            compare_scope(c, OF_TABLE, prefix.text, &running->tables[i], &next->tables[i]);
        else
            copy_scope(OF_TABLE, &running->tables[i], &next->tables[i]);
        textbuf_done(&prefix);
    }
}

static const char *pair_value(const struct text_pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->items[i].key, key) == 0)
            return pairs->items[i].value;
    }
    return NULL;
}

static void compare_properties(struct comparison *c, const struct text_pairs *a,
                               const struct text_pairs *b, bool only_missing)
{
    for (size_t i = 0; i < a->count; i++) {
        const char *value = pair_value(b, a->items[i].key);

        if (value == NULL || (!only_missing && strcmp(value, a->items[i].value) != 0))
            tell(&c->waiting, "kafka.conf.", a->items[i].key);
    }
}

static void keep_kafka(struct comparison *c)
{
    struct text_pairs *pairs = &c->next->kafka;
    const struct text_pairs *running = &c->running->kafka;

    compare_properties(c, running, pairs, false);
    compare_properties(c, pairs, running, true);
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].key);
        free(pairs->items[i].value);
    }
    pairs->items = need_realloc(pairs->items, running->count, sizeof(*pairs->items));
    pairs->count = running->count;
    for (size_t i = 0; i < pairs->count; i++)
        pairs->items[i] = (struct text_pair){need_strdup(running->items[i].key),
                                             need_strdup(running->items[i].value)};
}

static char *copy_of(const char *text)
{
    return text == NULL ? NULL : need_strdup(text);
}

/* Stores that are open have copies of their own; those opened later shall be like them. */
static void keep_storage(struct comparison *c)
{
    const struct aws_env *running = &c->running->aws;
    struct aws_env *aws = &c->next->aws;

    aws_env_done(aws);
    *aws = *running;
    aws->endpoint = copy_of(running->endpoint);
    aws->region = copy_of(running->region);
    aws->access_key_id = copy_of(running->access_key_id);
    aws->secret_access_key = copy_of(running->secret_access_key);
    aws->session_token = copy_of(running->session_token);
    aws->ca_file = copy_of(running->ca_file);
    if (running->credentials != NULL)
        aws->credentials = dw_credentials_ref(running->credentials);
    c->next->store_options = c->running->store_options;
    aws_env_apply(aws, &c->next->store_options);
}

enum reload_result config_reload(const struct config *running, struct config *out,
                                 struct textbuf *told)
{
    struct comparison c = {.running = running, .next = out};
    struct layers layers = {0};
    enum reload_result result = RELOAD_REFUSED;
    bool usage;

    if (config_read(running->argc, running->argv, running->environment, &layers, out, &usage,
                    told)) {
        compare_scope(&c, OF_PROCESS, "", running, out);
        compare_sources(&c);
        compare_tables(&c);
        keep_kafka(&c);
        keep_storage(&c);
        result = c.taken.len == 0 ? RELOAD_SAME : RELOAD_CHANGED;
        textbuf_printf(told, "%s%s", c.taken.len == 0 ? "nothing to take" : "taken: ",
                       c.taken.len == 0 ? "" : c.taken.text);
        if (c.waiting.len > 0)
            textbuf_printf(told, "; after a restart: %s", c.waiting.text);
        if (result == RELOAD_SAME)
            config_done(out);
    }
    textbuf_done(&c.taken);
    textbuf_done(&c.waiting);
    layers_done(&layers);
    return result;
}
