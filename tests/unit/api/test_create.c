/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

#define SCHEMA(fields) "{\"type\":\"struct\",\"fields\":[" fields "]}"
#define FIELD(name, type)                                                                          \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"nullable\":true,\"metadata\":{}}"

typedef struct place {
    dwt_alloc alloc;
    dwt_env env;
    dw_store *store;
    dw_error err;
} place;

static int setup(void **state)
{
    static place p;
    dw_store_options opts = DW_STORE_OPTIONS_INIT;

    memset(&p, 0, sizeof(p));
    dwt_alloc_init(&p.alloc);
    dwt_env_init(&p.env);
    opts.allocator = &p.alloc.base;
    if (dw_store_open_memory(&opts, &p.store, &p.err) != DW_OK)
        return 1;
    dwi_store_set_env(p.store, &p.env.base);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_store_unref(p->store);
    dwt_alloc_done(&p->alloc);
    return 0;
}

static dw_status create(place *p, const dw_create_options *what)
{
    dw_table *table = NULL;
    dw_status status = dw_table_create(p->store, "t", what, NULL, &table, &p->err);

    dw_table_close(table);
    return status;
}

static dw_status create_with(place *p, const char *schema, const char *key, const char *value)
{
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    dw_property property = {key, value};

    what.schema_json = schema;
    what.properties = &property;
    what.n_properties = key == NULL ? 0 : 1;
    return create(p, &what);
}

static void assert_starts_with(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0)
        fail_msg("%s\ndoes not start with\n%s", text, start);
}

static void version_0_is_commit_info_protocol_and_metadata(void **state)
{
    place *p = *state;
    const dw_property properties[] = {{"delta.APPENDonly", "true"}, {"owner", "me"}};
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    const char *rest;
    dwi_buf text;

    what.schema_json = "{ \"type\" : \"struct\", \"fields\" : [ " FIELD("a", "long") " ] }";
    what.name = "n";
    what.description = "d";
    what.properties = properties;
    what.n_properties = 2;
    DWT_OK(create(p, &what), &p->err);
    dwi_buf_init(&text, &p->alloc.base);
    DWT_OK(dwi_store_get(p->store, "t/_delta_log/00000000000000000000.json", (dw_range)DW_RANGE_ALL,
                         1 << 20, &text, &p->err),
           &p->err);
    rest = dwi_buf_cstr(&text);
    assert_starts_with(rest,
                       "{\"commitInfo\":{\"timestamp\":1767225600000,\"operation\":"
                       "\"CREATE TABLE\",\"operationParameters\":{\"isManaged\":\"false\","
                       "\"description\":\"d\",\"partitionBy\":\"[]\",\"properties\":"
                       "\"{\\\"delta.appendOnly\\\":\\\"true\\\",\\\"owner\\\":\\\"me\\\"}\"},"
                       "\"isolationLevel\":\"Serializable\",\"isBlindAppend\":true,"
                       "\"operationMetrics\":{},\"engineInfo\":\"libdeltawrite/0.1.0\",\"txnId\":");
    rest = strchr(rest, '\n') + 1;
    assert_starts_with(
        rest, "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n{\"metaData\":");
    assert_non_null(strstr(rest, "\"name\":\"n\",\"description\":\"d\","
                                 "\"format\":{\"provider\":\"parquet\",\"options\":{}}"));
    assert_non_null(strstr(rest, "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":"
                                 "[{\\\"name\\\":\\\"a\\\""));
    assert_non_null(strstr(rest, "\"configuration\":{\"delta.appendOnly\":\"true\","
                                 "\"owner\":\"me\"},\"createdTime\":1767225600000}}\n"));
    dwi_buf_done(&text);
}

