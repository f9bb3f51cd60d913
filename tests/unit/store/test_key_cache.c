/* SPDX-License-Identifier: Apache-2.0 */
/* When keys are fetched, and who waits for that. */
#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "store/key_cache.h"

typedef struct source {
    int fetches;
    int64_t life_ms; /* 0: for ever */
    dw_status fails; /* DW_OK: does not */
    const char *id;  /* NULL: "key" and the number of the fetch */
    const dwi_env *env;
    int destroyed;
    struct asker *meanwhile; /* not NULL: asks, from another thread, while a fetch is under way */
    int warnings;
} source;

/* Somebody who wants keys, from a thread. */
typedef struct asker {
    dw_credentials *credentials;
    const dwi_env *env;
    char id[32];
} asker;

static void *ask(void *arg)
{
    asker *a = arg;
    dw_error err = DW_ERROR_INIT;
    dwi_keys *keys = NULL;

    if (dwi_credentials_keys(a->credentials, a->env, &keys, &err) == DW_OK)
        (void)snprintf(a->id, sizeof(a->id), "%s", keys->access_key_id);
    dwi_keys_unref(keys);
    return NULL;
}

static dw_status fetch(void *ctx, dw_keys_sink sink, dw_error *err)
{
    source *s = ctx;
    dw_keys keys = DW_KEYS_INIT;
    char id[32];

    if (s->meanwhile != NULL) {
        pthread_t thread;

        DWT_EQ(pthread_create(&thread, NULL, ask, s->meanwhile), 0);
        (void)pthread_join(thread, NULL);
    }
    s->fetches++;
    if (s->fails != DW_OK)
        return dwi_err_sys(err, s->fails, 0, true, "the source is away");
    (void)snprintf(id, sizeof(id), "key%d", s->fetches);
    keys.access_key_id = s->id == NULL ? id : s->id;
    keys.secret_access_key = "secret";
    keys.session_token = "token";
    keys.expires_ms = s->life_ms == 0 ? 0 : dwi_now_ms(s->env) + s->life_ms;
    return sink.give(sink.ctx, &keys, err);
}

static void destroy(void *ctx)
{
    ((source *)ctx)->destroyed++;
}

static void count_warning(void *ctx, int level, const char *message)
{
    DWT_EQ(level, DW_LOG_WARN);
    assert_non_null(strstr(message, "the source is away"));
    ((source *)ctx)->warnings++;
}

static dw_credentials *open_source(source *s, dwt_env *env)
{
    dw_credentials_options opts = DW_CREDENTIALS_OPTIONS_INIT;
    dw_credentials *credentials = NULL;
    dw_error err = DW_ERROR_INIT;

    dwt_env_init(env);
    s->env = &env->base;
    opts.log = count_warning;
    opts.log_ctx = s;
    DWT_OK(dw_credentials_new(fetch, s, destroy, &opts, &credentials, &err), &err);
    return credentials;
}

static void wait_ms(dwt_env *env, int64_t ms)
{
    env->base.sleep_us(env->base.ctx, ms * 1000);
}

static void has_key(dw_credentials *credentials, dwt_env *env, const char *id)
{
    dw_error err = DW_ERROR_INIT;
    dwi_keys *keys = NULL;

    DWT_OK(dwi_credentials_keys(credentials, &env->base, &keys, &err), &err);
    DWT_STR(keys->access_key_id, id);
    DWT_STR(keys->secret_access_key, "secret");
    DWT_STR(keys->session_token, "token");
    dwi_keys_unref(keys);
}

static void keys_that_do_not_expire_are_fetched_once(void **state)
{
    source s = {0};
    dwt_env env;
    dw_credentials *c = open_source(&s, &env);

    (void)state;
    DWT_EQ(s.fetches, 0);
    has_key(c, &env, "key1");
    wait_ms(&env, 1000000000);
    has_key(c, &env, "key1");
    DWT_EQ(dw_credentials_expiry(c), 0);
    dw_credentials_unref(dw_credentials_ref(c));
    DWT_EQ(s.destroyed, 0);
    dw_credentials_unref(c);
    DWT_EQ(s.destroyed, 1);
    DWT_EQ(s.fetches, 1);
}

static void keys_are_fetched_again_after_three_quarters_of_their_life(void **state)
{
    source s = {.life_ms = 3600000};
    dwt_env env;
    dw_credentials *c = open_source(&s, &env);
    int64_t first_expiry;

    (void)state;
    has_key(c, &env, "key1");
    first_expiry = dw_credentials_expiry(c);
    DWT_EQ(first_expiry, dwi_now_ms(&env.base) + 3600000);
    wait_ms(&env, 2699999);
    has_key(c, &env, "key1");
    wait_ms(&env, 1);
    has_key(c, &env, "key2");
    DWT_EQ(dw_credentials_expiry(c), first_expiry + 2700000);
    dw_credentials_unref(c);
}

