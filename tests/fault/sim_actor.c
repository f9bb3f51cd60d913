/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/table_impl.h"
#include "base/alloc.h"
#include "delta/commit.h"
#include "delta/crc.h"
#include "delta/files.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}},{\"name\":\"p\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}"

enum { HOUR_MS = 3600000, NAME_SIZE = 24 };

/* An operation that has no public function: one commit with its staged form. */
typedef struct raw_op {
    bool live;
    dwi_arena arena;
    dwi_state *base;
    dwi_committer committer;
    dwi_staged staged;
    dwi_add add;
    dwi_metadata metadata;
    char name[NAME_SIZE];
} raw_op;

typedef struct mind {
    sim_play *play;
    dw_table *table;
    dw_txn *txn; /* NULL: none */
    raw_op raw;
    int op;     /* of the transaction or the raw operation */
    bool tried; /* a commit was tried */
} mind;

static mind *mind_of(sim_actor *a)
{
    return a->own;
}

static sim_op *op_of(mind *m)
{
    return &m->play->ops[m->op];
}

static int new_op(mind *m, sim_kind kind, char name[NAME_SIZE])
{
    sim_play *play = m->play;

    if (play->n_ops == SIM_OPS)
        return -1;
    play->ops[play->n_ops] = (sim_op){.kind = kind};
    (void)snprintf(name, NAME_SIZE, "o%d.", play->n_ops);
    return play->n_ops++;
}

/* ---- appends ---- */

static void close_txn(mind *m)
{
    dw_txn_close(m->txn);
    m->txn = NULL;
    m->tried = false;
}

static dw_status note_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    (void)index;
    (void)record;
    (void)error;
    *(bool *)ctx = true;
    return DW_OK;
}

/* One record, perhaps with a column more, of a type by chance; the table may refuse it. */
static dw_status append(sim_actor *a, dw_txn *txn, sim_op *op)
{
    static const char *const partitions[] = {"", "\"p\":\"a\",", "\"p\":\"b\","};
    sim *s = a->world;
    dw_error err = DW_ERROR_INIT;
    char record[128];
    char value[32];
    unsigned column = sim_roll(s, SIM_COLUMNS);
    bool rejected = false;
    bool with = sim_roll(s, 2) == 0;
    dw_bytes item = {record, 0};
    dw_status status;

    (void)snprintf(value, sizeof(value), "%d.5", (int)sim_roll(s, 1000));
    if (sim_roll(s, 4) != 0) /* most often the type that the column's number stands for */
        (void)snprintf(value, sizeof(value), "%s%d%s", column % 2 ? "\"" : "",
                       (int)sim_roll(s, 1000), column % 2 ? "\"" : "");
    item.len = with ? (size_t)snprintf(record, sizeof(record), "{\"id\":%d,%s\"c%u\":%s}",
                                       mind_of(a)->op, partitions[sim_roll(s, 3)], column, value)
                    : (size_t)snprintf(record, sizeof(record), "{%s\"id\":%d}",
                                       partitions[sim_roll(s, 3)], mind_of(a)->op);
    status = dw_append_json(txn, &item, 1, note_reject, &rejected, &err);
    if (status == DW_OK && !rejected) {
        op->rows++;
        op->columns |= with ? 1u << column : 0;
        op->something = true;
    }
    return status;
}

static dw_status step_app(sim_actor *a, dw_txn *txn, sim_op *op)
{
    dw_error err = DW_ERROR_INIT;
    char app[16];
    int64_t at = -1;
    dw_status status;

    (void)snprintf(app, sizeof(app), "app-%u", sim_roll(a->world, SIM_APPS));
    status = dw_table_app_version(mind_of(a)->table, app, &at, &err);
    if (status != DW_OK && status != DW_E_NOT_FOUND)
        return status;
    if (status == DW_E_NOT_FOUND)
        at = -1;
    status = dw_txn_set_app_version(txn, app, at, at + 1, &err);
    if (status == DW_OK)
        op->something = true;
    return status == DW_E_ARG ? DW_OK : status; /* it has this one */
}

