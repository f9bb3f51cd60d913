/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/column_bloom.h"

#include "base/half.h"
#include "base/le.h"
#include "codec/xxhash64.h"

enum { LENGTH_BYTES = 4 };

/* Zeros of both signs are one value, which readers may look for in either form. */
static bool is_zero(const dwi_type *type, const uint8_t *value)
{
    switch (type->kind) {
    case DWI_FLOAT16:
        return dwi_half_to_double(dwi_le16(value)) == 0;
    case DWI_FLOAT:
        return dwi_le32(value) << 1 == 0;
    case DWI_DOUBLE:
        return dwi_le64(value) << 1 == 0;
    default:
        return false;
    }
}

static void add_zeros(dwi_bloom *bloom, size_t width)
{
    uint8_t zero[8] = {0};

    dwi_bloom_add(bloom, dwi_xxhash64(0, zero, width));
    zero[width - 1] = 0x80;
    dwi_bloom_add(bloom, dwi_xxhash64(0, zero, width));
}

/* `count` values as PLAIN has them. */
static void add_values(dwi_pqw_column *column, const uint8_t *data, size_t width, size_t count)
{
    bool zeros = dwi_bounds_has_nan(column->leaf->type);

    for (size_t i = 0; i < count; i++) {
        size_t len = width;
        if (width == 0) {
            len = dwi_le32(data);
            data += LENGTH_BYTES;
        }
        if (zeros && is_zero(column->leaf->type, data))
            add_zeros(&column->bloom, width);
        else
            dwi_bloom_add(&column->bloom, dwi_xxhash64(0, data, len));
        data += len;
    }
}

/* A filter for `ndv` values; 0: of the largest size, until the values have shown their number. */
static dw_status start(dwi_pqw_column *column, int64_t ndv, dw_error *err)
{
    const dwi_pqw_leaf_options *options = column->options;
    size_t n_bytes = options->bloom_max_bytes;

    if (column->bloom.bits != NULL)
        return DW_OK;
    if (ndv > 0)
        n_bytes = dwi_bloom_size((double)ndv, options->bloom_fpp, n_bytes);
    return dwi_bloom_init(&column->bloom, n_bytes, column->shared->alloc, err);
}

dw_status dwi_column_bloom_add_page(dwi_pqw_column *column, const dwi_plain_values *values,
                                    dw_error *err)
{
    dw_status status = DW_OK;

    if (!column->options->bloom_filter)
        return DW_OK;
    DWI_TRY(start(column, column->options->bloom_ndv, err));
    add_values(column, values->data, values->width, values->count);
done:
    return status;
}

dw_status dwi_column_bloom_close(dwi_pqw_column *column, dw_error *err)
{
    const dwi_pqw_leaf_options *options = column->options;
    const dwi_dict *dict = &column->dict;
    int64_t ndv = options->bloom_ndv > 0 ? options->bloom_ndv : (int64_t)dict->count;
    dw_status status = DW_OK;

    if (!options->bloom_filter)
        return DW_OK;
    DWI_TRY(start(column, ndv > 0 ? ndv : 1, err)); /* all null: a small one that has nothing */
    add_values(column, dict->page.data, dict->width, dict->count);
    if (options->bloom_ndv == 0)
        dwi_bloom_fold(&column->bloom, dwi_bloom_size(dwi_bloom_distinct(&column->bloom),
                                                      options->bloom_fpp, column->bloom.n_bytes));
done:
    return status;
}
