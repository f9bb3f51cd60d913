/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "delta/crc.h"
#include "delta/log.h"

enum { MAX_FILES = 4096 };

typedef struct file {
    char *path;
    int64_t rows;
    int64_t bytes;
    int64_t born; /* version */
    bool blind;   /* its commit said so */
    char partition;
} file;

/* What a version comes to. */
typedef struct total {
    int64_t files;
    int64_t bytes;
    int64_t apps[SIM_APPS];
} total;

typedef struct model {
    sim *world;
    const sim_op *ops;
    int n_ops;
    bool serializable;
    file files[MAX_FILES]; /* live ones */
    int n_files;
    int64_t rows;
    int64_t bytes;
    total totals[SIM_COMMITS];
    int64_t apps[SIM_APPS];
    unsigned columns; /* of the newest metaData */
    int64_t counter;
    int count[SIM_OPS];
    sim_sums *sums;
} model;

/* What one commit has. */
typedef struct commit {
    int64_t version;
    int op; /* -1: none of ours */
    int64_t read_version;
    int blind;
    int adds;
    int removes;
    int64_t rows_added;
    int64_t rows_removed;
    int data_change; /* -1: no file yet */
    int files_before;
    int unseen; /* live before, and the operation has to have seen them */
    int64_t counter_before;
} commit;

static int64_t number_after(const char *text, const char *key, int64_t otherwise)
{
    const char *at = text == NULL ? NULL : strstr(text, key);

    return at == NULL ? otherwise : atoll(at + strlen(key));
}

static int find_file(const model *m, dwi_sv path)
{
    for (int i = 0; i < m->n_files; i++)
        if (dwi_sv_eq_cstr(path, m->files[i].path))
            return i;
    return -1;
}

static void add_file(model *m, const dwi_add *add, commit *c)
{
    int64_t rows = number_after(add->stats.ptr, "\"numRecords\":", -1);
    file *f = &m->files[m->n_files];

    if (find_file(m, add->path) >= 0)
        sim_fail(m->world, "version %lld adds %s, which is there", (long long)c->version,
                 add->path.ptr);
    if (rows < 0 || m->n_files == MAX_FILES)
        sim_fail(m->world, "version %lld: %s without stats", (long long)c->version, add->path.ptr);
    *f = (file){.rows = rows, .bytes = add->size, .born = c->version, .blind = c->blind == 1};
    if (add->partition_values.count == 1 && add->partition_values.items[0].value.ptr != NULL)
        f->partition = add->partition_values.items[0].value.ptr[0];
    f->path = calloc(1, add->path.len + 1);
    if (f->path == NULL)
        abort();
    memcpy(f->path, add->path.ptr, add->path.len);
    m->n_files++;
    m->rows += rows;
    m->bytes += add->size;
    c->adds++;
    c->rows_added += rows;
}

static void remove_file(model *m, const dwi_remove *remove, commit *c)
{
    int at = find_file(m, remove->path);

    if (at < 0)
        sim_fail(m->world, "version %lld removes %s, which is not there", (long long)c->version,
                 remove->path.ptr);
    m->rows -= m->files[at].rows;
    m->bytes -= m->files[at].bytes;
    c->rows_removed += m->files[at].rows;
    c->removes++;
    free(m->files[at].path);
    m->files[at] = m->files[--m->n_files];
}

static void step_app(model *m, const dwi_txn_action *txn, const commit *c)
{
    int app = txn->app_id.ptr[4] - '0';

    if (txn->version != m->apps[app] + 1)
        sim_fail(m->world, "version %lld: app-%d goes from %lld to %lld", (long long)c->version,
                 app, (long long)m->apps[app], (long long)txn->version);
    m->apps[app] = txn->version;
}

static unsigned columns_of(const model *m, const char *schema)
{
    unsigned found = 0;

    for (unsigned i = 0; i < SIM_COLUMNS; i++) {
        char name[16];
        const char *at;
        (void)snprintf(name, sizeof(name), "\"c%u\"", i);
        at = strstr(schema, name);
        if (at == NULL)
            continue;
        found |= 1u << i;
        if (strstr(at + 1, name) != NULL)
            sim_fail(m->world, "column c%u is there twice", i);
    }
    return found;
}

