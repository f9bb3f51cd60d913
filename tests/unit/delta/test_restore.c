/* SPDX-License-Identifier: Apache-2.0 */
/* What a restore is going to commit. */
#include "log_fixture.h"

#include "base/alloc.h"
#include "delta/properties.h"
#include "delta/restore.h"

#define ADD_DV(path, uuid)                                                                         \
    "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":100,\"modificationTime\":1,"  \
    "\"dataChange\":true,\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"" uuid     \
    "\",\"offset\":1,\"sizeInBytes\":40,\"cardinality\":2}}}\n"
#define REMOVE_DV(path, uuid)                                                                      \
    "{\"remove\":{\"path\":\"" path "\",\"deletionTimestamp\":1,\"dataChange\":true,"              \
    "\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"" uuid                         \
    "\",\"offset\":1,\"sizeInBytes\":40,\"cardinality\":2}}}\n"
#define UUID_1 "ab^-aqEH.-t@S}K{vb[*k^"
#define UUID_2 "^-aqEH.-t@S}K{vb[*k^"
#define DV_1   "t/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"
#define DV_2   "t/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"
#define FEATURES(names)                                                                            \
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["            \
    "\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\"" names "]}}\n"

static dwi_restore_plan plan;
static dwi_state *newest;
static dwi_state *older;

static dw_status make(fixture *f, int64_t version, bool ignore_missing)
{
    DWT_OK(dwi_state_load(&f->log, -1, &newest, &f->err), &f->err);
    DWT_OK(dwi_state_load(&f->log, version, &older, &f->err), &f->err);
    return dwi_restore_plan_make(&plan, &f->log, newest, older, ignore_missing, 2, &f->err);
}

static void drop(void)
{
    dwi_restore_plan_done(&plan);
    dwi_state_unref(newest);
    dwi_state_unref(older);
    newest = older = NULL;
}

static void put_data(fixture *f, const char *name)
{
    char key[128];

    (void)snprintf(key, sizeof(key), "t/%s", name);
    put_object(f, key, "x");
}

static const char *paths(void)
{
    static char text[512];

    text[0] = '\0';
    for (size_t i = 0; i < plan.n_adds; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "+%.*s ",
                       DWI_SV_ARG(plan.adds[i].path));
    for (size_t i = 0; i < plan.n_removes; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "-%.*s ",
                       DWI_SV_ARG(plan.removes[i].path));
    return text;
}

static void files_that_differ_come_back_and_go(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a") ADD_LINE("b"));
    put_commit_text(f, 1, REMOVE_LINE("a", 1) ADD_LINE("c"));
    put_data(f, "a");
    DWT_OK(make(f, 0, false), &f->err);
    DWT_STR(paths(), "+a -c ");
    DWT_EQ(plan.added_bytes, 100);
    DWT_EQ(plan.added_rows, 7);
    DWT_EQ(plan.removed_bytes, 100);
    DWT_EQ(plan.removes[0].size, 100);
    DWT_EQ(plan.files, 2);
    assert_false(plan.has_metadata || plan.has_protocol || plan.n_domains > 0);
    drop();
    DWT_OK(make(f, 1, false), &f->err);
    assert_true(dwi_restore_plan_is_empty(&plan));
    drop();
}

/* One file, whose deletion vector is another one now. */
static void a_file_with_another_deletion_vector_is_another_one(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0, FEATURES("") METADATA_LINE ADD_DV("a", UUID_1));
    put_commit_text(f, 1, REMOVE_DV("a", UUID_1) ADD_DV("a", UUID_2));
    put_data(f, "a");
    put_object(f, DV_2, "x");
    DWT_ERR(make(f, 0, false), &f->err, DW_E_NOT_FOUND,
            "version 0: 1 of its files (or their deletion vectors) are gone, as after a vacuum: a");
    drop();
    put_object(f, DV_1, "x");
    DWT_OK(make(f, 0, false), &f->err);
    DWT_STR(paths(), "+a -a ");
    assert_true(dwi_sv_eq_cstr(plan.adds[0].dv.path_or_inline, UUID_1));
    assert_true(dwi_sv_eq_cstr(plan.removes[0].dv.path_or_inline, UUID_2));
    drop();
}

static void files_that_are_gone_are_named_or_left_out(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0,
                    PROTOCOL_LINE METADATA_LINE ADD_LINE("a") ADD_LINE("b") ADD_LINE("c")
                        ADD_LINE("d") ADD_LINE("e") ADD_LINE("f") ADD_LINE("there"));
    put_commit_text(f, 1,
                    REMOVE_LINE("a", 1) REMOVE_LINE("b", 1) REMOVE_LINE("c", 1) REMOVE_LINE("d", 1)
                        REMOVE_LINE("e", 1) REMOVE_LINE("f", 1) REMOVE_LINE("there", 1));
    put_data(f, "there");
    DWT_ERR(make(f, 0, false), &f->err, DW_E_NOT_FOUND, "version 0: 6 of its files");
    assert_non_null(strstr(f->err.message, ", ..."));
    drop();
    DWT_OK(make(f, 0, true), &f->err);
    DWT_STR(paths(), "+there ");
    DWT_EQ(plan.missing, 6);
    DWT_EQ(plan.missing_bytes, 600);
    drop();
}

