/* SPDX-License-Identifier: Apache-2.0 */
/* The record rules of docs/records.md, one literal case per line. */
#include "columns/json_decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "harness.h"
#include "show.h"

typedef struct value_case {
    const char *type;  /* of the one column "c" */
    const char *value; /* JSON */
    const char *want;  /* as dwt_show() prints it; NULL: rejected */
    const char *error; /* part of the message */
} value_case;

static const value_case cases[] = {
    /* string */
    {"string", "\"text\"", "\"text\"", NULL},
    {"string", "\"\"", "\"\"", NULL},
    {"string", "\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"", "\"a\n\t\"\\/\b\f\r\"", NULL},
    {"string", "\"\\u0041\\u00e9\\u6771\\ud83d\\ude42\"", "\"Aé東🙂\"", NULL},
    {"string", "\"é東🙂\"", "\"é東🙂\"", NULL},
    {"string", "5", "\"5\"", NULL},
    {"string", "-0.10e+05", "\"-0.10e+05\"", NULL},
    {"string", "true", "\"true\"", NULL},
    {"string", "false", "\"false\"", NULL},
    {"string", "null", "null", NULL},
    {"string", "{}", "\"{}\"", NULL},
    {"string", "[ ]", "\"[]\"", NULL},
    {"string", "{ \"b\" : 1 , \"a\" :\t[ 1.0 , \"x y\" , null ] }",
     "\"{\"b\":1,\"a\":[1.0,\"x y\",null]}\"", NULL},
    {"string", "{\"a\": \"q\\\" \\\\ \\u0041 end\" }", "\"{\"a\":\"q\\\" \\\\ \\u0041 end\"}\"",
     NULL},
    {"string", "{\"a\":1,\"a\":2}", "\"{\"a\":1,\"a\":2}\"", NULL},
    /* integers */
    {"long", "5", "5", NULL},
    {"long", "5.0", "5", NULL},
    {"long", "1e3", "1000", NULL},
    {"long", "1500E-2", "15", NULL},
    {"long", "-0", "0", NULL},
    {"long", "0e999999999999", "0", NULL},
    {"long", "9223372036854775807", "9223372036854775807", NULL},
    {"long", "-9223372036854775808", "-9223372036854775808", NULL},
    {"long", "9223372036854775807.000000000000000000000", "9223372036854775807", NULL},
    {"long", "9223372036854775808", NULL, "field c: 9223372036854775808 is out of range of long"},
    {"long", "-9223372036854775809", NULL, "out of range of long"},
    {"long", "1e19", NULL, "out of range of long"},
    {"long", "1e999999999999", NULL, "out of range of long"},
    {"long", "5.5", NULL, "field c: 5.5 is not an integer"},
    {"long", "5.00000000000000000000001", NULL, "is not an integer"},
    {"long", "1e-1", NULL, "is not an integer"},
    {"long", "\"12\"", "12", NULL},
    {"long", "\"12.0\"", "12", NULL},
    {"long", "\" 12\"", NULL, "field c: \" 12\" is not a number"},
    {"long", "\"12 \"", NULL, "is not a number"},
    {"long", "\"+12\"", NULL, "is not a number"},
    {"long", "\"012\"", NULL, "is not a number"},
    {"long", "\"\"", NULL, "field c: \"\" is not a number"},
    {"long", "\"\\u0031\"", "1", NULL},
    {"long", "\"abc\"", NULL, "field c: \"abc\" is not a number"},
    {"long", "\"NaN\"", NULL, "is not a number"},
    {"long", "true", NULL, "field c: true is not a number"},
    {"long", "{\"a\":1}", NULL, "field c: {\"a\":1} is not a number"},
    {"long", "[5]", NULL, "field c: [5] is not a number"},
    {"long", "null", "null", NULL},
    {"byte", "127", "127", NULL},
    {"byte", "-128", "-128", NULL},
    {"byte", "128", NULL, "field c: 128 is out of range of byte"},
    {"byte", "-129", NULL, "out of range of byte"},
    {"short", "32767", "32767", NULL},
    {"short", "-32768", "-32768", NULL},
    {"short", "32768", NULL, "out of range of short"},
    {"integer", "2147483647", "2147483647", NULL},
    {"integer", "-2147483648", "-2147483648", NULL},
    {"integer", "2147483648", NULL, "out of range of integer"},
    /* floats */
    {"double", "0.1", "0.10000000000000001", NULL},
    {"double", "-0.0", "-0", NULL},
    {"double", "5", "5", NULL},
    {"double", "1e22", "1e+22", NULL},
    {"double", "1e23", "9.9999999999999992e+22", NULL},
    {"double", "9007199254740993", "9007199254740992", NULL},
    {"double", "0.1234567890123456789012345", "0.12345678901234568", NULL},
    {"double", "4.9e-324", "4.9406564584124654e-324", NULL},
    {"double", "1e-400", "0", NULL},
    {"double", "1.7976931348623157e308", "1.7976931348623157e+308", NULL},
    {"double", "1.8e308", NULL, "field c: 1.8e308 is out of range of double"},
    {"double", "-1e999999999999999", NULL, "out of range of double"},
    {"double", "\"2.5\"", "2.5", NULL},
    {"double", "\"NaN\"", NULL, "field c: \"NaN\" is not a number"},
    {"double", "\"Infinity\"", NULL, "is not a number"},
    {"double", "\"nan\"", NULL, "field c: \"nan\" is not a number"},
    {"double", "\"inf\"", NULL, "is not a number"},
    {"double", "\"0x10\"", NULL, "is not a number"},
    {"double", "\"1,5\"", NULL, "is not a number"},
    {"double", "false", NULL, "is not a number"},
    {"float", "0.1", "0.100000001", NULL},
    {"float", "16777217", "16777216", NULL},
    /* halfway between two floats in double, above it as written */
    {"float", "1.00000005960464477540", "1.00000012", NULL},
    {"float", "3.4028235e38", "3.40282347e+38", NULL},
    {"float", "3.5e38", NULL, "out of range of float"},
    {"float", "1e-45", "1.40129846e-45", NULL},
    {"float", "\"-Infinity\"", NULL, "field c: \"-Infinity\" is not a number"},
    /* decimals, unscaled */
    {"decimal(10,2)", "1.5", "150", NULL},
    {"decimal(10,2)", "-0.01", "-1", NULL},
    {"decimal(10,2)", "1.500000", "150", NULL},
    {"decimal(10,2)", "1.505", NULL, "field c: 1.505 has more fraction digits than decimal(10,2)"},
    {"decimal(10,2)", "99999999.99", "9999999999", NULL},
    {"decimal(10,2)", "100000000", NULL, "field c: 100000000 is out of range of decimal(10,2)"},
    {"decimal(10,2)", "1e7", "1000000000", NULL},
    {"decimal(10,2)", "1e-2", "1", NULL},
    {"decimal(10,2)", "1e-3", NULL, "more fraction digits"},
    {"decimal(10,2)", "12.5e1", "12500", NULL},
    {"decimal(10,2)", "0e999999999999999", "0", NULL},
    {"decimal(10,2)", "-0", "0", NULL},
    {"decimal(10,2)", "1e999999999999999", NULL, "out of range"},
    {"decimal(10,2)", "\"1.50\"", "150", NULL},
    {"decimal(10,2)", "\"NaN\"", NULL, "is not a number"},
    {"decimal(10,2)", "000.5", NULL, "offset 5: invalid number"},
    {"decimal(38,0)", "99999999999999999999999999999999999999",
     "0x4b3b4ca85a86c47a098a223fffffffff", NULL},
    {"decimal(38,0)", "-99999999999999999999999999999999999999",
     "0xb4c4b357a5793b85f675ddc000000001", NULL},
    {"decimal(38,0)", "100000000000000000000000000000000000000", NULL, "out of range"},
    {"decimal(38,38)", "0.00000000000000000000000000000000000001", "1", NULL},
    {"decimal(38,10)", "9999999999999999999999999999.9999999999",
     "0x4b3b4ca85a86c47a098a223fffffffff", NULL},
    /* timestamps */
    {"timestamp", "\"2026-01-01T00:00:00Z\"", "1767225600000000", NULL},
    {"timestamp", "\"2026-01-01 00:00:00\"", "1767225600000000", NULL},
    {"timestamp", "\"2026-01-01t00:00:00z\"", "1767225600000000", NULL},
    {"timestamp", "\"2026-01-01\"", "1767225600000000", NULL},
    {"timestamp", "\"2026-01-01T00:00\"", "1767225600000000", NULL},
    {"timestamp", "\"2026-01-01T00:00:00.123456789Z\"", "1767225600123456", NULL},
    {"timestamp", "\"2026-01-01T00:00:00.1Z\"", "1767225600100000", NULL},
    {"timestamp", "\"2026-01-01T02:00:00.5+02:00\"", "1767225600500000", NULL},
    {"timestamp", "\"2025-12-31T19:00:00-0500\"", "1767225600000000", NULL},
    {"timestamp", "\"1969-12-31T23:59:59.999999Z\"", "-1", NULL},
    {"timestamp", "\"2026-02-29T00:00:00Z\"", NULL, "is not a timestamp"},
    {"timestamp", "\"2026-01-01T24:00:00Z\"", NULL, "is not a timestamp"},
    {"timestamp", "\"2026-01-01T00:00:60Z\"", NULL, "is not a timestamp"},
    {"timestamp", "\"2026-01-01T00:00:00.Z\"", NULL, "is not a timestamp"},
    {"timestamp", "\"2026-01-01T00:00:00.1234567890Z\"", NULL, "is not a timestamp"},
    {"timestamp", "\"2026-01-01T00:00:00Zx\"", NULL, "is not a timestamp"},
    {"timestamp", "\"1767225600000\"", NULL, "is not a timestamp"},
    {"timestamp", "\"yesterday\"", NULL, "field c: \"yesterday\" is not a timestamp"},
    {"timestamp", "1767225600000", "1767225600000000", NULL},
    {"timestamp", "1767225600000.5", "1767225600000500", NULL},
    {"timestamp", "1767225600000.0005", "1767225600000000", NULL},
    {"timestamp", "1767225600000.00099999999999999999", "1767225600000000", NULL},
    {"timestamp", "-1", "-1000", NULL},
    {"timestamp", "-0.0001", "-1", NULL},
    {"timestamp", "1.7672256e12", "1767225600000000", NULL},
    {"timestamp", "0", "0", NULL},
    {"timestamp", "9223372036854775.807", "9223372036854775807", NULL},
    {"timestamp", "9223372036854775.808", NULL, "out of range of timestamp"},
    {"timestamp", "1e300", NULL, "out of range of timestamp"},
    {"timestamp", "1e-300", "0", NULL},
    {"timestamp", "true", NULL, "is not a timestamp"},
    {"timestamp_ntz", "\"2026-01-01T00:00:00\"", "1767225600000000", NULL},
    {"timestamp_ntz", "\"2026-01-01T00:00:00Z\"", "1767225600000000", NULL},
    {"timestamp_ntz", "\"2026-01-01T00:00:00+00:00\"", "1767225600000000", NULL},
    {"timestamp_ntz", "\"2026-01-01T00:00:00+01:00\"", NULL,
     "has an offset, which does not fit timestamp_ntz"},
    {"timestamp_ntz", "\"2026-01-01T00:00:00-00:30\"", NULL, "has an offset"},
    {"timestamp_ntz", "1767225600000", "1767225600000000", NULL},
    /* dates */
    {"date", "\"1970-01-02\"", "1", NULL},
    {"date", "\"1969-12-31\"", "-1", NULL},
    {"date", "\"2026-01-01T00:00:00Z\"", "20454", NULL},
    {"date", "\"2026-01-01T00:00:00.000\"", "20454", NULL},
    {"date", "\"2026-01-01T00:00:01Z\"", NULL, "has a time of day, which does not fit date"},
    {"date", "\"2026-01-01T00:00:00+01:00\"", NULL, "has a time of day"},
    {"date", "\"2026-13-01\"", NULL, "field c: \"2026-13-01\" is not a date"},
    {"date", "\"01/02/2026\"", NULL, "is not a date"},
    {"date", "20454", NULL, "field c: 20454 is not a date"},
    /* booleans */
    {"boolean", "true", "true", NULL},
    {"boolean", "false", "false", NULL},
    {"boolean", "\"true\"", "true", NULL},
    {"boolean", "\"false\"", "false", NULL},
    {"boolean", "\"True\"", NULL, "field c: \"True\" is not true or false"},
    {"boolean", "1", NULL, "field c: 1 is not true or false"},
    {"boolean", "\"\"", NULL, "is not true or false"},
    /* binary */
    {"binary", "\"\"", "x", NULL},
    {"binary", "\"AA==\"", "x00", NULL},
    {"binary", "\"AAE=\"", "x0001", NULL},
    {"binary", "\"+/+/\"", "xfbffbf", NULL},
    {"binary", "\"aGVsbG8gd29ybGQ=\"", "x68656c6c6f20776f726c64", NULL},
    {"binary", "\"AA\"", NULL, "field c: \"AA\" is not a base64 string"},
    {"binary", "\"AA=\"", NULL, "is not a base64 string"},
    {"binary", "\"A===\"", NULL, "is not a base64 string"},
    {"binary", "\"AB==\"", NULL, "is not a base64 string"},
    {"binary", "\"-_-_\"", NULL, "is not a base64 string"},
    {"binary", "\"AA==AA==\"", NULL, "is not a base64 string"},
    {"binary", "5", NULL, "is not a base64 string"},
    /* void */
    {"void", "null", "null", NULL},
    {"void", "1", NULL, "nothing else fits a column of void"},
    /* nested */
    {"{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}", "[1, null , \"3\"]",
     "[1,null,3]", NULL},
    {"{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}", "[]", "[]", NULL},
    {"{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}", "null", "null", NULL},
    {"{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}", "[1,\"x\",true]", NULL,
     "field c: \"x\" is not a number"},
    {"{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":false}", "[null]", NULL,
     "field c: null is in a column that takes no nulls"},
    {"{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}", "{\"a\":1}", NULL,
     "field c: {\"a\":1} is not an array"},
    {"{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"long\",\"valueContainsNull\":true}",
     "{\"b\":1,\"a\":null,\"b\":2,\"\\u0063\":3}", "{\"b\"=2,\"a\"=null,\"c\"=3}", NULL},
    {"{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"long\",\"valueContainsNull\":true}",
     "{\"b\":\"x\",\"b\":2}", "{\"b\"=2}", NULL},
    {"{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"long\",\"valueContainsNull\":false}",
     "{\"b\":null}", NULL, "takes no nulls"},
    {"{\"type\":\"map\",\"keyType\":\"long\",\"valueType\":\"long\",\"valueContainsNull\":true}",
     "{\"7\":1}", "{7=1}", NULL},
    {"{\"type\":\"map\",\"keyType\":\"long\",\"valueType\":\"long\",\"valueContainsNull\":true}",
     "{\"x\":1}", NULL, "field c: x is not a number"},
    {"{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"long\",\"valueContainsNull\":true}",
     "[]", NULL, "is not an object"},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"},{\"name\":\"y\",\"type\":"
     "\"string\"}]}",
     "{\"Y\":\"b\",\"x\":1,\"unknown\":[1,{}]}", "{x:1,y:\"b\"}", NULL},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"},{\"name\":\"y\",\"type\":"
     "\"string\"}]}",
     "{}", "{x:null,y:null}", NULL},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"},{\"name\":\"y\",\"type\":"
     "\"string\"}]}",
     "{\"x\":\"bad\",\"y\":\"s\",\"x\":3}", "{x:3,y:\"s\"}", NULL},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"},{\"name\":\"y\",\"type\":"
     "\"string\"}]}",
     "{\"y\":\"s\",\"x\":\"bad\"}", NULL, "field c.x: \"bad\" is not a number"},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"}]}", "\"text\"", NULL,
     "field c: \"text\" is not an object"},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":\"array\","
     "\"elementType\":"
     "{\"type\":\"struct\",\"fields\":[{\"name\":\"z\",\"type\":\"long\"},{\"name\":\"w\",\"type\":"
     "\"long\",\"nullable\":false}]}}}]}",
     "{\"x\":[{\"z\":1,\"w\":2},{\"w\":3,\"z\":\"no\"},{\"z\":5}]}", NULL,
     "field c.x.z: \"no\" is not a number"},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":\"array\","
     "\"elementType\":"
     "{\"type\":\"struct\",\"fields\":[{\"name\":\"z\",\"type\":\"long\"},{\"name\":\"w\",\"type\":"
     "\"long\",\"nullable\":false}]}}}]}",
     "{\"x\":[{\"z\":1,\"w\":2},{\"z\":5}]}", NULL, "field c.x.w: it is missing"},
    {"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":\"array\","
     "\"elementType\":"
     "{\"type\":\"struct\",\"fields\":[{\"name\":\"z\",\"type\":\"long\"},{\"name\":\"w\",\"type\":"
     "\"long\",\"nullable\":false}]}}}]}",
     "{\"x\":[{\"z\":1,\"w\":2},{\"w\":5},null]}", "{x:[{z:1,w:2},{z:null,w:5},null]}", NULL},
};

