/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/footer_reader.h"

#include "base/utf8.h"
#include "thrift/compact.h"

/* A list element of n fields takes at least so many bytes; without this a footer of a few bytes
 * could ask for a hundred times its size. */
enum { MIN_ELEMENT = 3, MIN_CHUNK = 8, MIN_ROW_GROUP = 5, MIN_METADATA = 3, MIN_SORTING = 4 };

typedef struct footer_reader {
    dwi_tr thrift;
    dwi_arena *arena;
    dwi_footer *out;
    bool nomem;
} footer_reader;

static void stop(footer_reader *r, const char *why)
{
    if (r->thrift.failed)
        return;
    r->thrift.failed = true;
    r->thrift.why = why;
}

static void *allocate(footer_reader *r, size_t count, size_t size)
{
    void *ptr = dwi_arena_array(r->arena, count, size);

    if (ptr == NULL) {
        r->nomem = true;
        stop(r, "out of memory");
    }
    return ptr;
}

static size_t struct_list(footer_reader *r, dwi_thrift_type type, size_t min_bytes)
{
    dwi_thrift_type element;
    size_t count = dwi_tr_list(&r->thrift, type, &element);
    size_t left = (size_t)(r->thrift.end - r->thrift.pos);

    if (r->thrift.failed || count == 0)
        return 0;
    if (element != DWI_THRIFT_STRUCT) {
        stop(r, "not a list of structs");
        return 0;
    }
    if (count > left / min_bytes + 1) {
        stop(r, "more list elements than bytes");
        return 0;
    }
    return count;
}

/* A field that helps but is not needed: some writers have others under its id. */
static int64_t extra_int(dwi_tr *t, dwi_thrift_type type, int64_t otherwise)
{
    if (type == DWI_THRIFT_I16 || type == DWI_THRIFT_I32 || type == DWI_THRIFT_I64)
        return dwi_tr_i64(t, type);
    dwi_tr_skip(t, type);
    return otherwise;
}

static dwi_sv text(footer_reader *r, dwi_thrift_type type)
{
    dwi_sv view = dwi_tr_binary(&r->thrift, type);
    dwi_sv copy = {NULL, 0};

    if (r->thrift.failed)
        return copy;
    if (!dwi_arena_sv(r->arena, view, &copy)) {
        r->nomem = true;
        stop(r, "out of memory");
    }
    return copy;
}

static int64_t not_negative(footer_reader *r, dwi_thrift_type type)
{
    int64_t value = dwi_tr_i64(&r->thrift, type);

    if (value < 0)
        stop(r, "negative size or count");
    return value;
}

/* The field of a union of empty structs, 0 when there is none. */
static int union_field(dwi_tr *t, dwi_thrift_type type)
{
    int field = 0;
    int16_t id;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        field = id;
        dwi_tr_skip(t, type);
    }
    dwi_tr_struct_end(t);
    return field;
}

static void decimal_type(dwi_tr *t, dwi_footer_element *e)
{
    int16_t id;
    dwi_thrift_type type;

    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            e->scale = dwi_tr_i32(t, type);
        else if (id == 2)
            e->precision = dwi_tr_i32(t, type);
        else
            dwi_tr_skip(t, type);
    }
}

static void time_type(dwi_tr *t, dwi_footer_element *e)
{
    int16_t id;
    dwi_thrift_type type;

    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            e->utc = dwi_tr_bool(t, type);
        else if (id == 2)
            e->unit = union_field(t, type);
        else
            dwi_tr_skip(t, type);
    }
}

static void integer_type(dwi_tr *t, dwi_footer_element *e)
{
    int16_t id;
    dwi_thrift_type type;

    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            e->bit_width = dwi_tr_i32(t, type);
        else if (id == 2)
            e->is_signed = dwi_tr_bool(t, type);
        else
            dwi_tr_skip(t, type);
    }
}

static void logical_type(dwi_tr *t, dwi_thrift_type type, dwi_footer_element *e)
{
    int16_t id;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        e->logical = id;
        switch (id) {
        case DWI_PARQUET_LOGICAL_DECIMAL:
        case DWI_PARQUET_LOGICAL_TIME:
        case DWI_PARQUET_LOGICAL_TIMESTAMP:
        case DWI_PARQUET_LOGICAL_INTEGER:
            dwi_tr_struct_begin(t, type);
            if (id == DWI_PARQUET_LOGICAL_DECIMAL)
                decimal_type(t, e);
            else if (id == DWI_PARQUET_LOGICAL_INTEGER)
                integer_type(t, e);
            else
                time_type(t, e);
            dwi_tr_struct_end(t);
            break;
        default:
            dwi_tr_skip(t, type);
            break;
        }
    }
    dwi_tr_struct_end(t);
}

