/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of operation of ours against every kind of commit that can come before it: a commit by
 * one put that loses to the winner's. Each cell has a name, which a failure tells. */
#include "race_store.h"

#include "delta/commit.h"

#define V7                                                                                         \
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["            \
    "\"appendOnly\",\"invariants\",\"domainMetadata\"]}}\n"
#define V7_MORE(feature)                                                                           \
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["            \
    "\"appendOnly\",\"invariants\",\"domainMetadata\",\"" feature "\"]}}\n"
#define V7_LESS                                                                                    \
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["            \
    "\"appendOnly\",\"invariants\"]}}\n"
#define COLUMN(name, type, nullable)                                                               \
    "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":\\\"" type "\\\",\\\"nullable\\\":" nullable      \
    ",\\\"metadata\\\":{}}"
#define SCHEMA(columns)                                                                            \
    "{\"metaData\":{\"id\":\"the-id\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"       \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" columns                     \
    "]}\",\"partitionColumns\":[],\"configuration\":{}}}\n"
#define BLIND_INFO "{\"commitInfo\":{\"operation\":\"WRITE\",\"isBlindAppend\":true}}\n"
#define MERGE_INFO "{\"commitInfo\":{\"operation\":\"MERGE\",\"isBlindAppend\":false}}\n"
#define ADD(path, p, data_change)                                                                  \
    "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{\"p\":\"" p                              \
    "\"},\"size\":1,\"modificationTime\":1,\"dataChange\":" data_change "}}\n"
#define DV                                                                                         \
    "\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"ab^-aqEH.-t@S}K{vb[*k^\","     \
    "\"offset\":4,\"sizeInBytes\":40,\"cardinality\":6}"
#define REMOVE(path, p, more)                                                                      \
    "{\"remove\":{\"path\":\"" path "\",\"deletionTimestamp\":5,\"dataChange\":true,"              \
    "\"extendedFileMetadata\":true,\"partitionValues\":{\"p\":\"" p "\"},\"size\":1" more "}}\n"
#define SERIALIZABLE       METADATA_LINE
#define WRITE_SERIALIZABLE METADATA_WITH("\"delta.isolationLevel\":\"WriteSerializable\"")

typedef enum op_kind {
    APPEND,           /* one file, nothing read, an application id */
    APPEND_COLUMN,    /* the same with a new nullable column b */
    OPTIMIZE,         /* x becomes y, no row changes */
    DELETE_PARTITION, /* reads the rows of p=1, removes x */
    OVERWRITE,        /* reads the whole table, removes x, adds y */
    READ_FILE,        /* adds what it made of file x */
    PROPERTY,         /* a metaData of ours */
    UPGRADE,          /* a protocol of ours */
    DOMAIN            /* a metadata domain "own" of ours */
} op_kind;

typedef struct cell {
    const char *name;
    op_kind kind;
    const char *base; /* metaData of version 0, NULL: SERIALIZABLE */
    const char *winner;
    dw_status status;
    const char *text;
} cell;

static const cell blind_append[] = {
    {"append | adds with new rows", APPEND, NULL, ADD("z", "1", "true"), DW_OK, ""},
    {"append | adds of an optimize", APPEND, NULL, ADD("z", "1", "false"), DW_OK, ""},
    {"append | removes", APPEND, NULL, REMOVE("x", "1", ""), DW_OK, ""},
    {"append | a deletion vector", APPEND, NULL, REMOVE("x", "1", "") ADD("x", "1", "true"), DW_OK,
     ""},
    {"append | metaData: nullable column", APPEND, NULL,
     SCHEMA(COLUMN("a", "long", "true") "," COLUMN("c", "long", "true")), DW_OK, ""},
    {"append | metaData: NOT NULL column", APPEND, NULL,
     SCHEMA(COLUMN("a", "long", "true") "," COLUMN("c", "long", "false")), DW_E_CONFLICT,
     "column c"},
    {"append | metaData: a type", APPEND, NULL, SCHEMA(COLUMN("a", "string", "true")),
     DW_E_CONFLICT, "column a"},
    {"append | metaData: a property that binds nobody", APPEND, NULL,
     METADATA_WITH("\"delta.enableChangeDataFeed\":\"true\""), DW_OK, ""},
    {"append | protocol: a feature that asks for nothing", APPEND, NULL, V7_MORE("v2Checkpoint"),
     DW_OK, ""},
    {"append | protocol: a feature is dropped", APPEND, NULL, V7_LESS, DW_E_CONFLICT,
     "dropped the feature domainMetadata"},
    {"append | protocol: a feature that we lack", APPEND, NULL, V7_MORE("newThing"),
     DW_E_UNSUPPORTED, "newThing"},
    {"append | protocol: catalogManaged", APPEND, NULL, V7_MORE("catalogManaged"), DW_E_UNSUPPORTED,
     "catalogManaged"},
    {"append | txn of our application id, higher", APPEND, NULL, TXN_LINE("loader", 9), DW_E_FENCED,
     "loader"},
    {"append | txn of our application id, lower", APPEND, NULL, TXN_LINE("loader", 1), DW_E_FENCED,
     "loader"},
    {"append | txn of another application id", APPEND, NULL, TXN_LINE("other", 9), DW_OK, ""},
    {"append | a metadata domain", APPEND, NULL, DOMAIN_LINE("own", "1", false), DW_OK, ""},
    {"append | row ids", APPEND, NULL, DOMAIN_LINE("delta.rowTracking", "{}", false), DW_OK, ""},
    {"append, column | adds", APPEND_COLUMN, NULL, ADD("z", "1", "true"), DW_OK, ""},
    {"append, column | metaData: another column", APPEND_COLUMN, NULL,
     SCHEMA(COLUMN("a", "long", "true") "," COLUMN("c", "long", "true")), DW_OK, ""},
    {"append, column | metaData: the same column", APPEND_COLUMN, NULL,
     SCHEMA(COLUMN("a", "long", "true") "," COLUMN("b", "string", "true")), DW_OK, ""},
    {"append, column | metaData: the column with another type", APPEND_COLUMN, NULL,
     SCHEMA(COLUMN("a", "long", "true") "," COLUMN("b", "long", "true")), DW_E_CONFLICT,
     "the column b"},
};

static const cell rewrite[] = {
    {"optimize | adds with new rows", OPTIMIZE, NULL, BLIND_INFO ADD("z", "1", "true"), DW_OK, ""},
    {"optimize | adds of DML", OPTIMIZE, NULL, MERGE_INFO ADD("z", "1", "true"), DW_OK, ""},
    {"optimize | removes of other files", OPTIMIZE, NULL, REMOVE("z", "1", ""), DW_OK, ""},
    {"optimize | removes of its file", OPTIMIZE, NULL, REMOVE("x", "1", ""), DW_E_CONFLICT,
     "removed the file x"},
    {"optimize | removes of its file with a deletion vector", OPTIMIZE, NULL,
     REMOVE("x", "1", "," DV), DW_E_CONFLICT, "removed the file x"},
    {"optimize | its file gets a deletion vector", OPTIMIZE, NULL,
     "{\"add\":{\"path\":\"x\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"
     "\"dataChange\":true," DV "}}\n" REMOVE("x", "1", ""),
     DW_E_CONFLICT, "the file x"},
    {"optimize | removes of its file by another spelling", OPTIMIZE, NULL, REMOVE("%78", "1", ""),
     DW_E_CONFLICT, "removed the file %78"},
    {"optimize | metaData: nullable column", OPTIMIZE, NULL,
     SCHEMA(COLUMN("a", "long", "true") "," COLUMN("c", "long", "true")), DW_OK, ""},
    {"optimize | metaData: a type", OPTIMIZE, NULL, SCHEMA(COLUMN("a", "string", "true")),
     DW_E_CONFLICT, "column a"},
    {"optimize | metaData: rows are tracked", OPTIMIZE, NULL,
     METADATA_WITH("\"delta.enableRowTracking\":\"true\","
                   "\"delta.rowTracking.materializedRowIdColumnName\":\"i\","
                   "\"delta.rowTracking.materializedRowCommitVersionColumnName\":\"v\"")
         V7_MORE("rowTracking"),
     DW_E_CONFLICT, "switched row tracking on"},
    {"optimize | metaData: append only", OPTIMIZE, NULL,
     METADATA_WITH("\"delta.appendOnly\":\"true\""), DW_OK, ""},
    {"optimize | protocol: a feature that asks for nothing", OPTIMIZE, NULL,
     V7_MORE("v2Checkpoint"), DW_OK, ""},
    {"optimize | protocol: a feature is dropped", OPTIMIZE, NULL, V7_LESS, DW_E_CONFLICT,
     "dropped the feature"},
    {"optimize | txn", OPTIMIZE, NULL, TXN_LINE("loader", 9), DW_OK, ""},
    {"optimize | a metadata domain", OPTIMIZE, NULL, DOMAIN_LINE("own", "1", false), DW_OK, ""},
    {"read-dependent | adds to what was read", DELETE_PARTITION, NULL,
     BLIND_INFO ADD("z", "1", "true"), DW_E_CONFLICT, "should have read (z)"},
    {"read-dependent | adds elsewhere", DELETE_PARTITION, NULL, BLIND_INFO ADD("z", "2", "true"),
     DW_OK, ""},
    {"read-dependent | removes from what was read", DELETE_PARTITION, NULL, REMOVE("z", "1", ""),
     DW_E_CONFLICT, "removed rows that ours has read (z)"},
    {"read-dependent | removes elsewhere", DELETE_PARTITION, NULL, REMOVE("z", "2", ""), DW_OK, ""},
    {"read-dependent | removes without partition values", DELETE_PARTITION, NULL,
     "{\"remove\":{\"path\":\"z\",\"dataChange\":true}}\n", DW_E_CONFLICT, "removed rows"},
    {"read-dependent | metaData: schema", DELETE_PARTITION, NULL,
     SCHEMA(COLUMN("a", "long", "true") "," COLUMN("c", "long", "true")), DW_E_CONFLICT,
     "the schema of files that ours rewrites"},
    {"read-dependent | removes of its file", DELETE_PARTITION, NULL, REMOVE("x", "2", ""),
     DW_E_CONFLICT, "removed the file x"},
    {"read-dependent | metaData: append only", DELETE_PARTITION, NULL,
     METADATA_WITH("\"delta.appendOnly\":\"true\""), DW_E_UNSUPPORTED, "delta.appendOnly"},
    {"WriteSerializable | a blind append to what was read", DELETE_PARTITION, WRITE_SERIALIZABLE,
     BLIND_INFO ADD("z", "1", "true"), DW_OK, ""},
    {"WriteSerializable | adds of DML to what was read", DELETE_PARTITION, WRITE_SERIALIZABLE,
     MERGE_INFO ADD("z", "1", "true"), DW_E_CONFLICT, "should have read (z)"},
    {"WriteSerializable | adds that do not say whether they are blind", DELETE_PARTITION,
     WRITE_SERIALIZABLE, ADD("z", "1", "true"), DW_E_CONFLICT, "should have read (z)"},
    {"overwrite | adds anywhere", OVERWRITE, NULL, BLIND_INFO ADD("z", "2", "true"), DW_E_CONFLICT,
     "should have read (z)"},
    {"overwrite | removes anywhere", OVERWRITE, NULL, REMOVE("z", "2", ""), DW_E_CONFLICT,
     "removed rows that ours has read (z)"},
    {"overwrite | nothing", OVERWRITE, NULL, MERGE_INFO, DW_OK, ""},
    {"a file read | it is removed", READ_FILE, NULL, REMOVE("x", "1", ""), DW_E_CONFLICT,
     "removed the file x"},
    {"a file read | others are removed and added", READ_FILE, NULL,
     REMOVE("z", "1", "") ADD("w", "1", "true"), DW_OK, ""},
};

static const cell table_change[] = {
    {"property | adds", PROPERTY, NULL, ADD("z", "1", "true"), DW_OK, ""},
    {"property | removes", PROPERTY, NULL, REMOVE("x", "1", ""), DW_OK, ""},
    {"property | metaData", PROPERTY, NULL, METADATA_WITH("\"k\":\"2\""), DW_E_CONFLICT,
     "changed the table's metadata"},
    {"property | protocol", PROPERTY, NULL, V7_MORE("v2Checkpoint"), DW_E_CONFLICT,
     "changed the table's protocol"},
    {"property | txn", PROPERTY, NULL, TXN_LINE("loader", 9), DW_OK, ""},
    {"property | a metadata domain", PROPERTY, NULL, DOMAIN_LINE("own", "1", false), DW_OK, ""},
    {"protocol | adds", UPGRADE, NULL, ADD("z", "1", "true"), DW_OK, ""},
    {"protocol | metaData", UPGRADE, NULL, METADATA_WITH("\"k\":\"2\""), DW_E_CONFLICT,
     "changed the table's metadata"},
    {"protocol | protocol", UPGRADE, NULL, V7_MORE("checkpointProtection"), DW_E_CONFLICT,
     "changed the table's protocol"},
    {"domain | adds, metaData", DOMAIN, NULL, ADD("z", "1", "true") METADATA_WITH("\"k\":\"2\""),
     DW_OK, ""},
    {"domain | another domain", DOMAIN, NULL, DOMAIN_LINE("other", "1", false), DW_OK, ""},
    {"domain | the same domain", DOMAIN, NULL, DOMAIN_LINE("own", "1", false), DW_E_CONFLICT,
     "the metadata domain own"},
    {"domain | the same domain, removed", DOMAIN, NULL, DOMAIN_LINE("own", "1", true),
     DW_E_CONFLICT, "the metadata domain own"},
};

static bool in_partition_1(void *ctx, dwi_kvs partition_values)
{
    (void)ctx;
    return partition_values.count == 1 && dwi_sv_eq(partition_values.items[0].value, DWI_SV("1"));
}

/* All that an operation of ours can consist of, for the lifetime of one commit. */
typedef struct operation {
    dwi_add x;
    dwi_add y;
    dwi_remove remove;
    dwi_app_version app;
    dwi_type type;
    dwi_field column;
    dwi_metadata metadata;
    dwi_protocol protocol;
    dwi_kv property;
    dwi_sv features[4];
    dwi_sv path;
    dwi_domain_metadata domain;
    dwi_staged staged;
} operation;

static void stage_append(operation *o, bool column)
{
    o->staged.adds = &o->y;
    o->staged.n_adds = 1;
    o->app = (dwi_app_version){DWI_SV("loader"), 4, 5, false};
    o->staged.apps = &o->app;
    o->staged.n_apps = 1;
    o->type = (dwi_type){.kind = DWI_STRING};
    o->column = (dwi_field){DWI_SV("b"), &o->type, true, -1, DWI_SV("{}")};
    o->staged.columns = &o->column;
    o->staged.n_columns = column ? 1 : 0;
}

static void stage_table_change(operation *o, const dwi_state *base, op_kind kind)
{
    static const char *const features[] = {"appendOnly", "invariants", "domainMetadata",
                                           "v2Checkpoint"};

    if (kind == PROPERTY) {
        o->metadata = base->metadata;
        o->property = (dwi_kv){DWI_SV("k"), DWI_SV("1")};
        o->metadata.configuration = (dwi_kvs){1, &o->property};
        o->staged.metadata = &o->metadata;
    } else {
        for (size_t i = 0; i < 4; i++)
            o->features[i] = dwi_sv_cstr(features[i]);
        o->protocol = base->protocol;
        o->protocol.writer_features = (dwi_svs){4, o->features};
        o->staged.protocol = &o->protocol;
    }
}

static void stage(operation *o, const dwi_state *base, op_kind kind)
{
    memset(o, 0, sizeof(*o));
    o->x = (dwi_add){
        .path = DWI_SV("x"), .size = 100, .base_row_id = -1, .default_row_commit_version = -1};
    o->y = o->x;
    o->y.path = DWI_SV("y");
    dwi_remove_of(&o->x, &o->remove);
    o->staged.engine_info = "test";
    o->staged.read_version = base->version;
    if (kind == APPEND || kind == APPEND_COLUMN) {
        stage_append(o, kind == APPEND_COLUMN);
    } else if (kind == PROPERTY || kind == UPGRADE) {
        stage_table_change(o, base, kind);
    } else if (kind == DOMAIN) {
        o->domain = (dwi_domain_metadata){DWI_SV("own"), DWI_SV("mine"), false};
        o->staged.domains = &o->domain;
        o->staged.n_domains = 1;
    } else if (kind == READ_FILE) {
        o->path = o->x.path;
        o->staged.reads.files = (dwi_svs){1, &o->path};
        o->staged.adds = &o->y;
        o->staged.n_adds = 1;
    } else {
        o->staged.rearranges = kind == OPTIMIZE;
        o->staged.removes = &o->remove;
        o->staged.n_removes = 1;
        o->staged.adds = &o->y;
        o->staged.n_adds = kind == DELETE_PARTITION ? 0 : 1;
        o->staged.reads.kind = kind == OPTIMIZE           ? DWI_READ_NOTHING
                               : kind == DELETE_PARTITION ? DWI_READ_PARTITIONS
                                                          : DWI_READ_TABLE;
        o->staged.reads.matches = in_partition_1;
    }
}

static dwi_state *load(fixture *f)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, -1, &state, &f->err), &f->err);
    return state;
}

