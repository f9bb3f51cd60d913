/* SPDX-License-Identifier: Apache-2.0 */
#include "config/kafka_oauth.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/logline.h"
#include "common/memory.h"
#include "common/stop.h"
#include "common/textbuf.h"
#include "config/kafka_properties.h"

enum {
    TIMEOUT_MS = 10000,
    MOST_ANSWER = 1024 * 1024,
    DEFAULT_LIFE_MS = 300000,
    MOST_EXTENSIONS = 32
};

/* One process has one Kafka and so one provider. */
static struct {
    pthread_mutex_t lock;
    bool wanted;
    char *token_url;
    char *client_id;
    char *client_secret;
    char *scope;
    char *extensions; /* NAME=VALUE,... */
    char *ca_file;
} synced = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool kafka_oauth_is_ours(const char *property, const char *value)
{
    static const char *const ours[] = {
        "sasl.oauthbearer.client.id",  "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.scope",      "sasl.oauthbearer.token.endpoint.url",
        "sasl.oauthbearer.extensions", "https.ca.location"};

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strcmp(property, ours[i]) == 0)
            return true;
    }
    return strcmp(property, "sasl.oauthbearer.method") == 0 && strcmp(value, "oidc") == 0;
}

/* ---- the provider's answer ---- */

static int base64url_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* The claims of a token that is a JWT, or NULL. Nobody is to believe them: brokers check them. */
static cJSON *claims_of(const char *token)
{
    const char *begin = strchr(token, '.');
    struct textbuf text = {0};
    unsigned bits = 0;
    int n_bits = 0;
    cJSON *claims;

    for (begin = begin == NULL ? "" : begin + 1; base64url_digit(*begin) >= 0; begin++) {
        bits = (bits << 6 | (unsigned)base64url_digit(*begin)) & 0xffffu;
        n_bits += 6;
        if (n_bits >= 8) {
            char byte = (char)(bits >> (n_bits - 8) & 0xffu);
            textbuf_add(&text, &byte, 1);
            n_bits -= 8;
        }
    }
    claims = *begin == '.' && text.len != 0 ? cJSON_ParseWithLength(text.text, text.len) : NULL;
    textbuf_done(&text);
    return claims;
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* A number of seconds, or as some providers write it a text of one; -1: none. */
static double seconds_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (cJSON_IsNumber(item))
        return item->valuedouble;
    return cJSON_IsString(item) ? strtod(item->valuestring, NULL) : -1;
}

static bool read_answer(const cJSON *answer, const char *client_id, struct textbuf *out_token,
                        char **out_principal, int64_t *out_expires_ms, struct textbuf *problem)
{
    const char *token = text_of(answer, "access_token");
    double life = seconds_of(answer, "expires_in");
    double end;
    cJSON *claims;

    if (token == NULL || token[0] == '\0') {
        textbuf_puts(problem, "the answer has no access_token");
        return false;
    }
    claims = claims_of(token);
    end = seconds_of(claims, "exp");
    if (end > 0 && end < 1e12)
        *out_expires_ms = (int64_t)(end * 1000);
    else
        *out_expires_ms =
            clock_wall_ms() + (life > 0 && life < 1e9 ? (int64_t)(life * 1000) : DEFAULT_LIFE_MS);
    *out_principal =
        need_strdup(text_of(claims, "sub") == NULL ? client_id : text_of(claims, "sub"));
    textbuf_puts(out_token, token);
    cJSON_Delete(claims);
    return true;
}

/* ---- asking it ---- */

static void begin_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
    struct textbuf *answer = ctx;

    if (answer->len + size * count > MOST_ANSWER)
        return 0;
    textbuf_add(answer, data, size * count);
    return size * count;
}

static void add_form_value(CURL *curl, struct textbuf *form, const char *name, const char *value)
{
    char *escaped = curl_easy_escape(curl, value, 0);

    textbuf_printf(form, "%s%s=%s", form->len == 0 ? "" : "&", name,
                   escaped == NULL ? "" : escaped);
    curl_free(escaped);
}

/* RFC 6749, 4.4: the client's own credentials, in a header (2.3.1: its two parts are escaped). */
static CURLcode post_locked(CURL *curl, struct textbuf *answer, long *out_status)
{
    char *user = curl_easy_escape(curl, synced.client_id, 0);
    char *password = curl_easy_escape(curl, synced.client_secret, 0);
    struct textbuf form = {0};
    CURLcode code;

    add_form_value(curl, &form, "grant_type", "client_credentials");
    if (synced.scope != NULL)
        add_form_value(curl, &form, "scope", synced.scope);
    (void)curl_easy_setopt(curl, CURLOPT_URL, synced.token_url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form.text);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    (void)curl_easy_setopt(curl, CURLOPT_USERNAME, user);
    (void)curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, SERVICE_NAME);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (synced.ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, synced.ca_file);
    code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, out_status);
    curl_free(user);
    curl_free(password);
    textbuf_done(&form);
    return code;
}

/* What a provider says of a refusal (RFC 6749, 5.2), which has no secrets. */
static void tell_refusal(const cJSON *answer, long status, struct textbuf *problem)
{
    const char *error = text_of(answer, "error");
    const char *description = text_of(answer, "error_description");

    textbuf_printf(problem, "HTTP %ld", status);
    if (error != NULL)
        textbuf_printf(problem, " %s", error);
    if (description != NULL)
        textbuf_printf(problem, ": %s", description);
}

static bool fetch_locked(struct textbuf *out_token, char **out_principal, int64_t *out_expires_ms,
                         struct textbuf *problem, bool *out_lasting)
{
    struct textbuf text = {0};
    CURL *curl = curl_easy_init();
    cJSON *answer = NULL;
    long status = 0;
    bool ok = false;
    CURLcode code = curl == NULL ? CURLE_OUT_OF_MEMORY : post_locked(curl, &text, &status);

