/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/group_plan.h"

#include "base/checked.h"
#include "parquet/bloom_read.h"

typedef struct planner {
    dwi_group_plan *plan;
    dwi_file_view *file;
    const dwi_footer_row_group *group;
    const dwi_filter *filter;
    const dwi_leaf_reader *leaves;
    size_t n_leaves;
    dw_error *err;
} planner;

void dwi_group_plan_init(dwi_group_plan *plan, const dw_allocator *alloc)
{
    memset(plan, 0, sizeof(*plan));
    plan->alloc = alloc;
    dwi_arena_init(&plan->arena, alloc);
}

void dwi_group_plan_done(dwi_group_plan *plan)
{
    dwi_arena_done(&plan->arena);
    memset(plan, 0, sizeof(*plan));
}

static const dwi_footer_chunk *chunk_of(const planner *p, const dwi_parquet_node *node)
{
    return &p->group->chunks[node->first_leaf];
}

/* *out false: the row group has no row that passes. */
static dw_status group_may_pass(planner *p, bool *out)
{
    dw_status status = DW_OK;

    *out = true;
    for (size_t i = 0; i < p->filter->n_terms && *out; i++) {
        const dwi_filter_term *term = &p->filter->terms[i];
        dwi_value_range range = {.null_count = -1};
        if (term->node != NULL && chunk_of(p, term->node)->encrypted)
            continue;
        if (term->node != NULL)
            range = dwi_chunk_range(term, chunk_of(p, term->node));
        *out = dwi_filter_term_may_pass(term, &range);
    }
    for (size_t i = 0; i < p->filter->n_terms && *out; i++) {
        const dwi_filter_term *term = &p->filter->terms[i];
        if (term->node != NULL && !chunk_of(p, term->node)->encrypted)
            DWI_TRY(dwi_bloom_may_pass(p->file, p->plan->alloc, term, chunk_of(p, term->node), out,
                                       p->err));
    }
done:
    return status;
}

/* Within the file and of a size that goes with it. */
static bool is_there(const planner *p, dwi_footer_range range)
{
    int64_t limit = p->file->source.size - DWI_FILE_TRAILER_BYTES;

    return range.bytes > 0 && range.offset > 0 && range.bytes <= limit &&
           range.offset <= limit - range.bytes;
}

/* The range's bytes, which dwi_file_view_hold() has; NULL when it is not there. */
static const uint8_t *held(const planner *p, dwi_footer_range range)
{
    const uint8_t *data = NULL;

    if (!is_there(p, range) ||
        dwi_file_view_have(p->file, range.offset, &data) < (size_t)range.bytes)
        return NULL;
    return data;
}

static void want(const planner *p, dwi_footer_range range, dwi_footer_range *ranges, size_t *n)
{
    if (is_there(p, range))
        ranges[(*n)++] = range;
}

/* Read the offset indexes of all leaves and both indexes of the filter's columns, in as few
 * requests as they allow. */
static dw_status hold_indexes(planner *p)
{
    size_t most = p->n_leaves + 2 * p->filter->n_terms;
    dwi_footer_range *ranges = dwi_arena_array(&p->plan->arena, most, sizeof(*ranges));
    size_t n = 0;

    if (ranges == NULL)
        return dwi_err_nomem(p->err);
    for (size_t i = 0; i < p->n_leaves; i++)
        want(p, chunk_of(p, p->leaves[i].node)->offset_index, ranges, &n);
    for (size_t i = 0; i < p->filter->n_terms; i++) {
        const dwi_parquet_node *node = p->filter->terms[i].node;
        if (node == NULL || chunk_of(p, node)->encrypted)
            continue;
        want(p, chunk_of(p, node)->offset_index, ranges, &n);
        want(p, chunk_of(p, node)->column_index, ranges, &n);
    }
    return dwi_file_view_hold(p->file, ranges, n, p->err);
}

static dw_status read_offset_index(planner *p, const dwi_parquet_node *node, dwi_offset_index *out)
{
    const dwi_footer_chunk *chunk = chunk_of(p, node);
    const uint8_t *data = held(p, chunk->offset_index);

    memset(out, 0, sizeof(*out));
    if (data == NULL || chunk->encrypted)
        return DW_OK;
    return dwi_offset_index_read(&p->plan->arena, data, (size_t)chunk->offset_index.bytes, chunk,
                                 p->plan->rows, out, p->err);
}

/* Bounds of one page. */
static dwi_value_range page_range(const dwi_column_index *index, size_t page)
{
    dwi_value_range range = {.null_count = -1};

    range.all_null = index->null_page[page] != 0;
    if (index->null_counts != NULL && index->null_counts[page] >= 0)
        range.null_count = index->null_counts[page];
    if (!range.all_null) {
        range.min = index->min_values[page];
        range.max = index->max_values[page];
    }
    return range;
}

