/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding records into a struct column that grows to the right when records bring new fields.
 * 1. rows, node and type have the same fields in the same order, between any two calls.
 * 2. A record that is not staged leaves rows, and all three, as they were; but columns that were
 *    decided on stay known, as all nulls. */
#include "columns/json_decode.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "columns/append.h"
#include "columns/json_record.h"

struct dwi_json_decoder {
    const dw_allocator *alloc;
    dwi_arena arena;   /* grown struct types */
    dwi_field *fields; /* of the grown type; in the arena */
    size_t fields_cap;
    dwi_new_field new_field;
    dwi_json_reader reader;
    dwi_json_node node;
    dwi_column rows;
    dwi_json_node trial_node; /* of trial */
    dwi_column trial;         /* double; empty between calls */
};

dw_status dwi_json_decoder_new(const dw_allocator *alloc, const dwi_type *type,
                               dwi_new_field new_field, dwi_json_decoder **out, dw_error *err)
{
    static const dwi_type trial_type = {.kind = DWI_DOUBLE};
    dwi_json_decoder *decoder = dwi_alloc_zero(alloc, sizeof(*decoder));
    dw_status status;

    if (decoder == NULL)
        return dwi_err_nomem(err);
    decoder->alloc = alloc;
    decoder->new_field = new_field;
    dwi_arena_init(&decoder->arena, alloc);
    dwi_json_reader_init(&decoder->reader, alloc);
    decoder->reader.collect_unknown = new_field.decide != NULL;
    DWI_TRY(dwi_json_node_init(&decoder->node, type, false, alloc, err));
    DWI_TRY(dwi_column_init(&decoder->rows, type, alloc, err));
    DWI_TRY(dwi_json_node_init(&decoder->trial_node, &trial_type, true, alloc, err));
    DWI_TRY(dwi_column_init(&decoder->trial, &trial_type, alloc, err));
    *out = decoder;
    decoder = NULL;
done:
    dwi_json_decoder_free(decoder);
    return status;
}

void dwi_json_decoder_free(dwi_json_decoder *decoder)
{
    const dw_allocator *alloc;

    if (decoder == NULL)
        return;
    alloc = decoder->alloc;
    dwi_column_done(&decoder->rows);
    dwi_json_node_done(&decoder->node, alloc);
    dwi_column_done(&decoder->trial);
    dwi_json_node_done(&decoder->trial_node, alloc);
    dwi_json_reader_done(&decoder->reader);
    dwi_arena_done(&decoder->arena);
    dwi_free(alloc, decoder, sizeof(*decoder));
}

dwi_column *dwi_json_decoder_rows(dwi_json_decoder *decoder)
{
    return &decoder->rows;
}

const dwi_type *dwi_json_decoder_type(const dwi_json_decoder *decoder)
{
    return decoder->node.type;
}

dw_status dwi_json_decoder_set_epoch(dwi_json_decoder *decoder, dwi_sv column, dwi_epoch_unit unit,
                                     dw_error *err)
{
    int i = dwi_type_find(decoder->node.type, column);
    dwi_type_kind kind;

    if (i < 0)
        return dwi_err(err, DW_E_NOT_FOUND, "column %.*s: no such column", DWI_SV_ARG(column));
    kind = decoder->node.children[i].type->kind;
    if (kind != DWI_TIMESTAMP && kind != DWI_TIMESTAMP_NTZ)
        return dwi_err(err, DW_E_SCHEMA, "column %.*s: an epoch unit is for timestamps, this is %s",
                       DWI_SV_ARG(column), dwi_type_kind_name(kind));
    decoder->node.children[i].epoch = unit;
    return DW_OK;
}

void dwi_json_decoder_take_float_words(dwi_json_decoder *decoder)
{
    decoder->reader.memo.float_words = true;
}

void dwi_json_decoder_copy_epochs(dwi_json_decoder *decoder, const dwi_json_decoder *from)
{
    for (size_t i = 0; i < from->node.n_children; i++) {
        int at = dwi_type_find(decoder->node.type, from->node.type->fields[i].name);
        if (at >= 0)
            decoder->node.children[at].epoch = from->node.children[i].epoch;
    }
}

