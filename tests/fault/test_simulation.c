/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded simulations: several handles of one table append in random interleavings, over a store
 * that fails by chance, lets a put land long after its reply was lost, and lets a rival commit
 * between one writer's look and its put (so one thread holds two tables' locks, which a race
 * detector may remark upon). Afterwards the log is compared with what each transaction
 * was told. One thread and a made clock, so that a seed that fails fails again.
 *
 * DELTAWRITE_SIM_SEEDS: how many seeds (300), DELTAWRITE_SIM_FIRST: the first one (1). */
#include "harness.h"
#include "table_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "delta/log.h"
#include "schema/type.h"
#include "store/fault_store.h"
#include "store/store_impl.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"

enum { ACTORS = 4, STEPS = 120, MAX_TXNS = 600, APPS = 3, COLUMNS = 5, LATE = 4 };

/* What a transaction was told last. */
enum { TOLD_NO = 0, TOLD_YES = 1, TOLD_MAYBE = 2 };

typedef struct told {
    int what;
    int64_t rows;
    unsigned columns; /* bits of those that its rows have values in */
} told;

typedef struct actor {
    dw_table *table;
    dw_txn *txn; /* NULL: none */
    int id;      /* of the transaction */
    bool tried;  /* a commit was tried */
    bool busy;   /* inside a call: a rival's turn must not come here */
} actor;

/* A put whose reply was lost and which has not reached the store yet. */
typedef struct late_put {
    char *key; /* NULL: none */
    void *body;
    size_t len;
} late_put;

typedef struct sim {
    uint64_t seed;
    uint64_t random;
    dwt_env env;
    dw_store *memory;
    dw_store *hook;
    dw_store *faulty;
    actor actors[ACTORS];
    told told[MAX_TXNS];
    int n_txns;
    int depth;
    int calm; /* nothing goes wrong any more */
    late_put late[LATE];
} sim;

static uint32_t roll(sim *s, uint32_t sides)
{
    s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(s->random >> 33) % sides;
}

/* ---- a store between the faults and the memory: late puts, rivals ---- */

static void act(sim *s, actor *a);

static void land(sim *s, late_put *late)
{
    dw_error err = DW_ERROR_INIT;

    if (late->key == NULL)
        return;
    (void)s->memory->ops.put(s->memory->self, late->key, (dw_bytes){late->body, late->len},
                             DW_PUT_IF_ABSENT, &err); /* it may well have lost */
    free(late->key);
    free(late->body);
    late->key = NULL;
}

static void hold(late_put *late, const char *key, dw_bytes body)
{
    late->key = malloc(strlen(key) + 1);
    late->body = malloc(body.len);
    assert_non_null(late->key);
    assert_non_null(late->body);
    strcpy(late->key, key);
    memcpy(late->body, body.data, body.len);
    late->len = body.len;
}

static dw_status hook_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    sim *s = self;
    late_put *late = &s->late[roll(s, LATE)];

    if (!s->calm && mode == DW_PUT_IF_ABSENT) {
        actor *rival = &s->actors[roll(s, ACTORS)];
        if (s->depth < 2 && roll(s, 4) == 0 && !rival->busy)
            act(s, rival);
        if (roll(s, 3) == 0)
            land(s, &s->late[roll(s, LATE)]);
        if (roll(s, 20) == 0 && late->key == NULL) {
            hold(late, key, body);
            *err = (dw_error){.code = DW_E_UNKNOWN};
            return DW_E_UNKNOWN;
        }
    }
    return s->memory->ops.put(s->memory->self, key, body, mode, err);
}

static dw_status hook_get(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    sim *s = self;

    if (!s->calm && roll(s, 10) == 0)
        land(s, &s->late[roll(s, LATE)]);
    return s->memory->ops.get(s->memory->self, key, range, sink, err);
}

static dw_status hook_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                           void *ctx, dw_error *err)
{
    sim *s = self;

    return s->memory->ops.list(s->memory->self, prefix, after, each, ctx, err);
}

