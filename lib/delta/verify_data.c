/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a data file: its footer, columns that fit the table's, as many rows as numRecords
 * says, a deletion vector of so many of them, and statistics that no value contradicts. Bounds may
 * be wider than the data; one that a value lies beyond would cost readers rows. */
#include "delta/verify_impl.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "base/alloc.h"
#include "delta/deletion_vector.h"
#include "delta/mapping.h"
#include "delta/object_source.h"
#include "delta/partition_value.h"
#include "delta/stats.h"
#include "delta/table_scan.h"

typedef struct data_check {
    dwi_verify_run *run;
    const dwi_add *add;
    dwi_arena arena;
    const dwi_type *physical;
    int64_t rows;      /* of the file */
    int64_t said_rows; /* numRecords, -1: none */
} data_check;

static dwi_place place_of(const data_check *c, const char *code, const char *repair)
{
    return (dwi_place){DWI_FINDING_ERROR, code, c->add->path, -1, repair, false};
}

static dw_status read_vector(data_check *c, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    size_t bytes = (size_t)(c->rows / 8 + 1);
    uint8_t *bitmap;
    dw_status status;

    if (c->add->dv.storage_type.ptr == NULL)
        return DW_OK;
    bitmap = dwi_alloc_zero(c->run->log->alloc, bytes);
    if (bitmap == NULL)
        return dwi_err_nomem(err);
    status = dwi_deletion_vector_read(c->run->log, &c->add->dv, c->rows, bitmap, &why);
    dwi_free(c->run->log->alloc, bitmap, bytes);
    return dwi_verify_settle(c->run, place_of(c, "vector-broken", NULL), status, &why, err);
}

/* Its columns have the table's types, or such as become them. */
static dw_status check_columns(data_check *c, dwi_parquet_reader *reader, bool *out_fit,
                               dw_error *err)
{
    const dwi_state *state = c->run->state;
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    dw_error why = DW_ERROR_INIT;
    const dwi_type *wanted;
    dw_status status;

    status = dwi_mapping_mode_of(state->metadata.configuration, &mode, &why);
    if (status == DW_OK)
        status = dwi_mapping_physical(&c->arena, state->schema->root, mode, &c->physical, &why);
    if (status != DW_OK)
        return status == DW_E_NOMEM ? dwi_err_nomem(err) : DW_OK; /* told of the table */
    wanted = c->physical;
    *out_fit = dwi_type_has_variant(wanted);
    if (*out_fit)
        return DW_OK; /* its form in the file is the scan's to judge */
    if (mode == DWI_MAPPING_ID)
        wanted = dwi_mapping_in_file(&c->arena, wanted, dwi_parquet_reader_type(reader));
    if (wanted == NULL)
        return dwi_err_nomem(err);
    status = dwi_parquet_reader_project(reader, wanted, &why);
    *out_fit = status == DW_OK;
    return dwi_verify_settle(c->run, place_of(c, "schema-differs", NULL), status, &why, err);
}

static dw_status check_footer(data_check *c, bool *out_good, dw_error *err)
{
    const dwi_log *log = c->run->log;
    dwi_object_source source = {0};
    dwi_parquet_reader *reader = NULL;
    dw_error why = DW_ERROR_INIT;
    char *key = NULL;
    char *name = dwi_arena_alloc(&c->arena, c->add->path.len + 1);
    dw_status status;

    *out_good = false;
    if (name == NULL)
        return dwi_err_nomem(err);
    memcpy(name, c->add->path.ptr, c->add->path.len);
    name[c->add->path.len] = '\0';
    DWI_TRY(dwi_log_data_key(log, c->add->path, &key, err));
    DWI_TRY(dwi_object_source_init(&source, log->store, log->alloc, key, c->add->size, err));
    status = dwi_parquet_reader_open(log->alloc, dwi_object_source_parquet(&source, name), &reader,
                                     &why);
    if (status != DW_OK) {
        DWI_TRY(dwi_verify_settle(c->run, place_of(c, "file-unreadable", NULL), status, &why, err));
        goto done;
    }
    c->rows = dwi_parquet_reader_rows(reader);
    if (c->said_rows >= 0 && c->said_rows != c->rows)
        DWI_TRY(dwi_verify_tell(c->run,
                                place_of(c, "rows-differ",
                                         "rewrite the file (optimize), which "
                                         "counts anew"),
                                err, "%" PRId64 " rows, and numRecords says %" PRId64, c->rows,
                                c->said_rows));
    DWI_TRY(check_columns(c, reader, out_good, err));
    DWI_TRY(read_vector(c, err));
done:
    dwi_parquet_reader_free(reader);
    dwi_object_source_done(&source);
    dwi_cstr_free(log->alloc, key);
    return status;
}

