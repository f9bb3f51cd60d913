/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include "delta/checkpoint.h"
#include "delta/crc.h"
#include "store/fault_store.h"

#define CRC_METADATA                                                                               \
    "\"metadata\":{\"id\":\"the-id\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"        \
    "\"schemaString\":\"" SCHEMA_JSON                                                              \
    "\",\"partitionColumns\":[],\"configuration\":{},\"createdTime\":1700000000000}"
#define CRC_PROTOCOL "\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}"
#define CRC_HEAD(files, bytes)                                                                     \
    "{\"tableSizeBytes\":" #bytes ",\"numFiles\":" #files ",\"numMetadata\":1,\"numProtocol\":1,"
#define CRC_TXN                                                                                    \
    "\"setTransactions\":[{\"appId\":\"a\",\"version\":5,\"lastUpdated\":1700000000002}],"
/* Exactly what we write for two files and one application id. */
#define CRC_WHOLE                                                                                  \
    CRC_HEAD(2, 200) CRC_TXN "\"domainMetadata\":[]," CRC_METADATA "," CRC_PROTOCOL "}\n"

static dwi_state *load(fixture *f, int64_t version)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, version, &state, &f->err), &f->err);
    return state;
}

static void put_crc_text(fixture *f, int64_t version, const char *text)
{
    char key[64];

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".crc", version);
    put_object(f, key, text);
}

static char *crc_text(fixture *f, int64_t version)
{
    const dw_range all = DW_RANGE_ALL;
    static char text[8192];
    char key[64];
    dwi_buf body;

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".crc", version);
    dwi_buf_init(&body, &f->alloc.base);
    text[0] = '\0';
    if (dwi_store_get(f->store, key, all, sizeof(text) - 1, &body, &f->err) == DW_OK) {
        memcpy(text, body.data, body.len);
        text[body.len] = '\0';
    }
    dwi_buf_done(&body);
    return text;
}

/* Commits that say something else than the checksum file, so that it shows which was read. */
static void put_two_versions(fixture *f)
{
    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE TXN_LINE("a", 1));
    put_commit_text(f, 1, ADD_LINE("x"));
    put_commit_text(f, 2, TXN_LINE("b", 7));
}

static void the_newest_checksum_file_saves_what_comes_before_it(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_two_versions(f);
    put_crc_text(f, 1, CRC_WHOLE);
    s = load(f, -1);
    DWT_EQ(s->version, 2);
    DWT_EQ(dwi_state_crc(s), 1);
    DWT_EQ(dwi_state_txn(s, DWI_SV("a"))->version, 5);
    DWT_EQ(dwi_state_txn(s, DWI_SV("b"))->version, 7);
    dwi_state_unref(s);
    s = load(f, 0);
    DWT_EQ(dwi_state_crc(s), -1);
    DWT_EQ(dwi_state_txn(s, DWI_SV("a"))->version, 1);
    dwi_state_unref(s);
}

static void assert_not_used(fixture *f, const char *text)
{
    dwi_state *s;

    put_crc_text(f, 1, text);
    s = load(f, -1);
    DWT_EQ(dwi_state_txn(s, DWI_SV("a"))->version, 1);
    dwi_state_unref(s);
}

static void a_checksum_file_that_lacks_something_is_passed_over(void **state)
{
    fixture *f = *state;

    put_two_versions(f);
    /* no setTransactions: unknown, not none */
    assert_not_used(f, CRC_HEAD(2, 200) "\"domainMetadata\":[]," CRC_METADATA "," CRC_PROTOCOL "}");
    assert_not_used(f, CRC_HEAD(2, 200) CRC_TXN CRC_METADATA "}");
    assert_not_used(f, CRC_HEAD(2, 200) CRC_TXN CRC_PROTOCOL "}");
    DWT_STR(f->last_warning, "");
    assert_not_used(f, CRC_HEAD(2, 200) CRC_TXN "\"metadata\":[]," CRC_PROTOCOL "}");
    assert_non_null(strstr(f->last_warning, ".crc: metaData is not an object; it is passed over"));
    assert_not_used(f, "{\"tableSizeBytes\":1");
    assert_not_used(f, "[]");
    assert_not_used(f, "");
    assert_not_used(f, "{\"tableSizeBytes\":1," CRC_TXN CRC_METADATA "," CRC_PROTOCOL "}");
    assert_non_null(strstr(f->last_warning, "numFiles is missing or no count"));
    /* what only shows when a state is made of it */
    assert_not_used(f, CRC_HEAD(2, 200) CRC_TXN
                    "\"metadata\":{\"schemaString\":\"{}\"}," CRC_PROTOCOL "}");
    assert_non_null(strstr(f->last_warning, "its checksum file is passed over"));
    assert_not_used(f, CRC_HEAD(2, 200) CRC_TXN CRC_METADATA
                    ",\"protocol\":{\"minReaderVersion\":9,\"minWriterVersion\":9}}");
    /* domainMetadata may be missing only where the feature is */
    assert_not_used(f, CRC_HEAD(2, 200) CRC_TXN CRC_METADATA
                    ",\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
                    "\"writerFeatures\":[\"domainMetadata\"]}}");
}