    *out_lasting = false;
    textbuf_printf(problem, "token of %s: ", synced.token_url);
    if (code == CURLE_OK && text.len != 0)
        answer = cJSON_ParseWithLength(text.text, text.len);
    if (code != CURLE_OK) {
        textbuf_puts(problem, curl_easy_strerror(code));
    } else if (status != 200) {
        tell_refusal(answer, status, problem);
        *out_lasting = status >= 400 && status < 500 && status != 408 && status != 429;
    } else {
        ok = read_answer(answer, synced.client_id, out_token, out_principal, out_expires_ms,
                         problem);
        *out_lasting = true;
    }
    cJSON_Delete(answer);
    textbuf_done(&text);
    curl_easy_cleanup(curl);
    return ok;
}

bool kafka_oauth_fetch(struct textbuf *out_token, char **out_principal, int64_t *out_expires_ms,
                       struct textbuf *problem, bool *out_lasting)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    bool ok;

    (void)pthread_once(&once, begin_curl);
    (void)pthread_mutex_lock(&synced.lock);
    ok = fetch_locked(out_token, out_principal, out_expires_ms, problem, out_lasting);
    (void)pthread_mutex_unlock(&synced.lock);
    return ok;
}

/* ---- librdkafka's side ---- */

/* "a=b,c=d" as librdkafka wants it: names and values in turn. Cuts `text` into pieces. */
static size_t split_extensions(char *text, const char **out)
{
    size_t n = 0;

    while (text != NULL && *text != '\0' && n + 2 <= MOST_EXTENSIONS) {
        char *next = strchr(text, ',');
        char *equals;

        if (next != NULL)
            *next++ = '\0';
        equals = strchr(text, '=');
        if (equals != NULL) {
            *equals = '\0';
            out[n++] = text;
            out[n++] = equals + 1;
        }
        text = next;
    }
    return n;
}

static void give_token(rd_kafka_t *rk, const struct textbuf *token, const char *principal,
                       int64_t expires_ms)
{
    const char *extensions[MOST_EXTENSIONS];
    char reason[512];
    char *copy;
    size_t n;

    (void)pthread_mutex_lock(&synced.lock);
    copy = synced.extensions == NULL ? NULL : need_strdup(synced.extensions);
    (void)pthread_mutex_unlock(&synced.lock);
    n = split_extensions(copy, extensions);
    if (rd_kafka_oauthbearer_set_token(rk, token->text, expires_ms, principal, extensions, n,
                                       reason, sizeof(reason)) != RD_KAFKA_RESP_ERR_NO_ERROR)
        (void)rd_kafka_oauthbearer_set_token_failure(rk, reason);
    free(copy);
}

/* A provider that is away is waited for, for a minute; librdkafka asks again after that. What it
 * refuses is told, and ends a start. */
static void refresh(rd_kafka_t *rk, const char *unused, void *opaque)
{
    enum { WAIT_MS = 2000, MOST_MS = 60000 };
    int64_t deadline_ms = clock_monotonic_ms() + MOST_MS;
    struct log_repeat repeat = {0};
    bool lasting = false;

    (void)unused;
    (void)opaque;
    while (!lasting) {
        struct textbuf token = {0};
        struct textbuf problem = {0};
        char *principal = NULL;
        int64_t expires_ms = 0;
        int64_t skipped = 0;
        bool ok = kafka_oauth_fetch(&token, &principal, &expires_ms, &problem, &lasting);

        lasting = lasting || clock_monotonic_ms() > deadline_ms;
        if (ok)
            give_token(rk, &token, principal, expires_ms);
        else if (lasting)
            (void)rd_kafka_oauthbearer_set_token_failure(rk, problem.text);
        else if (log_repeat_due(&repeat, clock_monotonic_ms(), &skipped))
            LOG_EVENT(DW_LOG_WARN, "waiting for the OpenID provider", F_TEXT("error", problem.text),
                      F_NUMBER("not_logged", skipped));
        textbuf_done(&token);
        textbuf_done(&problem);
        free(principal);
        if (ok || stop_wait(WAIT_MS))
            return;
    }
}

static void keep(char **slot, const struct config *config, const char *property)
{
    const char *value = kafka_property(config, property);

    free(*slot);
    *slot = value == NULL || value[0] == '\0' ? NULL : need_strdup(value);
}

void kafka_oauth_prepare(rd_kafka_conf_t *conf, const struct config *config)
{
    const char *method = kafka_property(config, "sasl.oauthbearer.method");
    bool wanted = method != NULL && strcmp(method, "oidc") == 0;

    (void)pthread_mutex_lock(&synced.lock);
    synced.wanted = wanted;
    keep(&synced.token_url, config, "sasl.oauthbearer.token.endpoint.url");
    keep(&synced.client_id, config, "sasl.oauthbearer.client.id");
    keep(&synced.client_secret, config, "sasl.oauthbearer.client.secret");
    keep(&synced.scope, config, "sasl.oauthbearer.scope");
    keep(&synced.extensions, config, "sasl.oauthbearer.extensions");
    keep(&synced.ca_file, config, "https.ca.location");
    (void)pthread_mutex_unlock(&synced.lock);
    if (!wanted)
        return;
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, refresh);
    rd_kafka_conf_enable_sasl_queue(conf, 1);
}

void kafka_oauth_start(rd_kafka_t *rk)
{
    bool wanted;

    (void)pthread_mutex_lock(&synced.lock);
    wanted = synced.wanted;
    (void)pthread_mutex_unlock(&synced.lock);
    if (wanted)
        rd_kafka_error_destroy(rd_kafka_sasl_background_callbacks_enable(rk));
}
