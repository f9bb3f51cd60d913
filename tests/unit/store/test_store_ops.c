/* SPDX-License-Identifier: Apache-2.0 */
/* Retries and what becomes of a put that may have taken effect. */
#include "harness.h"

#include <string.h>

#include "base/alloc.h"
#include "store/fault_store.h"
#include "store/store_impl.h"

typedef struct fixture {
    dw_store *memory;
    dw_store *store; /* the fault store over it */
    dwt_env env;
    dwi_buf log; /* WARN lines */
} fixture;

static void keep_line(void *ctx, int level, const char *message)
{
    fixture *f = ctx;

    DWT_EQ(level, DW_LOG_WARN);
    dwi_buf_printf(&f->log, "%s\n", message);
}

static void open_with(fixture *f, int64_t retry_timeout_ms)
{
    dw_store_options opts = DW_STORE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;

    opts.retry_timeout_ms = retry_timeout_ms;
    opts.log = keep_line;
    opts.log_ctx = f;
    dwt_env_init(&f->env);
    dwi_buf_init(&f->log, dwi_alloc_default());
    DWT_OK(dw_store_open_memory(NULL, &f->memory, &err), &err);
    dwi_store_set_env(f->memory, &f->env.base);
    DWT_OK(dwi_fault_store_new(f->memory, &opts, &f->store, &err), &err);
    dwi_store_set_env(f->store, &f->env.base);
}

static void close_all(fixture *f)
{
    dw_store_unref(f->store);
    dw_store_unref(f->memory);
    dwi_buf_done(&f->log);
}

static void plan(fixture *f, uint32_t on, int kind, int64_t nth, int64_t count)
{
    dwi_fault fault = {on, kind, nth, count, NULL, 0};
    dw_error err = DW_ERROR_INIT;

    DWT_OK(dwi_fault_plan(f->store, &fault, 1, &err), &err);
}

static dw_status put_text(dw_store *store, const char *key, const char *text, int mode,
                          dw_error *err)
{
    return dwi_store_put(store, key, (dw_bytes){text, strlen(text)}, mode, err);
}

static void expect_text(dw_store *store, const char *key, const char *want)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;

    dwi_buf_init(&out, dwi_alloc_default());
    DWT_OK(dwi_store_get(store, key, (dw_range)DW_RANGE_ALL, 1000, &out, &err), &err);
    DWT_STR(dwi_buf_cstr(&out), want);
    dwi_buf_done(&out);
}

static void transient_failures_are_tried_again_and_logged(void **state)
{
    dw_error err = DW_ERROR_INIT;
    fixture f;

    (void)state;
    open_with(&f, 0);
    plan(&f, DWI_ON_PUT, DWI_FAULT_REFUSE, 0, 3);
    DWT_OK(put_text(f.store, "k", "v", DW_PUT_OVERWRITE, &err), &err);
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_PUT), 4);
    DWT_EQ(dwi_fault_hits(f.store), 3);
    assert_non_null(
        strstr(dwi_buf_cstr(&f.log), "put k: injected: connection refused; attempt 2 "));
    assert_non_null(strstr(dwi_buf_cstr(&f.log), "attempt 4 follows in "));
    assert_true(f.env.now_us > INT64_C(1767225600) * 1000000);
    plan(&f, DWI_ON_GET, DWI_FAULT_THROTTLE, 0, 2);
    expect_text(f.store, "k", "v");
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_GET), 3);
    close_all(&f);
}

static void trying_again_ends_with_the_time(void **state)
{
    dw_error err = DW_ERROR_INIT;
    int64_t start_us;
    fixture f;

    (void)state;
    open_with(&f, 30000);
    start_us = f.env.now_us;
    plan(&f, DWI_ON_ALL, DWI_FAULT_REFUSE, 0, -1);
    DWT_ERR(put_text(f.store, "k", "v", DW_PUT_OVERWRITE, &err), &err, DW_E_IO,
            "put k: injected: connection refused");
    assert_true(err.retryable);
    assert_in_range(f.env.now_us - start_us, 10000000, 30000000);
    assert_in_range(dwi_fault_count(f.store, DWI_ON_PUT), 5, 60);
    close_all(&f);
}

