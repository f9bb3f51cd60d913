/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as truth tables: of rows, of partition values, of statistics. */
#include "delta/where.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "columns/json_decode.h"
#include "delta/where_impl.h"
#include "harness.h"

#define FIELD(name, type)                                                                          \
    "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":true,\"metadata\":{}}"

static const char
    schema[] =
        "{\"type\":\"struct\",\"fields\":[" FIELD("id", "\"integer\"") "," FIELD("big", "\"long\"") "," FIELD(
            "x",
            "\"double\"") "," FIELD("f",
                                    "\"float\"") "," FIELD("s",
                                                           "\"string\"") "," FIELD("d",
                                                                                   "\"date\"") "," FIELD("ts", "\"timestamp\"") "," FIELD("ntz", "\"timestamp_ntz\"") "," FIELD("amount", "\"decimal(10,2)\"") "," FIELD("ok", "\"boolean\"") "," FIELD("raw", "\"binary\"") "," FIELD("n", "{\"type\":\"struct\",\"fields\":[" FIELD("a",
                                                                                                                                                                                                                                                                                                                                      "\"long\"") "," FIELD("b",
                                                                                                                                                                                                                                                                                                                                                            "{\"type\":\"struct\",\"fields\":[" FIELD(
                                                                                                                                                                                                                                                                                                                                                                "c",
                                                                                                                                                                                                                                                                                                                                                                "\"string\"") "]}") "]}") "," FIELD("l",
                                                                                                                                                                                                                                                                                                                                                                                                    "{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}") "," FIELD("odd.name",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                     "\"string\"") "," FIELD("p",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "\"string\"") "," FIELD("year",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                     "\"integer\"") "," FIELD("day",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              "\"date\"") "]}";

static const dwi_sv partition_columns[] = {{"p", 1}, {"year", 4}, {"day", 3}};

typedef struct fixture {
    dwi_state state; /* only what binding looks at */
    dw_error err;
} fixture;

static int setup(void **state)
{
    static fixture f;

    memset(&f, 0, sizeof(f));
    f.state.metadata.partition_columns = (dwi_svs){3, partition_columns};
    *state = &f;
    return dwi_schema_parse(dwi_alloc_default(), dwi_sv_cstr(schema), &f.state.schema, &f.err);
}

static int teardown(void **state)
{
    fixture *f = *state;

    dwi_schema_unref(f->state.schema);
    return 0;
}

static dw_status parse(fixture *f, const char *sql, dwi_where **out)
{
    return dwi_where_parse(dwi_alloc_default(), dwi_sv_cstr(sql), &f->state, out, &f->err);
}

