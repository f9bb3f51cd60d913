/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/bounds.h"

#include <math.h>

#include "base/alloc.h"
#include "base/half.h"
#include "base/utf8.h"
#include "harness.h"

static const dwi_type string_type = {.kind = DWI_STRING};
static const dwi_type binary_type = {.kind = DWI_BINARY};

/* Add, and give both bounds cut to `limit`. */
static void bounds_of(const dwi_type *type, const char *const *values, size_t n, size_t limit,
                      dwi_buf *min, dwi_buf *max, bool *has_max, bool *exact)
{
    dwi_bounds b;

    dwi_bounds_init(&b, type, dwi_alloc_default());
    for (size_t i = 0; i < n; i++)
        dwi_bounds_add_bytes(&b, (const uint8_t *)values[i], strlen(values[i]));
    assert_true(dwi_bounds_put_min(&b, limit, min, &exact[0]));
    *has_max = dwi_bounds_put_max(&b, limit, max, &exact[1]);
    dwi_bounds_done(&b);
}

static void strings_order_by_unsigned_bytes_at_every_length(void **state)
{
    const char *const values[] = {"b",        "ab",        "abcdefgh", "abcdefg", "abcdefghi",
                                  "\xC3\xBF", "abcdefghh", "aa",       "z",       "aaaaaaaaaa"};
    dwi_buf min, max;
    bool has_max, exact[2];

    (void)state;
    dwi_buf_init(&min, dwi_alloc_default());
    dwi_buf_init(&max, dwi_alloc_default());
    bounds_of(&string_type, values, 10, 64, &min, &max, &has_max, exact);
    DWT_BYTES(min.data, min.len, 'a', 'a');
    DWT_BYTES(max.data, max.len, 0xC3, 0xBF);
    assert_true(has_max && exact[0] && exact[1]);
    dwi_buf_done(&min);
    dwi_buf_done(&max);
}

static void the_empty_string_is_a_minimum(void **state)
{
    const char *const values[] = {"", "a"};
    dwi_buf min, max;
    bool has_max, exact[2];

    (void)state;
    dwi_buf_init(&min, dwi_alloc_default());
    dwi_buf_init(&max, dwi_alloc_default());
    bounds_of(&string_type, values, 2, 64, &min, &max, &has_max, exact);
    DWT_EQ(min.len, 0);
    DWT_BYTES(max.data, max.len, 'a');
    dwi_buf_done(&min);
    dwi_buf_done(&max);
}

static void cut_bounds_stay_text_and_true(void **state)
{
    /* 4 characters of 3, 2, 1 and 4 bytes; the limit of 5 falls into each once. */
    const char *const low[] = {"\xE6\x9D\xB1\xC3\xA9z\xF0\x9F\x99\x82"};
    dwi_buf min, max;
    bool has_max, exact[2];

    (void)state;
    for (size_t limit = 3; limit < 10; limit++) {
        dwi_buf_init(&min, dwi_alloc_default());
        dwi_buf_init(&max, dwi_alloc_default());
        bounds_of(&string_type, low, 1, limit, &min, &max, &has_max, exact);
        assert_true(has_max && !exact[0] && !exact[1]);
        assert_true(dwi_utf8_valid(min.data, min.len) && dwi_utf8_valid(max.data, max.len));
        assert_true(min.len <= limit && max.len <= limit);
        assert_memory_equal(min.data, low[0], min.len);
        assert_true(memcmp(max.data, low[0], max.len) > 0);
        dwi_buf_done(&min);
        dwi_buf_done(&max);
    }
}

static size_t up(const char *text, bool is_text, uint8_t *out)
{
    memcpy(out, text, strlen(text));
    return dwi_bounds_round_up(out, strlen(text), is_text);
}

static void the_last_character_that_can_grow_does(void **state)
{
    uint8_t out[16];

    (void)state;
    DWT_BYTES(out, up("ab", true, out), 'a', 'c');
    DWT_BYTES(out, up("a\x7F", true, out), 'b'); /* U+0080 takes a byte more */
    DWT_BYTES(out, up("a\xDF\xBF", true, out), 'b');
    DWT_BYTES(out, up("a\xED\x9F\xBF", true, out), 'a', 0xEE, 0x80, 0x80); /* over surrogates */
    DWT_BYTES(out, up("a\xEF\xBF\xBF", true, out), 'b');
    DWT_BYTES(out, up("a\xF4\x8F\xBF\xBF", true, out), 'b'); /* the last one there is */
    DWT_EQ(up("\x7F\xF4\x8F\xBF\xBF", true, out), 0);
    DWT_EQ(up("\xF4\x8F\xBF\xBF", true, out), 0);
    DWT_BYTES(out, up("a\xFF\xFF", false, out), 'b');
    DWT_BYTES(out, up("a\x7F", false, out), 'a', 0x80);
    DWT_EQ(up("\xFF\xFF", false, out), 0);
}