static void a_timeout_of_minus_one_never_tries_again(void **state)
{
    dw_error err = DW_ERROR_INIT;
    fixture f;

    (void)state;
    open_with(&f, -1);
    plan(&f, DWI_ON_ALL, DWI_FAULT_REFUSE, 0, 1);
    DWT_ERR(put_text(f.store, "k", "v", DW_PUT_OVERWRITE, &err), &err, DW_E_IO, "refused");
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_ALL), 1);
    DWT_EQ(f.log.len, 0);
    close_all(&f);
}

static void lasting_failures_are_told_at_once(void **state)
{
    dw_error err = DW_ERROR_INIT;
    fixture f;

    (void)state;
    open_with(&f, 0);
    plan(&f, DWI_ON_ALL, DWI_FAULT_DENY, 0, -1);
    DWT_ERR(put_text(f.store, "k", "v", DW_PUT_OVERWRITE, &err), &err, DW_E_DENIED, "put k: ");
    DWT_ERR(put_text(f.store, "k", "v", DW_PUT_OVERWRITE, NULL), &err, DW_E_DENIED, "put k: ");
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_ALL), 2);
    close_all(&f);
}

static void a_certain_failure_of_put_if_absent_is_tried_again(void **state)
{
    dw_error err = DW_ERROR_INIT;
    fixture f;

    (void)state;
    open_with(&f, 0);
    plan(&f, DWI_ON_PUT_IF_ABSENT, DWI_FAULT_REFUSE, 0, 2);
    DWT_OK(put_text(f.store, "k", "mine", DW_PUT_IF_ABSENT, &err), &err);
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_PUT_IF_ABSENT), 3);
    plan(&f, DWI_ON_PUT_IF_ABSENT, DWI_FAULT_REFUSE, 0, 2);
    DWT_ERR(put_text(f.store, "k", "other", DW_PUT_IF_ABSENT, &err), &err, DW_E_EXISTS, "put k: ");
    close_all(&f);
}

static void a_lost_reply_of_put_if_absent_is_unknown_and_not_tried_again(void **state)
{
    dw_error err = DW_ERROR_INIT;
    fixture f;

    (void)state;
    open_with(&f, 0);
    plan(&f, DWI_ON_PUT_IF_ABSENT, DWI_FAULT_LOSE_REPLY, 0, 1);
    DWT_ERR(put_text(f.store, "k", "mine", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN,
            "put k: injected: the reply was lost");
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_PUT_IF_ABSENT), 1);
    expect_text(f.store, "k", "mine");
    plan(&f, DWI_ON_PUT_IF_ABSENT, DWI_FAULT_LOSE_REQUEST, 0, 1);
    DWT_ERR(put_text(f.store, "k2", "mine", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN,
            "request was lost");
    DWT_OK(put_text(f.store, "k2", "mine", DW_PUT_IF_ABSENT, &err), &err);
    close_all(&f);
}