static const char *const rows[] = {
    "{\"id\":1,\"big\":10,\"x\":1.5,\"f\":0.1,\"s\":\"abc\",\"d\":\"2024-01-31\",\"ts\":\"2024-01-"
    "31T12:"
    "00:00.5Z\",\"ntz\":\"2024-01-31T12:00:00\",\"amount\":12.50,\"ok\":true,\"raw\":\"AP8=\","
    "\"n\":{\"a\":"
    "1,\"b\":{\"c\":\"x\"}},\"l\":[1],\"odd.name\":\"o\"}",
    "{\"id\":2,\"big\":-9223372036854775808,\"x\":7,\"f\":7,\"s\":\"a%c\",\"d\":\"1969-"
    "12-31\","
    "\"ts\":\"1969-12-31T23:59:59.999999Z\",\"ntz\":\"1969-12-31T23:59:59\",\"amount\":-0.01,"
    "\"ok\":false,"
    "\"raw\":\"\",\"n\":{\"a\":null,\"b\":null},\"l\":[]}",
    "{\"id\":3,\"big\":9223372036854775807,\"x\":-0.0,\"f\":7,\"s\":\"\",\"amount\":0,"
    "\"n\":null}",
    "{\"id\":null,\"s\":\"Gr\xc3\xbc\xc3\x9f"
    "e\"}",
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static dwi_json_decoder *decode_rows(fixture *f)
{
    const dwi_new_field none = {NULL, NULL, false};
    dwi_json_decoder *decoder = NULL;
    const dwi_column *columns;

    DWT_OK(
        dwi_json_decoder_new(dwi_alloc_default(), f->state.schema->root, none, &decoder, &f->err),
        &f->err);
    for (size_t i = 0; i < ROWS; i++)
        DWT_OK(dwi_json_decode(decoder, (dw_bytes){(const uint8_t *)rows[i], strlen(rows[i])},
                               &f->err),
               &f->err);
    columns = dwi_json_decoder_rows(decoder)->children;
    /* JSON has no such numbers */
    memcpy(columns[2].values.data + 8, &(double){(double)NAN}, 8);
    memcpy(columns[3].values.data + 4, (const float[]){NAN, INFINITY}, 8);
    return decoder;
}

/* 'T' for each row that passes a condition, 'N' for each that neither passes it nor its opposite.
 */
static void outcomes_of(fixture *f, const dwi_vec *batch, const char *sql, char out[ROWS + 1])
{
    uint32_t chosen[ROWS];
    char opposite[400];
    int64_t n = 0;

    memset(out, 'N', ROWS);
    out[ROWS] = '\0';
    for (int negated = 0; negated < 2; negated++) {
        dwi_where *where = NULL;
        (void)snprintf(opposite, sizeof(opposite), negated ? "NOT (%s)" : "%s", sql);
        DWT_OK(parse(f, opposite, &where), &f->err);
        DWT_OK(dwi_where_rows(where, batch, chosen, &n, &f->err), &f->err);
        for (int64_t i = 0; i < n; i++)
            out[chosen[i]] = negated ? 'F' : 'T';
        dwi_where_free(where);
    }
}

static void rows_are_judged_as_spark_does(void **state)
{
    static const struct {
        const char *sql;
        const char *want;
    } cases[] = {
        {"id = 1", "TFFN"},
        {"id == 1 OR ID = 3", "TFTN"},
        {"id <> 1", "FTTN"},
        {"id != 1 AND s LIKE 'a%'", "FTFF"},
        {"1 < id", "FTTN"},
        {"id >= 2", "FTTN"},
        {"id <=> NULL", "FFFT"},
        {"id <=> 2", "FTFF"},
        {"id = NULL", "NNNN"},
        {"id > 1.5", "FTTN"},
        {"id = 2.0", "FTFN"},
        {"id = '2'", "FTFN"},
        {"id < 2.5e0", "TTFN"},
        {"id IS NULL", "FFFT"},
        {"id IS NOT NULL", "TTTF"},
        {"id IN (1, 3)", "TFTN"},
        {"id IN (1, NULL)", "TNNN"},
        {"id NOT IN (1, 3)", "FTFN"},
        {"id NOT IN (1, NULL)", "FNNN"},
        {"id BETWEEN 2 AND 3", "FTTN"},
        {"id NOT BETWEEN 2 AND 3", "TFFN"},
        {"id BETWEEN 3 AND 2", "FFFN"},
        {"big = -9223372036854775808", "FTFN"},
        {"big > 9223372036854775806", "FFTN"},
        {"big < 9223372036854775808", "TTTN"},
        {"big = 9.223372036854775807e18", "FFTN"},
        {"big > id", "TFTN"},
        {"x = 1.5", "TFFN"},
        {"x > 1e300", "FTFN"},
        {"x = 'NaN'", "FTFN"},
        {"x >= CAST('NaN' AS DOUBLE)", "FTFN"},
        {"x = 0", "FFTN"},
        {"f = 0.1", "FFFN"}, /* a float is no 0.1 */
        {"f = 0.1F", "TFFN"},
        {"f = CAST(0.1 AS FLOAT)", "TFFN"},
        {"f = 'Infinity'", "FFTN"},
        {"f > CAST('inf' AS FLOAT)", "FTFN"},
        {"f = float('-1') OR x = double('nan')", "FTFN"},
        {"f <= x", "TTFN"},
        {"s = 'abc'", "TFFF"},
        {"s = \"abc\"", "TFFF"},
        {"s < 'b'", "TTTT"},
        {"s > 'abb'", "TFFF"},
        {"s LIKE 'a_c'", "TTFF"},
        {"s LIKE 'a\\%c'", "FTFF"},
        {"s LIKE 'a!%c' ESCAPE '!'", "FTFF"},
        {"s LIKE '%'", "TTTT"},
        {"s LIKE ''", "FFTF"},
        {"s LIKE 'Gr__e'", "FFFT"},
        {"s LIKE '%\xc3\x9f%'", "FFFT"},
        {"s NOT LIKE '%c'", "FFTT"},
        {"s LIKE '%b%c%'", "TFFF"},
        {"s LIKE NULL", "NNNN"},
        {"s IN ('abc', '')", "TFTF"},
        {"s = 'Gr\\u00fc\\u00dfe'", "FFFT"},
        {"d = '2024-01-31'", "TFNN"},
        {"d < DATE '1970-01-01'", "FTNN"},
        {"d >= '2024'", "TFNN"},
        {"d >= '2024-2-1'", "FFNN"},
        {"d = TIMESTAMP '2024-01-31 00:00:00'", "TFNN"},
        {"ts > TIMESTAMP '2024-01-31 12:00:00.25'", "TFNN"},
        {"ts = '2024-01-31T13:00:00.5+01:00'", "TFNN"},
        {"ts < DATE '1970-01-01'", "FTNN"},
        {"ts >= '1969-12-31 23:59:59.999999'", "TTNN"},
        {"ntz = '2024-01-31 12:00:00'", "TFNN"},
        {"ntz > TIMESTAMP_NTZ '2024-01-31 11:59:59'", "TFNN"},
        {"ts > ntz", "TTNN"},
        {"amount = 12.5", "TFFN"},
        {"amount = 12.500", "TFFN"},
        {"amount < 0", "FTFN"},
        {"amount < -0.001", "FTFN"},
        {"amount >= 0.00000000000000000000000000000000000001", "TFFN"},
        {"amount = '12.50'", "TFFN"},
        {"amount IN (12.5, -1e-2)", "TTFN"},
        {"amount < 1e100", "TTTN"},
        {"amount > id", "TFFN"},
        {"ok", "TFNN"},
        {"NOT ok", "FTNN"},
        {"ok = true", "TFNN"},
        {"ok = 'no'", "FTNN"},
        {"ok IS TRUE", "TFFF"},
        {"ok IS NOT TRUE", "FTTT"},
        {"ok IS NOT FALSE", "TFTT"},
        {"(id > 1) IS UNKNOWN", "FFFT"},
        {"raw = X'00ff'", "TFNN"},
        {"raw < X'00'", "FTNN"},
        {"raw = ''", "FTNN"},
        {"n.a = 1", "TNNN"},
        {"N.A IS NULL", "FTTT"},
        {"n IS NULL", "FFTT"},
        {"n.b.c = 'x'", "TNNN"},
        {"n.b IS NOT NULL", "TFFF"},
        {"l IS NULL", "FFTT"},
        {"`odd.name` = 'o'", "TNNN"},
        {"id = 1 AND d IS NULL", "FFFN"},
        {"id > 0 AND d > '2000-01-01'", "TFNN"},
        {"id = 5 OR d > '2000-01-01'", "TFNN"},
        {"id > 0 OR d > '2000-01-01'", "TTTN"},
        {"NOT (id = 1 OR id = 2) AND s = ''", "FFTF"},
        {"NOT NOT id = 1", "TFFN"},
        {"TRUE", "TTTT"},
        {"1 = 1.0", "TTTT"},
        {"'a' = 'b'", "FFFF"},
        {"NULL", "NNNN"},
        {"NULL <=> NULL", "TTTT"},
        {"2 IN (1, 2)", "TTTT"},
        {"'abc' LIKE 'a%'", "TTTT"},
        {"1 IS NULL", "FFFF"},
        {"((((id))) = (1))", "TFFN"},
        {"id=1 and(s='abc')", "TFFF"},
        {"id = +1", "TFFN"},
        {"id > -1", "TTTN"},
        {"id = 1L", "TFFN"},
        {"amount = 12.50BD", "TFFN"},
        {"x = 15e-1", "TFFN"},
        {"x = .15e1", "TFFN"},
    };
    fixture *f = *state;
    dwi_json_decoder *decoder = decode_rows(f);
    const dwi_vec *batch;
    dwi_arena arena;
    char got[ROWS + 1];

    dwi_arena_init(&arena, dwi_alloc_default());
    batch = dwi_column_view(dwi_json_decoder_rows(decoder), &arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        outcomes_of(f, batch, cases[i].sql, got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: %s, not %s", cases[i].sql, got, cases[i].want);
    }
    dwi_arena_done(&arena);
    dwi_json_decoder_free(decoder);
}

static void what_is_not_understood_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *sql;
        dw_status code;
        const char *text;
    } cases[] = {
        {"", DW_E_ARG, "where: at the end: expected a column or a literal"},
        {"id =", DW_E_ARG, "where: at the end: expected a column"},
        {"id = 1 id", DW_E_ARG, "where: character 8, id: expected AND, OR or the end"},
        {"(id = 1", DW_E_ARG, "at the end: expected )"},
        {"id = 1)", DW_E_ARG, "character 7, ): expected AND"},
        {"nope = 1", DW_E_NOT_FOUND, "where: column nope: the table has none"},
        {"n.nope = 1", DW_E_NOT_FOUND, "where: column n.nope: the table has none"},
        {"odd.name = 'o'", DW_E_NOT_FOUND, "column odd.name"},
        {"s = 'open", DW_E_ARG, "closing quote"},
        {"'\xc3\xbc\xc3\xbc' = s =", DW_E_UNSUPPORTED, "character 10, ="},
        {"s = 5", DW_E_ARG, "where: column s (string): not to be compared with 5"},
        {"5 < s", DW_E_ARG, "where: column s (string): not to be compared with 5"},
        {"s > DATE '2024-01-01'", DW_E_ARG, "column s (string)"},
        {"id = 'five'", DW_E_ARG, "where: column id: 'five' is no long"},
        {"id = '1.5'", DW_E_ARG, "is no long"},
        {"d = 'tomorrow'", DW_E_ARG, "where: column d: 'tomorrow' is no date"},
        {"d = '2024-02-30'", DW_E_ARG, "is no date"},
        {"ts = '2024-01-01 25:00:00'", DW_E_ARG, "is no timestamp"},
        {"ntz = '2024-01-01 05:00:00Z'", DW_E_ARG, "without a time zone"},
        {"d = 1", DW_E_ARG, "column d (date): not to be compared with 1"},
        {"DATE 'x' = d", DW_E_ARG, "no value of type date"},
        {"ok > 1", DW_E_ARG, "column ok (boolean)"},
        {"id", DW_E_ARG, "where: column id is no condition"},
        {"id AND ok", DW_E_ARG, "column id is no condition"},
        {"'a'", DW_E_ARG, "'a' is no condition"},
        {"l = 1", DW_E_ARG, "where: column l: values of type array<long> are not to be compared"},
        {"n = 1", DW_E_ARG, "values of type struct"},
        {"id LIKE '1'", DW_E_ARG, "column id: LIKE needs a text"},
        {"s LIKE s", DW_E_UNSUPPORTED, "the pattern of LIKE must be a text"},
        {"s LIKE 'a!b' ESCAPE '!'", DW_E_ARG, "the escape character ! must be before"},
        {"s LIKE 'a' ESCAPE 'ab'", DW_E_ARG, "one ASCII character"},
        {"upper(s) = 'A'", DW_E_UNSUPPORTED, "character 1, upper: functions are not supported"},
        {"id + 1 = 2", DW_E_UNSUPPORTED, "character 4, +: arithmetic is not supported"},
        {"id = 1 + 1", DW_E_UNSUPPORTED, "character 8, +: arithmetic"},
        {"s || 'a' = 'b'", DW_E_UNSUPPORTED, "arithmetic"},
        {"l[0] = 1", DW_E_UNSUPPORTED, "elements of arrays"},
        {"id IN ()", DW_E_ARG, "expected a column or a literal"},
        {"id IN (1, big)", DW_E_UNSUPPORTED, "the list of IN must be of literals"},
        {"id IN 1", DW_E_ARG, "expected ( of IN"},
        {"id BETWEEN 1", DW_E_ARG, "expected AND of BETWEEN"},
        {"id NOT 1", DW_E_ARG, "expected IN, LIKE or BETWEEN after NOT"},
        {"id IS 1", DW_E_ARG, "expected [NOT] NULL"},
        {"(id = 1) = true", DW_E_UNSUPPORTED, "must be a column or a literal"},
        {"id = 1 = true", DW_E_UNSUPPORTED, "not to be compared again"},
        {"AND id = 1", DW_E_ARG, "character 1, AND: expected a column"},
        {"id = 1; DROP", DW_E_ARG, "character 7, ;"},
        {"CAST(id AS STRING) = '1'", DW_E_UNSUPPORTED, "only literals can be cast"},
        {"double(id) = 1", DW_E_UNSUPPORTED, "only literals can be cast"},
        {"d = date(5)", DW_E_UNSUPPORTED, "a number cannot be cast"},
        {"id = CAST('1' AS blob)", DW_E_ARG, "expected a type"},
        {"amount = CAST('1' AS DECIMAL(50,2))", DW_E_ARG, "a number up to 38"},
        {"raw = X'0'", DW_E_ARG, "odd number"},
        {"raw = X'0g'", DW_E_ARG, "no hexadecimal digits"},
        {"id = 1e", DW_E_ARG, "no number"},
        {"id = 1abc", DW_E_ARG, "no number"},
        {"s = '\xff'", DW_E_ARG, "not UTF-8"},
        {"id = 99999999999999999999999999999999999999999", DW_E_ARG, "no number"},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_where *where = NULL;
        DWT_ERR(parse(f, cases[i].sql, &where), &f->err, cases[i].code, cases[i].text);
        assert_null(where);
    }
}

