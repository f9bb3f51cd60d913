/* SPDX-License-Identifier: Apache-2.0 */
/* dw_parquet_reader_verify(): a file's data against what the file says of them. Chunk by chunk the
 * page headers are walked first, then column by column all rows are read, and the values of each
 * page and chunk are gathered and held against statistics and page index. */
#include "api/parquet_pages.h"

#include <stdio.h>

#include "api/parquet_value_text.h"
#include "base/alloc.h"
#include "columns/vec.h"
#include "parquet/bounds.h"
#include "parquet/leaf_type.h"
#include "parquet/write_options.h"

enum { BATCH_ROWS = 8192 };

typedef struct verifier {
    dw_parquet_reader *reader;
    const dwi_footer *footer;
    const dwi_schema_tree *tree;
    const dwi_footer_element **elements; /* of each leaf */
    dw_parquet_problem_fn *each;
    void *ctx;
    dw_error *err;
    dwi_arena arena;
    dwi_buf text;
} verifier;

/* ---- telling ---- */

static dw_status tell(verifier *v, int64_t group, const dwi_parquet_node *leaf, int64_t page,
                      const char *fmt, ...) DWI_PRINTF(5, 6);

static dw_status tell(verifier *v, int64_t group, const dwi_parquet_node *leaf, int64_t page,
                      const char *fmt, ...)
{
    dw_parquet_problem problem = {.row_group = group, .page = page};
    char path[256];
    char text[300];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    problem.text = text;
    problem.column = leaf == NULL ? NULL : dwi_parquet_node_path(leaf, path, sizeof(path));
    return v->each(v->ctx, &problem, v->err);
}

/* A failure that is about the file's bytes is told, any other ends the work. */
static dw_status settle(verifier *v, dw_status status, int64_t group, const dwi_parquet_node *leaf,
                        const dw_error *error)
{
    const char *text = error->message;
    size_t name = strlen(v->reader->name);

    if (strncmp(text, v->reader->name, name) == 0 && strncmp(text + name, ": ", 2) == 0)
        text += name + 2;
    if (status == DW_E_CORRUPT || status == DW_E_UNSUPPORTED || status == DW_E_SCHEMA)
        return tell(v, group, leaf, -1, "%s", text);
    if (v->err != NULL)
        *v->err = *error;
    return status;
}

/* ---- page headers ---- */

static bool is_data_page(int type)
{
    return type == DWI_PARQUET_DATA_PAGE || type == DWI_PARQUET_DATA_PAGE_V2;
}

static dw_status check_header(verifier *v, int64_t group, size_t leaf, int64_t number,
                              const dwi_page_info *page, const dwi_offset_index *offsets,
                              size_t data_page)
{
    const dwi_parquet_node *node = v->tree->leaves[leaf];
    const dwi_footer_chunk *chunk = &v->footer->row_groups[group].chunks[leaf];
    dw_status status = DW_OK;

    if (page->encoding >= 0 && page->encoding < 32 && (chunk->encodings >> page->encoding & 1) == 0)
        DWI_TRY(tell(v, group, node, number, "its encoding %s is not among the chunk's",
                     dwi_parquet_encoding_name(page->encoding)));
    if (!is_data_page(page->type) || data_page >= offsets->n_pages)
        return DW_OK;
    if (offsets->pages[data_page].offset != page->offset ||
        offsets->pages[data_page].bytes != page->header_bytes + page->compressed)
        DWI_TRY(tell(v, group, node, number,
                     "at %lld with %lld bytes, by the offset index at %lld with %lld",
                     (long long)page->offset, (long long)(page->header_bytes + page->compressed),
                     (long long)offsets->pages[data_page].offset,
                     (long long)offsets->pages[data_page].bytes));
done:
    return status;
}