static void set_metadata(model *m, const dwi_metadata *metadata, const commit *c)
{
    unsigned columns = columns_of(m, metadata->schema_string.ptr);

    if ((m->columns & ~columns) != 0)
        sim_fail(m->world, "version %lld: columns %x became %x", (long long)c->version, m->columns,
                 columns);
    m->columns = columns;
    m->counter = 0;
    for (size_t i = 0; i < metadata->configuration.count; i++)
        if (dwi_sv_eq_cstr(metadata->configuration.items[i].key, "counter"))
            m->counter = atoll(metadata->configuration.items[i].value.ptr);
}

static void check_data_change(const model *m, bool data_change, commit *c)
{
    if (c->data_change >= 0 && c->data_change != data_change)
        sim_fail(m->world, "version %lld mixes dataChange", (long long)c->version);
    c->data_change = data_change;
}

static void replay(model *m, const dwi_action *action, commit *c)
{
    if (action->kind == DWI_ACTION_ADD) {
        check_data_change(m, action->u.add.data_change, c);
        add_file(m, &action->u.add, c);
    } else if (action->kind == DWI_ACTION_REMOVE) {
        check_data_change(m, action->u.remove.data_change, c);
        remove_file(m, &action->u.remove, c);
    } else if (action->kind == DWI_ACTION_TXN) {
        step_app(m, &action->u.txn, c);
    } else if (action->kind == DWI_ACTION_METADATA) {
        set_metadata(m, &action->u.metadata, c);
    }
}

/* Files that an operation which reads the table has to have seen: all, but under WriteSerializable
 * not those of blind appends since. */
static int files_to_see(const model *m, const sim_op *op, const commit *c)
{
    int n = 0;

    for (int i = 0; i < m->n_files; i++)
        if (op != NULL && op->kind == SIM_DROP && m->files[i].partition != op->partition)
            continue;
        else if (m->serializable || !m->files[i].blind || m->files[i].born <= c->read_version)
            n++;
    return n;
}

/* Each operation did what it was to do on the state before it. */
static bool is_right(const model *m, const sim_op *op, const commit *c)
{
    bool counter_kept = m->counter == c->counter_before;

    switch (op->kind) {
    case SIM_APPEND:
        return c->removes == 0 && c->rows_added == op->rows && c->blind == 1 &&
               (op->columns & ~m->columns) == 0 && counter_kept;
    case SIM_OPTIMIZE:
        return c->removes > 0 && c->adds == 1 && c->rows_added == c->rows_removed &&
               c->blind == 0 && c->data_change == 0 && counter_kept;
    case SIM_DELETE:
        return c->removes == 1 && c->adds == 0 && c->blind == 0 && c->data_change == 1;
    case SIM_OVERWRITE:
        return c->removes == c->unseen && c->adds == 1 && c->blind == 0 && counter_kept;
    case SIM_COUNT:
        return c->removes == 0 && c->rows_added == c->unseen + 1 && c->blind == 0;
    case SIM_DROP:
        return c->removes == c->unseen && c->adds == 0 && c->blind == 0;
    case SIM_PROPERTY:
        return c->removes == 0 && c->rows_added == op->rows && m->counter == c->counter_before + 1;
    case SIM_N_KINDS:
        break;
    }
    return false;
}