/* ---- statistics ---- */

/* One leaf that the statistics say something of. */
typedef struct leaf_check {
    const dwi_type *type;
    dwi_buf path;       /* for people */
    dwi_column bounds;  /* the lower, then the upper one; null: none */
    int64_t said_nulls; /* -1: not said */
    int64_t nulls;
    bool below;
    bool above;
} leaf_check;

typedef struct stats_check {
    data_check *data;
    leaf_check *leaves;
    size_t n_leaves;
    size_t cap;
    const char *broken; /* why a bound cannot be read: its leaf */
} stats_check;

static bool has_bounds(dwi_type_kind kind)
{
    switch (kind) {
    case DWI_BOOLEAN:
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
    case DWI_FLOAT:
    case DWI_DOUBLE:
    case DWI_DECIMAL:
    case DWI_STRING:
    case DWI_DATE:
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return true;
    default:
        return false;
    }
}

/* The text that a bound would have as a partition value: numbers and booleans as JSON has them. */
static bool bound_text(const dwi_json *value, dwi_sv *out)
{
    if (value == NULL || dwi_json_kind_of(value) == DWI_JSON_NULL)
        return false;
    if (!dwi_json_as_string(value, out))
        *out = dwi_json_source(value);
    return true;
}

static dw_status add_bound(leaf_check *leaf, const dwi_json *value, const char **out_broken,
                           dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status;
    dwi_sv text;

    if (!has_bounds(leaf->type->kind) || !bound_text(value, &text))
        return dwi_column_append_null(&leaf->bounds, err);
    if (leaf->type->kind == DWI_STRING)
        return dwi_column_append_bytes(&leaf->bounds, text.ptr, text.len, err);
    status = dwi_partition_value_append(&leaf->bounds, text, 1, &why);
    if (status == DW_E_NOMEM)
        return dwi_err_nomem(err);
    if (status != DW_OK) {
        *out_broken = dwi_buf_cstr(&leaf->path);
        return dwi_column_append_null(&leaf->bounds, err);
    }
    return DW_OK;
}

static dw_status add_leaf(stats_check *s, const dwi_type *type, dwi_sv path, const dwi_json *min,
                          const dwi_json *max, const dwi_json *nulls, dw_error *err)
{
    const dw_allocator *alloc = s->data->run->log->alloc;
    leaf_check *leaf;
    dw_status status;

    if (s->n_leaves == s->cap) {
        size_t cap = s->cap == 0 ? 16 : s->cap * 2;
        leaf_check *grown =
            dwi_realloc(alloc, s->leaves, s->cap * sizeof(*grown), cap * sizeof(*grown));
        if (grown == NULL)
            return dwi_err_nomem(err);
        s->leaves = grown;
        s->cap = cap;
    }
    leaf = &s->leaves[s->n_leaves];
    *leaf = (leaf_check){.type = type, .said_nulls = -1};
    dwi_buf_init(&leaf->path, alloc);
    dwi_buf_append(&leaf->path, path.ptr, path.len);
    DWI_TRY(dwi_buf_status(&leaf->path, err));
    if (has_bounds(type->kind)) {
        DWI_TRY(dwi_column_init(&leaf->bounds, type, alloc, err));
        DWI_TRY(add_bound(leaf, min, &s->broken, err));
        DWI_TRY(add_bound(leaf, max, &s->broken, err));
    }
    if (nulls == NULL || !dwi_json_as_i64(nulls, &leaf->said_nulls))
        leaf->said_nulls = -1;
    s->n_leaves++;
    return DW_OK;
done:
    dwi_buf_done(&leaf->path);
    dwi_column_done(&leaf->bounds);
    return status;
}