static void deep_and_long_text_is_refused_and_wide_text_is_not(void **state)
{
    enum { TERMS = 20000, DEEP = 100000 };
    fixture *f = *state;
    dwi_where *where = NULL;
    dwi_buf sql;

    dwi_buf_init(&sql, dwi_alloc_default());
    for (int i = 0; i < TERMS; i++)
        dwi_buf_printf(&sql, "%sid = %d", i > 0 ? " OR NOT " : "", i);
    DWT_OK(parse(f, dwi_buf_cstr(&sql), &where), &f->err);
    dwi_where_free(where);
    dwi_buf_clear(&sql);
    for (int i = 0; i < DEEP; i++)
        dwi_buf_append_byte(&sql, '(');
    DWT_ERR(parse(f, dwi_buf_cstr(&sql), &where), &f->err, DW_E_UNSUPPORTED, "too deeply");
    dwi_buf_append_zeros(&sql, DWI_WHERE_MAX_BYTES);
    DWT_ERR(dwi_where_parse(dwi_alloc_default(), (dwi_sv){(const char *)sql.data, sql.len},
                            &f->state, &where, &f->err),
            &f->err, DW_E_UNSUPPORTED, "more than");
    dwi_buf_done(&sql);
}

static const char *const verdicts[] = {"none", "some", "all"};

