/* SPDX-License-Identifier: Apache-2.0 */
/* What docs/store-contract.md promises, run on one kind of store: test_store_contract KIND. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "contract_stores.h"

static const char *kind;

static int open_store(void **state)
{
    *state = contract_store_open(kind);
    return 0;
}

static int drop_store(void **state)
{
    contract_store_drop(*state);
    return 0;
}

static dw_bytes text_bytes(const char *text)
{
    return (dw_bytes){text, strlen(text)};
}

static void put(dw_store *store, const char *key, const char *text)
{
    dw_error err = DW_ERROR_INIT;

    DWT_OK(dwi_store_put(store, key, text_bytes(text), DW_PUT_OVERWRITE, &err), &err);
}

static dwi_buf get_range(dw_store *store, const char *key, int64_t offset, int64_t length)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;

    dwi_buf_init(&out, dwi_alloc_default());
    DWT_OK(dwi_store_get(store, key, (dw_range){offset, length}, INT64_MAX, &out, &err), &err);
    return out;
}

static void expect_range(dw_store *store, const char *key, int64_t offset, int64_t length,
                         const char *want)
{
    dwi_buf got = get_range(store, key, offset, length);

    DWT_STR(dwi_buf_cstr(&got), want);
    dwi_buf_done(&got);
}

static void expect_text(dw_store *store, const char *key, const char *want)
{
    expect_range(store, key, 0, -1, want);
}

static void expect_missing(dw_store *store, const char *key)
{
    dw_error err = DW_ERROR_INIT;
    dw_object object;
    dwi_buf out;

    dwi_buf_init(&out, dwi_alloc_default());
    DWT_ERR(dwi_store_get(store, key, (dw_range)DW_RANGE_ALL, INT64_MAX, &out, &err), &err,
            DW_E_NOT_FOUND, key);
    DWT_ERR(dwi_store_head(store, key, &object, &err), &err, DW_E_NOT_FOUND, key);
    DWT_EQ(out.len, 0);
    dwi_buf_done(&out);
}

/* Keys one a line. */
static dw_status append_key(void *ctx, const dw_object *object, dw_error *err)
{
    dwi_buf *out = ctx;

    assert_true(object->size >= 0);
    dwi_buf_printf(out, "%s\n", object->key);
    return dwi_buf_status(out, err);
}

static void expect_list(dw_store *store, const char *prefix, const char *after, const char *want)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf got;

    dwi_buf_init(&got, dwi_alloc_default());
    DWT_OK(dwi_store_list(store, prefix, after, append_key, &got, &err), &err);
    DWT_STR(dwi_buf_cstr(&got), want);
    dwi_buf_done(&got);
}

static void an_object_reads_as_it_was_put(void **state)
{
    put(*state, "_delta_log/00000000000000000000.json", "{\"a\":1}\n");
    expect_text(*state, "_delta_log/00000000000000000000.json", "{\"a\":1}\n");
    put(*state, "_delta_log/00000000000000000000.json", "replaced");
    expect_text(*state, "_delta_log/00000000000000000000.json", "replaced");
}

static void a_missing_object_is_not_found(void **state)
{
    expect_missing(*state, "nothing/here.json");
    put(*state, "some/folder/object", "x");
    expect_missing(*state, "some/folder");
    expect_missing(*state, "some/folder/object/deeper");
}

static void empty_objects_exist(void **state)
{
    dw_object object;
    dw_error err = DW_ERROR_INIT;

    put(*state, "empty", "");
    expect_text(*state, "empty", "");
    expect_range(*state, "empty", -8, -1, "");
    expect_range(*state, "empty", 0, 10, "");
    expect_range(*state, "empty", 5, -1, "");
    DWT_OK(dwi_store_head(*state, "empty", &object, &err), &err);
    DWT_EQ(object.size, 0);
    expect_list(*state, "", NULL, "empty\n");
    DWT_ERR(dwi_store_put(*state, "empty", (dw_bytes){NULL, 0}, DW_PUT_IF_ABSENT, &err), &err,
            DW_E_EXISTS, "empty");
}