static dwi_schema *one_column(const char *type)
{
    dw_error err = DW_ERROR_INIT;
    dwi_schema *schema = NULL;
    dwi_buf json;

    dwi_buf_init(&json, dwi_alloc_default());
    dwi_buf_printf(&json, "{\"type\":\"struct\",\"fields\":[{\"name\":\"c\",\"type\":%s%s%s}]}",
                   type[0] == '{' ? "" : "\"", type, type[0] == '{' ? "" : "\"");
    DWT_OK(dwi_schema_parse(dwi_alloc_default(), (dwi_sv){(const char *)json.data, json.len},
                            &schema, &err),
           &err);
    dwi_buf_done(&json);
    return schema;
}

/* A copy of exactly the bytes, so that a sanitizer sees any byte read past the end. */
static dw_status decode_exact(dwi_json_decoder *decoder, const char *text, size_t len,
                              dw_error *err)
{
    char *copy = malloc(len == 0 ? 1 : len);
    dw_status status;

    assert_non_null(copy);
    memcpy(copy, text, len);
    status = dwi_json_decode(decoder, (dw_bytes){copy, len}, err);
    free(copy);
    return status;
}

static void check_case_with(const value_case *c, bool float_words)
{
    dwi_schema *schema = one_column(c->type);
    dwi_json_decoder *decoder = NULL;
    dw_error err = DW_ERROR_INIT;
    dwi_buf record;
    dwi_buf shown;
    dw_status status;
    bool fine;

    dwi_buf_init(&record, dwi_alloc_default());
    dwi_buf_init(&shown, dwi_alloc_default());
    DWT_OK(
        dwi_json_decoder_new(dwi_alloc_default(), schema->root, (dwi_new_field){0}, &decoder, &err),
        &err);
    if (float_words)
        dwi_json_decoder_take_float_words(decoder);
    dwi_buf_printf(&record, "{\"c\":%s}", c->value);
    status = decode_exact(decoder, (const char *)record.data, record.len, &err);
    if (status == DW_OK) {
        dwt_show_last(&shown, &dwi_json_decoder_rows(decoder)->children[0]);
        fine = c->want != NULL && strcmp(dwi_buf_cstr(&shown), c->want) == 0;
    } else {
        fine = c->want == NULL && strstr(err.message, c->error) != NULL &&
               dwi_json_decoder_rows(decoder)->length == 0 &&
               dwi_column_bytes(dwi_json_decoder_rows(decoder)) <= 3 * sizeof(int32_t);
    }
    if (!fine)
        fail_msg("%s column, %s: got %s %s", c->type, c->value,
                 status == DW_OK ? dwi_buf_cstr(&shown) : dw_status_name(status), err.message);
    dwi_json_decoder_free(decoder);
    dwi_schema_unref(schema);
    dwi_buf_done(&record);
    dwi_buf_done(&shown);
}

