/* SPDX-License-Identifier: Apache-2.0 */
#include "records/json_split.h"

#include "records/json_lexer.h"

static enum decode_result bad_at(struct span text, const struct json_lexer *lexer,
                                 struct failure *failure)
{
    return failure_bad(failure, "payload", "DW_E_RECORD", "offset %zu: %s",
                       (size_t)(lexer->at - text.ptr), lexer->error);
}

/* At an object: a row of it. */
static bool take_object(struct json_lexer *lexer, int depth, struct row_list *rows)
{
    const char *start = lexer->at;

    if (start < lexer->end && *start != '{')
        return json_lexer_fail(lexer, start, "the record is not a JSON object");
    if (!json_lexer_skip(lexer, depth))
        return false;
    row_list_view(rows, (struct span){start, (size_t)(lexer->at - start)});
    return true;
}

static enum decode_result split_array(struct span text, struct json_lexer *lexer,
                                      struct row_list *rows, struct failure *failure)
{
    bool end;
    bool good = json_lexer_enter(lexer, 0, &end);

    /* Each object is a record of its own: the array is not counted among its levels. */
    while (good && !end)
        good = take_object(lexer, 0, rows) && json_lexer_next(lexer, false, &end);
    if (good) {
        json_lexer_space(lexer);
        if (lexer->at < lexer->end)
            good = json_lexer_fail(lexer, lexer->at, "more text after the array");
    }
    return good ? DECODE_ROWS : bad_at(text, lexer, failure);
}

/* From the line after the first object on. */
static enum decode_result split_lines(struct span text, struct json_lexer *lexer,
                                      struct row_list *rows, struct failure *failure)
{
    while (lexer->at < lexer->end) {
        const char *after;
        if (!take_object(lexer, 0, rows))
            return bad_at(text, lexer, failure);
        after = lexer->at;
        json_lexer_space(lexer);
        if (lexer->at < lexer->end && memchr(after, '\n', (size_t)(lexer->at - after)) == NULL) {
            (void)json_lexer_fail(lexer, lexer->at, "more text after the record");
            return bad_at(text, lexer, failure);
        }
    }
    return DECODE_ROWS;
}

enum decode_result json_split(struct span text, struct row_list *rows, struct failure *failure)
{
    struct json_lexer lexer = {text.ptr, text.ptr + text.len, NULL};
    const char *after;
    size_t len = text.len;

    json_lexer_space(&lexer);
    if (lexer.at < lexer.end && *lexer.at == '[')
        return split_array(text, &lexer, rows, failure);
    while (len > 0 && (text.ptr[len - 1] == '\n' || text.ptr[len - 1] == '\r'))
        len--;
    if (len != 0 && memchr(text.ptr, '\n', len) != NULL && json_lexer_skip(&lexer, 0)) {
        after = lexer.at;
        json_lexer_space(&lexer);
        if (lexer.at < lexer.end && memchr(after, '\n', (size_t)(lexer.at - after)) != NULL) {
            lexer.at = text.ptr;
            json_lexer_space(&lexer);
            return split_lines(text, &lexer, rows, failure);
        }
    }
    row_list_view(rows, text);
    return DECODE_ROWS;
}
