/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "columns/append.h"
#include "delta/expression.h"

static dw_status evaluate(const dwi_type *type, const char *sql, dwi_column *out, dw_error *err)
{
    static dwt_alloc alloc;

    dwt_alloc_init(&alloc);
    DWT_OK(dwi_column_init(out, type, &alloc.base, err), err);
    return dwi_expression_append_default(out, dwi_sv_cstr(sql), DWI_SV("c"), err);
}

static void literals_become_values_of_the_columns_type(void **state)
{
    static const struct {
        dwi_type type;
        const char *sql;
        int64_t want;
    } cases[] = {
        {{.kind = DWI_LONG}, "42", 42},
        {{.kind = DWI_LONG}, " ( -7L ) ", -7},
        {{.kind = DWI_LONG}, "+9223372036854775807", INT64_MAX},
        {{.kind = DWI_DECIMAL, .precision = 10, .scale = 2}, "1.5", 150},
        {{.kind = DWI_DECIMAL, .precision = 10, .scale = 2}, "-3", -300},
        {{.kind = DWI_DECIMAL, .precision = 10, .scale = 2}, "2.25BD", 225},
        {{.kind = DWI_TIMESTAMP}, "TIMESTAMP '1970-01-01 00:00:01Z'", 1000000},
        {{.kind = DWI_TIMESTAMP}, "timestamp'1970-01-01 01:00:01+01:00'", 1000000},
        {{.kind = DWI_TIMESTAMP_NTZ}, "TIMESTAMP_NTZ'1970-01-01 00:00:01.5'", 1500000},
    };
    dw_error err = DW_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_column column;
        int64_t got;
        DWT_OK(evaluate(&cases[i].type, cases[i].sql, &column, &err), &err);
        DWT_EQ(column.length, 1);
        memcpy(&got, column.values.data, sizeof(got));
        assert_true(got == cases[i].want);
        dwi_column_done(&column);
    }
}

static void literals_of_text_and_bytes_keep_their_characters(void **state)
{
    static const struct {
        dwi_type_kind kind;
        const char *sql;
        const char *want;
    } cases[] = {
        {DWI_STRING, "'plain'", "plain"}, {DWI_STRING, "\"a \\\"b\\\" \\n\"", "a \"b\" \n"},
        {DWI_STRING, "''", ""},           {DWI_STRING, "'caf\xc3\xa9'", "caf\xc3\xa9"},
        {DWI_BINARY, "X'616263'", "abc"},
    };
    dw_error err = DW_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_type type = {.kind = cases[i].kind};
        dwi_column column;
        DWT_OK(evaluate(&type, cases[i].sql, &column, &err), &err);
        DWT_EQ(column.null_count, 0);
        DWT_EQ(column.data.len, strlen(cases[i].want));
        assert_memory_equal(column.data.data, cases[i].want, column.data.len);
        dwi_column_done(&column);
    }
}

static void small_types_are_checked_for_their_range(void **state)
{
    static const struct {
        dwi_type_kind kind;
        const char *sql;
        uint8_t want[8];
        size_t len;
    } cases[] = {
        {DWI_BYTE, "-1Y", {0xff}, 1},
        {DWI_SHORT, "258", {2, 1}, 2},
        {DWI_INTEGER, "1", {1, 0, 0, 0}, 4},
        {DWI_DATE, "DATE '1970-01-02'", {1, 0, 0, 0}, 4},
        {DWI_DOUBLE, "1.0D", {0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, 8},
        {DWI_DOUBLE, "1e0", {0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, 8},
        {DWI_FLOAT, ".5", {0, 0, 0, 0x3f}, 4},
        {DWI_BOOLEAN, "TRUE", {1}, 1},
        {DWI_BOOLEAN, "false", {0}, 1},
    };
    dw_error err = DW_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_type type = {.kind = cases[i].kind};
        dwi_column column;
        DWT_OK(evaluate(&type, cases[i].sql, &column, &err), &err);
        DWT_EQ(column.values.len, cases[i].len);
        assert_memory_equal(column.values.data, cases[i].want, cases[i].len);
        dwi_column_done(&column);
    }
}

static void null_fits_every_type(void **state)
{
    static const dwi_type_kind kinds[] = {DWI_LONG, DWI_STRING, DWI_BOOLEAN, DWI_DATE};
    dw_error err = DW_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const dwi_type type = {.kind = kinds[i]};
        dwi_column column;
        DWT_OK(evaluate(&type, "NULL", &column, &err), &err);
        DWT_EQ(column.null_count, 1);
        dwi_column_done(&column);
    }
}

