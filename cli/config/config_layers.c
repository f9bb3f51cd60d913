/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_layers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

char *secret_from_file(const char *file, struct textbuf *problem)
{
    enum { MOST_BYTES = 1 << 20 };
    FILE *stream = fopen(file, "rb");
    char *text;
    size_t len;

    if (stream == NULL) {
        textbuf_printf(problem, "%s: %s", file, strerror(errno));
        return NULL;
    }
    text = need_alloc(MOST_BYTES + 1, 1);
    len = fread(text, 1, MOST_BYTES, stream);
    if (ferror(stream) || len == MOST_BYTES || strlen(text) != len) {
        textbuf_printf(problem, "%s: %s", file,
                       ferror(stream) ? strerror(errno) : "is no text of less than 1 MiB");
        free(text);
        text = NULL;
    }
    (void)fclose(stream);
    if (text == NULL)
        return NULL;
    if (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    if (len > 0 && text[len - 1] == '\r')
        text[--len] = '\0';
    return text;
}

/* `suffix` is "-file" or "_FILE": the value is in the file that `text` names. */
static bool give(struct given *given, const char *where, const char *suffix, const char *text,
                 struct textbuf *problem)
{
    struct textbuf reason = {0};
    struct textbuf name = {0};
    char *value = suffix == NULL ? need_strdup(text) : secret_from_file(text, &reason);

    textbuf_printf(&name, "%s%s", where, suffix == NULL ? "" : suffix);
    if (value == NULL)
        textbuf_printf(problem, "%s: %s", name.text, reason.text);
    textbuf_done(&reason);
    if (value != NULL) {
        free(given->text);
        free(given->where);
        *given = (struct given){value, name.text};
        return true;
    }
    textbuf_done(&name);
    return false;
}

/* ---- flags ---- */

static const struct option *find_flag(const char *arg, size_t len, size_t *out_index,
                                      const char **out_suffix)
{
    static const char suffix[] = "-file";
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        size_t flag_len = table[i].flag == NULL ? 0 : strlen(table[i].flag);

        if (flag_len == 0 || flag_len > len || strncmp(table[i].flag, arg, flag_len) != 0)
            continue;
        *out_index = i;
        *out_suffix = NULL;
        if (flag_len == len)
            return &table[i];
        *out_suffix = suffix;
        if ((table[i].flags & OPTION_SECRET) != 0 && len == flag_len + sizeof(suffix) - 1 &&
            strncmp(arg + flag_len, suffix, sizeof(suffix) - 1) == 0)
            return &table[i];
    }
    return NULL;
}

static void no_such_flag(const char *arg, size_t len, struct textbuf *problem)
{
    size_t count;
    const struct option *table = option_table(&count);
    const char **names = need_alloc(count, sizeof(*names));
    char *name = need_alloc(len + 1, 1);
    size_t n = 0;
    const char *near;

    memcpy(name, arg, len);
    for (size_t i = 0; i < count; i++) {
        if (table[i].flag != NULL)
            names[n++] = table[i].flag;
    }
    near = nearest_name(name, names, n);
    if (name[0] != '-')
        textbuf_printf(problem, "%s: nothing to do with this", arg);
    else if (near != NULL)
        textbuf_printf(problem, "%s: no such option; the nearest is %s", arg, near);
    else
        textbuf_printf(problem, "%s: no such option", arg);
    free(name);
    free(names);
}

bool layers_read_flags(struct layers *layers, int argc, char **argv, bool *out_usage,
                       struct textbuf *problem)
{
    size_t count;

    (void)option_table(&count);
    layers->flags = need_alloc(count, sizeof(*layers->flags));
    *out_usage = true;
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        size_t len = equals != NULL ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        const char *suffix;
        const char *text;
        size_t index;
        const struct option *option = find_flag(argv[i], len, &index, &suffix);

        if (option == NULL) {
            no_such_flag(argv[i], len, problem);
            return false;
        }
        if ((option->flags & OPTION_SWITCH) != 0) {
            if (equals != NULL) {
                textbuf_printf(problem, "%s: takes no value", option->flag);
                return false;
            }
            text = "true";
        } else if (equals == NULL && i + 1 == argc) {
            textbuf_printf(problem, "%s: needs a value", argv[i]);
            return false;
        } else {
            text = equals != NULL ? equals + 1 : argv[++i];
        }
        if (!give(&layers->flags[index], option->flag, suffix, text, problem)) {
            *out_usage = false;
            return false;
        }
    }
    *out_usage = false;
    return true;
}

