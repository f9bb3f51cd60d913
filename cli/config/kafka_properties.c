/* SPDX-License-Identifier: Apache-2.0 */
#include "config/kafka_properties.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/kafka_oauth.h"
#include "config/kafka_security.h"
#include "config/option_readers.h"

static const char prefix[] = "KAFKA_CONF_";

struct property {
    const char *name;
    const char *value;
};

/* What may be overridden. The sizes keep what is fetched ahead well below the memory the service
 * may take; the broker still sends a larger record when there is one. A killed instance keeps its
 * partitions until its session is over; heartbeats come from a thread of their own, whatever the
 * store does, so that the session can be short. */
static const struct property defaults[] = {
    {"client.id", SERVICE_NAME},
    {"isolation.level", "read_committed"},
    {"partition.assignment.strategy", "cooperative-sticky"},
    {"session.timeout.ms", "10000"},
    {"heartbeat.interval.ms", "3000"},
    {"queued.max.messages.kbytes", "16384"},
    {"queued.min.messages", "30000"},
    {"fetch.max.bytes", "8388608"},
    {"log.connection.close", "false"},
    {"socket.keepalive.enable", "true"},
};

/* What the service's promises rest on. */
static const struct property fixed[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
};

/* What is being collected. */
struct collector {
    struct config *out;
    struct textbuf *problem;
    rd_kafka_conf_t *scratch; /* takes each value, to see whether it is one */
    const char **names;       /* all that librdkafka knows */
    char **ranges;            /* the values they take, "" where librdkafka does not tell */
    size_t n_names;
};

static bool fail(const struct collector *c, const char *object, const char *reason)
{
    textbuf_printf(c->problem, "%s: %s", object, reason);
    return false;
}

/* ---- names ---- */

/* The third column. */
static char *range_of(const char *line)
{
    size_t len = 0;
    char *range;

    for (int i = 0; i < 2 && line != NULL; i++)
        line = strchr(line + 1, '|');
    if (line != NULL) {
        line += 1 + strspn(line + 1, " ");
        len = strcspn(line, "|\n");
        while (len > 0 && line[len - 1] == ' ')
            len--;
    }
    range = need_alloc(len + 1, 1);
    if (len > 0)
        memcpy(range, line, len);
    return range;
}

/* librdkafka tells all of its names in a table for people alone: "NAME | C/P | ...". */
static void read_names(struct collector *c)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (stream == NULL)
        return;
    rd_kafka_conf_properties_show(stream);
    (void)fclose(stream);
    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        size_t len;
        char *name;

        line += *line == '\n';
        len = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789._-");
        if (len == 0 || line[len] != ' ' || (len > 3 && strncmp(line + len - 3, "_cb", 3) == 0))
            continue;
        name = need_alloc(len + 1, 1);
        memcpy(name, line, len);
        c->names = need_realloc(c->names, c->n_names + 1, sizeof(*c->names));
        c->ranges = need_realloc(c->ranges, c->n_names + 1, sizeof(*c->ranges));
        c->ranges[c->n_names] = range_of(line);
        c->names[c->n_names++] = name;
    }
    free(text);
}

static bool is_property(const struct collector *c, const char *name)
{
    for (size_t i = 0; i < c->n_names; i++) {
        if (strcmp(c->names[i], name) == 0)
            return true;
    }
    return false;
}

/* "FETCH_WAIT_MAX_MS" is fetch.wait.max.ms; the few names with an underscore are tried next. */
static char *property_name(const struct collector *c, const char *text, size_t len)
{
    char *name = need_alloc(len + 1, 1);

    for (size_t i = 0; i < len; i++)
        name[i] = (char)tolower((unsigned char)text[i]);
    if (is_property(c, name))
        return name;
    for (size_t i = 0; i < len; i++)
        name[i] = name[i] == '_' ? '.' : name[i];
    return name;
}

/* The names of properties that are also settings under one name: "sasl.mechanisms". */
static const char *common_name(const char *name)
{
    if (strcmp(name, "sasl.mechanisms") == 0)
        return "sasl.mechanism";
    return name;
}

bool kafka_property_is_secret(const char *name)
{
    return strstr(name, "password") != NULL || strstr(name, "secret") != NULL ||
           strcmp(name, "ssl.key.pem") == 0 || strcmp(name, "sasl.oauthbearer.config") == 0;
}