static dw_status hook_head(void *self, const char *key, dw_object *out, dw_error *err)
{
    sim *s = self;

    return s->memory->ops.head(s->memory->self, key, out, err);
}

static dw_status hook_remove(void *self, const char *key, dw_error *err)
{
    sim *s = self;

    return s->memory->ops.remove(s->memory->self, key, err);
}

/* ---- actors ---- */

static void close_txn(actor *a)
{
    dw_txn_close(a->txn);
    a->txn = NULL;
    a->tried = false;
}

static dw_status count_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    (void)index;
    (void)record;
    (void)error;
    *(bool *)ctx = true;
    return DW_OK;
}

/* One record, perhaps with a column more, of a type by chance; the table may refuse it. */
static dw_status append(sim *s, dw_txn *txn, told *t)
{
    dw_error err = DW_ERROR_INIT;
    char record[256];
    char value[32];
    unsigned column = roll(s, COLUMNS);
    bool rejected = false;
    dw_bytes item = {record, 0};
    dw_status status;

    (void)snprintf(value, sizeof(value), "%d.5", (int)roll(s, 1000));
    if (roll(s, 4) != 0) /* most often the type that the column's number stands for */
        (void)snprintf(value, sizeof(value), "%s%d%s", column % 2 ? "\"" : "", (int)roll(s, 1000),
                       column % 2 ? "\"" : "");
    if (roll(s, 2) == 0)
        item.len = (size_t)snprintf(record, sizeof(record), "{\"id\":%d}", s->n_txns);
    else
        item.len = (size_t)snprintf(record, sizeof(record), "{\"id\":%d,\"c%u\":%s}", s->n_txns,
                                    column, value);
    status = dw_append_json(txn, &item, 1, count_reject, &rejected, &err);
    if (status == DW_OK && !rejected) {
        t->rows++;
        if (item.len > strlen("{\"id\":99999}"))
            t->columns |= 1u << column;
    }
    return status;
}

static dw_status set_app(sim *s, actor *a, dw_txn *txn)
{
    dw_error err = DW_ERROR_INIT;
    char app[16];
    int64_t at = -1;
    dw_status status;

    (void)snprintf(app, sizeof(app), "app-%u", roll(s, APPS));
    status = dw_table_app_version(a->table, app, &at, &err);
    if (status != DW_OK && status != DW_E_NOT_FOUND)
        return status;
    status = dw_txn_set_app_version(txn, app, status == DW_OK ? at : -1,
                                    status == DW_OK ? at + 1 : 0, &err);
    return status == DW_E_ARG ? DW_OK : status; /* it has this one */
}

static dw_txn *stage(sim *s, actor *a, told *t, const char *name)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_txn *txn = NULL;
    uint32_t rows = roll(s, 4);
    dw_status status;

    options.flags = DW_TXN_ADD_COLUMNS;
    options.user_metadata = name;
    status = dw_begin(a->table, &options, &txn, &err);
    if (status == DW_OK && roll(s, 3) != 0)
        status = set_app(s, a, txn);
    for (uint32_t i = 0; i < rows && status == DW_OK; i++) {
        status = append(s, txn, t);
        if (status == DW_OK && roll(s, 4) == 0)
            status = dw_txn_flush(txn, &err);
    }
    if (status == DW_OK)
        return txn;
    dw_txn_close(txn);
    return NULL;
}

static void begin(sim *s, actor *a)
{
    dw_error err = DW_ERROR_INIT;
    told *t = &s->told[s->n_txns];
    char name[16];

    if (s->n_txns == MAX_TXNS)
        return;
    a->id = s->n_txns++;
    (void)snprintf(name, sizeof(name), "t%d.", a->id);
    a->txn = stage(s, a, t, name);
    if (a->txn != NULL && roll(s, 5) == 0) {
        told more = {0};
        dw_txn *other = stage(s, a, &more, "joined");
        if (other != NULL && dw_txn_join(a->txn, other, &err) == DW_OK) {
            t->rows += more.rows;
            t->columns |= more.columns;
        } else if (other != NULL) {
            close_txn(a);
        }
        dw_txn_close(other);
    }
}