static void clear(fixture *f)
{
    for (int64_t v = 0; v < 8; v++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".json", v);
        (void)dwi_store_remove(f->store, key, NULL);
    }
}

static dwi_state *base_of(fixture *f, const cell *c)
{
    char text[2000];

    clear(f);
    (void)snprintf(text, sizeof(text), "%s%s%s%s", V7, c->base == NULL ? SERIALIZABLE : c->base,
                   ADD_LINE("x"), TXN_LINE("loader", 4));
    put_commit_text(f, 0, text);
    return load(f);
}

static void expect(fixture *f, const cell *c, const char *how, dw_status status)
{
    if (status != c->status || strstr(f->err.message, c->text) == NULL)
        fail_msg("%s (%s): %s %s", c->name, how, dw_status_name(status), f->err.message);
}

/* How the winner gets ahead of us: our first put loses to it; our handle knew it before the first
 * put; it was known to nobody until its reply was lost and the version looked up. */
typedef enum arrival { BY_RACE, KNOWN_BEFORE, AFTER_A_LOST_REPLY, N_ARRIVALS } arrival;
static const char *const how_names[] = {"by a race", "known before", "after a lost reply"};

static void check_cell(fixture *f, const cell *c, arrival how)
{
    const race_step by_race = {.winner = c->winner};
    const race_step lost = {.reply = RACE_DROP, .late_winner = c->winner};
    dwi_state *base = base_of(f, c);
    dwi_state *known = base;
    dwi_committed committed = {0};
    dwi_committer committer;
    dw_status status;
    operation o;
    race r;

    if (how == KNOWN_BEFORE) {
        put_commit_text(f, 1, c->winner);
        known = NULL;
        status = dwi_state_load(&f->log, -1, &known, &f->err);
        if (status != DW_OK && status == c->status) { /* such a table is not even opened */
            dwi_state_unref(base);
            return;
        }
        DWT_OK(status, &f->err);
    }
    race_start(&r, f, how == BY_RACE ? &by_race : &lost, how == KNOWN_BEFORE ? 0 : 1);
    dwi_committer_init(&committer, &f->log, base);
    stage(&o, base, c->kind);
    f->err = (dw_error)DW_ERROR_INIT;
    status = dwi_committer_run(&committer, &o.staged, known, 1000, &committed, &f->err);
    expect(f, c, how_names[how], status);
    if (status == DW_OK)
        DWT_EQ(committed.version, 2);
    assert_false(dwi_committer_is_open(&committer));
    dwi_state_unref(committed.state);
    dwi_committer_done(&committer);
    if (known != base)
        dwi_state_unref(known);
    dwi_state_unref(base);
    race_stop(f);
}

