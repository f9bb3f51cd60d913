/* SPDX-License-Identifier: Apache-2.0 */
/* Append Arrow record batches to a table, made on the first run. The buffers here are static, so
 * releasing them frees nothing; a real producer frees what it allocated.
 *
 *   append TABLE-URI */
#include <stdio.h>

#include <deltawrite/deltawrite.h>

enum { ROWS = 3, COLUMNS = 3 };

static const char table_schema[] =
    "{\"type\":\"struct\",\"fields\":["
    "{\"name\":\"id\",\"type\":\"long\",\"nullable\":false,\"metadata\":{}},"
    "{\"name\":\"city\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"degrees\",\"type\":\"double\",\"nullable\":true,\"metadata\":{}}]}";

static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

/* A struct of columns: what Arrow calls a record batch. */
static void make_schema(struct ArrowSchema *batch, struct ArrowSchema columns[COLUMNS],
                        struct ArrowSchema *children[COLUMNS])
{
    static const char *const names[COLUMNS] = {"id", "city", "degrees"};
    static const char *const formats[COLUMNS] = {"l", "u", "g"}; /* int64, utf8, float64 */
    int i;

    for (i = 0; i < COLUMNS; i++) {
        struct ArrowSchema column = {0};
        column.format = formats[i];
        column.name = names[i];
        column.flags = i == 0 ? 0 : ARROW_FLAG_NULLABLE;
        column.release = release_schema;
        columns[i] = column;
        children[i] = &columns[i];
    }
    batch->format = "+s";
    batch->n_children = COLUMNS;
    batch->children = children;
    batch->release = release_schema;
}

static void make_batch(struct ArrowArray *batch, struct ArrowArray columns[COLUMNS],
                       struct ArrowArray *children[COLUMNS])
{
    static const int64_t ids[ROWS] = {1, 2, 3};
    static const int32_t city_ends[ROWS + 1] = {0, 6, 6, 12};
    static const char cities[] = "BerlinLondon";
    static const uint8_t city_there[1] = {5}; /* bits 0 and 2: the second city is null */
    static const double degrees[ROWS] = {21.5, -3.25, 19.0};
    static const void *id_buffers[2] = {NULL, ids}; /* no validity: nothing is null */
    static const void *city_buffers[3] = {city_there, city_ends, cities};
    static const void *degree_buffers[2] = {NULL, degrees};
    static const void *batch_buffers[1] = {NULL};
    const void **buffers[COLUMNS] = {id_buffers, city_buffers, degree_buffers};
    int i;

    for (i = 0; i < COLUMNS; i++) {
        struct ArrowArray column = {0};
        column.length = ROWS;
        column.null_count = i == 1 ? 1 : 0;
        column.n_buffers = i == 1 ? 3 : 2;
        column.buffers = buffers[i];
        column.release = release_array;
        columns[i] = column;
        children[i] = &columns[i];
    }
    batch->length = ROWS;
    batch->n_buffers = 1;
    batch->buffers = batch_buffers;
    batch->n_children = COLUMNS;
    batch->children = children;
    batch->release = release_array;
}

int main(int argc, char **argv)
{
    struct ArrowSchema schema = {0}, schema_columns[COLUMNS], *schema_children[COLUMNS];
    struct ArrowArray batch = {0}, columns[COLUMNS], *children[COLUMNS];
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    int64_t version = -1;
    dw_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: append TABLE-URI\n");
        return 2;
    }
    create.flags = DW_CREATE_IF_MISSING;
    create.schema_json = table_schema;
    make_schema(&schema, schema_columns, schema_children);
    make_batch(&batch, columns, children);
    status = dw_store_open_uri(argv[1], NULL, &store, &err);
    if (status == DW_OK)
        status = dw_table_create(store, "", &create, NULL, &table, &err);
    if (status == DW_OK)
        status = dw_begin(table, NULL, &txn, &err);
    if (status == DW_OK)
        status = dw_append(txn, &batch, &schema, &err); /* on success the batch is the library's */
    if (status == DW_OK)
        status = dw_commit(txn, &version, &err);
    if (status == DW_OK)
        printf("version %lld: %d rows\n", (long long)version, ROWS);
    else
        fprintf(stderr, "append: %s\n", err.message);
    dw_txn_close(txn);
    dw_table_close(table);
    dw_store_unref(store);
    return status == DW_OK ? 0 : 1;
}