static void a_maximum_that_cannot_be_rounded_up_is_left_out(void **state)
{
    const char *const values[] = {"\xFF\xFF\xFF\xFF"};
    dwi_buf min, max;
    bool has_max, exact[2];

    (void)state;
    dwi_buf_init(&min, dwi_alloc_default());
    dwi_buf_init(&max, dwi_alloc_default());
    bounds_of(&binary_type, values, 1, 3, &min, &max, &has_max, exact);
    DWT_BYTES(min.data, min.len, 0xFF, 0xFF, 0xFF);
    assert_false(has_max);
    DWT_EQ(max.len, 0);
    dwi_buf_done(&min);
    dwi_buf_done(&max);
}

static void values_longer_than_what_is_kept_still_bound(void **state)
{
    static uint8_t a[2000];
    static uint8_t b[2000];
    uint8_t fixed[DWI_BOUNDS_FIXED];
    dwi_bounds bounds;
    dw_bytes value;
    bool was_cut;

    (void)state;
    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));
    memcpy(b + 510, "\xE6\x9D\xB1", 3); /* a character over the limit of 512 */
    dwi_bounds_init(&bounds, &string_type, dwi_alloc_default());
    dwi_bounds_add_bytes(&bounds, a, sizeof(a));
    dwi_bounds_add_bytes(&bounds, b, sizeof(b));
    value = dwi_bounds_value(&bounds, false, 512, fixed, &was_cut);
    assert_true(was_cut);
    DWT_EQ(value.len, 512);
    value = dwi_bounds_value(&bounds, true, 512, fixed, &was_cut);
    assert_true(was_cut);
    DWT_EQ(value.len, 510);
    dwi_bounds_done(&bounds);
}

static void put_both(const dwi_bounds *b, dwi_buf *out)
{
    bool exact;

    dwi_buf_clear(out);
    assert_true(dwi_bounds_put_min(b, 64, out, &exact));
    assert_true(exact);
    assert_true(dwi_bounds_put_max(b, 64, out, &exact));
    assert_true(exact);
}

static void floats_leave_out_nan_and_sign_their_zeros(void **state)
{
    const float values[] = {NAN, 0.0f, NAN};
    const float negative_zero[] = {-0.0f};
    const dwi_type type = {.kind = DWI_FLOAT};
    dwi_bounds b;
    dwi_buf out;
    bool exact;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_bounds_init(&b, &type, dwi_alloc_default());
    dwi_bounds_add_float(&b, values, 1);
    assert_false(b.has);
    assert_false(dwi_bounds_put_min(&b, 64, &out, &exact));
    dwi_bounds_add_float(&b, values, 3);
    DWT_EQ(b.nan_count, 3);
    put_both(&b, &out);
    DWT_BYTES(out.data, out.len, 0, 0, 0, 0x80, 0, 0, 0, 0);
    dwi_bounds_clear(&b);
    dwi_bounds_add_float(&b, negative_zero, 1);
    put_both(&b, &out);
    DWT_BYTES(out.data, out.len, 0, 0, 0, 0x80, 0, 0, 0, 0);
    dwi_bounds_done(&b);
    dwi_buf_done(&out);
}

static void doubles_bound_by_infinity_when_it_is_there(void **state)
{
    const double values[] = {1.5, (double)INFINITY, -(double)INFINITY, (double)NAN};
    const dwi_type type = {.kind = DWI_DOUBLE};
    dwi_bounds b;
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_bounds_init(&b, &type, dwi_alloc_default());
    dwi_bounds_add_double(&b, values, 4);
    put_both(&b, &out);
    DWT_BYTES(out.data, out.len, 0, 0, 0, 0, 0, 0, 0xF0, 0xFF, 0, 0, 0, 0, 0, 0, 0xF0, 0x7F);
    dwi_bounds_done(&b);
    dwi_buf_done(&out);
}