static void check_cells(fixture *f, const cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int how = BY_RACE; how < N_ARRIVALS; how++)
            check_cell(f, &cells[i], (arrival)how);
}

#define CHECK(cells) check_cells(*state, cells, sizeof(cells) / sizeof((cells)[0]))

static void a_blind_append_bears_every_change_of_files_and_those_that_leave_its_rows_right(
    void **state)
{
    CHECK(blind_append);
}

static void a_rewrite_bears_what_leaves_the_files_alone_that_it_read(void **state)
{
    CHECK(rewrite);
}

static void a_change_of_the_table_bears_files_and_no_other_change_of_the_table(void **state)
{
    CHECK(table_change);
}

/* Of an attempt whose reply was lost: it is a success, and not made twice. */
static void our_own_commit_among_the_winners_is_a_success_for_every_kind(void **state)
{
    fixture *f = *state;

    for (int kind = APPEND; kind <= DOMAIN; kind++) {
        const race_step steps[] = {{.reply = RACE_LOSE_REPLY}};
        const cell c = {.kind = (op_kind)kind};
        dwi_state *base = base_of(f, &c);
        dwi_committed committed = {0};
        dwi_committer committer;
        operation o;
        race r;
        race_start(&r, f, steps, 1);
        dwi_committer_init(&committer, &f->log, base);
        stage(&o, base, (op_kind)kind);
        DWT_OK(dwi_committer_run(&committer, &o.staged, base, 1000, &committed, &f->err), &f->err);
        DWT_EQ(committed.version, 1);
        DWT_EQ(r.puts, 1);
        dwi_state_unref(committed.state);
        dwi_committer_done(&committer);
        dwi_state_unref(base);
        race_stop(f);
    }
}

