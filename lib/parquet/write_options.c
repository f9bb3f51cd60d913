/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/write_options.h"

#include "codec/codec.h"
#include "parquet/bloom_block.h"
#include "parquet/bloom_filter.h"

enum {
    DEFAULT_DICTIONARY_BYTES = 1 << 20,
    MAX_DICTIONARY_BYTES = 1 << 28, /* one that stretches (column_writer.h) is below 2 GiB yet */
    DEFAULT_BLOOM_BYTES = 1 << 20
};
#define DEFAULT_BLOOM_FPP 0.01

const char *dwi_parquet_encoding_name(int encoding)
{
    static const char *const names[] = {
        [DWI_PARQUET_PLAIN] = "PLAIN",
        [DWI_PARQUET_PLAIN_DICTIONARY] = "PLAIN_DICTIONARY",
        [DWI_PARQUET_RLE] = "RLE",
        [DWI_PARQUET_BIT_PACKED] = "BIT_PACKED",
        [DWI_PARQUET_DELTA_BINARY_PACKED] = "DELTA_BINARY_PACKED",
        [DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY] = "DELTA_LENGTH_BYTE_ARRAY",
        [DWI_PARQUET_DELTA_BYTE_ARRAY] = "DELTA_BYTE_ARRAY",
        [DWI_PARQUET_RLE_DICTIONARY] = "RLE_DICTIONARY",
        [DWI_PARQUET_BYTE_STREAM_SPLIT] = "BYTE_STREAM_SPLIT",
    };

    if (encoding < 0 || (size_t)encoding >= sizeof(names) / sizeof(names[0]) ||
        names[encoding] == NULL)
        return "?";
    return names[encoding];
}

/* ---- which leaves a path means ---- */

/* Whether `path` leads to the leaf or to a group above it; *out_whole: to the leaf. */
static bool leads_to(const char *path, const dwi_pqw_leaf *leaf, bool *out_whole)
{
    *out_whole = false;
    for (size_t i = 0; i < leaf->n_path; i++) {
        dwi_sv part = leaf->path[i];
        if (strncmp(path, part.ptr, part.len) != 0)
            return false;
        path += part.len;
        if (*path == 0) {
            *out_whole = i + 1 == leaf->n_path;
            return true;
        }
        if (*path++ != '.')
            return false;
    }
    return false;
}

static dw_status check_path(const char *path, const dwi_pqw_schema *schema, dw_error *err)
{
    bool whole;

    for (size_t i = 0; path != NULL && i < schema->n_leaves; i++)
        if (leads_to(path, &schema->leaves[i], &whole))
            return DW_OK;
    return dwi_err(err, DW_E_ARG, "column %s: no such column in the file's schema",
                   path == NULL ? "(null)" : path);
}

/* ---- one leaf ---- */

static bool fits(int encoding, dwi_parquet_physical physical)
{
    bool integer = physical == DWI_PARQUET_INT32 || physical == DWI_PARQUET_INT64;
    bool real = physical == DWI_PARQUET_FLOAT || physical == DWI_PARQUET_DOUBLE;
    bool fixed = physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY;

    switch (encoding) {
    case DWI_PARQUET_PLAIN:
        return true;
    case DWI_PARQUET_RLE:
        return physical == DWI_PARQUET_BOOLEAN;
    case DWI_PARQUET_DELTA_BINARY_PACKED:
        return integer;
    case DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return physical == DWI_PARQUET_BYTE_ARRAY;
    case DWI_PARQUET_DELTA_BYTE_ARRAY:
        return physical == DWI_PARQUET_BYTE_ARRAY || fixed;
    case DWI_PARQUET_BYTE_STREAM_SPLIT:
        return integer || real || fixed;
    default:
        return false;
    }
}

/* Where a big reader has nothing newer it stays PLAIN: Spark's vectorized one has no
 * BYTE_STREAM_SPLIT, DuckDB and Polars have nothing else for FIXED_LEN_BYTE_ARRAY. */