static void partition_values_tell_what_they_can(void **state)
{
    static const struct {
        const char *sql;
        const char *p;
        const char *year;
        dwi_verdict want;
    } cases[] = {
        {"p = 'de'", "de", "2024", DWI_MATCH_ALL},
        {"p = 'de'", "fr", "2024", DWI_MATCH_NONE},
        {"p = 'de'", NULL, "2024", DWI_MATCH_NONE},
        {"NOT p = 'de'", NULL, "2024", DWI_MATCH_NONE},
        {"p IS NULL", "", "2024", DWI_MATCH_ALL},
        {"p IS NULL", "x", "2024", DWI_MATCH_NONE},
        {"p <=> NULL", NULL, NULL, DWI_MATCH_ALL},
        {"year >= 2024", "de", "2024", DWI_MATCH_ALL},
        {"year = '2024'", "de", "2024", DWI_MATCH_ALL},
        {"year > 2024 OR p LIKE 'd%'", "de", "2024", DWI_MATCH_ALL},
        {"year > 2024 OR p LIKE 'f%'", "de", "2024", DWI_MATCH_NONE},
        {"year IN (2023, 2024)", "de", "2024", DWI_MATCH_ALL},
        {"year NOT IN (2023, NULL)", "de", "2024", DWI_MATCH_NONE},
        {"year = 2024 AND id = 1", "de", "2024", DWI_MATCH_SOME},
        {"year = 2023 AND id = 1", "de", "2024", DWI_MATCH_NONE},
        {"year = 2024 OR id = 1", "de", "2024", DWI_MATCH_ALL},
        {"id IS NULL", "de", "2024", DWI_MATCH_SOME},
        {"year < 2025.5", "de", "2024", DWI_MATCH_ALL},
        {"p > year", "de", "2024", -1},
        {"year = 5", "de", "not a number", DWI_MATCH_SOME},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_kv values[] = {
            {DWI_SV("p"), {cases[i].p, cases[i].p == NULL ? 0 : strlen(cases[i].p)}},
            {DWI_SV("YEAR"), {cases[i].year, cases[i].year == NULL ? 0 : strlen(cases[i].year)}},
        };
        dwi_where *where = NULL;
        dwi_verdict got;
        if ((int)cases[i].want < 0) {
            DWT_ERR(parse(f, cases[i].sql, &where), &f->err, DW_E_ARG, "not to be compared");
            continue;
        }
        DWT_OK(parse(f, cases[i].sql, &where), &f->err);
        got = dwi_where_partition(where, (dwi_kvs){2, values});
        if (got != cases[i].want)
            fail_msg("%s: %s", cases[i].sql, verdicts[got]);
        DWT_EQ(dwi_where_may_match(where, (dwi_kvs){2, values}), got != DWI_MATCH_NONE);
        DWT_EQ(dwi_where_is_partition(where), strstr(cases[i].sql, "id") == NULL);
        dwi_where_free(where);
    }
}