const char *kafka_property(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->kafka.count; i++) {
        if (strcmp(config->kafka.items[i].key, name) == 0)
            return config->kafka.items[i].value;
    }
    return NULL;
}

/* ---- one property ---- */

static bool unknown(const struct collector *c, const char *object, const char *name)
{
    const char *near = nearest_name(name, c->names, c->n_names);

    textbuf_printf(c->problem, "%s: librdkafka has no property %s", object, name);
    if (near != NULL)
        textbuf_printf(c->problem, "; the nearest is %s", near);
    return false;
}

/* Where a partition starts is a setting of ours: librdkafka is never to decide that. */
static bool set_start(const struct collector *c, const char *object, const char *value,
                      const char *where)
{
    static const char path[] = "run.from";
    struct config_origin *origin = NULL;
    struct textbuf why = {0};
    bool ok;

    for (size_t i = 0; i < c->out->origins->count; i++) {
        if (strcmp(c->out->origins->items[i].path, path) == 0)
            origin = &c->out->origins->items[i];
    }
    if (origin == NULL || origin->layer > LAYER_FILE)
        return true;
    if (origin->layer == LAYER_FILE) {
        textbuf_printf(c->problem, "%s: is given, and so is run.from (%s); leave one of them out",
                       object, origin->where);
        return false;
    }
    ok = read_start(value, c->out, &why);
    if (ok) {
        free(origin->text);
        origin->text = need_strdup(value);
        origin->where = need_strdup(where);
        origin->layer = LAYER_FILE;
    } else {
        (void)fail(c, object, why.text);
    }
    textbuf_done(&why);
    return ok;
}

static bool refuse_ours(const struct collector *c, const char *object, const char *name,
                        const char *value)
{
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strcmp(name, fixed[i].name) == 0 && strcmp(value, fixed[i].value) != 0)
            return fail(c, object, "cannot be changed: each record exactly once rests on it");
    }
    if (strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "metadata.broker.list") == 0)
        return fail(c, object, "is KAFKA_BOOTSTRAP_SERVERS here, or kafka.brokers in the file");
    if (strcmp(name, "group.id") == 0)
        return fail(c, object, "is KAFKA_GROUP_ID here, or kafka.group in the file");
    return true;
}

