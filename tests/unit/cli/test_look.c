/* SPDX-License-Identifier: Apache-2.0 */
/* Names that were nearly right, and progress lines. */
#include "common/nearest.h"

#include <string.h>

#include "cmocka_all.h"
#include "common/progress.h"
#include "common/textbuf.h"

static const char *nearest_of(const char *wanted)
{
    static const char *const names[] = {"partition_by", "cluster_by", "properties", "uri"};
    struct nearest n;

    nearest_begin(&n, wanted, strlen(wanted));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        nearest_offer(&n, names[i]);
    return nearest_found(&n);
}

static void the_nearest_name_is_found_through_small_mistakes(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("partiton_by"), "partition_by");
    assert_string_equal(nearest_of("partition-by"), "partition_by");
    assert_string_equal(nearest_of("CLUSTER_BY"), "cluster_by");
    assert_string_equal(nearest_of("propreties"), "properties");
    assert_string_equal(nearest_of("url"), "uri");
}

static void what_is_far_from_all_names_has_no_nearest(void **state)
{
    (void)state;
    assert_null(nearest_of("memory_limit"));
    assert_null(nearest_of("x"));
    assert_null(nearest_of(""));
}

static void swapped_letters_are_one_change(void **state)
{
    (void)state;
    assert_int_equal(edit_distance("uri", 3, "rui", 3), 1);
    assert_int_equal(edit_distance("", 0, "abc", 3), 3);
    assert_int_equal(edit_distance("kitten", 6, "sitting", 7), 3);
}

static void a_progress_line_has_bar_amounts_rate_and_time_left(void **state)
{
    struct progress p = {.what = "optimize", .unit = PROGRESS_BYTES};
    struct textbuf line = {0};

    (void)state;
    progress_line(&line, &p, 500000000, 2000000000, 5000, NULL);
    assert_string_equal(line.text,
                        "optimize  [=======>                      ]  25 %  500 MB of 2.0 GB  "
                        "100 MB/s  0:15 left");
    textbuf_done(&line);
}

static void without_a_total_there_is_no_bar_and_no_time_left(void **state)
{
    struct progress p = {.what = "import", .unit = PROGRESS_ROWS};
    struct textbuf line = {0};

    (void)state;
    progress_line(&line, &p, 1234567, -1, 2000, "events.json");
    assert_string_equal(line.text, "import  1,234,567 rows  617,283 rows/s  events.json");
    textbuf_done(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_found_through_small_mistakes),
        cmocka_unit_test(what_is_far_from_all_names_has_no_nearest),
        cmocka_unit_test(swapped_letters_are_one_change),
        cmocka_unit_test(a_progress_line_has_bar_amounts_rate_and_time_left),
        cmocka_unit_test(without_a_total_there_is_no_bar_and_no_time_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
