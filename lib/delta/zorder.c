/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/zorder.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "delta/where_value.h"

enum {
    KEY_BITS = 60,
    MOST_BITS = 10, /* of one column */
    SAMPLE_ROWS = 16384,
    TEXT_BYTES = 64, /* of a bound */
    OUT_ROWS = 1024, /* files end between two such runs */
    MAX_SLICES = 1024
};
#define MEMORY_BYTES (INT64_C(256) * 1024 * 1024)
#define MOST_BYTES   (INT64_C(1) * 1024 * 1024 * 1024) /* a column of text has 2 GiB at the most */

/* ---- columns ---- */

dw_status dwi_row_order_add(dwi_row_order *order, const dwi_state *state, dwi_sv name,
                            dw_error *err)
{
    const dwi_type *root = state->schema->root;
    int at = dwi_type_find(root, name);

    if (at < 0)
        return dwi_err(err, DW_E_NOT_FOUND, "column %.*s: the table has none of this name",
                       DWI_SV_ARG(name));
    if (dwi_file_layout_is_partition(&state->metadata, name))
        return dwi_err(err, DW_E_ARG,
                       "column %.*s: rows are apart by this partition column already",
                       DWI_SV_ARG(name));
    if (dwi_value_kind_of(root->fields[at].type) == DWI_VALUE_NULL)
        return dwi_err(err, DW_E_UNSUPPORTED, "column %.*s: values of type %s have no order",
                       DWI_SV_ARG(name), dwi_type_kind_name(root->fields[at].type->kind));
    for (size_t i = 0; i < order->n_columns; i++)
        if (order->columns[i] == (size_t)at)
            return dwi_err(err, DW_E_ARG, "column %.*s: it is named twice", DWI_SV_ARG(name));
    if (order->n_columns == DWI_ZORDER_COLUMNS)
        return dwi_err(err, DW_E_ARG, "column %.*s: %d columns are the most", DWI_SV_ARG(name),
                       DWI_ZORDER_COLUMNS);
    order->columns[order->n_columns++] = (size_t)at;
    return DW_OK;
}

/* ---- the curve ---- */

typedef struct ranges {
    dwi_value *bounds; /* ascending, none twice: range i + 1 begins with bounds[i] */
    size_t n;
} ranges;

typedef struct curve {
    const dwi_row_order *order;
    unsigned bits; /* of each column */
    ranges columns[DWI_ZORDER_COLUMNS];
} curve;

typedef struct keyed_row {
    uint64_t key;
    uint32_t row;
} keyed_row;

/* Rows in memory, with their places on the curve. */
typedef struct pile {
    dwi_column rows;
    dwi_buf keys; /* keyed_row */
} pile;

static int by_value(const void *a, const void *b)
{
    return dwi_value_compare(a, b);
}