/* ---- environment ---- */

static const char *variable(char **environment, const char *name, size_t len)
{
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
            return *environment + len + 1;
    }
    return NULL;
}

/* One name of an option's variable; the value may be there or in the file that NAME_FILE names. */
static bool read_variable(const struct option *option, const char *name, size_t len,
                          char **environment, struct given *out, struct textbuf *problem)
{
    struct textbuf file_name = {0};
    const char *text = variable(environment, name, len);
    const char *file = NULL;
    char *plain = need_alloc(len + 1, 1);
    bool ok = true;

    memcpy(plain, name, len);
    textbuf_printf(&file_name, "%s_FILE", plain);
    if ((option->flags & OPTION_SECRET) != 0)
        file = variable(environment, file_name.text, file_name.len);
    if (file != NULL && file[0] == '\0')
        file = NULL;
    if (file != NULL && text != NULL && text[0] != '\0') {
        textbuf_printf(problem, "%s: is set, and so is %s; unset one of them", file_name.text,
                       plain);
        ok = false;
    } else if (file != NULL) {
        ok = give(out, plain, "_FILE", file, problem);
    } else if (text != NULL) {
        ok = give(out, plain, NULL, text, problem);
    }
    textbuf_done(&file_name);
    free(plain);
    return ok;
}

/* The variable and its aliases; two of them with different values are a mistake. */
static bool read_names(const struct option *option, const char *names, char **environment,
                       struct given *out, struct textbuf *problem)
{
    while (names != NULL && *names != '\0') {
        struct given given = {0};
        size_t len = strcspn(names, "|");
        bool ok = read_variable(option, names, len, environment, &given, problem);
        bool differs =
            ok && given.text != NULL && out->text != NULL && strcmp(given.text, out->text) != 0;

        if (differs)
            textbuf_printf(problem,
                           "%s: is set, and so is %s, which means the same, to another value; "
                           "unset one of them",
                           out->where, given.where);
        if (out->text == NULL && ok) {
            *out = given;
        } else {
            free(given.text);
            free(given.where);
        }
        if (!ok || differs)
            return false;
        names += len + (names[len] == '|');
    }
    return true;
}

/* ---- kafka-delta-ingest ---- */

static void give_if_free(struct layers *layers, const char *env, const char *text,
                         const char *where)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        struct given *given = &layers->environment[i];

        if (table[i].env != NULL && strcmp(table[i].env, env) == 0 && given->text == NULL)
            *given = (struct given){need_strdup(text), need_strdup(where)};
    }
}

/* Its registry variables say the format too; a path is a schema's file. */
static void take_registry(struct layers *layers, const char *name, const char *format)
{
    const char *text = variable(layers->variables, name, strlen(name));

    if (text == NULL || text[0] == '\0')
        return;
    if (strncmp(text, "http", 4) == 0) {
        give_if_free(layers, "RECORD_FORMAT", format, name);
        give_if_free(layers, "SCHEMA_REGISTRY_URL", text, name);
    } else if (strcmp(format, "avro") == 0) {
        give_if_free(layers, "RECORD_FORMAT", format, name);
        give_if_free(layers, "AVRO_SCHEMA_FILE", text, name);
    }
}

/* What it has and we have in other forms is not passed over in silence. */
static bool refuse_unlike(const struct layers *layers, struct textbuf *problem)
{
    static const struct {
        const char *name;
        const char *instead;
    } unlike[] = {
        {"KAFKA_SEEK_OFFSETS", "is not taken here: --from FILE, with the offsets to read first"},
        {"TRANSFORMS", "is not taken here: write transforms of the source into a file (--config)"},
        {"DLQ_TRANSFORMS", "is not taken here: rejected records are kept as they came"},
    };

    for (size_t i = 0; i < sizeof(unlike) / sizeof(unlike[0]); i++) {
        const char *text = variable(layers->variables, unlike[i].name, strlen(unlike[i].name));

        if (text == NULL || text[0] == '\0')
            continue;
        textbuf_printf(problem, "%s: %s", unlike[i].name, unlike[i].instead);
        return false;
    }
    return true;
}

