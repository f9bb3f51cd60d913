/* SPDX-License-Identifier: Apache-2.0 */
/* JSON records into a transaction. */
#include "api/txn_impl.h"

/* Records of one call: an array of them, or the lines of a text. */
typedef struct records {
    const dw_bytes *items; /* NULL: lines of `text` */
    size_t count;
    dw_bytes text;
    size_t at;   /* byte of `text` */
    size_t next; /* index of the next record or line */
} records;

static bool next_line(records *r, dw_bytes *out, size_t *out_index)
{
    const char *text = r->text.data;

    while (r->at < r->text.len) {
        const char *start = text + r->at;
        const char *end = memchr(start, '\n', r->text.len - r->at);
        size_t len = end == NULL ? r->text.len - r->at : (size_t)(end - start);
        r->at += end == NULL ? len : len + 1;
        *out_index = r->next++;
        *out = (dw_bytes){start, len};
        while (len > 0 && strchr(" \t\r", start[len - 1]) != NULL && start[len - 1] != '\0')
            len--;
        if (len > 0)
            return true;
    }
    return false;
}

static bool next_record(records *r, dw_bytes *out, size_t *out_index)
{
    if (r->items == NULL)
        return next_line(r, out, out_index);
    if (r->next == r->count)
        return false;
    *out = r->items[r->next];
    *out_index = r->next++;
    return true;
}

/* Whom bad records go to. */
typedef struct rejecter {
    dw_reject_fn *fn; /* NULL: the first one ends the call */
    void *ctx;
} rejecter;

static dw_status reject(dw_txn *txn, rejecter to, const records *r, size_t index, dw_bytes record,
                        dw_error *why)
{
    dw_status status;

    if (to.fn == NULL)
        return r->items == NULL ? dwi_err_prefix(why, why->code, "line %zu", index + 1)
                                : dwi_err_prefix(why, why->code, "record %zu", index);
    txn->rejected_rows++;
    status = to.fn(to.ctx, index, record, why);
    if (status != DW_OK)
        why->code = status; /* the message stays that of the record */
    return status;
}

/* One record to one row that keeps to the table's rules, or to none. */
static dw_status decode(dw_txn *txn, dw_bytes record, dw_error *err)
{
    dwi_column *rows = dwi_json_decoder_rows(txn->decoder);
    dw_status status;

    DWI_TRY(dwi_json_decode(txn->decoder, record, err));
    status = dwi_row_rules_check_last(&txn->rules, rows, err);
    if (status != DW_OK)
        dwi_column_truncate(rows, rows->length - 1);
done:
    return status;
}

/* Without a function for bad records the call is all or nothing, so nothing is encoded before its
 * last record; with one, running out of memory loses count of what is staged. */
static dw_status append_records(dw_txn *txn, records *r, rejecter to, dw_error *err)
{
    dwi_column *rows = dwi_json_decoder_rows(txn->decoder);
    int64_t before = rows->length;
    dw_status status = DW_OK;
    size_t index;
    dw_bytes record;

    while (next_record(r, &record, &index)) {
        dw_error why = DW_ERROR_INIT;
        status = decode(txn, record, &why);
        if (status == DW_E_RECORD || status == DW_E_SCHEMA)
            status = reject(txn, to, r, index, record, &why);
        else if (status != DW_OK && to.fn != NULL)
            (void)dwi_txn_break(txn, status);
        if (status != DW_OK) {
            if (err != NULL)
                *err = why;
            if (to.fn == NULL)
                dwi_column_truncate(rows, before);
            goto done;
        }
        if (to.fn != NULL)
            DWI_TRY(dwi_txn_encode(txn, false, err));
    }
    DWI_TRY(dwi_txn_encode(txn, false, err));
done:
    return status;
}

dw_status dw_append_json(dw_txn *txn, const dw_bytes *items, size_t count, dw_reject_fn *on_reject,
                         void *ctx, dw_error *err)
{
    records r = {.items = items, .count = count};
    dw_status status;

    if (txn == NULL || (items == NULL && count > 0))
        return dwi_err(err, DW_E_ARG, "dw_append_json: txn or records is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    if (count > 0)
        DWI_TRY(append_records(txn, &r, (rejecter){on_reject, ctx}, err));
done:
    return status;
}

dw_status dw_append_ndjson(dw_txn *txn, dw_bytes text, dw_reject_fn *on_reject, void *ctx,
                           dw_error *err)
{
    records r = {.text = text};
    dw_status status;

    if (txn == NULL || (text.data == NULL && text.len > 0))
        return dwi_err(err, DW_E_ARG, "dw_append_ndjson: txn or text is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(append_records(txn, &r, (rejecter){on_reject, ctx}, err));
done:
    return status;
}
