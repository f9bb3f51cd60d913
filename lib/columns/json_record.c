/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/json_record.h"

#include "base/alloc.h"
#include "base/map.h"
#include "columns/append.h"

enum { MAX_UNKNOWN = 1000 };

void dwi_json_node_done(dwi_json_node *node, const dw_allocator *alloc)
{
    for (size_t i = 0; node->children != NULL && i < node->n_children; i++)
        dwi_json_node_done(&node->children[i], alloc);
    dwi_free(alloc, node->children, node->n_children * sizeof(*node->children));
    dwi_keys_done(&node->keys);
    memset(node, 0, sizeof(*node));
}

dw_status dwi_json_node_init(dwi_json_node *node, const dwi_type *type, bool nullable,
                             const dw_allocator *alloc, dw_error *err)
{
    dw_status status = DW_OK;

    memset(node, 0, sizeof(*node));
    node->type = type;
    node->nullable = nullable;
    if (type->kind == DWI_STRUCT)
        DWI_TRY(dwi_keys_init(&node->keys, type, alloc, err));
    if (type->n_fields > 0) {
        node->children = dwi_alloc_array(alloc, type->n_fields, sizeof(*node->children));
        if (node->children == NULL)
            DWI_TRY(dwi_err_nomem(err));
        memset(node->children, 0, type->n_fields * sizeof(*node->children));
        node->n_children = type->n_fields;
    }
    for (size_t i = 0; i < type->n_fields; i++)
        DWI_TRY(dwi_json_node_init(&node->children[i], type->fields[i].type,
                                   type->fields[i].nullable, alloc, err));
done:
    if (status != DW_OK)
        dwi_json_node_done(node, alloc);
    return status;
}

void dwi_json_reader_init(dwi_json_reader *reader, const dw_allocator *alloc)
{
    memset(reader, 0, sizeof(*reader));
    reader->alloc = alloc;
    dwi_buf_init(&reader->scratch, alloc);
    dwi_buf_init(&reader->names, alloc);
    dwi_buf_init(&reader->unknown, alloc);
}

void dwi_json_reader_done(dwi_json_reader *reader)
{
    dwi_buf_done(&reader->scratch);
    dwi_buf_done(&reader->names);
    dwi_buf_done(&reader->unknown);
}

static dwi_fit bad_value(dwi_json_reader *reader, const dwi_json_node *node, const uint8_t *start,
                         const char *reason)
{
    reader->memo.reason = reason;
    if (reader->explain) {
        reader->bad_text = (dwi_sv){(const char *)start, (size_t)(reader->scan.at - start)};
        reader->bad_type = node->type;
    }
    return DWI_FIT_BAD;
}

static dwi_fit syntax(dwi_json_reader *reader, const char *error)
{
    (void)dwi_scan_fail(&reader->scan, reader->scan.at, error);
    return DWI_FIT_SYNTAX;
}

static dwi_fit read_null(dwi_json_reader *reader, const dwi_json_node *node, dwi_column *column)
{
    const uint8_t *start = reader->scan.at;

    if (!dwi_scan_literal(&reader->scan, "null", 4))
        return DWI_FIT_SYNTAX;
    if (!node->nullable)
        return bad_value(reader, node, start, "is in a column that takes no nulls");
    return dwi_column_push_null(column) == DW_OK ? DWI_FIT_OK : DWI_FIT_NOMEM;
}

/* The characters of a string: where they are in the record, or unescaped in the scratch buffer. */
static dwi_fit plain_text(dwi_json_reader *reader, const dwi_scan_text *text, dwi_sv *out)
{
    dwi_buf *scratch = &reader->scratch;

    *out = text->raw;
    if (!text->escaped)
        return DWI_FIT_OK;
    dwi_buf_clear(scratch);
    if (!dwi_column_room(scratch, text->raw.len))
        return DWI_FIT_NOMEM;
    scratch->len = dwi_scan_unescape(text->raw, scratch->data);
    *out = (dwi_sv){(const char *)scratch->data, scratch->len};
    return DWI_FIT_OK;
}