bool layers_read_environment(struct layers *layers, char **environment, struct textbuf *problem)
{
    size_t count;
    const struct option *table = option_table(&count);

    layers->variables = environment;
    layers->environment = need_alloc(count, sizeof(*layers->environment));
    for (size_t i = 0; i < count; i++) {
        struct given *out = &layers->environment[i];

        if (!read_names(&table[i], table[i].env, environment, out, problem) ||
            !read_names(&table[i], table[i].aliases, environment, out, problem))
            return false;
    }
    take_registry(layers, "AVRO_REGISTRY", "avro");
    take_registry(layers, "JSON_REGISTRY", "json_schema");
    return refuse_unlike(layers, problem);
}

/* ---- what is there ---- */

const struct given *layers_given_flag(const struct layers *layers, const char *flag)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        if (table[i].flag == NULL || strcmp(table[i].flag, flag) != 0)
            continue;
        if (layers->flags[i].text != NULL)
            return &layers->flags[i];
        return layers->environment[i].text != NULL ? &layers->environment[i] : NULL;
    }
    return NULL;
}

static void free_given(struct given *given)
{
    size_t count;

    (void)option_table(&count);
    for (size_t i = 0; given != NULL && i < count; i++) {
        free(given[i].text);
        free(given[i].where);
    }
    free(given);
}

void layers_done(struct layers *layers)
{
    free_given(layers->flags);
    free_given(layers->environment);
    free(layers->file);
    node_free(layers->root);
    *layers = (struct layers){0};
}

/* ---- origins ---- */

void origin_add(struct config_origins *origins, const char *path, const char *text,
                const char *where, enum layer layer, const struct option *option, bool secret)
{
    origins->items = need_realloc(origins->items, origins->count + 1, sizeof(*origins->items));
    origins->items[origins->count++] =
        (struct config_origin){need_strdup(path),
                               text == NULL ? NULL : need_strdup(text),
                               where == NULL ? NULL : need_strdup(where),
                               layer,
                               option,
                               secret};
}

const struct config_origin *origin_find(const struct config_origins *origins, const char *path)
{
    for (size_t i = 0; i < origins->count; i++) {
        if (strcmp(origins->items[i].path, path) == 0)
            return &origins->items[i];
    }
    return NULL;
}

void origin_derived(struct config_origins *origins, const char *path, const char *text)
{
    for (size_t i = 0; i < origins->count; i++) {
        if (strcmp(origins->items[i].path, path) == 0 && origins->items[i].text == NULL)
            origins->items[i].text = need_strdup(text);
    }
}

void origins_free(struct config_origins *origins)
{
    for (size_t i = 0; origins != NULL && i < origins->count; i++) {
        free(origins->items[i].path);
        free(origins->items[i].text);
        free(origins->items[i].where);
    }
    if (origins != NULL) {
        free(origins->items);
        free(origins->file);
    }
    free(origins);
}

/* The innermost item of a list that has the path: "sources[1]" of "sources[1].topics". */
static const struct config_origin *item_of(const struct config_origins *origins, const char *path)
{
    const struct config_origin *found = NULL;

    for (size_t i = 0; i < origins->count; i++) {
        const struct config_origin *origin = &origins->items[i];
        size_t len = strlen(origin->path);

        if (strncmp(origin->path, path, len) == 0 && path[len] == '.' && origin->text == NULL &&
            origin->layer == LAYER_FILE && (found == NULL || len > strlen(found->path)))
            found = origin;
    }
    return found;
}

void origin_name(const struct config *config, const char *path, struct textbuf *out)
{
    const struct config_origin *origin = origin_find(config->origins, path);
    const struct config_origin *item = item_of(config->origins, path);

    if (origin != NULL && origin->layer == LAYER_FILE)
        textbuf_printf(out, "%s: %s", origin->where, path);
    else if (origin != NULL && origin->where != NULL)
        textbuf_puts(out, origin->where);
    else if (item != NULL)
        textbuf_printf(out, "%s: %s", item->where, path);
    else if (config->origins->file != NULL)
        textbuf_printf(out, "%s: %s", config->origins->file, path);
    else if (origin != NULL && origin->option != NULL && origin->option->env != NULL)
        textbuf_puts(out, origin->option->env);
    else
        textbuf_puts(out, path);
}