static dw_status check_totals(verifier *v, int64_t group, size_t leaf,
                              const dwi_offset_index *offsets, const dwi_column_index *bounds,
                              size_t data_pages, int64_t values)
{
    const dwi_parquet_node *node = v->tree->leaves[leaf];
    const dwi_footer_chunk *chunk = &v->footer->row_groups[group].chunks[leaf];
    dw_status status = DW_OK;

    if (values != chunk->num_values)
        DWI_TRY(tell(v, group, node, -1, "%lld values in its pages, %lld by the footer",
                     (long long)values, (long long)chunk->num_values));
    if (chunk->offset_index.bytes > 0 && offsets->n_pages == 0 && data_pages > 0)
        DWI_TRY(tell(v, group, node, -1, "its offset index is damaged"));
    else if (offsets->n_pages > 0 && offsets->n_pages != data_pages)
        DWI_TRY(tell(v, group, node, -1, "%zu data pages, %zu by the offset index", data_pages,
                     offsets->n_pages));
    if (chunk->column_index.bytes > 0 && bounds->n_pages == 0 && data_pages > 0)
        DWI_TRY(tell(v, group, node, -1, "its column index is damaged"));
done:
    return status;
}

static dw_status walk_chunk(verifier *v, dwi_page_walk *walk, int64_t group, size_t leaf)
{
    const dwi_footer_row_group *g = &v->footer->row_groups[group];
    dwi_offset_index offsets;
    dwi_column_index bounds;
    dwi_page_info page = {0};
    dwi_arena arena;
    dw_error error = DW_ERROR_INIT;
    size_t data_pages = 0;
    int64_t number = 0;
    int64_t values = 0;
    bool end = false;
    dw_status status;

    dwi_arena_init(&arena, v->reader->alloc);
    DWI_TRY(dwi_page_index_load(v->reader, &arena, &g->chunks[leaf], g->num_rows, &offsets, &bounds,
                                v->err));
    status = dwi_page_walk_open(walk, &g->chunks[leaf], &error);
    while (status == DW_OK && !end) {
        status = dwi_page_reader_look(&walk->pages, &page, &end, &error);
        if (status != DW_OK || end)
            break;
        DWI_TRY(check_header(v, group, leaf, number++, &page, &offsets, data_pages));
        if (is_data_page(page.type)) {
            data_pages++;
            values += page.num_values;
        }
    }
    if (status != DW_OK) {
        status = settle(v, status, group, v->tree->leaves[leaf], &error);
        goto done;
    }
    DWI_TRY(check_totals(v, group, leaf, &offsets, &bounds, data_pages, values));
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status walk_all(verifier *v)
{
    dwi_page_walk walk;
    int64_t rows = 0;
    dw_status status;

    DWI_TRY(dwi_page_walk_init(&walk, v->reader, v->err));
    for (size_t g = 0; g < v->footer->n_row_groups; g++) {
        const dwi_footer_row_group *group = &v->footer->row_groups[g];
        rows += group->num_rows;
        if (group->n_chunks != v->tree->n_leaves)
            DWI_TRY(tell(v, (int64_t)g, NULL, -1, "%zu column chunks, where the schema has %zu",
                         group->n_chunks, v->tree->n_leaves));
        for (size_t i = 0; group->num_rows > 0 && i < group->n_chunks && i < v->tree->n_leaves; i++)
            if (!group->chunks[i].encrypted && !group->chunks[i].external)
                DWI_TRY(walk_chunk(v, &walk, (int64_t)g, i));
    }
    if (rows != v->footer->num_rows)
        DWI_TRY(tell(v, -1, NULL, -1, "%lld rows in its row groups, %lld by the footer",
                     (long long)rows, (long long)v->footer->num_rows));
done:
    dwi_page_walk_done(&walk);
    return status;
}

/* ---- values ---- */

/* What was seen of a page or chunk. */
typedef struct tally {
    dwi_bounds bounds;
    int64_t nulls;
    int64_t entries;
} tally;

/* One leaf while its column is read. */
typedef struct leaf_check {
    size_t leaf;
    tally page;
    tally chunk;
    dwi_offset_index offsets; /* absent: the chunk counts as one page */
    dwi_column_index index;
    size_t n_page; /* the one that is gathered */
} leaf_check;

static void add_small(dwi_bounds *b, const dwi_type *type, const uint8_t *value)
{
    int32_t wide = 0;
    int16_t i16;

    switch (type->kind) {
    case DWI_BYTE:
        wide = (int8_t)*value;
        break;
    case DWI_SHORT:
        memcpy(&i16, value, sizeof(i16));
        wide = i16;
        break;
    default:
        memcpy(&wide, value, dwi_type_width(type));
        break;
    }
    dwi_bounds_add_i32(b, &wide, 1);
}

/* A value of fixed width as columns hold it. */
static void add_fixed(dwi_bounds *b, const dwi_type *type, const uint8_t *value)
{
    uint64_t words[2] = {0, 0};
    dwi_i128 decimal;
    uint32_t u32;
    float single;
    double real;

    memcpy(words, value, dwi_type_width(type) > 16 ? 16 : dwi_type_width(type));
    switch (type->kind) {
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
        u32 = (uint32_t)words[0];
        dwi_bounds_add_u32(b, &u32, 1);
        break;
    case DWI_ULONG:
        dwi_bounds_add_u64(b, words, 1);
        break;
    case DWI_FLOAT16:
        dwi_bounds_add_half(b, (const uint16_t[]){(uint16_t)words[0]}, 1);
        break;
    case DWI_FLOAT:
        memcpy(&single, value, sizeof(single));
        dwi_bounds_add_float(b, &single, 1);
        break;
    case DWI_DOUBLE:
        memcpy(&real, value, sizeof(real));
        dwi_bounds_add_double(b, &real, 1);
        break;
    case DWI_DECIMAL:
        decimal = (dwi_i128){(int64_t)words[1], words[0]};
        dwi_bounds_add_decimal(b, &decimal, 1);
        break;
    case DWI_UUID:
    case DWI_FIXED:
        dwi_bounds_add_bytes(b, value, dwi_type_width(type));
        break;
    default:
        if (dwi_type_width(type) == 8)
            dwi_bounds_add_i64(b, (const int64_t *)words, 1);
        else
            add_small(b, type, value);
        break;
    }
}

static void add_leaf(tally *t, const dwi_vec *vec, int64_t first, int64_t count)
{
    size_t width = dwi_type_width(vec->type);

    t->entries += count;
    for (int64_t i = first; i < first + count; i++) {
        int64_t at = vec->offset + i;
        if (vec->type->kind == DWI_VOID || !dwi_vec_is_valid(vec, i)) {
            t->nulls++;
        } else if (vec->type->kind == DWI_BOOLEAN) {
            bool value = dwi_bit_get(vec->values, at);
            dwi_bounds_add_bool(&t->bounds, !value, value);
        } else if (dwi_type_is_bytes(vec->type)) {
            int32_t len = vec->offsets[at + 1] - vec->offsets[at];
            dwi_bounds_add_bytes(&t->bounds,
                                 len == 0 ? (const uint8_t *)"" : vec->data + vec->offsets[at],
                                 (size_t)len);
        } else {
            add_fixed(&t->bounds, vec->type, (const uint8_t *)vec->values + (size_t)at * width);
        }
    }
}

static size_t leaves_of(const dwi_type *type)
{
    size_t n = 0;

    for (size_t i = 0; i < type->n_fields; i++)
        n += leaves_of(type->fields[i].type);
    return n == 0 ? 1 : n;
}

/* Rows first .. first + count of a column into the tally of leaf `which` below it. */
static void add_rows(tally *t, const dwi_vec *vec, int64_t first, int64_t count, size_t which)
{
    const int32_t *offsets;

    if (vec->n_children == 0) {
        add_leaf(t, vec, first, count);
        return;
    }
    if (vec->type->kind != DWI_STRUCT) {
        offsets = vec->offsets + vec->offset + first;
        for (int64_t i = 0; i < count; i++)
            if (offsets[i] ==
                offsets[i + 1]) { /* a null or an empty list is an entry without one */
                t->entries++;
                t->nulls++;
            }
        first = offsets[0];
        count = offsets[count] - offsets[0];
        vec = &vec->children[0];
        if (vec->type->kind != DWI_STRUCT || vec->n_children == 0) {
            add_rows(t, vec, first, count, which);
            return;
        }
    }
    for (size_t i = 0; i < vec->n_children; i++) {
        size_t n = leaves_of(vec->children[i].type);
        if (which < n) {
            add_rows(t, &vec->children[i], vec->offset + first, count, which);
            return;
        }
        which -= n;
    }
}

/* ---- values against what is said of them ---- */

/* The bound `told` lets every value through that was seen. */
static bool holds(const verifier *v, size_t leaf, const tally *t, dwi_sv told, bool max)
{
    const dwi_parquet_node *node = v->tree->leaves[leaf];
    uint8_t value[16];
    dwi_bounds one;
    dwi_buf text;
    dwi_buf seen;
    bool exact;
    bool fine;

    dwi_bounds_init(&one, node->type, v->reader->alloc);
    dwi_buf_init(&text, v->reader->alloc);
    dwi_buf_init(&seen, v->reader->alloc);
    if (dwi_type_is_bytes(node->type) || node->type->kind == DWI_FIXED ||
        node->type->kind == DWI_UUID)
        dwi_bounds_add_bytes(&one, (const uint8_t *)told.ptr, told.len);
    else if (node->type->kind == DWI_BOOLEAN && told.len == 1)
        dwi_bounds_add_bool(&one, told.ptr[0] == 0, told.ptr[0] != 0);
    else if (dwi_bound_load(node, told, value))
        add_fixed(&one, node->type, value);
    fine = one.has;
    if (fine &&
        (max ? dwi_bounds_put_max : dwi_bounds_put_min)(&one, DWI_BOUNDS_KEEP, &text, &exact) &&
        (max ? dwi_bounds_put_max : dwi_bounds_put_min)(&t->bounds, DWI_BOUNDS_KEEP, &seen,
                                                        &exact)) {
        int order = dwi_bounds_compare(node->type, (dwi_sv){(const char *)text.data, text.len},
                                       (dwi_sv){(const char *)seen.data, seen.len});
        fine = max ? order >= 0 : order <= 0;
    }
    dwi_buf_done(&text);
    dwi_buf_done(&seen);
    dwi_bounds_done(&one);
    return fine;
}

static dw_status check_bounds(verifier *v, int64_t group, size_t leaf, int64_t page, const tally *t,
                              dwi_sv min, dwi_sv max)
{
    const dwi_parquet_node *node = v->tree->leaves[leaf];
    bool by_type =
        leaf < v->footer->n_orders && v->footer->orders[leaf] == DWI_FOOTER_ORDER_BY_TYPE;
    dw_status status = DW_OK;

    if (!by_type || !dwi_leaf_is_ordered(v->elements[leaf]) || node->type->kind == DWI_VOID ||
        !t->bounds.has)
        return DW_OK;
    for (int i = 0; i < 2; i++) {
        dwi_sv told = i == 0 ? min : max;
        if (told.ptr == NULL || holds(v, leaf, t, told, i == 1))
            continue;
        dwi_buf_clear(&v->text);
        dwi_append_bound(&v->text, node, told);
        DWI_TRY(tell(v, group, node, -1, "%s %lld: a value is %s, or that is no bound: %.*s",
                     page < 0 ? "chunk of row group" : "data page",
                     (long long)(page < 0 ? group : page),
                     i == 0 ? "below the minimum" : "above the maximum",
                     (int)(v->text.len > 100 ? 100 : v->text.len), (const char *)v->text.data));
    }
done:
    return status;
}

static dw_status check_page(verifier *v, int64_t group, leaf_check *check)
{
    const dwi_parquet_node *node = v->tree->leaves[check->leaf];
    const dwi_column_index *index = &check->index;
    const tally *t = &check->page;
    size_t page = check->n_page;
    dw_status status = DW_OK;

    if (page < index->n_pages) {
        if ((index->null_page[page] != 0) != (t->nulls == t->entries))
            DWI_TRY(tell(v, group, node, -1,
                         "data page %zu: %s nulls alone, by the column index %s", page,
                         t->nulls == t->entries ? "is" : "is not",
                         index->null_page[page] != 0 ? "it is" : "it is not"));
        else if (index->null_page[page] == 0)
            DWI_TRY(check_bounds(v, group, check->leaf, (int64_t)page, t, index->min_values[page],
                                 index->max_values[page]));
        if (index->null_counts != NULL && index->null_counts[page] >= 0 &&
            index->null_counts[page] != t->nulls)
            DWI_TRY(tell(v, group, node, -1, "data page %zu: %lld nulls, %lld by the column index",
                         page, (long long)t->nulls, (long long)index->null_counts[page]));
    }
    dwi_bounds_merge(&check->chunk.bounds, &t->bounds);
    check->chunk.nulls += t->nulls;
    check->chunk.entries += t->entries;
    dwi_bounds_clear(&check->page.bounds);
    check->page.nulls = 0;
    check->page.entries = 0;
    check->n_page++;
done:
    return status;
}

static dw_status check_chunk(verifier *v, int64_t group, leaf_check *check)
{
    const dwi_parquet_node *node = v->tree->leaves[check->leaf];
    const dwi_footer_chunk *chunk = &v->footer->row_groups[group].chunks[check->leaf];
    const dwi_footer_stats *stats = &chunk->stats;
    dw_status status;

    DWI_TRY(check_page(v, group, check));
    if (stats->null_count >= 0 && stats->null_count != check->chunk.nulls)
        DWI_TRY(tell(v, group, node, -1, "%lld nulls, %lld by its statistics",
                     (long long)check->chunk.nulls, (long long)stats->null_count));
    if (check->chunk.entries != chunk->num_values)
        DWI_TRY(tell(v, group, node, -1, "%lld values were read, %lld by the footer",
                     (long long)check->chunk.entries, (long long)chunk->num_values));
    DWI_TRY(
        check_bounds(v, group, check->leaf, -1, &check->chunk, stats->min_value, stats->max_value));
done:
    return status;
}

/* ---- a column ---- */

static dw_status begin_chunk(verifier *v, int64_t group, leaf_check *check)
{
    const dwi_footer_row_group *g = &v->footer->row_groups[group];

    dwi_bounds_clear(&check->page.bounds);
    dwi_bounds_clear(&check->chunk.bounds);
    check->page.nulls = check->page.entries = 0;
    check->chunk.nulls = check->chunk.entries = 0;
    check->n_page = 0;
    return dwi_page_index_load(v->reader, &v->arena, &g->chunks[check->leaf], g->num_rows,
                               &check->offsets, &check->index, v->err);
}

/* Rows of a batch that begins at `row` of its row group. */
static dw_status add_batch(verifier *v, int64_t group, leaf_check *check, const dwi_vec *column,
                           size_t which, int64_t row, int64_t count)
{
    int64_t rows = v->footer->row_groups[group].num_rows;
    int64_t first = 0;
    dw_status status = DW_OK;

    while (first < count) {
        int64_t end = rows - row;
        if (check->n_page < check->offsets.n_pages)
            end = dwi_page_end_row(&check->offsets, check->n_page, rows) - row;
        if (end > count)
            end = count;
        if (end > first)
            add_rows(&check->page, column, first, end - first, which);
        first = end > first ? end : first;
        if (check->n_page + 1 < check->offsets.n_pages &&
            row + first >= check->offsets.pages[check->n_page + 1].first_row)
            DWI_TRY(check_page(v, group, check));
        else if (end <= first && first < count && check->n_page + 1 >= check->offsets.n_pages)
            break;
    }
done:
    return status;
}

typedef struct column_work {
    dwi_parquet_reader *core;
    dwi_column batch;
    leaf_check *checks;
    size_t n;
} column_work;

static dw_status read_group(verifier *v, column_work *work, int64_t group, dw_error *error,
                            dw_status *out_read)
{
    int64_t rows = v->footer->row_groups[group].num_rows;
    dw_status status = DW_OK;

    for (size_t i = 0; i < work->n; i++)
        DWI_TRY(begin_chunk(v, group, &work->checks[i]));
    for (int64_t row = 0; row < rows; row += work->batch.length) {
        const dwi_vec *view;
        dwi_arena arena;
        *out_read = dwi_parquet_reader_next(work->core, BATCH_ROWS, &work->batch, error);
        if (*out_read != DW_OK || work->batch.length == 0)
            return DW_OK;
        dwi_arena_init(&arena, v->reader->alloc);
        view = dwi_column_view(&work->batch, &arena);
        status = view == NULL ? dwi_err_nomem(v->err) : DW_OK;
        for (size_t i = 0; i < work->n && status == DW_OK; i++)
            status = add_batch(v, group, &work->checks[i], &view->children[0], i, row,
                               work->batch.length);
        dwi_arena_done(&arena);
        DWI_TRY(status);
    }
    for (size_t i = 0; i < work->n; i++)
        DWI_TRY(check_chunk(v, group, &work->checks[i]));
done:
    return status;
}

static dw_status read_column(verifier *v, const dwi_parquet_node *node, const dwi_field *field)
{
    const dwi_type type = {.kind = DWI_STRUCT, .n_fields = 1, .fields = field};
    dw_parquet_reader *reader = v->reader;
    column_work work = {.n = node->n_leaves};
    dw_error error = DW_ERROR_INIT;
    dw_status read = DW_OK;
    dw_status status = DW_OK;

    work.checks = dwi_arena_array(&v->arena, node->n_leaves, sizeof(*work.checks));
    if (work.checks == NULL)
        return dwi_err_nomem(v->err);
    for (size_t i = 0; i < work.n; i++) {
        work.checks[i].leaf = node->first_leaf + i;
        dwi_bounds_init(&work.checks[i].page.bounds, v->tree->leaves[node->first_leaf + i]->type,
                        reader->alloc);
        dwi_bounds_init(&work.checks[i].chunk.bounds, v->tree->leaves[node->first_leaf + i]->type,
                        reader->alloc);
    }
    DWI_TRY(dwi_parquet_reader_open_with(reader->alloc, reader->source, &reader->core_options,
                                         &work.core, v->err));
    read = dwi_parquet_reader_project(work.core, &type, &error);
    if (read == DW_OK)
        DWI_TRY(dwi_column_init(&work.batch, &type, reader->alloc, v->err));
    for (size_t g = 0; g < v->footer->n_row_groups && read == DW_OK; g++)
        DWI_TRY(read_group(v, &work, (int64_t)g, &error, &read));
    if (read != DW_OK) /* its message tells all but the file's name */
        status = settle(v, read, -1, NULL, &error);
done:
    for (size_t i = 0; i < work.n; i++) {
        dwi_bounds_done(&work.checks[i].page.bounds);
        dwi_bounds_done(&work.checks[i].chunk.bounds);
    }
    dwi_column_done(&work.batch);
    dwi_parquet_reader_free(work.core);
    return status;
}

static dw_status find_elements(verifier *v)
{
    size_t leaf = 0;

    v->elements = dwi_arena_array(&v->arena, v->tree->n_leaves, sizeof(*v->elements));
    if (v->elements == NULL)
        return dwi_err_nomem(v->err);
    for (size_t i = 0; i < v->footer->n_elements && leaf < v->tree->n_leaves; i++)
        if (v->footer->elements[i].physical >= 0)
            v->elements[leaf++] = &v->footer->elements[i];
    return DW_OK;
}

dw_status dw_parquet_reader_verify(dw_parquet_reader *reader, dw_parquet_problem_fn *each,
                                   void *ctx, dw_error *err)
{
    verifier v = {.reader = reader, .each = each, .ctx = ctx, .err = err};
    const dwi_parquet_node *root;
    dw_status status;

    if (reader == NULL || each == NULL)
        return dwi_err(err, DW_E_ARG, "dw_parquet_reader_verify: reader or each is NULL");
    v.footer = dwi_parquet_reader_footer(reader->core);
    v.tree = dwi_parquet_reader_tree(reader->core);
    dwi_arena_init(&v.arena, reader->alloc);
    dwi_buf_init(&v.text, reader->alloc);
    root = &v.tree->root;
    DWI_TRY(find_elements(&v));
    DWI_TRY(walk_all(&v));
    for (size_t i = 0; i < root->n_children; i++)
        DWI_TRY(read_column(&v, &root->children[i], &root->type->fields[i]));
done:
    dwi_buf_done(&v.text);
    dwi_arena_done(&v.arena);
    return status;
}