static void a_table_is_created_once(void **state)
{
    place *p = *state;
    dw_create_options what = DW_CREATE_OPTIONS_INIT;

    what.schema_json = SCHEMA(FIELD("a", "long"));
    DWT_OK(create(p, &what), &p->err);
    DWT_ERR(create(p, &what), &p->err, DW_E_EXISTS, "t/: table: it exists, at version 0");
    what.flags = DW_CREATE_IF_MISSING;
    DWT_OK(create(p, &what), &p->err);
}

static void a_table_whose_first_commits_are_gone_exists(void **state)
{
    place *p = *state;
    const char *key = "t/_delta_log/00000000000000000004.checkpoint.parquet";

    DWT_OK(dwi_store_put(p->store, key, (dw_bytes){"PAR1", 4}, DW_PUT_OVERWRITE, &p->err), &p->err);
    DWT_ERR(create_with(p, SCHEMA(FIELD("a", "long")), NULL, NULL), &p->err, DW_E_EXISTS, "4");
}

static void schemas_that_no_table_may_have_are_refused(void **state)
{
    static const struct {
        const char *schema;
        dw_status status;
        const char *text;
    } cases[] = {
        {"nothing", DW_E_CORRUPT, ""},
        {SCHEMA(FIELD("a", "void")), DW_E_SCHEMA, "void"},
        {SCHEMA(FIELD("a b", "long")), DW_E_SCHEMA, "a b"},
        {SCHEMA(FIELD("", "long")), DW_E_SCHEMA, "empty"},
        {SCHEMA(FIELD("a\\tb", "long")), DW_E_SCHEMA, "names cannot hold"},
        {SCHEMA(FIELD("a=b", "long")), DW_E_SCHEMA, "a=b"},
        {SCHEMA(FIELD("a", "long") "," FIELD("A", "long")), DW_E_SCHEMA, "A"},
        {SCHEMA(FIELD("a", "interval")), DW_E_UNSUPPORTED, "interval"},
        {SCHEMA("{\"name\":\"s\",\"type\":" SCHEMA(
             FIELD("x;y", "long")) ",\"nullable\":true,\"metadata\":{}}"),
         DW_E_SCHEMA, "x;y"},
    };
    place *p = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        DWT_ERR(create_with(p, cases[i].schema, NULL, NULL), &p->err, cases[i].status,
                cases[i].text);
}

static void properties_are_checked(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        dw_status status;
    } cases[] = {
        {"delta.appendOnly", "perhaps", DW_E_ARG},
        {"delta.checkpointInterval", "0", DW_E_ARG},
        {"delta.checkpointInterval", "x", DW_E_ARG},
        {"delta.logRetentionDuration", "3 months", DW_E_ARG},
        {"delta.dataSkippingNumIndexedCols", "-2", DW_E_ARG},
        {"delta.parquet.compression.codec", "lzo", DW_E_UNSUPPORTED},
        {"delta.apendOnly", "true", DW_E_UNSUPPORTED},
        {"delta.enableIcebergCompatV2", "true", DW_E_UNSUPPORTED},
        {"delta.columnMapping.mode", "guess", DW_E_UNSUPPORTED},
        {"delta.randomPrefixLength", "0", DW_E_ARG},
        {"delta.constraints.c", "a > 0", DW_E_UNSUPPORTED},
        {"", "x", DW_E_ARG},
        {"own", NULL, DW_E_ARG},
    };
    static const dw_property good[] = {
        {"delta.checkpointInterval", "3"},
        {"delta.logRetentionDuration", "interval 2 weeks"},
        {"delta.deletedFileRetentionDuration", "36 hours"},
        {"delta.parquet.compression.codec", "Snappy"},
        {"delta.dataSkippingNumIndexedCols", "-1"},
        {"my.own", ""},
        {"delta.enableDeletionVectors", "true"},
    };
    place *p = *state;
    dw_create_options what = DW_CREATE_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        DWT_ERR(create_with(p, SCHEMA(FIELD("a", "long")), cases[i].key, cases[i].value), &p->err,
                cases[i].status, cases[i].key[0] == '\0' ? "key" : "");
    what.schema_json = SCHEMA(FIELD("a", "long"));
    what.properties = (const dw_property[]){{"own", "1"}, {"OWN", "2"}};
    what.n_properties = 2;
    DWT_ERR(create(p, &what), &p->err, DW_E_ARG, "OWN is given twice");
    what.properties = good;
    what.n_properties = sizeof(good) / sizeof(good[0]);
    DWT_OK(create(p, &what), &p->err);
}

