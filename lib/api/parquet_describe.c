/* SPDX-License-Identifier: Apache-2.0 */

#include "api/parquet_describe.h"

#include "api/parquet_pages.h"
#include "api/parquet_value_text.h"
#include "base/utf8.h"
#include "codec/codec.h"
#include "parquet/write_options.h"
#include "json/json_writer.h"

static void kv_buf(dwi_jw *w, const char *key, dwi_buf *text)
{
    dwi_jw_kv_string(w, key, (dwi_sv){(const char *)text->data, text->len});
    dwi_buf_clear(text);
}

/* Text of files may be anything. */
static void kv_text(dwi_describe *d, const char *key, dwi_sv text)
{
    dwi_jw_key(&d->json, dwi_sv_cstr(key));
    if (text.ptr == NULL)
        dwi_jw_null(&d->json);
    else if (dwi_utf8_valid(text.ptr, text.len))
        dwi_jw_string(&d->json, text);
    else
        dwi_jw_string(&d->json, DWI_SV("(not UTF-8)"));
}

/* ---- the columns' paths ---- */

typedef struct path_walk {
    dwi_describe *d;
    dwi_arena *arena;
    size_t next; /* element */
    size_t leaf;
    bool nomem;
} path_walk;

/* `parent` ends with a dot, or is empty. */
static void walk_paths(path_walk *walk, dwi_sv parent)
{
    const dwi_footer_element *e = &walk->d->footer->elements[walk->next++];
    dwi_buf *text = &walk->d->scratch;
    dwi_sv path = {NULL, 0};

    dwi_buf_clear(text);
    dwi_buf_append(text, parent.ptr, parent.len);
    dwi_buf_append(text, e->name.ptr, e->name.len);
    if (e->physical < 0)
        dwi_buf_append_byte(text, '.');
    if (text->failed ||
        !dwi_arena_sv(walk->arena, (dwi_sv){(const char *)text->data, text->len}, &path)) {
        walk->nomem = true;
        return;
    }
    if (e->physical >= 0 && walk->leaf < walk->d->tree->n_leaves)
        walk->d->paths[walk->leaf++] = path;
    for (int32_t i = 0; e->physical < 0 && i < e->n_children && !walk->nomem &&
                        walk->next < walk->d->footer->n_elements;
         i++)
        walk_paths(walk, path);
}

dw_status dwi_describe_init(dwi_describe *d, const dw_parquet_reader *reader, dwi_arena *arena,
                            dw_error *err)
{
    path_walk walk = {.d = d, .arena = arena, .next = 1};
    const dwi_sv root = {"", 0};

    memset(d, 0, sizeof(*d));
    dwi_buf_init(&d->text, reader->alloc);
    dwi_buf_init(&d->scratch, reader->alloc);
    dwi_jw_init(&d->json, &d->text);
    d->footer = dwi_parquet_reader_footer(reader->core);
    d->tree = dwi_parquet_reader_tree(reader->core);
    d->paths = dwi_arena_array(arena, d->tree->n_leaves, sizeof(*d->paths));
    if (d->paths == NULL)
        return dwi_err_nomem(err);
    while (walk.next < d->footer->n_elements && !walk.nomem)
        walk_paths(&walk, root);
    dwi_buf_clear(&d->scratch);
    return walk.nomem ? dwi_err_nomem(err) : DW_OK;
}

void dwi_describe_done(dwi_describe *d)
{
    dwi_buf_done(&d->text);
    dwi_buf_done(&d->scratch);
}

/* ---- the footer ---- */

/* One SchemaElement and those below it; returns the index of the next one. */
static size_t element(dwi_describe *d, size_t i)
{
    const dwi_footer_element *e = &d->footer->elements[i];
    dwi_jw *w = &d->json;
    size_t next = i + 1;

    dwi_jw_object_begin(w);
    kv_text(d, "name", e->name);
    if (i > 0)
        dwi_jw_kv_cstr(w, "repetition", dwi_repetition_name(e->repetition));
    if (e->physical >= 0)
        dwi_jw_kv_cstr(w, "type", dwi_physical_name(e->physical));
    if (e->physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY)
        dwi_jw_kv_i64(w, "typeLength", e->type_length);
    dwi_append_annotation(&d->scratch, e);
    if (d->scratch.len > 0)
        kv_buf(w, "logicalType", &d->scratch);
    if (e->field_id >= 0)
        dwi_jw_kv_i64(w, "fieldId", e->field_id);
    if (e->physical < 0) {
        dwi_jw_key(w, DWI_SV("children"));
        dwi_jw_array_begin(w);
        for (int32_t c = 0; c < e->n_children && next < d->footer->n_elements; c++)
            next = element(d, next);
        dwi_jw_array_end(w);
    }
    dwi_jw_object_end(w);
    return next;
}

