/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"
#include "table_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_ops.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":["                                                            \
    "{\"name\":\"id\",\"type\":\"long\",\"nullable\":false,\"metadata\":{}},"                      \
    "{\"name\":\"name\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}"

typedef struct place {
    dwt_alloc alloc;
    dwt_env env;
    dw_store *store;
    dw_table *table;
    dw_txn *txn;
    dw_error err;
} place;

static int setup(void **state)
{
    static place p;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    memset(&p, 0, sizeof(p));
    dwt_alloc_init(&p.alloc);
    dwt_env_init(&p.env);
    if (dw_store_open_memory(NULL, &p.store, &p.err) != DW_OK)
        return 1;
    dwi_store_set_env(p.store, &p.env.base);
    create.schema_json = SCHEMA;
    options.allocator = &p.alloc.base;
    DWT_OK(dw_table_create(p.store, "t", &create, &options, &p.table, &p.err), &p.err);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_txn_close(p->txn);
    dw_table_close(p->table);
    dw_store_unref(p->store);
    dwt_alloc_done(&p->alloc);
    return 0;
}

static void begin(place *p, uint32_t flags)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;

    options.flags = flags;
    DWT_OK(dw_begin(p->table, &options, &p->txn, &p->err), &p->err);
}

/* A batch of ids first, first + 1, ... and, wanted or not, an int32 column of another name. */
typedef struct batch {
    struct ArrowSchema schema, columns_schema[2], *children_schema[2];
    struct ArrowArray array, columns[2], *children[2];
    int64_t *ids;
    int32_t *others;
    const void *id_buffers[2];
    const void *other_buffers[2];
    const void *no_buffers[1];
    int released;
} batch;

static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    batch *b = array->private_data;

    b->released++;
    free(b->ids);
    free(b->others);
    array->release = NULL;
}

static void release_child(struct ArrowArray *array)
{
    array->release = NULL;
}

static void make_batch(batch *b, int64_t first, int64_t rows, const char *other)
{
    size_t n = (size_t)rows;

    memset(b, 0, sizeof(*b));
    b->ids = malloc((n + 1) * sizeof(*b->ids));
    b->others = malloc((n + 1) * sizeof(*b->others));
    assert_non_null(b->ids);
    assert_non_null(b->others);
    for (int64_t i = 0; i < rows; i++) {
        b->ids[i] = first + i;
        b->others[i] = (int32_t)(first - i);
    }
    b->id_buffers[1] = b->ids;
    b->other_buffers[1] = b->others;
    b->columns_schema[0] =
        (struct ArrowSchema){.format = "l", .name = "id", .release = release_schema};
    b->columns_schema[1] = (struct ArrowSchema){
        .format = "i", .name = other, .flags = ARROW_FLAG_NULLABLE, .release = release_schema};
    b->columns[0] = (struct ArrowArray){
        .length = rows, .n_buffers = 2, .buffers = b->id_buffers, .release = release_child};
    b->columns[1] = (struct ArrowArray){
        .length = rows, .n_buffers = 2, .buffers = b->other_buffers, .release = release_child};
    for (int i = 0; i < 2; i++) {
        b->children_schema[i] = &b->columns_schema[i];
        b->children[i] = &b->columns[i];
    }
    b->schema = (struct ArrowSchema){.format = "+s",
                                     .n_children = other == NULL ? 1 : 2,
                                     .children = b->children_schema,
                                     .release = release_schema};
    b->array = (struct ArrowArray){.length = rows,
                                   .n_buffers = 1,
                                   .n_children = other == NULL ? 1 : 2,
                                   .buffers = b->no_buffers,
                                   .children = b->children,
                                   .release = release_array,
                                   .private_data = b};
}

static void drop_batch(batch *b)
{
    if (b->array.release != NULL)
        b->array.release(&b->array);
}

static void append(place *p, int64_t first, int64_t rows, const char *other)
{
    batch b;

    make_batch(&b, first, rows, other);
    DWT_OK(dw_append(p->txn, &b.array, &b.schema, &p->err), &p->err);
    assert_null(b.array.release);
    DWT_EQ(b.released, 1);
    assert_non_null(b.schema.release);
}

static dwt_audit audit(place *p)
{
    return dwt_table_audit(p->store, "t", NULL);
}