static const dwi_json *member(const dwi_json *object, dwi_sv name)
{
    return object == NULL || dwi_json_kind_of(object) != DWI_JSON_OBJECT
               ? NULL
               : dwi_json_get(object, name.ptr);
}

/* The leaves of a struct in the order in which their values are met; those of which nothing is said
 * too, so that both orders stay the same. */
static dw_status add_leaves(stats_check *s, const dwi_type *type, const dwi_type *physical,
                            dwi_buf *path, const dwi_json *min, const dwi_json *max,
                            const dwi_json *nulls, dw_error *err)
{
    dw_status status = DW_OK;
    size_t len = path->len;

    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_field *field = &type->fields[i];
        dwi_sv name = physical->fields[i].name;
        path->len = len;
        dwi_buf_printf(path, "%s%.*s", len == 0 ? "" : ".", DWI_SV_ARG(field->name));
        DWI_TRY(dwi_buf_status(path, err));
        if (field->type->kind == DWI_STRUCT && !field->type->variant)
            DWI_TRY(add_leaves(s, field->type, physical->fields[i].type, path, member(min, name),
                               member(max, name), member(nulls, name), err));
        else
            DWI_TRY(add_leaf(s, field->type, (dwi_sv){(const char *)path->data, path->len},
                             member(min, name), member(max, name), member(nulls, name), err));
    }
done:
    path->len = len;
    return status;
}

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t integer_at(const dwi_vec *vec, int64_t row)
{
    const uint8_t *at = vec->values;
    size_t width = dwi_type_width(vec->type);
    int8_t byte;
    int16_t word;
    int32_t integer;
    int64_t value;

    at += (size_t)(vec->offset + row) * width;
    switch (width) {
    case 1:
        memcpy(&byte, at, 1);
        return byte;
    case 2:
        memcpy(&word, at, 2);
        return word;
    case 4:
        memcpy(&integer, at, 4);
        return integer;
    default:
        memcpy(&value, at, 8);
        return value;
    }
}

static double floating_at(const dwi_vec *vec, int64_t row)
{
    const uint8_t *at = vec->values;
    double wide;
    float narrow;

    if (vec->type->kind == DWI_DOUBLE) {
        memcpy(&wide, at + (vec->offset + row) * (int64_t)sizeof(wide), sizeof(wide));
        return wide;
    }
    memcpy(&narrow, at + (vec->offset + row) * (int64_t)sizeof(narrow), sizeof(narrow));
    return (double)narrow;
}

static int compare_decimals(const dwi_vec *a, int64_t row, const dwi_vec *b, int64_t other)
{
    const uint8_t *x = (const uint8_t *)a->values + (a->offset + row) * 16;
    const uint8_t *y = (const uint8_t *)b->values + (b->offset + other) * 16;
    uint64_t low[2];
    int64_t high[2];

    memcpy(&low[0], x, 8);
    memcpy(&high[0], x + 8, 8);
    memcpy(&low[1], y, 8);
    memcpy(&high[1], y + 8, 8);
    return high[0] != high[1] ? compare_i64(high[0], high[1])
                              : (low[0] > low[1]) - (low[0] < low[1]);
}

static dwi_sv bytes_at(const dwi_vec *vec, int64_t row)
{
    int32_t start = vec->offsets[vec->offset + row];

    return (dwi_sv){(const char *)vec->data + start,
                    (size_t)(vec->offsets[vec->offset + row + 1] - start)};
}

static int64_t floor_ms(int64_t us)
{
    return us / 1000 - (us % 1000 < 0);
}

/* False for those that are not numbers, too. */
static bool is_float(double value)
{
    return fabs(value) <= (double)FLT_MAX && (double)(float)value == value;
}