static dw_txn *stage(sim_actor *a, sim_op *op, const char *name)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    sim *s = a->world;
    dw_error err = DW_ERROR_INIT;
    dw_txn *txn = NULL;
    uint32_t rows = sim_roll(s, 4);
    dw_status status;

    options.flags = DW_TXN_ADD_COLUMNS;
    options.user_metadata = name;
    status = dw_begin(mind_of(a)->table, &options, &txn, &err);
    if (status == DW_OK && sim_roll(s, 3) != 0)
        status = step_app(a, txn, op);
    for (uint32_t i = 0; i < rows && status == DW_OK; i++) {
        status = append(a, txn, op);
        if (status == DW_OK && sim_roll(s, 4) == 0)
            status = dw_txn_flush(txn, &err);
    }
    if (status == DW_OK)
        return txn;
    dw_txn_close(txn);
    return NULL;
}

static void begin_append(sim_actor *a)
{
    mind *m = mind_of(a);
    dw_error err = DW_ERROR_INIT;
    char name[NAME_SIZE];
    int op = new_op(m, SIM_APPEND, name);

    if (op < 0)
        return;
    m->op = op;
    m->txn = stage(a, op_of(m), name);
    if (m->txn != NULL && sim_roll(a->world, 5) == 0) {
        sim_op more = {0};
        dw_txn *other = stage(a, &more, "joined");
        if (other != NULL && dw_txn_join(m->txn, other, &err) == DW_OK) {
            op_of(m)->rows += more.rows;
            op_of(m)->columns |= more.columns;
            op_of(m)->something = op_of(m)->something || more.something;
        } else if (other != NULL) {
            close_txn(m);
        }
        dw_txn_close(other);
    }
}

/* A change of the table's property, and maybe rows with it, as a program makes it. */
static void begin_property(sim_actor *a)
{
    mind *m = mind_of(a);
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dwi_state *state = dwi_table_state(m->table);
    dwi_sv counter = dwi_state_property(state, "counter");
    dw_error err = DW_ERROR_INIT;
    char name[NAME_SIZE];
    char value[32];
    int op = new_op(m, SIM_PROPERTY, name);
    dw_status status;

    (void)snprintf(value, sizeof(value), "%lld", counter.ptr == NULL ? 1 : atoll(counter.ptr) + 1);
    dwi_state_unref(state);
    if (op < 0)
        return;
    m->op = op;
    options.user_metadata = name;
    status = dw_begin(m->table, &options, &m->txn, &err);
    if (status == DW_OK)
        status = dw_txn_set_property(m->txn, "counter", value, &err);
    if (status == DW_OK && sim_roll(a->world, 2) == 0)
        status = append(a, m->txn, op_of(m));
    if (status != DW_OK)
        close_txn(m);
}

static sim_told told(dw_status status)
{
    return status == DW_OK ? SIM_YES : status == DW_E_UNKNOWN ? SIM_MAYBE : SIM_NO;
}

static void commit_append(sim_actor *a)
{
    mind *m = mind_of(a);
    dw_error err = DW_ERROR_INIT;
    dw_status status = dw_commit(m->txn, NULL, &err);

    m->tried = true;
    if (a->crashed) { /* nobody was there to be told */
        op_of(m)->told = SIM_MAYBE;
        return;
    }
    op_of(m)->told = told(status);
    if (status == DW_OK || sim_roll(a->world, 4) == 0)
        close_txn(m);
}

/* ---- operations by their staged form ---- */

static void close_raw(mind *m)
{
    if (!m->raw.live)
        return;
    dwi_committer_done(&m->raw.committer);
    dwi_state_unref(m->raw.base);
    dwi_arena_done(&m->raw.arena);
    m->raw.live = false;
    m->tried = false;
}

typedef struct file_list {
    dwi_arena *arena;
    dwi_remove *items;
    int64_t *rows;
    char only; /* partition, '\0': all */
    size_t n;
    size_t cap;
} file_list;

static char partition_of(dwi_kvs values)
{
    return values.count == 1 && values.items[0].value.ptr != NULL ? values.items[0].value.ptr[0]
                                                                  : '\0';
}

static bool in_partition(void *ctx, dwi_kvs values)
{
    return partition_of(values) == *(const char *)ctx;
}

