/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/router.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { VALUE_MAX = 200 };

struct router {
    const struct config *config;
    regex_t *patterns; /* one a source; used where it has a topic_regex */
    size_t n_patterns; /* compiled so far, or passed over */
};

void router_pattern(const struct source_config *source, struct textbuf *out)
{
    textbuf_printf(out, "^(%s)$", source->topic_regex);
}

static bool compile(const struct source_config *source, regex_t *out, struct textbuf *problem)
{
    struct textbuf pattern = {0};
    char reason[200];
    int code;

    router_pattern(source, &pattern);
    code = regcomp(out, pattern.text, REG_EXTENDED);
    if (code != 0) {
        (void)regerror(code, out, reason, sizeof(reason));
        textbuf_printf(problem, "topic pattern %s: %s", source->topic_regex, reason);
    }
    textbuf_done(&pattern);
    return code == 0;
}

struct router *router_new(const struct config *config, struct textbuf *out_problem)
{
    struct router *router = need_alloc(1, sizeof(*router));

    router->config = config;
    router->patterns = need_alloc(config->n_sources, sizeof(regex_t));
    for (size_t i = 0; i < config->n_sources; i++) {
        const struct source_config *source = &config->sources[i];
        if (source->topic_regex != NULL && !compile(source, &router->patterns[i], out_problem)) {
            router_free(router);
            return NULL;
        }
        router->n_patterns++;
    }
    return router;
}

void router_free(struct router *router)
{
    if (router == NULL)
        return;
    for (size_t i = 0; i < router->n_patterns; i++) {
        if (router->config->sources[i].topic_regex != NULL)
            regfree(&router->patterns[i]);
    }
    free(router->patterns);
    free(router);
}

static bool matches(const struct router *router, size_t index, const char *topic, struct route *out)
{
    const struct source_config *source = &router->config->sources[index];
    regmatch_t found[ROUTE_GROUPS + 1]; /* the first group is the whole, by router_pattern() */

    *out = (struct route){.source = index, .groups = {{topic, strlen(topic)}}};
    for (size_t i = 0; i < source->topics.count && source->topic_regex == NULL; i++) {
        if (strcmp(source->topics.items[i], topic) == 0)
            return true;
    }
    if (source->topic_regex == NULL ||
        regexec(&router->patterns[index], topic, ROUTE_GROUPS + 1, found, 0) != 0)
        return false;
    for (size_t i = 1; i < ROUTE_GROUPS; i++) {
        if (found[i + 1].rm_so >= 0)
            out->groups[i] = (dw_bytes){topic + found[i + 1].rm_so,
                                        (size_t)(found[i + 1].rm_eo - found[i + 1].rm_so)};
    }
    return true;
}

size_t router_match(const struct router *router, const char *topic, struct route *out, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < router->config->n_sources && count < max; i++) {
        size_t table = router->config->sources[i].table;
        if (!matches(router, i, topic, &out[count]))
            continue;
        out[count].by_record = router_is_by_record(router->config->tables[table].uri);
        count++;
    }
    return count;
}

bool router_is_by_record(const char *text)
{
    return text != NULL && (strstr(text, "${field:") != NULL || strstr(text, "${header:") != NULL);
}

/* A value must be one part of a path that means itself: what records say shall not lead to other
 * places, and two values not to one place. */
static bool is_fit(const char *text, size_t len)
{
    if (len == 0 || len > VALUE_MAX || text[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c == 0x7f || strchr("/\\?#%*:\"'<>|", c) != NULL)
            return false;
    }
    return true;
}

static const struct record_header *find_header(const struct record *record, const char *name)
{
    /* Of several with one name the last one counts, as with fields. */
    for (size_t i = record->n_headers; i > 0; i--) {
        if (strcmp(record->headers[i - 1].name, name) == 0)
            return &record->headers[i - 1];
    }
    return NULL;
}

/* The text of ${name}; false: there is none. */
static bool find_value(const char *name, const struct route *route, const struct record *record,
                       const dw_bytes *row, struct textbuf *out)
{
    const struct record_header *header;

    if (strcmp(name, "topic") == 0) {
        textbuf_add(out, route->groups[0].data, route->groups[0].len);
        return true;
    }
    if (name[0] >= '0' && name[0] <= '9' && name[1] == '\0') {
        const dw_bytes *group = &route->groups[name[0] - '0'];
        if (group->data != NULL)
            textbuf_add(out, group->data, group->len);
        return group->data != NULL;
    }
    if (record == NULL && row == NULL) {
        textbuf_puts(out, "_unrouted");
        return true;
    }
    if (strncmp(name, "field:", 6) == 0)
        return row != NULL && decoder_field(*row, name + 6, out);
    if (strncmp(name, "header:", 7) != 0 || record == NULL)
        return false;
    header = find_header(record, name + 7);
    if (header != NULL && header->value.data != NULL)
        textbuf_add(out, header->value.data, header->value.len);
    return header != NULL && header->value.data != NULL;
}

static bool put_value(const char *name, const struct route *route, const struct record *record,
                      const dw_bytes *row, struct textbuf *out, struct textbuf *out_problem)
{
    struct textbuf value = {0};
    bool found = find_value(name, route, record, row, &value);
    bool fit = found && is_fit(value.text == NULL ? "" : value.text, value.len);

    if (fit)
        textbuf_add(out, value.text, value.len);
    else if (!found)
        textbuf_printf(out_problem, "%s is missing or null, and the table's path needs it", name);
    else
        textbuf_printf(out_problem, "%s: its value is not fit to be a part of the table's path",
                       name);
    textbuf_done(&value);
    return fit;
}

bool router_expand(const char *text, const struct route *route, const struct record *record,
                   const dw_bytes *row, struct textbuf *out, struct textbuf *out_problem)
{
    while (*text != '\0') {
        const char *start = strstr(text, "${");
        const char *end = start == NULL ? NULL : strchr(start, '}');
        struct textbuf name = {0};
        bool ok;

        if (end == NULL) {
            textbuf_puts(out, text);
            return true;
        }
        textbuf_add(out, text, (size_t)(start - text));
        textbuf_add(&name, start + 2, (size_t)(end - start - 2));
        ok = put_value(name.text, route, record, row, out, out_problem);
        textbuf_done(&name);
        if (!ok)
            return false;
        text = end + 1;
    }
    return true;
}

bool router_letters(const struct table_config *table, const struct route *route,
                    const struct record *record, const dw_bytes *row, struct textbuf *out,
                    struct textbuf *out_problem)
{
    if (table->bad.table_uri != NULL)
        return router_expand(table->bad.table_uri, route, record, row, out, out_problem);
    if (!router_expand(table->uri, route, record, row, out, out_problem))
        return false;
    while (out->len > 1 && out->text[out->len - 1] == '/')
        out->text[--out->len] = '\0';
    textbuf_puts(out, "_rejected");
    return true;
}