static void what_is_no_literal_or_not_of_the_type_is_refused(void **state)
{
    static const struct {
        dwi_type_kind kind;
        const char *sql;
    } cases[] = {
        {DWI_LONG, ""},
        {DWI_LONG, "1 + 1"},
        {DWI_LONG, "rand()"},
        {DWI_LONG, "'5'"},
        {DWI_LONG, "1.5"},
        {DWI_LONG, "9223372036854775808"},
        {DWI_LONG, "-"},
        {DWI_LONG, "."},
        {DWI_LONG, "1e"},
        {DWI_LONG, "((1)"},
        {DWI_BYTE, "128"},
        {DWI_BOOLEAN, "1"},
        {DWI_STRING, "'it''s'"}, /* one quote in Spark 4, none before */
        {DWI_STRING, "'a' 'b'"},
        {DWI_STRING, "'open"},
        {DWI_STRING, "'a\\"},
        {DWI_STRING, "'\\u0041'"},
        {DWI_STRING, "r'raw'"},
        {DWI_STRING, "'a' || 'b'"},
        {DWI_BINARY, "X'abc'"},
        {DWI_BINARY, "X'zz'"},
        {DWI_DATE, "'2026-01-01'"},
        {DWI_DATE, "DATE '2026-13-01'"},
        {DWI_DATE, "current_date()"},
        {DWI_TIMESTAMP, "TIMESTAMP '2026-01-01 00:00:00'"}, /* in whose zone? */
        {DWI_TIMESTAMP_NTZ, "TIMESTAMP_NTZ '2026-01-01 00:00:00Z'"},
        {DWI_STRUCT, "named_struct('a', 1)"},
    };
    dw_error err = DW_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_type type = {.kind = cases[i].kind};
        dwi_column column;
        DWT_ERR(evaluate(&type, cases[i].sql, &column, &err), &err, DW_E_UNSUPPORTED,
                "feature allowColumnDefaults: the default of column c, ");
        dwi_column_done(&column);
    }
}

static void other_uses_are_refused_by_feature_and_place(void **state)
{
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_ERR(dwi_expression_check(DWI_EXPRESSION_CHECK, DWI_SV("delta.constraints.p"), &err), &err,
            DW_E_UNSUPPORTED,
            "feature checkConstraints is not supported, and the table uses it "
            "(delta.constraints.p)");
    DWT_ERR(dwi_expression_check(DWI_EXPRESSION_GENERATED, DWI_SV("g"), &err), &err,
            DW_E_UNSUPPORTED, "feature generatedColumns");
    DWT_ERR(dwi_expression_check(DWI_EXPRESSION_INVARIANT, DWI_SV("i"), &err), &err,
            DW_E_UNSUPPORTED, "feature invariants");
    DWT_OK(dwi_expression_check(DWI_EXPRESSION_DEFAULT, DWI_SV("d"), &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_become_values_of_the_columns_type),
        cmocka_unit_test(literals_of_text_and_bytes_keep_their_characters),
        cmocka_unit_test(small_types_are_checked_for_their_range),
        cmocka_unit_test(null_fits_every_type),
        cmocka_unit_test(what_is_no_literal_or_not_of_the_type_is_refused),
        cmocka_unit_test(other_uses_are_refused_by_feature_and_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