static void existing_after_a_throttled_attempt_is_unknown(void **state)
{
    dw_error err = DW_ERROR_INIT;
    fixture f;

    (void)state;
    open_with(&f, 0);
    DWT_OK(put_text(f.memory, "k", "whose?", DW_PUT_IF_ABSENT, &err), &err);
    plan(&f, DWI_ON_PUT_IF_ABSENT, DWI_FAULT_THROTTLE, 0, 1);
    DWT_ERR(put_text(f.store, "k", "mine", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN,
            "an earlier attempt may have taken effect");
    plan(&f, DWI_ON_PUT_IF_ABSENT, DWI_FAULT_THROTTLE, 0, 1);
    DWT_OK(put_text(f.store, "k2", "mine", DW_PUT_IF_ABSENT, &err), &err);
    plan(&f, DWI_ON_PUT_IF_ABSENT, DWI_FAULT_THROTTLE, 0, -1);
    DWT_ERR(put_text(f.store, "k3", "mine", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN,
            "SlowDown");
    close_all(&f);
}

static void a_lost_reply_of_other_operations_is_tried_again(void **state)
{
    dw_error err = DW_ERROR_INIT;
    dw_object object;
    fixture f;

    (void)state;
    open_with(&f, 0);
    plan(&f, DWI_ON_PUT | DWI_ON_HEAD | DWI_ON_REMOVE, DWI_FAULT_LOSE_REPLY, 0, 1);
    DWT_OK(put_text(f.store, "k", "v", DW_PUT_OVERWRITE, &err), &err);
    plan(&f, DWI_ON_HEAD, DWI_FAULT_LOSE_REPLY, 0, 1);
    DWT_OK(dwi_store_head(f.store, "k", &object, &err), &err);
    DWT_EQ(object.size, 1);
    plan(&f, DWI_ON_REMOVE, DWI_FAULT_LOSE_REPLY, 0, 1);
    DWT_OK(dwi_store_remove(f.store, "k", &err), &err);
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_REMOVE), 2);
    close_all(&f);
}

static dw_status append_key(void *ctx, const dw_object *object, dw_error *err)
{
    dwi_buf_printf(ctx, "%s ", object->key);
    return dwi_buf_status(ctx, err);
}

static void broken_reads_and_lists_deliver_each_byte_and_key_once(void **state)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf keys;
    fixture f;

    (void)state;
    open_with(&f, 0);
    for (const char *key = "a\0b\0c\0d\0"; *key != '\0'; key += 2)
        DWT_OK(put_text(f.store, key, "0123456789", DW_PUT_OVERWRITE, &err), &err);
    plan(&f, DWI_ON_ALL, DWI_FAULT_BREAK, 0, 3);
    expect_text(f.store, "a", "0123456789");
    plan(&f, DWI_ON_ALL, DWI_FAULT_BREAK, 0, 3);
    dwi_buf_init(&keys, dwi_alloc_default());
    DWT_OK(dwi_store_list(f.store, "", NULL, append_key, &keys, &err), &err);
    DWT_STR(dwi_buf_cstr(&keys), "a b c d ");
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_LIST), 4);
    dwi_buf_done(&keys);
    close_all(&f);
}

static void a_crash_stops_everything_until_a_new_plan(void **state)
{
    dw_error err = DW_ERROR_INIT;
    fixture f;

    (void)state;
    open_with(&f, 0);
    plan(&f, DWI_ON_PUT, DWI_FAULT_CRASH_AFTER, 1, 1);
    DWT_OK(put_text(f.store, "a", "1", DW_PUT_OVERWRITE, &err), &err);
    DWT_ERR(put_text(f.store, "b", "2", DW_PUT_OVERWRITE, &err), &err, DW_E_IO, "crashed");
    DWT_ERR(put_text(f.store, "c", "3", DW_PUT_OVERWRITE, &err), &err, DW_E_IO, "crashed");
    DWT_OK(dwi_fault_plan(f.store, NULL, 0, &err), &err);
    expect_text(f.store, "b", "2");
    DWT_EQ(dwi_fault_count(f.store, DWI_ON_ALL), 1);
    close_all(&f);
}

static void chance_is_seeded(void **state)
{
    const int per_mille[DWI_FAULT_KINDS] = {[DWI_FAULT_DENY] = 300};
    int64_t hits[2];

    (void)state;
    for (int run = 0; run < 2; run++) {
        dw_error err = DW_ERROR_INIT;
        fixture f;
        open_with(&f, 0);
        dwi_fault_chance(f.store, DWI_ON_PUT, per_mille, 7);
        for (int i = 0; i < 1000; i++)
            (void)put_text(f.store, "k", "v", DW_PUT_OVERWRITE, &err);
        hits[run] = dwi_fault_hits(f.store);
        close_all(&f);
    }
    DWT_EQ(hits[0], hits[1]);
    assert_in_range(hits[0], 200, 400);
}