/* Rows of the pages that may pass one term go on in plan->ranges. */
static dw_status narrow(planner *p, const dwi_filter_term *term)
{
    dwi_group_plan *plan = p->plan;
    const dwi_footer_chunk *chunk = chunk_of(p, term->node);
    const uint8_t *data = held(p, chunk->column_index);
    dwi_offset_index pages;
    dwi_column_index index;
    dwi_row_ranges passing;
    dwi_row_ranges both;
    dw_status status;

    DWI_TRY(read_offset_index(p, term->node, &pages));
    if (data == NULL || pages.n_pages == 0)
        return DW_OK;
    DWI_TRY(dwi_column_index_read(&plan->arena, data, (size_t)chunk->column_index.bytes,
                                  pages.n_pages, &index, p->err));
    if (index.n_pages == 0)
        return DW_OK;
    if (!dwi_row_ranges_init(&passing, &plan->arena, pages.n_pages) ||
        !dwi_row_ranges_init(&both, &plan->arena, plan->ranges.n + pages.n_pages))
        return dwi_err_nomem(p->err);
    for (size_t i = 0; i < pages.n_pages; i++) {
        dwi_value_range range = page_range(&index, i);
        if (dwi_filter_term_may_pass(term, &range))
            dwi_row_ranges_add(&passing, pages.pages[i].first_row,
                               dwi_page_end_row(&pages, i, plan->rows));
    }
    dwi_row_ranges_intersect(&plan->ranges, &passing, &both);
    plan->ranges = both;
done:
    return status;
}

static dw_status narrow_all(planner *p)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < p->filter->n_terms && p->plan->ranges.n > 0; i++) {
        const dwi_filter_term *term = &p->filter->terms[i];
        if (term->node != NULL && term->node->rep == 0 && !chunk_of(p, term->node)->encrypted)
            DWI_TRY(narrow(p, term));
    }
done:
    return status;
}

static bool is_whole(const dwi_group_plan *plan)
{
    return plan->ranges.n == 1 && plan->ranges.items[0].first == 0 &&
           plan->ranges.items[0].end == plan->rows;
}

dw_status dwi_group_plan_make(dwi_group_plan *plan, dwi_file_view *file,
                              const dwi_footer_row_group *group, const dwi_filter *filter,
                              const dwi_leaf_reader *leaves, size_t n_leaves, int64_t first,
                              int64_t end, dw_error *err)
{
    planner p = {plan, file, group, filter, leaves, n_leaves, err};
    bool may_pass;
    dw_status status;

    dwi_arena_done(&plan->arena);
    dwi_arena_init(&plan->arena, plan->alloc);
    plan->rows = group->num_rows;
    plan->indexes = dwi_arena_array(&plan->arena, n_leaves, sizeof(*plan->indexes));
    if (plan->indexes == NULL || !dwi_row_ranges_init(&plan->ranges, &plan->arena, 1))
        return dwi_err_nomem(err);
    DWI_TRY(group_may_pass(&p, &may_pass));
    if (!may_pass)
        return DW_OK;
    dwi_row_ranges_add(&plan->ranges, first, end);
    if (filter->n_terms == 0 && is_whole(plan))
        return DW_OK;
    DWI_TRY(hold_indexes(&p));
    DWI_TRY(narrow_all(&p));
    for (size_t i = 0; i < n_leaves && plan->ranges.n > 0 && !is_whole(plan); i++)
        DWI_TRY(read_offset_index(&p, leaves[i].node, &plan->indexes[i]));
done:
    return status;
}

/* The bytes of a leaf's chunk that are wanted, added to `ranges`; returns how many bytes. */
static int64_t wanted_bytes(const dwi_group_plan *plan, const dwi_footer_chunk *chunk,
                            const dwi_offset_index *index, dwi_buf *ranges)
{
    dwi_footer_range range = {chunk->offset, chunk->bytes};
    int64_t total = 0;

    if (index->n_pages == 0) {
        dwi_buf_append(ranges, &range, sizeof(range));
        return range.bytes;
    }
    range.bytes = index->pages[0].offset - chunk->offset; /* the dictionary */
    total += range.bytes;
    dwi_buf_append(ranges, &range, sizeof(range));
    for (size_t i = 0; i < index->n_pages; i++) {
        const dwi_page_location *page = &index->pages[i];
        if (!dwi_row_ranges_touch(&plan->ranges, page->first_row,
                                  dwi_page_end_row(index, i, plan->rows)))
            continue;
        range = (dwi_footer_range){page->offset, page->bytes};
        total += range.bytes;
        dwi_buf_append(ranges, &range, sizeof(range));
    }
    return total;
}

dw_status dwi_group_plan_hold(dwi_group_plan *plan, dwi_file_view *file,
                              const dwi_footer_row_group *group, const dwi_leaf_reader *leaves,
                              size_t n_leaves, size_t piece, dw_error *err)
{
    int64_t total = 0;
    dwi_buf ranges;
    dw_status status;

    dwi_buf_init(&ranges, plan->alloc);
    for (size_t i = 0; i < n_leaves; i++) {
        const dwi_footer_chunk *chunk = &group->chunks[leaves[i].node->first_leaf];
        size_t before = ranges.len;
        int64_t bytes = wanted_bytes(plan, chunk, &plan->indexes[i], &ranges);
        /* One that is read ahead as a whole by itself takes no more memory here. */
        if (bytes > DWI_GROUP_HOLD_BYTES - total && bytes > (int64_t)piece)
            ranges.len = before;
        else
            total += bytes;
    }
    DWI_TRY(dwi_buf_status(&ranges, err));
    DWI_TRY(dwi_file_view_hold(file, (dwi_footer_range *)(void *)ranges.data,
                               ranges.len / sizeof(dwi_footer_range), err));
done:
    dwi_buf_done(&ranges);
    return status;
}
