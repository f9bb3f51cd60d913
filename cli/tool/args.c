/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/nearest.h"
#include "common/textbuf.h"
#include "tool/help.h"

static int usage_error(const struct verb *verb, const char *object, const char *reason)
{
    (void)fprintf(stderr, "deltawrite %s: %s: %s (see deltawrite %s --help)\n", verb->name, object,
                  reason, verb->name);
    return 2;
}

static void add_item(struct arg_list *list, const char *item)
{
    list->items = need_realloc((void *)list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = item;
}

static bool parse_count(const char *text, int64_t *out)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || text[0] < '0' || text[0] > '9')
        return false;
    *out = value;
    return true;
}

static int store_value(const struct verb *verb, const struct arg_spec *spec, const char *value)
{
    switch (spec->kind) {
    case ARG_FLAG:
        *(bool *)spec->target = true;
        return -1;
    case ARG_TEXT:
        *(const char **)spec->target = value;
        return -1;
    case ARG_COUNT:
        if (parse_count(value, spec->target))
            return -1;
        return usage_error(verb, spec->flag, "wants a whole number, 0 or more");
    case ARG_LIST:
        add_item(spec->target, value);
        return -1;
    }
    return 2;
}

static int no_such_option(const struct verb *verb, const struct arg_spec *specs, const char *arg,
                          size_t len)
{
    struct textbuf reason = {0};
    struct nearest nearest;
    int code;

    nearest_begin(&nearest, arg, len);
    for (; specs->flag != NULL; specs++)
        nearest_offer(&nearest, specs->flag);
    textbuf_puts(&reason, "no such option");
    if (nearest_found(&nearest) != NULL)
        textbuf_printf(&reason, ", did you mean %s?", nearest_found(&nearest));
    code = usage_error(verb, arg, reason.text);
    textbuf_done(&reason);
    return code;
}

/* An option at argv[*i], as "--flag value" or "--flag=value". */
static int parse_option(const struct verb *verb, const struct arg_spec *specs, int argc,
                        char **argv, int *i)
{
    const struct arg_spec *all = specs;
    const char *arg = argv[*i];
    const char *equals = strchr(arg, '=');
    size_t len = equals == NULL ? strlen(arg) : (size_t)(equals - arg);

    for (; specs->flag != NULL; specs++) {
        const char *value = equals == NULL ? NULL : equals + 1;
        if (strlen(specs->flag) != len || strncmp(specs->flag, arg, len) != 0)
            continue;
        if (specs->kind == ARG_FLAG && value != NULL)
            return usage_error(verb, specs->flag, "takes no value");
        if (specs->kind != ARG_FLAG && value == NULL) {
            if (*i + 1 >= argc)
                return usage_error(verb, specs->flag, "wants a value");
            value = argv[++*i];
        }
        return store_value(verb, specs, value);
    }
    return no_such_option(verb, all, arg, len);
}

int verbs_run(const char *program, const struct verb *verbs, size_t count, int argc, char **argv)
{
    struct nearest nearest;

    nearest_begin(&nearest, argv[0], strlen(argv[0]));
    for (size_t i = 0; i < count; i++) {
        const char *last = strrchr(verbs[i].name, ' ');
        const char *name = last == NULL ? verbs[i].name : last + 1;
        if (strcmp(argv[0], name) != 0) {
            nearest_offer(&nearest, name);
            continue;
        }
        if (verbs[i].verbs == NULL)
            return verbs[i].run(&verbs[i], argc - 1, argv + 1);
        return help_group(&verbs[i], argc - 1, argv + 1);
    }
    (void)fprintf(stderr, "%s: %s: no such verb", program, argv[0]);
    if (nearest_found(&nearest) != NULL)
        (void)fprintf(stderr, ", did you mean %s?", nearest_found(&nearest));
    (void)fprintf(stderr, " (see %s --help)\n", program);
    return 2;
}

int args_parse(const struct verb *verb, const struct arg_spec *specs, int argc, char **argv,
               size_t min_args, size_t max_args, struct arg_list *out_args)
{
    bool options = true;

    for (int i = 0; i < argc; i++) {
        int code = -1;
        if (options && strcmp(argv[i], "--help") == 0) {
            help_verb(verb, specs);
            return 0;
        }
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
            code = parse_option(verb, specs, argc, argv, &i);
        else
            add_item(out_args, argv[i]);
        if (code >= 0)
            return code;
    }
    if (out_args->count < min_args)
        return usage_error(verb, verb->arguments, "missing");
    if (out_args->count > max_args)
        return usage_error(verb, out_args->items[max_args], "one argument too many");
    return -1;
}

void arg_list_free(struct arg_list *list)
{
    free((void *)list->items);
    list->items = NULL;
    list->count = 0;
}

void split_list(const char *text, char **out_copy, const char ***out_items, size_t *out_count)
{
    size_t count = 1;

    for (const char *c = text; *c != '\0'; c++)
        count += *c == ',';
    *out_copy = need_strdup(text);
    *out_items = need_alloc(count, sizeof(**out_items));
    *out_count = 0;
    for (char *item = *out_copy; item != NULL;) {
        char *comma = strchr(item, ',');
        if (comma != NULL)
            *comma++ = '\0';
        (*out_items)[(*out_count)++] = item;
        item = comma;
    }
}
