/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_layers.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/node_json.h"

/* Where a scope's settings may stand in the file: `node` holds those whose path begins with `under`
 * ("" for all of them), there called `name`. */
struct place {
    const struct file_node *node;
    const char *under;
    const char *name;
};

enum { MOST_PLACES = 4 };

/* One source, table, column, or the process. */
struct binding {
    const struct layers *layers;
    struct config *out;
    struct textbuf *problem;
    enum option_scope scope;
    void *base;
    const char *prefix; /* "tables[0].", "" for the process */
    bool only_one;      /* of its kind: flags and variables that name it may be used */
    struct place places[MOST_PLACES];
};

/* A value found in the file. */
struct found {
    const struct file_node *node;
    const struct place *place;
    const char *rest;   /* of the option's path, below the place */
    const char *suffix; /* "_file" or "" */
};

static bool fail(const struct binding *b, const char *object, const char *reason)
{
    textbuf_printf(b->problem, "%s: %s", object, reason);
    return false;
}

static bool fail_in_file(const struct binding *b, const struct found *found, int line,
                         const char *reason)
{
    textbuf_printf(b->problem, "%s:%d: %s%s%s: %s", b->layers->file, line, found->place->name,
                   found->rest, found->suffix, reason);
    return false;
}

/* ---- finding ---- */

/* "a.b" below `node`. Where a text stands in place of the mapping a, it is its main setting. */
static const struct file_node *node_at(const struct file_node *node, const char *path,
                                       const char *suffix)
{
    while (node != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        bool last = path[len] == '\0';
        struct textbuf key = {0};

        textbuf_add(&key, path, len);
        textbuf_puts(&key, last ? suffix : "");
        if (node->kind == NODE_TEXT)
            node = last && suffix[0] == '\0' && node_main_key(path) ? node : NULL;
        else
            node = node_get(node, key.text);
        textbuf_done(&key);
        path += len + !last;
    }
    return node;
}

static bool find_in_place(const struct place *place, const char *path, const char *suffix,
                          struct found *out)
{
    size_t len = place->under == NULL ? 0 : strlen(place->under);

    if (place->node == NULL || strncmp(path, place->under, len) != 0)
        return false;
    *out = (struct found){node_at(place->node, path + len, suffix), place, path + len, suffix};
    return out->node != NULL;
}

/* The first place that has it, itself or as a file (secrets); both at once are a mistake. */
static bool find_in_file(const struct binding *b, const struct option *option, struct found *out)
{
    *out = (struct found){0};
    for (size_t i = 0; i < MOST_PLACES && option->path != NULL; i++) {
        bool found = find_in_place(&b->places[i], option->path, "", out);

        if ((option->flags & OPTION_SECRET) != 0) {
            struct found file;
            bool as_file = find_in_place(&b->places[i], option->path, "_file", &file);

            if (found && as_file)
                return fail_in_file(b, &file, file.node->line,
                                    "is given, and so is the value itself; leave one of them out");
            if (as_file)
                *out = file;
            found = found || as_file;
        }
        if (found)
            return true;
    }
    out->node = NULL;
    return true;
}

/* ---- keeping ---- */

static void keep_origin(const struct binding *b, const struct option *option, const char *text,
                        const char *where, enum layer layer)
{
    struct textbuf path = {0};

    textbuf_printf(&path, "%s%s", b->prefix, option->path == NULL ? option->env : option->path);
    origin_add(b->out->origins, path.text, text, where, layer, option,
               (option->flags & OPTION_SECRET) != 0);
    textbuf_done(&path);
}

static void keep_file_origin(const struct binding *b, const struct found *found,
                             const struct option *option, const char *text)
{
    struct textbuf where = {0};

    textbuf_printf(&where, "%s:%d", b->layers->file, found->node->line);
    keep_origin(b, option, text, where.text, LAYER_FILE);
    textbuf_done(&where);
}

static bool set_given(const struct binding *b, const struct option *option, const char *text,
                      struct textbuf *why)
{
    struct textbuf json = {0};
    bool ok;

