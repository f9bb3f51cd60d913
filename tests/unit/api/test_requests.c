/* SPDX-License-Identifier: Apache-2.0 */
/* What opening a table and appending to it asks of the store: each of these is a round trip. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "store/fault_store.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"

typedef struct place {
    dwt_env env;
    dw_store *inner;
    dw_store *store; /* counts */
    dw_error err;
} place;

static void append(place *p, dw_table *table)
{
    static const char record[] = "{\"id\":1}";
    const dw_bytes item = {record, sizeof(record) - 1};
    dw_txn *txn = NULL;

    DWT_OK(dw_begin(table, NULL, &txn, &p->err), &p->err);
    DWT_OK(dw_append_json(txn, &item, 1, NULL, NULL, &p->err), &p->err);
    DWT_OK(dw_commit(txn, NULL, &p->err), &p->err);
    dw_txn_close(txn);
}

/* 25 versions, a checkpoint at each tenth. */
static int setup(void **state)
{
    static place p;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table *table = NULL;

    memset(&p, 0, sizeof(p));
    dwt_env_init(&p.env);
    DWT_OK(dw_store_open_memory(NULL, &p.inner, &p.err), &p.err);
    dwi_store_set_env(p.inner, &p.env.base);
    create.schema_json = SCHEMA;
    DWT_OK(dw_table_create(p.inner, "t", &create, NULL, &table, &p.err), &p.err);
    for (int i = 0; i < 25; i++)
        append(&p, table);
    dw_table_close(table);
    DWT_OK(dwi_fault_store_new(p.inner, NULL, &p.store, &p.err), &p.err);
    dwi_store_set_env(p.store, &p.env.base);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_store_unref(p->store);
    dw_store_unref(p->inner);
    return 0;
}

static void count_anew(place *p)
{
    DWT_OK(dwi_fault_plan(p->store, NULL, 0, &p->err), &p->err);
}

static dw_table *open_table(place *p)
{
    dw_table *table = NULL;

    count_anew(p);
    DWT_OK(dw_table_open(p->store, "t", NULL, &table, &p->err), &p->err);
    return table;
}

/* The hint, the checkpoint's footer and columns, each commit after it, and the one that is not there
 * yet. */
static void opening_lists_once_and_reads_the_checkpoint_and_the_tail(void **state)
{
    place *p = *state;
    dw_table *table = open_table(p);

    DWT_EQ(dw_table_version(table), 25);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_LIST), 1);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_HEAD), 0);
    assert_true(dwi_fault_count(p->store, DWI_ON_GET) <= 1 + 3 + 5 + 1);
    dw_table_close(table);
}

static void a_checksum_file_makes_opening_three_reads(void **state)
{
    static const char crc[] =
        "{\"tableSizeBytes\":1,\"numFiles\":25,\"numMetadata\":1,\"numProtocol\":1,"
        "\"setTransactions\":[],\"domainMetadata\":[],\"metadata\":{\"id\":\"x\",\"schemaString\":"
        "\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"id\\\",\\\"type\\\":"
        "\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"configuration\":{}},"
        "\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}";
    place *p = *state;
    dw_table *table;

    DWT_OK(dwi_store_put(p->inner, "t/_delta_log/00000000000000000025.crc",
                         (dw_bytes){crc, sizeof(crc) - 1}, DW_PUT_OVERWRITE, &p->err),
           &p->err);
    table = open_table(p);
    DWT_EQ(dw_table_version(table), 25);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_LIST), 1);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_GET), 3); /* the hint, the file, the next version */
    count_anew(p);
    append(p, table); /* it reads the counts of version 25, and writes those of 26 */
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_GET), 1);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_PUT_IF_ABSENT), 2);
    count_anew(p);
    append(p, table);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_GET), 0);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_PUT_IF_ABSENT), 2);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_LIST), 0);
    dw_table_close(table);
}

static void a_commit_is_one_put_and_no_listing(void **state)
{
    place *p = *state;
    dw_table *table = open_table(p);

    append(p, table); /* the first one looks for a log store that cannot be mixed with */
    for (int i = 0; i < 2; i++) {
        count_anew(p);
        append(p, table);
        DWT_EQ(dwi_fault_count(p->store, DWI_ON_PUT_IF_ABSENT), 1);
        DWT_EQ(dwi_fault_count(p->store, DWI_ON_LIST), 0);
        DWT_EQ(dwi_fault_count(p->store, DWI_ON_GET), 0);
        DWT_EQ(dwi_fault_count(p->store, DWI_ON_HEAD), 0);
        /* the data file, in one piece or as an upload */
        DWT_EQ(dwi_fault_count(p->store, DWI_ON_PUT | DWI_ON_UPLOAD_FINISH), 1);
    }
    DWT_EQ(dw_table_version(table), 28);
    dw_table_close(table);
}

/* The second writer loses version 27 once: it reads the winner's commit, sees that there is no 28,
 * and puts that. */
static void losing_a_version_costs_the_commits_of_the_winners(void **state)
{
    place *p = *state;
    dw_table *table = open_table(p);
    dw_table *other = NULL;

    append(p, table);
    DWT_OK(dw_table_open(p->inner, "t", NULL, &other, &p->err), &p->err);
    append(p, other);
    count_anew(p);
    append(p, table);
    DWT_EQ(dw_table_version(table), 28);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_PUT_IF_ABSENT), 2);
    DWT_EQ(dwi_fault_count(p->store, DWI_ON_LIST), 0);
    assert_true(dwi_fault_count(p->store, DWI_ON_GET) <= 2);
    dw_table_close(other);
    dw_table_close(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opening_lists_once_and_reads_the_checkpoint_and_the_tail,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_checksum_file_makes_opening_three_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_is_one_put_and_no_listing, setup, teardown),
        cmocka_unit_test_setup_teardown(losing_a_version_costs_the_commits_of_the_winners, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