static void assert_text(fixture *f, int64_t version, const char *text, bool there)
{
    char key[64];
    dwi_buf buf;

    dwi_buf_init(&buf, &f->alloc.base);
    (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".json", version);
    DWT_OK(dwi_store_get(f->store, key, (dw_range)DW_RANGE_ALL, 1 << 20, &buf, &f->err), &f->err);
    if ((strstr(dwi_buf_cstr(&buf), text) != NULL) != there)
        fail_msg("%s in %s", text, dwi_buf_cstr(&buf));
    dwi_buf_done(&buf);
}

static void commit_says(fixture *f, op_kind kind, const char *base_metadata,
                        const char *const *texts, const char *not_there)
{
    const cell c = {.kind = kind, .base = base_metadata};
    dwi_state *base = base_of(f, &c);
    dwi_committed committed = {0};
    dwi_committer committer;
    operation o;

    dwi_committer_init(&committer, &f->log, base);
    stage(&o, base, kind);
    DWT_OK(dwi_committer_run(&committer, &o.staged, base, 1000, &committed, &f->err), &f->err);
    for (; *texts != NULL; texts++)
        assert_text(f, 1, *texts, true);
    assert_text(f, 1, not_there, false);
    dwi_state_unref(committed.state);
    dwi_committer_done(&committer);
    dwi_state_unref(base);
}