    if (option->kind == KIND_JSON && text[0] != '\0')
        textbuf_json_string(&json, text, strlen(text));
    ok = option_set(option, json.len > 0 ? json.text : text, b->base, why);
    textbuf_done(&json);
    return ok;
}

static bool bind_given(const struct binding *b, const struct option *option,
                       const struct given *given, enum layer layer)
{
    struct textbuf why = {0};
    bool ok = false;

    if ((option->flags & OPTION_NAMES_ONE) != 0 && !b->only_one)
        textbuf_printf(&why, "%s has several %s, and this does not tell which it is for",
                       b->layers->file, b->scope == OF_SOURCE ? "sources" : "tables");
    else
        ok = set_given(b, option, given->text, &why);
    if (!ok)
        (void)fail(b, given->where, why.text);
    else
        keep_origin(b, option, given->text, given->where, layer);
    textbuf_done(&why);
    return ok;
}

/* ---- from the file ---- */

static bool bind_text(const struct binding *b, const struct option *option,
                      const struct found *found)
{
    struct textbuf why = {0};
    const struct file_node *node = found->node;
    char *secret = NULL;
    bool ok = false;

    if (node->kind != NODE_TEXT)
        textbuf_puts(&why, "takes one value");
    else if (node->text == NULL)
        textbuf_puts(&why, "has no value");
    else if (found->suffix[0] != '\0' && (secret = secret_from_file(node->text, &why)) == NULL)
        ok = false;
    else
        ok = option_set(option, secret != NULL ? secret : node->text, b->base, &why);
    if (!ok)
        (void)fail_in_file(b, found, node->line, why.text);
    else
        keep_file_origin(b, found, option, secret != NULL ? secret : node->text);
    textbuf_done(&why);
    free(secret);
    return ok;
}

static bool bind_list(const struct binding *b, const struct option *option,
                      const struct found *found)
{
    struct text_list *list = (struct text_list *)(void *)((char *)b->base + option->offset);
    const struct file_node *node = found->node;
    struct textbuf shown = {0};

    if (node->kind == NODE_TEXT)
        return bind_text(b, option, found);
    if (node->kind == NODE_MAP)
        return fail_in_file(b, found, node->line, "takes a list");
    list->items = need_alloc(node->count, sizeof(*list->items));
    for (size_t i = 0; i < node->count; i++) {
        const struct file_node *item = node->entries[i].value;

        if (item->kind != NODE_TEXT || item->text == NULL || item->text[0] == '\0') {
            textbuf_done(&shown);
            return fail_in_file(b, found, item->line, "takes a list of texts that are not empty");
        }
        list->items[list->count++] = need_strdup(item->text);
        textbuf_printf(&shown, "%s%s", i == 0 ? "" : ",", item->text);
    }
    keep_file_origin(b, found, option, shown.text == NULL ? "" : shown.text);
    textbuf_done(&shown);
    return true;
}

static void keep_pair(struct text_pairs *pairs, const char *key, const char *value)
{
    struct text_pair *pair;

    for (size_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->items[i].key, key) == 0)
            return;
    }
    pairs->items = need_realloc(pairs->items, pairs->count + 1, sizeof(*pairs->items));
    pair = &pairs->items[pairs->count++];
    *pair = (struct text_pair){need_strdup(key), need_strdup(value)};
}

static void pair_origin(const struct binding *b, const struct option *option,
                        const struct node_entry *entry)
{
    struct textbuf path = {0};
    struct textbuf where = {0};

    textbuf_printf(&path, "%s%s.%s", b->prefix, option->path, entry->key);
    textbuf_printf(&where, "%s:%d", b->layers->file, entry->line);
    if (origin_find(b->out->origins, path.text) == NULL)
        origin_add(b->out->origins, path.text, entry->value->text, where.text, LAYER_FILE, option,
                   false);
    textbuf_done(&path);
    textbuf_done(&where);
}

