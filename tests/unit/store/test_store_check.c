/* SPDX-License-Identifier: Apache-2.0 */
/* What dw_store_check() finds, and that it leaves nothing behind. */
#include "harness.h"

#include <string.h>

#include "base/alloc.h"
#include "store/fault_store.h"
#include "store/store_impl.h"

static dw_status count_object(void *ctx, const dw_object *object, dw_error *err)
{
    (void)object;
    (void)err;
    ++*(int *)ctx;
    return DW_OK;
}

static int objects_in(dw_store *store)
{
    dw_error err = DW_ERROR_INIT;
    int count = 0;

    DWT_OK(dwi_store_list(store, "", NULL, count_object, &count, &err), &err);
    return count;
}

static void a_store_that_does_all_is_right_and_stays_empty(void **state)
{
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;

    (void)state;
    DWT_OK(dw_store_open_memory(NULL, &store, &err), &err);
    DWT_OK(dw_store_check(store, &err), &err);
    DWT_EQ(objects_in(store), 0);
    DWT_OK(dwi_store_put(store, "a", (dw_bytes){"x", 1}, DW_PUT_OVERWRITE, &err), &err);
    DWT_OK(dw_store_check(store, &err), &err);
    DWT_EQ(objects_in(store), 1);
    dw_store_unref(store);
}

static void each_right_that_is_missing_is_told(void **state)
{
    static const struct {
        uint32_t on;
        const char *message;
        int left;
    } cases[] = {{DWI_ON_LIST, "list", 0},
                 {DWI_ON_PUT_IF_ABSENT, "put .dw-check-", 0},
                 {DWI_ON_GET, "get .dw-check-", 0},
                 {DWI_ON_REMOVE, "remove .dw-check-", 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_fault fault = {cases[i].on, DWI_FAULT_DENY, 0, -1, NULL, 0};
        dw_error err = DW_ERROR_INIT;
        dw_store *memory = NULL;
        dw_store *store = NULL;

        DWT_OK(dw_store_open_memory(NULL, &memory, &err), &err);
        DWT_OK(dwi_fault_store_new(memory, NULL, &store, &err), &err);
        DWT_OK(dwi_fault_plan(store, &fault, 1, &err), &err);
        DWT_ERR(dw_store_check(store, &err), &err, DW_E_DENIED, cases[i].message);
        DWT_EQ(objects_in(memory), cases[i].left);
        dw_store_unref(store);
        dw_store_unref(memory);
    }
}

/* ---- a store that takes any put ---- */

static dw_status put_always(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    (void)mode;
    return dwi_store_put(self, key, body, DW_PUT_OVERWRITE, err);
}

static dw_status get_inner(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    dwi_buf body;
    dw_status status;

    dwi_buf_init(&body, dwi_alloc_default());
    status = dwi_store_get(self, key, range, 1 << 20, &body, err);
    if (status == DW_OK)
        status = sink.write(sink.ctx, body.data, body.len, err);
    dwi_buf_done(&body);
    return status;
}

static dw_status list_inner(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                            void *ctx, dw_error *err)
{
    return dwi_store_list(self, prefix, after, each, ctx, err);
}

static dw_status remove_inner(void *self, const char *key, dw_error *err)
{
    return dwi_store_remove(self, key, err);
}

static void a_store_that_does_not_keep_to_if_absent_is_found_out(void **state)
{
    dw_store_vtable vtable = {.struct_size = sizeof(vtable),
                              .caps = DW_CAP_PUT_IF_ABSENT,
                              .get = get_inner,
                              .put = put_always,
                              .list = list_inner,
                              .remove = remove_inner};
    dw_error err = DW_ERROR_INIT;
    dw_store *memory = NULL;
    dw_store *store = NULL;

    (void)state;
    DWT_OK(dw_store_open_memory(NULL, &memory, &err), &err);
    DWT_OK(dw_store_new(&vtable, memory, "mine", NULL, &store, &err), &err);
    DWT_ERR(dw_store_check(store, &err), &err, DW_E_UNSUPPORTED, "does not keep to if-absent");
    DWT_EQ(objects_in(memory), 0);
    dw_store_unref(store);
    dw_store_unref(memory);
}

static dw_status check_once(const dw_allocator *alloc, void *unused)
{
    dw_store_options opts = DW_STORE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    dw_status status;

    (void)unused;
    opts.allocator = alloc;
    status = dw_store_open_memory(&opts, &store, &err);
    if (status == DW_OK)
        status = dw_store_check(store, &err);
    dw_store_unref(store);
    return status;
}

static void want_of_memory_is_told(void **state)
{
    dw_error err = DW_ERROR_INIT;

    (void)state;
    dwt_alloc_sweep(check_once, NULL);
    DWT_ERR(dw_store_check(NULL, &err), &err, DW_E_ARG, "store is NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_that_does_all_is_right_and_stays_empty),
        cmocka_unit_test(each_right_that_is_missing_is_told),
        cmocka_unit_test(a_store_that_does_not_keep_to_if_absent_is_found_out),
        cmocka_unit_test(want_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