static dwi_fit append_text(dwi_column *column, dwi_sv raw, bool escaped)
{
    uint8_t *to;

    if (!dwi_column_offset_room(column) || !dwi_column_data_room(column, raw.len + 1))
        return DWI_FIT_NOMEM;
    to = column->data.data + column->data.len;
    if (escaped)
        column->data.len += dwi_scan_unescape(raw, to);
    else {
        memcpy(to, raw.ptr, raw.len);
        column->data.len += raw.len;
    }
    dwi_column_push_offset(column, column->data.len);
    return DWI_FIT_OK;
}

/* Anything but a string into a string column: its JSON text, without white space. */
static dwi_fit read_json_text(dwi_json_reader *reader, dwi_column *column, int depth)
{
    const uint8_t *start = reader->scan.at;
    bool spaced = false;
    dwi_sv text;

    if (!dwi_scan_skip(&reader->scan, depth, &spaced))
        return DWI_FIT_SYNTAX;
    text = (dwi_sv){(const char *)start, (size_t)(reader->scan.at - start)};
    if (!spaced)
        return append_text(column, text, false);
    if (!dwi_column_offset_room(column) || !dwi_column_data_room(column, text.len))
        return DWI_FIT_NOMEM;
    column->data.len += dwi_scan_compact(text, column->data.data + column->data.len);
    dwi_column_push_offset(column, column->data.len);
    return DWI_FIT_OK;
}

static dwi_fit read_string(dwi_json_reader *reader, dwi_column *column, int depth)
{
    dwi_scan_text text;

    if (*reader->scan.at != '"')
        return read_json_text(reader, column, depth);
    reader->scan.at++;
    if (!dwi_scan_string(&reader->scan, &text))
        return DWI_FIT_SYNTAX;
    return append_text(column, text.raw, text.escaped);
}

/* A value for a column of any type but string and the nested ones. */
static dwi_fit read_scalar(dwi_json_reader *reader, const dwi_json_node *node, dwi_column *column,
                           int depth)
{
    dwi_scan *scan = &reader->scan;
    const uint8_t *start = scan->at;
    dwi_scan_number number;
    dwi_scan_text text;
    dwi_sv plain;
    bool spaced;
    dwi_fit fit;

    switch (*start) {
    case '"':
        scan->at++;
        if (!dwi_scan_string(scan, &text))
            return DWI_FIT_SYNTAX;
        fit = plain_text(reader, &text, &plain);
        if (fit == DWI_FIT_OK)
            fit = dwi_value_from_text(column, plain, &reader->memo);
        break;
    case 't':
    case 'f':
        if (!dwi_scan_literal(scan, *start == 't' ? "true" : "false", *start == 't' ? 4 : 5))
            return DWI_FIT_SYNTAX;
        fit = dwi_value_from_bool(column, *start == 't', &reader->memo);
        break;
    case '{':
    case '[':
        if (!dwi_scan_skip(scan, depth, &spaced))
            return DWI_FIT_SYNTAX;
        return bad_value(reader, node, start, dwi_value_expected(node->type->kind));
    default:
        if (*start != '-' && (*start < '0' || *start > '9'))
            return syntax(reader, "a value was expected");
        if (!dwi_scan_number_token(scan, &number))
            return DWI_FIT_SYNTAX;
        fit = dwi_value_from_number(column, &number, node->epoch, &reader->memo);
        break;
    }
    return fit == DWI_FIT_BAD ? bad_value(reader, node, start, reader->memo.reason) : fit;
}

/* Passes over a value that has the wrong shape for a nested column. */
static dwi_fit wrong_shape(dwi_json_reader *reader, const dwi_json_node *node, int depth)
{
    const uint8_t *start = reader->scan.at;
    bool spaced;

    if (!dwi_scan_skip(&reader->scan, depth, &spaced))
        return DWI_FIT_SYNTAX;
    return bad_value(reader, node, start, dwi_value_expected(node->type->kind));
}