static void ranges_are_cut_at_the_end(void **state)
{
    put(*state, "r", "0123456789");
    expect_range(*state, "r", 0, 4, "0123");
    expect_range(*state, "r", 3, 1, "3");
    expect_range(*state, "r", 7, 100, "789");
    expect_range(*state, "r", 4, -1, "456789");
    expect_range(*state, "r", -3, -1, "789");
    expect_range(*state, "r", -10, -1, "0123456789");
    expect_range(*state, "r", -100, -1, "0123456789");
    expect_range(*state, "r", 9, -1, "9");
    expect_range(*state, "r", 10, -1, "");
    expect_range(*state, "r", 11, 5, "");
    expect_range(*state, "r", 2, 0, "");
}

static void a_read_stops_at_the_callers_limit(void **state)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;

    put(*state, "big", "0123456789");
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_buf_append_cstr(&out, "kept");
    DWT_ERR(dwi_store_get(*state, "big", (dw_range)DW_RANGE_ALL, 9, &out, &err), &err, DW_E_CORRUPT,
            "big");
    DWT_STR(dwi_buf_cstr(&out), "kept");
    DWT_OK(dwi_store_get(*state, "big", (dw_range)DW_RANGE_ALL, 10, &out, &err), &err);
    DWT_STR(dwi_buf_cstr(&out), "kept0123456789");
    dwi_buf_done(&out);
}

static void head_tells_size_and_time(void **state)
{
    int64_t now_ms = dwi_now_ms(dwi_env_system());
    dw_error err = DW_ERROR_INIT;
    dw_object object;

    put(*state, "h", "12345");
    DWT_OK(dwi_store_head(*state, "h", &object, &err), &err);
    DWT_EQ(object.size, 5);
    assert_true(object.modified_ms > now_ms - 60000 && object.modified_ms < now_ms + 60000);
}

static void odd_keys_are_kept_byte_for_byte(void **state)
{
    static const char *const keys[] = {
        " blank at both ends ",           "a+b&c=d;e,f@g$h!i'j(k)l*m~n",
        "p=a%3Ab/\xC3\xBC 1+2&x.parquet", "percent/%25%2F%/x",
        "q?u=e#s[t]\"<>|\\^`{}",          "\xE6\x97\xA5\xE6\x9C\xAC/\xF0\x9F\x98\x80",
    };
    dwi_buf all;

    dwi_buf_init(&all, dwi_alloc_default());
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        put(*state, keys[i], keys[i]);
        expect_text(*state, keys[i], keys[i]);
        dwi_buf_printf(&all, "%s\n", keys[i]);
    }
    expect_list(*state, "", NULL, dwi_buf_cstr(&all));
    for (size_t i = 0; i + 1 < sizeof(keys) / sizeof(keys[0]); i++) {
        dwi_buf_clear(&all);
        dwi_buf_printf(&all, "%s\n", keys[i]);
        expect_list(*state, keys[i], NULL, dwi_buf_cstr(&all));
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        dw_error err = DW_ERROR_INIT;
        DWT_OK(dwi_store_remove(*state, keys[i], &err), &err);
    }
    expect_list(*state, "", NULL, "");
    dwi_buf_done(&all);
}

static void keys_cannot_leave_the_root(void **state)
{
    static const char *const keys[] = {"../x", "a/../../x", "a/./b", "/etc/passwd",
                                       "a//b", "a/",        ""};
    dw_error err = DW_ERROR_INIT;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        DWT_ERR(dwi_store_put(*state, keys[i], text_bytes("x"), DW_PUT_OVERWRITE, &err), &err,
                DW_E_ARG, "not a key");
    DWT_ERR(dwi_store_list(*state, "../", NULL, append_key, NULL, &err), &err, DW_E_ARG,
            "not a prefix");
}

static void lists_are_in_byte_order_across_folders(void **state)
{
    put(*state, "a/c", "1");
    put(*state, "a-b", "1");
    put(*state, "a.json", "1");
    put(*state, "a0", "1");
    put(*state, "a/b/z", "1");
    put(*state, "a/b.txt", "1");
    put(*state, "B", "1");
    put(*state, "_log/1", "1");
    put(*state, "\xC3\xA9", "1");
    expect_list(*state, "", NULL, "B\n_log/1\na-b\na.json\na/b.txt\na/b/z\na/c\na0\n\xC3\xA9\n");
    expect_list(*state, "a", NULL, "a-b\na.json\na/b.txt\na/b/z\na/c\na0\n");
    expect_list(*state, "a/", NULL, "a/b.txt\na/b/z\na/c\n");
    expect_list(*state, "a/b", NULL, "a/b.txt\na/b/z\n");
    expect_list(*state, "a/b/z", NULL, "a/b/z\n");
    expect_list(*state, "nothing/", NULL, "");
    expect_list(*state, "B/", NULL, "");
}

