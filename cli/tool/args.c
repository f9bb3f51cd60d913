/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static void print_help(const struct verb *verb, const struct arg_spec *specs)
{
    (void)printf("Usage: deltawrite %s [OPTION]... %s\n\n%s\n\nOptions:\n", verb->name,
                 verb->arguments, verb->summary);
    for (; specs->flag != NULL; specs++) {
        char flag[64];
        (void)snprintf(flag, sizeof(flag), "%s%s%s", specs->flag, specs->value == NULL ? "" : " ",
                       specs->value == NULL ? "" : specs->value);
        (void)printf("  %-26s %s\n", flag, specs->help);
    }
    (void)printf("  %-26s %s\n\nExample:\n  %s\n", "--help", "show this", verb->example);
}

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

/* An option at argv[*i], as "--flag value" or "--flag=value". */
static int parse_option(const struct verb *verb, const struct arg_spec *specs, int argc,
                        char **argv, int *i)
{
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
    return usage_error(verb, arg, "no such option");
}

int args_parse(const struct verb *verb, const struct arg_spec *specs, int argc, char **argv,
               size_t min_args, size_t max_args, struct arg_list *out_args)
{
    bool options = true;

    for (int i = 0; i < argc; i++) {
        int code = -1;
        if (options && strcmp(argv[i], "--help") == 0) {
            print_help(verb, specs);
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