static void commit(sim *s, actor *a)
{
    dw_error err = DW_ERROR_INIT;
    told *t = &s->told[a->id];
    int64_t version = -1;
    dw_status status = dw_commit(a->txn, &version, &err);

    a->tried = true;
    t->what = status == DW_OK ? TOLD_YES : status == DW_E_UNKNOWN ? TOLD_MAYBE : TOLD_NO;
    if (status == DW_OK || roll(s, 4) == 0)
        close_txn(a);
}

static void leave(actor *a)
{
    close_txn(a);
    dw_table_close(a->table);
    a->table = NULL;
}

static void open_table(sim *s, actor *a)
{
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;

    options.commit_timeout_ms = roll(s, 2) == 0 ? 1 : (int64_t)roll(s, 4000) + 1;
    options.flags = roll(s, 2) == 0 ? DW_TABLE_NO_AUTO_CHECKPOINT : 0;
    (void)dw_table_open(s->faulty, "t", &options, &a->table, &err);
}

/* One turn of one actor. */
static void act(sim *s, actor *a)
{
    dw_error err = DW_ERROR_INIT;
    uint32_t what = roll(s, 20);

    a->busy = true;
    s->depth++;
    if (a->table == NULL)
        open_table(s, a);
    else if (what == 0)
        leave(a);
    else if (a->txn != NULL && what == 1)
        close_txn(a);
    else if (a->txn != NULL)
        commit(s, a);
    else if (what == 2)
        (void)dw_table_refresh(a->table, NULL, &err);
    else if (what == 3)
        (void)dw_checkpoint(a->table, NULL, &err);
    else
        begin(s, a);
    s->depth--;
    a->busy = false;
}

/* ---- what came of it ---- */

typedef struct seen {
    int count[MAX_TXNS];
    int64_t app[APPS];
    unsigned columns; /* of the newest metaData */
} seen;

static int id_of(const dwi_buf *text)
{
    const char *at = strstr((const char *)text->data, "\"userMetadata\":\"t");

    return at == NULL ? -1 : atoi(at + strlen("\"userMetadata\":\"t"));
}

static unsigned columns_of(dwi_sv schema, uint64_t seed)
{
    unsigned found = 0;

    for (unsigned i = 0; i < COLUMNS; i++) {
        char name[16];
        const char *at;
        (void)snprintf(name, sizeof(name), "\"c%u\"", i);
        at = strstr(schema.ptr, name);
        if (at == NULL)
            continue;
        found |= 1u << i;
        if (strstr(at + 1, name) != NULL)
            fail_msg("seed %llu: column c%u is there twice", (unsigned long long)seed, i);
    }
    return found;
}

static void check_action(const sim *s, seen *all, const dwi_action *action, int64_t *rows)
{
    if (action->kind == DWI_ACTION_ADD) {
        const char *at = strstr(action->u.add.stats.ptr, "\"numRecords\":");
        assert_non_null(at);
        *rows += atoll(at + strlen("\"numRecords\":"));
    } else if (action->kind == DWI_ACTION_TXN) {
        int app = action->u.txn.app_id.ptr[4] - '0';
        if (action->u.txn.version != all->app[app] + 1)
            fail_msg("seed %llu: app-%d goes from %lld to %lld", (unsigned long long)s->seed, app,
                     (long long)all->app[app], (long long)action->u.txn.version);
        all->app[app] = action->u.txn.version;
    } else if (action->kind == DWI_ACTION_METADATA) {
        unsigned columns = columns_of(action->u.metadata.schema_string, s->seed);
        if ((all->columns & ~columns) != 0)
            fail_msg("seed %llu: columns %x became %x", (unsigned long long)s->seed, all->columns,
                     columns);
        all->columns = columns;
    }
}