static void decimals_are_written_in_their_physical_form(void **state)
{
    const dwi_i128 values[] = {{-1, UINT64_C(0xFFFFFFFFFFFFFFFE)}, {0, 258}, {-1, UINT64_MAX}};
    const struct {
        dwi_type type;
        size_t len;
        uint8_t bytes[32];
    } forms[] = {
        {{.kind = DWI_DECIMAL, .precision = 9}, 8, {0xFE, 0xFF, 0xFF, 0xFF, 2, 1, 0, 0}},
        {{.kind = DWI_DECIMAL, .precision = 18},
         16,
         {0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 1, 0, 0, 0, 0, 0, 0}},
        {{.kind = DWI_DECIMAL, .precision = 19},
         18,
         {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0, 0, 0, 0, 0, 0, 0, 1, 2}},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        dwi_bounds b;
        dwi_buf out;
        dwi_sv min, max;
        dwi_buf_init(&out, dwi_alloc_default());
        dwi_bounds_init(&b, &forms[i].type, dwi_alloc_default());
        dwi_bounds_add_decimal(&b, values, 3);
        put_both(&b, &out);
        dwt_bytes(out.data, out.len, forms[i].bytes, forms[i].len, __FILE__, __LINE__);
        min = (dwi_sv){(const char *)out.data, out.len / 2};
        max = (dwi_sv){(const char *)out.data + out.len / 2, out.len / 2};
        assert_true(dwi_bounds_compare(&forms[i].type, min, max) < 0);
        assert_true(dwi_bounds_compare(&forms[i].type, max, min) > 0);
        DWT_EQ(dwi_bounds_compare(&forms[i].type, max, max), 0);
        dwi_bounds_done(&b);
        dwi_buf_done(&out);
    }
}

static void small_integers_are_four_bytes_in_files_and_their_own_width_in_memory(void **state)
{
    const int32_t values[] = {-3, 7};
    const dwi_type type = {.kind = DWI_SHORT};
    uint8_t fixed[DWI_BOUNDS_FIXED];
    dwi_bounds b;
    dwi_buf out;
    dw_bytes value;
    bool was_cut;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_bounds_init(&b, &type, dwi_alloc_default());
    dwi_bounds_add_i32(&b, values, 2);
    put_both(&b, &out);
    DWT_BYTES(out.data, out.len, 0xFD, 0xFF, 0xFF, 0xFF, 7, 0, 0, 0);
    value = dwi_bounds_value(&b, false, 512, fixed, &was_cut);
    DWT_BYTES(value.data, value.len, 0xFD, 0xFF);
    dwi_bounds_done(&b);
    dwi_buf_done(&out);
}

static void merging_widens(void **state)
{
    dwi_bounds a, b;
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_bounds_init(&a, &string_type, dwi_alloc_default());
    dwi_bounds_init(&b, &string_type, dwi_alloc_default());
    dwi_bounds_merge(&a, &b);
    assert_false(a.has);
    dwi_bounds_add_bytes(&b, (const uint8_t *)"prefix-5", 8);
    dwi_bounds_merge(&a, &b);
    dwi_bounds_clear(&b);
    dwi_bounds_add_bytes(&b, (const uint8_t *)"prefix-50", 9);
    dwi_bounds_merge(&a, &b);
    dwi_bounds_clear(&b);
    dwi_bounds_add_bytes(&b, (const uint8_t *)"prefix", 6);
    dwi_bounds_merge(&a, &b);
    put_both(&a, &out);
    DWT_BYTES(out.data, out.len, 'p', 'r', 'e', 'f', 'i', 'x', 'p', 'r', 'e', 'f', 'i', 'x', '-',
              '5', '0');
    dwi_bounds_done(&a);
    dwi_bounds_done(&b);
    dwi_buf_done(&out);
}

/* ---- types that only Parquet has ---- */

static void check_bounds(const dwi_bounds *b, const void *min, const void *max, size_t len)
{
    dwi_buf out;
    bool exact;

    dwi_buf_init(&out, dwi_alloc_default());
    assert_true(dwi_bounds_put_min(b, 4, &out, &exact) && exact);
    DWT_EQ(out.len, len);
    assert_memory_equal(out.data, min, len);
    dwi_buf_clear(&out);
    assert_true(dwi_bounds_put_max(b, 4, &out, &exact) && exact);
    DWT_EQ(out.len, len);
    assert_memory_equal(out.data, max, len);
    dwi_buf_done(&out);
}