static dwi_parquet_encoding newer_encoding(const dwi_pqw_leaf *leaf)
{
    switch (leaf->physical) {
    case DWI_PARQUET_BOOLEAN:
        return DWI_PARQUET_RLE;
    case DWI_PARQUET_INT32:
    case DWI_PARQUET_INT64:
        return DWI_PARQUET_DELTA_BINARY_PACKED;
    case DWI_PARQUET_BYTE_ARRAY:
        return DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY;
    default:
        return DWI_PARQUET_PLAIN;
    }
}

static dwi_pqw_leaf_options usual(const dwi_parquet_write_options *opts, const dwi_pqw_leaf *leaf)
{
    return (dwi_pqw_leaf_options){
        .encoding = opts->newer_encodings ? newer_encoding(leaf) : DWI_PARQUET_PLAIN,
        .dictionary = opts->dictionary != DWI_PARQUET_OFF,
        .statistics = true,
        .bloom_filter = opts->bloom_filters && leaf->physical != DWI_PARQUET_BOOLEAN,
        .codec = opts->codec,
        .level = opts->level,
        .dictionary_bytes =
            opts->dictionary_bytes > 0
                ? (size_t)(opts->dictionary_bytes < MAX_DICTIONARY_BYTES ? opts->dictionary_bytes
                                                                         : MAX_DICTIONARY_BYTES)
                : DEFAULT_DICTIONARY_BYTES,
        .bloom_fpp = DEFAULT_BLOOM_FPP,
    };
}

static bool switched(int value, bool usually)
{
    return value == DWI_PARQUET_AS_USUAL ? usually : value == DWI_PARQUET_ON;
}

static dw_status lay_over(const dwi_parquet_column_options *c, const dwi_pqw_leaf *leaf, bool whole,
                          dwi_pqw_leaf_options *out, dw_error *err)
{
    if (c->encoding != DWI_PARQUET_CHOOSE_DEFAULT) {
        int encoding = c->encoding == DWI_PARQUET_CHOOSE_PLAIN ? DWI_PARQUET_PLAIN : c->encoding;
        if (encoding == DWI_PARQUET_RLE_DICTIONARY || !fits(encoding, leaf->physical))
            return dwi_err(err, DW_E_ARG, "column %s: encoding %s does not fit %s (%s)", c->path,
                           dwi_parquet_encoding_name(encoding),
                           dwi_type_kind_name(leaf->type->kind),
                           dwi_parquet_physical_name(leaf->physical));
        out->encoding = (dwi_parquet_encoding)encoding;
        out->dictionary = false;
    }
    if (whole && c->dictionary == DWI_PARQUET_ON && leaf->physical == DWI_PARQUET_BOOLEAN)
        return dwi_err(err, DW_E_ARG, "column %s: a dictionary does not fit boolean", c->path);
    if (whole && c->bloom_filter == DWI_PARQUET_ON && leaf->physical == DWI_PARQUET_BOOLEAN)
        return dwi_err(err, DW_E_ARG, "column %s: a Bloom filter does not fit boolean", c->path);
    out->dictionary = switched(c->dictionary, out->dictionary);
    out->statistics = switched(c->statistics, out->statistics);
    out->bloom_filter = switched(c->bloom_filter, out->bloom_filter);
    if (c->dictionary_bytes > 0)
        out->dictionary_bytes =
            (size_t)(c->dictionary_bytes < MAX_DICTIONARY_BYTES ? c->dictionary_bytes
                                                                : MAX_DICTIONARY_BYTES);
    if (c->has_codec) {
        out->codec = c->codec;
        out->level = c->level;
    }
    if (c->bloom_ndv != 0)
        out->bloom_ndv = c->bloom_ndv;
    if (c->bloom_fpp != 0)
        out->bloom_fpp = c->bloom_fpp;
    if (out->bloom_ndv < 0)
        return dwi_err(err, DW_E_ARG, "column %s: distinct values of a Bloom filter: %lld", c->path,
                       (long long)c->bloom_ndv);
    if (!(out->bloom_fpp > 0 && out->bloom_fpp < 1))
        return dwi_err(err, DW_E_ARG, "column %s: false-positive rate of a Bloom filter: %g",
                       c->path, c->bloom_fpp);
    return DW_OK;
}

/* Levels of a codec, 0 apart, which is its default. Those without levels take any. */
static bool level_fits(int codec, int level)
{
    switch (codec) {
    case DWI_CODEC_GZIP:
        return level >= 0 && level <= 9;
    case DWI_CODEC_BROTLI:
        return level >= 0 && level <= 11;
    case DWI_CODEC_ZSTD:
        return level >= -7 && level <= 22;
    default:
        return true;
    }
}