static void batches_small_and_large_are_one_commit(void **state)
{
    place *p = *state;

    begin(p, 0);
    append(p, 0, 3, NULL);
    append(p, 3, 0, NULL);
    append(p, 3, 20000, NULL);
    append(p, 20003, 5, NULL);
    DWT_OK(dw_commit(p->txn, NULL, &p->err), &p->err);
    DWT_EQ(audit(p).rows, 20008);
    DWT_EQ(audit(p).adds, 1);
}

static void a_batch_that_does_not_fit_stays_the_callers(void **state)
{
    place *p = *state;
    batch b;

    begin(p, 0);
    append(p, 0, 3, NULL);
    make_batch(&b, 0, 3, "unknown");
    DWT_ERR(dw_append(p->txn, &b.array, &b.schema, &p->err), &p->err, DW_E_SCHEMA, "unknown");
    assert_non_null(b.array.release);
    b.columns_schema[1].name = "name";
    DWT_ERR(dw_append(p->txn, &b.array, &b.schema, &p->err), &p->err, DW_E_SCHEMA, "name");
    b.columns[0].length = 2;
    b.schema.n_children = b.array.n_children = 1;
    DWT_ERR(dw_append(p->txn, &b.array, &b.schema, &p->err), &p->err, DW_E_CORRUPT, "");
    DWT_EQ(b.released, 0);
    drop_batch(&b);
    DWT_ERR(dw_append(p->txn, &b.array, &b.schema, &p->err), &p->err, DW_E_ARG, "released");
    DWT_OK(dw_commit(p->txn, NULL, &p->err), &p->err);
    DWT_EQ(audit(p).rows, 3);
    DWT_EQ(audit(p).metadata, 1);
}

static void a_column_that_is_not_nullable_must_be_there(void **state)
{
    place *p = *state;
    batch b;

    begin(p, 0);
    make_batch(&b, 0, 3, NULL);
    b.columns_schema[0].name = "other";
    DWT_ERR(dw_append(p->txn, &b.array, &b.schema, &p->err), &p->err, DW_E_SCHEMA, "");
    drop_batch(&b);
}

static void columns_of_a_batch_become_new_ones(void **state)
{
    place *p = *state;

    begin(p, DW_TXN_ADD_COLUMNS);
    append(p, 0, 3, "fresh");
    append(p, 3, 9000, "Other");
    append(p, 9003, 1, "ID2");
    DWT_OK(dw_append_ndjson(p->txn, (dw_bytes){"{\"id\":1,\"fresh\":7}", 18}, NULL, NULL, &p->err),
           &p->err);
    DWT_OK(dw_commit(p->txn, NULL, &p->err), &p->err);
    DWT_EQ(audit(p).rows, 9005);
    DWT_EQ(audit(p).metadata, 2);
    dw_txn_close(p->txn);
    begin(p, 0);
    append(p, 0, 3, "fresh");
    DWT_OK(dw_commit(p->txn, NULL, &p->err), &p->err);
    DWT_EQ(audit(p).rows, 9008);
}

static void a_refused_batch_adds_no_column(void **state)
{
    place *p = *state;
    batch b;

    begin(p, DW_TXN_ADD_COLUMNS);
    make_batch(&b, 0, 3, "fresh");
    b.columns[0].length = 1;
    DWT_ERR(dw_append(p->txn, &b.array, &b.schema, &p->err), &p->err, DW_E_CORRUPT, "");
    drop_batch(&b);
    make_batch(&b, 0, 3, "a b");
    DWT_ERR(dw_append(p->txn, &b.array, &b.schema, &p->err), &p->err, DW_E_SCHEMA, "a b");
    drop_batch(&b);
    append(p, 0, 3, NULL);
    DWT_OK(dw_commit(p->txn, NULL, &p->err), &p->err);
    DWT_EQ(audit(p).metadata, 1);
}

/* A stream of three batches, which may break before the third. */
typedef struct stream {
    batch batches[3];
    int next;
    int broken_at;
} stream;

static int get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    stream *s = self->private_data;

    *out = s->batches[0].schema;
    return 0;
}

static int get_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    stream *s = self->private_data;

    if (s->next == s->broken_at)
        return 5;
    if (s->next == 3) {
        memset(out, 0, sizeof(*out));
        return 0;
    }
    *out = s->batches[s->next].array;
    s->batches[s->next++].array.release = NULL; /* moved */
    return 0;
}