static void check_element(footer_reader *r, const dwi_footer_element *e)
{
    if (e->n_children < 0 || e->type_length < 0)
        stop(r, "negative size or count");
    else if (e->physical > DWI_PARQUET_FIXED_LEN_BYTE_ARRAY || e->physical < -1)
        stop(r, "unknown physical type in the schema");
    else if (e->repetition < DWI_PARQUET_REQUIRED || e->repetition > DWI_PARQUET_REPEATED)
        stop(r, "unknown repetition in the schema");
    else if (e->physical >= 0 && e->n_children > 0)
        stop(r, "a column with children in the schema");
    else if (!dwi_utf8_valid(e->name.ptr, e->name.len))
        stop(r, "a column name that is not UTF-8");
}

static void schema_element(footer_reader *r, dwi_thrift_type type, dwi_footer_element *e)
{
    dwi_tr *t = &r->thrift;
    int16_t id;

    e->physical = -1;
    e->field_id = -1;
    e->converted = DWI_PARQUET_CONVERTED_NONE;
    e->name = DWI_SV("");
    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        switch (id) {
        case 1:
            e->physical = dwi_tr_i32(t, type);
            break;
        case 2:
            e->type_length = dwi_tr_i32(t, type);
            break;
        case 3:
            e->repetition = dwi_tr_i32(t, type);
            break;
        case 4:
            e->name = text(r, type);
            break;
        case 5:
            e->n_children = dwi_tr_i32(t, type);
            break;
        case 6:
            e->converted = dwi_tr_i32(t, type);
            break;
        case 7:
            e->scale = dwi_tr_i32(t, type);
            break;
        case 8:
            e->precision = dwi_tr_i32(t, type);
            break;
        case 9:
            e->field_id = dwi_tr_i32(t, type);
            break;
        case 10:
            logical_type(t, type, e);
            break;
        default:
            dwi_tr_skip(t, type);
            break;
        }
    }
    dwi_tr_struct_end(t);
    if (!t->failed)
        check_element(r, e);
}

static void schema(footer_reader *r, dwi_thrift_type type)
{
    size_t count = struct_list(r, type, MIN_ELEMENT);

    if (count == 0)
        return;
    r->out->elements = allocate(r, count, sizeof(*r->out->elements));
    for (size_t i = 0; i < count && !r->thrift.failed; i++)
        schema_element(r, DWI_THRIFT_STRUCT, &r->out->elements[i]);
    r->out->n_elements = count;
}

/* Statistics help, but are not needed: a field of another type than expected is skipped. */
static bool is_statistic(int16_t id, dwi_thrift_type type)
{
    switch (id) {
    case 1:
    case 2:
    case 5:
    case 6:
        return type == DWI_THRIFT_BINARY;
    case 3:
    case 4:
    case 9:
        return type == DWI_THRIFT_I64;
    default:
        return type == DWI_THRIFT_TRUE || type == DWI_THRIFT_FALSE;
    }
}

static void statistics(dwi_tr *t, dwi_thrift_type type, dwi_footer_stats *stats)
{
    int16_t id;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        if (!is_statistic(id, type)) {
            dwi_tr_skip(t, type);
            continue;
        }
        switch (id) {
        case 1:
            stats->max = dwi_tr_binary(t, type);
            break;
        case 2:
            stats->min = dwi_tr_binary(t, type);
            break;
        case 3:
            stats->null_count = dwi_tr_i64(t, type);
            break;
        case 4:
            stats->distinct_count = dwi_tr_i64(t, type);
            break;
        case 5:
            stats->max_value = dwi_tr_binary(t, type);
            break;
        case 6:
            stats->min_value = dwi_tr_binary(t, type);
            break;
        case 7:
            stats->max_is_not_exact = !dwi_tr_bool(t, type);
            break;
        case 8:
            stats->min_is_not_exact = !dwi_tr_bool(t, type);
            break;
        case 9:
            stats->nan_count = dwi_tr_i64(t, type);
            break;
        default:
            dwi_tr_skip(t, type);
            break;
        }
    }
    dwi_tr_struct_end(t);
}

static void encodings(footer_reader *r, dwi_thrift_type type, dwi_footer_chunk *chunk)
{
    dwi_thrift_type element;
    size_t count = dwi_tr_list(&r->thrift, type, &element);

    for (size_t i = 0; i < count && !r->thrift.failed; i++) {
        int32_t encoding = dwi_tr_i32(&r->thrift, element);
        if (encoding >= 0 && encoding < 32)
            chunk->encodings |= UINT32_C(1) << encoding;
    }
}