static void key_values(dwi_describe *d, const dwi_footer_metadata *pairs, size_t n)
{
    dwi_jw_key(&d->json, DWI_SV("metadata"));
    dwi_jw_array_begin(&d->json);
    for (size_t i = 0; i < n; i++) {
        dwi_jw_object_begin(&d->json);
        kv_text(d, "key", pairs[i].key);
        kv_text(d, "value", pairs[i].value);
        dwi_jw_object_end(&d->json);
    }
    dwi_jw_array_end(&d->json);
}

static void bound(dwi_describe *d, const char *key, const dwi_parquet_node *leaf, dwi_sv value)
{
    if (value.ptr == NULL)
        return;
    dwi_append_bound(&d->scratch, leaf, value);
    kv_buf(&d->json, key, &d->scratch);
}

static void count(dwi_describe *d, const char *key, int64_t value)
{
    if (value >= 0)
        dwi_jw_kv_i64(&d->json, key, value);
}

static void statistics(dwi_describe *d, const dwi_parquet_node *leaf, const dwi_footer_stats *stats)
{
    bool has_min = stats->min_value.ptr != NULL;
    bool has_max = stats->max_value.ptr != NULL;

    dwi_jw_key(&d->json, DWI_SV("statistics"));
    dwi_jw_object_begin(&d->json);
    bound(d, "min", leaf, stats->min_value);
    bound(d, "max", leaf, stats->max_value);
    if (has_min)
        dwi_jw_kv_bool(&d->json, "minIsExact", !stats->min_is_not_exact);
    if (has_max)
        dwi_jw_kv_bool(&d->json, "maxIsExact", !stats->max_is_not_exact);
    bound(d, "deprecatedMin", leaf, stats->min);
    bound(d, "deprecatedMax", leaf, stats->max);
    count(d, "nullCount", stats->null_count);
    count(d, "distinctCount", stats->distinct_count);
    count(d, "nanCount", stats->nan_count);
    dwi_jw_object_end(&d->json);
}

static void range(dwi_describe *d, const char *key, dwi_footer_range range)
{
    if (range.bytes == 0)
        return;
    dwi_jw_key(&d->json, dwi_sv_cstr(key));
    dwi_jw_object_begin(&d->json);
    dwi_jw_kv_i64(&d->json, "offset", range.offset);
    count(d, "bytes", range.bytes);
    dwi_jw_object_end(&d->json);
}

static void encodings(dwi_describe *d, uint32_t bits)
{
    dwi_jw_key(&d->json, DWI_SV("encodings"));
    dwi_jw_array_begin(&d->json);
    for (int i = 0; i < 32; i++)
        if ((bits >> i & 1) != 0)
            dwi_jw_string(&d->json, dwi_sv_cstr(dwi_parquet_encoding_name(i)));
    dwi_jw_array_end(&d->json);
}

static void chunk(dwi_describe *d, const dwi_footer_chunk *c, size_t leaf)
{
    const dwi_parquet_node *node = d->tree->leaves[leaf];
    dwi_jw *w = &d->json;

    dwi_jw_object_begin(w);
    kv_text(d, "path", d->paths[leaf]);
    dwi_jw_kv_cstr(w, "type", dwi_physical_name(node->physical));
    if (c->encrypted || c->external)
        dwi_jw_kv_bool(w, c->encrypted ? "encrypted" : "external", true);
    dwi_jw_kv_cstr(w, "codec", dwi_codec_name(c->codec));
    encodings(d, c->encodings);
    dwi_jw_kv_i64(w, "numValues", c->num_values);
    dwi_jw_kv_i64(w, "compressedBytes", c->bytes);
    dwi_jw_kv_i64(w, "uncompressedBytes", c->uncompressed_bytes);
    dwi_jw_kv_i64(w, "offset", c->offset);
    dwi_jw_kv_i64(w, "dataPageOffset", c->data_page);
    statistics(d, node, &c->stats);
    range(d, "columnIndex", c->column_index);
    range(d, "offsetIndex", c->offset_index);
    range(d, "bloomFilter", c->bloom_filter);
    if (c->n_metadata > 0)
        key_values(d, c->metadata, c->n_metadata);
    dwi_jw_object_end(w);
}