static bool is_value(const struct collector *c, const char *object, const char *name,
                     const char *value)
{
    char reason[512];

    if (kafka_oauth_is_ours(name, value) ||
        rd_kafka_conf_set(c->scratch, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
        return true;
    (void)fail(c, object, reason);
    for (size_t i = 0; i < c->n_names; i++) {
        if (strcmp(c->names[i], name) == 0 && c->ranges[i][0] != '\0')
            textbuf_printf(c->problem, "; allowed: %s", c->ranges[i]);
    }
    return false;
}

/* The stronger layer wins; two in one layer must agree. `name` is kept. */
static bool keep(const struct collector *c, const char *name, const char *value, const char *object,
                 const char *where, enum layer layer)
{
    struct text_pairs *pairs = &c->out->kafka;
    struct config_origins *origins = c->out->origins;
    struct textbuf path = {0};
    struct config_origin *old = NULL;
    bool ok = true;

    textbuf_printf(&path, "kafka.conf.%s", name);
    for (size_t i = 0; i < origins->count; i++) {
        if (strcmp(origins->items[i].path, path.text) == 0)
            old = &origins->items[i];
    }
    if (old == NULL) {
        origin_add(origins, path.text, value, where, layer, NULL, kafka_property_is_secret(name));
        pairs->items = need_realloc(pairs->items, pairs->count + 1, sizeof(*pairs->items));
        pairs->items[pairs->count++] = (struct text_pair){need_strdup(name), need_strdup(value)};
    } else if (layer > old->layer) {
        free(old->text);
        free(old->where);
        old->text = need_strdup(value);
        old->where = need_strdup(where);
        old->layer = layer;
        for (size_t i = 0; i < pairs->count; i++) {
            if (strcmp(pairs->items[i].key, name) == 0) {
                free(pairs->items[i].value);
                pairs->items[i].value = need_strdup(value);
            }
        }
    } else if (layer == old->layer && strcmp(old->text, value) != 0) {
        textbuf_printf(c->problem,
                       "%s: is given, and so is %s to another value in %s; leave one "
                       "of them out",
                       object, name, old->where);
        ok = false;
    }
    textbuf_done(&path);
    return ok;
}

static bool add(const struct collector *c, const char *name, const char *value, const char *object,
                const char *where, enum layer layer)
{
    name = common_name(name);
    if (!is_property(c, name) && !kafka_oauth_is_ours(name, value))
        return unknown(c, object, name);
    if (strcmp(name, "auto.offset.reset") == 0 && layer == LAYER_FILE)
        return set_start(c, object, value, where);
    return refuse_ours(c, object, name, value) && is_value(c, object, name, value) &&
           keep(c, name, value, object, where, layer);
}

/* ---- where they come from ---- */

/* Those that have settings of their own: kafka.security.password is sasl.password. */
static bool add_settings(const struct collector *c)
{
    for (size_t i = 0; i < c->out->origins->count; i++) {
        struct config_origin origin = c->out->origins->items[i];
        struct textbuf object = {0};
        bool ok = true;

        if (origin.option != NULL && origin.option->property != NULL && origin.text != NULL) {
            char *text = need_strdup(origin.text); /* the list grows below */
            char *where = need_strdup(origin.where);

            origin_name(c->out, origin.path, &object);
            ok = add(c, origin.option->property, text, object.text, where, origin.layer);
            free(text);
            free(where);
        }
        textbuf_done(&object);
        if (!ok)
            return false;
    }
    return true;
}

static bool add_mapping(const struct collector *c, const struct layers *layers)
{
    const struct file_node *map = node_get(node_get(layers->root, "kafka"), "conf");
    bool ok = true;

    if (map != NULL && map->kind != NODE_MAP) {
        textbuf_printf(c->problem, "%s:%d: kafka.conf: takes a mapping, NAME: VALUE", layers->file,
                       map->line);
        return false;
    }
    for (size_t i = 0; map != NULL && i < map->count && ok; i++) {
        const struct node_entry *entry = &map->entries[i];
        struct textbuf object = {0};
        struct textbuf where = {0};

        textbuf_printf(&where, "%s:%d", layers->file, entry->line);
        textbuf_printf(&object, "%s: kafka.conf.%s", where.text, entry->key);
        if (entry->value->kind != NODE_TEXT || entry->value->text == NULL)
            ok = fail(c, object.text, "takes one value");
        else
            ok = add(c, entry->key, entry->value->text, object.text, where.text, LAYER_FILE);
        textbuf_done(&object);
        textbuf_done(&where);
    }
    return ok;
}

static char *trimmed(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

static bool add_line(const struct collector *c, const char *file, int number, char *line)
{
    struct textbuf where = {0};
    struct textbuf object = {0};
    char *text = trimmed(line);
    char *equals = strchr(text, '=');
    bool ok = true;

    textbuf_printf(&where, "%s:%d", file, number);
    if (text[0] == '\0' || text[0] == '#') {
        ok = true;
    } else if (equals == NULL) {
        ok = fail(c, where.text, "is not NAME=VALUE");
    } else {
        *equals = '\0';
        text = trimmed(text);
        textbuf_printf(&object, "%s: %s", where.text, text);
        ok = add(c, text, trimmed(equals + 1), object.text, where.text, LAYER_FILE);
    }
    textbuf_done(&where);
    textbuf_done(&object);
    return ok;
}

static bool add_file(const struct collector *c)
{
    const struct config_origin *origin = origin_find(c->out->origins, "kafka.conf_file");
    struct textbuf object = {0};
    char *file_name;
    char *line = NULL;
    size_t cap = 0;
    bool ok = true;
    FILE *file;

    if (origin == NULL || origin->text == NULL)
        return true;
    file_name = need_strdup(origin->text); /* the list grows below */
    file = fopen(file_name, "r");
    if (file == NULL) {
        origin_name(c->out, "kafka.conf_file", &object);
        textbuf_printf(c->problem, "%s: %s: %s", object.text, file_name, strerror(errno));
        ok = false;
    }
    for (int number = 1; ok && getline(&line, &cap, file) >= 0; number++)
        ok = add_line(c, file_name, number, line);
    if (file != NULL)
        (void)fclose(file);
    free(line);
    free(file_name);
    textbuf_done(&object);
    return ok;
}

/* KAFKA_CONF_SASL_PASSWORD_FILE is the file of KAFKA_CONF_SASL_PASSWORD. */
static bool add_variable(const struct collector *c, const char *entry)
{
    static const char suffix[] = "_FILE";
    size_t len = strcspn(entry, "=");
    size_t name_len = len - (sizeof(prefix) - 1);
    char *object = need_alloc(len + 1, 1);
    char *name = property_name(c, entry + sizeof(prefix) - 1, name_len);
    const char *value = entry + len + 1;
    char *secret = NULL;
    bool ok = true;

    memcpy(object, entry, len);
    if (!is_property(c, name) && name_len > sizeof(suffix) - 1 &&
        strcmp(object + len - (sizeof(suffix) - 1), suffix) == 0) {
        struct textbuf why = {0};

        free(name);
        name = property_name(c, entry + sizeof(prefix) - 1, name_len - (sizeof(suffix) - 1));
        secret = secret_from_file(value, &why);
        ok = secret != NULL || fail(c, object, why.text);
        value = secret;
        textbuf_done(&why);
    }
    ok = ok && add(c, name, value, object, object, LAYER_ENVIRONMENT);
    free(object);
    free(name);
    free(secret);
    return ok;
}

static bool is_variable_of_ours(const char *entry)
{
    static const char *const ours[] = {"KAFKA_CONF_FILE=", "KAFKA_CONF_AUTO_OFFSET_RESET="};

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strncmp(entry, ours[i], strlen(ours[i])) == 0)
            return true;
    }
    return false;
}

static bool add_variables(const struct collector *c, char **environment)
{
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, prefix, sizeof(prefix) - 1) == 0 &&
            strchr(*environment, '=') > *environment + sizeof(prefix) - 1 &&
            !is_variable_of_ours(*environment) && !add_variable(c, *environment))
            return false;
    }
    return true;
}