static dw_status list_add(void *ctx, const dwi_add *add, dw_error *err)
{
    file_list *list = ctx;
    dwi_add copy = {.size = add->size, .base_row_id = -1, .default_row_commit_version = -1};
    const char *rows = strstr(add->stats.ptr, "\"numRecords\":");

    if (list->only != '\0' && partition_of(add->partition_values) != list->only)
        return DW_OK;
    if (list->n == list->cap)
        return dwi_err(err, DW_E_NOMEM, "too many files for this test");
    if (!dwi_arena_sv(list->arena, add->path, &copy.path))
        return dwi_err_nomem(err);
    dwi_remove_of(&copy, &list->items[list->n]);
    list->rows[list->n++] = atoll(rows + strlen("\"numRecords\":"));
    return DW_OK;
}

static dw_status list_files(mind *m, file_list *list, dw_error *err)
{
    list->arena = &m->raw.arena;
    list->cap = 4096;
    list->items = dwi_arena_array(list->arena, list->cap, sizeof(*list->items));
    list->rows = dwi_arena_array(list->arena, list->cap, sizeof(*list->rows));
    if (list->items == NULL || list->rows == NULL)
        return dwi_err_nomem(err);
    return dwi_files_visit(&m->table->log, m->raw.base,
                           (dwi_file_visitor){.ctx = list, .add = list_add}, err);
}

/* The one new file of an operation; no reader ever opens it. */
static void stage_file(mind *m, int64_t rows)
{
    raw_op *raw = &m->raw;
    char text[64];

    (void)snprintf(text, sizeof(text), "made-by-%d", m->op);
    raw->add = (dwi_add){.size = 1, .base_row_id = -1, .default_row_commit_version = -1};
    (void)dwi_arena_sv(&raw->arena, dwi_sv_cstr(text), &raw->add.path);
    (void)snprintf(text, sizeof(text), "{\"numRecords\":%lld}", (long long)rows);
    (void)dwi_arena_sv(&raw->arena, dwi_sv_cstr(text), &raw->add.stats);
    raw->staged.adds = &raw->add;
    raw->staged.n_adds = 1;
    raw->staged.rows = rows;
}

static dw_status stage_rewrite(sim_actor *a, sim_kind kind, dw_error *err)
{
    mind *m = mind_of(a);
    dwi_staged *staged = &m->raw.staged;
    file_list list = {0};
    dw_status status;
    int64_t rows = 0;
    size_t first = 0;

    if (kind == SIM_DROP) {
        list.only = sim_roll(a->world, 2) == 0 ? 'a' : 'b';
        op_of(m)->partition = list.only;
    }
    DWI_TRY(list_files(m, &list, err));
    if (list.n == 0) {
        status = dwi_err(err, DW_E_NOT_FOUND, "no files");
        goto done;
    }
    staged->removes = list.items;
    staged->n_removes = list.n;
    if (kind == SIM_OPTIMIZE || kind == SIM_DELETE) {
        first = sim_roll(a->world, (uint32_t)list.n);
        staged->removes = &list.items[first];
        staged->n_removes = kind == SIM_OPTIMIZE && first + 1 < list.n ? 2 : 1;
    }
    for (size_t i = 0; i < staged->n_removes; i++)
        rows += list.rows[first + i];
    if (kind == SIM_OPTIMIZE)
        stage_file(m, rows);
    else if (kind == SIM_OVERWRITE)
        stage_file(m, (int64_t)sim_roll(a->world, 5));
    else if (kind == SIM_COUNT)
        stage_file(m, (int64_t)list.n + 1);
    if (kind == SIM_COUNT)
        staged->n_removes = 0;
    staged->rearranges = kind == SIM_OPTIMIZE;
    staged->reads.kind = kind == SIM_OVERWRITE || kind == SIM_COUNT ? DWI_READ_TABLE
                         : kind == SIM_DROP                         ? DWI_READ_PARTITIONS
                                                                    : DWI_READ_NOTHING;
    staged->reads.matches = in_partition;
    staged->reads.ctx = &op_of(m)->partition;
done:
    return status;
}

/* The table's metadata with the property one higher. */
static dw_status stage_property(mind *m, dw_error *err)
{
    raw_op *raw = &m->raw;
    dwi_kvs was = raw->base->metadata.configuration;
    dwi_kv *items = dwi_arena_array(&raw->arena, was.count + 1, sizeof(*items));
    long long counter = 0;
    size_t at = was.count;
    char text[32];

    if (items == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < was.count; i++) {
        items[i] = was.items[i];
        if (dwi_sv_eq_cstr(was.items[i].key, "counter")) {
            counter = atoll(was.items[i].value.ptr);
            at = i;
        }
    }
    (void)snprintf(text, sizeof(text), "%lld", counter + 1);
    items[at].key = DWI_SV("counter");
    if (!dwi_arena_sv(&raw->arena, dwi_sv_cstr(text), &items[at].value))
        return dwi_err_nomem(err);
    raw->metadata = raw->base->metadata;
    raw->metadata.configuration = (dwi_kvs){at == was.count ? at + 1 : was.count, items};
    raw->staged.metadata = &raw->metadata;
    return DW_OK;
}