static void key_value(footer_reader *r, dwi_thrift_type type, dwi_footer_metadata *entry)
{
    int16_t id;

    dwi_tr_struct_begin(&r->thrift, type);
    while (dwi_tr_field(&r->thrift, &id, &type)) {
        if (id == 1)
            entry->key = text(r, type);
        else if (id == 2)
            entry->value = text(r, type);
        else
            dwi_tr_skip(&r->thrift, type);
    }
    dwi_tr_struct_end(&r->thrift);
}

static void metadata(footer_reader *r, dwi_thrift_type type, dwi_footer_metadata **out,
                     size_t *out_count)
{
    size_t count = struct_list(r, type, MIN_METADATA);

    if (count == 0)
        return;
    *out = allocate(r, count, sizeof(**out));
    for (size_t i = 0; i < count && !r->thrift.failed; i++)
        key_value(r, DWI_THRIFT_STRUCT, &(*out)[i]);
    *out_count = count;
}

/* The dictionary page comes first when there is one; some writers say 0 for none. */
static int64_t first_page(int64_t data_page, int64_t dictionary_page)
{
    return dictionary_page > 0 && dictionary_page < data_page ? dictionary_page : data_page;
}

static void column_metadata(footer_reader *r, dwi_thrift_type type, dwi_footer_chunk *chunk)
{
    dwi_tr *t = &r->thrift;
    int64_t dictionary_page = 0;
    int16_t id;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        switch (id) {
        case 1:
            chunk->physical = dwi_tr_i32(t, type);
            break;
        case 2:
            if (type == DWI_THRIFT_LIST)
                encodings(r, type, chunk);
            else
                dwi_tr_skip(t, type);
            break;
        case 4:
            chunk->codec = dwi_tr_i32(t, type);
            break;
        case 5:
            chunk->num_values = not_negative(r, type);
            break;
        case 6:
            chunk->uncompressed_bytes = extra_int(t, type, 0);
            break;
        case 7:
            chunk->bytes = not_negative(r, type);
            break;
        case 8:
            if (chunk->metadata == NULL && type == DWI_THRIFT_LIST)
                metadata(r, type, &chunk->metadata, &chunk->n_metadata);
            else
                dwi_tr_skip(t, type);
            break;
        case 9:
            chunk->data_page = not_negative(r, type);
            break;
        case 11:
            dictionary_page = not_negative(r, type);
            break;
        case 12:
            if (type == DWI_THRIFT_STRUCT)
                statistics(t, type, &chunk->stats);
            else
                dwi_tr_skip(t, type);
            break;
        case 14:
            chunk->bloom_filter.offset = extra_int(t, type, 0);
            if (chunk->bloom_filter.bytes == 0 && chunk->bloom_filter.offset > 0)
                chunk->bloom_filter.bytes = -1;
            break;
        case 15:
            chunk->bloom_filter.bytes = extra_int(t, type, chunk->bloom_filter.bytes);
            break;
        default:
            dwi_tr_skip(t, type);
            break;
        }
    }
    dwi_tr_struct_end(t);
    chunk->offset = first_page(chunk->data_page, dictionary_page);
}

static void column_chunk(footer_reader *r, dwi_thrift_type type, dwi_footer_chunk *chunk)
{
    dwi_tr *t = &r->thrift;
    bool has_metadata = false;
    int16_t id;

    chunk->physical = -1;
    chunk->codec = -1;
    chunk->stats.null_count = -1;
    chunk->stats.distinct_count = -1;
    chunk->stats.nan_count = -1;
    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        switch (id) {
        case 1:
            chunk->external = dwi_tr_binary(t, type).len > 0;
            break;
        case 3:
            has_metadata = true;
            column_metadata(r, type, chunk);
            break;
        case 4:
            chunk->offset_index.offset = extra_int(t, type, 0);
            break;
        case 5:
            chunk->offset_index.bytes = extra_int(t, type, 0);
            break;
        case 6:
            chunk->column_index.offset = extra_int(t, type, 0);
            break;
        case 7:
            chunk->column_index.bytes = extra_int(t, type, 0);
            break;
        case 8:
        case 9:
            chunk->encrypted = true;
            r->out->encrypted = true;
            dwi_tr_skip(t, type);
            break;
        default:
            dwi_tr_skip(t, type);
            break;
        }
    }
    dwi_tr_struct_end(t);
    if (!t->failed && !has_metadata && !chunk->encrypted)
        stop(r, "column chunk without metadata");
}

