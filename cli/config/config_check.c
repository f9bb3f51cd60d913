/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_check.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/setting_text.h"
#include "config/config_layers.h"
#include "config/expand.h"
#include "config/kafka_properties.h"
#include "config/record_check.h"
#include "config/run_check.h"
#include "config/table_schema.h"

bool config_fail_at(const struct config *config, const char *list, size_t index, const char *rest,
                    const char *reason, struct textbuf *problem)
{
    struct textbuf path = {0};

    textbuf_printf(&path, "%s[%zu].%s", list, index, rest);
    origin_name(config, path.text, problem);
    textbuf_printf(problem, ": %s", reason);
    textbuf_done(&path);
    return false;
}

static bool fail(const struct config *config, const char *path, const char *reason,
                 struct textbuf *problem)
{
    origin_name(config, path, problem);
    textbuf_printf(problem, ": %s", reason);
    return false;
}

static bool fail_source(const struct config *config, size_t source, const char *setting,
                        const char *reason, struct textbuf *problem)
{
    return config_fail_at(config, "sources", source, setting, reason, problem);
}

static bool fail_table(const struct config *config, size_t table, const char *setting,
                       const char *reason, struct textbuf *problem)
{
    return config_fail_at(config, "tables", table, setting, reason, problem);
}

/* ---- topics ---- */

static bool is_topic_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < 250 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static bool check_topics(const struct config *config, size_t index, struct textbuf *problem)
{
    const struct text_list *topics = &config->sources[index].topics;

    for (size_t i = 0; i < topics->count; i++) {
        struct textbuf reason = {0};
        bool twice = false;

        for (size_t j = 0; j < i; j++)
            twice = twice || strcmp(topics->items[i], topics->items[j]) == 0;
        if (twice)
            textbuf_printf(&reason, "%s is there twice", topics->items[i]);
        else if (!is_topic_name(topics->items[i]))
            textbuf_printf(
                &reason,
                "\"%s\" is no topic's name: 1 to 249 letters, digits, '.', '_' and '-'"
                "%s",
                topics->items[i],
                strpbrk(topics->items[i], "*^[(|+") == NULL ? "" : " (a pattern goes into regex)");
        if (reason.len > 0)
            (void)fail_source(config, index, "topics", reason.text, problem);
        textbuf_done(&reason);
        if (problem->len > 0)
            return false;
    }
    return true;
}

/* How many groups it has; told in *problem when it is no regular expression. */
static bool check_regex(const struct config *config, size_t index, size_t *out_groups,
                        struct textbuf *problem)
{
    const char *text = config->sources[index].topic_regex;
    struct textbuf whole = {0};
    char reason[256];
    regex_t regex;
    int code;

    *out_groups = 0;
    if (text == NULL)
        return true;
    if (strstr(text, "\\d") != NULL)
        return fail_source(config, index, "regex",
                           "is a POSIX extended regular expression: \\d is [0-9]", problem);
    textbuf_printf(&whole, "^(%s)$", text);
    code = regcomp(&regex, whole.text, REG_EXTENDED);
    textbuf_done(&whole);
    if (code == 0) {
        *out_groups = regex.re_nsub - 1;
        regfree(&regex);
        return true;
    }
    (void)regerror(code, &regex, reason, sizeof(reason));
    return fail_source(config, index, "regex", reason, problem);
}

static enum layer layer_of(const struct config *config, const char *format, size_t index)
{
    struct textbuf path = {0};
    const struct config_origin *origin;

    textbuf_printf(&path, "sources[%zu].%s", index, format);
    origin = origin_find(config->origins, path.text);
    textbuf_done(&path);
    return origin == NULL ? LAYER_DEFAULT : origin->layer;
}

static void drop_topics(struct source_config *source)
{
    option_free(option_by_path(OF_SOURCE, "topics"), source);
}

