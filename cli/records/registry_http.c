/* SPDX-License-Identifier: Apache-2.0 */
#include "records/registry_http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { MAX_BODY = 16 * 1024 * 1024, MAX_URLS = 16, DEFAULT_TIMEOUT_MS = 10000 };

struct registry_http {
    const struct registry_config *config;
    char *urls[MAX_URLS];  /* without a slash at the end */
    char *shown[MAX_URLS]; /* without user and password, for messages */
    size_t n_urls;
    struct {
        pthread_mutex_t lock;
        size_t good; /* the address that answered last */
    } synced;
};

struct body {
    struct textbuf *text;
    bool too_large;
};

static void begin_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* "http://user:secret@host" is shown as "http://host". */
static char *without_user(const char *url)
{
    const char *host = strstr(url, "://");
    const char *slash;
    const char *at;
    struct textbuf text = {0};

    host = host == NULL ? url : host + 3;
    slash = strchr(host, '/');
    at = strrchr(host, '@');
    while (at != NULL && slash != NULL && at > slash) {
        for (at = slash; at >= host && *at != '@';)
            at--;
        if (at < host)
            at = NULL;
    }
    textbuf_add(&text, url, (size_t)(host - url));
    textbuf_puts(&text, at == NULL ? host : at + 1);
    return text.text;
}

static bool add_url(struct registry_http *http, const char *text, size_t len,
                    struct textbuf *out_problem)
{
    struct textbuf url = {0};

    while (len > 0 && (text[len - 1] == '/' || text[len - 1] == ' '))
        len--;
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    textbuf_add(&url, text, len);
    if (http->n_urls == MAX_URLS ||
        (strncmp(url.text, "http://", 7) != 0 && strncmp(url.text, "https://", 8) != 0)) {
        char *shown = without_user(url.text);
        textbuf_printf(out_problem,
                       http->n_urls == MAX_URLS ? "more than 16 addresses: %s"
                                                : "%s is not an address: it must begin with "
                                                  "http:// or https://",
                       shown);
        free(shown);
        textbuf_done(&url);
        return false;
    }
    http->urls[http->n_urls] = url.text;
    http->shown[http->n_urls++] = without_user(url.text);
    return true;
}

struct registry_http *registry_http_new(const struct registry_config *config,
                                        struct textbuf *out_problem)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct registry_http *http = need_alloc(1, sizeof(*http));
    const char *at = config->url;
    bool good = true;

    (void)pthread_once(&once, begin_curl);
    (void)pthread_mutex_init(&http->synced.lock, NULL);
    http->config = config;
    while (good && at != NULL) {
        const char *comma = strchr(at, ',');
        good = add_url(http, at, comma == NULL ? strlen(at) : (size_t)(comma - at), out_problem);
        at = comma == NULL ? NULL : comma + 1;
    }
    if (good)
        return http;
    registry_http_free(http);
    return NULL;
}

void registry_http_free(struct registry_http *http)
{
    if (http == NULL)
        return;
    for (size_t i = 0; i < http->n_urls; i++) {
        free(http->urls[i]);
        free(http->shown[i]);
    }
    (void)pthread_mutex_destroy(&http->synced.lock);
    free(http);
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct body *body = ctx;

    if (body->text->len + size * count > MAX_BODY) {
        body->too_large = true;
        return 0;
    }
    textbuf_add(body->text, data, size * count);
    return size * count;
}

static void set_credentials(CURL *curl, const struct registry_config *config)
{
    if (config->bearer_token != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        (void)curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, config->bearer_token);
    } else if (config->user != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        (void)curl_easy_setopt(curl, CURLOPT_USERNAME, config->user);
        (void)curl_easy_setopt(curl, CURLOPT_PASSWORD,
                               config->password == NULL ? "" : config->password);
    }
    if (config->ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file);
    if (config->cert_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_SSLCERT, config->cert_file);
    if (config->key_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_SSLKEY, config->key_file);
}

static CURLcode perform(const struct registry_http *http, const char *url, struct body *body,
                        long *out_status)
{
    long timeout_ms =
        http->config->timeout_ms > 0 ? (long)http->config->timeout_ms : DEFAULT_TIMEOUT_MS;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers =
        curl_slist_append(NULL, "Accept: application/vnd.schemaregistry.v1+json, application/json");
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (curl != NULL && headers != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
        (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        (void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
        (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 3L);
        (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, SERVICE_NAME);
        (void)curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
        (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
        set_credentials(curl, http->config);
        code = curl_easy_perform(curl);
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, out_status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return code;
}

static enum http_outcome get_from(const struct registry_http *http, size_t index, const char *path,
                                  long *out_status, struct textbuf *out_text)
{
    struct textbuf url = {0};
    struct body body = {out_text, false};
    CURLcode code;

    textbuf_clear(out_text);
    textbuf_printf(&url, "%s%s", http->urls[index], path);
    code = perform(http, url.text, &body, out_status);
    textbuf_done(&url);
    if (code == CURLE_OK && *out_status < 500 && *out_status != 408 && *out_status != 429)
        return HTTP_ANSWERED;
    textbuf_clear(out_text);
    if (code == CURLE_OK)
        textbuf_printf(out_text, "%s: HTTP %ld", http->shown[index], *out_status);
    else
        textbuf_printf(out_text, "%s: %s", http->shown[index],
                       body.too_large ? "the answer is larger than 16 MiB"
                                      : curl_easy_strerror(code));
    return code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE ? HTTP_UNUSABLE
                                                                             : HTTP_UNREACHABLE;
}

enum http_outcome registry_http_get(struct registry_http *http, const char *path, long *out_status,
                                    struct textbuf *out_text)
{
    enum http_outcome outcome = HTTP_UNREACHABLE;
    size_t first;

    (void)pthread_mutex_lock(&http->synced.lock);
    first = http->synced.good;
    (void)pthread_mutex_unlock(&http->synced.lock);
    for (size_t i = 0; i < http->n_urls; i++) {
        size_t index = (first + i) % http->n_urls;
        *out_status = 0;
        outcome = get_from(http, index, path, out_status, out_text);
        if (outcome == HTTP_ANSWERED) {
            (void)pthread_mutex_lock(&http->synced.lock);
            http->synced.good = index;
            (void)pthread_mutex_unlock(&http->synced.lock);
            break;
        }
    }
    return outcome;
}