static void partition_columns_are_checked_by_name(void **state)
{
    static const struct {
        const char *columns[2];
        const char *message;
    } cases[] = {
        {{"c", NULL}, "partition column c: the schema has no such column"},
        {{"a", "A"}, "partition column A: it is given twice"},
        {{"a", "b"}, "partition column a: not all columns can be partition columns"},
        {{"s", NULL}, "partition column s: type array<long> cannot partition a table"},
        {{"a.b", NULL}, "partition column a.b: the schema has no such column"},
    };
    static const char flat[] = SCHEMA(FIELD("a", "long") "," FIELD("b", "long"));
    static const char with_list[] =
        SCHEMA(FIELD("a", "long") ",{\"name\":\"s\",\"type\":{\"type\":\"array\",\"elementType\":"
                                  "\"long\",\"containsNull\":true},\"nullable\":true}");
    place *p = *state;
    dw_create_options what = DW_CREATE_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        what.schema_json = strcmp(cases[i].columns[0], "s") == 0 ? with_list : flat;
        what.partition_columns = cases[i].columns;
        what.n_partition_columns = cases[i].columns[1] == NULL ? 1 : 2;
        DWT_ERR(create(p, &what), &p->err, DW_E_SCHEMA, cases[i].message);
    }
}

/* The text of version 0, to be ended by dwi_buf_done(). */
static const char *first_commit(place *p, dwi_buf *text)
{
    dwi_buf_init(text, &p->alloc.base);
    DWT_OK(dwi_store_get(p->store, "t/_delta_log/00000000000000000000.json", (dw_range)DW_RANGE_ALL,
                         1 << 20, text, &p->err),
           &p->err);
    return dwi_buf_cstr(text);
}

static void a_partitioned_table_has_its_columns_as_the_schema_spells_them(void **state)
{
    place *p = *state;
    const char *columns[] = {"B", "a"};
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    const char *commit;
    dwi_buf text;

    what.schema_json = SCHEMA(FIELD("a", "long") "," FIELD("b", "string") "," FIELD("c", "long"));
    what.partition_columns = columns;
    what.n_partition_columns = 2;
    DWT_OK(create(p, &what), &p->err);
    commit = first_commit(p, &text);
    assert_non_null(strstr(commit, "\"partitionColumns\":[\"b\",\"a\"]"));
    assert_non_null(strstr(commit, "\"partitionBy\":\"[\\\"b\\\",\\\"a\\\"]\""));
    dwi_buf_done(&text);
}

#define MARKED(name, id, physical)                                                                 \
    "{\"name\":\"" name "\",\"type\":\"long\",\"nullable\":true,\"metadata\":"                     \
    "{\"delta.columnMapping.id\":" #id ",\"delta.columnMapping.physicalName\":\"" physical "\"}}"

static void a_mapped_table_has_names_and_ids_for_its_columns(void **state)
{
    static const char part[] =
        "\\\"name\\\":\\\"b ,=\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":"
        "true,\\\"metadata\\\":{\\\"delta.columnMapping.id\\\":6,"
        "\\\"delta.columnMapping.physicalName\\\":\\\"col-";
    place *p = *state;
    const char *commit;
    dwi_buf text;

    DWT_OK(create_with(p, SCHEMA(MARKED("a", 5, "x") "," FIELD("b ,=", "long")),
                       "delta.columnMapping.mode", "name"),
           &p->err);
    commit = first_commit(p, &text);
    assert_non_null(strstr(commit, part));
    assert_non_null(strstr(commit, "physicalName\\\":\\\"x\\\""));
    assert_non_null(strstr(commit, "\"delta.columnMapping.maxColumnId\":\"6\""));
    assert_non_null(strstr(commit, "\"minReaderVersion\":2,\"minWriterVersion\":7,"));
    assert_non_null(strstr(commit, "\"columnMapping\""));
    dwi_buf_done(&text);
}