static const char *last_error(struct ArrowArrayStream *self)
{
    (void)self;
    return "the disk is gone";
}

static void release_stream(struct ArrowArrayStream *self)
{
    stream *s = self->private_data;

    for (int i = 0; i < 3; i++)
        drop_batch(&s->batches[i]);
    self->release = NULL;
}

static void open_stream(struct ArrowArrayStream *out, stream *s, int broken_at)
{
    memset(s, 0, sizeof(*s));
    for (int i = 0; i < 3; i++)
        make_batch(&s->batches[i], 10 * i, 10, NULL);
    s->broken_at = broken_at;
    *out = (struct ArrowArrayStream){get_schema, get_next, last_error, release_stream, s};
}

static void a_stream_is_drained_and_stays_the_callers(void **state)
{
    place *p = *state;
    struct ArrowArrayStream arrow;
    stream s;

    begin(p, 0);
    open_stream(&arrow, &s, -1);
    DWT_OK(dw_append_stream(p->txn, &arrow, &p->err), &p->err);
    assert_non_null(arrow.release);
    DWT_EQ(s.batches[0].released + s.batches[1].released + s.batches[2].released, 3);
    arrow.release(&arrow);
    DWT_EQ(dw_append_stream(p->txn, &arrow, NULL), DW_E_ARG);
    DWT_OK(dw_commit(p->txn, NULL, &p->err), &p->err);
    DWT_EQ(audit(p).rows, 30);
}

static void a_stream_that_breaks_says_why_and_keeps_what_came(void **state)
{
    place *p = *state;
    struct ArrowArrayStream arrow;
    stream s;

    begin(p, 0);
    open_stream(&arrow, &s, 2);
    DWT_ERR(dw_append_stream(p->txn, &arrow, &p->err), &p->err, DW_E_IO, "the disk is gone");
    DWT_EQ(p->err.sys, 5);
    arrow.release(&arrow);
    DWT_OK(dw_commit(p->txn, NULL, &p->err), &p->err);
    DWT_EQ(audit(p).rows, 20);
}

static dw_status append_with(const dw_allocator *alloc, void *ctx)
{
    place *p = ctx;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_txn_options txn_options = DW_TXN_OPTIONS_INIT;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_status status;
    batch small;
    batch large;

    options.allocator = alloc;
    txn_options.flags = DW_TXN_ADD_COLUMNS;
    make_batch(&small, 0, 3, "fresh");
    make_batch(&large, 3, 9000, NULL);
    status = dw_table_open(p->store, "t", &options, &table, &p->err);
    if (status == DW_OK)
        status = dw_begin(table, &txn_options, &txn, &p->err);
    if (status == DW_OK)
        status = dw_append(txn, &small.array, &small.schema, &p->err);
    if (status == DW_OK)
        status = dw_append(txn, &large.array, &large.schema, &p->err);
    if (status == DW_OK)
        status = dw_txn_flush(txn, &p->err);
    dw_txn_close(txn);
    dw_table_close(table);
    drop_batch(&small);
    drop_batch(&large);
    DWT_EQ(small.released, 1);
    DWT_EQ(large.released, 1);
    return status;
}

/* Not dwt_alloc_sweep(): closing may fail to name a file that it wants to remove, and say nothing.
 */
static void appending_fails_cleanly_at_every_allocation(void **state)
{
    int64_t calls = INT64_MAX;

    for (int64_t n = 0; n < calls; n++) {
        dwt_alloc alloc;
        dw_status status;
        dwt_alloc_init(&alloc);
        alloc.fail_at = n;
        status = append_with(&alloc.base, *state);
        if (status != DW_OK)
            DWT_EQ(status, DW_E_NOMEM);
        if (alloc.calls <= n)
            calls = alloc.calls;
        dwt_alloc_done(&alloc);
    }
    assert_true(calls > 50);
}

#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(batches_small_and_large_are_one_commit),
        PLACE_TEST(a_batch_that_does_not_fit_stays_the_callers),
        PLACE_TEST(a_column_that_is_not_nullable_must_be_there),
        PLACE_TEST(columns_of_a_batch_become_new_ones),
        PLACE_TEST(a_refused_batch_adds_no_column),
        PLACE_TEST(a_stream_is_drained_and_stays_the_callers),
        PLACE_TEST(a_stream_that_breaks_says_why_and_keeps_what_came),
        PLACE_TEST(appending_fails_cleanly_at_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
