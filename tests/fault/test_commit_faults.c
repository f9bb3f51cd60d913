/* SPDX-License-Identifier: Apache-2.0 */
/* Whole commits over a store that fails at every operation in turn, before and after taking effect:
 * whatever the caller is told, the table is whole, and what was published was published once. */
#include "harness.h"
#include "table_audit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/table_impl.h"
#include "base/alloc.h"
#include "delta/commit.h"
#include "store/fault_store.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"

enum { ROWS = 3 };

typedef struct world {
    dwt_env env;
    dw_store *inner;
    dw_store *faulty;
    dw_error err;
    const char *records; /* ROWS lines, one of them with a new field */
} world;

static const char small_records[] = "{\"id\":1}\n{\"id\":2}\n{\"id\":3,\"fresh\":1}\n";

static void world_begin(world *w)
{
    dw_store_options options = DW_STORE_OPTIONS_INIT;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table *table = NULL;

    memset(w, 0, sizeof(*w));
    w->records = small_records;
    dwt_env_init(&w->env);
    options.retry_timeout_ms = -1;
    DWT_OK(dw_store_open_memory(&options, &w->inner, &w->err), &w->err);
    dwi_store_set_env(w->inner, &w->env.base);
    create.schema_json = SCHEMA;
    DWT_OK(dw_table_create(w->inner, "t", &create, NULL, &table, &w->err), &w->err);
    dw_table_close(table);
    DWT_OK(dwi_fault_store_new(w->inner, &options, &w->faulty, &w->err), &w->err);
    dwi_store_set_env(w->faulty, &w->env.base);
}

static void world_end(world *w)
{
    dw_store_unref(w->faulty);
    dw_store_unref(w->inner);
}

static void heal(world *w)
{
    DWT_OK(dwi_fault_plan(w->faulty, NULL, 0, &w->err), &w->err);
}

/* One batch that moves the loader from `expected` to `next`, as a service would write it: an
 * unknown commit is asked about again once the store works. */
static dw_status write_batch(world *w, dw_store *store, int64_t expected, int64_t next,
                             bool heal_on_unknown)
{
    dw_bytes records = {w->records, strlen(w->records)};
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_table_options table_options = DW_TABLE_OPTIONS_INIT;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_status status;

    options.flags = DW_TXN_ADD_COLUMNS;
    table_options.commit_timeout_ms = 2000;
    table_options.compression = DW_COMPRESSION_NONE;
    status = dw_table_open(store, "t", &table_options, &table, &w->err);
    if (status == DW_OK)
        status = dw_begin(table, &options, &txn, &w->err);
    if (status == DW_OK)
        status = dw_txn_set_app_version(txn, "loader", expected, next, &w->err);
    if (status == DW_OK)
        status = dw_append_ndjson(txn, records, NULL, NULL, &w->err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, &w->err);
    if (status == DW_E_UNKNOWN && heal_on_unknown) {
        heal(w);
        status = dw_commit(txn, NULL, &w->err);
        DWT_OK(status, &w->err);
    }
    dw_txn_close(txn);
    dw_table_close(table);
    return status;
}

static bool is_crash(int kind)
{
    return kind == DWI_FAULT_CRASH || kind == DWI_FAULT_CRASH_AFTER;
}

/* Operation number `n` fails as `kind` says. False when the commit has fewer operations. */
static bool commit_with_fault(const char *records, uint32_t on, int kind, int64_t n, int64_t count)
{
    dwi_fault fault = {.on = on, .kind = kind, .nth = n, .count = count};
    dwt_audit found;
    dw_status status;
    bool hit;
    world w;

    world_begin(&w);
    w.records = records;
    DWT_OK(dwi_fault_plan(w.faulty, &fault, 1, &w.err), &w.err);
    status = write_batch(&w, w.faulty, -1, 1, true);
    hit = dwi_fault_hits(w.faulty) > 0;
    if (status == DW_E_UNKNOWN)
        hit = true;
    found = dwt_table_audit(w.inner, "t", "loader");
    if (!is_crash(kind) && found.rows != (status == DW_OK ? ROWS : 0))
        fail_msg("fault %d at %lld: told %s, there are %lld rows", kind, (long long)n,
                 dw_status_name(status), (long long)found.rows);
    if (is_crash(kind) && status == DW_OK)
        DWT_EQ(found.rows, ROWS);
    /* whatever happened, a new process finds out and completes it once */
    heal(&w);
    if (found.app < 0)
        DWT_OK(write_batch(&w, w.faulty, -1, 1, false), &w.err);
    else
        DWT_ERR(write_batch(&w, w.faulty, -1, 1, false), &w.err, DW_E_FENCED, "loader");
    found = dwt_table_audit(w.inner, "t", "loader");
    DWT_EQ(found.rows, ROWS);
    DWT_EQ(found.app_changes, 1);
    DWT_EQ(found.metadata, 2);
    world_end(&w);
    return hit;
}

