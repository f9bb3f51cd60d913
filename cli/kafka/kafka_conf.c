/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/kafka_conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/logline.h"
#include "common/memory.h"

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

static bool fail(const char *object, const char *reason)
{
    (void)settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, object, reason);
    return false;
}

static bool set(rd_kafka_conf_t *conf, const char *object, const char *name, const char *value)
{
    char reason[512];

    return rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK ||
           fail(object, reason);
}

static bool is_property(const char *name)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[512];
    size_t size = sizeof(text);
    bool known = rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK;
    rd_kafka_topic_conf_t *topic_conf;

    rd_kafka_conf_destroy(conf);
    if (known)
        return true;
    topic_conf = rd_kafka_topic_conf_new();
    size = sizeof(text);
    known = rd_kafka_topic_conf_get(topic_conf, name, text, &size) == RD_KAFKA_CONF_OK;
    rd_kafka_topic_conf_destroy(topic_conf);
    return known;
}

/* "FETCH_WAIT_MAX_MS" is fetch.wait.max.ms; the few names with an underscore are tried next. */
static char *property_name(const char *text, size_t len)
{
    char *name = need_alloc(len + 1, 1);

    for (size_t i = 0; i < len; i++)
        name[i] = text[i] == '_' ? '.' : (char)tolower((unsigned char)text[i]);
    if (is_property(name))
        return name;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)tolower((unsigned char)text[i]);
    if (is_property(name))
        return name;
    for (size_t i = 0; i < len; i++)
        name[i] = text[i] == '_' ? '.' : (char)tolower((unsigned char)text[i]);
    return name;
}

static bool set_first_offset(const char *object, const char *value, enum first_offset *out)
{
    if (strcmp(value, "earliest") == 0 || strcmp(value, "smallest") == 0 ||
        strcmp(value, "beginning") == 0)
        *out = FIRST_EARLIEST;
    else if (strcmp(value, "latest") == 0 || strcmp(value, "largest") == 0 ||
             strcmp(value, "end") == 0)
        *out = FIRST_LATEST;
    else if (strcmp(value, "error") == 0)
        *out = FIRST_ERROR;
    else
        return fail(object, "is not one of earliest, latest, error");
    return true;
}

static bool refuse_fixed(const char *object, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strcmp(name, fixed[i].name) == 0 && strcmp(value, fixed[i].value) != 0)
            return fail(object, "cannot be changed: each record exactly once rests on it");
    }
    if (strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "metadata.broker.list") == 0)
        return fail(object, "is KAFKA_BOOTSTRAP_SERVERS here");
    if (strcmp(name, "group.id") == 0)
        return fail(object, "is KAFKA_GROUP_ID here");
    return true;
}

static bool set_from_environment(rd_kafka_conf_t *conf, const char *entry,
                                 enum first_offset *out_first)
{
    const char *equals = strchr(entry, '=');
    size_t variable_len = (size_t)(equals - entry);
    char *object = need_alloc(variable_len + 1, 1);
    char *name = property_name(entry + sizeof(prefix) - 1, variable_len - (sizeof(prefix) - 1));
    bool ok;

    memcpy(object, entry, variable_len);
    if (strcmp(name, "auto.offset.reset") == 0)
        ok = set_first_offset(object, equals + 1, out_first);
    else
        ok = refuse_fixed(object, name, equals + 1) && set(conf, object, name, equals + 1);
    free(object);
    free(name);
    return ok;
}

static bool set_all(rd_kafka_conf_t *conf, const struct property *properties, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!set(conf, properties[i].name, properties[i].name, properties[i].value))
            return false;
    }
    return true;
}

rd_kafka_conf_t *kafka_conf_new(const struct service_config *config, char **environment,
                                enum first_offset *out_first)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool ok =
        set_all(conf, defaults, sizeof(defaults) / sizeof(defaults[0])) &&
        set(conf, "KAFKA_BOOTSTRAP_SERVERS", "bootstrap.servers", config->brokers) &&
        set(conf, "KAFKA_GROUP_ID", "group.id", config->group_id) &&
        set(conf, "--until-end", "enable.partition.eof", config->until_end ? "true" : "false");

    *out_first = FIRST_EARLIEST;
    for (; ok && *environment != NULL; environment++) {
        if (strncmp(*environment, prefix, sizeof(prefix) - 1) == 0 &&
            strchr(*environment, '=') > *environment + sizeof(prefix) - 1)
            ok = set_from_environment(conf, *environment, out_first);
    }
    ok = ok && set_all(conf, fixed, sizeof(fixed) / sizeof(fixed[0]));
    if (ok)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}
