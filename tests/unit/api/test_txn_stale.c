/* SPDX-License-Identifier: Apache-2.0 */
/* A handle that slept while others went on and cleaned up the log behind them. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"

enum { OTHERS = 13 };

#define FORTY_DAYS_US (INT64_C(40) * 86400 * 1000000)

typedef struct place {
    dwt_env env;
    dw_store *store;
    dw_table *sleeper;
    dw_table *other;
    dw_error err;
} place;

static dw_status append(place *p, dw_table *table, const char *app, int64_t expected,
                        int64_t *out_version)
{
    static const char record[] = "{\"id\":1}";
    const dw_bytes item = {record, sizeof(record) - 1};
    dw_txn *txn = NULL;
    dw_status status;

    DWT_OK(dw_begin(table, NULL, &txn, &p->err), &p->err);
    DWT_OK(dw_append_json(txn, &item, 1, NULL, NULL, &p->err), &p->err);
    if (app != NULL)
        DWT_OK(dw_txn_set_app_version(txn, app, expected, expected + 1, &p->err), &p->err);
    status = dw_commit(txn, out_version, &p->err);
    dw_txn_close(txn);
    return status;
}

static int setup(void **state)
{
    static place p;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    memset(&p, 0, sizeof(p));
    dwt_env_init(&p.env);
    DWT_OK(dw_store_open_memory(NULL, &p.store, &p.err), &p.err);
    dwi_store_set_env(p.store, &p.env.base);
    create.schema_json = SCHEMA;
    options.flags = DW_TABLE_NO_AUTO_CHECKPOINT;
    DWT_OK(dw_table_create(p.store, "t", &create, &options, &p.sleeper, &p.err), &p.err);
    DWT_OK(dw_table_open(p.store, "t", &options, &p.other, &p.err), &p.err);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_table_close(p->sleeper);
    dw_table_close(p->other);
    dw_store_unref(p->store);
    return 0;
}

/* Commits, a checkpoint, and 40 days later the commits before it are deleted, as every engine does
 * by itself. */
static void others_go_on(place *p)
{
    char key[64];

    for (int i = 0; i < OTHERS; i++)
        DWT_OK(append(p, p->other, "other", i - 1, NULL), &p->err);
    DWT_OK(dw_checkpoint(p->other, NULL, &p->err), &p->err);
    p->env.now_us += FORTY_DAYS_US;
    for (int i = 0; i < OTHERS; i++) {
        (void)snprintf(key, sizeof(key), "t/_delta_log/%020d.json", i);
        DWT_OK(dwi_store_remove(p->store, key, &p->err), &p->err);
    }
}

static void a_commit_does_not_land_where_nobody_reads_any_more(void **state)
{
    place *p = *state;
    int64_t version = -1;

    others_go_on(p);
    DWT_OK(append(p, p->sleeper, "sleeper", -1, &version), &p->err);
    DWT_EQ(version, OTHERS + 1);
    DWT_OK(dw_table_refresh(p->other, &version, &p->err), &p->err);
    DWT_EQ(version, OTHERS + 1);
    DWT_OK(dw_table_app_version(p->other, "sleeper", &version, &p->err), &p->err);
    DWT_EQ(version, 0);
}

static void a_refresh_sees_what_the_others_did(void **state)
{
    place *p = *state;
    int64_t version = -1;

    others_go_on(p);
    DWT_OK(dw_table_refresh(p->sleeper, &version, &p->err), &p->err);
    DWT_EQ(version, OTHERS);
    DWT_EQ(dw_table_version(p->sleeper), OTHERS);
}

static void a_stolen_application_id_is_seen(void **state)
{
    place *p = *state;

    DWT_OK(append(p, p->sleeper, "other", -1, NULL), &p->err);
    for (int i = 0; i < OTHERS; i++)
        DWT_OK(append(p, p->other, i == 0 ? NULL : "own", i - 2, NULL), &p->err);
    DWT_OK(append(p, p->other, "other", 0, NULL), &p->err);
    DWT_OK(dw_checkpoint(p->other, NULL, &p->err), &p->err);
    p->env.now_us += FORTY_DAYS_US;
    for (int i = 0; i <= OTHERS; i++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "t/_delta_log/%020d.json", i);
        DWT_OK(dwi_store_remove(p->store, key, &p->err), &p->err);
    }
    DWT_ERR(append(p, p->sleeper, "other", 0, NULL), &p->err, DW_E_FENCED, "other");
}

/* The newest commit may be gone too, when its checkpoint is there. */
static void a_log_of_nothing_but_a_checkpoint_goes_on(void **state)
{
    place *p = *state;
    char key[64];
    int64_t version = -1;

    others_go_on(p);
    (void)snprintf(key, sizeof(key), "t/_delta_log/%020d.json", OTHERS);
    DWT_OK(dwi_store_remove(p->store, key, &p->err), &p->err);
    DWT_OK(append(p, p->other, NULL, 0, &version), &p->err);
    DWT_EQ(version, OTHERS + 1);
    DWT_OK(append(p, p->sleeper, NULL, 0, &version), &p->err);
    DWT_EQ(version, OTHERS + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_does_not_land_where_nobody_reads_any_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_refresh_sees_what_the_others_did, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stolen_application_id_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_of_nothing_but_a_checkpoint_goes_on, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
