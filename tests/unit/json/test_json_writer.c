/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "json/json_writer.h"

static void commas_and_colons_come_by_themselves(void **state)
{
    dwi_buf out;
    dwi_jw w;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_jw_init(&w, &out);
    dwi_jw_object_begin(&w);
    dwi_jw_kv_string(&w, "a", DWI_SV("x"));
    dwi_jw_kv_cstr(&w, "n", NULL);
    dwi_jw_key(&w, DWI_SV("l"));
    dwi_jw_array_begin(&w);
    dwi_jw_i64(&w, INT64_MIN);
    dwi_jw_object_begin(&w);
    dwi_jw_object_end(&w);
    dwi_jw_double(&w, 1);
    dwi_jw_float(&w, 0.1f);
    dwi_jw_null(&w);
    dwi_jw_array_end(&w);
    dwi_jw_kv_i64(&w, "i", 7);
    dwi_jw_kv_bool(&w, "b", true);
    dwi_jw_key(&w, DWI_SV("r"));
    dwi_jw_raw(&w, DWI_SV("{\"k\": 1}"));
    dwi_jw_object_end(&w);
    DWT_STR(dwi_buf_cstr(&out),
            "{\"a\":\"x\",\"n\":null,\"l\":[-9223372036854775808,{},1.0,0.1,null],\"i\":7,"
            "\"b\":true,\"r\":{\"k\": 1}}");
    dwi_buf_done(&out);
}

static void strings_are_escaped_as_short_as_possible(void **state)
{
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_json_append_string(&out, (dwi_sv){"\"\\/\b\f\n\r\t\x01\x1f\0\x7f\xc3\xa9", 14});
    DWT_STR(dwi_buf_cstr(&out), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000\x7f\xc3\xa9\"");
    dwi_buf_done(&out);
}

static void doubles_print_as_the_shortest_text(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-2.5, "-2.5"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e+16"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {1e300, "1e+300"},
        {0.0001, "0.0001"},
        {0.00012345, "0.00012345"},
        {1e-5, "1e-05"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {4.9406564584124654e-324, "5e-324"},
        {1e23, "1e+23"},
        {9007199254740993.0, "9007199254740992.0"},
    };
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_buf_clear(&out);
        dwi_append_double(&out, cases[i].value);
        DWT_STR(dwi_buf_cstr(&out), cases[i].text);
    }
    dwi_buf_clear(&out);
    dwi_append_float(&out, 3.4028235e38f);
    dwi_buf_append_byte(&out, ' ');
    dwi_append_float(&out, 1e-45f);
    dwi_buf_append_byte(&out, ' ');
    dwi_append_float(&out, 16777216.0f);
    DWT_STR(dwi_buf_cstr(&out), "3.4028235e+38 1e-45 16777216.0");
    dwi_buf_done(&out);
}

static void java_text_is_what_its_to_string_gives(void **state)
{
    static const struct {
        double value;
        const char *as_double;
        const char *as_float; /* NULL: not asked */
    } cases[] = {
        {0.0, "0.0", "0.0"},
        {-0.0, "-0.0", "-0.0"},
        {1, "1.0", "1.0"},
        {-1.5, "-1.5", "-1.5"},
        {100, "100.0", "100.0"},
        {0.001, "0.001", "0.001"},
        {0.00099, "9.9E-4", "9.9E-4"},
        {9999999, "9999999.0", "9999999.0"},
        {10000000, "1.0E7", "1.0E7"},
        {1e10, "1.0E10", "1.0E10"},
        {123456789.125, "1.23456789125E8", "1.2345679E8"},
        {0.1, "0.1", "0.1"},
        {1.0 / 3, "0.3333333333333333", "0.33333334"},
        {1e23, "1.0E23", "1.0E23"},
        {DBL_MAX, "1.7976931348623157E308", NULL},
        {DBL_MIN, "2.2250738585072014E-308", NULL},
        {4.9406564584124654e-324, "4.9E-324", NULL},
        {9.8813129168249309e-324, "9.9E-324", NULL},
        {1.9762625833649862e-323, "2.0E-323", NULL},
        {(double)FLT_MAX, "3.4028234663852886E38", "3.4028235E38"},
        {1.401298464324817e-45, "1.401298464324817E-45", "1.4E-45"},
        {(double)NAN, "NaN", "NaN"},
        {-(double)NAN, "NaN", "NaN"},
        {(double)INFINITY, "Infinity", "Infinity"},
        {-(double)INFINITY, "-Infinity", "-Infinity"},
    };
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_buf_clear(&out);
        dwi_append_java_double(&out, cases[i].value);
        DWT_STR(dwi_buf_cstr(&out), cases[i].as_double);
        dwi_buf_clear(&out);
        dwi_append_java_float(&out, (float)cases[i].value);
        if (cases[i].as_float != NULL)
            DWT_STR(dwi_buf_cstr(&out), cases[i].as_float);
    }
    dwi_buf_done(&out);
}

static void every_double_reads_back_the_same(void **state)
{
    uint64_t seed = 7;
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    for (int i = 0; i < 20000; i++) {
        double value;
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&value, &seed, sizeof(value));
        if (!isfinite(value))
            continue;
        dwi_buf_clear(&out);
        dwi_append_double(&out, value);
        if (strtod(dwi_buf_cstr(&out), NULL) != value)
            fail_msg("%.17g gave %s", value, dwi_buf_cstr(&out));
    }
    dwi_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_colons_come_by_themselves),
        cmocka_unit_test(strings_are_escaped_as_short_as_possible),
        cmocka_unit_test(doubles_print_as_the_shortest_text),
        cmocka_unit_test(java_text_is_what_its_to_string_gives),
        cmocka_unit_test(every_double_reads_back_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