static void a_failed_upload_leaves_nothing(void **state)
{
    static const uint32_t stages[] = {DWI_ON_UPLOAD_BEGIN, DWI_ON_UPLOAD_WRITE,
                                      DWI_ON_UPLOAD_FINISH};
    dw_error err = DW_ERROR_INIT;
    dw_object object;
    fixture f;

    (void)state;
    open_with(&f, 0);
    for (size_t i = 0; i < 3; i++) {
        dwi_upload *upload = NULL;
        dw_status status;
        plan(&f, stages[i], DWI_FAULT_DENY, 0, 1);
        status = dwi_upload_begin(f.store, "up", &upload, &err);
        if (status == DW_OK) {
            status = dwi_upload_write(upload, "x", 1, &err);
            if (status == DW_OK)
                status = dwi_upload_finish(upload, &err);
            else
                dwi_upload_abort(upload);
        }
        DWT_ERR(status, &err, DW_E_DENIED, "upload up: injected");
        DWT_ERR(dwi_store_head(f.memory, "up", &object, &err), &err, DW_E_NOT_FOUND, "up");
    }
    close_all(&f);
}

/* A vtable that lists what it must not. */
static dw_status list_badly(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                            void *ctx, dw_error *err)
{
    dw_object object = {"b", 0, 0};
    dw_status status = each(ctx, &object, err);

    (void)self;
    (void)prefix;
    (void)after;
    object.key = "a";
    return status != DW_OK ? status : each(ctx, &object, err);
}

static void nothing_to_destroy(void *self)
{
    (void)self;
}

static void a_store_that_lists_out_of_order_is_caught(void **state)
{
    dw_error err = DW_ERROR_INIT;
    dw_store_vtable vtable;
    dw_store *memory = NULL;
    dw_store *store = NULL;
    dwi_buf keys;

    (void)state;
    DWT_OK(dw_store_open_memory(NULL, &memory, &err), &err);
    vtable = memory->ops;
    vtable.list = list_badly;
    vtable.destroy = nothing_to_destroy;
    DWT_OK(dw_store_new(&vtable, memory->self, "mine", NULL, &store, &err), &err);
    dwi_buf_init(&keys, dwi_alloc_default());
    DWT_ERR(dwi_store_list(store, "", NULL, append_key, &keys, &err), &err, DW_E_CORRUPT,
            "not in byte order");
    DWT_ERR(dwi_store_list(store, "b", NULL, append_key, &keys, &err), &err, DW_E_CORRUPT,
            "another prefix");
    DWT_ERR(dwi_store_list(store, "", "b", append_key, &keys, &err), &err, DW_E_CORRUPT,
            "not after b");
    dwi_buf_done(&keys);
    dw_store_unref(store);
    dw_store_unref(memory);
}

static void a_store_of_four_operations_is_enough(void **state)
{
    dw_error err = DW_ERROR_INIT;
    dw_store_vtable vtable;
    dw_store *memory = NULL;
    dw_store *store = NULL;
    dw_object object;

    (void)state;
    DWT_OK(dw_store_open_memory(NULL, &memory, &err), &err);
    vtable = memory->ops;
    vtable.head = NULL;
    vtable.destroy = NULL;
    DWT_OK(dw_store_new(&vtable, memory->self, "mine", NULL, &store, &err), &err);
    DWT_OK(put_text(store, "a/b", "12345", DW_PUT_OVERWRITE, &err), &err);
    DWT_OK(put_text(store, "a/bc", "1", DW_PUT_OVERWRITE, &err), &err);
    DWT_OK(dwi_store_head(store, "a/b", &object, &err), &err);
    DWT_EQ(object.size, 5);
    DWT_ERR(dwi_store_head(store, "a", &object, &err), &err, DW_E_NOT_FOUND, "head a: ");
    DWT_ERR(dwi_store_head(store, "z", &object, &err), &err, DW_E_NOT_FOUND, "head z: ");
    dw_store_unref(store);
    dw_store_unref(memory);
}

static void upload_nothing(void *self, void *upload)
{
    (void)self;
    (void)upload;
}