/* Topics or a pattern: what was given by a stronger layer, and not both by the same. */
static bool choose_topics(struct config *config, size_t index, struct textbuf *problem)
{
    struct source_config *source = &config->sources[index];
    enum layer topics = layer_of(config, "topics", index);
    enum layer regex = layer_of(config, "regex", index);

    if (source->topic_regex == NULL && source->topics.count == 0)
        return fail_source(config, index, "topics", "is missing, and so is regex", problem);
    if (source->topic_regex == NULL || source->topics.count == 0)
        return true;
    if (topics == regex)
        return fail_source(config, index, "regex",
                           "is given, and so is topics; leave one of them "
                           "out",
                           problem);
    if (topics < regex) {
        drop_topics(source);
    } else {
        free(source->topic_regex);
        source->topic_regex = NULL;
    }
    return true;
}

/* ---- which table ---- */

static bool find_table(struct config *config, size_t index, struct textbuf *problem)
{
    struct source_config *source = &config->sources[index];
    const char **names = need_alloc(config->n_tables, sizeof(*names));
    struct textbuf reason = {0};
    const char *near = NULL;

    source->table = config->n_tables;
    for (size_t i = 0; i < config->n_tables; i++) {
        names[i] = config->tables[i].name;
        if (source->table_name != NULL && strcmp(names[i], source->table_name) == 0)
            source->table = i;
    }
    if (source->table_name == NULL && config->n_tables == 1) {
        source->table = 0;
    } else if (source->table_name == NULL) {
        textbuf_printf(&reason, "is missing, and there are %zu tables", config->n_tables);
    } else if (source->table == config->n_tables) {
        near = nearest_name(source->table_name, names, config->n_tables);
        textbuf_printf(&reason, "no table has the name %s", source->table_name);
        if (near != NULL && near[0] != '\0')
            textbuf_printf(&reason, "; the nearest is %s", near);
    }
    if (reason.len > 0)
        (void)fail_source(config, index, "table", reason.text, problem);
    textbuf_done(&reason);
    free(names);
    return problem->len == 0;
}

/* "s3a://b/x/" is "s3://b/x". */
static bool same_uri(const char *a, const char *b)
{
    size_t a_len, b_len;

    a += strncmp(a, "s3a://", 6) == 0 ? 6 : strncmp(a, "s3://", 5) == 0 ? 5 : 0;
    b += strncmp(b, "s3a://", 6) == 0 ? 6 : strncmp(b, "s3://", 5) == 0 ? 5 : 0;
    for (a_len = strlen(a); a_len > 1 && a[a_len - 1] == '/'; a_len--)
        continue;
    for (b_len = strlen(b); b_len > 1 && b[b_len - 1] == '/'; b_len--)
        continue;
    return a_len == b_len && strncmp(a, b, a_len) == 0;
}

static bool check_names(const struct config *config, size_t index, struct textbuf *problem)
{
    const struct table_config *table = &config->tables[index];

    if (config->n_tables > 1 && table->name[0] == '\0')
        return fail_table(config, index, "name", "is missing: sources name the table by it",
                          problem);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(config->tables[i].name, table->name) == 0)
            return fail_table(config, index, "name", "another table has this name", problem);
        if (same_uri(config->tables[i].uri, table->uri))
            return fail_table(config, index, "uri",
                              "another table is there: two would write the same offsets", problem);
    }
    for (size_t i = 0; i < config->n_tables && table->bad.policy == BAD_TO_TABLE; i++) {
        if (same_uri(config->tables[i].uri, table->bad.table_uri))
            return fail_table(config, index, "on_error.table",
                              "is a table of records; rejected ones need one of their own",
                              problem);
    }
    return true;
}

static bool check_use(const struct config *config, size_t index, struct textbuf *problem)
{
    for (size_t i = 0; i < config->n_sources; i++) {
        if (config->sources[i].table == index)
            return true;
    }
    return fail_table(config, index, "name", "no source writes to this table", problem);
}

/* ---- templates ---- */

/* The fewest groups of the sources of a table. */
static size_t groups_of(const struct config *config, const size_t *groups, size_t table)
{
    size_t least = (size_t)-1;

    for (size_t i = 0; i < config->n_sources; i++) {
        if (config->sources[i].table == table && groups[i] < least)
            least = groups[i];
    }
    return least == (size_t)-1 ? 0 : least;
}

