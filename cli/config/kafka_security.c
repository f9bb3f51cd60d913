/* SPDX-License-Identifier: Apache-2.0 */
#include "config/kafka_security.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/memory.h"
#include "config/kafka_properties.h"

static bool fail(const struct config *config, struct textbuf *problem, const char *property,
                 const char *reason)
{
    struct textbuf path = {0};
    struct textbuf object = {0};

    textbuf_printf(&path, "kafka.conf.%s", property);
    origin_name(config, path.text, &object);
    textbuf_printf(problem, "%s: %s", object.text, reason);
    textbuf_done(&path);
    textbuf_done(&object);
    return false;
}

static bool is_set(const struct config *config, const char *property)
{
    const char *value = kafka_property(config, property);

    return value != NULL && value[0] != '\0';
}

/* The first of them that is set; NULL: none. */
static const char *any_of(const struct config *config, const char *const *properties)
{
    for (; *properties != NULL; properties++) {
        if (is_set(config, *properties))
            return *properties;
    }
    return NULL;
}

static void set_property(struct config *config, const char *name, const char *value)
{
    struct text_pairs *pairs = &config->kafka;

    pairs->items = need_realloc(pairs->items, pairs->count + 1, sizeof(*pairs->items));
    pairs->items[pairs->count++] = (struct text_pair){need_strdup(name), need_strdup(value)};
}

static bool check_files(const struct config *config, struct textbuf *problem)
{
    static const char *const files[] = {"ssl.ca.location",
                                        "ssl.certificate.location",
                                        "ssl.key.location",
                                        "ssl.crl.location",
                                        "ssl.keystore.location",
                                        "sasl.kerberos.keytab",
                                        NULL};

    for (size_t i = 0; files[i] != NULL; i++) {
        const char *file = kafka_property(config, files[i]);
        int fd;

        if (file == NULL || strcmp(file, "probe") == 0)
            continue;
        fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            struct textbuf reason = {0};

            textbuf_printf(&reason, "%s: %s", file, strerror(errno));
            (void)fail(config, problem, files[i], reason.text);
            textbuf_done(&reason);
            return false;
        }
        (void)close(fd);
    }
    return true;
}

static bool check_tls(const struct config *config, bool tls, struct textbuf *problem)
{
    static const char *const of_tls[] = {"ssl.ca.location",
                                         "ssl.ca.pem",
                                         "ssl.certificate.location",
                                         "ssl.certificate.pem",
                                         "ssl.key.location",
                                         "ssl.key.pem",
                                         "ssl.key.password",
                                         "ssl.keystore.location",
                                         "ssl.crl.location",
                                         "ssl.cipher.suites",
                                         NULL};
    static const char *const certificates[] = {"ssl.certificate.location", "ssl.certificate.pem",
                                               NULL};
    static const char *const keys[] = {"ssl.key.location", "ssl.key.pem", NULL};
    const char *property = any_of(config, of_tls);

    if (!tls && property != NULL)
        return fail(config, problem, property,
                    "is of no use without TLS: the security protocol must be SSL or SASL_SSL");
    property = any_of(config, certificates);
    if (property != NULL && any_of(config, keys) == NULL)
        return fail(config, problem, property, "needs its private key too (ssl.key.location)");
    property = any_of(config, keys);
    if (property != NULL && any_of(config, certificates) == NULL)
        return fail(config, problem, property,
                    "needs its certificate too (ssl.certificate.location)");
    return true;
}

static bool check_password(const struct config *config, const char *mechanism,
                           struct textbuf *problem)
{
    static const char *const of_password[] = {"sasl.username", "sasl.password", NULL};
    bool wanted = strcasecmp(mechanism, "PLAIN") == 0 || strncasecmp(mechanism, "SCRAM-", 6) == 0;
    const char *property = any_of(config, of_password);
    struct textbuf reason = {0};

    if (wanted && (!is_set(config, "sasl.username") || !is_set(config, "sasl.password"))) {
        textbuf_printf(&reason, "%s needs sasl.username and sasl.password", mechanism);
        (void)fail(config, problem,
                   is_set(config, "sasl.mechanism") ? "sasl.mechanism" : "security.protocol",
                   reason.text);
    } else if (!wanted && property != NULL) {
        textbuf_printf(&reason, "is for PLAIN and SCRAM, but sasl.mechanism is %s", mechanism);
        (void)fail(config, problem, property, reason.text);
    }
    textbuf_done(&reason);
    return problem->len == 0;
}

