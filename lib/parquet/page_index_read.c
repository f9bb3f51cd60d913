/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/page_index_read.h"

#include "thrift/compact.h"

/* A list of the right element type; 0 with the reader failed for another one. */
static size_t list_of(dwi_tr *t, dwi_thrift_type type, dwi_thrift_type want)
{
    dwi_thrift_type element;
    size_t count = dwi_tr_list(t, type, &element);
    bool is_bool = want == DWI_THRIFT_TRUE && element == DWI_THRIFT_FALSE;

    if (count > 0 && element != want && !is_bool)
        t->failed = true;
    return t->failed ? 0 : count;
}

static void page_location(dwi_tr *t, dwi_page_location *page)
{
    int16_t id;
    dwi_thrift_type type;

    dwi_tr_struct_begin(t, DWI_THRIFT_STRUCT);
    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            page->offset = dwi_tr_i64(t, type);
        else if (id == 2)
            page->bytes = dwi_tr_i32(t, type);
        else if (id == 3)
            page->first_row = dwi_tr_i64(t, type);
        else
            dwi_tr_skip(t, type);
    }
    dwi_tr_struct_end(t);
}

static bool locations_fit(const dwi_offset_index *index, const dwi_footer_chunk *chunk,
                          int64_t rows)
{
    int64_t end = chunk->offset;
    int64_t row = 0;

    for (size_t i = 0; i < index->n_pages; i++) {
        const dwi_page_location *page = &index->pages[i];
        if (page->offset < end || page->bytes <= 0 || page->first_row < row ||
            page->first_row > rows || page->offset > chunk->offset + chunk->bytes - page->bytes)
            return false;
        end = page->offset + page->bytes;
        row = page->first_row;
    }
    return index->n_pages > 0 && index->pages[0].first_row == 0;
}

dw_status dwi_offset_index_read(dwi_arena *arena, const void *data, size_t len,
                                const dwi_footer_chunk *chunk, int64_t rows, dwi_offset_index *out,
                                dw_error *err)
{
    dwi_offset_index index = {0};
    dwi_tr t;
    int16_t id;
    dwi_thrift_type type;

    memset(out, 0, sizeof(*out));
    dwi_tr_begin(&t, data, len);
    while (dwi_tr_field(&t, &id, &type)) {
        if (id != 1 || index.pages != NULL) {
            dwi_tr_skip(&t, type);
            continue;
        }
        index.n_pages = list_of(&t, type, DWI_THRIFT_STRUCT);
        index.pages = dwi_arena_array(arena, index.n_pages, sizeof(*index.pages));
        if (index.pages == NULL)
            return dwi_err_nomem(err);
        for (size_t i = 0; i < index.n_pages && !t.failed; i++)
            page_location(&t, &index.pages[i]);
    }
    if (!t.failed && locations_fit(&index, chunk, rows))
        *out = index;
    return DW_OK;
}

typedef struct index_reader {
    dwi_tr thrift;
    dwi_arena *arena;
    size_t n_pages;
    bool nomem;
} index_reader;

/* A list with one element a page; NULL and failed otherwise. */
static void *page_list(index_reader *r, dwi_thrift_type type, dwi_thrift_type element, size_t size)
{
    void *items;

    if (list_of(&r->thrift, type, element) != r->n_pages)
        r->thrift.failed = true;
    if (r->thrift.failed)
        return NULL;
    items = dwi_arena_array(r->arena, r->n_pages, size);
    if (items == NULL) {
        r->nomem = true;
        r->thrift.failed = true;
    }
    return items;
}

static dwi_sv *bounds(index_reader *r, dwi_thrift_type type)
{
    dwi_sv *items = page_list(r, type, DWI_THRIFT_BINARY, sizeof(*items));

    for (size_t i = 0; items != NULL && i < r->n_pages && !r->thrift.failed; i++)
        items[i] = dwi_tr_binary(&r->thrift, DWI_THRIFT_BINARY);
    return items;
}

static void column_index(index_reader *r, dwi_column_index *out)
{
    dwi_tr *t = &r->thrift;
    int16_t id;
    dwi_thrift_type type;

    while (dwi_tr_field(t, &id, &type)) {
        switch (id) {
        case 1:
            out->null_page = page_list(r, type, DWI_THRIFT_TRUE, sizeof(*out->null_page));
            for (size_t i = 0; i < r->n_pages && !t->failed; i++)
                out->null_page[i] = dwi_tr_element_bool(t);
            break;
        case 2:
            out->min_values = bounds(r, type);
            break;
        case 3:
            out->max_values = bounds(r, type);
            break;
        case 5:
            out->null_counts = page_list(r, type, DWI_THRIFT_I64, sizeof(*out->null_counts));
            for (size_t i = 0; i < r->n_pages && !t->failed; i++)
                out->null_counts[i] = dwi_tr_i64(t, DWI_THRIFT_I64);
            break;
        default:
            dwi_tr_skip(t, type);
            break;
        }
    }
}

dw_status dwi_column_index_read(dwi_arena *arena, const void *data, size_t len, size_t n_pages,
                                dwi_column_index *out, dw_error *err)
{
    index_reader r = {.arena = arena, .n_pages = n_pages};
    dwi_column_index index = {.n_pages = n_pages};

    memset(out, 0, sizeof(*out));
    dwi_tr_begin(&r.thrift, data, len);
    column_index(&r, &index);
    if (r.nomem)
        return dwi_err_nomem(err);
    if (!r.thrift.failed && index.null_page != NULL && index.min_values != NULL &&
        index.max_values != NULL)
        *out = index;
    return DW_OK;
}

size_t dwi_page_of_row(const dwi_offset_index *index, int64_t row)
{
    size_t low = 0;
    size_t high = index->n_pages;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->pages[middle].first_row <= row)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}