static void statistics_tell_what_they_can(void **state)
{
    static const char stats[] = "{\"numRecords\":10,\"minValues\":{\"id\":5,\"x\":1.5,\"f\":0.1,"
                                "\"s\":\"abc\",\"d\":\"2024-01-01\","
                                "\"ts\":\"2024-01-01T00:00:00.123Z\",\"amount\":1.50,\"n\":{\"a\":"
                                "7}},\"maxValues\":{\"id\":9,\"x\":"
                                "2.5,\"f\":0.1,\"s\":\"abz\",\"d\":\"2024-01-31\",\"ts\":\"2024-01-"
                                "02T00:00:00.123Z\",\"amount\":2.25,"
                                "\"n\":{\"a\":7}},\"nullCount\":{\"id\":0,\"big\":10,\"x\":0,\"f\":"
                                "0,\"s\":0,\"d\":3,\"ts\":0,"
                                "\"amount\":0,\"ok\":0,\"n\":{\"a\":0}}}";
    static const struct {
        const char *sql;
        dwi_verdict want;
    } cases[] = {
        {"id > 9", DWI_MATCH_NONE},
        {"id >= 5", DWI_MATCH_ALL},
        {"id >= 6", DWI_MATCH_SOME},
        {"id < 10 AND id > 4", DWI_MATCH_ALL},
        {"id = 4", DWI_MATCH_NONE},
        {"id <> 4", DWI_MATCH_ALL},
        {"id = 7", DWI_MATCH_SOME},
        {"id IN (1, 2, 3)", DWI_MATCH_NONE},
        {"id IN (1, 2, 8)", DWI_MATCH_SOME},
        {"id NOT IN (1, 2)", DWI_MATCH_ALL},
        {"id NOT IN (1, NULL)", DWI_MATCH_NONE},
        {"id IS NULL", DWI_MATCH_NONE},
        {"id IS NOT NULL", DWI_MATCH_ALL},
        {"id < 9.5", DWI_MATCH_ALL},
        {"big IS NULL", DWI_MATCH_ALL},
        {"big = 1", DWI_MATCH_NONE},
        {"big <=> NULL", DWI_MATCH_ALL},
        {"big <=> 1", DWI_MATCH_NONE},
        {"x > 3", DWI_MATCH_SOME}, /* a NaN may be there */
        {"x < 1", DWI_MATCH_NONE},
        {"x = 3", DWI_MATCH_NONE},
        {"x <> 3", DWI_MATCH_ALL},
        {"x < 3", DWI_MATCH_SOME},
        {"x = 'NaN'", DWI_MATCH_SOME},
        {"x >= 1", DWI_MATCH_ALL},
        {"f >= 0.1F", DWI_MATCH_ALL},
        {"f = 0.1", DWI_MATCH_NONE}, /* text of a float */
        {"f = 0.1F", DWI_MATCH_SOME},
        {"s > 'abz'", DWI_MATCH_NONE},
        {"s LIKE 'ab%'", DWI_MATCH_ALL},
        {"s LIKE 'abc%'", DWI_MATCH_SOME},
        {"s LIKE 'b%'", DWI_MATCH_NONE},
        {"s LIKE 'aa%'", DWI_MATCH_NONE},
        {"s LIKE 'ab%x'", DWI_MATCH_SOME},
        {"s NOT LIKE 'ab%'", DWI_MATCH_NONE},
        {"d >= '2024-01-01'", DWI_MATCH_SOME}, /* nulls */
        {"d < '2024-01-01'", DWI_MATCH_NONE},
        {"d < '2024-01-01' OR d IS NULL", DWI_MATCH_SOME},
        {"ts <= '2024-01-02 00:00:00.123456'", DWI_MATCH_SOME}, /* cut to milliseconds */
        {"ts > '2024-01-02 00:00:00.1235'", DWI_MATCH_SOME},
        {"ts > '2024-01-02 00:00:00.125'", DWI_MATCH_NONE},
        {"ts < '2024-01-02 00:00:00.125'", DWI_MATCH_ALL},
        {"amount > 2.25", DWI_MATCH_NONE},
        {"amount BETWEEN 1.5 AND 2.3", DWI_MATCH_ALL},
        {"amount < 1", DWI_MATCH_NONE},
        {"n.a = 7", DWI_MATCH_ALL},
        {"n.a <> 7", DWI_MATCH_NONE},
        {"n.b.c = 'x'", DWI_MATCH_SOME},
        {"ok", DWI_MATCH_SOME},
        {"ok IS NULL", DWI_MATCH_NONE},
        {"raw IS NULL", DWI_MATCH_SOME},
        {"p = 'de'", DWI_MATCH_ALL},
        {"p = 'de' AND id > 9", DWI_MATCH_NONE},
        {"p = 'de' AND id < 20", DWI_MATCH_ALL},
        {"(id > 9) IS NOT TRUE", DWI_MATCH_ALL},
        {"id > big", DWI_MATCH_NONE},
        {"id > n.a", DWI_MATCH_SOME},
        {"x > id", DWI_MATCH_SOME},
        {"amount < id", DWI_MATCH_ALL},
    };
    const dwi_kv values[] = {{DWI_SV("p"), DWI_SV("de")}};
    fixture *f = *state;
    dwi_add add = {.partition_values = {1, values}, .stats = dwi_sv_cstr(stats)};
    dwi_verdict got;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_where *where = NULL;
        DWT_OK(parse(f, cases[i].sql, &where), &f->err);
        DWT_OK(dwi_where_file(where, &add, &got, &f->err), &f->err);
        if (got != cases[i].want)
            fail_msg("%s: %s, not %s", cases[i].sql, verdicts[got], verdicts[cases[i].want]);
        dwi_where_free(where);
    }
}

