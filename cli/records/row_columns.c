/* SPDX-License-Identifier: Apache-2.0 */
#include "records/row_columns.h"

#include "records/sha256.h"
#include "records/time_parse.h"
#include "records/value_json.h"

static bool parse_json(struct scratch *scratch, const char *column, const char *what,
                       const char *text, struct json **out, struct textbuf *out_problem)
{
    struct json_error error;

    if (text == NULL)
        return true;
    *out = json_parse(scratch, scratch_copy(scratch, span_of(text)), &error);
    if (*out == NULL)
        textbuf_printf(out_problem, "column %s: its %s is not JSON: %s", column, what, text);
    return *out != NULL;
}

static bool parse_type(struct scratch *scratch, const struct column_config *config,
                       struct row_column *out, struct textbuf *out_problem)
{
    int shift;

    if (!cast_epoch_shift(config->epoch_unit, &shift)) {
        textbuf_printf(out_problem, "column %s: %s is no unit of time: it may be s, ms, us or ns",
                       config->name, config->epoch_unit);
        return false;
    }
    if (config->type != NULL) {
        if (!cast_type_parse(scratch, config->type, &out->type)) {
            textbuf_printf(out_problem, "column %s: there is no type %s", config->name,
                           config->type);
            return false;
        }
        out->cast = true;
    } else if (config->epoch_unit != NULL && config->function == COLUMN_AS_IS) {
        out->cast = cast_type_parse(scratch, "timestamp", &out->type);
    }
    out->type.epoch_shift = shift;
    return true;
}

static bool parse_column(struct scratch *scratch, const struct column_config *config,
                         struct row_column *out, struct textbuf *out_problem)
{
    *out = (struct row_column){.name = scratch_copy(scratch, span_of(config->name)),
                               .function = config->function,
                               .from = config->argument[0],
                               .length = config->argument[1]};
    if (config->source != NULL && !path_parse(scratch, config->source, &out->source)) {
        textbuf_printf(out_problem, "column %s: %s is not a path", config->name, config->source);
        return false;
    }
    if (config->source == NULL) {
        out->source.steps = scratch_array(scratch, 1, sizeof(struct span));
        out->source.steps[0] = out->name;
        out->source.count = 1;
    }
    return parse_json(scratch, config->name, "default", config->fallback, &out->fallback,
                      out_problem) &&
           parse_json(scratch, config->name, "constant", config->constant, &out->constant,
                      out_problem) &&
           parse_type(scratch, config, out, out_problem);
}

bool row_columns_parse(struct scratch *scratch, const struct record_config *config,
                       struct row_columns *out, struct textbuf *out_problem)
{
    out->items = scratch_array(scratch, config->n_columns, sizeof(*out->items));
    out->count = config->n_columns;
    for (size_t i = 0; i < out->count; i++) {
        struct row_column *column = &out->items[i];
        if (!parse_column(scratch, &config->columns[i], column, out_problem))
            return false;
        name_set_add(&out->replaced, scratch, column->name);
        if (column->source.count == 1 && column->constant == NULL &&
            column->function == COLUMN_AS_IS)
            name_set_add(&out->replaced, scratch, column->source.steps[0]);
    }
    return true;
}

const char *row_column_type(const struct row_column *column)
{
    if (column->cast)
        return column->type.json;
    switch (column->function) {
    case COLUMN_AS_IS:
        return NULL;
    case COLUMN_DATE:
        return "\"date\"";
    case COLUMN_YEAR:
    case COLUMN_MONTH:
    case COLUMN_DAY:
    case COLUMN_HOUR:
        return "\"integer\"";
    default:
        return "\"string\"";
    }
}

static struct json *time_part(const struct row_column *column, struct scratch *scratch,
                              const struct json *value, const char **out_reason)
{
    struct time_parts parts;
    struct textbuf text = {0};
    struct json *made;
    bool other_zone;
    int64_t us;

    if (!cast_time(scratch, column->type.epoch_shift, value, &us, &other_zone)) {
        *out_reason = "is not a timestamp";
        return NULL;
    }
    parts = time_parts_of(us);
    if (column->function == COLUMN_DATE) {
        text_date(&text, parts.days);
        made = json_new_string(scratch, scratch_copy(scratch, (struct span){text.text, text.len}));
        textbuf_done(&text);
        return made;
    }
    return json_new_int(scratch, column->function == COLUMN_YEAR    ? parts.year
                                 : column->function == COLUMN_MONTH ? parts.month
                                 : column->function == COLUMN_DAY   ? parts.day
                                                                    : parts.hour);
}