static void lists_start_after_a_key(void **state)
{
    put(*state, "t/_last", "1");
    put(*state, "t/a/1", "1");
    put(*state, "t/a/2", "1");
    put(*state, "t/b", "1");
    expect_list(*state, "t/", "t/_last", "t/a/1\nt/a/2\nt/b\n");
    expect_list(*state, "t/", "t/a", "t/a/1\nt/a/2\nt/b\n");
    expect_list(*state, "t/", "t/a/1", "t/a/2\nt/b\n");
    expect_list(*state, "t/", "t/a/1x", "t/a/2\nt/b\n");
    expect_list(*state, "t/", "t/a0", "t/b\n");
    expect_list(*state, "t/", "t/b", "");
    expect_list(*state, "t/", "zzz", "");
    expect_list(*state, "t/", "a", "t/_last\nt/a/1\nt/a/2\nt/b\n");
    expect_list(*state, "t/a/", "t/_last", "t/a/1\nt/a/2\n");
}

static dw_status stop_at_second(void *ctx, const dw_object *object, dw_error *err)
{
    int *seen = ctx;

    (void)object;
    if (++*seen < 2)
        return DW_OK;
    (void)memset(err, 0, sizeof(*err));
    err->code = DW_E_CANCELLED;
    (void)strcpy(err->message, "enough");
    return DW_E_CANCELLED;
}

static void a_lister_can_stop(void **state)
{
    dw_error err = DW_ERROR_INIT;
    int seen = 0;

    put(*state, "1", "");
    put(*state, "2", "");
    put(*state, "3", "");
    DWT_ERR(dwi_store_list(*state, "", NULL, stop_at_second, &seen, &err), &err, DW_E_CANCELLED,
            "enough");
    DWT_EQ(seen, 2);
}

enum { MANY = 2345, WORKERS = 8 };

typedef struct worker {
    pthread_t thread;
    dw_store *store;
    int number;
    int wins;
    dw_status failure;
    dw_error err;
} worker;