static void marks_of_mapping_are_taken_away_where_there_is_none(void **state)
{
    place *p = *state;
    const char *commit;
    dwi_buf text;

    DWT_OK(create_with(p, SCHEMA(MARKED("a", 5, "x")), NULL, NULL), &p->err);
    commit = first_commit(p, &text);
    assert_null(strstr(commit, "columnMapping"));
    dwi_buf_done(&text);
}

static void ids_and_physical_names_are_given_once(void **state)
{
    place *p = *state;

    DWT_ERR(create_with(p, SCHEMA(MARKED("a", 5, "x") "," MARKED("b", 5, "y")),
                        "delta.columnMapping.mode", "id"),
            &p->err, DW_E_SCHEMA, "column b: another column has its id or physical name");
    DWT_ERR(create_with(p, SCHEMA(MARKED("a", 5, "x") "," MARKED("b", 6, "x")),
                        "delta.columnMapping.mode", "id"),
            &p->err, DW_E_SCHEMA, "column b: another column has its id or physical name");
    DWT_ERR(create_with(p, SCHEMA(FIELD("", "long")), "delta.columnMapping.mode", "id"), &p->err,
            DW_E_SCHEMA, "a name cannot be empty");
}

enum { CREATORS = 8 };

typedef struct creator {
    dw_store *store;
    pthread_t thread;
    dw_status status;
    dw_error err;
} creator;

static void *race_to_create(void *arg)
{
    creator *c = arg;
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    dw_table *table = NULL;

    what.schema_json = SCHEMA(FIELD("a", "long"));
    c->status = dw_table_create(c->store, "race", &what, NULL, &table, &c->err);
    dw_table_close(table);
    return NULL;
}

static void a_folder_with_files_of_others_becomes_no_table(void **state)
{
    place *p = *state;

    DWT_OK(dwi_store_put(p->store, "t/_SUCCESS", (dw_bytes){"", 0}, DW_PUT_OVERWRITE, &p->err),
           &p->err);
    DWT_OK(dwi_store_put(p->store, "t/a/b.parquet", (dw_bytes){"x", 1}, DW_PUT_OVERWRITE, &p->err),
           &p->err);
    DWT_ERR(create_with(p, SCHEMA(FIELD("a", "long")), NULL, NULL), &p->err, DW_E_UNSUPPORTED,
            "not a Delta table, and not empty: it has a/b.parquet");
    DWT_OK(dwi_store_remove(p->store, "t/a/b.parquet", &p->err), &p->err);
    DWT_OK(create_with(p, SCHEMA(FIELD("a", "long")), NULL, NULL), &p->err);
}

static void of_many_creators_one_wins(void **state)
{
    creator creators[CREATORS];
    dw_store *store = NULL;
    dw_error err;
    int won = 0;

    (void)state;
    for (int round = 0; round < 20; round++) {
        won = 0;
        DWT_OK(dw_store_open_memory(NULL, &store, &err), &err);
        for (int i = 0; i < CREATORS; i++) {
            creators[i] = (creator){.store = store, .err = DW_ERROR_INIT};
            DWT_EQ(pthread_create(&creators[i].thread, NULL, race_to_create, &creators[i]), 0);
        }
        for (int i = 0; i < CREATORS; i++) {
            DWT_EQ(pthread_join(creators[i].thread, NULL), 0);
            if (creators[i].status != DW_OK)
                DWT_ERR(creators[i].status, &creators[i].err, DW_E_EXISTS, "");
            won += creators[i].status == DW_OK;
        }
        DWT_EQ(won, 1);
        dw_store_unref(store);
    }
}

