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

enum { BATCH_ROWS = 1000, MAX_BATCHES = 50 };

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

static dw_status read_all(dwi_parquet_reader *reader, dwi_arena *arena, dw_error *err)
{
    const dwi_type *type = dwi_parquet_reader_type(reader);
    dwi_column batch = {0};
    dw_status status = dwi_parquet_reader_project(reader, NULL, err);

    if (status == DW_E_UNSUPPORTED)
        status = project_supported(arena, reader, &type, err);
    if (status != DW_OK)
        return status;
    for (size_t i = 0; i < dwi_parquet_reader_row_groups(reader); i++)
        (void)dwi_parquet_reader_all_null(reader, i, DWI_SV("txn.appId"));
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
    dwi_arena_done(&arena);
    return 0;
}