static void a_vtable_is_checked(void **state)
{
    dw_error err = DW_ERROR_INIT;
    dw_store_vtable vtable;
    dw_store *memory = NULL;
    dw_store *store = NULL;
    struct {
        dw_store_vtable known;
        void (*later)(void *self);
    } newer;

    (void)state;
    DWT_OK(dw_store_open_memory(NULL, &memory, &err), &err);
    vtable = memory->ops;
    vtable.list = NULL;
    DWT_ERR(dw_store_new(&vtable, NULL, "mine", NULL, &store, &err), &err, DW_E_ARG,
            "mine: the vtable lacks list");
    vtable = memory->ops;
    vtable.upload_abort = upload_nothing;
    DWT_ERR(dw_store_new(&vtable, NULL, "mine", NULL, &store, &err), &err, DW_E_ARG,
            "lacks one of upload_begin, ");
    newer.known = memory->ops;
    newer.known.struct_size = sizeof(newer);
    newer.later = nothing_to_destroy;
    DWT_ERR(dw_store_new(&newer.known, NULL, "mine", NULL, &store, &err), &err, DW_E_UNSUPPORTED,
            "dw_store_vtable");
    DWT_ERR(dw_store_new(NULL, NULL, "mine", NULL, &store, &err), &err, DW_E_ARG, "NULL");
    assert_null(store);
    dw_store_unref(memory);
    dw_store_unref(NULL);
}

static void keep_request(void *ctx, const dw_store_request *request)
{
    dwi_buf_printf(ctx, "%s %s %s %d %lld %lld\n", request->operation, request->key,
                   dw_status_name(request->status), (int)request->sys, (long long)request->bytes,
                   (long long)request->duration_us);
    DWT_EQ(request->struct_size, sizeof(*request));
}

static dw_status append_nothing(void *ctx, const dw_object *object, dw_error *err)
{
    (void)ctx;
    (void)object;
    return dwi_err(err, DW_E_CANCELLED, "enough");
}

static void each_request_is_told_with_what_became_of_it(void **state)
{
    dw_store_options opts = DW_STORE_OPTIONS_INIT;
    dwi_fault fault = {DWI_ON_PUT, DWI_FAULT_THROTTLE, 0, 1, NULL, 0};
    dwi_fault slow = {DWI_ON_UPLOAD_WRITE, DWI_FAULT_DELAY, 0, 2, NULL, 1500};
    dwi_fault broken = {DWI_ON_UPLOAD_FINISH, DWI_FAULT_DENY, 0, 1, NULL, 0};
    dw_error err = DW_ERROR_INIT;
    dwi_upload *upload = NULL;
    dw_object object;
    dwi_buf told;
    fixture f;

    (void)state;
    open_with(&f, -1);
    dw_store_unref(f.store);
    dwi_buf_init(&told, dwi_alloc_default());
    opts.observe = keep_request;
    opts.observe_ctx = &told;
    DWT_OK(dwi_fault_store_new(f.memory, &opts, &f.store, &err), &err);
    dwi_store_set_env(f.store, &f.env.base);
    DWT_OK(dwi_fault_plan(f.store, &fault, 1, &err), &err);
    DWT_OK(put_text(f.store, "a", "four", DW_PUT_OVERWRITE, &err), &err);
    (void)put_text(f.store, "a", "four", DW_PUT_IF_ABSENT, &err);
    expect_text(f.store, "a", "four");
    (void)dwi_store_list(f.store, "a", NULL, append_nothing, NULL, &err);
    (void)dwi_store_head(f.store, "b", &object, &err);
    DWT_OK(dwi_store_remove(f.store, "a", &err), &err);
    DWT_STR(dwi_buf_cstr(&told), "put a DW_E_THROTTLED 503 4 0\n"
                                 "put a DW_OK 0 4 0\n"
                                 "put-if-absent a DW_E_EXISTS 0 4 0\n"
                                 "get a DW_OK 0 4 0\n"
                                 "list a DW_OK 0 0 0\n"
                                 "head b DW_E_NOT_FOUND 0 0 0\n"
                                 "remove a DW_OK 0 0 0\n");
    dwi_buf_clear(&told);
    DWT_OK(dwi_fault_plan(f.store, &slow, 1, &err), &err);
    DWT_OK(dwi_upload_begin(f.store, "u", &upload, &err), &err);
    DWT_OK(dwi_upload_write(upload, "xyz", 3, &err), &err);
    f.env.now_us += 1000000; /* the caller's own time */
    DWT_OK(dwi_upload_write(upload, "xyz", 3, &err), &err);
    DWT_OK(dwi_upload_finish(upload, &err), &err);
    DWT_OK(dwi_fault_plan(f.store, &broken, 1, &err), &err);
    DWT_OK(dwi_upload_begin(f.store, "v", &upload, &err), &err);
    DWT_ERR(dwi_upload_finish(upload, &err), &err, DW_E_DENIED, "upload v");
    DWT_STR(dwi_buf_cstr(&told), "upload u DW_OK 0 6 3000\n"
                                 "upload v DW_E_DENIED 403 0 0\n");
    dwi_buf_done(&told);
    close_all(&f);
}