static int order(const dwi_type *type, const void *a, const void *b, size_t len)
{
    return dwi_bounds_compare(type, (dwi_sv){a, len}, (dwi_sv){b, len});
}

static void unsigned_numbers_order_without_sign(void **state)
{
    static const dwi_type u32 = {.kind = DWI_UINTEGER};
    static const dwi_type u64 = {.kind = DWI_ULONG};
    const uint32_t small[] = {7, UINT32_MAX, 1u << 31, 3};
    const uint64_t large[] = {UINT64_C(1) << 63, 5, UINT64_MAX};
    const uint64_t more[] = {2};
    dwi_bounds b, other;

    (void)state;
    dwi_bounds_init(&b, &u32, dwi_alloc_default());
    dwi_bounds_add_u32(&b, small, 4);
    check_bounds(&b, "\x03\0\0\0", "\xFF\xFF\xFF\xFF", 4);
    dwi_bounds_done(&b);
    dwi_bounds_init(&b, &u64, dwi_alloc_default());
    dwi_bounds_init(&other, &u64, dwi_alloc_default());
    dwi_bounds_add_u64(&b, large, 3);
    check_bounds(&b, "\x05\0\0\0\0\0\0\0", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
    dwi_bounds_add_u64(&other, more, 1);
    dwi_bounds_merge(&b, &other);
    check_bounds(&b, "\x02\0\0\0\0\0\0\0", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
    dwi_bounds_done(&b);
    dwi_bounds_done(&other);
    assert_true(order(&u32, "\x01\0\0\0", "\0\0\0\x80", 4) < 0);
    assert_true(order(&u64, "\x01\0\0\0\0\0\0\0", "\0\0\0\0\0\0\0\x80", 8) < 0);
}

static void halves_order_as_numbers_without_nan(void **state)
{
    static const dwi_type half = {.kind = DWI_FLOAT16};
    const uint16_t values[] = {0x7E00, 0x3C00, 0xC000, 0xFC01}; /* NaN, 1, -2, NaN */
    const uint16_t zeros[] = {0x0000};
    const uint16_t ends[] = {0x7C00, 0xFC00, 0x0001, 0x83FF, 0x7BFF}; /* infinities, subnormal */
    dwi_bounds b;

    (void)state;
    dwi_bounds_init(&b, &half, dwi_alloc_default());
    dwi_bounds_add_half(&b, values, 4);
    DWT_EQ(b.nan_count, 2);
    check_bounds(&b, "\x00\xC0", "\x00\x3C", 2);
    dwi_bounds_clear(&b);
    dwi_bounds_add_half(&b, zeros, 1);
    check_bounds(&b, "\x00\x80", "\x00\x00", 2);
    dwi_bounds_clear(&b);
    dwi_bounds_add_half(&b, ends, 5);
    check_bounds(&b, "\x00\xFC", "\x00\x7C", 2);
    for (uint32_t i = 2; i < 5; i++) { /* each comes back as it was */
        uint8_t bytes[2] = {(uint8_t)ends[i], (uint8_t)(ends[i] >> 8)};
        dwi_bounds_clear(&b);
        dwi_bounds_add_half(&b, &ends[i], 1);
        check_bounds(&b, bytes, bytes, 2);
    }
    dwi_bounds_clear(&b);
    dwi_bounds_add_half(&b, values, 1);
    assert_false(b.has);
    dwi_bounds_done(&b);
    assert_true(order(&half, "\x00\xC0", "\x00\x3C", 2) < 0);
    assert_true(order(&half, "\x00\x80", "\x00\x00", 2) == 0);
}

static void every_half_survives_the_way_to_double_and_back(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        double value = dwi_half_to_double((uint16_t)h);
        assert_true(isnan(value) == dwi_half_is_nan((uint16_t)h));
        if (!isnan(value))
            DWT_EQ(dwi_half_from_double(value), h);
    }
    assert_true(dwi_half_to_double(0x3555) == 0.333251953125);
    assert_true(dwi_half_to_double(0x0001) == 0x1p-24);
}

static void bytes_of_one_length_are_written_whole_or_not_at_all(void **state)
{
    static const dwi_type uuid = {.kind = DWI_UUID};
    static const dwi_type large = {.kind = DWI_FIXED, .fixed_bytes = 600};
    static uint8_t value[600] = {1};
    const char *low = "\x7F"
                      "123456789012345";
    const char *high = "\x80"
                       "000000000000000";
    dwi_bounds b;
    dwi_buf out;
    bool exact;

    (void)state;
    dwi_bounds_init(&b, &uuid, dwi_alloc_default());
    dwi_bounds_add_bytes(&b, (const uint8_t *)high, 16);
    dwi_bounds_add_bytes(&b, (const uint8_t *)low, 16);
    check_bounds(&b, low, high, 16);
    dwi_bounds_done(&b);
    assert_true(order(&uuid, low, high, 16) < 0);
    dwi_bounds_init(&b, &large, dwi_alloc_default());
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_bounds_add_bytes(&b, value, sizeof(value));
    assert_false(dwi_bounds_put_min(&b, 64, &out, &exact));
    assert_false(dwi_bounds_put_max(&b, 64, &out, &exact));
    DWT_EQ(out.len, 0);
    dwi_buf_done(&out);
    dwi_bounds_done(&b);
}

enum { MOST_TEXT = 80 };

static int plain_order(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Texts that begin alike, end anywhere and differ in few bytes, zeros among them. */
static size_t make_text(uint32_t *random, uint8_t *out)
{
    size_t len;

    *random = *random * 1664525 + 1013904223;
    len = (*random >> 8) % MOST_TEXT;
    memset(out, 'p', MOST_TEXT + DWI_BOUNDS_READABLE);
    for (int i = 0; i < 3; i++) {
        *random = *random * 1664525 + 1013904223;
        out[(*random >> 8) % MOST_TEXT] = (uint8_t)((*random >> 20) % 4 * 0x55);
    }
    return len;
}

static void values_that_begin_alike_bound_as_a_plain_comparison_says(void **state)
{
    uint8_t min[MOST_TEXT + DWI_BOUNDS_READABLE], max[sizeof(min)], value[sizeof(min)];
    uint32_t random = 7;
    dwi_bounds b;

    (void)state;
    dwi_bounds_init(&b, &binary_type, dwi_alloc_default());
    for (int round = 0; round < 300; round++) {
        size_t min_len = 0, max_len = 0;
        dwi_bounds_clear(&b);
        for (int i = 0; i < 40; i++) {
            size_t len = make_text(&random, value);
            if (round % 2 == 0 && len < 60) /* with a long common beginning */
                memset(value, 'p', 40), len += 40;
            len = len < MOST_TEXT ? len : MOST_TEXT;
            if (i == 0 || plain_order(value, len, min, min_len) < 0)
                memcpy(min, value, len), min_len = len;
            if (i == 0 || plain_order(value, len, max, max_len) > 0)
                memcpy(max, value, len), max_len = len;
            dwi_bounds_add_readable(&b, value, len);
            DWT_EQ(b.min_bytes.len, min_len);
            DWT_EQ(b.max_bytes.len, max_len);
            assert_memory_equal(b.min_bytes.data, min, min_len);
            assert_memory_equal(b.max_bytes.data, max, max_len);
        }
    }
    dwi_bounds_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_order_by_unsigned_bytes_at_every_length),
        cmocka_unit_test(the_empty_string_is_a_minimum),
        cmocka_unit_test(cut_bounds_stay_text_and_true),
        cmocka_unit_test(the_last_character_that_can_grow_does),
        cmocka_unit_test(a_maximum_that_cannot_be_rounded_up_is_left_out),
        cmocka_unit_test(values_longer_than_what_is_kept_still_bound),
        cmocka_unit_test(floats_leave_out_nan_and_sign_their_zeros),
        cmocka_unit_test(doubles_bound_by_infinity_when_it_is_there),
        cmocka_unit_test(decimals_are_written_in_their_physical_form),
        cmocka_unit_test(small_integers_are_four_bytes_in_files_and_their_own_width_in_memory),
        cmocka_unit_test(merging_widens),
        cmocka_unit_test(unsigned_numbers_order_without_sign),
        cmocka_unit_test(halves_order_as_numbers_without_nan),
        cmocka_unit_test(every_half_survives_the_way_to_double_and_back),
        cmocka_unit_test(bytes_of_one_length_are_written_whole_or_not_at_all),
        cmocka_unit_test(values_that_begin_alike_bound_as_a_plain_comparison_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
