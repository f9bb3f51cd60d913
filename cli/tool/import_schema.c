/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of a table that an import makes. */
#include "tool/import.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* Schema by first sight of the records in one chunk, as the library itself infers it: the chunk is
 * appended to a table in memory. Bad records are passed over here; the import itself tells them. */
static dw_status ignore_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    (void)ctx;
    (void)index;
    (void)record;
    (void)error;
    return DW_OK;
}

static void free_empty(struct ArrowArray *array);

static void release_nothing(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++)
        free_empty(array->children[i]);
    if (array->dictionary != NULL)
        free_empty(array->dictionary);
    free((void *)array->children);
    free((void *)array->buffers);
    array->release = NULL;
}

static void free_empty(struct ArrowArray *array)
{
    array->release(array);
    free(array);
}

/* Buffers that an array of this format has: "+s" its validity, "u" three, and so on. */
static int64_t buffer_count(const char *format)
{
    if (strcmp(format, "n") == 0 || strcmp(format, "+r") == 0)
        return 0;
    if (strcmp(format, "+s") == 0 || strncmp(format, "+w", 2) == 0)
        return 1;
    return strchr("uUzZv", format[0]) != NULL || strncmp(format, "+v", 2) == 0 ? 3 : 2;
}

/* An array without rows. */
static void empty_array(const struct ArrowSchema *schema, struct ArrowArray *out)
{
    *out = (struct ArrowArray){.n_buffers = buffer_count(schema->format),
                               .n_children = schema->n_children,
                               .release = release_nothing};
    out->buffers = need_alloc((size_t)out->n_buffers + 1, sizeof(*out->buffers));
    out->children = need_alloc((size_t)out->n_children + 1, sizeof(*out->children));
    for (int64_t i = 0; i < out->n_children; i++) {
        out->children[i] = need_alloc(1, sizeof(**out->children));
        empty_array(schema->children[i], out->children[i]);
    }
    if (schema->dictionary != NULL) {
        out->dictionary = need_alloc(1, sizeof(*out->dictionary));
        empty_array(schema->dictionary, out->dictionary);
    }
}

static dw_status append_no_rows(dw_txn *txn, const struct ArrowSchema *columns, dw_error *err)
{
    struct ArrowArray none;
    dw_status status;

    empty_array(columns, &none);
    status = dw_append(txn, &none, columns, err);
    if (none.release != NULL)
        none.release(&none);
    return status;
}

static dw_status append_sample(dw_txn *txn, const struct sample *sample, dw_error *err)
{
    if (sample->rows != NULL)
        return dw_append_stream(txn, sample->rows, err);
    if (sample->columns != NULL)
        return append_no_rows(txn, sample->columns, err);
    return dw_append_ndjson(txn, (dw_bytes){sample->lines->text, sample->lines->len}, ignore_reject,
                            NULL, err);
}

/* By a table in memory to which the sample is appended; it may have columns of any type, and the
 * table that is made from its schema gets the features that they need. */
int import_infer_schema(const struct sample *sample, struct textbuf *out_schema)
{
    static const dw_property any_type = {"delta.feature.timestampNtz", "supported"};
    dw_store *store = NULL;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_snapshot *snapshot = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_txn_options add = DW_TXN_OPTIONS_INIT;
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    int code = -1;

    if (sample->schema_json != NULL) {
        textbuf_puts(out_schema, sample->schema_json);
        return -1;
    }
    create.schema_json = "{\"type\":\"struct\",\"fields\":[]}";
    create.properties = &any_type;
    create.n_properties = 1;
    add.flags = DW_TXN_ADD_COLUMNS;
    if (dw_store_open_memory(NULL, &store, &err) != DW_OK ||
        dw_table_create(store, "", &create, NULL, &table, &err) != DW_OK ||
        dw_begin(table, &add, &txn, &err) != DW_OK || append_sample(txn, sample, &err) != DW_OK ||
        dw_commit(txn, NULL, &err) != DW_OK ||
        dw_snapshot_open(table, -1, &snapshot, &err) != DW_OK ||
        dw_snapshot_get_info(snapshot, &info, &err) != DW_OK)
        code = fail_with(&err);
    else
        textbuf_puts(out_schema, info.schema_json);
    dw_snapshot_close(snapshot);
    dw_txn_close(txn);
    dw_table_close(table);
    dw_store_unref(store);
    return code;
}