static bool check_template(const struct config *config, size_t index, const char *setting,
                           const char *text, size_t groups, struct textbuf *problem)
{
    struct textbuf why = {0};
    bool ok = template_check(text, TEMPLATE_FIELDS, groups, &why) ||
              fail_table(config, index, setting, why.text, problem);

    textbuf_done(&why);
    return ok;
}

static bool check_templates(const struct config *config, const size_t *groups, size_t index,
                            struct textbuf *problem)
{
    const struct table_config *table = &config->tables[index];
    size_t n = groups_of(config, groups, index);

    return check_template(config, index, "uri", table->uri, n, problem) &&
           check_template(config, index, "on_error.table", table->bad.table_uri, n, problem) &&
           check_template(config, index, "on_error.topic", table->bad.topic, n, problem);
}

/* Rejected records that come back as records of the same service go round for ever. */
static bool check_dlq_topic(const struct config *config, size_t index, struct textbuf *problem)
{
    const struct table_config *table = &config->tables[index];

    if (table->bad.policy != BAD_TO_TOPIC)
        return true;
    if (!is_template(table->bad.topic) && !is_topic_name(table->bad.topic))
        return fail_table(config, index, "on_error.topic", "is no topic's name", problem);
    if (strcmp(table->bad.topic, "${topic}") == 0)
        return fail_table(config, index, "on_error.topic",
                          "is the topic that is read: its records would come again for ever",
                          problem);
    for (size_t i = 0; i < config->n_sources; i++) {
        const struct text_list *topics = &config->sources[i].topics;

        for (size_t j = 0; j < topics->count; j++) {
            if (strcmp(topics->items[j], table->bad.topic) == 0)
                return fail_table(config, index, "on_error.topic",
                                  "is a topic that is read: its records would come again for ever",
                                  problem);
        }
    }
    return true;
}

/* ---- tables ---- */

static bool in_list(const struct text_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0)
            return true;
    }
    return false;
}

static bool check_columns(const struct config *config, size_t index, struct textbuf *problem)
{
    const struct table_config *table = &config->tables[index];

    if (table->partition_by.count > 0 && table->cluster_by.count > 0)
        return fail_table(config, index, "cluster_by",
                          "is given, and so is partition_by: a table is one or the other", problem);
    for (size_t i = 0; i < table->partition_by.count; i++) {
        struct text_list before = {table->partition_by.items, i};

        if (in_list(&before, table->partition_by.items[i]))
            return fail_table(config, index, "partition_by", "names a column twice", problem);
    }
    if (table->flush.on_partition_change && table->partition_by.count == 0 && table->create)
        return fail_table(config, index, "flush.on_partition_change",
                          "needs partition_by, or create: false for a table that is there",
                          problem);
    return true;
}

/* The library's message names what it is about. */
static void fail_schema(const struct config *config, size_t index, const char *why,
                        struct textbuf *problem)
{
    const struct text_pairs *properties = &config->tables[index].properties;
    struct textbuf setting = {0};

    textbuf_puts(&setting, strstr(why, "partition column") != NULL    ? "partition_by"
                           : strstr(why, "clustering column") != NULL ? "cluster_by"
                                                                      : "schema");
    for (size_t i = 0; i < properties->count; i++) {
        if (strstr(why, properties->items[i].key) != NULL) {
            textbuf_clear(&setting);
            textbuf_printf(&setting, "properties.%s", properties->items[i].key);
        }
    }
    (void)fail_table(config, index, setting.text, why, problem);
    textbuf_done(&setting);
}

static bool check_schema(struct config *config, size_t index, struct textbuf *problem)
{
    struct table_config *table = &config->tables[index];
    struct textbuf why = {0};
    bool ok = true;

    if (table->schema_json == NULL)
        return true;
    ok = table_schema_finish(&table->schema_json, &why) && table_schema_check(table, &why);
    if (!ok)
        fail_schema(config, index, why.text, problem);
    textbuf_done(&why);
    return ok;
}

/* ---- the process ---- */