static void begin_raw(sim_actor *a)
{
    static const sim_kind kinds[] = {SIM_OPTIMIZE, SIM_OPTIMIZE, SIM_DELETE,   SIM_OVERWRITE,
                                     SIM_COUNT,    SIM_COUNT,    SIM_PROPERTY, SIM_PROPERTY};
    sim_kind kind = kinds[sim_roll(a->world, sizeof(kinds) / sizeof(kinds[0]))];
    mind *m = mind_of(a);
    raw_op *raw = &m->raw;
    dw_error err = DW_ERROR_INIT;
    int op;

    if (m->play->partitioned && sim_roll(a->world, 4) == 0)
        kind = SIM_DROP;
    memset(raw, 0, sizeof(*raw));
    op = new_op(m, kind, raw->name);
    if (op < 0)
        return;
    m->op = op;
    raw->live = true;
    dwi_arena_init(&raw->arena, m->table->alloc);
    raw->base = dwi_table_state(m->table);
    dwi_committer_init(&raw->committer, &m->table->log, raw->base);
    raw->staged = (dwi_staged){.operation = "RAW",
                               .user_metadata = raw->name,
                               .engine_info = "sim",
                               .parameters = DWI_SV("{}"),
                               .read_version = raw->base->version};
    if ((kind == SIM_PROPERTY ? stage_property(m, &err) : stage_rewrite(a, kind, &err)) != DW_OK)
        close_raw(m);
}

static void commit_raw(sim_actor *a)
{
    mind *m = mind_of(a);
    dw_error err = DW_ERROR_INIT;
    dwi_committed committed = {0};
    dwi_state *known = dwi_table_state(m->table);
    dw_status status = dwi_committer_run(
        &m->raw.committer, &m->raw.staged, known,
        sim_roll(a->world, 2) == 0 ? 1 : (int64_t)sim_roll(a->world, 4000) + 1, &committed, &err);

    m->tried = true;
    dwi_state_unref(known);
    if (status == DW_OK)
        dwi_table_set_state(m->table, committed.state);
    op_of(m)->told = a->crashed ? SIM_MAYBE : told(status);
    if (!a->crashed && (status == DW_OK || sim_roll(a->world, 4) == 0))
        close_raw(m);
}

/* ---- the rest of a life ---- */

static void forget(mind *m)
{
    close_txn(m);
    close_raw(m);
    dw_table_close(m->table);
    m->table = NULL;
}

static void open_table(sim_actor *a)
{
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    sim *s = a->world;
    dw_error err = DW_ERROR_INIT;

    options.commit_timeout_ms = sim_roll(s, 2) == 0 ? 1 : (int64_t)sim_roll(s, 4000) + 1;
    options.flags = sim_roll(s, 2) == 0 ? DW_TABLE_NO_AUTO_CHECKPOINT : 0;
    (void)dw_table_open(a->faulty, "t", &options, &mind_of(a)->table, &err);
}

static dw_status newest_checkpoint(void *ctx, const dw_object *object, dw_error *err)
{
    const char *name = object->key + strlen("t/_delta_log/");

    (void)err;
    if (strstr(name, ".checkpoint.parquet") != NULL && atoll(name) > *(int64_t *)ctx)
        *(int64_t *)ctx = atoll(name);
    return DW_OK;
}

/* Some engine's log cleanup: commits older than the log is kept and before the newest checkpoint
 * go, oldest first, each in a moment of its own. */
static void clean_log(sim_actor *a)
{
    sim *s = a->world;
    dw_error err = DW_ERROR_INIT;
    int64_t checkpoint = -1;

    if (dwi_store_list(s->memory, "t/_delta_log/", NULL, newest_checkpoint, &checkpoint, &err) !=
        DW_OK)
        return;
    for (int64_t v = s->oldest; v < checkpoint; v++) {
        char key[64];
        if (s->commits[v].landed_ms > s->now_us / 1000 - HOUR_MS)
            break;
        (void)snprintf(key, sizeof(key), "t/_delta_log/%020lld.json", (long long)v);
        if (v < s->oldest || dwi_store_remove(s->memory, key, &err) != DW_OK)
            continue; /* another cleanup was faster */
        s->oldest = v + 1;
        s->cleaned++;
        sim_yield(a);
    }
}