/* OIDC needs all three; a token address alone says that OIDC is meant. */
static bool check_oauth(struct config *config, const char *mechanism, struct textbuf *problem)
{
    static const char *const of_oidc[] = {"sasl.oauthbearer.token.endpoint.url",
                                          "sasl.oauthbearer.client.id",
                                          "sasl.oauthbearer.client.secret", NULL};
    const char *property = any_of(config, of_oidc);

    if (strcasecmp(mechanism, "OAUTHBEARER") != 0)
        return property == NULL ||
               fail(config, problem, property, "is for OAUTHBEARER: set sasl.mechanism to that");
    if (property == NULL)
        return is_set(config, "sasl.oauthbearer.config") ||
               is_set(config, "enable.sasl.oauthbearer.unsecure.jwt") ||
               fail(config, problem, "sasl.mechanism",
                    "OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url, client.id and "
                    "client.secret (OIDC)");
    for (size_t i = 0; of_oidc[i] != NULL; i++) {
        struct textbuf reason = {0};

        if (is_set(config, of_oidc[i]))
            continue;
        textbuf_printf(&reason, "needs %s too", of_oidc[i]);
        (void)fail(config, problem, property, reason.text);
        textbuf_done(&reason);
        return false;
    }
    if (!is_set(config, "sasl.oauthbearer.method"))
        set_property(config, "sasl.oauthbearer.method", "oidc");
    return true;
}

/* What librdkafka was built with. */
static bool check_built(const struct config *config, const char *mechanism, bool sasl, bool tls,
                        struct textbuf *problem)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *feature = NULL;
    char features[512] = "";
    size_t size = sizeof(features);
    struct textbuf reason = {0};

    (void)rd_kafka_conf_get(conf, "builtin.features", features, &size);
    rd_kafka_conf_destroy(conf);
    if (tls && strstr(features, "ssl") == NULL)
        feature = "ssl";
    else if (sasl && strcasecmp(mechanism, "GSSAPI") == 0)
        feature = "sasl_gssapi";
    else if (sasl && strcasecmp(mechanism, "OAUTHBEARER") == 0)
        feature = "sasl_oauthbearer";
    else if (sasl && strncasecmp(mechanism, "SCRAM-", 6) == 0)
        feature = "sasl_scram";
    if (feature != NULL && strstr(features, feature) == NULL) {
        textbuf_printf(&reason, "this librdkafka is built without %s", feature);
        (void)fail(config, problem, sasl ? "sasl.mechanism" : "security.protocol", reason.text);
    }
    textbuf_done(&reason);
    return problem->len == 0;
}

bool kafka_security_check(struct config *config, struct textbuf *problem)
{
    static const char *const of_sasl[] = {"sasl.mechanism",
                                          "sasl.username",
                                          "sasl.password",
                                          "sasl.kerberos.keytab",
                                          "sasl.kerberos.principal",
                                          "sasl.oauthbearer.token.endpoint.url",
                                          "sasl.oauthbearer.client.id",
                                          "sasl.oauthbearer.client.secret",
                                          NULL};
    const char *protocol = kafka_property(config, "security.protocol");
    const char *mechanism = kafka_property(config, "sasl.mechanism");
    bool sasl = protocol != NULL && strncasecmp(protocol, "sasl", 4) == 0;
    bool tls = protocol != NULL && strcasecmp(protocol + (sasl ? 5 : 0), "ssl") == 0;
    const char *property = any_of(config, of_sasl);

    mechanism = mechanism == NULL ? "GSSAPI" : mechanism;
    if (!sasl && property != NULL)
        return fail(config, problem, property,
                    "is of no use without SASL: the security protocol must be SASL_SSL or "
                    "SASL_PLAINTEXT");
    return check_files(config, problem) && check_tls(config, tls, problem) &&
           (!sasl || (check_password(config, mechanism, problem) &&
                      check_oauth(config, mechanism, problem))) &&
           check_built(config, mechanism, sasl, tls, problem);
}