/* After an opening bracket. *out_empty: the closing one followed. */
static bool begin_container(dwi_scan *scan, uint8_t close, int depth, bool *out_empty)
{
    if (depth >= DWI_SCAN_MAX_DEPTH)
        return dwi_scan_fail(scan, scan->at, DWI_SCAN_TOO_DEEP);
    scan->at++;
    dwi_scan_space(scan);
    if (scan->at == scan->end)
        return dwi_scan_fail(scan, scan->at, "unexpected end of the record");
    *out_empty = *scan->at == close;
    if (*out_empty)
        scan->at++;
    return true;
}

/* An element that does not fit is noted, and the rest read on for its syntax. */
static dwi_fit read_elements(dwi_json_reader *reader, dwi_json_node *node, dwi_column *elements,
                             int depth, const uint8_t **out_bad)
{
    bool end = false;

    if (!begin_container(&reader->scan, ']', depth, &end))
        return DWI_FIT_SYNTAX;
    while (!end) {
        const uint8_t *at = reader->scan.at;
        dwi_fit fit = dwi_json_read_value(reader, node, elements, depth + 1);
        if (fit == DWI_FIT_BAD && *out_bad == NULL)
            *out_bad = at;
        else if (fit != DWI_FIT_OK && fit != DWI_FIT_BAD)
            return fit;
        if (!dwi_scan_next(&reader->scan, false, &end))
            return DWI_FIT_SYNTAX;
    }
    return DWI_FIT_OK;
}

static dwi_fit read_array(dwi_json_reader *reader, dwi_json_node *node, dwi_column *column,
                          int depth)
{
    const uint8_t *bad = NULL;
    const uint8_t *after;
    bool explain = reader->explain;
    dwi_fit fit;

    if (*reader->scan.at != '[')
        return wrong_shape(reader, node, depth);
    reader->explain = false;
    fit = read_elements(reader, node->children, column->children, depth, &bad);
    reader->explain = explain;
    if (fit == DWI_FIT_OK && bad != NULL) {
        after = reader->scan.at;
        reader->scan.at = bad;
        if (explain)
            (void)dwi_json_read_value(reader, node->children, column->children, depth + 1);
        reader->scan.at = after;
        fit = DWI_FIT_BAD;
    }
    if (fit == DWI_FIT_OK && dwi_column_end_row(column, NULL) != DW_OK)
        fit = DWI_FIT_NOMEM;
    if (fit != DWI_FIT_OK)
        dwi_column_truncate(column, column->length);
    return fit;
}

/* A map's members, the last of equal keys only: key text to where the value is. */
static dwi_fit collect_map(dwi_json_reader *reader, dwi_map *members, int depth)
{
    dwi_scan *scan = &reader->scan;
    bool end = false;
    bool spaced;

    if (!begin_container(scan, '}', depth, &end))
        return DWI_FIT_SYNTAX;
    while (!end) {
        dwi_scan_text name;
        dwi_sv key;
        dwi_map_entry *entry;
        if (!dwi_scan_key_begin(scan) || !dwi_scan_string(scan, &name) || !dwi_scan_colon(scan))
            return DWI_FIT_SYNTAX;
        if (plain_text(reader, &name, &key) != DWI_FIT_OK)
            return DWI_FIT_NOMEM;
        entry = dwi_map_put(members, key, NULL);
        if (entry == NULL)
            return DWI_FIT_NOMEM;
        entry->value = (void *)(uintptr_t)scan->at;
        if (!dwi_scan_skip(scan, depth + 1, &spaced) || !dwi_scan_next(scan, true, &end))
            return DWI_FIT_SYNTAX;
    }
    return DWI_FIT_OK;
}