static void one_failing_operation_never_loses_doubles_or_tears_a_commit(void **state)
{
    (void)state;
    for (int kind = DWI_FAULT_REFUSE; kind < DWI_FAULT_KINDS; kind++) {
        int64_t n = 0;
        if (kind == DWI_FAULT_DELAY)
            continue;
        while (commit_with_fault(small_records, DWI_ON_ALL, kind, n, 1))
            n++;
        if (n < 4)
            fail_msg("fault %d: a commit of only %lld operations", kind, (long long)n);
    }
}

static void a_store_that_stays_broken_never_loses_doubles_or_tears_a_commit(void **state)
{
    (void)state;
    for (int kind = DWI_FAULT_REFUSE; kind < DWI_FAULT_KINDS; kind++) {
        int64_t n = 0;
        if (kind == DWI_FAULT_DELAY)
            continue;
        while (commit_with_fault(small_records, DWI_ON_ALL, kind, n, -1))
            n++;
    }
}

/* ---- the other forms of what is staged ---- */

typedef enum staged_form {
    REWRITE,
    METADATA_CHANGE,
    PROTOCOL_RAISE,
    DOMAIN_CHANGE,
    N_FORMS
} staged_form;

/* What each form leaves in its commit. */
static const char *const form_marks[] = {"\"path\":\"rewritten\"", "\"swept\":\"1\"",
                                         "\"minWriterVersion\":7", "\"domain\":\"swept\""};

typedef struct staging {
    dwi_staged staged;
    dwi_add gone;
    dwi_add add;
    dwi_remove remove;
    dwi_metadata metadata;
    dwi_kv property;
    dwi_protocol protocol;
    dwi_sv features[3];
    dwi_domain_metadata domain;
} staging;

static void stage_form(staging *s, const dwi_state *base, staged_form form)
{
    memset(s, 0, sizeof(*s));
    s->staged.engine_info = "sweep";
    s->staged.read_version = base->version;
    if (form == REWRITE) {
        s->gone = (dwi_add){
            .path = DWI_SV("old"), .size = 1, .base_row_id = -1, .default_row_commit_version = -1};
        s->add = s->gone;
        s->add.path = DWI_SV("rewritten");
        dwi_remove_of(&s->gone, &s->remove);
        s->staged.adds = &s->add;
        s->staged.n_adds = 1;
        s->staged.removes = &s->remove;
        s->staged.n_removes = 1;
        s->staged.rearranges = true;
    } else if (form == METADATA_CHANGE) {
        s->metadata = base->metadata;
        s->property = (dwi_kv){DWI_SV("swept"), DWI_SV("1")};
        s->metadata.configuration = (dwi_kvs){1, &s->property};
        s->staged.metadata = &s->metadata;
    } else if (form == PROTOCOL_RAISE) {
        s->features[0] = DWI_SV("appendOnly");
        s->features[1] = DWI_SV("invariants");
        s->features[2] = DWI_SV("domainMetadata");
        s->protocol = (dwi_protocol){1, 7, false, true, {0, NULL}, {3, s->features}};
        s->staged.protocol = &s->protocol;
    } else {
        s->domain = (dwi_domain_metadata){DWI_SV("swept"), DWI_SV("{}"), false};
        s->staged.domains = &s->domain;
        s->staged.n_domains = 1;
    }
}

/* In how many commits the form's mark is. */
static int count_mark(world *w, staged_form form)
{
    int found = 0;

    for (int version = 1;; version++) {
        char key[64];
        dwi_buf text;
        dw_status status;
        dwi_buf_init(&text, dwi_alloc_default());
        (void)snprintf(key, sizeof(key), "t/_delta_log/%020d.json", version);
        status = dwi_store_get(w->inner, key, (dw_range)DW_RANGE_ALL, 1 << 20, &text, NULL);
        if (status == DW_OK && strstr(dwi_buf_cstr(&text), form_marks[form]) != NULL)
            found++;
        dwi_buf_done(&text);
        if (status != DW_OK)
            return found;
    }
}

static dw_status run_form(world *w, dwi_committer *committer, const staging *s, dwi_state *base)
{
    dwi_committed committed = {0};
    dw_status status = dwi_committer_run(committer, &s->staged, base, 2000, &committed, &w->err);

    if (status == DW_OK)
        dwi_state_unref(committed.state);
    return status;
}