static void run_workers(worker *workers, dw_store *store, void *(*body)(void *))
{
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.store = store, .number = i};
        DWT_EQ(pthread_create(&workers[i].thread, NULL, body, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        DWT_EQ(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 0; i < WORKERS; i++)
        DWT_OK(workers[i].failure, &workers[i].err);
}

static void many_key(char *out, size_t size, int i)
{
    (void)snprintf(out, size, "many/%05d/x y.%d", i / 10, i % 10);
}

static void *put_many(void *arg)
{
    worker *w = arg;
    char key[64];

    for (int i = w->number; i < MANY && w->failure == DW_OK; i += WORKERS) {
        many_key(key, sizeof(key), i);
        w->failure = dwi_store_put(w->store, key, text_bytes(key), DW_PUT_OVERWRITE, &w->err);
    }
    return NULL;
}

typedef struct expectation {
    int next;
} expectation;

static dw_status expect_next(void *ctx, const dw_object *object, dw_error *err)
{
    expectation *e = ctx;
    char key[64];

    (void)err;
    many_key(key, sizeof(key), e->next++);
    DWT_STR(object->key, key);
    DWT_EQ(object->size, strlen(key));
    return DW_OK;
}

static void lists_of_thousands_are_complete(void **state)
{
    worker workers[WORKERS];
    dw_error err = DW_ERROR_INIT;
    expectation e = {0};

    run_workers(workers, *state, put_many);
    DWT_OK(dwi_store_list(*state, "many/", NULL, expect_next, &e, &err), &err);
    DWT_EQ(e.next, MANY);
    e.next = 1008;
    DWT_OK(dwi_store_list(*state, "many/", "many/00100/x y.7", expect_next, &e, &err), &err);
    DWT_EQ(e.next, MANY);
}

enum { RACES = 25 };

static void *race(void *arg)
{
    worker *w = arg;
    char key[64];
    char body[64];

    for (int i = 0; i < RACES && w->failure == DW_OK; i++) {
        dw_status status;
        (void)snprintf(key, sizeof(key), "_delta_log/%020d.json", i);
        (void)snprintf(body, sizeof(body), "{\"writer\":%d,\"version\":%d}", w->number, i);
        status = dwi_store_put(w->store, key, text_bytes(body), DW_PUT_IF_ABSENT, &w->err);
        if (status == DW_OK) {
            w->wins |= 1 << i;
        } else if (status != DW_E_EXISTS) {
            w->failure = status;
        }
    }
    return NULL;
}

static void exactly_one_of_racing_writers_wins(void **state)
{
    worker workers[WORKERS];
    char key[64];
    char want[64];

    run_workers(workers, *state, race);
    for (int i = 0; i < RACES; i++) {
        int winner = -1;
        for (int n = 0; n < WORKERS; n++)
            if ((workers[n].wins >> i & 1) != 0) {
                DWT_EQ(winner, -1);
                winner = n;
            }
        assert_true(winner >= 0);
        (void)snprintf(key, sizeof(key), "_delta_log/%020d.json", i);
        (void)snprintf(want, sizeof(want), "{\"writer\":%d,\"version\":%d}", winner, i);
        expect_text(*state, key, want);
    }
}

static void put_if_absent_leaves_what_exists(void **state)
{
    dw_error err = DW_ERROR_INIT;

    DWT_OK(dwi_store_put(*state, "d/k", text_bytes("first"), DW_PUT_IF_ABSENT, &err), &err);
    DWT_ERR(dwi_store_put(*state, "d/k", text_bytes("second"), DW_PUT_IF_ABSENT, &err), &err,
            DW_E_EXISTS, "put d/k: ");
    expect_text(*state, "d/k", "first");
    DWT_OK(dwi_store_remove(*state, "d/k", &err), &err);
    DWT_OK(dwi_store_put(*state, "d/k", text_bytes("third"), DW_PUT_IF_ABSENT, &err), &err);
    expect_text(*state, "d/k", "third");
}

static void removing_what_is_missing_is_fine(void **state)
{
    dw_error err = DW_ERROR_INIT;

    DWT_OK(dwi_store_remove(*state, "never/was", &err), &err);
    put(*state, "was", "x");
    DWT_OK(dwi_store_remove(*state, "was", &err), &err);
    DWT_OK(dwi_store_remove(*state, "was", &err), &err);
    expect_missing(*state, "was");
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)((i * 2654435761u) >> 13);
}

static void expect_pattern(dw_store *store, const char *key, size_t size)
{
    dwi_buf got = get_range(store, key, 0, -1);

    DWT_EQ(got.len, size);
    for (size_t i = 0; i < size; i++)
        if (got.data[i] != pattern(i))
            fail_msg("byte %zu differs", i);
    dwi_buf_done(&got);
}

/* Uploads `size` bytes in uneven pieces; nothing is visible before the end. */
static void upload(dw_store *store, const char *key, size_t size, bool finish)
{
    dwi_upload *stream = NULL;
    dw_error err = DW_ERROR_INIT;
    uint8_t chunk[70001];
    size_t at = 0;

    DWT_OK(dwi_upload_begin(store, key, &stream, &err), &err);
    while (at < size) {
        size_t n = at % 3 == 0 ? sizeof(chunk) : 977;
        n = n < size - at ? n : size - at;
        for (size_t i = 0; i < n; i++)
            chunk[i] = pattern(at + i);
        DWT_OK(dwi_upload_write(stream, chunk, n, &err), &err);
        at += n;
    }
    expect_missing(store, key);
    expect_list(store, "up/", NULL, "");
    if (finish)
        DWT_OK(dwi_upload_finish(stream, &err), &err);
    else
        dwi_upload_abort(stream);
}

/* With one that is not there among them, and names that XML has to escape. */
static void many_objects_are_removed_at_once(void **state)
{
    static const char *const keys[] = {"d/a&b<c>\"d\"", "d/\xC3\xA4 %2F+", "d/none", "d/z",
                                       "d/tab\tin"};
    dw_store *store = *state;
    dw_error err = DW_ERROR_INIT;
    dw_object object;
    size_t failed = 9;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i], "d/none") != 0)
            put(store, keys[i], "x");
    put(store, "d/stays", "x");
    DWT_OK(dwi_store_remove_many(store, keys, 4, &failed, &err), &err);
    DWT_EQ(failed, 0);
    for (size_t i = 0; i < 4; i++)
        expect_missing(store, keys[i]);
    DWT_OK(dwi_store_remove_many(store, keys, 5, &failed, &err), &err);
    DWT_EQ(dwi_store_head(store, keys[4], &object, &err), DW_E_NOT_FOUND);
    expect_text(store, "d/stays", "x");
}