static void statistics_that_are_missing_or_wrong_tell_nothing(void **state)
{
    static const char *const stats[] = {
        NULL,
        "",
        "{",
        "[]",
        "{}",
        "{\"numRecords\":\"many\"}",
        "{\"numRecords\":5,\"minValues\":{\"id\":\"a\"},\"maxValues\":{\"id\":null},\"nullCount\":{"
        "\"id\":-1}}",
        "{\"numRecords\":5,\"minValues\":{\"id\":9},\"maxValues\":{\"id\":1}}",
        "{\"minValues\":7,\"maxValues\":[1],\"nullCount\":{\"id\":{}}}",
    };
    fixture *f = *state;
    dwi_where *where = NULL;
    dwi_verdict got;

    DWT_OK(parse(f, "id = 5", &where), &f->err);
    for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
        dwi_add add = {.stats = {stats[i], stats[i] == NULL ? 0 : strlen(stats[i])}};
        DWT_OK(dwi_where_file(where, &add, &got, &f->err), &f->err);
        DWT_EQ(got, DWI_MATCH_SOME);
    }
    dwi_where_free(where);
}

static void the_reader_is_given_what_rules_out_no_row_that_passes(void **state)
{
    static const struct {
        const char *sql;
        const char *want; /* path and operator of each */
    } cases[] = {
        {"id = 1 AND s > 'a'", "id 2;s 4;"},
        {"id = 1 OR s > 'a'", ""},
        {"n.b.c IS NULL AND NOT id IS NULL", "n.b.c 6;id 7;"},
        {"x > 1 AND x < 2 AND f >= 0", "x 0;"},
        {"id = 5000000000", ""}, /* no such integer */
        {"f = 0.1", ""},
        {"id IN (1, 2) AND id <> 3", "id 5;"},
        {"p = 'de' AND amount <= 1", "amount 1;"},
        {"amount = 1.234", ""},
        {"id <=> 3 AND big > id", "id 2;"},
        {"n IS NULL", ""},
        {"ts > DATE '2024-01-01' AND d > TIMESTAMP '2024-01-01'", "ts 4;"},
        {"NOT id = 1", ""},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_comparison *list = NULL;
        dwi_where *where = NULL;
        dwi_arena arena;
        size_t n = 0;
        dwi_buf got;
        dwi_arena_init(&arena, dwi_alloc_default());
        dwi_buf_init(&got, dwi_alloc_default());
        DWT_OK(parse(f, cases[i].sql, &where), &f->err);
        DWT_OK(dwi_where_comparisons(where, &arena, f->state.schema->root, &list, &n, &f->err),
               &f->err);
        for (size_t k = 0; k < n; k++)
            dwi_buf_printf(&got, "%.*s %d;", DWI_SV_ARG(list[k].path), (int)list[k].op);
        DWT_STR(dwi_buf_cstr(&got), cases[i].want);
        dwi_buf_done(&got);
        dwi_where_free(where);
        dwi_arena_done(&arena);
    }
}

