/* SPDX-License-Identifier: Apache-2.0 */
#include "table_fixture.h"

#define INVARIANT(sql)                                                                             \
    "\\\"delta.invariants\\\":\\\"{\\\\\\\"expression\\\\\\\":{\\\\\\\"expression\\\\\\\":"        \
    "\\\\\\\"" sql "\\\\\\\"}}\\\""
#define TABLE(fields, configuration) LEGACY(1, 3) METADATA(fields, configuration)
#define IDS                          COLUMN("id", "long", true, "") "," COLUMN("s", "string", true, "")

static void rows_must_meet_constraints(void **state)
{
    table_fixture *f = *state;

    open_lines(f, TABLE(IDS, "\"delta.constraints.positive\":\"id > 0\","
                             "\"delta.constraints.known\":\"s IN ('a', 'b') OR s IS NULL\""));
    DWT_OK(append_ndjson(f, "{\"id\":1,\"s\":\"a\"}\n{\"id\":2}\n"), &f->err);
    DWT_ERR(append_ndjson(f, "{\"id\":3,\"s\":\"b\"}\n{\"id\":-1}\n"), &f->err, DW_E_SCHEMA,
            "delta.constraints.positive: a row does not meet id > 0");
    DWT_ERR(append_ndjson(f, "{\"s\":\"a\"}\n"), &f->err, DW_E_SCHEMA, "positive"); /* unknown */
    DWT_ERR(append_ndjson(f, "{\"id\":4,\"s\":\"c\"}\n"), &f->err, DW_E_SCHEMA, "known");
    DWT_EQ(dw_table_version(f->table), 1);
}

static dw_status count_rejects(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    (void)record;
    (void)error;
    *(int *)ctx += 1 << index;
    return DW_OK;
}

static void a_bad_record_among_good_ones_is_rejected_alone(void **state)
{
    static const char text[] = "{\"id\":1}\n{\"id\":0}\n{\"id\":5}\n";
    table_fixture *f = *state;
    int rejected = 0;
    dw_txn *txn;

    open_lines(f, TABLE(IDS, "\"delta.constraints.c\":\"id > 0\""));
    txn = begin_txn(f, 0);
    DWT_OK(dw_append_ndjson(txn, (dw_bytes){text, sizeof(text) - 1}, count_rejects, &rejected,
                            &f->err),
           &f->err);
    DWT_EQ(rejected, 2);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(version_text(f, 1), "\\\"numRecords\\\":2");
}

static void an_invariant_of_a_column_holds_too(void **state)
{
    table_fixture *f = *state;

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("id", "long", true, INVARIANT("id < 10")), ""));
    DWT_OK(append_ndjson(f, "{\"id\":9}\n"), &f->err);
    DWT_ERR(append_ndjson(f, "{\"id\":10}\n"), &f->err, DW_E_SCHEMA, "id: a row does not meet");
}

static void what_cannot_be_judged_is_refused(void **state)
{
    table_fixture *f = *state;

    open_lines(f, TABLE(IDS, "\"delta.constraints.c\":\"length(s) > 0\""));
    DWT_ERR(append_ndjson(f, "{\"id\":9}\n"), &f->err, DW_E_UNSUPPORTED,
            "feature checkConstraints is not supported, and the table uses it "
            "(delta.constraints.c): where: character 1, length: functions are not supported");
}

static void every_allocation_may_fail(void **state)
{
    table_fixture *f = *state;
    dw_status status = DW_E_NOMEM;

    open_lines(f, TABLE(IDS, "\"delta.constraints.c\":\"id > 0 AND s LIKE 'a%'\""));
    for (int64_t n = 0; status != DW_OK; n++) {
        f->alloc.fail_at = f->alloc.calls + n;
        status = append_ndjson(f, "{\"id\":1,\"s\":\"ab\"}");
        f->alloc.fail_at = -1;
        if (status != DW_OK && dw_table_version(f->table) > 0)
            break;
        if (status != DW_OK)
            DWT_EQ(status, DW_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(rows_must_meet_constraints),
        TABLE_TEST(a_bad_record_among_good_ones_is_rejected_alone),
        TABLE_TEST(an_invariant_of_a_column_holds_too),
        TABLE_TEST(what_cannot_be_judged_is_refused),
        TABLE_TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