static void check_commit(model *m, const dwi_commit *parsed, const char *text)
{
    commit c = {.version = parsed->version, .op = -1, .data_change = -1};
    const char *at = strstr(text, "\"userMetadata\":\"o");

    c.op = at == NULL ? -1 : atoi(at + strlen("\"userMetadata\":\"o"));
    c.read_version = number_after(text, "\"readVersion\":", -1);
    c.counter_before = m->counter;
    for (size_t i = 0; i < parsed->n_actions; i++)
        if (parsed->actions[i].kind == DWI_ACTION_COMMIT_INFO)
            c.blind = parsed->actions[i].u.commit_info.is_blind_append;
    c.files_before = m->n_files;
    c.unseen = files_to_see(m, c.op >= 0 && c.op < m->n_ops ? &m->ops[c.op] : NULL, &c);
    for (size_t i = 0; i < parsed->n_actions; i++) /* in one commit a path is removed, then added */
        if (parsed->actions[i].kind == DWI_ACTION_REMOVE)
            replay(m, &parsed->actions[i], &c);
    for (size_t i = 0; i < parsed->n_actions; i++)
        if (parsed->actions[i].kind != DWI_ACTION_REMOVE)
            replay(m, &parsed->actions[i], &c);
    m->sums->commits++;
    m->totals[c.version] = (total){.files = m->n_files, .bytes = m->bytes};
    memcpy(m->totals[c.version].apps, m->apps, sizeof(m->apps));
    if (c.op < 0)
        return;
    if (c.op >= m->n_ops || !is_right(m, &m->ops[c.op], &c))
        sim_fail(m->world,
                 "version %lld, operation %d of kind %d: %d adds with %lld rows (told %lld), %d "
                 "removes with %lld, %d files before, %d to see, columns %x of %x, counter %lld "
                 "after %lld",
                 (long long)c.version, c.op, c.op < m->n_ops ? (int)m->ops[c.op].kind : -1, c.adds,
                 (long long)c.rows_added, c.op < m->n_ops ? (long long)m->ops[c.op].rows : -1LL,
                 c.removes, (long long)c.rows_removed, c.files_before, c.unseen, m->columns,
                 m->ops[c.op].columns, (long long)m->counter, (long long)c.counter_before);
    m->count[c.op]++;
    m->sums->kinds[m->ops[c.op].kind]++;
    if (c.read_version < c.version - 1)
        m->sums->rebased++;
}

static void replay_log(model *m)
{
    dw_error err = DW_ERROR_INIT;
    sim *s = m->world;

    for (int64_t version = 0; version < s->n_commits; version++) {
        const char *line = s->commits[version].text;
        dwi_action *actions;
        dwi_commit parsed = {.version = version};
        size_t n_lines = 0;
        dwi_arena arena;
        for (const char *p = line; *p != '\0'; p++)
            n_lines += *p == '\n';
        dwi_arena_init(&arena, dwi_alloc_default());
        actions = dwi_arena_array(&arena, n_lines + 1, sizeof(*actions));
        while (*line != '\0') {
            size_t len = strcspn(line, "\n");
            if (dwi_action_parse(&arena, (dwi_sv){line, len}, "commit", &actions[parsed.n_actions],
                                 &err) != DW_OK)
                sim_fail(s, "version %lld: %s", (long long)version, err.message);
            parsed.n_actions++;
            line += len + (line[len] == '\n');
        }
        parsed.actions = actions;
        check_commit(m, &parsed, s->commits[version].text);
        dwi_arena_done(&arena);
    }
}

static void check_told(model *m)
{
    for (int i = 0; i < m->n_ops; i++) {
        const sim_op *op = &m->ops[i];
        bool empty = op->kind == SIM_APPEND && !op->something;
        m->sums->told[op->told]++;
        if (m->count[i] > 1 || (op->told == SIM_NO && m->count[i] != 0) ||
            (op->told == SIM_YES && m->count[i] != 1 && !empty))
            sim_fail(m->world, "operation %d of kind %d was told %d and is there %d times", i,
                     (int)op->kind, (int)op->told, m->count[i]);
    }
}

typedef struct file_sum {
    const model *m;
    int64_t files;
    int64_t rows;
} file_sum;

static dw_status see_file(void *ctx, const dw_file *f, dw_error *err)
{
    file_sum *sum = ctx;
    dw_object object;
    char key[256];

    (void)err;
    (void)snprintf(key, sizeof(key), "t/%s", f->path);
    if (strstr(f->path, "%") != NULL || strlen(f->path) >= sizeof(key) - 2)
        sim_fail(sum->m->world, "%s: a name that this test does not expect", f->path);
    if (strncmp(f->path, "made-by-", 8) != 0 &&
        dwi_store_head(sum->m->world->memory, key, &object, NULL) != DW_OK)
        sim_fail(sum->m->world, "%s is in the table and not in the store", f->path);
    if (find_file(sum->m, dwi_sv_cstr(f->path)) < 0)
        sim_fail(sum->m->world, "the snapshot has %s, the model has not", f->path);
    sum->files++;
    sum->rows += f->num_records;
    return DW_OK;
}