#define TEXTS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void a_commit_is_called_blind_when_nothing_was_read_or_removed(void **state)
{
    fixture *f = *state;

    commit_says(f, APPEND, NULL, TEXTS("\"isBlindAppend\":true"), "false");
    commit_says(f, APPEND_COLUMN, NULL, TEXTS("\"isBlindAppend\":true", "metaData"), "false");
    commit_says(f, PROPERTY, NULL, TEXTS("\"isBlindAppend\":true"), "false");
    commit_says(f, OPTIMIZE, NULL, TEXTS("\"isBlindAppend\":false"), "true,\"operation");
    commit_says(f, DELETE_PARTITION, NULL, TEXTS("\"isBlindAppend\":false"), "add");
    commit_says(f, READ_FILE, NULL, TEXTS("\"isBlindAppend\":false"), "remove");
}

static void the_isolation_level_is_the_tables_or_snapshot_for_what_changes_no_row(void **state)
{
    fixture *f = *state;

    commit_says(f, APPEND, NULL, TEXTS("\"isolationLevel\":\"Serializable\""), "Write");
    commit_says(f, APPEND, WRITE_SERIALIZABLE, TEXTS("\"isolationLevel\":\"WriteSerializable\""),
                "Snapshot");
    commit_says(f, OVERWRITE, WRITE_SERIALIZABLE, TEXTS("\"isolationLevel\":\"WriteSerializable\""),
                "Snapshot");
    commit_says(f, OPTIMIZE, WRITE_SERIALIZABLE, TEXTS("\"isolationLevel\":\"SnapshotIsolation\""),
                "Serializable");
}

