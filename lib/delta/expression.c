/* SPDX-License-Identifier: Apache-2.0 */
/* Literals as Spark writes and reads them. What depends on a session (a timestamp without a zone)
 * or on the version of the reader (adjacent strings, doubled quotes) is no literal here. */
#include "delta/expression.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "delta/partition_value.h"

static const char *feature_of(dwi_expression_use use)
{
    static const char *const names[] = {
        [DWI_EXPRESSION_DEFAULT] = "allowColumnDefaults",
        [DWI_EXPRESSION_GENERATED] = "generatedColumns",
        [DWI_EXPRESSION_CHECK] = "checkConstraints",
        [DWI_EXPRESSION_INVARIANT] = "invariants",
    };

    return names[use];
}

dw_status dwi_expression_check(dwi_expression_use use, dwi_sv where, dw_error *err)
{
    if (use == DWI_EXPRESSION_DEFAULT)
        return DW_OK;
    return dwi_err(err, DW_E_UNSUPPORTED,
                   "feature %s is not supported, and the table uses it (%.*s)", feature_of(use),
                   DWI_SV_ARG(where));
}

typedef enum literal_kind {
    LITERAL_NONE,
    LITERAL_NULL,
    LITERAL_BOOLEAN,
    LITERAL_INTEGER,
    LITERAL_DECIMAL,
    LITERAL_DOUBLE,
    LITERAL_STRING,
    LITERAL_BINARY,
    LITERAL_DATE,
    LITERAL_TIMESTAMP /* with its zone in the text or not */
} literal_kind;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static dwi_sv trim(dwi_sv text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One escape sequence after its backslash; false for those that readers disagree on. */
static bool unescape(char c, dwi_buf *out)
{
    static const char from[] = "ntrb0Z\\'\"";
    static const char to[] = "\n\t\r\b\0\x1a\\'\"";
    const char *at = c == '\0' ? NULL : strchr(from, c);

    if (at != NULL)
        dwi_buf_append_byte(out, (uint8_t)to[at - from]);
    return at != NULL;
}

/* A whole quoted text into `out`. */
static bool take_quoted(dwi_sv text, dwi_buf *out)
{
    char quote;

    if (text.len < 2 || (text.ptr[0] != '\'' && text.ptr[0] != '"'))
        return false;
    quote = text.ptr[0];
    for (size_t i = 1; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == quote)
            return i + 1 == text.len;
        if (c != '\\')
            dwi_buf_append_byte(out, (uint8_t)c);
        else if (++i >= text.len || !unescape(text.ptr[i], out))
            return false;
    }
    return false;
}