/* A rival's commit is in the way, so that all of the loop is walked. */
static bool form_with_fault(staged_form form, int kind, int64_t n)
{
    static const char rival[] = "{\"commitInfo\":{}}\n{\"add\":{\"path\":\"r\",\"partitionValues\":"
                                "{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n";
    const dwi_fault fault = {.on = DWI_ON_ALL, .kind = kind, .nth = n};
    dwi_committer committer;
    dw_status status;
    dwi_state *base;
    dw_table *table = NULL;
    staging s;
    world w;
    bool hit;

    world_begin(&w);
    DWT_OK(dw_table_open(w.faulty, "t", NULL, &table, &w.err), &w.err);
    DWT_OK(dwi_store_put(w.inner, "t/_delta_log/00000000000000000001.json",
                         (dw_bytes){rival, strlen(rival)}, DW_PUT_IF_ABSENT, &w.err),
           &w.err);
    base = dwi_table_state(table);
    dwi_committer_init(&committer, &table->log, base);
    stage_form(&s, base, form);
    DWT_OK(dwi_fault_plan(w.faulty, &fault, 1, &w.err), &w.err);
    status = run_form(&w, &committer, &s, base);
    hit = dwi_fault_hits(w.faulty) > 0;
    heal(&w);
    if (status != DW_OK && status != DW_E_UNKNOWN && !is_crash(kind) && count_mark(&w, form) != 0)
        fail_msg("form %d, fault %d at %lld: told %s, and it is there", form, kind, (long long)n,
                 dw_status_name(status));
    if (status != DW_OK) /* the same call again, once the store works */
        DWT_OK(run_form(&w, &committer, &s, base), &w.err);
    DWT_EQ(count_mark(&w, form), 1);
    dwi_committer_done(&committer);
    dwi_state_unref(base);
    dw_table_close(table);
    world_end(&w);
    return hit;
}

static void a_failing_operation_never_doubles_or_tears_any_form_of_commit(void **state)
{
    (void)state;
    for (int form = REWRITE; form < N_FORMS; form++)
        for (int kind = DWI_FAULT_REFUSE; kind < DWI_FAULT_KINDS; kind++) {
            int64_t n = 0;
            while (kind != DWI_FAULT_DELAY && form_with_fault((staged_form)form, kind, n))
                n++;
            if (kind != DWI_FAULT_DELAY && n < 3)
                fail_msg("form %d, fault %d: only %lld operations", form, kind, (long long)n);
        }
}

/* Rows that make a file too large for one PUT, so that it goes by a streaming upload. */
static char *large_records(void)
{
    const size_t text_len = 5 << 20;
    char *records = malloc(text_len + 200);
    uint64_t seed = 1;
    size_t len;

    assert_non_null(records);
    len = (size_t)sprintf(records, "{\"id\":1}\n{\"id\":2}\n{\"id\":3,\"fresh\":\"");
    for (size_t i = 0; i < text_len; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        records[len++] = (char)('a' + (seed >> 33) % 26);
    }
    (void)strcpy(records + len, "\"}\n");
    return records;
}

static void a_failing_upload_never_loses_doubles_or_tears_a_commit(void **state)
{
    static const int kinds[] = {DWI_FAULT_REFUSE, DWI_FAULT_LOSE_REQUEST, DWI_FAULT_LOSE_REPLY,
                                DWI_FAULT_CRASH, DWI_FAULT_CRASH_AFTER};
    const uint32_t on = DWI_ON_UPLOAD_BEGIN | DWI_ON_UPLOAD_WRITE | DWI_ON_UPLOAD_FINISH;
    char *records = large_records();

    (void)state;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        int64_t n = 0;
        while (commit_with_fault(records, on, kinds[k], n, 1))
            n++;
        assert_true(n >= 4); /* begin, two writes, finish */
    }
    free(records);
}

/* ---- racing writers over a store that fails by chance ---- */

enum { WRITERS = 4, BATCHES = 40 };

typedef struct writer {
    dw_store *store;
    pthread_t thread;
    int number;
    int unknown;
    int failures;
} writer;

/* A writer that never gives up: it asks the table where it stands, and goes on from there. */
static void *write_all(void *arg)
{
    writer *w = arg;
    char app[32];
    char record[64];
    int64_t at = 0;

    (void)snprintf(app, sizeof(app), "writer-%d", w->number);
    while (at < BATCHES) {
        dw_table_options options = DW_TABLE_OPTIONS_INIT;
        dw_error err = DW_ERROR_INIT;
        dw_table *table = NULL;
        dw_txn *txn = NULL;
        dw_status status = dw_table_open(w->store, "t", &options, &table, &err);
        while (status == DW_OK && at < BATCHES) {
            int64_t known = -1;
            if (dw_table_app_version(table, app, &known, &err) == DW_E_NOT_FOUND)
                known = -1;
            at = known < 0 ? 0 : known;
            if (at >= BATCHES)
                break;
            int len = snprintf(record, sizeof(record), "{\"id\":%lld}",
                               (long long)(w->number * 1000 + at));
            status = dw_begin(table, NULL, &txn, &err);
            if (status == DW_OK)
                status = dw_txn_set_app_version(txn, app, known, at + 1, &err);
            if (status == DW_OK)
                status = dw_append_ndjson(txn, (dw_bytes){record, (size_t)len}, NULL, NULL, &err);
            if (status == DW_OK)
                status = dw_commit(txn, NULL, &err);
            while (status == DW_E_UNKNOWN) {
                w->unknown++;
                status = dw_commit(txn, NULL, &err);
            }
            dw_txn_close(txn);
            txn = NULL;
        }
        if (status != DW_OK)
            w->failures++;
        dw_table_close(table);
    }
    return NULL;
}