static void a_commit_never_mixes_files_that_change_data_with_such_that_do_not(void **state)
{
    fixture *f = *state;

    commit_says(f, OPTIMIZE, NULL,
                TEXTS("{\"remove\":{\"path\":\"x\",\"deletionTimestamp\":1767225600000,"
                      "\"dataChange\":false,\"extendedFileMetadata\":true,\"partitionValues\":{},"
                      "\"size\":100}}\n{\"add\":{\"path\":\"y\","),
                "\"dataChange\":true");
    commit_says(f, OVERWRITE, NULL, TEXTS("\"dataChange\":true"), "\"dataChange\":false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(
            a_blind_append_bears_every_change_of_files_and_those_that_leave_its_rows_right),
        FIXTURE_TEST(a_rewrite_bears_what_leaves_the_files_alone_that_it_read),
        FIXTURE_TEST(a_change_of_the_table_bears_files_and_no_other_change_of_the_table),
        FIXTURE_TEST(our_own_commit_among_the_winners_is_a_success_for_every_kind),
        FIXTURE_TEST(a_commit_is_called_blind_when_nothing_was_read_or_removed),
        FIXTURE_TEST(the_isolation_level_is_the_tables_or_snapshot_for_what_changes_no_row),
        FIXTURE_TEST(a_commit_never_mixes_files_that_change_data_with_such_that_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