void dwi_json_decoder_set_absent(dwi_json_decoder *decoder, size_t column, const dwi_vec *value,
                                 const char *why)
{
    decoder->node.children[column].absent = value;
    decoder->node.children[column].must_come = value == NULL ? why : NULL;
}

/* Room for one more field after those of the current type. Types share one array, of which each
 * sees as many fields as it has: what an older one sees never changes. */
static bool fields_room(dwi_json_decoder *decoder)
{
    const dwi_type *type = decoder->node.type;
    size_t cap = type->n_fields < 32 ? 64 : type->n_fields * 2;
    dwi_field *fields;

    if (decoder->fields != NULL && type->n_fields < decoder->fields_cap)
        return true;
    fields = dwi_arena_array(&decoder->arena, cap, sizeof(*fields));
    if (fields == NULL)
        return false;
    if (type->n_fields > 0)
        memcpy(fields, type->fields, type->n_fields * sizeof(*fields));
    decoder->fields = fields;
    decoder->fields_cap = cap;
    return true;
}

/* The decoder's struct type with one more field. */
static const dwi_type *wider_type(dwi_json_decoder *decoder, const dwi_field *field)
{
    const dwi_type *old = decoder->node.type;
    dwi_type *type = dwi_arena_dup(&decoder->arena, old, sizeof(*old));

    if (type == NULL || !fields_room(decoder))
        return NULL;
    decoder->fields[old->n_fields] = *field;
    type->fields = decoder->fields;
    type->n_fields++;
    return type;
}

/* A column for `field` after the others. What it points at must live as long as the decoder. */
static dw_status add_column(dwi_json_decoder *decoder, const dwi_field *field, dw_error *err)
{
    dwi_json_node *node = &decoder->node;
    size_t n = node->n_children;
    const dwi_type *type = wider_type(decoder, field);
    dwi_json_node *children = dwi_alloc_array(decoder->alloc, n + 1, sizeof(*children));
    dwi_json_node child = {0};
    dw_status status;

    if (type == NULL || children == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_json_node_init(&child, field->type, field->nullable, decoder->alloc, err));
    DWI_TRY(dwi_keys_set(&node->keys, field->name, (int32_t)n, err));
    status = dwi_column_add_child(&decoder->rows, type, err);
    if (status != DW_OK) {
        /* Cannot fail: the name is known now. */
        (void)dwi_keys_set(&node->keys, field->name, DWI_KEY_UNKNOWN, NULL);
        goto done;
    }
    if (n > 0)
        memcpy(children, node->children, n * sizeof(*children));
    children[n] = child;
    dwi_free(decoder->alloc, node->children, n * sizeof(*children));
    node->children = children;
    node->n_children = n + 1;
    node->type = type;
    return DW_OK;
done:
    dwi_json_node_done(&child, decoder->alloc);
    dwi_free(decoder->alloc, children, (n + 1) * sizeof(*children));
    return status;
}

dw_status dwi_json_decoder_widen(dwi_json_decoder *decoder, const dwi_type *type, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_field *field = &type->fields[i];
        int known = dwi_type_find(decoder->node.type, field->name);
        dwi_field copy;
        if (known >= 0) {
            if (!dwi_type_equal_values(decoder->node.type->fields[known].type, field->type))
                return dwi_err(err, DW_E_SCHEMA, "column %.*s: two different types",
                               DWI_SV_ARG(field->name));
            continue;
        }
        if (!dwi_type_copy_field(&decoder->arena, field, &copy))
            return dwi_err_nomem(err);
        DWI_TRY(add_column(decoder, &copy, err));
    }
done:
    return status;
}

enum { SHOWN_BYTES = 60, PATH_BYTES = 200 };

