/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow batches into a transaction. */
#include "api/txn_impl.h"

#include "api/arrow_stream.h"
#include "columns/arrow_import.h"

/* Batches of this many rows are encoded where they lie, smaller ones gathered. */
enum { STRAIGHT_ROWS = 8192 };

/* Columns of the batch that the transaction does not know yet become new ones. */
static dw_status adopt_columns(dw_txn *txn, const struct ArrowSchema *schema, dw_error *err)
{
    const dwi_type *known = dwi_json_decoder_type(txn->decoder);
    dwi_field *fresh;
    const dwi_type *type;
    dwi_arena arena;
    dw_status status;
    size_t n = 0;

    dwi_arena_init(&arena, txn->alloc);
    DWI_TRY(dwi_arrow_type(&arena, schema, &type, err));
    fresh = dwi_arena_array(&arena, type->n_fields, sizeof(*fresh));
    if (fresh == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_field *field = &type->fields[i];
        if (dwi_type_find(known, field->name) >= 0)
            continue;
        if (field->type->kind == DWI_VOID) {
            status = dwi_err(err, DW_E_SCHEMA, "column %.*s: a new column cannot be of type null",
                             DWI_SV_ARG(field->name));
            goto done;
        }
        DWI_TRY(dwi_table_agree_column(txn->table, field->name, field->type, &fresh[n], err));
        n++;
    }
    if (n > 0)
        DWI_TRY(dwi_txn_widen(txn, fresh, n, err));
done:
    dwi_arena_done(&arena);
    return status;
}

/* Once the batch is accepted its columns are used, also when they hold nothing but nulls. */
static dw_status use_columns(dw_txn *txn, const struct ArrowSchema *schema, dw_error *err)
{
    const dwi_type *type = dwi_json_decoder_type(txn->decoder);
    dw_status status = DW_OK;

    for (int64_t i = 0; i < schema->n_children; i++)
        DWI_TRY(dwi_txn_use_column(
            txn, (size_t)dwi_type_find(type, dwi_sv_cstr(schema->children[i]->name)), err));
done:
    return status;
}

/* The batch as rows of the transaction's columns; `filled` has what was made for it. */
static dw_status view_batch(dw_txn *txn, struct ArrowArray *batch, const struct ArrowSchema *schema,
                            dwi_arena *arena, dwi_column *filled, const dwi_vec **out,
                            dw_error *err)
{
    const dwi_type *type = dwi_json_decoder_type(txn->decoder);
    const dwi_type *relaxed;
    dw_status status;

    DWI_TRY(dwi_defaults_relax(&txn->defaults, schema, type, arena, &relaxed, err));
    DWI_TRY(dwi_arrow_view(arena, schema, batch, relaxed, out, err));
    if (relaxed != type)
        DWI_TRY(dwi_defaults_fill(&txn->defaults, schema, type, arena, out, filled, err));
done:
    return status;
}

/* Copies rows into the buffer, encoding it as it fills. The transaction is as before when the first
 * copy fails. */
static dw_status gather(dw_txn *txn, const dwi_vec *rows, dw_error *err)
{
    dwi_column *buffer = dwi_json_decoder_rows(txn->decoder);
    int64_t before = buffer->length;
    dw_status status = dwi_column_append_vec(buffer, rows, 0, rows->length, err);

    if (status != DW_OK)
        dwi_column_truncate(buffer, before);
    return status == DW_OK ? dwi_txn_encode(txn, false, err) : status;
}

dw_status dw_append(dw_txn *txn, struct ArrowArray *batch, const struct ArrowSchema *schema,
                    dw_error *err)
{
    dwi_column filled = {0};
    const dwi_vec *rows;
    dwi_arena arena = {0};
    dw_status status;

    if (txn == NULL || batch == NULL || schema == NULL)
        return dwi_err(err, DW_E_ARG, "dw_append: txn, batch or schema is NULL");
    if (batch->release == NULL || schema->release == NULL)
        return dwi_err(err, DW_E_ARG, "dw_append: batch or schema is released");
    DWI_TRY(dwi_txn_check_open(txn, err));
    dwi_arena_init(&arena, txn->alloc);
    if ((txn->flags & DW_TXN_ADD_COLUMNS) != 0)
        DWI_TRY(adopt_columns(txn, schema, err));
    DWI_TRY(view_batch(txn, batch, schema, &arena, &filled, &rows, err));
    DWI_TRY(dwi_row_rules_check(&txn->rules, rows, err));
    DWI_TRY(use_columns(txn, schema, err));
    if (rows->length >= STRAIGHT_ROWS)
        DWI_TRY(dwi_txn_encode_vec(txn, rows, err));
    else
        DWI_TRY(gather(txn, rows, err));
    batch->release(batch);
    batch->release = NULL; /* what a release callback does itself; not all do */
done:
    if (filled.type != NULL)
        dwi_column_done(&filled);
    dwi_arena_done(&arena);
    return status;
}

static dw_status append_one(void *ctx, const struct ArrowSchema *schema, struct ArrowArray *batch,
                            dw_error *err)
{
    return dw_append(ctx, batch, schema, err);
}

dw_status dw_append_stream(dw_txn *txn, struct ArrowArrayStream *stream, dw_error *err)
{
    dw_status status;

    if (txn == NULL || stream == NULL || stream->release == NULL)
        return dwi_err(err, DW_E_ARG, "dw_append_stream: txn or stream is NULL or released");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(dwi_stream_drain(stream, append_one, txn, err));
done:
    return status;
}