static void sorting(dwi_describe *d, const dwi_footer_row_group *group)
{
    dwi_jw_key(&d->json, DWI_SV("sorting"));
    dwi_jw_array_begin(&d->json);
    for (size_t i = 0; i < group->n_sorting; i++) {
        const dwi_footer_sorting *column = &group->sorting[i];
        dwi_jw_object_begin(&d->json);
        if (column->leaf >= 0 && (size_t)column->leaf < d->tree->n_leaves)
            kv_text(d, "path", d->paths[column->leaf]);
        dwi_jw_kv_bool(&d->json, "descending", column->descending);
        dwi_jw_kv_bool(&d->json, "nullsFirst", column->nulls_first);
        dwi_jw_object_end(&d->json);
    }
    dwi_jw_array_end(&d->json);
}

static void row_group(dwi_describe *d, const dwi_footer_row_group *group)
{
    dwi_jw *w = &d->json;

    dwi_jw_object_begin(w);
    dwi_jw_kv_i64(w, "numRows", group->num_rows);
    dwi_jw_kv_i64(w, "totalBytes", group->total_bytes);
    if (group->n_sorting > 0)
        sorting(d, group);
    dwi_jw_key(w, DWI_SV("columns"));
    dwi_jw_array_begin(w);
    for (size_t i = 0; i < group->n_chunks && i < d->tree->n_leaves; i++)
        chunk(d, &group->chunks[i], i);
    dwi_jw_array_end(w);
    dwi_jw_object_end(w);
}

void dwi_describe_footer(dwi_describe *d, int64_t file_bytes)
{
    const dwi_footer *footer = d->footer;
    dwi_jw *w = &d->json;

    dwi_jw_object_begin(w);
    dwi_jw_kv_i64(w, "version", footer->version);
    kv_text(d, "createdBy", footer->created_by);
    dwi_jw_kv_i64(w, "fileBytes", file_bytes);
    dwi_jw_kv_i64(w, "numRows", footer->num_rows);
    key_values(d, footer->metadata, footer->n_metadata);
    dwi_jw_key(w, DWI_SV("schema"));
    (void)element(d, 0);
    dwi_jw_key(w, DWI_SV("rowGroups"));
    dwi_jw_array_begin(w);
    for (size_t i = 0; i < footer->n_row_groups; i++)
        row_group(d, &footer->row_groups[i]);
    dwi_jw_array_end(w);
    dwi_jw_object_end(w);
}

/* ---- the pages ---- */

static const char *page_name(int type)
{
    switch (type) {
    case DWI_PARQUET_DATA_PAGE:
        return "DATA_PAGE";
    case DWI_PARQUET_INDEX_PAGE:
        return "INDEX_PAGE";
    case DWI_PARQUET_DICTIONARY_PAGE:
        return "DICTIONARY_PAGE";
    case DWI_PARQUET_DATA_PAGE_V2:
        return "DATA_PAGE_V2";
    default:
        return "?";
    }
}

static void page_index(dwi_describe *d, const dwi_parquet_node *leaf,
                       const dwi_offset_index *offsets, const dwi_column_index *bounds, size_t page)
{
    if (page < offsets->n_pages)
        dwi_jw_kv_i64(&d->json, "firstRow", offsets->pages[page].first_row);
    if (page >= bounds->n_pages)
        return;
    if (!bounds->null_page[page]) {
        bound(d, "min", leaf, bounds->min_values[page]);
        bound(d, "max", leaf, bounds->max_values[page]);
    }
    if (bounds->null_counts != NULL)
        count(d, "nullCount", bounds->null_counts[page]);
}

static void page(dwi_describe *d, const dwi_page_info *info)
{
    dwi_jw *w = &d->json;

    dwi_jw_kv_cstr(w, "type", page_name(info->type));
    if (info->encoding >= 0)
        dwi_jw_kv_cstr(w, "encoding", dwi_parquet_encoding_name(info->encoding));
    dwi_jw_kv_i64(w, "offset", info->offset);
    dwi_jw_kv_i64(w, "headerBytes", info->header_bytes);
    dwi_jw_kv_i64(w, "compressedBytes", info->compressed);
    dwi_jw_kv_i64(w, "uncompressedBytes", info->uncompressed);
    count(d, "numValues", info->num_values);
    if (info->has_crc)
        dwi_jw_kv_i64(w, "crc", info->crc);
}