/* Ours are told with the rest. */
static void add_defaults(const struct collector *c)
{
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        struct textbuf path = {0};

        textbuf_printf(&path, "kafka.conf.%s", defaults[i].name);
        if (origin_find(c->out->origins, path.text) == NULL)
            origin_add(c->out->origins, path.text, defaults[i].value, NULL, LAYER_DEFAULT, NULL,
                       false);
        textbuf_done(&path);
    }
}

bool kafka_properties_collect(const struct layers *layers, struct config *out,
                              struct textbuf *problem)
{
    struct collector c = {.out = out, .problem = problem};
    bool ok;

    c.scratch = rd_kafka_conf_new();
    read_names(&c);
    ok = add_settings(&c) && add_mapping(&c, layers) && add_file(&c) &&
         add_variables(&c, layers->variables) && kafka_security_check(out, problem);
    if (ok)
        add_defaults(&c);
    for (size_t i = 0; i < c.n_names; i++) {
        free((void *)(uintptr_t)c.names[i]);
        free(c.ranges[i]);
    }
    free(c.names);
    free(c.ranges);
    rd_kafka_conf_destroy(c.scratch);
    return ok;
}

/* ---- librdkafka's own form ---- */

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct textbuf *problem)
{
    char reason[512];

    if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
        return true;
    textbuf_printf(problem, "%s: %s", name, reason);
    return false;
}

rd_kafka_conf_t *kafka_conf_new(const struct config *config, struct textbuf *problem)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool ok = true;

    for (size_t i = 0; ok && i < sizeof(defaults) / sizeof(defaults[0]); i++)
        ok = set(conf, defaults[i].name, defaults[i].value, problem);
    for (size_t i = 0; ok && i < config->kafka.count; i++) {
        const struct text_pair *pair = &config->kafka.items[i];
        ok = kafka_oauth_is_ours(pair->key, pair->value) ||
             set(conf, pair->key, pair->value, problem);
    }
    for (size_t i = 0; ok && i < sizeof(fixed) / sizeof(fixed[0]); i++)
        ok = set(conf, fixed[i].name, fixed[i].value, problem);
    ok = ok && set(conf, "bootstrap.servers", config->brokers, problem) &&
         set(conf, "group.id", config->group_id, problem) &&
         set(conf, "enable.partition.eof", "true", problem);
    if (ok) {
        kafka_oauth_prepare(conf, config);
        return conf;
    }
    rd_kafka_conf_destroy(conf);
    return NULL;
}