static void in_commit_timestamps_come_from_the_checksum_file_too(void **state)
{
    static const char head[] = "{\"tableSizeBytes\":0,\"numFiles\":0,\"numMetadata\":1,"
                               "\"numProtocol\":1,\"inCommitTimestampOpt\":1800000000000,"
                               "\"setTransactions\":[],\"metadata\":{\"id\":\"the-id\","
                               "\"schemaString\":\"" SCHEMA_JSON "\",\"configuration\":{"
                               "\"delta.enableInCommitTimestamps\":\"true\"}}," CRC_PROTOCOL "}";
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(
        f, 0,
        "{\"commitInfo\":{\"inCommitTimestamp\":1700000000000}}\n" PROTOCOL_LINE METADATA_WITH(
            "\"delta.enableInCommitTimestamps\":\"true\""));
    put_crc_text(f, 0, head);
    s = load(f, -1);
    assert_true(s->in_commit_timestamp == INT64_C(1800000000000));
    dwi_state_unref(s);
}

static void what_is_written_is_exact_and_overwrites_nothing(void **state)
{
    const dwi_file_counts counts = {2, 200, -1, -1};
    const dwi_file_counts vectors = {3, 300, 1, 4};
    const dwi_sv none = {NULL, 0};
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE TXN_LINE("a", 5));
    put_commit_text(f, 1, DOMAIN_LINE("d", "x", false));
    s = load(f, 0);
    DWT_OK(dwi_crc_write(&f->log, s, &counts, none, &f->err), &f->err);
    DWT_STR(crc_text(f, 0), CRC_WHOLE);
    DWT_OK(dwi_crc_write(&f->log, s, &vectors, none, &f->err), &f->err);
    DWT_STR(crc_text(f, 0), CRC_WHOLE);
    dwi_state_unref(s);
    s = load(f, 1);
    DWT_OK(dwi_crc_write(&f->log, s, &vectors, DWI_SV("id"), &f->err), &f->err);
    DWT_STR(crc_text(f, 1),
            "{\"txnId\":\"id\",\"tableSizeBytes\":300,\"numFiles\":3,\"numDeletedRecordsOpt\":4,"
            "\"numDeletionVectorsOpt\":1,\"numMetadata\":1,\"numProtocol\":1," CRC_TXN
            "\"domainMetadata\":[{\"domain\":\"d\",\"configuration\":\"x\",\"removed\":false}"
            "]," CRC_METADATA "," CRC_PROTOCOL "}\n");
    dwi_state_unref(s);
}

static void a_set_that_expires_or_is_large_is_left_out(void **state)
{
    const dwi_file_counts counts = {0, 0, -1, -1};
    const dwi_sv none = {NULL, 0};
    fixture *f = *state;
    dwi_buf text;
    dwi_state *s;

    put_commit_text(
        f, 0,
        PROTOCOL_LINE METADATA_WITH("\"delta.setTransactionRetentionDuration\":\"interval 1 week\"")
            TXN_LINE("a", 5));
    s = load(f, 0);
    DWT_OK(dwi_crc_write(&f->log, s, &counts, none, &f->err), &f->err);
    assert_null(strstr(crc_text(f, 0), "setTransactions"));
    dwi_state_unref(s);
    dwi_buf_init(&text, &f->alloc.base);
    dwi_buf_append_cstr(&text, METADATA_LINE);
    for (int i = 0; i < 100; i++)
        dwi_buf_printf(&text, "{\"txn\":{\"appId\":\"%d\",\"version\":1}}\n", i);
    put_commit_text(f, 1, dwi_buf_cstr(&text));
    dwi_buf_done(&text);
    s = load(f, 1);
    DWT_EQ(s->n_txns, 101);
    DWT_OK(dwi_crc_write(&f->log, s, &counts, none, &f->err), &f->err);
    assert_null(strstr(crc_text(f, 1), "setTransactions"));
    assert_non_null(strstr(crc_text(f, 1), "domainMetadata"));
    dwi_state_unref(s);
}

static dwi_add an_add(int64_t size)
{
    return (dwi_add){.path = DWI_SV("f"), .size = size};
}

static void follow(fixture *f, dwi_crc_chain *chain, int64_t version, const dwi_staged *staged)
{
    dwi_state *s = load(f, version);

    dwi_crc_follow(chain, &f->log, s, staged, DWI_SV("id"));
    dwi_state_unref(s);
}