/* All places count: a table's properties are added to those of all tables. */
static bool bind_pairs(const struct binding *b, const struct option *option)
{
    struct text_pairs *pairs = (struct text_pairs *)(void *)((char *)b->base + option->offset);

    for (size_t i = 0; i < MOST_PLACES; i++) {
        struct found found;

        if (!find_in_place(&b->places[i], option->path, "", &found))
            continue;
        if (found.node->kind != NODE_MAP)
            return fail_in_file(b, &found, found.node->line, "takes a mapping, NAME: VALUE");
        for (size_t j = 0; j < found.node->count; j++) {
            const struct node_entry *entry = &found.node->entries[j];

            if (entry->value->kind != NODE_TEXT || entry->value->text == NULL)
                return fail_in_file(b, &found, entry->line, "takes a text for each name");
            keep_pair(pairs, entry->key, entry->value->text);
            pair_origin(b, option, entry);
        }
    }
    return true;
}

static bool bind_json(const struct binding *b, const struct option *option,
                      const struct found *found)
{
    struct textbuf json = {0};

    node_to_json(found->node, &json);
    *(char **)(void *)((char *)b->base + option->offset) = json.text;
    keep_file_origin(b, found, option, json.text);
    return true;
}

/* The item itself: where messages look for what it has not. */
static void item_origin(struct config *out, const struct layers *layers, const char *prefix,
                        const struct file_node *item)
{
    struct textbuf path = {0};
    struct textbuf where = {0};

    textbuf_add(&path, prefix, strlen(prefix) - 1);
    textbuf_printf(&where, "%s:%d", layers->file, item->line);
    origin_add(out->origins, path.text, NULL, where.text, LAYER_FILE, NULL, false);
    textbuf_done(&path);
    textbuf_done(&where);
}

static bool bind_scope(const struct binding *b);

static bool bind_columns(const struct binding *b, const struct found *found)
{
    struct record_config *records = &((struct source_config *)b->base)->records;
    const struct file_node *node = found->node;
    bool ok = true;

    if (node->kind != NODE_LIST)
        return fail_in_file(b, found, node->line, "takes a list, - column: NAME ...");
    records->columns = need_alloc(node->count, sizeof(*records->columns));
    for (size_t i = 0; i < node->count && ok; i++) {
        struct textbuf prefix = {0};
        struct textbuf name = {0};

        textbuf_printf(&prefix, "%stransforms[%zu].", b->prefix, i);
        textbuf_printf(&name, "%stransforms[%zu].", found->place->name, i);
        records->n_columns++;
        item_origin(b->out, b->layers, prefix.text, node->entries[i].value);
        ok = bind_scope(&(struct binding){.layers = b->layers,
                                          .out = b->out,
                                          .problem = b->problem,
                                          .scope = OF_COLUMN,
                                          .base = &records->columns[i],
                                          .prefix = prefix.text,
                                          .places = {{node->entries[i].value, "", name.text}}});
        textbuf_done(&prefix);
        textbuf_done(&name);
    }
    return ok;
}

/* ---- one option, one scope ---- */

static bool fail_missing(const struct binding *b, const struct option *option)
{
    struct textbuf path = {0};

    textbuf_printf(&path, "%s%s", b->prefix, option->path);
    origin_name(b->out, path.text, b->problem);
    textbuf_puts(b->problem, ": is missing");
    if (option->env != NULL)
        textbuf_printf(b->problem, ", and %s is not set", option->env);
    textbuf_done(&path);
    return false;
}

static bool bind_default(const struct binding *b, const struct option *option)
{
    struct textbuf why = {0};
    const char *text = b->layers->seeded && option->seed != NULL ? option->seed : option->fallback;
    struct option free_of_range = *option;

    free_of_range.min = INT64_MIN;
    free_of_range.max = INT64_MAX;
    if (text != NULL)
        (void)option_set(&free_of_range, text, b->base, &why);
    else if (option->kind == KIND_TIME)
        *(int64_t *)(void *)((char *)b->base + option->offset) = -1;
    textbuf_done(&why);
    keep_origin(b, option, text, NULL, LAYER_DEFAULT);
    if (text != NULL || (option->flags & OPTION_NEEDED) == 0)
        return true;
    return fail_missing(b, option);
}