static dwi_fit read_entry(dwi_json_reader *reader, dwi_json_node *node, dwi_column *entries,
                          const dwi_map_entry *entry, int depth)
{
    dwi_column *key = &entries->children[0];
    const uint8_t *value = entry->value;
    dwi_fit fit;

    if (node->children[0].type->kind == DWI_STRING)
        fit = append_text(key, entry->key, false);
    else
        fit = dwi_value_from_text(key, entry->key, &reader->memo);
    reader->scan.at = value;
    if (fit == DWI_FIT_BAD && reader->explain) {
        /* The entry goes before the message is made. */
        dwi_buf_clear(&reader->scratch);
        if (!dwi_column_room(&reader->scratch, entry->key.len))
            return DWI_FIT_NOMEM;
        dwi_buf_append(&reader->scratch, entry->key.ptr, entry->key.len);
        reader->bad_text = (dwi_sv){(const char *)reader->scratch.data, entry->key.len};
        reader->bad_type = node->children[0].type;
    }
    if (fit == DWI_FIT_OK)
        fit = dwi_json_read_value(reader, &node->children[1], &entries->children[1], depth + 1);
    if (fit == DWI_FIT_OK && dwi_column_end_row(entries, NULL) != DW_OK)
        fit = DWI_FIT_NOMEM;
    return fit;
}

static dwi_fit read_map(dwi_json_reader *reader, dwi_json_node *node, dwi_column *column, int depth)
{
    dwi_map members;
    const uint8_t *after;
    dwi_fit fit;

    if (*reader->scan.at != '{')
        return wrong_shape(reader, node, depth);
    dwi_map_init(&members, reader->alloc, 0);
    fit = collect_map(reader, &members, depth);
    after = reader->scan.at;
    for (size_t i = 0; i < members.count && fit == DWI_FIT_OK; i++)
        fit = read_entry(reader, node, column->children, &members.entries[i], depth);
    dwi_map_done(&members);
    if (fit != DWI_FIT_SYNTAX)
        reader->scan.at = after;
    if (fit == DWI_FIT_OK && dwi_column_end_row(column, NULL) != DW_OK)
        fit = DWI_FIT_NOMEM;
    if (fit != DWI_FIT_OK)
        dwi_column_truncate(column, column->length);
    return fit;
}

dwi_type_kind dwi_json_kind_at(const uint8_t *p, const uint8_t *end)
{
    dwi_scan scan = {p, p, end, NULL};
    dwi_scan_number number;
    int64_t integer;

    if (*p == 't' || *p == 'f')
        return DWI_BOOLEAN;
    if (*p != '-' && (*p < '0' || *p > '9'))
        return *p == 'n' ? DWI_VOID : DWI_STRING;
    if (!dwi_scan_number_token(&scan, &number) || !number.integer ||
        !dwi_sv_to_i64(number.text, &integer))
        return DWI_DOUBLE;
    return DWI_LONG;
}

/* The entry of a name that was met in this record already, in any case, or a new one. */
static dwi_json_unknown *unknown_entry(dwi_json_reader *reader, dwi_sv name)
{
    dwi_json_unknown *list = (void *)reader->unknown.data;
    size_t n = reader->unknown.len / sizeof(*list);
    dwi_json_unknown entry = {.name_at = reader->names.len, .name_len = name.len};

    for (size_t i = 0; i < n; i++)
        if (dwi_sv_eq_nocase(
                (dwi_sv){(const char *)reader->names.data + list[i].name_at, list[i].name_len},
                name))
            return &list[i];
    if (!dwi_column_room(&reader->names, name.len + 1) ||
        !dwi_column_room(&reader->unknown, sizeof(entry)))
        return NULL;
    dwi_buf_append(&reader->names, name.ptr, name.len);
    dwi_buf_append(&reader->unknown, &entry, sizeof(entry));
    return (dwi_json_unknown *)(void *)reader->unknown.data + n;
}

/* The value of a field without a column: checked, and noted where new columns are wanted. */
static dwi_fit pass_unknown(dwi_json_reader *reader, int32_t column, dwi_sv name, int depth)
{
    const uint8_t *value = reader->scan.at;
    dwi_json_unknown *entry;
    bool spaced;

    if (column == DWI_KEY_UNKNOWN && depth == 1 && reader->collect_unknown) {
        if (reader->unknown.len >= MAX_UNKNOWN * sizeof(*entry))
            return syntax(reader, "more than 1,000 new fields in one record");
        entry = unknown_entry(reader, name);
        if (entry == NULL)
            return DWI_FIT_NOMEM;
        entry->value = value;
    }
    return dwi_scan_skip(&reader->scan, depth, &spaced) ? DWI_FIT_OK : DWI_FIT_SYNTAX;
}

