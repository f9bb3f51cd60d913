/* SPDX-License-Identifier: Apache-2.0 */
#include "config/file_node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "common/memory.h"
#include "config/expand.h"

/* A file that refers to itself again and again must not take all memory. */
enum { MOST_BYTES = 1 << 20, MOST_NODES = 200000, MOST_DEPTH = 64 };

struct reader {
    const char *file;
    const char *data;
    char **environment;
    yaml_document_t *document;
    size_t nodes;
    int depth;
    struct textbuf *problem;
};

static bool fail(const struct reader *r, const yaml_mark_t *mark, const char *reason)
{
    textbuf_printf(r->problem, "%s:%zu: %s", r->file, mark->line + 1, reason);
    return false;
}

static bool convert(struct reader *r, const yaml_node_t *from, struct file_node **out);

/* ---- texts ---- */

static bool is_null(const char *text)
{
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static const char *text_of(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

static bool convert_text(struct reader *r, const yaml_node_t *from, struct file_node *out)
{
    const char *text = text_of(from);
    struct textbuf expanded = {0};
    struct textbuf why = {0};
    bool ok;

    if (strlen(text) != from->data.scalar.length)
        return fail(r, &from->start_mark, "has a NUL character");
    out->quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!out->quoted && is_null(text))
        return true;
    ok = expand_variables(text, r->environment, &expanded, &why);
    if (ok) {
        out->text = expanded.text;
    } else {
        (void)fail(r, &from->start_mark, why.text);
        textbuf_done(&expanded);
    }
    textbuf_done(&why);
    return ok;
}

/* ---- lists and mappings ---- */

static struct node_entry *add_entry(struct file_node *node)
{
    node->entries = need_realloc(node->entries, node->count + 1, sizeof(*node->entries));
    node->entries[node->count] = (struct node_entry){0};
    return &node->entries[node->count++];
}

static bool convert_list(struct reader *r, const yaml_node_t *from, struct file_node *out)
{
    for (const yaml_node_item_t *item = from->data.sequence.items.start;
         item < from->data.sequence.items.top; item++) {
        struct file_node *value = NULL;
        struct node_entry *entry = add_entry(out);
        const yaml_node_t *node = yaml_document_get_node(r->document, *item);
        bool ok = convert(r, node, &value);

        entry->value = value;
        entry->line = (int)node->start_mark.line + 1;
        if (!ok)
            return false;
    }
    return true;
}

static const struct node_entry *find(const struct file_node *node, const char *key)
{
    for (size_t i = 0; i < node->count; i++) {
        if (strcmp(node->entries[i].key, key) == 0)
            return &node->entries[i];
    }
    return NULL;
}

static bool is_merge(const yaml_node_t *key)
{
    return key->type == YAML_SCALAR_NODE && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           strcmp(text_of(key), "<<") == 0;
}

static bool convert_pair(struct reader *r, const yaml_node_t *key, const yaml_node_t *value,
                         struct file_node *out)
{
    struct textbuf why = {0};
    const struct node_entry *old;
    struct node_entry *entry;
    struct file_node *node = NULL;
    bool ok;

    if (key->type != YAML_SCALAR_NODE || strlen(text_of(key)) != key->data.scalar.length)
        return fail(r, &key->start_mark, "a name must be a text");
    old = find(out, text_of(key));
    if (old != NULL) {
        textbuf_printf(&why, "%s: is given twice; first in line %d", text_of(key), old->line);
        (void)fail(r, &key->start_mark, why.text);
        textbuf_done(&why);
        return false;
    }
    ok = convert(r, value, &node);
    entry = add_entry(out);
    *entry = (struct node_entry){need_strdup(text_of(key)), (int)key->start_mark.line + 1, node};
    return ok;
}

/* "<<: *name": what the mapping has not got itself. */
static bool merge(struct reader *r, const yaml_node_t *value, struct file_node *out)
{
    if (value->type == YAML_SEQUENCE_NODE) {
        for (const yaml_node_item_t *item = value->data.sequence.items.start;
             item < value->data.sequence.items.top; item++) {
            const yaml_node_t *node = yaml_document_get_node(r->document, *item);

            if (node->type != YAML_MAPPING_NODE)
                return fail(r, &node->start_mark, "<<: takes mappings");
            if (!merge(r, node, out))
                return false;
        }
        return true;
    }
    if (value->type != YAML_MAPPING_NODE)
        return fail(r, &value->start_mark, "<<: takes a mapping, or a list of them");
    for (const yaml_node_pair_t *pair = value->data.mapping.pairs.start;
         pair < value->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
        const yaml_node_t *node = yaml_document_get_node(r->document, pair->value);
        bool have = key->type == YAML_SCALAR_NODE && find(out, text_of(key)) != NULL;

        if (!have && !(is_merge(key) ? merge(r, node, out) : convert_pair(r, key, node, out)))
            return false;
    }
    return true;
}

static bool convert_map(struct reader *r, const yaml_node_t *from, struct file_node *out)
{
    for (int merging = 0; merging < 2; merging++) {
        for (const yaml_node_pair_t *pair = from->data.mapping.pairs.start;
             pair < from->data.mapping.pairs.top; pair++) {
            const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
            const yaml_node_t *value = yaml_document_get_node(r->document, pair->value);

            if (is_merge(key) == (merging == 1) &&
                !(merging == 1 ? merge(r, value, out) : convert_pair(r, key, value, out)))
                return false;
        }
    }
    return true;
}

/* *out is set also on failure, half-built. */
static bool convert(struct reader *r, const yaml_node_t *from, struct file_node **out)
{
    struct file_node *node = need_alloc(1, sizeof(*node));
    bool ok = false;

    *out = node;
    node->line = (int)from->start_mark.line + 1;
    if (++r->nodes > MOST_NODES || r->depth > MOST_DEPTH)
        return fail(r, &from->start_mark, "is too deep, or refers to too much again");
    r->depth++;
    switch (from->type) {
    case YAML_SCALAR_NODE:
        node->kind = NODE_TEXT;
        ok = convert_text(r, from, node);
        break;
    case YAML_SEQUENCE_NODE:
        node->kind = NODE_LIST;
        ok = convert_list(r, from, node);
        break;
    default:
        node->kind = NODE_MAP;
        ok = convert_map(r, from, node);
        break;
    }
    r->depth--;
    return ok;
}

/* ---- documents ---- */

static bool has_variable(const struct reader *r, size_t line)
{
    const char *text = r->data;
    const char *found;

    for (; line > 0 && text != NULL; line--) {
        text = strchr(text, '\n');
        text = text == NULL ? NULL : text + 1;
    }
    found = text == NULL ? NULL : strstr(text, "${");
    return found != NULL && found < text + strcspn(text, "\n");
}

static void syntax_error(const struct reader *r, const yaml_parser_t *parser)
{
    const char *problem = parser->problem == NULL ? "is no YAML" : parser->problem;
    const yaml_mark_t *mark = &parser->problem_mark;

    textbuf_printf(r->problem, "%s:%zu:%zu: %s", r->file, mark->line + 1, mark->column + 1,
                   problem);
    if (parser->context != NULL)
        textbuf_printf(r->problem, " %s", parser->context);
    if (parser->context != NULL && strstr(parser->context, "flow mapping") != NULL &&
        has_variable(r, mark->line))
        textbuf_puts(r->problem, "; within braces ${...} wants quotes");
}

static bool is_mapping(struct reader *r, const yaml_node_t *root)
{
    if (root == NULL || (root->type == YAML_SCALAR_NODE && is_null(text_of(root)))) {
        textbuf_printf(r->problem, "%s: has no settings", r->file);
        return false;
    }
    return root->type == YAML_MAPPING_NODE ||
           fail(r, &root->start_mark, "is not a mapping of settings, NAME: VALUE");
}

static bool is_last(struct reader *r, yaml_parser_t *parser)
{
    yaml_document_t more;
    const yaml_node_t *root;
    bool ok = true;

    if (yaml_parser_load(parser, &more) == 0) {
        syntax_error(r, parser);
        return false;
    }
    root = yaml_document_get_root_node(&more);
    if (root != NULL)
        ok = fail(r, &root->start_mark, "a second document begins; one is enough");
    yaml_document_delete(&more);
    return ok;
}

static struct file_node *read_document(struct reader *r, yaml_parser_t *parser)
{
    struct file_node *out = NULL;
    yaml_document_t document;
    const yaml_node_t *root;
    bool ok;

    if (yaml_parser_load(parser, &document) == 0) {
        syntax_error(r, parser);
        return NULL;
    }
    r->document = &document;
    root = yaml_document_get_root_node(&document);
    ok = is_mapping(r, root) && convert(r, root, &out) && is_last(r, parser);
    yaml_document_delete(&document);
    if (ok)
        return out;
    node_free(out);
    return NULL;
}

static unsigned char *read_whole(const char *file, size_t *out_len, struct textbuf *problem)
{
    FILE *stream = fopen(file, "rb");
    unsigned char *data;

    if (stream == NULL) {
        textbuf_printf(problem, "%s: %s", file, strerror(errno));
        return NULL;
    }
    data = need_alloc(MOST_BYTES + 1, 1);
    *out_len = fread(data, 1, MOST_BYTES + 1, stream);
    if (ferror(stream))
        textbuf_printf(problem, "%s: %s", file, strerror(errno));
    else if (*out_len > MOST_BYTES)
        textbuf_printf(problem, "%s: is larger than 1 MiB", file);
    (void)fclose(stream);
    if (problem->len == 0)
        return data;
    free(data);
    return NULL;
}

struct file_node *yaml_read(const char *file, char **environment, struct textbuf *problem)
{
    struct reader r = {.file = file, .environment = environment, .problem = problem};
    struct file_node *out = NULL;
    yaml_parser_t parser;
    size_t len;
    unsigned char *data = read_whole(file, &len, problem);

    if (data == NULL)
        return NULL;
    r.data = (const char *)data;
    if (yaml_parser_initialize(&parser) == 0) {
        textbuf_printf(problem, "%s: out of memory", file);
        free(data);
        return NULL;
    }
    yaml_parser_set_input_string(&parser, data, len);
    out = read_document(&r, &parser);
    yaml_parser_delete(&parser);
    free(data);
    return out;
}