static int by_key(const void *a, const void *b)
{
    const keyed_row *x = a;
    const keyed_row *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The values of one column of the sample, ascending, without nulls. */
static dw_status sorted_values(dwi_arena *arena, const dwi_vec *vec, int64_t rows, dwi_value **out,
                               size_t *out_n, dw_error *err)
{
    dwi_value *values = dwi_arena_array(arena, (size_t)rows, sizeof(*values));
    size_t n = 0;

    if (values == NULL)
        return dwi_err_nomem(err);
    for (int64_t i = 0; i < rows; i++) {
        if (!dwi_vec_is_valid(vec, i))
            continue;
        dwi_value_get(vec, i, &values[n]);
        if (values[n].bytes.len > TEXT_BYTES)
            values[n].bytes.len = TEXT_BYTES;
        if (values[n].bytes.len > 0 && !dwi_arena_sv(arena, values[n].bytes, &values[n].bytes))
            return dwi_err_nomem(err);
        n++;
    }
    qsort(values, n, sizeof(*values), by_value);
    *out = values;
    *out_n = n;
    return DW_OK;
}

/* Bounds between ranges of about as many rows each. */
static void choose_bounds(ranges *r, dwi_value *values, size_t n, unsigned bits)
{
    size_t most = ((size_t)1 << bits) - 2; /* null has the first range */
    size_t step = n / (most + 1) + 1;

    r->bounds = values;
    for (size_t i = step; i < n; i += step)
        if (r->n == 0 || dwi_value_compare(&values[i], &r->bounds[r->n - 1]) > 0)
            r->bounds[r->n++] = values[i]; /* r->n <= i */
}

static dw_status make_curve(curve *c, dwi_arena *arena, const dwi_row_order *order,
                            const dwi_vec *sample, dw_error *err)
{
    dw_status status = DW_OK;

    *c = (curve){.order = order, .bits = KEY_BITS / (unsigned)order->n_columns};
    if (c->bits > MOST_BITS)
        c->bits = MOST_BITS;
    for (size_t i = 0; i < order->n_columns; i++) {
        dwi_value *values = NULL;
        size_t n = 0;
        DWI_TRY(sorted_values(arena, &sample->children[order->columns[i]], sample->length, &values,
                              &n, err));
        choose_bounds(&c->columns[i], values, n, c->bits);
    }
done:
    return status;
}

/* 0 for null, else higher the more bounds are not above the value; with few ranges or many the
 * numbers take all of the bits, so that no column counts for more than another. */
static uint64_t range_of(const ranges *r, unsigned bits, const dwi_vec *vec, int64_t row)
{
    size_t low = 0;
    size_t high = r->n;
    dwi_value value;

    if (!dwi_vec_is_valid(vec, row))
        return 0;
    dwi_value_get(vec, row, &value);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dwi_value_compare(&r->bounds[middle], &value) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (low + 1) * (((uint64_t)1 << bits) - 1) / (r->n + 1);
}

static uint64_t key_of(const curve *c, const dwi_vec *rows, int64_t row)
{
    uint64_t numbers[DWI_ZORDER_COLUMNS];
    uint64_t key = 0;

    for (size_t i = 0; i < c->order->n_columns; i++)
        numbers[i] = range_of(&c->columns[i], c->bits, &rows->children[c->order->columns[i]], row);
    for (unsigned bit = c->bits; bit-- > 0;)
        for (size_t i = 0; i < c->order->n_columns; i++)
            key = key << 1 | (numbers[i] >> bit & 1);
    return key;
}

/* ---- rows in memory ---- */

static dw_status pile_init(pile *p, const dwi_type *type, const dw_allocator *alloc, dw_error *err)
{
    dwi_buf_init(&p->keys, alloc);
    return dwi_column_init(&p->rows, type, alloc, err);
}

static void pile_done(pile *p)
{
    dwi_column_done(&p->rows);
    dwi_buf_done(&p->keys);
}

static int64_t pile_bytes(const pile *p)
{
    return (int64_t)(dwi_column_memory(&p->rows) + p->keys.cap);
}

static dw_status note_key(pile *p, uint64_t key, int64_t row, dw_error *err)
{
    const keyed_row keyed = {key, (uint32_t)row};

    dwi_buf_append(&p->keys, &keyed, sizeof(keyed));
    return dwi_buf_status(&p->keys, err);
}

/* All rows, in order, to the files; then the pile is empty. */
static dw_status pile_write(pile *p, const dw_allocator *alloc, dwi_data_files *out, dw_error *err)
{
    keyed_row *keys = (keyed_row *)(void *)p->keys.data;
    size_t n = p->keys.len / sizeof(*keys);
    uint32_t numbers[OUT_ROWS];
    dwi_column batch = {0};
    const dwi_vec *rows;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, alloc);
    if (n > 0)
        qsort(keys, n, sizeof(*keys), by_key);
    DWI_TRY(dwi_column_init(&batch, p->rows.type, alloc, err));
    rows = dwi_column_view(&p->rows, &arena);
    if (rows == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < n;) {
        size_t take = n - i < OUT_ROWS ? n - i : OUT_ROWS;
        const dwi_vec *view;
        for (size_t k = 0; k < take; k++)
            numbers[k] = keys[i + k].row;
        dwi_column_clear(&batch);
        DWI_TRY(dwi_column_take(&batch, rows, numbers, (int64_t)take, err));
        view = dwi_column_view(&batch, &arena);
        if (view == NULL)
            DWI_TRY(dwi_err_nomem(err));
        DWI_TRY(dwi_data_files_append(out, view, err));
        i += take;
    }
    dwi_column_clear(&p->rows);
    dwi_buf_clear(&p->keys);
done:
    dwi_column_done(&batch);
    dwi_arena_done(&arena);
    return status;
}