static void check_commit(const sim *s, const dwi_log *log, const dwi_commit *commit, seen *all)
{
    const dw_range range = DW_RANGE_ALL;
    char name[DWI_LOG_NAME_SIZE];
    dw_error err = DW_ERROR_INIT;
    int64_t rows = 0;
    char *key;
    dwi_buf text;
    int id;

    dwi_buf_init(&text, log->alloc);
    dwi_log_commit_name(commit->version, name);
    key = dwi_log_key(log, name);
    DWT_OK(dwi_store_get(log->store, key, range, 1 << 20, &text, &err), &err);
    assert_non_null(dwi_buf_cstr(&text));
    id = id_of(&text);
    for (size_t i = 0; i < commit->n_actions; i++)
        check_action(s, all, &commit->actions[i], &rows);
    if (id >= 0) {
        all->count[id]++;
        if (rows != s->told[id].rows || (s->told[id].columns & ~all->columns) != 0)
            fail_msg("seed %llu: version %lld, transaction %d: %lld rows of %lld, columns %x of %x",
                     (unsigned long long)s->seed, (long long)commit->version, id, (long long)rows,
                     (long long)s->told[id].rows, all->columns, s->told[id].columns);
    }
    dwi_cstr_free(log->alloc, key);
    dwi_buf_done(&text);
}

static void check_log(const sim *s, seen *all)
{
    dw_status status = DW_OK;
    dw_error err = DW_ERROR_INIT;
    dwi_log log;

    DWT_OK(dwi_log_init(&log, s->memory, "t", dwi_alloc_default(), (dwi_logger){0}, &err), &err);
    for (int64_t version = 0; status == DW_OK; version++) {
        dwi_commit commit;
        dwi_arena arena;
        dwi_arena_init(&arena, log.alloc);
        status = dwi_log_read_commit(&log, version, &arena, &commit, &err);
        if (status == DW_OK)
            check_commit(s, &log, &commit, all);
        dwi_arena_done(&arena);
    }
    DWT_EQ(status, DW_E_NOT_FOUND);
    dwi_log_done(&log);
}

typedef struct file_sum {
    int64_t files;
    int64_t rows;
} file_sum;

static dw_status add_file(void *ctx, const dw_file *file, dw_error *err)
{
    file_sum *sum = ctx;

    (void)err;
    sum->files++;
    sum->rows += file->num_records;
    return DW_OK;
}

/* A fresh reader, by whatever checkpoints there are, sees what the commits say. */
static void check_snapshot(sim *s, const dwt_audit *audit, const seen *all)
{
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_snapshot *snapshot = NULL;
    dw_table *table = NULL;
    file_sum sum = {0};

    DWT_OK(dw_table_open(s->memory, "t", &options, &table, &err), &err);
    DWT_OK(dw_snapshot_open(table, -1, &snapshot, &err), &err);
    DWT_OK(dw_snapshot_get_info(snapshot, &info, &err), &err);
    DWT_OK(dw_snapshot_files(snapshot, add_file, &sum, &err), &err);
    if (info.version != audit->version || sum.files != audit->adds || sum.rows != audit->rows ||
        columns_of(dwi_sv_cstr(info.schema_json), s->seed) != all->columns)
        fail_msg("seed %llu: the snapshot has version %lld of %lld, %lld files of %d, %lld rows of "
                 "%lld",
                 (unsigned long long)s->seed, (long long)info.version, (long long)audit->version,
                 (long long)sum.files, audit->adds, (long long)sum.rows, (long long)audit->rows);
    for (int i = 0; i < APPS; i++) {
        char app[16];
        int64_t at = -1;
        (void)snprintf(app, sizeof(app), "app-%d", i);
        if (dw_table_app_version(table, app, &at, &err) == DW_E_NOT_FOUND)
            at = -1;
        DWT_EQ(at, all->app[i]);
    }
    dw_snapshot_close(snapshot);
    dw_table_close(table);
}

static void check(sim *s, int sums[3])
{
    seen *all = calloc(1, sizeof(*all));
    dwt_audit audit = dwt_table_audit(s->memory, "t", NULL);

    assert_non_null(all);
    for (int i = 0; i < APPS; i++)
        all->app[i] = -1;
    check_log(s, all);
    for (int i = 0; i < s->n_txns; i++) {
        int count = all->count[i];
        bool empty = s->told[i].rows == 0; /* with nothing to say there may be no commit */
        sums[s->told[i].what]++;
        if (count > 1 || (s->told[i].what == TOLD_NO && count != 0) ||
            (s->told[i].what == TOLD_YES && count != 1 && !empty))
            fail_msg("seed %llu: transaction %d was told %d and is there %d times",
                     (unsigned long long)s->seed, i, s->told[i].what, count);
    }
    check_snapshot(s, &audit, all);
    free(all);
}