/* A value with a bound. Bounds of times have milliseconds, cut off. NaN is beyond none. */
static int compare(const dwi_vec *vec, int64_t row, const dwi_vec *bounds, int64_t bound)
{
    double a;
    double b;

    switch (vec->type->kind) {
    case DWI_BOOLEAN:
        return dwi_bit_get(vec->values, vec->offset + row) -
               dwi_bit_get(bounds->values, bounds->offset + bound);
    case DWI_FLOAT:
    case DWI_DOUBLE:
        a = floating_at(vec, row);
        b = floating_at(bounds, bound);
        if (is_float(a) && fabs(b) <= (double)FLT_MAX && a == (double)(float)b)
            return 0; /* of a file that was written before float became double */
        return (a > b) - (a < b);
    case DWI_DECIMAL:
        return compare_decimals(vec, row, bounds, bound);
    case DWI_STRING:
        return dwi_sv_cmp(bytes_at(vec, row), bytes_at(bounds, bound));
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return compare_i64(floor_ms(integer_at(vec, row)), floor_ms(integer_at(bounds, bound)));
    default:
        return compare_i64(integer_at(vec, row), integer_at(bounds, bound));
    }
}

static dw_status check_leaf(leaf_check *leaf, const dwi_vec *vec, const uint8_t *parent_null,
                            dwi_arena *arena, dw_error *err)
{
    const dwi_vec *bounds = NULL;
    bool lower;
    bool upper;

    if (leaf->bounds.type != NULL) {
        bounds = dwi_column_view(&leaf->bounds, arena);
        if (bounds == NULL)
            return dwi_err_nomem(err);
    }
    lower = bounds != NULL && dwi_vec_is_valid(bounds, 0);
    upper = bounds != NULL && dwi_vec_is_valid(bounds, 1);
    for (int64_t row = 0; row < vec->length; row++) {
        if (!dwi_vec_is_valid(vec, row) || (parent_null != NULL && parent_null[row] != 0)) {
            leaf->nulls++;
            continue;
        }
        leaf->below = leaf->below || (lower && compare(vec, row, bounds, 0) < 0);
        leaf->above = leaf->above || (upper && compare(vec, row, bounds, 1) > 0);
    }
    return DW_OK;
}

/* Leaves in the order of add_leaves(). A null struct makes all below it null. */
static dw_status check_rows(stats_check *s, size_t *leaf, const dwi_vec *rows,
                            const uint8_t *parent_null, dwi_arena *arena, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < rows->n_children; i++) {
        const dwi_vec *child = &rows->children[i];
        uint8_t *nulls;
        if (child->type->kind != DWI_STRUCT || child->type->variant) {
            DWI_TRY(check_leaf(&s->leaves[(*leaf)++], child, parent_null, arena, err));
            continue;
        }
        nulls = dwi_arena_alloc(arena, (size_t)child->length);
        if (nulls == NULL)
            DWI_TRY(dwi_err_nomem(err));
        for (int64_t row = 0; row < child->length; row++)
            nulls[row] =
                (parent_null != NULL && parent_null[row] != 0) || !dwi_vec_is_valid(child, row);
        DWI_TRY(check_rows(s, leaf, child, nulls, arena, err));
    }
done:
    return status;
}

static dw_status tell_leaves(stats_check *s, bool tight, dw_error *err)
{
    data_check *c = s->data;
    const dwi_place place =
        place_of(c, "stats-wrong", "rewrite the file (optimize), which makes them anew");
    dw_status status = DW_OK;

    if (s->broken != NULL)
        DWI_TRY(
            dwi_verify_tell(c->run, place, err, "column %s: a bound cannot be read", s->broken));
    for (size_t i = 0; i < s->n_leaves; i++) {
        leaf_check *leaf = &s->leaves[i];
        if (leaf->below || leaf->above)
            DWI_TRY(dwi_verify_tell(c->run, place, err,
                                    "column %s: values lie %s, so that readers miss them",
                                    dwi_buf_cstr(&leaf->path),
                                    leaf->below && leaf->above ? "beyond both bounds"
                                    : leaf->below              ? "below minValues"
                                                               : "above maxValues"));
        if (leaf->said_nulls >= 0 && leaf->said_nulls != leaf->nulls && tight)
            DWI_TRY(dwi_verify_tell(c->run, place, err,
                                    "column %s: %" PRId64 " nulls, and nullCount says %" PRId64,
                                    dwi_buf_cstr(&leaf->path), leaf->nulls, leaf->said_nulls));
    }
done:
    return status;
}