static void keys_are_kept_while_the_source_is_away_until_they_expire(void **state)
{
    source s = {.life_ms = 400000};
    dw_error err = DW_ERROR_INIT;
    dwi_keys *keys = NULL;
    dwt_env env;
    dw_credentials *c = open_source(&s, &env);

    (void)state;
    has_key(c, &env, "key1");
    s.fails = DW_E_IO;
    wait_ms(&env, 300000);
    has_key(c, &env, "key1");
    has_key(c, &env, "key1");
    DWT_EQ(s.fetches, 2);
    wait_ms(&env, 30000);
    has_key(c, &env, "key1");
    DWT_EQ(s.fetches, 3);
    DWT_EQ(s.warnings, 2);
    wait_ms(&env, 70000);
    DWT_ERR(dwi_credentials_keys(c, &env.base, &keys, &err), &err, DW_E_IO, "the source is away");
    assert_true(err.retryable);
    s.fails = DW_OK;
    has_key(c, &env, "key5");
    dw_credentials_unref(c);
}

static void rejected_keys_are_fetched_anew_once(void **state)
{
    source s = {.life_ms = 3600000};
    dw_error err = DW_ERROR_INIT;
    dwi_keys *keys = NULL;
    dwt_env env;
    dw_credentials *c = open_source(&s, &env);

    (void)state;
    DWT_OK(dwi_credentials_keys(c, &env.base, &keys, &err), &err);
    dwi_credentials_reject(c, keys);
    has_key(c, &env, "key2");
    dwi_credentials_reject(c, keys); /* another request had the same old ones */
    has_key(c, &env, "key2");
    dwi_keys_unref(keys);
    dw_credentials_unref(c);
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const ids[] = {"", "a b", "a\r\nX-Header: 1"};
    dw_error err = DW_ERROR_INIT;
    source s = {.life_ms = -1};
    dwi_keys *keys = NULL;
    dwt_env env;
    dw_credentials *c = open_source(&s, &env);

    (void)state;
    DWT_ERR(dwi_credentials_keys(c, &env.base, &keys, &err), &err, DW_E_DENIED,
            "have expired already");
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        s.id = ids[i];
        DWT_ERR(dwi_credentials_keys(c, &env.base, &keys, &err), &err, DW_E_CORRUPT,
                "credentials: ");
    }
    dw_credentials_unref(c);
    DWT_ERR(dw_credentials_new(NULL, NULL, NULL, NULL, &c, &err), &err, DW_E_ARG, "NULL");
    DWT_ERR(dw_credentials_refresh(NULL, NULL, &err), &err, DW_E_ARG, "NULL");
}

/* ---- threads ---- */

static void others_go_on_with_the_old_keys_while_one_fetches(void **state)
{
    source s = {.life_ms = 400000};
    dwt_env env;
    dw_credentials *c = open_source(&s, &env);
    asker other = {c, &env.base, ""};

    (void)state;
    has_key(c, &env, "key1");
    wait_ms(&env, 300000);
    s.meanwhile = &other;
    has_key(c, &env, "key2");
    DWT_STR(other.id, "key1");
    DWT_EQ(s.fetches, 2);
    dw_credentials_unref(c);
}

static void those_without_keys_wait_for_one_fetch(void **state)
{
    enum { ASKERS = 8 };
    source s = {.life_ms = 400000};
    asker askers[ASKERS];
    pthread_t threads[ASKERS];
    dwt_env env;
    dw_credentials *c = open_source(&s, &env);

    (void)state;
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (asker){c, &env.base, ""};
        DWT_EQ(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        (void)pthread_join(threads[i], NULL);
        DWT_STR(askers[i].id, "key1");
    }
    DWT_EQ(s.fetches, 1);
    dw_credentials_unref(c);
}

static dw_status use_source(const dw_allocator *alloc, void *ctx)
{
    dw_credentials_options opts = DW_CREDENTIALS_OPTIONS_INIT;
    dw_credentials *credentials = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    opts.allocator = alloc;
    status = dw_credentials_new(fetch, ctx, NULL, &opts, &credentials, &err);
    if (status == DW_OK)
        status = dw_credentials_refresh(credentials, NULL, &err);
    dw_credentials_unref(credentials);
    return status;
}

static void want_of_memory_is_told(void **state)
{
    source s = {0};

    (void)state;
    dwt_alloc_sweep(use_source, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_do_not_expire_are_fetched_once),
        cmocka_unit_test(keys_are_fetched_again_after_three_quarters_of_their_life),
        cmocka_unit_test(keys_are_kept_while_the_source_is_away_until_they_expire),
        cmocka_unit_test(rejected_keys_are_fetched_anew_once),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(others_go_on_with_the_old_keys_while_one_fetches),
        cmocka_unit_test(those_without_keys_wait_for_one_fetch),
        cmocka_unit_test(want_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