/* `path`: of the column it is for, NULL: of all. */
static dw_status check_codec(const char *path, int codec, int level, dw_error *err)
{
    const char *column = path == NULL ? "" : "column ";
    const char *name = path == NULL ? "" : path;
    const char *after = path == NULL ? "" : ": ";

    if (!dwi_codec_available(codec))
        return dwi_err(err, DW_E_UNSUPPORTED, "%s%s%scodec %s (%d): not built in for writing",
                       column, name, after, dwi_codec_name(codec), codec);
    if (!level_fits(codec, level))
        return dwi_err(err, DW_E_ARG, "%s%s%scodec %s: there is no level %d", column, name, after,
                       dwi_codec_name(codec), level);
    return DW_OK;
}

static size_t bloom_limit(int64_t asked, int64_t ndv)
{
    int64_t limit = asked > 0 ? asked : ndv > 0 ? DWI_BLOOM_MAX_BYTES : DEFAULT_BLOOM_BYTES;
    size_t n_bytes = DWI_BLOOM_BLOCK_BYTES;

    while (n_bytes < DWI_BLOOM_MAX_BYTES && (int64_t)n_bytes * 2 <= limit)
        n_bytes *= 2;
    return n_bytes;
}

dw_status dwi_pqw_options_resolve(dwi_arena *arena, const dwi_parquet_write_options *opts,
                                  const dwi_pqw_schema *schema, dwi_pqw_leaf_options **out,
                                  dw_error *err)
{
    dwi_pqw_leaf_options *leaves = dwi_arena_array(arena, schema->n_leaves, sizeof(*leaves));
    dw_status status = DW_OK;

    if (leaves == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(check_codec(NULL, opts->codec, opts->level, err));
    for (size_t i = 0; i < schema->n_leaves; i++)
        leaves[i] = usual(opts, &schema->leaves[i]);
    for (size_t c = 0; c < opts->n_columns; c++) {
        const dwi_parquet_column_options *column = &opts->columns[c];
        DWI_TRY(check_path(column->path, schema, err));
        if (column->has_codec)
            DWI_TRY(check_codec(column->path, column->codec, column->level, err));
        for (size_t i = 0; i < schema->n_leaves; i++) {
            bool whole;
            if (leads_to(column->path, &schema->leaves[i], &whole))
                DWI_TRY(lay_over(column, &schema->leaves[i], whole, &leaves[i], err));
        }
    }
    for (size_t i = 0; i < schema->n_leaves; i++) {
        bool boolean = schema->leaves[i].physical == DWI_PARQUET_BOOLEAN;
        leaves[i].dictionary = leaves[i].dictionary && !boolean;
        leaves[i].bloom_filter = leaves[i].bloom_filter && !boolean;
        leaves[i].bloom_max_bytes = bloom_limit(opts->bloom_max_bytes, leaves[i].bloom_ndv);
    }
    *out = leaves;
done:
    return status;
}

dw_status dwi_pqw_sorting_resolve(dwi_arena *arena, const dwi_parquet_write_options *opts,
                                  const dwi_pqw_schema *schema, dwi_pqw_sorting **out,
                                  dw_error *err)
{
    dwi_pqw_sorting *sorting = dwi_arena_array(arena, opts->n_sorting, sizeof(*sorting));

    if (sorting == NULL)
        return dwi_err_nomem(err);
    for (size_t s = 0; s < opts->n_sorting; s++) {
        const dwi_parquet_sorting_column *column = &opts->sorting[s];
        bool whole = false;
        for (size_t i = 0; !whole && column->path != NULL && i < schema->n_leaves; i++)
            if (leads_to(column->path, &schema->leaves[i], &whole) && whole)
                sorting[s] = (dwi_pqw_sorting){(int32_t)i, column->descending, column->nulls_first};
        if (!whole)
            return dwi_err(err, DW_E_ARG, "sorting column %s: no such leaf in the file's schema",
                           column->path == NULL ? "(null)" : column->path);
    }
    *out = sorting;
    return DW_OK;
}
