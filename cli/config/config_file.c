/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_file.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/node_json.h"

/* A mapping of the file: settings of `scopes` whose paths begin with `prefix`. */
struct level {
    const struct layers *layers;
    struct textbuf *problem;
    unsigned scopes;    /* bits, 1 << enum option_scope */
    bool shared;        /* of several sources or tables: none of what names one */
    const char *prefix; /* "" or "flush." */
    const char *shown;  /* "" or "tables[0].flush." */
};

/* Names that may stand in a mapping. */
struct names {
    const char **items;
    size_t count;
};

static bool fail(const struct level *l, int line, const char *name, const char *reason)
{
    textbuf_printf(l->problem, "%s:%d: %s%s: %s", l->layers->file, line, l->shown, name, reason);
    return false;
}

static bool belongs(const struct level *l, const struct option *option)
{
    return option->path != NULL && (l->scopes & (1u << option->scope)) != 0 &&
           !(l->shared && (option->flags & OPTION_NAMES_ONE) != 0) &&
           strncmp(option->path, l->prefix, strlen(l->prefix)) == 0;
}

static void add_name(struct names *names, const char *text, size_t len, const char *suffix)
{
    struct textbuf name = {0};

    textbuf_add(&name, text, len);
    textbuf_puts(&name, suffix);
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name.text) == 0) {
            textbuf_done(&name);
            return;
        }
    }
    names->items = need_realloc(names->items, names->count + 1, sizeof(*names->items));
    names->items[names->count++] = name.text;
}

static void names_done(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free((void *)(uintptr_t)names->items[i]);
    free(names->items);
}

/* At the root also the lists, and what is shared by their items. */
static struct names allowed_names(const struct level *l)
{
    static const char *const at_root[] = {"sources", "tables", "defaults", "dlq", "registry"};
    struct names names = {0};
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        const char *rest = table[i].path == NULL ? NULL : table[i].path + strlen(l->prefix);
        size_t len;

        if (!belongs(l, &table[i]))
            continue;
        len = strcspn(rest, ".");
        add_name(&names, rest, len, "");
        if (rest[len] == '\0' && (table[i].flags & OPTION_SECRET) != 0)
            add_name(&names, rest, len, "_file");
    }
    for (size_t i = 0; l->scopes == 1u << OF_PROCESS && l->prefix[0] == '\0' && i < 5; i++)
        add_name(&names, at_root[i], strlen(at_root[i]), "");
    return names;
}

/* The whole path of a setting that is called so elsewhere: "brokers" is kafka.brokers. */
static const char *elsewhere(const char *key)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        const char *dot = table[i].path == NULL ? NULL : strrchr(table[i].path, '.');

        if (dot != NULL && strcmp(dot + 1, key) == 0)
            return table[i].path;
    }
    return NULL;
}

static bool unknown(const struct level *l, const struct node_entry *entry,
                    const struct names *names)
{
    struct textbuf reason = {0};
    const char *near = nearest_name(entry->key, names->items, names->count);
    const char *other = elsewhere(entry->key);
    const struct option *one = NULL;

    for (enum option_scope scope = 0; l->shared && scope < SCOPE_COUNT && one == NULL; scope++)
        one = option_by_path(scope, entry->key);
    textbuf_puts(&reason, "there is no such setting");
    if (one != NULL) {
        textbuf_puts(&reason, " here: it is of one source or table");
    } else if (near != NULL) {
        textbuf_printf(&reason, "; the nearest is %s%s", l->shown, near);
    } else if (other != NULL && l->prefix[0] == '\0') {
        textbuf_printf(&reason, " here, but %s", other);
    } else {
        textbuf_puts(&reason, "; there are ");
        for (size_t i = 0; i < names->count; i++)
            textbuf_printf(&reason, "%s%s", i == 0 ? "" : ", ", names->items[i]);
    }
    (void)fail(l, entry->line, entry->key, reason.text);
    textbuf_done(&reason);
    return false;
}

static bool check_map(const struct level *level, const struct file_node *map);

/* Items of sources, tables or transforms. */
static bool check_items(const struct level *parent, const char *name, enum option_scope scope,
                        const struct file_node *list)
{
    if (list->kind != NODE_LIST)
        return fail(parent, list->line, name, "takes a list of mappings, - NAME: VALUE ...");
    if (list->count == 0)
        return fail(parent, list->line, name, "is an empty list");
    for (size_t i = 0; i < list->count; i++) {
        const struct file_node *item = list->entries[i].value;
        struct textbuf shown = {0};
        struct level level = *parent;
        bool ok;

        textbuf_printf(&shown, "%s%s[%zu]", parent->shown, name, i);
        level.shown = shown.text;
        level.scopes = 1u << scope;
        level.shared = false;
        level.prefix = "";
        if (item->kind == NODE_MAP) {
            textbuf_puts(&shown, ".");
            level.shown = shown.text;
            ok = check_map(&level, item);
        } else {
            ok = fail(&level, item->line, "", "takes a mapping, NAME: VALUE");
        }
        textbuf_done(&shown);
        if (!ok)
            return false;
    }
    return true;
}