/* Several threads cannot share the harness's clock: real time, but pauses are a thousandth as long.
 */
static void short_sleep(void *ctx, int64_t us)
{
    const dwi_env *real = dwi_env_system();

    (void)ctx;
    real->sleep_us(real->ctx, us / 1000);
}

static void use_real_time(world *w, dwi_env *env)
{
    dw_store_options options = DW_STORE_OPTIONS_INIT;

    *env = *dwi_env_system();
    env->sleep_us = short_sleep;
    dwi_store_set_env(w->inner, env);
    dw_store_unref(w->faulty);
    DWT_OK(dwi_fault_store_new(w->inner, &options, &w->faulty, &w->err), &w->err);
    dwi_store_set_env(w->faulty, env);
}

static void racing_writers_over_a_failing_store_publish_every_batch_once(void **state)
{
    const int chances[DWI_FAULT_KINDS] = {[DWI_FAULT_REFUSE] = 20,
                                          [DWI_FAULT_THROTTLE] = 20,
                                          [DWI_FAULT_LOSE_REQUEST] = 40,
                                          [DWI_FAULT_LOSE_REPLY] = 60,
                                          [DWI_FAULT_BREAK] = 10};
    writer writers[WRITERS];
    dwt_audit found = {0};
    dwi_env env;
    world w;

    (void)state;
    world_begin(&w);
    use_real_time(&w, &env);
    dwi_fault_chance(w.faulty, DWI_ON_ALL, chances, 7);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (writer){.store = w.faulty, .number = i};
        DWT_EQ(pthread_create(&writers[i].thread, NULL, write_all, &writers[i]), 0);
    }
    int unknown = 0;
    for (int i = 0; i < WRITERS; i++) {
        DWT_EQ(pthread_join(writers[i].thread, NULL), 0);
        unknown += writers[i].unknown;
    }
    print_message("# %lld faults, %d commits told unknown\n", (long long)dwi_fault_hits(w.faulty),
                  unknown);
    assert_true(dwi_fault_hits(w.faulty) > 20);
    for (int i = 0; i < WRITERS; i++) {
        char app[32];
        (void)snprintf(app, sizeof(app), "writer-%d", i);
        found = dwt_table_audit(w.inner, "t", app);
        DWT_EQ(found.app, BATCHES);
        DWT_EQ(found.app_changes, BATCHES);
    }
    DWT_EQ(found.rows, WRITERS * BATCHES);
    DWT_EQ(found.adds, WRITERS * BATCHES);
    DWT_EQ(found.version, WRITERS * BATCHES);
    world_end(&w);
}

static void two_owners_of_one_application_id_never_both_write_a_step(void **state)
{
    writer writers[2];
    dwt_audit found;
    dwi_env env;
    world w;

    (void)state;
    world_begin(&w);
    use_real_time(&w, &env);
    for (int i = 0; i < 2; i++) {
        writers[i] = (writer){.store = w.faulty, .number = 9};
        DWT_EQ(pthread_create(&writers[i].thread, NULL, write_all, &writers[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        DWT_EQ(pthread_join(writers[i].thread, NULL), 0);
    found = dwt_table_audit(w.inner, "t", "writer-9");
    DWT_EQ(found.app, BATCHES);
    DWT_EQ(found.app_changes, BATCHES);
    DWT_EQ(found.rows, BATCHES);
    DWT_EQ(found.orphans, 0);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failing_operation_never_loses_doubles_or_tears_a_commit),
        cmocka_unit_test(a_store_that_stays_broken_never_loses_doubles_or_tears_a_commit),
        cmocka_unit_test(a_failing_operation_never_doubles_or_tears_any_form_of_commit),
        cmocka_unit_test(a_failing_upload_never_loses_doubles_or_tears_a_commit),
        cmocka_unit_test(racing_writers_over_a_failing_store_publish_every_batch_once),
        cmocka_unit_test(two_owners_of_one_application_id_never_both_write_a_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