/* ---- one world ---- */

static void sim_begin(sim *s, uint64_t seed)
{
    static const dw_store_vtable vtable = {.struct_size = sizeof(vtable),
                                           .caps = DW_CAP_PUT_IF_ABSENT,
                                           .get = hook_get,
                                           .put = hook_put,
                                           .list = hook_list,
                                           .head = hook_head,
                                           .remove = hook_remove};
    dw_store_options options = DW_STORE_OPTIONS_INIT;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_property interval = {"delta.checkpointInterval", "5"};
    dw_error err = DW_ERROR_INIT;
    dw_table *table = NULL;

    s->seed = seed;
    s->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    s->calm = 1;
    dwt_env_init(&s->env);
    options.retry_timeout_ms = -1;
    DWT_OK(dw_store_open_memory(&options, &s->memory, &err), &err);
    dwi_store_set_env(s->memory, &s->env.base);
    create.schema_json = SCHEMA;
    create.properties = &interval;
    create.n_properties = 1;
    DWT_OK(dw_table_create(s->memory, "t", &create, NULL, &table, &err), &err);
    dw_table_close(table);
    DWT_OK(dw_store_new(&vtable, s, "sim", &options, &s->hook, &err), &err);
    dwi_store_set_env(s->hook, &s->env.base);
    options.retry_timeout_ms = roll(s, 2) == 0 ? -1 : 1500;
    DWT_OK(dwi_fault_store_new(s->hook, &options, &s->faulty, &err), &err);
    dwi_store_set_env(s->faulty, &s->env.base);
}

static void simulate(uint64_t seed, int sums[3])
{
    const int chances[DWI_FAULT_KINDS] = {
        [DWI_FAULT_REFUSE] = 15,       [DWI_FAULT_THROTTLE] = 15,   [DWI_FAULT_DENY] = 5,
        [DWI_FAULT_LOSE_REQUEST] = 30, [DWI_FAULT_LOSE_REPLY] = 40, [DWI_FAULT_BREAK] = 10};
    const int none[DWI_FAULT_KINDS] = {0};
    sim *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    sim_begin(s, seed);
    s->calm = 0;
    dwi_fault_chance(s->faulty, DWI_ON_ALL, chances, seed);
    for (int i = 0; i < STEPS; i++)
        act(s, &s->actors[roll(s, ACTORS)]);
    s->calm = 1;
    dwi_fault_chance(s->faulty, DWI_ON_ALL, none, 0);
    for (int i = 0; i < LATE; i++)
        land(s, &s->late[i]);
    for (int i = 0; i < ACTORS; i++)
        if (s->actors[i].tried) /* once the store works everyone learns the truth */
            commit(s, &s->actors[i]);
    for (int i = 0; i < ACTORS; i++)
        leave(&s->actors[i]);
    check(s, sums);
    dw_store_unref(s->faulty);
    dw_store_unref(s->hook);
    dw_store_unref(s->memory);
    free(s);
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void whatever_interleaves_each_transaction_ends_as_it_was_told(void **state)
{
    uint64_t first = number_of("DELTAWRITE_SIM_FIRST", 1);
    uint64_t seeds = number_of("DELTAWRITE_SIM_SEEDS", 300);
    int sums[3] = {0};

    (void)state;
    for (uint64_t i = 0; i < seeds; i++)
        simulate(first + i, sums);
    print_message("# %d transactions published, %d not, %d left unknown\n", sums[TOLD_YES],
                  sums[TOLD_NO], sums[TOLD_MAYBE]);
    assert_true(seeds < 50 || (sums[TOLD_YES] > 100 && sums[TOLD_MAYBE] > 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_interleaves_each_transaction_ends_as_it_was_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