/* Some engine's checkpoint, from a place where the network works: with faults as frequent as here
 * those of the actors hardly ever get done. */
static void write_checkpoint(sim *s)
{
    dw_error err = DW_ERROR_INIT;
    dw_table *table = NULL;

    if (dw_table_open(s->memory, "t", NULL, &table, &err) == DW_OK)
        (void)dw_checkpoint(table, NULL, &err);
    dw_table_close(table);
}

static void end_life(sim_actor *a)
{
    mind *m = mind_of(a);

    if (m->tried && m->txn != NULL) /* once the store works everyone learns the truth */
        commit_append(a);
    else if (m->tried && m->raw.live)
        commit_raw(a);
    forget(m);
}

bool sim_act(sim_actor *a)
{
    mind *m = mind_of(a);
    dw_error err = DW_ERROR_INIT;
    uint32_t what = sim_roll(a->world, 24);

    if (a->crashed) {
        forget(m); /* only this program's memory: the store hears nothing of it */
        sim_restart(a);
    } else if (a->world->calm) {
        end_life(a);
        return false;
    } else if (m->table == NULL) {
        open_table(a);
    } else if (what == 0) {
        forget(m);
    } else if (m->txn != NULL && what == 1) {
        close_txn(m);
    } else if (m->txn != NULL) {
        commit_append(a);
    } else if (m->raw.live && what > 4) {
        commit_raw(a);
    } else if (m->raw.live || what == 2) {
        (void)dw_table_refresh(m->table, NULL, &err);
    } else if (what == 3) {
        (void)dw_checkpoint(m->table, NULL, &err);
    } else if (what == 4) { /* and everybody sleeps */
        write_checkpoint(a->world);
        a->world->now_us += (int64_t)(1 + sim_roll(a->world, 3)) * HOUR_MS * 1000;
        clean_log(a);
    } else if (what == 5) {
        clean_log(a);
    } else if (what < 11) {
        begin_raw(a);
    } else if (what == 11) {
        begin_property(a);
    } else {
        begin_append(a);
    }
    return true;
}

void sim_play_begin(sim_play *play, sim *s)
{
    static const char *const partition_column = "p";
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_property properties[] = {{"delta.checkpointInterval", "5"},
                                {"delta.logRetentionDuration", "interval 1 hour"},
                                {"delta.enableExpiredLogCleanup", "false"},
                                {"delta.isolationLevel", "Serializable"}};
    const dwi_file_counts nothing = {0, 0, 0, 0};
    dw_error err = DW_ERROR_INIT;
    dw_table *table = NULL;
    dwi_state *state;

    memset(play, 0, sizeof(*play));
    play->world = s;
    play->serializable = sim_roll(s, 2) == 0;
    if (!play->serializable)
        properties[3].value = "WriteSerializable";
    play->partitioned = sim_roll(s, 2) == 0;
    create.schema_json = SCHEMA;
    create.partition_columns = &partition_column;
    create.n_partition_columns = play->partitioned ? 1 : 0;
    create.properties = properties;
    create.n_properties = sizeof(properties) / sizeof(properties[0]);
    s->calm = true;
    DWT_OK(dw_table_create(s->actors[0].hook, "t", &create, NULL, &table, &err), &err);
    state =
        dwi_table_state(table); /* a table with checksum files: commits of ours go on with them */
    DWT_OK(dwi_crc_write(&table->log, state, &nothing, (dwi_sv){NULL, 0}, &err), &err);
    dwi_state_unref(state);
    dw_table_close(table);
    s->calm = false;
    for (int i = 0; i < SIM_ACTORS; i++) {
        mind *m = calloc(1, sizeof(*m));
        if (m == NULL)
            abort();
        m->play = play;
        s->actors[i].own = m;
    }
}

void sim_play_end(sim_play *play)
{
    for (int i = 0; i < SIM_ACTORS; i++) {
        mind *m = mind_of(&play->world->actors[i]);
        forget(m);
        free(m);
    }
}