static void columns_that_cannot_cluster_a_table_are_named(void **state)
{
    static const struct {
        const char *columns[5];
        size_t n;
        dw_status status;
        const char *reason;
    } cases[] = {
        {{"b"}, 1, DW_E_SCHEMA, "clustering column b: the schema has no such column"},
        {{"a.x"}, 1, DW_E_SCHEMA, "clustering column a.x: the schema has no such column"},
        {{"f"}, 1, DW_E_SCHEMA, "clustering column f: its type has no bounds"},
        {{"`a"}, 1, DW_E_ARG, "clustering column `a: not a column's path"},
        {{"a", "a", "a", "a", "c"}, 5, DW_E_ARG, "clustering column c: a table has at most 4"},
        {{"a", "`A`"}, 2, DW_E_SCHEMA, "clustering column `A`: it is given twice"},
        {{NULL}, 1, DW_E_ARG, "clustering columns: one is NULL"},
    };
    place *p = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dw_create_options what = DW_CREATE_OPTIONS_INIT;
        what.schema_json = SCHEMA(FIELD("a", "long") "," FIELD("f", "boolean"));
        what.clustering_columns = cases[i].columns;
        what.n_clustering_columns = cases[i].n;
        DWT_ERR(create(p, &what), &p->err, cases[i].status, cases[i].reason);
    }
}

static void a_table_is_not_partitioned_and_clustered(void **state)
{
    place *p = *state;
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    const char *a = "a";
    const char *b = "b";

    what.schema_json = SCHEMA(FIELD("a", "long") "," FIELD("b", "long"));
    what.partition_columns = &a;
    what.n_partition_columns = 1;
    what.clustering_columns = &b;
    what.n_clustering_columns = 1;
    DWT_ERR(create(p, &what), &p->err, DW_E_SCHEMA, "partitioned or clustered, not both");
}

static dw_status create_once(const dw_allocator *alloc, void *ctx)
{
    const dw_property properties[] = {{"delta.appendOnly", "true"},
                                      {"delta.enableDeletionVectors", "true"}};
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    dw_table_options how = DW_TABLE_OPTIONS_INIT;
    const char *clustering = "a";
    place *p = ctx;
    dw_table *table = NULL;
    dw_status status;

    (void)dwi_store_remove(p->store, "t/_delta_log/00000000000000000000.json", NULL);
    what.schema_json = SCHEMA(FIELD("a", "long"));
    what.properties = properties;
    what.n_properties = 2;
    what.clustering_columns = &clustering;
    what.n_clustering_columns = 1;
    how.allocator = alloc;
    status = dw_table_create(p->store, "t", &what, &how, &table, &p->err);
    dw_table_close(table);
    return status;
}

static void creation_fails_cleanly_at_every_allocation(void **state)
{
    dwt_alloc_sweep(create_once, *state);
}

#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(version_0_is_commit_info_protocol_and_metadata),
        PLACE_TEST(a_table_is_created_once),
        PLACE_TEST(a_table_whose_first_commits_are_gone_exists),
        PLACE_TEST(schemas_that_no_table_may_have_are_refused),
        PLACE_TEST(properties_are_checked),
        PLACE_TEST(partition_columns_are_checked_by_name),
        PLACE_TEST(a_partitioned_table_has_its_columns_as_the_schema_spells_them),
        PLACE_TEST(a_mapped_table_has_names_and_ids_for_its_columns),
        PLACE_TEST(marks_of_mapping_are_taken_away_where_there_is_none),
        PLACE_TEST(ids_and_physical_names_are_given_once),
        PLACE_TEST(a_folder_with_files_of_others_becomes_no_table),
        cmocka_unit_test(of_many_creators_one_wins),
        PLACE_TEST(columns_that_cannot_cluster_a_table_are_named),
        PLACE_TEST(a_table_is_not_partitioned_and_clustered),
        PLACE_TEST(creation_fails_cleanly_at_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
