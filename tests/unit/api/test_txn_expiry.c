/* SPDX-License-Identifier: Apache-2.0 */
/* delta.setTransactionRetentionDuration: a table that forgets application ids. */
#include "harness.h"

#include <string.h>

#include "store/store_ops.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"
#define DAY_US (INT64_C(86400) * 1000000)

typedef struct place {
    dwt_env env;
    dw_store *store;
    dw_table *table;
    dw_error err;
} place;

static void begin_place(place *p, const char *retention)
{
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    const dw_property property = {"delta.setTransactionRetentionDuration", retention};

    memset(p, 0, sizeof(*p));
    dwt_env_init(&p->env);
    DWT_OK(dw_store_open_memory(NULL, &p->store, &p->err), &p->err);
    dwi_store_set_env(p->store, &p->env.base);
    create.schema_json = SCHEMA;
    create.properties = &property;
    create.n_properties = retention == NULL ? 0 : 1;
    options.flags = DW_TABLE_NO_AUTO_CHECKPOINT;
    DWT_OK(dw_table_create(p->store, "t", &create, &options, &p->table, &p->err), &p->err);
}

static void end_place(place *p)
{
    dw_table_close(p->table);
    dw_store_unref(p->store);
}

static dw_status version_of(place *p, const char *app)
{
    int64_t version;

    return dw_table_app_version(p->table, app, &version, &p->err);
}

static dw_status step(place *p, const char *app, uint32_t flags)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_txn *txn = NULL;
    dw_status status;

    options.flags = flags;
    DWT_OK(dw_begin(p->table, &options, &txn, &p->err), &p->err);
    status = dw_txn_set_app_version(txn, app, -1, 0, &p->err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, &p->err);
    dw_txn_close(txn);
    return status;
}

static void an_id_that_is_missing_is_new_while_all_commits_are_there(void **state)
{
    place p;

    (void)state;
    begin_place(&p, "interval 1 day");
    p.env.now_us += 40 * DAY_US;
    DWT_ERR(version_of(&p, "loader"), &p.err, DW_E_NOT_FOUND, "loader never committed");
    DWT_OK(step(&p, "loader", 0), &p.err);
    end_place(&p);
}

static void an_id_that_is_missing_may_be_forgotten_once_checkpoints_drop_old_ones(void **state)
{
    place p;

    (void)state;
    begin_place(&p, "interval 1 day");
    DWT_OK(dw_checkpoint(p.table, NULL, &p.err), &p.err);
    p.env.now_us += DAY_US - 1000;
    DWT_ERR(version_of(&p, "loader"), &p.err, DW_E_NOT_FOUND, "loader"); /* none is as old */
    p.env.now_us += 1000;
    DWT_ERR(version_of(&p, "loader"), &p.err, DW_E_EXPIRED,
            "application id loader: the table has no entry for it and drops them after "
            "delta.setTransactionRetentionDuration (interval 1 day)");
    DWT_ERR(step(&p, "loader", 0), &p.err, DW_E_EXPIRED, "loader");
    end_place(&p);
}

static void who_knows_that_an_id_is_new_says_so(void **state)
{
    place p;

    (void)state;
    begin_place(&p, "interval 1 day");
    DWT_OK(dw_checkpoint(p.table, NULL, &p.err), &p.err);
    p.env.now_us += 2 * DAY_US;
    DWT_OK(step(&p, "loader", DW_TXN_NEW_APP_IDS), &p.err);
    DWT_OK(version_of(&p, "loader"), &p.err);
    DWT_ERR(step(&p, "loader", DW_TXN_NEW_APP_IDS), &p.err, DW_E_FENCED, "loader");
    end_place(&p);
}

static void without_the_property_nothing_is_forgotten(void **state)
{
    place p;

    (void)state;
    begin_place(&p, NULL);
    DWT_OK(dw_checkpoint(p.table, NULL, &p.err), &p.err);
    p.env.now_us += 400 * DAY_US;
    DWT_ERR(version_of(&p, "loader"), &p.err, DW_E_NOT_FOUND, "loader");
    DWT_OK(step(&p, "loader", 0), &p.err);
    end_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_that_is_missing_is_new_while_all_commits_are_there),
        cmocka_unit_test(an_id_that_is_missing_may_be_forgotten_once_checkpoints_drop_old_ones),
        cmocka_unit_test(who_knows_that_an_id_is_new_says_so),
        cmocka_unit_test(without_the_property_nothing_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