static void metadata_comes_back_but_what_belongs_to_the_log_stays(void **state)
{
    fixture *f = *state;
    dwi_kvs properties;

    put_commit_text(
        f, 0,
        PROTOCOL_LINE METADATA_WITH("\"mine\":\"1\",\"delta.columnMapping.mode\":"
                                    "\"none\",\"delta.columnMapping.maxColumnId\":\"3\""));
    put_commit_text(f, 1,
                    FEATURES(",\"inCommitTimestamp\"")
                        METADATA_WITH("\"mine\":\"2\",\"delta.columnMapping.maxColumnId\":\"9\","
                                      "\"delta.enableInCommitTimestamps\":\"true\","
                                      "\"delta.inCommitTimestampEnablementVersion\":\"1\""));
    DWT_OK(make(f, 0, false), &f->err);
    assert_true(plan.has_metadata);
    properties = plan.metadata.configuration;
    assert_true(dwi_sv_eq_cstr(dwi_property(properties, "mine"), "1"));
    assert_true(dwi_sv_eq_cstr(dwi_property(properties, "delta.columnMapping.maxColumnId"), "9"));
    assert_true(dwi_sv_eq_cstr(dwi_property(properties, "delta.enableInCommitTimestamps"), "true"));
    assert_true(
        dwi_sv_eq_cstr(dwi_property(properties, "delta.inCommitTimestampEnablementVersion"), "1"));
    DWT_EQ(properties.count, 5);
    DWT_EQ(plan.protocol.writer_features.count, 4); /* with what (1,2) implied */
    drop();
}

static void the_protocol_is_never_lowered(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0, FEATURES(",\"typeWidening\"") METADATA_LINE);
    put_commit_text(f, 1, FEATURES(",\"appendOnly\"")); /* a feature was dropped */
    DWT_OK(make(f, 0, false), &f->err);
    assert_true(plan.has_protocol);
    DWT_EQ(plan.protocol.writer_features.count, 3);
    DWT_EQ(plan.protocol.min_writer_version, 7);
    drop();
    put_commit_text(f, 2, "{\"protocol\":{\"minReaderVersion\":2,\"minWriterVersion\":5}}\n");
    DWT_OK(make(f, 1, false), &f->err);
    DWT_EQ(plan.protocol.min_reader_version, 3);
    assert_true(plan.protocol.writer_features.count > 6); /* all that 5 implied are listed */
    drop();
}

static void clustering_columns_are_those_of_then(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0, FEATURES(",\"clustering\",\"domainMetadata\"") METADATA_LINE);
    put_commit_text(f, 1, DOMAIN_LINE("delta.clustering", "one", false));
    put_commit_text(
        f, 2, DOMAIN_LINE("delta.clustering", "two", false) DOMAIN_LINE("mine", "stays", false));
    DWT_OK(make(f, 1, false), &f->err);
    DWT_EQ(plan.n_domains, 1);
    assert_true(dwi_sv_eq_cstr(plan.domains[0].configuration, "one"));
    drop();
    DWT_OK(make(f, 0, false), &f->err);
    assert_true(
        dwi_sv_starts_with(plan.domains[0].configuration, DWI_SV("{\"clusteringColumns\":[]")));
    drop();
}

static void what_we_do_not_understand_is_refused_in_either_version(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0, FEATURES(",\"newFeature\"") METADATA_LINE);
    put_commit_text(f, 1, FEATURES(""));
    DWT_ERR(make(f, 0, false), &f->err, DW_E_UNSUPPORTED, "newFeature");
    drop();
    put_commit_text(f, 2, METADATA_WITH("\"delta.enableIcebergCompatV2\":\"true\""));
    DWT_ERR(make(f, 1, false), &f->err, DW_E_UNSUPPORTED, "icebergCompatV2");
    drop();
}

static dw_status make_plan(const dw_allocator *alloc, void *ctx)
{
    fixture *f = ctx;
    dwi_restore_plan p = {0};
    dwi_state *now = NULL;
    dwi_state *then = NULL;
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, (dwi_logger){0}, &f->err));
    DWI_TRY(dwi_state_load(&log, -1, &now, &f->err));
    DWI_TRY(dwi_state_load(&log, 0, &then, &f->err));
    DWI_TRY(dwi_restore_plan_make(&p, &log, now, then, false, 1, &f->err));
done:
    dwi_restore_plan_done(&p);
    dwi_state_unref(now);
    dwi_state_unref(then);
    dwi_log_done(&log);
    return status;
}

static void want_of_memory_is_told_at_every_allocation(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0,
                    FEATURES("") METADATA_WITH("\"a\":\"1\"") ADD_DV("a", UUID_1) ADD_LINE("b"));
    put_commit_text(f, 1, METADATA_WITH("\"a\":\"2\"") REMOVE_DV("a", UUID_1) ADD_DV("a", UUID_2));
    put_data(f, "a");
    put_object(f, DV_1, "x");
    dwt_alloc_sweep(make_plan, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(files_that_differ_come_back_and_go),
        FIXTURE_TEST(a_file_with_another_deletion_vector_is_another_one),
        FIXTURE_TEST(files_that_are_gone_are_named_or_left_out),
        FIXTURE_TEST(metadata_comes_back_but_what_belongs_to_the_log_stays),
        FIXTURE_TEST(the_protocol_is_never_lowered),
        FIXTURE_TEST(clustering_columns_are_those_of_then),
        FIXTURE_TEST(what_we_do_not_understand_is_refused_in_either_version),
        FIXTURE_TEST(want_of_memory_is_told_at_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
