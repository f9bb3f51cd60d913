/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/dict_judge.h"

#include <math.h>

#include "parquet/rle_encode.h"

/* How many distinct values there may be in all, when the first `n` drawn at random show `seen`: the
 * D for which D * (1 - exp(-n / D)) is `seen`. At most `most`. */
static double estimate_distinct(double n, double seen, double most)
{
    double low = seen;
    double high = most;

    for (int i = 0; i < 40 && high - low > 1; i++) {
        double middle = (low + high) / 2;
        if (middle * (1 - exp(-n / middle)) < seen)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* Each value of the open page is new, or that of the one before. */
static bool only_rises(const dwi_pqw_column *column)
{
    const uint32_t *indices = (const uint32_t *)(const void *)column->indices.data;
    size_t n = column->indices.len / sizeof(*indices);
    bool falls = false;

    for (size_t i = 1; i < n; i++)
        falls |= indices[i] < indices[i - 1];
    return !falls;
}

bool dwi_pqw_dict_of_runs(const dwi_pqw_column *column)
{
    return column->dict.width > 0 && column->options->codec != DWI_CODEC_UNCOMPRESSED &&
           column->rows >= column->shared->page_rows &&
           column->dict.count >= column->n_values / 16 && only_rises(column);
}

/* Numbers whose bytes nothing else makes less. */
static bool is_bare_numbers(const dwi_pqw_column *column)
{
    return column->dict.width > 0 && column->options->codec == DWI_CODEC_UNCOMPRESSED;
}

bool dwi_pqw_dict_promises(const dwi_pqw_column *column)
{
    const dwi_dict *dict = &column->dict;
    double entry = (double)dict->page.len / dict->count;
    double most = (double)column->options->dictionary_bytes / entry;

    if (is_bare_numbers(column))
        most *= DWI_PQW_DICT_STRETCH;
    return column->rows >= column->shared->page_rows && dict->count < column->n_values &&
           estimate_distinct((double)column->n_values, dict->count, 2 * most) < most;
}

/* Once there are as many values again, the dictionary that is to be expected has paid. */
static bool will_pay(const dwi_pqw_column *column)
{
    const dwi_dict *dict = &column->dict;
    double entry = (double)dict->width;
    double most = (double)(column->options->dictionary_bytes * DWI_PQW_DICT_STRETCH) / entry;
    double n = (double)(column->dict_plain_bytes + column->plain_bytes) / entry;
    double distinct = estimate_distinct(n, dict->count, 2 * most);
    double index_bytes = dwi_rle_width((uint64_t)distinct) / 8.0;

    return distinct < most && distinct * entry + 2 * n * index_bytes < 2 * n * entry;
}

bool dwi_pqw_dict_too_large(const dwi_pqw_column *column)
{
    size_t limit = column->options->dictionary_bytes;
    size_t size = column->dict.page.len;
    size_t plain = column->dict_plain_bytes + column->plain_bytes;
    size_t encoded = size + column->closed_bytes + column->indices.len / 2;

    if (size <= limit)
        return false;
    if (size / DWI_PQW_DICT_STRETCH > limit)
        return true;
    if (is_bare_numbers(column))
        return encoded > plain / 2 && (only_rises(column) || !will_pay(column));
    return column->dict.width > 0 || encoded > plain / 2;
}