/* Reads a name and its colon. *index: the key before, then this one. */
static dwi_fit read_name(dwi_json_reader *reader, dwi_json_node *node, uint32_t *index,
                         int32_t *out_column, dwi_sv *out_name)
{
    dwi_scan *scan = &reader->scan;
    dwi_keys *keys = &node->keys;
    uint32_t guess = keys->keys[*index].next;
    dwi_scan_text text;
    uint32_t found;

    if (!dwi_scan_key_begin(scan))
        return DWI_FIT_SYNTAX;
    for (int tries = 0; tries < 2 && guess < keys->count; tries++) {
        const dwi_key *key = &keys->keys[guess];
        if (dwi_key_matches(key, scan->at, scan->end)) {
            scan->at += key->len + 1;
            *out_name = (dwi_sv){key->name, key->len};
            *out_column = key->column;
            *index = guess;
            return dwi_scan_colon(scan) ? DWI_FIT_OK : DWI_FIT_SYNTAX;
        }
        guess = key->next;
    }
    if (!dwi_scan_string(scan, &text))
        return DWI_FIT_SYNTAX;
    if (plain_text(reader, &text, out_name) != DWI_FIT_OK)
        return DWI_FIT_NOMEM;
    found = dwi_keys_lookup(keys, *out_name);
    if (found != 0)
        *out_column = keys->keys[found].column;
    else if (dwi_keys_resolve(keys, node->type, *out_name, &found, out_column, NULL) != DW_OK)
        return DWI_FIT_NOMEM;
    if (found != 0) {
        keys->keys[*index].next = found;
        *index = found;
    }
    return dwi_scan_colon(scan) ? DWI_FIT_OK : DWI_FIT_SYNTAX;
}

/* The value of field `i`. What an earlier value of the same name did is undone. */
static dwi_fit read_field(dwi_json_reader *reader, dwi_json_node *node, dwi_column *column,
                          size_t i, size_t *n_bad, int depth)
{
    dwi_json_node *field = &node->children[i];
    const uint8_t *value = reader->scan.at;
    dwi_fit fit;

    if (field->seen == node->objects) {
        *n_bad -= field->bad != NULL;
        dwi_column_truncate(&column->children[i], column->length);
    }
    field->seen = node->objects;
    field->bad = NULL;
    fit = dwi_json_read_value(reader, field, &column->children[i], depth);
    if (fit != DWI_FIT_BAD)
        return fit;
    field->bad = value;
    ++*n_bad;
    return DWI_FIT_OK;
}

/* What stands for a value that did not come: a default, or null. */
static dw_status push_absent(const dwi_json_node *field, dwi_column *column)
{
    if (field->absent != NULL)
        return dwi_column_append_vec(column, field->absent, 0, 1, NULL);
    return dwi_column_push_null(column);
}

static bool may_be_absent(const dwi_json_node *field)
{
    return field->must_come == NULL && (field->nullable || field->absent != NULL);
}

/* Values for the fields that did not come. */
static dwi_fit fill_absent(dwi_json_node *node, dwi_column *column, size_t *n_bad)
{
    for (size_t i = 0; i < node->n_children; i++) {
        dwi_json_node *field = &node->children[i];
        if (field->seen == node->objects)
            continue;
        field->bad = NULL;
        if (!may_be_absent(field))
            ++*n_bad;
        else if (push_absent(field, &column->children[i]) != DW_OK)
            return DWI_FIT_NOMEM;
    }
    return DWI_FIT_OK;
}

/* The first bad field, decoded again to learn what is wrong with it. */
static void explain_bad(dwi_json_reader *reader, dwi_json_node *node, dwi_column *column, int depth)
{
    const uint8_t *at = reader->scan.at;

    for (size_t i = 0; i < node->n_children; i++) {
        dwi_json_node *field = &node->children[i];
        bool missing = field->seen != node->objects;
        if (missing ? may_be_absent(field) : field->bad == NULL)
            continue;
        reader->n_path = 0;
        if (missing) {
            reader->must_come = field->must_come != NULL;
            reader->memo.reason = reader->must_come
                                      ? field->must_come
                                      : "it is missing, and the column takes no nulls";
            reader->bad_text = (dwi_sv){NULL, 0};
            reader->bad_type = field->type;
        } else {
            reader->scan.at = field->bad;
            (void)dwi_json_read_value(reader, field, &column->children[i], depth);
        }
        if (reader->n_path < DWI_JSON_MAX_PATH)
            reader->path[reader->n_path++] = node->type->fields[i].name;
        break;
    }
    reader->scan.at = at;
}