static void sorting_column(dwi_tr *t, dwi_thrift_type type, dwi_footer_sorting *out)
{
    int16_t id;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            out->leaf = dwi_tr_i32(t, type);
        else if (id == 2)
            out->descending = dwi_tr_bool(t, type);
        else if (id == 3)
            out->nulls_first = dwi_tr_bool(t, type);
        else
            dwi_tr_skip(t, type);
    }
    dwi_tr_struct_end(t);
}

static void sorting(footer_reader *r, dwi_thrift_type type, dwi_footer_row_group *group)
{
    size_t count = struct_list(r, type, MIN_SORTING);

    if (count == 0)
        return;
    group->sorting = allocate(r, count, sizeof(*group->sorting));
    for (size_t i = 0; i < count && !r->thrift.failed; i++)
        sorting_column(&r->thrift, DWI_THRIFT_STRUCT, &group->sorting[i]);
    group->n_sorting = count;
}

static void column_chunks(footer_reader *r, dwi_thrift_type type, dwi_footer_row_group *group)
{
    size_t count = struct_list(r, type, MIN_CHUNK);

    if (count == 0)
        return;
    group->chunks = allocate(r, count, sizeof(*group->chunks));
    for (size_t i = 0; i < count && !r->thrift.failed; i++)
        column_chunk(r, DWI_THRIFT_STRUCT, &group->chunks[i]);
    group->n_chunks = count;
}

static void row_group(footer_reader *r, dwi_thrift_type type, dwi_footer_row_group *group)
{
    dwi_tr *t = &r->thrift;
    int16_t id;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1 && group->chunks == NULL)
            column_chunks(r, type, group);
        else if (id == 2)
            group->total_bytes = extra_int(t, type, 0);
        else if (id == 3)
            group->num_rows = not_negative(r, type);
        else if (id == 4 && group->sorting == NULL && type == DWI_THRIFT_LIST)
            sorting(r, type, group);
        else
            dwi_tr_skip(t, type);
    }
    dwi_tr_struct_end(t);
}

static void row_groups(footer_reader *r, dwi_thrift_type type)
{
    size_t count = struct_list(r, type, MIN_ROW_GROUP);

    if (count == 0)
        return;
    r->out->row_groups = allocate(r, count, sizeof(*r->out->row_groups));
    for (size_t i = 0; i < count && !r->thrift.failed; i++)
        row_group(r, DWI_THRIFT_STRUCT, &r->out->row_groups[i]);
    r->out->n_row_groups = count;
}

/* A list of unions of empty structs; 0 where a union has no field. */
static void column_orders(footer_reader *r, dwi_thrift_type type)
{
    size_t count = struct_list(r, type, 1);

    if (count == 0)
        return;
    r->out->orders = allocate(r, count, sizeof(*r->out->orders));
    for (size_t i = 0; i < count && !r->thrift.failed; i++) {
        int order = union_field(&r->thrift, DWI_THRIFT_STRUCT);
        r->out->orders[i] = (uint8_t)(order < 0 || order > UINT8_MAX ? UINT8_MAX : order);
    }
    r->out->n_orders = count;
}

static void file_metadata(footer_reader *r)
{
    dwi_tr *t = &r->thrift;
    dwi_footer *out = r->out;
    int16_t id;
    dwi_thrift_type type;

    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            out->version = (int32_t)extra_int(t, type, 0);
        else if (id == 2 && out->elements == NULL)
            schema(r, type);
        else if (id == 3)
            out->num_rows = extra_int(t, type, 0);
        else if (id == 4 && out->row_groups == NULL)
            row_groups(r, type);
        else if (id == 5 && out->metadata == NULL)
            metadata(r, type, &out->metadata, &out->n_metadata);
        else if (id == 6 && type == DWI_THRIFT_BINARY)
            out->created_by = text(r, type);
        else if (id == 7 && out->orders == NULL && type == DWI_THRIFT_LIST)
            column_orders(r, type);
        else
            dwi_tr_skip(t, type);
    }
}

dw_status dwi_footer_read(dwi_arena *arena, const void *data, size_t len, dwi_footer *out,
                          dw_error *err)
{
    dwi_footer footer = {0};
    footer_reader r = {.arena = arena, .out = &footer};
    dw_status status;

    dwi_tr_begin(&r.thrift, data, len);
    file_metadata(&r);
    if (r.nomem)
        return dwi_err_nomem(err);
    status = dwi_tr_finish(&r.thrift, "footer", NULL, err);
    if (status == DW_OK && footer.n_elements == 0)
        status = dwi_err(err, DW_E_CORRUPT, "footer: no schema");
    if (status == DW_OK)
        *out = footer;
    return status;
}