static bool bind_option(const struct binding *b, const struct option *option)
{
    size_t count;
    size_t index = (size_t)(option - option_table(&count));
    struct found found;

    if (option->kind == KIND_PAIRS)
        return option->offset == NO_MEMBER || bind_pairs(b, option);
    if (b->layers->flags[index].text != NULL)
        return bind_given(b, option, &b->layers->flags[index], LAYER_FLAG);
    if (b->layers->environment[index].text != NULL)
        return bind_given(b, option, &b->layers->environment[index], LAYER_ENVIRONMENT);
    if (!find_in_file(b, option, &found))
        return false;
    if (found.node == NULL)
        return bind_default(b, option);
    switch (option->kind) {
    case KIND_LIST:
        return bind_list(b, option, &found);
    case KIND_JSON:
        return bind_json(b, option, &found);
    case KIND_COLUMNS:
        return bind_columns(b, &found);
    default:
        return bind_text(b, option, &found);
    }
}

static bool bind_scope(const struct binding *b)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        if (table[i].scope == b->scope && (table[i].path != NULL || table[i].offset != NO_MEMBER) &&
            !bind_option(b, &table[i]))
            return false;
    }
    return true;
}

/* Items of a list at the root, or the one that flags and variables make. */
static bool bind_items(const struct layers *layers, const char *list_name, enum option_scope scope,
                       const char *shared_key, const char *shared_under, void *items,
                       size_t item_size, size_t count, struct config *out, struct textbuf *problem)
{
    const struct file_node *list = node_get(layers->root, list_name);
    bool ok = true;

    for (size_t i = 0; i < count && ok; i++) {
        struct textbuf prefix = {0};
        struct textbuf shared_name = {0};

        textbuf_printf(&prefix, "%s[%zu].", list_name, i);
        textbuf_printf(&shared_name, "%s.", shared_key);
        if (list != NULL)
            item_origin(out, layers, prefix.text, list->entries[i].value);
        ok = bind_scope(&(struct binding){
            .layers = layers,
            .out = out,
            .problem = problem,
            .scope = scope,
            .base = (char *)items + i * item_size,
            .prefix = prefix.text,
            .only_one = count == 1,
            .places = {{list == NULL ? NULL : list->entries[i].value, "", prefix.text},
                       {node_get(layers->root, "defaults"), "", "defaults."},
                       {node_get(layers->root, shared_key), shared_under, shared_name.text}}});
        textbuf_done(&prefix);
        textbuf_done(&shared_name);
    }
    return ok;
}

static size_t items_of(const struct layers *layers, const char *list_name)
{
    const struct file_node *list = node_get(layers->root, list_name);

    return list == NULL ? 1 : list->count;
}

bool config_bind(const struct layers *layers, struct config *out, struct textbuf *problem)
{
    out->origins = need_alloc(1, sizeof(*out->origins));
    if (layers->file != NULL)
        out->origins->file = need_strdup(layers->file);
    out->n_sources = items_of(layers, "sources");
    out->sources = need_alloc(out->n_sources, sizeof(*out->sources));
    out->n_tables = items_of(layers, "tables");
    out->tables = need_alloc(out->n_tables, sizeof(*out->tables));
    return bind_scope(&(struct binding){.layers = layers,
                                        .out = out,
                                        .problem = problem,
                                        .scope = OF_PROCESS,
                                        .base = out,
                                        .prefix = "",
                                        .places = {{layers->root, "", ""}}}) &&
           bind_items(layers, "sources", OF_SOURCE, "registry", "registry.", out->sources,
                      sizeof(*out->sources), out->n_sources, out, problem) &&
           bind_items(layers, "tables", OF_TABLE, "dlq", "on_error.", out->tables,
                      sizeof(*out->tables), out->n_tables, out, problem);
}