static dwi_fit read_object(dwi_json_reader *reader, dwi_json_node *node, dwi_column *column,
                           int depth)
{
    uint32_t index = 0;
    size_t n_bad = 0;
    bool end = false;
    bool explain = reader->explain;
    dwi_fit fit = DWI_FIT_OK;

    if (*reader->scan.at != '{')
        return wrong_shape(reader, node, depth);
    if (!begin_container(&reader->scan, '}', depth, &end))
        return DWI_FIT_SYNTAX;
    reader->explain = false;
    node->objects++;
    while (!end && fit == DWI_FIT_OK) {
        int32_t field;
        dwi_sv name;
        fit = read_name(reader, node, &index, &field, &name);
        if (fit == DWI_FIT_OK && field >= 0)
            fit = read_field(reader, node, column, (size_t)field, &n_bad, depth + 1);
        else if (fit == DWI_FIT_OK)
            fit = pass_unknown(reader, field, name, depth + 1);
        if (fit == DWI_FIT_OK && !dwi_scan_next(&reader->scan, true, &end))
            fit = DWI_FIT_SYNTAX;
    }
    if (fit == DWI_FIT_OK)
        fit = fill_absent(node, column, &n_bad);
    reader->explain = explain;
    if (fit == DWI_FIT_OK && n_bad > 0) {
        if (explain)
            explain_bad(reader, node, column, depth + 1);
        fit = DWI_FIT_BAD;
    }
    if (fit == DWI_FIT_OK && dwi_column_end_row(column, NULL) != DW_OK)
        fit = DWI_FIT_NOMEM;
    if (fit != DWI_FIT_OK)
        dwi_column_truncate(column, column->length);
    return fit;
}

dwi_fit dwi_json_read_value(dwi_json_reader *reader, dwi_json_node *node, dwi_column *column,
                            int depth)
{
    dwi_scan *scan = &reader->scan;

    if (scan->at == scan->end)
        return syntax(reader, "unexpected end of the record");
    if (*scan->at == 'n')
        return read_null(reader, node, column);
    switch (node->type->kind) {
    case DWI_STRING:
        return read_string(reader, column, depth);
    case DWI_STRUCT:
        return read_object(reader, node, column, depth);
    case DWI_ARRAY:
        return read_array(reader, node, column, depth);
    case DWI_MAP:
        return read_map(reader, node, column, depth);
    default:
        return read_scalar(reader, node, column, depth);
    }
}

dwi_fit dwi_json_read_record(dwi_json_reader *reader, dwi_json_node *node, dwi_column *rows)
{
    dwi_scan *scan = &reader->scan;
    int64_t row = rows->length;
    dwi_fit fit;

    dwi_buf_clear(&reader->names);
    dwi_buf_clear(&reader->unknown);
    reader->explain = false;
    dwi_scan_space(scan);
    if (scan->at == scan->end)
        return syntax(reader, "the record is empty");
    if (*scan->at != '{')
        return syntax(reader, "the record is not a JSON object");
    fit = read_object(reader, node, rows, 0);
    if (fit != DWI_FIT_OK && fit != DWI_FIT_BAD)
        return fit;
    dwi_scan_space(scan);
    if (scan->at == scan->end)
        return fit;
    dwi_column_truncate(rows, row);
    return syntax(reader, "more text after the record");
}

void dwi_json_explain(dwi_json_reader *reader, dwi_json_node *node, dwi_column *rows)
{
    reader->explain = true;
    reader->must_come = false;
    explain_bad(reader, node, rows, 1);
    reader->explain = false;
}