/* Is there a setting that a text in place of this mapping means? */
static bool has_main_key(const struct level *l)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        if (belongs(l, &table[i]) && node_main_key(table[i].path + strlen(l->prefix)))
            return true;
    }
    return false;
}

/* A mapping of settings whose paths go on with `prefix`. */
static bool check_section(const struct level *parent, const struct node_entry *entry,
                          unsigned scopes, bool shared, const char *prefix)
{
    struct textbuf shown = {0};
    struct level level = *parent;
    bool ok;

    textbuf_printf(&shown, "%s%s.", parent->shown, entry->key);
    level.shown = shown.text;
    level.scopes = scopes;
    level.shared = shared;
    level.prefix = prefix;
    if (entry->value->kind == NODE_MAP)
        ok = check_map(&level, entry->value);
    else if (entry->value->kind == NODE_TEXT && entry->value->text == NULL)
        ok = true; /* a heading without settings */
    else if (entry->value->kind == NODE_TEXT && has_main_key(&level))
        ok = true;
    else
        ok = fail(parent, entry->value->line, entry->key, "takes a mapping of settings");
    textbuf_done(&shown);
    return ok;
}

static bool check_root_entry(const struct level *l, const struct node_entry *entry, bool *out_done)
{
    static const unsigned both = 1u << OF_SOURCE | 1u << OF_TABLE;

    *out_done = true;
    if (strcmp(entry->key, "sources") == 0)
        return check_items(l, entry->key, OF_SOURCE, entry->value);
    if (strcmp(entry->key, "tables") == 0)
        return check_items(l, entry->key, OF_TABLE, entry->value);
    if (strcmp(entry->key, "defaults") == 0)
        return check_section(l, entry, both, true, "");
    if (strcmp(entry->key, "dlq") == 0)
        return check_section(l, entry, 1u << OF_TABLE, true, "on_error.");
    if (strcmp(entry->key, "registry") == 0)
        return check_section(l, entry, 1u << OF_SOURCE, true, "registry.");
    *out_done = strncmp(entry->key, "x-", 2) == 0; /* for anchors */
    return true;
}

/* The setting of this name; *out_section: else there are settings below it. */
static const struct option *find(const struct level *l, const char *key, bool *out_section)
{
    size_t count;
    const struct option *table = option_table(&count);
    size_t len = strlen(key);

    *out_section = false;
    for (size_t i = 0; i < count; i++) {
        const char *rest;

        if (!belongs(l, &table[i]))
            continue;
        rest = table[i].path + strlen(l->prefix);
        if (strcmp(rest, key) == 0)
            return &table[i];
        if ((table[i].flags & OPTION_SECRET) != 0 && strncmp(key, rest, strlen(rest)) == 0 &&
            strcmp(key + strlen(rest), "_file") == 0)
            return &table[i];
        *out_section = *out_section || (strncmp(rest, key, len) == 0 && rest[len] == '.');
    }
    return NULL;
}

static bool check_entry(const struct level *l, const struct node_entry *entry)
{
    bool at_root = l->scopes == 1u << OF_PROCESS && l->prefix[0] == '\0';
    struct textbuf prefix = {0};
    const struct option *option;
    struct names names;
    bool section;
    bool done = false;
    bool ok = true;

    if (at_root)
        ok = check_root_entry(l, entry, &done);
    if (done)
        return ok;
    option = find(l, entry->key, &section);
    if (option != NULL)
        return option->kind != KIND_COLUMNS || check_items(l, entry->key, OF_COLUMN, entry->value);
    if (section) {
        textbuf_printf(&prefix, "%s%s.", l->prefix, entry->key);
        ok = check_section(l, entry, l->scopes, l->shared, prefix.text);
        textbuf_done(&prefix);
        return ok;
    }
    names = allowed_names(l);
    ok = unknown(l, entry, &names);
    names_done(&names);
    return ok;
}

static bool check_map(const struct level *level, const struct file_node *map)
{
    for (size_t i = 0; i < map->count; i++) {
        if (!check_entry(level, &map->entries[i]))
            return false;
    }
    return true;
}

bool config_file_read(struct layers *layers, const char *file, struct textbuf *problem)
{
    layers->file = need_strdup(file);
    layers->root = yaml_read(file, layers->variables, problem);
    if (layers->root == NULL ||
        !check_map(&(struct level){layers, problem, 1u << OF_PROCESS, false, "", ""}, layers->root))
        return false;
    layers->seeded =
        node_get(layers->root, "sources") == NULL && node_get(layers->root, "tables") == NULL;
    return true;
}