/* The path of the bad value, outermost name first, cut at a character. */
static void path_text(const dwi_json_reader *reader, char out[PATH_BYTES + 1])
{
    size_t used = 0;

    for (size_t i = reader->n_path; i > 0; i--) {
        dwi_sv name = reader->path[i - 1];
        size_t room = PATH_BYTES - used;
        size_t len = dwi_utf8_cut(name.ptr, name.len, room);
        memcpy(out + used, name.ptr, len);
        used += len;
        if (i > 1 && used < PATH_BYTES)
            out[used++] = '.';
    }
    out[used] = '\0';
}

static dw_status bad_value(dwi_json_decoder *decoder, dw_error *err)
{
    const dwi_json_reader *reader = &decoder->reader;
    const char *reason = reader->memo.reason;
    size_t shown = dwi_utf8_cut(reader->bad_text.ptr, reader->bad_text.len, SHOWN_BYTES);
    char path[PATH_BYTES + 1];
    dwi_buf type;
    const char *type_name = "";

    if (reader->must_come)
        return dwi_err(err, DW_E_UNSUPPORTED, "%s", reason);
    path_text(reader, path);
    dwi_buf_init(&type, decoder->alloc);
    if (reason[strlen(reason) - 1] == ' ') {
        dwi_type_append_name(&type, reader->bad_type);
        type_name = dwi_buf_cstr(&type);
    }
    (void)dwi_err(err, DW_E_SCHEMA, "field %s: %.*s%s%s%s%s", path, (int)shown,
                  reader->bad_text.ptr == NULL ? "" : reader->bad_text.ptr,
                  shown < reader->bad_text.len ? "..." : "", reader->bad_text.len > 0 ? " " : "",
                  reason, type_name == NULL ? "" : type_name);
    dwi_buf_done(&type);
    return DW_E_SCHEMA;
}

static dw_status syntax_error(const dwi_scan *scan, dw_error *err)
{
    return dwi_err(err, DW_E_RECORD, "offset %zu: %s", (size_t)(scan->at - scan->start),
                   scan->error);
}

/* What an unmapped Delta table may not have as a column's name, and no table at all. */
static bool name_is_allowed(const dwi_json_decoder *decoder, dwi_sv name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '\0' ||
            (!decoder->new_field.any_name && strchr(" ,;{}()\n\t=", name.ptr[i]) != NULL))
            return false;
    return name.len > 0;
}

static dwi_sv unknown_name(const dwi_json_decoder *decoder, const dwi_json_unknown *field)
{
    return (dwi_sv){(const char *)decoder->reader.names.data + field->name_at, field->name_len};
}

/* Asks for the type of a new field and makes its column; *out_index -1: the field is ignored. */
static dw_status decide(dwi_json_decoder *decoder, const dwi_json_unknown *field,
                        dwi_type_kind seen, int *out_index, dw_error *err)
{
    dwi_sv name = unknown_name(decoder, field);
    dwi_field added = {.type = NULL};
    dw_status status;

    *out_index = -1;
    DWI_TRY(decoder->new_field.decide(decoder->new_field.ctx, name, seen, &added, err));
    if (added.type == NULL)
        return dwi_keys_set(&decoder->node.keys, name, DWI_KEY_IGNORED, err);
    if (!dwi_arena_sv(&decoder->arena, added.name, &added.name))
        return dwi_err_nomem(err);
    DWI_TRY(add_column(decoder, &added, err));
    *out_index = (int)decoder->node.n_children - 1;
done:
    return status;
}

/* The value into a column; one that does not fit is explained. */
static dwi_fit read_unknown(dwi_json_decoder *decoder, const dwi_json_unknown *field,
                            dwi_json_node *node, dwi_column *column, dwi_sv name)
{
    dwi_json_reader *reader = &decoder->reader;
    dwi_fit fit;

    reader->scan.at = field->value;
    reader->must_come = false;
    reader->explain = true;
    reader->n_path = 0;
    fit = dwi_json_read_value(reader, node, column, 1);
    reader->explain = false;
    if (fit == DWI_FIT_BAD && reader->n_path < DWI_JSON_MAX_PATH)
        reader->path[reader->n_path++] = name;
    return fit;
}

