/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded simulations of concurrent writers: random schedules of appends (with new columns, steps of
 * application ids, transactions joined; half of the tables are partitioned), rewrites, deletes,
 * overwrites, partitions dropped, operations that depend on all they read, changes of a property,
 * checkpoints and log cleanup, in the world of sim_world.h. Afterwards the log is compared with the
 * serial model of sim_model.h.
 *
 * DELTAWRITE_SIM_SEEDS: how many seeds (300), DELTAWRITE_SIM_FIRST: the first one (1). */
#include "sim_actor.h"

#include <stdio.h>
#include <stdlib.h>

enum { TURNS = 2000 };

static void simulate(uint64_t seed, sim_sums *sums)
{
    sim *s = calloc(1, sizeof(*s));
    sim_play *play = calloc(1, sizeof(*play));

    assert_non_null(s);
    assert_non_null(play);
    sim_init(s, seed);
    sim_play_begin(play, s);
    sim_run(s, TURNS, sim_act);
    sim_play_end(play);
    sim_check(s, play->ops, play->n_ops, play->serializable, sums);
    sim_done(s);
    free(play);
    free(s);
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void every_schedule_ends_as_some_serial_execution_of_what_was_told(void **state)
{
    uint64_t first = number_of("DELTAWRITE_SIM_FIRST", 1);
    uint64_t seeds = number_of("DELTAWRITE_SIM_SEEDS", 300);
    sim_sums sums = {0};

    (void)state;
    for (uint64_t i = 0; i < seeds; i++)
        simulate(first + i, &sums);
    print_message("# %lld requests, %lld crashes, %lld commits cleaned up, %lld written behind "
                  "that, %lld checksum files; "
                  "%lld commits (%lld "
                  "rebased): %lld appends, %lld optimize, %lld "
                  "delete, %lld overwrite, %lld count, %lld drop, %lld property; told %lld yes, "
                  "%lld no, %lld "
                  "unknown\n",
                  (long long)sums.requests, (long long)sums.crashes, (long long)sums.cleaned,
                  (long long)sums.dead, (long long)sums.checksums, (long long)sums.commits,
                  (long long)sums.rebased, (long long)sums.kinds[SIM_APPEND],
                  (long long)sums.kinds[SIM_OPTIMIZE], (long long)sums.kinds[SIM_DELETE],
                  (long long)sums.kinds[SIM_OVERWRITE], (long long)sums.kinds[SIM_COUNT],
                  (long long)sums.kinds[SIM_DROP], (long long)sums.kinds[SIM_PROPERTY],
                  (long long)sums.told[SIM_YES], (long long)sums.told[SIM_NO],
                  (long long)sums.told[SIM_MAYBE]);
    assert_true(seeds < 50 || (sums.crashes > 50 && sums.cleaned > 50 && sums.checksums > 50));
    for (int kind = 0; seeds >= 50 && kind < SIM_N_KINDS; kind++)
        assert_true(sums.kinds[kind] > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_schedule_ends_as_some_serial_execution_of_what_was_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