static dw_status use_memory_store(const dw_allocator *alloc, void *ctx)
{
    dw_store_options opts = DW_STORE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dwi_upload *upload = NULL;
    dw_store *store = NULL;
    dw_store *fault = NULL;
    dwi_fault one = {DWI_ON_HEAD, DWI_FAULT_DENY, 0, 1, "never", 0};
    dwi_buf keys;
    dw_status status;

    (void)ctx;
    dwi_buf_init(&keys, alloc);
    opts.allocator = alloc;
    DWI_TRY(dw_store_open_memory(&opts, &store, &err));
    DWI_TRY(dwi_fault_store_new(store, &opts, &fault, &err));
    DWI_TRY(dwi_fault_plan(fault, &one, 1, &err));
    DWI_TRY(put_text(fault, "a/1", "text", DW_PUT_IF_ABSENT, &err));
    DWI_TRY(put_text(fault, "a/2", "text", DW_PUT_OVERWRITE, &err));
    DWI_TRY(dwi_upload_begin(fault, "a/3", &upload, &err));
    status = dwi_upload_write(upload, "x", 1, &err);
    if (status != DW_OK) {
        dwi_upload_abort(upload);
        goto done;
    }
    DWI_TRY(dwi_upload_finish(upload, &err));
    DWI_TRY(dwi_store_list(fault, "a/", NULL, append_key, &keys, &err));
    dwi_buf_clear(&keys);
    status = dwi_store_get(fault, "a/3", (dw_range)DW_RANGE_ALL, 100, &keys, &err);
done:
    dwi_buf_done(&keys);
    dw_store_unref(fault);
    dw_store_unref(store);
    return status;
}

static void want_of_memory_is_told(void **state)
{
    (void)state;
    dwt_alloc_sweep(use_memory_store, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transient_failures_are_tried_again_and_logged),
        cmocka_unit_test(trying_again_ends_with_the_time),
        cmocka_unit_test(a_timeout_of_minus_one_never_tries_again),
        cmocka_unit_test(lasting_failures_are_told_at_once),
        cmocka_unit_test(a_certain_failure_of_put_if_absent_is_tried_again),
        cmocka_unit_test(a_lost_reply_of_put_if_absent_is_unknown_and_not_tried_again),
        cmocka_unit_test(existing_after_a_throttled_attempt_is_unknown),
        cmocka_unit_test(a_lost_reply_of_other_operations_is_tried_again),
        cmocka_unit_test(broken_reads_and_lists_deliver_each_byte_and_key_once),
        cmocka_unit_test(a_crash_stops_everything_until_a_new_plan),
        cmocka_unit_test(chance_is_seeded),
        cmocka_unit_test(a_failed_upload_leaves_nothing),
        cmocka_unit_test(a_store_that_lists_out_of_order_is_caught),
        cmocka_unit_test(a_store_of_four_operations_is_enough),
        cmocka_unit_test(a_vtable_is_checked),
        cmocka_unit_test(each_request_is_told_with_what_became_of_it),
        cmocka_unit_test(want_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