/* ---- passes over the files ---- */

/* What is done with each batch. */
typedef dw_status batch_fn(void *ctx, const dwi_vec *rows, dw_error *err);

static dw_status each_batch(const dwi_zorder_job *job, dwi_table_scan *scan, batch_fn *each,
                            void *ctx, dw_error *err)
{
    dwi_column batch = {0};
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, job->log->alloc);
    DWI_TRY(dwi_column_init(&batch, dwi_table_scan_type(scan), job->log->alloc, err));
    for (;;) {
        const dwi_vec *rows;
        DWI_TRY(dwi_table_scan_next(scan, &batch, err));
        if (batch.length == 0)
            break;
        rows = dwi_column_view(&batch, &arena);
        if (rows == NULL)
            DWI_TRY(dwi_err_nomem(err));
        DWI_TRY(each(ctx, rows, err));
        if (job->read != NULL)
            DWI_TRY(job->read(job->read_ctx, batch.length, err));
        dwi_arena_done(&arena);
        dwi_arena_init(&arena, job->log->alloc);
    }
done:
    dwi_column_done(&batch);
    dwi_arena_done(&arena);
    return status;
}

typedef struct sorter {
    const dwi_zorder_job *job;
    dwi_data_files *out;
    int64_t memory_bytes;
    dwi_arena arena; /* the curve */
    curve curve;
    pile pile;
    /* Of the first pass. */
    bool full; /* rows are more than memory takes: from now on they are only counted and sampled */
    double row_bytes;
    int64_t rows;
    int64_t stride; /* each so many rows one is in the sample */
    dwi_column sample;
    /* Of a later one: keys from `first` to `last`. */
    uint64_t first;
    uint64_t last;
} sorter;

/* The sample has every stride-th row; when there are too many of them, every second one goes. */
static dw_status thin_out(sorter *s, dw_error *err)
{
    dwi_column half = {0};
    const dwi_vec *rows;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, s->job->log->alloc);
    DWI_TRY(dwi_column_init(&half, s->sample.type, s->job->log->alloc, err));
    rows = dwi_column_view(&s->sample, &arena);
    if (rows == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (int64_t i = 0; i < rows->length; i += 2)
        DWI_TRY(dwi_column_append_vec(&half, rows, i, 1, err));
    dwi_column_done(&s->sample);
    s->sample = half;
    half = (dwi_column){0};
    s->stride *= 2;
done:
    dwi_column_done(&half);
    dwi_arena_done(&arena);
    return status;
}

static dw_status take_sample(sorter *s, const dwi_vec *rows, dw_error *err)
{
    dw_status status = DW_OK;

    for (int64_t i = (s->stride - s->rows % s->stride) % s->stride; i < rows->length;
         i += s->stride) {
        DWI_TRY(dwi_column_append_vec(&s->sample, rows, i, 1, err));
        if (s->sample.length >= 2 * SAMPLE_ROWS)
            DWI_TRY(thin_out(s, err));
    }
done:
    return status;
}

static dw_status first_pass(void *ctx, const dwi_vec *rows, dw_error *err)
{
    sorter *s = ctx;
    dw_status status;

    DWI_TRY(take_sample(s, rows, err));
    s->rows += rows->length;
    if (s->full)
        goto done;
    DWI_TRY(dwi_column_append_vec(&s->pile.rows, rows, 0, rows->length, err));
    if (pile_bytes(&s->pile) + s->rows * (int64_t)sizeof(keyed_row) > s->memory_bytes ||
        s->rows > UINT32_MAX) {
        s->row_bytes = (double)pile_bytes(&s->pile) / (double)s->rows + sizeof(keyed_row);
        s->full = true;
        dwi_column_done(&s->pile.rows);
        DWI_TRY(dwi_column_init(&s->pile.rows, s->sample.type, s->job->log->alloc, err));
    }
done:
    return status;
}

static dw_status later_pass(void *ctx, const dwi_vec *rows, dw_error *err)
{
    sorter *s = ctx;
    dw_status status = DW_OK;

    for (int64_t i = 0; i < rows->length; i++) {
        uint64_t key = key_of(&s->curve, rows, i);
        if (key < s->first || key > s->last)
            continue;
        DWI_TRY(note_key(&s->pile, key, s->pile.rows.length, err));
        DWI_TRY(dwi_column_append_vec(&s->pile.rows, rows, i, 1, err));
    }
    /* more of one place than was thought: it comes in parts */
    if (pile_bytes(&s->pile) > s->memory_bytes)
        DWI_TRY(pile_write(&s->pile, s->job->log->alloc, s->out, err));
done:
    return status;
}