static bool is_data_page(int type)
{
    return type == DWI_PARQUET_DATA_PAGE || type == DWI_PARQUET_DATA_PAGE_V2;
}

static dw_status chunk_pages(dwi_describe *d, const dw_parquet_reader *reader, dwi_page_walk *walk,
                             const dwi_footer_row_group *group, size_t leaf, dw_error *err)
{
    const dwi_footer_chunk *c = &group->chunks[leaf];
    dwi_offset_index offsets;
    dwi_column_index bounds;
    dwi_page_info info;
    dwi_arena arena;
    size_t data_pages = 0;
    bool end = c->encrypted || c->external;
    dw_status status;

    dwi_arena_init(&arena, reader->alloc);
    dwi_jw_object_begin(&d->json);
    kv_text(d, "path", d->paths[leaf]);
    dwi_jw_key(&d->json, DWI_SV("pages"));
    dwi_jw_array_begin(&d->json);
    DWI_TRY(dwi_page_index_load(reader, &arena, c, group->num_rows, &offsets, &bounds, err));
    if (!end)
        DWI_TRY(dwi_page_walk_open(walk, c, err));
    while (!end) {
        DWI_TRY(dwi_page_reader_look(&walk->pages, &info, &end, err));
        if (end)
            break;
        dwi_jw_object_begin(&d->json);
        page(d, &info);
        if (is_data_page(info.type))
            page_index(d, d->tree->leaves[leaf], &offsets, &bounds, data_pages++);
        dwi_jw_object_end(&d->json);
    }
    dwi_jw_array_end(&d->json);
    dwi_jw_object_end(&d->json);
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status describe_pages(dwi_describe *d, const dw_parquet_reader *reader, dw_error *err)
{
    dwi_page_walk walk;
    dw_status status;

    DWI_TRY(dwi_page_walk_init(&walk, reader, err));
    dwi_jw_object_begin(&d->json);
    dwi_jw_key(&d->json, DWI_SV("rowGroups"));
    dwi_jw_array_begin(&d->json);
    for (size_t g = 0; g < d->footer->n_row_groups; g++) {
        const dwi_footer_row_group *group = &d->footer->row_groups[g];
        dwi_jw_object_begin(&d->json);
        dwi_jw_key(&d->json, DWI_SV("columns"));
        dwi_jw_array_begin(&d->json);
        for (size_t i = 0; i < group->n_chunks && i < d->tree->n_leaves; i++) {
            status = chunk_pages(d, reader, &walk, group, i, err);
            if (status != DW_OK) {
                status = dwi_err_prefix(err, status, "%s: row group %zu: column %s", reader->name,
                                        g, d->paths[i].ptr);
                goto done;
            }
        }
        dwi_jw_array_end(&d->json);
        dwi_jw_object_end(&d->json);
    }
    dwi_jw_array_end(&d->json);
    dwi_jw_object_end(&d->json);
done:
    dwi_page_walk_done(&walk);
    return status;
}

dw_status dw_parquet_reader_describe(dw_parquet_reader *reader, int32_t what, dw_sink sink,
                                     dw_error *err)
{
    dwi_describe d = {0};
    dwi_arena arena = {0};
    dw_status status;

    if (reader == NULL || sink.write == NULL || what < DW_PARQUET_DESCRIBE_FOOTER ||
        what > DW_PARQUET_DESCRIBE_PAGES)
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_reader_describe: reader or sink is NULL, or "
                       "there is no description %d",
                       (int)what);
    dwi_arena_init(&arena, reader->alloc);
    DWI_TRY(dwi_describe_init(&d, reader, &arena, err));
    if (what == DW_PARQUET_DESCRIBE_FOOTER)
        dwi_describe_footer(&d, reader->source.size);
    else
        DWI_TRY(describe_pages(&d, reader, err));
    DWI_TRY(dwi_buf_status(&d.scratch, err));
    DWI_TRY(dwi_buf_status(&d.text, err));
    DWI_TRY(sink.write(sink.ctx, d.text.data, d.text.len, err));
done:
    dwi_describe_done(&d);
    dwi_arena_done(&arena);
    return status;
}