static void commits_of_ours_continue_the_chain(void **state)
{
    dwi_crc_chain chain = DWI_CRC_CHAIN_INIT;
    const dwi_add adds[2] = {an_add(10), an_add(20)};
    const dwi_remove removes[1] = {{.path = DWI_SV("g"), .size = 100}};
    const dwi_remove unknown[1] = {{.path = DWI_SV("g"), .size = -1}};
    dwi_staged staged = {.n_adds = 2, .adds = adds};
    fixture *f = *state;

    put_two_versions(f);
    follow(f, &chain, 1, &staged); /* a table without such files gets none */
    DWT_STR(crc_text(f, 1), "");
    put_crc_text(f, 0, CRC_WHOLE);
    follow(f, &chain, 1, &staged);
    assert_non_null(
        strstr(crc_text(f, 1), "\"txnId\":\"id\",\"tableSizeBytes\":230,\"numFiles\":4"));
    staged = (dwi_staged){.n_removes = 1, .removes = removes};
    follow(f, &chain, 2, &staged);
    assert_non_null(strstr(crc_text(f, 2), "\"tableSizeBytes\":130,\"numFiles\":3"));
    put_commit_text(f, 3, ADD_LINE("y"));
    put_commit_text(f, 4, ADD_LINE("z"));
    follow(f, &chain, 4, &staged); /* somebody's version 3 has no file */
    DWT_STR(crc_text(f, 4), "");
    assert_false(chain.known);
    put_crc_text(f, 3, CRC_WHOLE);
    staged = (dwi_staged){.n_removes = 1, .removes = unknown};
    chain.version = -1;
    follow(f, &chain, 4, &staged); /* nobody can tell the size of what went */
    DWT_STR(crc_text(f, 4), "");
}

static void a_chain_of_our_own_commits_reads_nothing(void **state)
{
    const dwi_add adds[1] = {an_add(10)};
    const dwi_staged staged = {.n_adds = 1, .adds = adds};
    dwi_crc_chain chain = DWI_CRC_CHAIN_INIT;
    fixture *f = *state;
    dw_store *counting = NULL;
    dwi_log log = f->log;

    put_two_versions(f);
    put_crc_text(f, 0, CRC_WHOLE);
    follow(f, &chain, 1, &staged);
    DWT_OK(dwi_fault_store_new(f->store, NULL, &counting, &f->err), &f->err);
    DWT_OK(dwi_fault_plan(counting, NULL, 0, &f->err), &f->err);
    log.store = counting;
    for (int64_t v = 2; v <= 2; v++) {
        dwi_state *s = load(f, v);
        dwi_crc_follow(&chain, &log, s, &staged, DWI_SV("id"));
        dwi_state_unref(s);
    }
    DWT_EQ(dwi_fault_count(counting, DWI_ON_PUT_IF_ABSENT), 1);
    DWT_EQ(dwi_fault_count(counting, DWI_ON_ALL), 1);
    dw_store_unref(counting);
    assert_non_null(strstr(crc_text(f, 2), "\"numFiles\":4"));
}

static void a_checkpoint_mends_a_broken_chain(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_two_versions(f);
    put_crc_text(f, 0, CRC_WHOLE);
    s = load(f, -1);
    DWT_OK(dwi_checkpoint_write(&f->log, s, &f->err), &f->err);
    dwi_state_unref(s);
    assert_non_null(strstr(crc_text(f, 2),
                           "{\"tableSizeBytes\":100,\"numFiles\":1,\"numDeletedRecordsOpt\":0,"
                           "\"numDeletionVectorsOpt\":0,"));
}

static dw_status read_and_write_with(const dw_allocator *alloc, void *ctx)
{
    const dwi_file_counts counts = {2, 200, 0, 0};
    const dwi_logger silent = {NULL, NULL};
    fixture *f = ctx;
    dwi_state *s = NULL;
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dwi_store_remove(f->store, "t/_delta_log/00000000000000000002.crc", NULL));
    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, silent, NULL));
    DWI_TRY(dwi_state_load(&log, 2, &s, NULL));
    DWI_TRY(dwi_crc_write(&log, s, &counts, DWI_SV("id"), NULL));
done:
    dwi_state_unref(s);
    dwi_log_done(&log);
    return status;
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    fixture *f = *state;

    put_two_versions(f);
    put_crc_text(f, 1, CRC_WHOLE);
    dwt_alloc_sweep(read_and_write_with, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_newest_checksum_file_saves_what_comes_before_it),
        FIXTURE_TEST(a_checksum_file_that_lacks_something_is_passed_over),
        FIXTURE_TEST(in_commit_timestamps_come_from_the_checksum_file_too),
        FIXTURE_TEST(what_is_written_is_exact_and_overwrites_nothing),
        FIXTURE_TEST(a_set_that_expires_or_is_large_is_left_out),
        FIXTURE_TEST(commits_of_ours_continue_the_chain),
        FIXTURE_TEST(a_chain_of_our_own_commits_reads_nothing),
        FIXTURE_TEST(a_checkpoint_mends_a_broken_chain),
        FIXTURE_TEST(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