static dw_status all_of_it(const dw_allocator *alloc, void *ctx)
{
    static const char sql[] =
        "id IN (1, 2, NULL) AND s LIKE 'a\\%%' OR NOT (n.b.c = 'x') OR raw = X'00' OR "
        "(amount < id) IS UNKNOWN OR f > CAST('1' AS FLOAT) OR d = '2024-01-01'";
    static const dwi_add add = {.stats = {"{\"numRecords\":5}", 16}};
    fixture *f = ctx;
    const dwi_comparison *list;
    dwi_where *where = NULL;
    dwi_verdict verdict;
    dw_status status;
    dwi_arena arena;
    size_t n;

    dwi_arena_init(&arena, alloc);
    DWI_TRY(dwi_where_parse(alloc, dwi_sv_cstr(sql), &f->state, &where, &f->err));
    DWI_TRY(dwi_where_file(where, &add, &verdict, &f->err));
    DWI_TRY(dwi_where_comparisons(where, &arena, f->state.schema->root, &list, &n, &f->err));
done:
    dwi_arena_done(&arena);
    dwi_where_free(where);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    dwt_alloc_sweep(all_of_it, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_judged_as_spark_does),
        cmocka_unit_test(what_is_not_understood_is_refused_with_its_place),
        cmocka_unit_test(deep_and_long_text_is_refused_and_wide_text_is_not),
        cmocka_unit_test(partition_values_tell_what_they_can),
        cmocka_unit_test(statistics_tell_what_they_can),
        cmocka_unit_test(statistics_that_are_missing_or_wrong_tell_nothing),
        cmocka_unit_test(the_reader_is_given_what_rules_out_no_row_that_passes),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