static void check_case(const value_case *c)
{
    check_case_with(c, false);
}

static void every_value_becomes_what_the_rules_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_case(&cases[i]);
}

static void escaped_nul_is_data(void **state)
{
    dwi_schema *schema = one_column("string");
    dwi_json_decoder *decoder = NULL;
    dw_error err = DW_ERROR_INIT;
    const dwi_column *c;

    (void)state;
    DWT_OK(
        dwi_json_decoder_new(dwi_alloc_default(), schema->root, (dwi_new_field){0}, &decoder, &err),
        &err);
    DWT_OK(decode_exact(decoder, "{\"c\":\"a\\u0000b\"}", 16, &err), &err);
    c = &dwi_json_decoder_rows(decoder)->children[0];
    DWT_BYTES(c->data.data, c->data.len, 'a', 0, 'b');
    dwi_json_decoder_free(decoder);
    dwi_schema_unref(schema);
}

static void epoch_units_are_per_column(void **state)
{
    static const struct {
        dwi_epoch_unit unit;
        const char *record;
        int64_t want;
    } units[] = {
        {DWI_EPOCH_S, "{\"c\":1767225600}", 1767225600000000},
        {DWI_EPOCH_S, "{\"c\":1767225600.1234567}", 1767225600123456},
        {DWI_EPOCH_US, "{\"c\":1767225600000000}", 1767225600000000},
        {DWI_EPOCH_US, "{\"c\":-1.5}", -2},
        {DWI_EPOCH_NS, "{\"c\":1767225600000000999}", 1767225600000000},
        {DWI_EPOCH_NS, "{\"c\":-1}", -1},
        {DWI_EPOCH_NS, "{\"c\":1e10}", 10000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        dwi_schema *schema = one_column("timestamp");
        dwi_json_decoder *decoder = NULL;
        dw_error err = DW_ERROR_INIT;
        int64_t got;
        DWT_OK(dwi_json_decoder_new(dwi_alloc_default(), schema->root, (dwi_new_field){0}, &decoder,
                                    &err),
               &err);
        DWT_OK(dwi_json_decoder_set_epoch(decoder, DWI_SV("C"), units[i].unit, &err), &err);
        DWT_ERR(dwi_json_decoder_set_epoch(decoder, DWI_SV("d"), units[i].unit, &err), &err,
                DW_E_NOT_FOUND, "column d");
        DWT_OK(decode_exact(decoder, units[i].record, strlen(units[i].record), &err), &err);
        memcpy(&got, dwi_json_decoder_rows(decoder)->children[0].values.data, sizeof(got));
        DWT_EQ(got, units[i].want);
        dwi_json_decoder_free(decoder);
        dwi_schema_unref(schema);
    }
}

/* The slow and the fast path give the same double, for whatever digits and exponents. */
static void doubles_are_correctly_rounded(void **state)
{
    dwi_schema *schema = one_column("double");
    dwi_json_decoder *decoder = NULL;
    dw_error err = DW_ERROR_INIT;
    dwi_column *rows;
    uint64_t seed = 1;

    (void)state;
    DWT_OK(
        dwi_json_decoder_new(dwi_alloc_default(), schema->root, (dwi_new_field){0}, &decoder, &err),
        &err);
    rows = dwi_json_decoder_rows(decoder);
    for (int i = 0; i < 20000; i++) {
        char number[64];
        char record[80];
        double want;
        double got;
        int digits;
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        digits = 1 + (int)(seed >> 60);
        (void)snprintf(number, sizeof(number), "%llu.%0*llue%d",
                       (unsigned long long)(seed >> (seed >> 59 & 31)) % 1000000, digits,
                       (unsigned long long)(seed % UINT64_C(10000000000000000)),
                       (int)(seed >> 40 & 63) - 32);
        want = strtod(number, NULL); /* the tests run in the C locale */
        (void)snprintf(record, sizeof(record), "{\"c\":%s}", number);
        DWT_OK(decode_exact(decoder, record, strlen(record), &err), &err);
        memcpy(&got, rows->children[0].values.data, sizeof(got));
        if (memcmp(&got, &want, sizeof(got)) != 0)
            fail_msg("%s: got %.17g", number, got);
        dwi_column_clear(rows);
    }
    dwi_json_decoder_free(decoder);
    dwi_schema_unref(schema);
}

static void words_are_floats_where_they_are_wanted(void **state)
{
    static const value_case words[] = {{"double", "\"NaN\"", "nan", NULL},
                                       {"float", "\"NaN\"", "nan", NULL},
                                       {"double", "\"Infinity\"", "inf", NULL},
                                       {"float", "\"-Infinity\"", "-inf", NULL},
                                       {"double", "\"1.5\"", "1.5", NULL},
                                       {"double", "\"nan\"", NULL, "is not a number"},
                                       {"double", "\"+Infinity\"", NULL, "is not a number"},
                                       {"double", "NaN", NULL, "a value was expected"},
                                       {"long", "\"NaN\"", NULL, "is not a number"}};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        check_case_with(&words[i], true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_floats_where_they_are_wanted),
        cmocka_unit_test(every_value_becomes_what_the_rules_say),
        cmocka_unit_test(escaped_nul_is_data),
        cmocka_unit_test(epoch_units_are_per_column),
        cmocka_unit_test(doubles_are_correctly_rounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