/* The offset of character number `n`, or the end. */
static size_t char_offset(struct span text, size_t at, int64_t n)
{
    while (n > 0 && at < text.len) {
        at++;
        while (at < text.len && ((unsigned char)text.ptr[at] & 0xC0) == 0x80)
            at++;
        n--;
    }
    return at;
}

static struct span substring(const struct row_column *column, struct span text)
{
    size_t from = char_offset(text, 0, column->from);
    size_t to = column->length == 0 ? text.len : char_offset(text, from, column->length);

    return (struct span){text.ptr + from, to - from};
}

static struct span change_case(struct scratch *scratch, struct span text, bool upper)
{
    char *out = scratch_alloc(scratch, text.len);

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z')
            c = (char)(c ^ 0x20);
        out[i] = c;
    }
    return (struct span){out, text.len};
}

static struct json *call_function(const struct row_column *column, struct scratch *scratch,
                                  struct json *value, const char **out_reason)
{
    struct span text;
    char *hash;

    switch (column->function) {
    case COLUMN_AS_IS:
        return value;
    case COLUMN_SUBSTRING:
        text = substring(column, cast_text(scratch, value));
        break;
    case COLUMN_HASH:
        hash = scratch_alloc(scratch, 64);
        sha256_hex(cast_text(scratch, value), hash);
        text = (struct span){hash, 64};
        break;
    case COLUMN_LOWER:
    case COLUMN_UPPER:
        text = change_case(scratch, cast_text(scratch, value), column->function == COLUMN_UPPER);
        break;
    default:
        return time_part(column, scratch, value, out_reason);
    }
    return json_new_string(scratch, text);
}

static enum decode_result cast_failed(const struct row_column *column, struct scratch *scratch,
                                      const struct json *value, const char *reason,
                                      struct failure *failure)
{
    struct span text = cast_text(scratch, value);
    int shown = text.len > 60 ? 60 : (int)text.len;
    const char *quote = value->kind == JSON_STRING ? "\"" : "";

    return failure_bad(failure, "transform", "VALUE_DOES_NOT_FIT", "column %.*s: %s%.*s%s%s %s",
                       (int)column->name.len, column->name.ptr, quote, shown, text.ptr,
                       text.len > 60 ? "..." : "", quote, reason);
}

/* *out NULL: the row does not have the column. */
static enum decode_result make_value(const struct row_column *column, struct scratch *scratch,
                                     struct json *row, struct json **out, struct failure *failure)
{
    struct json *value = column->constant;
    struct json *made;
    const char *reason = "";

    if (value == NULL)
        value = path_find(&column->source, row);
    if (value != NULL && value->kind != JSON_NULL && column->constant == NULL) {
        made = call_function(column, scratch, value, &reason);
        if (made == NULL)
            return cast_failed(column, scratch, value, reason, failure);
        value = made;
    } else if ((value == NULL || value->kind == JSON_NULL) && column->fallback != NULL) {
        value = column->fallback;
    }
    if (value != NULL && column->cast) {
        made = cast_value(scratch, &column->type, value, &reason);
        if (made == NULL)
            return cast_failed(column, scratch, value, reason, failure);
        value = made;
    }
    *out = value == NULL ? NULL : json_copy(scratch, value);
    return DECODE_ROWS;
}

static void take_out(struct json *row, const struct name_set *names)
{
    struct json *member = row->first;

    row->first = row->last = NULL;
    while (member != NULL) {
        struct json *next = member->next;
        if (!name_set_has(names, member->name))
            json_add(row, member);
        member = next;
    }
}

enum decode_result row_columns_apply(const struct row_columns *columns, struct scratch *scratch,
                                     struct json *row, struct failure *failure)
{
    struct json **made = scratch_array(scratch, columns->count, sizeof(struct json *));
    enum decode_result result;

    for (size_t i = 0; i < columns->count; i++) {
        result = make_value(&columns->items[i], scratch, row, &made[i], failure);
        if (result != DECODE_ROWS)
            return result;
    }
    take_out(row, &columns->replaced);
    for (size_t i = 0; i < columns->count; i++) {
        if (made[i] != NULL)
            json_add_member(row, columns->items[i].name, made[i]);
    }
    return DECODE_ROWS;
}