/* What librdkafka fetches ahead, one batch that is filled, and one that is sent. */
static bool check_memory(const struct config *config, struct textbuf *problem)
{
    enum { OURS = 8 << 20, DEFAULT_QUEUE_KIB = 16384 };
    const char *queue = kafka_property(config, "queued.max.messages.kbytes");
    int64_t queue_bytes = (int64_t)DEFAULT_QUEUE_KIB << 10;
    int64_t kib;
    struct textbuf reason = {0};

    if (queue != NULL && text_to_whole(queue, &kib))
        queue_bytes = kib << 10;
    if (config->memory_bytes >= queue_bytes + OURS)
        return true;
    textbuf_puts(&reason, "is too small for what is fetched ahead "
                          "(queued.max.messages.kbytes) and for batches: it must be at least ");
    bytes_to_text((queue_bytes + OURS + (1 << 20) - 1) >> 20 << 20, &reason);
    (void)fail(config, "memory_limit", reason.text, problem);
    textbuf_done(&reason);
    return false;
}

/* Kafka takes any text, but "" and what breaks lines of our logs. */
static bool check_group(const struct config *config, struct textbuf *problem)
{
    for (const char *p = config->group_id; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20)
            return fail(config, "kafka.group", "has a control character", problem);
    }
    return true;
}

static bool check_brokers(const struct config *config, struct textbuf *problem)
{
    const char *text = config->brokers;

    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        struct textbuf one = {0};
        const char *colon;
        int64_t port = 9092;
        bool ok;

        textbuf_add(&one, text, len);
        colon = strrchr(one.text, ':');
        ok = len > 0 && strspn(one.text, " ") < len && strstr(one.text, "http") != one.text &&
             (colon == NULL || strchr(colon, ']') != NULL ||
              (text_to_whole(colon + 1, &port) && port > 0 && port < 65536));
        textbuf_done(&one);
        if (!ok)
            return fail(config, "kafka.brokers", "is not HOST:PORT, with commas between brokers",
                        problem);
        text += len + (text[len] == ',');
    }
    return true;
}

static bool check_sources(struct config *config, size_t *groups, struct textbuf *problem)
{
    for (size_t i = 0; i < config->n_sources; i++) {
        if (!choose_topics(config, i, problem) || !check_topics(config, i, problem) ||
            !check_regex(config, i, &groups[i], problem) || !find_table(config, i, problem) ||
            !record_check(config, i, problem))
            return false;
    }
    return true;
}

static bool check_tables(struct config *config, const size_t *groups, struct textbuf *problem)
{
    for (size_t i = 0; i < config->n_tables; i++) {
        if (!check_names(config, i, problem))
            return false;
    }
    for (size_t i = 0; i < config->n_tables; i++) {
        if (!check_use(config, i, problem) || !check_templates(config, groups, i, problem) ||
            !check_dlq_topic(config, i, problem) || !check_columns(config, i, problem) ||
            !check_schema(config, i, problem))
            return false;
    }
    return true;
}

bool config_check_tree(struct config *config, struct textbuf *problem)
{
    size_t *groups = need_alloc(config->n_sources, sizeof(*groups));
    bool ok = check_brokers(config, problem) && check_group(config, problem) &&
              check_sources(config, groups, problem) && check_tables(config, groups, problem) &&
              check_memory(config, problem) && run_check(config, problem);

    free(groups);
    return ok;
}

/* ---- URIs ---- */

static bool check_uri(const struct config *config, size_t table, const char *setting,
                      const char *uri, struct textbuf *problem)
{
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    bool ok = dw_store_open_uri(uri, &config->store_options, &store, &err) == DW_OK;

    if (!ok)
        (void)fail_table(config, table, setting, err.message, problem);
    dw_store_unref(store);
    return ok;
}

bool config_check_uris(const struct config *config, struct textbuf *problem)
{
    for (size_t i = 0; i < config->n_tables; i++) {
        const struct table_config *table = &config->tables[i];

        if (!check_uri(config, i, "uri", table->uri, problem) ||
            (table->bad.policy == BAD_TO_TABLE &&
             !check_uri(config, i, "on_error.table", table->bad.table_uri, problem)))
            return false;
    }
    return true;
}