static dw_status run_pass(sorter *s, batch_fn *each, dw_error *err)
{
    dwi_table_scan *scan = NULL;
    dw_status status;

    DWI_TRY(dwi_table_scan_open_files(s->job->log, s->job->state, s->job->what, &scan, err));
    DWI_TRY(each_batch(s->job, scan, each, s, err));
done:
    dwi_table_scan_close(scan);
    return status;
}

static dw_status sort_all(sorter *s, dw_error *err)
{
    const dwi_vec *rows;
    dwi_arena arena;
    dw_status status = DW_OK;

    dwi_arena_init(&arena, s->job->log->alloc);
    rows = dwi_column_view(&s->pile.rows, &arena);
    if (rows == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (int64_t i = 0; i < rows->length; i++)
        DWI_TRY(note_key(&s->pile, key_of(&s->curve, rows, i), i, err));
    DWI_TRY(pile_write(&s->pile, s->job->log->alloc, s->out, err));
done:
    dwi_arena_done(&arena);
    return status;
}

/* The curve in stretches that fit into memory, by the sample. */
static dw_status sort_slices(sorter *s, const dwi_vec *sample, dw_error *err)
{
    size_t n = (size_t)sample->length;
    uint64_t *keys = dwi_arena_array(&s->arena, n, sizeof(*keys));
    double wanted = s->row_bytes * (double)s->rows / ((double)s->memory_bytes * 0.6);
    size_t slices = wanted < MAX_SLICES ? (size_t)wanted + 1 : MAX_SLICES;
    dw_status status = DW_OK;

    if (keys == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++)
        keys[i] = key_of(&s->curve, sample, (int64_t)i);
    qsort(keys, n, sizeof(*keys), by_number);
    s->first = 0;
    for (size_t i = 1; i <= slices; i++) {
        s->last = i < slices ? keys[n * i / slices] : UINT64_MAX;
        if (i < slices && s->last < s->first)
            continue; /* the stretch before has it all */
        DWI_TRY(run_pass(s, later_pass, err));
        DWI_TRY(pile_write(&s->pile, s->job->log->alloc, s->out, err));
        if (s->last == UINT64_MAX)
            break;
        s->first = s->last + 1;
    }
done:
    return status;
}

static dw_status move(sorter *s, const dwi_type *type, dw_error *err)
{
    const dw_allocator *alloc = s->job->log->alloc;
    const dwi_vec *sample;
    dw_status status;

    DWI_TRY(pile_init(&s->pile, type, alloc, err));
    DWI_TRY(dwi_column_init(&s->sample, type, alloc, err));
    DWI_TRY(run_pass(s, first_pass, err));
    if (s->rows == 0)
        goto done;
    sample = dwi_column_view(&s->sample, &s->arena);
    if (sample == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(make_curve(&s->curve, &s->arena, s->job->order, sample, err));
    DWI_TRY(s->full ? sort_slices(s, sample, err) : sort_all(s, err));
done:
    return status;
}

dw_status dwi_zorder_move(const dwi_zorder_job *job, dwi_data_files *out, int64_t *out_rows,
                          dw_error *err)
{
    sorter s = {.job = job, .out = out, .memory_bytes = job->memory_bytes, .stride = 1};
    dwi_table_scan *scan = NULL;
    dw_status status;

    if (s.memory_bytes <= 0)
        s.memory_bytes = MEMORY_BYTES;
    if (s.memory_bytes > MOST_BYTES)
        s.memory_bytes = MOST_BYTES;
    dwi_arena_init(&s.arena, job->log->alloc);
    /* lives as long as the columns: it has their type */
    DWI_TRY(dwi_table_scan_open_files(job->log, job->state, job->what, &scan, err));
    DWI_TRY(move(&s, dwi_table_scan_type(scan), err));
    *out_rows = s.rows;
done:
    pile_done(&s.pile);
    dwi_column_done(&s.sample);
    dwi_arena_done(&s.arena);
    dwi_table_scan_close(scan);
    return status;
}
