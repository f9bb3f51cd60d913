/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Parquet file: no crash, no leak, no hang, and every batch that is given has the
 * invariants of a column. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "check_column.h"
#include "parquet/parquet_reader.h"

enum { BATCH_ROWS = 1000, MAX_BATCHES = 50, MAX_COMPARISONS = 8, MAX_WIDTH = 16 };

typedef struct bytes {
    const uint8_t *data;
    size_t size;
} bytes;

static dw_status read_bytes(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    const bytes *file = ctx;

    (void)err;
    if (offset < 0 || (uint64_t)offset > file->size || len > file->size - (size_t)offset)
        abort(); /* the reader checks ranges itself */
    memcpy(out, file->data + offset, len);
    return DW_OK;
}

/* All columns that have a type of ours. */
static dw_status project_supported(dwi_arena *arena, dwi_parquet_reader *reader,
                                   const dwi_type **out, dw_error *err)
{
    const dwi_type *all = dwi_parquet_reader_type(reader);
    dwi_type *type = dwi_arena_zero(arena, sizeof(*type));
    dwi_field *fields = dwi_arena_array(arena, all->n_fields, sizeof(*fields));

    if (type == NULL || fields == NULL)
        return dwi_err_nomem(err);
    type->kind = DWI_STRUCT;
    type->fields = fields;
    for (size_t i = 0; i < all->n_fields; i++)
        if (all->fields[i].type->kind != DWI_VOID)
            fields[type->n_fields++] = all->fields[i];
    *out = type;
    return dwi_parquet_reader_project(reader, type, err);
}

static dw_status read_batches(dwi_parquet_reader *reader, const dwi_type *type, dw_error *err)
{
    dwi_column batch = {0};
    dw_status status;

    DWI_TRY(dwi_column_init(&batch, type, dwi_alloc_default(), err));
    for (int i = 0; i < MAX_BATCHES; i++) {
        const char *broken;
        DWI_TRY(dwi_parquet_reader_next(reader, BATCH_ROWS, &batch, err));
        broken = dwt_check_column(&batch);
        if (broken != NULL) {
            (void)fprintf(stderr, "broken column: %s\n", broken);
            abort();
        }
        if (batch.length == 0)
            break;
    }
done:
    dwi_column_done(&batch);
    return status;
}

static dw_status read_all(dwi_parquet_reader *reader, dwi_arena *arena, dw_error *err)
{
    const dwi_type *type = dwi_parquet_reader_type(reader);
    dw_status status = dwi_parquet_reader_project(reader, NULL, err);

    if (status == DW_E_UNSUPPORTED)
        status = project_supported(arena, reader, &type, err);
    if (status != DW_OK)
        return status;
    for (size_t i = 0; i < dwi_parquet_reader_row_groups(reader); i++)
        (void)dwi_parquet_reader_all_null(reader, i, DWI_SV("txn.appId"));
    return read_batches(reader, type, err);
}

/* Comparisons of the first columns, of every kind. */
static size_t compare_columns(const dwi_type *type, dwi_comparison *out)
{
    static const char zeros[MAX_WIDTH] = {0};
    static const dwi_sv values[2] = {{zeros, 0}, {"m", 1}};
    static const dwi_sv fixed[MAX_WIDTH + 1] = {
        [1] = {zeros, 1}, [2] = {zeros, 2}, [4] = {zeros, 4}, [8] = {zeros, 8}, [16] = {zeros, 16},
    };
    size_t n = 0;

    for (size_t i = 0; i < type->n_fields && n < MAX_COMPARISONS; i++) {
        const dwi_field *field = &type->fields[i];
        size_t width = field->type->kind == DWI_BOOLEAN ? 1 : dwi_type_width(field->type);
        dwi_compare_op op = (dwi_compare_op)(i % (DWI_COMPARE_IS_NOT_NULL + 1));
        bool text = dwi_type_is_bytes(field->type);
        if (field->type->n_fields > 0 || width > MAX_WIDTH || fixed[width].len != width ||
            (width == 0 && !text))
            continue;
        out[n++] = (dwi_comparison){field->name, field->type, op, text ? 2 : 1,
                                    text ? values : &fixed[width]};
    }
    return n;
}

/* A part of the rows, by range or filter, as natural types. */
static dw_status read_part(dwi_parquet_reader *reader, bool filter, dw_error *err)
{
    const dwi_type *type = dwi_parquet_reader_type(reader);
    int64_t rows = dwi_parquet_reader_rows(reader);
    dwi_comparison comparisons[MAX_COMPARISONS];
    size_t n = compare_columns(type, comparisons);
    dw_status status = DW_OK;

    if (!filter) {
        dwi_parquet_reader_select_rows(reader, rows / 3, rows / 3 + 1);
        return read_batches(reader, type, err);
    }
    status = dwi_parquet_reader_filter(reader, comparisons, n, err);
    return status == DW_OK ? read_batches(reader, type, err) : status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes file = {data, size};
    dwi_parquet_source source = {&file, (int64_t)size, "fuzz", read_bytes};
    dwi_parquet_reader *reader = NULL;
    dwi_arena arena;
    dw_error err;

    dwi_arena_init(&arena, dwi_alloc_default());
    if (dwi_parquet_reader_open(dwi_alloc_default(), source, &reader, &err) == DW_OK)
        (void)read_all(reader, &arena, &err);
    dwi_parquet_reader_free(reader);
    for (int filter = 0; filter < 2; filter++) {
        const dwi_parquet_read_options options = {.settle_int96 = filter == 1};
        reader = NULL;
        if (dwi_parquet_reader_open_with(dwi_alloc_default(), source, &options, &reader, &err) ==
            DW_OK)
            (void)read_part(reader, filter == 1, &err);
        dwi_parquet_reader_free(reader);
    }
    dwi_arena_done(&arena);
    return 0;
}
