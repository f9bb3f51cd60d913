/* SPDX-License-Identifier: Apache-2.0 */
#include "records_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "records/registry.h"

enum { N_THREADS = 8 };

/* A registry that answers each request alike, one at a time, and slowly. */
struct server {
    int listener;
    char url[64];
    const char *body;
    int status;
    atomic_int requests;
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct server *server = arg;
    char request[4096];
    char answer[512];
    int client;

    while ((client = accept(server->listener, NULL, NULL)) >= 0) {
        const struct timespec slow = {0, 50 * 1000 * 1000};
        ssize_t got = read(client, request, sizeof(request));
        int len =
            snprintf(answer, sizeof(answer),
                     "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     server->status, strlen(server->body), server->body);
        if (got > 0)
            atomic_fetch_add(&server->requests, 1);
        (void)nanosleep(&slow, NULL);
        (void)!write(client, answer, (size_t)len);
        (void)close(client);
    }
    return NULL;
}

static void start(struct server *server, int status, const char *body)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    *server = (struct server){.status = status, .body = body};
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d",
                   (int)ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
}

struct asker {
    struct registry *registry;
    int32_t id;
    enum decode_result result;
    const struct registry_schema *schema;
    pthread_t thread;
};

static void *ask(void *arg)
{
    struct asker *asker = arg;
    struct failure failure = {0};

    asker->result = registry_by_id(asker->registry, asker->id, &asker->schema, &failure);
    textbuf_done(&failure.text);
    return NULL;
}

static void ask_all(struct asker *askers, struct registry *registry, int n_ids)
{
    for (int i = 0; i < N_THREADS; i++) {
        askers[i] = (struct asker){.registry = registry, .id = 1 + i % n_ids};
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++)
        (void)pthread_join(askers[i].thread, NULL);
}

static void of_many_threads_one_asks_for_a_schema(void **state)
{
    struct asker askers[N_THREADS];
    struct registry_config config = {0};
    struct server server;
    struct registry *registry;
    int64_t requests;
    int64_t failures;

    (void)state;
    start(&server, 200, "{\"schema\":\"\\\"int\\\"\"}");
    config.url = server.url;
    registry = registry_new(&config);
    ask_all(askers, registry, 2);
    ask_all(askers, registry, 2);
    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(askers[i].result, DECODE_ROWS);
        assert_ptr_equal(askers[i].schema, askers[i % 2].schema);
        assert_string_equal(askers[i].schema->text, "\"int\"");
    }
    assert_int_equal(atomic_load(&server.requests), 2);
    registry_count(registry, &requests, &failures);
    assert_int_equal(requests, 2);
    assert_int_equal(failures, 0);
    registry_unref(registry);
    stop(&server);
}

static void a_failure_is_not_asked_for_again_at_once(void **state)
{
    struct asker askers[N_THREADS];
    struct registry_config config = {0};
    struct server server;
    struct registry *registry;

    (void)state;
    start(&server, 503, "busy");
    config.url = server.url;
    registry = registry_new(&config);
    ask_all(askers, registry, 1);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(askers[i].result, DECODE_TRY_LATER);
    assert_int_equal(atomic_load(&server.requests), 1);
    server.status = 200;
    server.body = "{\"schema\":\"x\"}";
    for (int i = 0; i < 100 && askers[0].result != DECODE_ROWS; i++) {
        const struct timespec a_while = {0, 50 * 1000 * 1000};
        (void)nanosleep(&a_while, NULL);
        (void)ask(&askers[0]);
    }
    assert_int_equal(askers[0].result, DECODE_ROWS);
    assert_int_equal(atomic_load(&server.requests), 2);
    registry_unref(registry);
    stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_many_threads_one_asks_for_a_schema),
        cmocka_unit_test(a_failure_is_not_asked_for_again_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
