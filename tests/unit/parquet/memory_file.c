/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_file.h"

#include "base/alloc.h"
#include "base/le.h"

dw_status to_memory(void *ctx, const void *data, size_t len, dw_error *err)
{
    memory_file *file = ctx;

    if (file->fail_after >= 0 && (int64_t)(file->bytes.len + len) > file->fail_after)
        return dwi_err(err, DW_E_IO, "disk: full");
    dwi_buf_append(&file->bytes, data, len);
    return dwi_buf_status(&file->bytes, err);
}

void memory_file_init(memory_file *file)
{
    dwi_buf_init(&file->bytes, dwi_alloc_default());
    file->fail_after = -1;
}

dwi_parquet_writer *open_writer(const dwi_type *type, const dwi_parquet_write_options *opts,
                                memory_file *file)
{
    dwi_parquet_writer *w = NULL;
    dw_error err = DW_ERROR_INIT;

    memory_file_init(file);
    DWT_OK(dwi_parquet_writer_new(dwi_alloc_default(), type, opts,
                                  (dwi_parquet_sink){file, to_memory}, &w, &err),
           &err);
    return w;
}

void append(dwi_parquet_writer *w, const dwi_type *type, const dwi_vec *column)
{
    dwi_vec rows = {.type = type, .length = column->length, .n_children = 1, .children = column};
    dw_error err = DW_ERROR_INIT;

    DWT_OK(dwi_parquet_writer_append(w, &rows, &err), &err);
}

void finish(dwi_parquet_writer *w)
{
    dw_error err = DW_ERROR_INIT;

    DWT_OK(dwi_parquet_writer_finish(w, &err), &err);
}

void fill_random(int64_t *values, size_t n)
{
    uint64_t x = 1;

    for (size_t i = 0; i < n; i++)
        values[i] = (int64_t)(x = x * UINT64_C(6364136223846793005) + 1442695040888963407u);
}

dwi_thrift_type seek_field(dwi_tr *r, int16_t id)
{
    int16_t at;
    dwi_thrift_type type;

    while (dwi_tr_field(r, &at, &type)) {
        if (at == id)
            return type;
        dwi_tr_skip(r, type);
    }
    fail_msg("no field %d", id);
    return DWI_THRIFT_STOP;
}

void open_footer(const memory_file *file, dwi_tr *r)
{
    size_t len = dwi_le32(file->bytes.data + file->bytes.len - 8);

    dwi_tr_begin(r, file->bytes.data + file->bytes.len - 8 - len, len);
}

void open_chunk(const memory_file *file, size_t group, size_t column, dwi_tr *r)
{
    dwi_thrift_type element;

    open_footer(file, r);
    (void)dwi_tr_list(r, seek_field(r, 4), &element);
    for (size_t i = 0; i < group; i++)
        dwi_tr_skip(r, DWI_THRIFT_STRUCT);
    dwi_tr_struct_begin(r, DWI_THRIFT_STRUCT);
    (void)dwi_tr_list(r, seek_field(r, 1), &element);
    for (size_t i = 0; i < column; i++)
        dwi_tr_skip(r, DWI_THRIFT_STRUCT);
    dwi_tr_struct_begin(r, DWI_THRIFT_STRUCT);
}

size_t count_row_groups(const memory_file *file)
{
    dwi_thrift_type element;
    dwi_tr r;

    open_footer(file, &r);
    return dwi_tr_list(&r, seek_field(&r, 4), &element);
}