/* A fresh reader, by whatever checkpoints and commits are left, sees what the model has. */
static void check_snapshot(model *m)
{
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_snapshot *snapshot = NULL;
    dw_table *table = NULL;
    file_sum sum = {.m = m};

    if (dw_table_open(m->world->memory, "t", &options, &table, &err) != DW_OK ||
        dw_snapshot_open(table, -1, &snapshot, &err) != DW_OK ||
        dw_snapshot_get_info(snapshot, &info, &err) != DW_OK ||
        dw_snapshot_files(snapshot, see_file, &sum, &err) != DW_OK)
        sim_fail(m->world, "the table cannot be read: %s", err.message);
    if (info.version != m->world->n_commits - 1 || sum.files != m->n_files || sum.rows != m->rows ||
        columns_of(m, info.schema_json) != m->columns)
        sim_fail(m->world,
                 "the snapshot has version %lld of %lld, %lld files of %d, %lld rows of %lld",
                 (long long)info.version, (long long)m->world->n_commits - 1, (long long)sum.files,
                 m->n_files, (long long)sum.rows, (long long)m->rows);
    for (int i = 0; i < SIM_APPS; i++) {
        char app[16];
        int64_t at = -1;
        (void)snprintf(app, sizeof(app), "app-%d", i);
        if (dw_table_app_version(table, app, &at, &err) == DW_E_NOT_FOUND)
            at = -1;
        if (at != m->apps[i])
            sim_fail(m->world, "%s is at %lld, not %lld", app, (long long)at,
                     (long long)m->apps[i]);
    }
    dw_snapshot_close(snapshot);
    dw_table_close(table);
}

static void check_checksum(model *m, const dwi_log *log, int64_t version)
{
    const total *want = &m->totals[version];
    dw_error err = DW_ERROR_INIT;
    dwi_crc crc;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, log->alloc);
    status = dwi_crc_read(log, version, &arena, &crc, &err);
    if (status != DW_OK && status != DW_E_NOT_FOUND)
        sim_fail(m->world, "the checksum file of version %lld: %s", (long long)version,
                 err.message);
    if (status == DW_OK) {
        m->sums->checksums++;
        if (crc.counts.files != want->files || crc.counts.bytes != want->bytes)
            sim_fail(m->world,
                     "the checksum file of version %lld has %lld files of %lld, %lld bytes of %lld",
                     (long long)version, (long long)crc.counts.files, (long long)want->files,
                     (long long)crc.counts.bytes, (long long)want->bytes);
        for (size_t i = 0; crc.has_txns && i < crc.n_txns; i++)
            if (crc.txns[i].version != want->apps[crc.txns[i].app_id.ptr[4] - '0'])
                sim_fail(m->world, "the checksum file of version %lld has %s at %lld",
                         (long long)version, crc.txns[i].app_id.ptr,
                         (long long)crc.txns[i].version);
    }
    dwi_arena_done(&arena);
}

static void check_checksums(model *m)
{
    dw_error err = DW_ERROR_INIT;
    dwi_log log;

    DWT_OK(dwi_log_init(&log, m->world->memory, "t", dwi_alloc_default(), (dwi_logger){0}, &err),
           &err);
    for (int64_t version = 0; version < m->world->n_commits; version++)
        check_checksum(m, &log, version);
    dwi_log_done(&log);
}

void sim_check(sim *s, const sim_op *ops, int n_ops, bool serializable, sim_sums *sums)
{
    model *m = calloc(1, sizeof(*m));

    if (m == NULL)
        abort();
    m->world = s;
    m->ops = ops;
    m->n_ops = n_ops;
    m->serializable = serializable;
    m->sums = sums;
    for (int i = 0; i < SIM_APPS; i++)
        m->apps[i] = -1;
    replay_log(m);
    check_told(m);
    check_snapshot(m);
    check_checksums(m);
    sums->requests += s->requests;
    sums->crashes += s->crashes;
    sums->cleaned += s->cleaned;
    sums->dead += s->dead;
    for (int i = 0; i < m->n_files; i++)
        free(m->files[i].path);
    free(m);
}