static dw_status scan_rows(stats_check *s, dwi_table_scan *scan, dw_error *err)
{
    dwi_column batch = {0};
    const dwi_vec *view;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, s->data->run->log->alloc);
    DWI_TRY(dwi_column_init(&batch, dwi_table_scan_type(scan), s->data->run->log->alloc, err));
    for (;;) {
        size_t leaf = 0;
        DWI_TRY(dwi_table_scan_next(scan, &batch, err));
        if (batch.length == 0)
            break;
        view = dwi_column_view(&batch, &arena);
        if (view == NULL)
            DWI_TRY(dwi_err_nomem(err));
        DWI_TRY(check_rows(s, &leaf, view, NULL, &arena, err));
        (void)pthread_mutex_lock(&s->data->run->lock);
        s->data->run->result->read_rows += batch.length;
        (void)pthread_mutex_unlock(&s->data->run->lock);
        dwi_arena_done(&arena);
        dwi_arena_init(&arena, s->data->run->log->alloc);
    }
done:
    dwi_column_done(&batch);
    dwi_arena_done(&arena);
    return status;
}

/* All rows, deleted ones too: statistics are of them. */
static dw_status read_rows(stats_check *s, dw_error *err)
{
    data_check *c = s->data;
    dwi_add whole = *c->add;
    const dwi_scan_files what = {.files = &whole, .n_files = 1};
    dwi_table_scan *scan = NULL;
    dw_error why = DW_ERROR_INIT;
    dw_status status;

    whole.dv = (dwi_dv){.offset = -1};
    status = dwi_table_scan_open_files(c->run->log, c->run->state, &what, &scan, &why);
    if (status == DW_OK)
        status = scan_rows(s, scan, &why);
    dwi_table_scan_close(scan);
    return dwi_verify_settle(c->run, place_of(c, "file-unreadable", NULL), status, &why, err);
}

static void stats_check_done(stats_check *s)
{
    const dw_allocator *alloc = s->data->run->log->alloc;

    for (size_t i = 0; i < s->n_leaves; i++) {
        dwi_buf_done(&s->leaves[i].path);
        dwi_column_done(&s->leaves[i].bounds);
    }
    dwi_free(alloc, s->leaves, s->cap * sizeof(*s->leaves));
}

static dw_status check_stats(data_check *c, dw_error *err)
{
    stats_check s = {.data = c};
    const dwi_json *root = NULL;
    dw_error why = DW_ERROR_INIT;
    bool tight = true;
    dwi_buf path;
    dw_status status = DW_OK;

    dwi_buf_init(&path, c->run->log->alloc);
    if (c->add->stats.ptr != NULL && c->add->stats.len > 0)
        status = dwi_json_parse(&c->arena, c->add->stats, "stats", &root, &why);
    if (status == DW_E_NOMEM)
        DWI_TRY(dwi_err_nomem(err));
    if (status != DW_OK)
        root = NULL; /* told of the log */
    (void)dwi_json_as_bool(member(root, DWI_SV("tightBounds")), &tight);
    DWI_TRY(add_leaves(&s, c->run->state->schema->root, c->physical, &path,
                       member(root, DWI_SV("minValues")), member(root, DWI_SV("maxValues")),
                       member(root, DWI_SV("nullCount")), err));
    DWI_TRY(read_rows(&s, err));
    DWI_TRY(tell_leaves(&s, tight, err));
done:
    stats_check_done(&s);
    dwi_buf_done(&path);
    return status;
}

dw_status dwi_verify_data(dwi_verify_run *run, const dwi_add *add, dw_error *err)
{
    data_check c = {.run = run, .add = add, .said_rows = -1};
    dw_status status;
    bool good = false;

    dwi_arena_init(&c.arena, run->log->alloc);
    DWI_TRY(dwi_stats_num_records(&c.arena, add->stats, &c.said_rows, err));
    DWI_TRY(check_footer(&c, &good, err));
    (void)pthread_mutex_lock(&run->lock);
    run->result->opened_files++;
    (void)pthread_mutex_unlock(&run->lock);
    if (good && c.physical != NULL && run->options->read_files)
        DWI_TRY(check_stats(&c, err));
done:
    dwi_arena_done(&c.arena);
    return status;
}