static void uploads_appear_whole_at_their_end(void **state)
{
    static const size_t sizes[] = {0, 1, 8 * 1024 * 1024, 20 * 1024 * 1024 + 1};
    dw_error err = DW_ERROR_INIT;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        upload(*state, "up/p=1/part-0.parquet", sizes[i], true);
        expect_list(*state, "up/", NULL, "up/p=1/part-0.parquet\n");
        expect_pattern(*state, "up/p=1/part-0.parquet", sizes[i]);
        DWT_OK(dwi_store_remove(*state, "up/p=1/part-0.parquet", &err), &err);
    }
}

static void an_aborted_upload_leaves_nothing(void **state)
{
    upload(*state, "up/x", 0, false);
    upload(*state, "up/x", 100, false);
    upload(*state, "up/x", 20 * 1024 * 1024, false);
    expect_missing(*state, "up/x");
    expect_list(*state, "", NULL, "");
    dwi_upload_abort(NULL);
}

/* What a real server says to wrong settings; on S3 only. */
static void expect_refusal(dw_store *store, dw_status code, const char *text)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;

    dwi_buf_init(&out, dwi_alloc_default());
    DWT_ERR(dwi_store_get(store, "k", (dw_range)DW_RANGE_ALL, 1, &out, &err), &err, code, text);
    DWT_ERR(dwi_store_put(store, "k", text_bytes("x"), DW_PUT_IF_ABSENT, &err), &err, code, text);
    DWT_ERR(dwi_store_put(store, "k", text_bytes("x"), DW_PUT_OVERWRITE, &err), &err, code, text);
    DWT_ERR(dwi_store_list(store, "", NULL, append_key, &out, &err), &err, code, text);
    dw_store_unref(store);
    dwi_buf_done(&out);
}

static void wrong_settings_are_told_by_name(void **state)
{
    (void)state;
    expect_refusal(contract_store_open_s3("no-such-bucket-here", NULL, NULL), DW_E_NOT_FOUND,
                   "bucket no-such-bucket-here does not exist");
    expect_refusal(contract_store_open_s3(NULL, "nobody", NULL), DW_E_DENIED, "InvalidAccessKeyId");
    expect_refusal(contract_store_open_s3(NULL, NULL, "wrong-secret"), DW_E_DENIED,
                   "SignatureDoesNotMatch");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define ON_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, drop_store)
        ON_STORE(an_object_reads_as_it_was_put),
        ON_STORE(a_missing_object_is_not_found),
        ON_STORE(empty_objects_exist),
        ON_STORE(ranges_are_cut_at_the_end),
        ON_STORE(a_read_stops_at_the_callers_limit),
        ON_STORE(head_tells_size_and_time),
        ON_STORE(odd_keys_are_kept_byte_for_byte),
        ON_STORE(keys_cannot_leave_the_root),
        ON_STORE(lists_are_in_byte_order_across_folders),
        ON_STORE(lists_start_after_a_key),
        ON_STORE(a_lister_can_stop),
        ON_STORE(lists_of_thousands_are_complete),
        ON_STORE(exactly_one_of_racing_writers_wins),
        ON_STORE(put_if_absent_leaves_what_exists),
        ON_STORE(removing_what_is_missing_is_fine),
        ON_STORE(many_objects_are_removed_at_once),
        ON_STORE(uploads_appear_whole_at_their_end),
        ON_STORE(an_aborted_upload_leaves_nothing),
    };
    const struct CMUnitTest s3_tests[] = {
        cmocka_unit_test(wrong_settings_are_told_by_name),
    };
    int failures;

    kind = argc > 1 ? argv[1] : "memory";
    if (!contract_store_known(kind)) {
        (void)fprintf(stderr, "usage: %s memory|local|fault|s3\n", argv[0]);
        return 2;
    }
    if (!contract_store_present(kind))
        return 77;
    failures = cmocka_run_group_tests_name(kind, tests, NULL, NULL);
    if (strcmp(kind, "s3") == 0)
        failures += cmocka_run_group_tests_name("s3 settings", s3_tests, NULL, NULL);
    return failures;
}
