/* SPDX-License-Identifier: Apache-2.0 */
#include "config/self_check.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/setting_text.h"
#include "records/decoder.h"

static bool asked_before(const struct config *config, size_t source)
{
    const char *url = config->sources[source].records.registry.url;

    for (size_t i = 0; i < source; i++) {
        const char *other = config->sources[i].records.registry.url;

        if (other != NULL && strcmp(other, url) == 0)
            return true;
    }
    return false;
}

static void check_registries(struct check_report *report, const struct config *config)
{
    for (size_t i = 0; i < config->n_sources; i++) {
        const struct registry_config *settings = &config->sources[i].records.registry;
        struct textbuf problem = {0};
        struct registry *registry;

        if (settings->url == NULL || asked_before(config, i))
            continue;
        registry = registry_new(settings);
        if (registry_check(registry, &problem))
            check_tell(report, CHECK_OK, "registry", NULL, settings->url, NULL);
        else
            check_tell(report, CHECK_WRONG, "registry", NULL, problem.text,
                       "see registry.url, its user, password and ca_file");
        registry_unref(registry);
        textbuf_done(&problem);
    }
}

/* ---- our own address ---- */

static int try_address(const struct addrinfo *address)
{
    static const int on = 1;
    int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    int problem = 0;

    if (fd < 0)
        return errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0)
        problem = errno;
    (void)close(fd);
    return problem;
}

static void check_listen(struct check_report *report, const struct config *config)
{
    const char *colon = config->http.listen == NULL ? NULL : strrchr(config->http.listen, ':');
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    struct textbuf host = {0};
    const char *problem = NULL;
    int code;

    if (colon == NULL)
        return;
    textbuf_add(&host, config->http.listen, (size_t)(colon - config->http.listen));
    if (host.len > 1 && host.text[0] == '[') {
        host.text[host.len - 1] = '\0';
        memmove(host.text, host.text + 1, host.len - 1);
    }
    code = getaddrinfo(host.len == 0 ? NULL : host.text, colon + 1, &hints, &addresses);
    if (code != 0) {
        problem = gai_strerror(code);
    } else {
        code = try_address(addresses);
        problem = code == 0 ? NULL : strerror(code);
        freeaddrinfo(addresses);
    }
    if (problem == NULL)
        check_tell(report, CHECK_OK, "http", NULL, config->http.listen, NULL);
    else
        check_tell(report, CHECK_WRONG, "http", config->http.listen, problem,
                   "give another http.listen, or off");
    textbuf_done(&host);
}

/* ---- keys ---- */

static void check_credentials(struct check_report *report, const struct config *config)
{
    dw_error err = DW_ERROR_INIT;
    struct textbuf text = {0};
    int64_t expires_ms = 0;

    if (config->aws.credentials == NULL)
        return;
    if (dw_credentials_refresh(config->aws.credentials, &expires_ms, &err) == DW_OK) {
        textbuf_printf(&text, "there are keys from the %s", config->aws.source);
        if (expires_ms > 0) {
            textbuf_puts(&text, ", until ");
            textbuf_time(&text, expires_ms);
        }
        check_tell(report, CHECK_OK, "credentials", NULL, text.text, NULL);
    } else {
        check_tell(report, err.retryable ? CHECK_LATER : CHECK_WRONG, "credentials",
                   config->aws.source, err.message, "see the role and who may take it on");
    }
    textbuf_done(&text);
}

/* ---- memory ---- */

/* The limit of our control group, versions 2 and 1; -1: none. */
static int64_t memory_of_group(void)
{
    static const char *const files[] = {"/sys/fs/cgroup/memory.max",
                                        "/sys/fs/cgroup/memory/memory.limit_in_bytes"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        FILE *file = fopen(files[i], "r");
        char line[32] = "";
        int64_t bytes;
        bool read;

        if (file == NULL)
            continue;
        read = fgets(line, sizeof(line), file) != NULL;
        (void)fclose(file);
        line[strcspn(line, "\n")] = '\0';
        if (read && text_to_whole(line, &bytes) && bytes < (int64_t)1 << 50)
            return bytes;
    }
    return -1;
}

static void check_memory(struct check_report *report, const struct config *config)
{
    enum { BESIDE_BUFFERS = 64 << 20 };
    int64_t most = memory_of_group();
    struct textbuf text = {0};

    textbuf_puts(&text, "buffers of up to ");
    bytes_to_text(config->memory_bytes, &text);
    if (most >= 0) {
        textbuf_puts(&text, ", and this container may have ");
        bytes_to_text(most >> 20 << 20, &text);
    }
    if (most >= 0 && config->memory_bytes + BESIDE_BUFFERS > most)
        check_tell(report, CHECK_WRONG, "memory", NULL, text.text,
                   "memory_limit must leave 64MiB of what the container may have");
    else
        check_tell(report, CHECK_OK, "memory", NULL, text.text, NULL);
    textbuf_done(&text);
}

void found_topics_done(struct found_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        free(topics->items[i].name);
        free(topics->items[i].first);
    }
    free(topics->items);
    *topics = (struct found_topics){0};
}

int self_check(const struct config *config, bool json)
{
    struct check_report report = {.json = json};
    struct found_topics topics = {0};
    struct textbuf text = {0};

    textbuf_printf(&text, "%zu source%s, %zu table%s", config->n_sources,
                   config->n_sources == 1 ? "" : "s", config->n_tables,
                   config->n_tables == 1 ? "" : "s");
    check_tell(&report, CHECK_OK, "settings", NULL, text.text, NULL);
    textbuf_done(&text);
    check_memory(&report, config);
    check_listen(&report, config);
    check_kafka(&report, config, &topics);
    check_registries(&report, config);
    check_credentials(&report, config);
    check_tables(&report, config, &topics);
    found_topics_done(&topics);
    return check_end(&report);
}