static bool take_hex(const dwi_buf *digits, dwi_buf *out)
{
    if (digits->len % 2 != 0)
        return false;
    for (size_t i = 0; i < digits->len; i += 2) {
        int high = dwi_hex_value((char)digits->data[i]);
        int low = dwi_hex_value((char)digits->data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        dwi_buf_append_byte(out, (uint8_t)(high * 16 + low));
    }
    return true;
}

/* KEYWORD 'text'. */
static bool take_typed(dwi_sv text, dwi_sv keyword, dwi_buf *out)
{
    return text.len > keyword.len && dwi_sv_eq_nocase((dwi_sv){text.ptr, keyword.len}, keyword) &&
           take_quoted(trim((dwi_sv){text.ptr + keyword.len, text.len - keyword.len}), out);
}

/* Digits with a sign, a point, an exponent and one of Spark's suffixes. */
static literal_kind take_number(dwi_sv text, dwi_buf *out)
{
    literal_kind kind = LITERAL_INTEGER;
    size_t digits = 0;
    size_t i = 0;

    if (text.ptr[0] == '-')
        dwi_buf_append_byte(out, '-');
    if (text.ptr[0] == '-' || text.ptr[0] == '+')
        text = trim((dwi_sv){text.ptr + 1, text.len - 1});
    if (text.len > 0 && text.ptr[0] == '.')
        dwi_buf_append_byte(out, '0');
    for (;
         i < text.len && (is_digit(text.ptr[i]) || (text.ptr[i] == '.' && kind == LITERAL_INTEGER));
         i++) {
        digits += is_digit(text.ptr[i]);
        if (text.ptr[i] == '.')
            kind = LITERAL_DECIMAL;
        if (text.ptr[i] != '.' || (i + 1 < text.len && is_digit(text.ptr[i + 1])))
            dwi_buf_append_byte(out, (uint8_t)text.ptr[i]);
    }
    if (digits == 0)
        return LITERAL_NONE;
    if (i < text.len && (text.ptr[i] == 'e' || text.ptr[i] == 'E')) {
        size_t before = i++;
        kind = LITERAL_DOUBLE;
        if (i < text.len && (text.ptr[i] == '-' || text.ptr[i] == '+'))
            i++;
        if (i == text.len || !is_digit(text.ptr[i]))
            return LITERAL_NONE;
        while (i < text.len && is_digit(text.ptr[i]))
            i++;
        dwi_buf_append(out, text.ptr + before, i - before);
    }
    text = (dwi_sv){text.ptr + i, text.len - i};
    if (text.len == 0)
        return kind;
    if (kind == LITERAL_INTEGER && text.len == 1 && strchr("lLsSyY", text.ptr[0]) != NULL)
        return kind;
    if (kind != LITERAL_DOUBLE && dwi_sv_eq_nocase(text, DWI_SV("bd")))
        return LITERAL_DECIMAL;
    if (text.len == 1 && strchr("dDfF", text.ptr[0]) != NULL)
        return LITERAL_DOUBLE;
    return LITERAL_NONE;
}

/* What kind of literal the text is; its value goes to `out`, as partition values are written. */
static literal_kind read_literal(dwi_sv sql, dwi_buf *out, dwi_buf *scratch)
{
    dwi_sv text = trim(sql);

    while (text.len >= 2 && text.ptr[0] == '(' && text.ptr[text.len - 1] == ')')
        text = trim((dwi_sv){text.ptr + 1, text.len - 2});
    if (text.len == 0)
        return LITERAL_NONE;
    if (dwi_sv_eq_nocase(text, DWI_SV("null")))
        return LITERAL_NULL;
    if (dwi_sv_eq_nocase(text, DWI_SV("true")) || dwi_sv_eq_nocase(text, DWI_SV("false"))) {
        dwi_buf_append(out, text.ptr, text.len);
        return LITERAL_BOOLEAN;
    }
    if (text.ptr[0] == '\'' || text.ptr[0] == '"')
        return take_quoted(text, out) ? LITERAL_STRING : LITERAL_NONE;
    if (take_typed(text, DWI_SV("date"), out))
        return LITERAL_DATE;
    dwi_buf_clear(out);
    if (take_typed(text, DWI_SV("timestamp_ntz"), out) ||
        take_typed(text, DWI_SV("timestamp_ltz"), out))
        return LITERAL_TIMESTAMP;
    dwi_buf_clear(out);
    if (take_typed(text, DWI_SV("timestamp"), out))
        return LITERAL_TIMESTAMP;
    dwi_buf_clear(out);
    if (take_typed(text, DWI_SV("x"), scratch))
        return take_hex(scratch, out) ? LITERAL_BINARY : LITERAL_NONE;
    return take_number(text, out);
}

/* The text ends with a zone of its own: Z, UTC or an offset. */
static bool has_zone(dwi_sv text)
{
    size_t from = text.len > 6 ? text.len - 6 : 0;

    if (text.len < 11)
        return false;
    if (text.ptr[text.len - 1] == 'Z')
        return true;
    for (size_t i = from; i < text.len; i++)
        if (text.ptr[i] == '+' || (text.ptr[i] == '-' && i > 10))
            return true;
    return false;
}

/* A literal of this kind may stand in a column of this type without a session's say. */
static bool fits(literal_kind kind, const dwi_type *type, dwi_sv value)
{
    switch (type->kind) {
    case DWI_BOOLEAN:
        return kind == LITERAL_BOOLEAN;
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
        return kind == LITERAL_INTEGER;
    case DWI_DECIMAL:
        return kind == LITERAL_INTEGER || kind == LITERAL_DECIMAL;
    case DWI_FLOAT:
    case DWI_DOUBLE:
        return kind == LITERAL_INTEGER || kind == LITERAL_DECIMAL || kind == LITERAL_DOUBLE;
    case DWI_STRING:
        return kind == LITERAL_STRING && dwi_utf8_valid(value.ptr, value.len);
    case DWI_BINARY:
        return kind == LITERAL_BINARY;
    case DWI_DATE:
        return kind == LITERAL_DATE;
    case DWI_TIMESTAMP:
        return kind == LITERAL_TIMESTAMP && has_zone(value);
    case DWI_TIMESTAMP_NTZ:
        return kind == LITERAL_TIMESTAMP && !has_zone(value);
    default:
        return false;
    }
}

static dw_status append_literal(dwi_column *column, literal_kind kind, dwi_sv value, dw_error *err)
{
    if (kind == LITERAL_NULL)
        return dwi_column_append_null(column, err);
    if (dwi_type_is_bytes(column->type)) /* empty text is text here */
        return dwi_column_append_bytes(column, value.ptr, value.len, err);
    return dwi_partition_value_append(column, value, 1, err);
}

dw_status dwi_expression_append_default(dwi_column *column, dwi_sv sql, dwi_sv where, dw_error *err)
{
    dw_status status = DW_E_UNSUPPORTED;
    literal_kind kind;
    dwi_buf scratch;
    dwi_buf text;
    dwi_sv value;

    dwi_buf_init(&text, column->alloc);
    dwi_buf_init(&scratch, column->alloc);
    kind = read_literal(sql, &text, &scratch);
    if (dwi_buf_status(&text, err) != DW_OK || dwi_buf_status(&scratch, err) != DW_OK) {
        status = DW_E_NOMEM;
        goto done;
    }
    value = (dwi_sv){(const char *)text.data, text.len};
    if (kind == LITERAL_NULL || fits(kind, column->type, value))
        status = append_literal(column, kind, value, err);
    if (status == DW_E_UNSUPPORTED || status == DW_E_CORRUPT)
        status = dwi_err(err, DW_E_UNSUPPORTED,
                         "feature allowColumnDefaults: the default of column %.*s, %.*s, is no "
                         "literal of its type",
                         DWI_SV_ARG(where), DWI_SV_ARG(sql));
done:
    dwi_buf_done(&scratch);
    dwi_buf_done(&text);
    return status;
}