/* The row is there, with null in the new field's column: puts the value in its place. */
static dw_status add_unknown(dwi_json_decoder *decoder, const dwi_json_unknown *field,
                             dw_error *err)
{
    dwi_type_kind seen = dwi_json_kind_at(field->value, decoder->reader.scan.end);
    dwi_column *column;
    int i = -1;
    dwi_fit fit;
    dw_status status = DW_OK;

    if (seen != DWI_VOID)
        DWI_TRY(decide(decoder, field, seen, &i, err));
    if (i < 0)
        return DW_OK;
    column = &decoder->rows.children[i];
    dwi_column_truncate(column, column->length - 1);
    fit = read_unknown(decoder, field, &decoder->node.children[i], column,
                       decoder->node.type->fields[i].name);
    if (fit == DWI_FIT_BAD)
        return bad_value(decoder, err);
    return fit == DWI_FIT_OK ? DW_OK : dwi_err_nomem(err);
done:
    return status;
}

/* What can be wrong with a new field before it has a column: its name, and a number that is too
 * large for the double it would become. Everything else fits the type by first sight. */
static dw_status check_unknown(dwi_json_decoder *decoder, const dwi_json_unknown *field,
                               dw_error *err)
{
    dwi_json_reader *reader = &decoder->reader;
    dwi_sv name = unknown_name(decoder, field);
    dwi_type_kind seen = dwi_json_kind_at(field->value, reader->scan.end);
    dwi_fit fit;

    if (seen != DWI_VOID && !name_is_allowed(decoder, name))
        return dwi_err(err, DW_E_SCHEMA,
                       "field \"%.*s\": empty names and the characters ,;{}()= blank, tab and "
                       "newline are not allowed in a column's name",
                       (int)dwi_utf8_cut(name.ptr, name.len, PATH_BYTES), name.ptr);
    if (seen != DWI_DOUBLE)
        return DW_OK;
    fit = read_unknown(decoder, field, &decoder->trial_node, &decoder->trial, name);
    dwi_column_clear(&decoder->trial);
    if (fit == DWI_FIT_BAD)
        return bad_value(decoder, err);
    return fit == DWI_FIT_OK ? DW_OK : dwi_err_nomem(err);
}

static dw_status add_unknowns(dwi_json_decoder *decoder, dw_error *err)
{
    const dwi_json_unknown *fields = (const void *)decoder->reader.unknown.data;
    size_t n = decoder->reader.unknown.len / sizeof(*fields);
    dw_status status = DW_OK;

    /* Nothing is decided for a record that has one field which no table can take. */
    for (size_t i = 0; i < n; i++)
        DWI_TRY(check_unknown(decoder, &fields[i], err));
    for (size_t i = 0; i < n; i++)
        DWI_TRY(add_unknown(decoder, &fields[i], err));
done:
    return status;
}

dw_status dwi_json_decode(dwi_json_decoder *decoder, dw_bytes record, dw_error *err)
{
    dwi_json_reader *reader = &decoder->reader;
    const uint8_t *start = record.len == 0 ? (const uint8_t *)"" : record.data;
    int64_t row = decoder->rows.length;
    dw_status status = DW_OK;

    reader->scan = (dwi_scan){start, start, start + record.len, NULL};
    switch (dwi_json_read_record(reader, &decoder->node, &decoder->rows)) {
    case DWI_FIT_OK:
        if (reader->unknown.len > 0)
            status = add_unknowns(decoder, err);
        break;
    case DWI_FIT_BAD:
        dwi_json_explain(reader, &decoder->node, &decoder->rows);
        return bad_value(decoder, err);
    case DWI_FIT_SYNTAX:
        return syntax_error(&reader->scan, err);
    default:
        return dwi_err_nomem(err);
    }
    if (status != DW_OK)
        dwi_column_truncate(&decoder->rows, row);
    return status;
}
