/* SPDX-License-Identifier: Apache-2.0 */
#include "records/json_path.h"

#include <stdint.h>

#include "records/json_lexer.h"

/* "~1" is a slash, "~0" a tilde. */
static struct span pointer_step(struct scratch *scratch, struct span raw)
{
    char *to = scratch_alloc(scratch, raw.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < raw.len; i++) {
        bool escape = raw.ptr[i] == '~' && i + 1 < raw.len &&
                      (raw.ptr[i + 1] == '0' || raw.ptr[i + 1] == '1');
        to[len++] = !escape ? raw.ptr[i] : raw.ptr[++i] == '0' ? '~' : '/';
    }
    return (struct span){to, len};
}

bool path_parse(struct scratch *scratch, const char *text, struct path *out)
{
    char separator = *text == '/' ? '/' : '.';
    const char *at = *text == '/' ? text + 1 : text;
    size_t count = 1;

    for (const char *p = at; *p != '\0'; p++)
        count += *p == separator;
    out->steps = scratch_array(scratch, count, sizeof(*out->steps));
    out->count = 0;
    for (;;) {
        const char *end = strchr(at, separator);
        struct span raw = {at, end == NULL ? strlen(at) : (size_t)(end - at)};
        if (raw.len == 0 && separator == '.')
            return false;
        out->steps[out->count++] =
            separator == '/' ? pointer_step(scratch, raw) : scratch_copy(scratch, raw);
        if (end == NULL)
            return true;
        at = end + 1;
    }
}

/* The index that a step is in an array; SIZE_MAX: none. */
static size_t step_index(struct span step)
{
    size_t index = 0;

    if (step.len == 0 || step.len > 9 || (step.len > 1 && step.ptr[0] == '0'))
        return SIZE_MAX;
    for (size_t i = 0; i < step.len; i++) {
        if (step.ptr[i] < '0' || step.ptr[i] > '9')
            return SIZE_MAX;
        index = index * 10 + (size_t)(step.ptr[i] - '0');
    }
    return index;
}

struct json *path_find(const struct path *path, struct json *root)
{
    struct json *value = root;

    for (size_t i = 0; i < path->count && value != NULL; i++) {
        if (value->kind == JSON_ARRAY) {
            size_t index = step_index(path->steps[i]);
            for (value = value->first; value != NULL && index > 0; index--)
                value = value->next;
        } else {
            value = json_get(value, path->steps[i]);
        }
    }
    return value;
}

/* At an object: *out is the last member of that name. */
static bool find_member(struct json_lexer *lexer, struct scratch *scratch, struct span wanted,
                        struct span *out)
{
    bool found = false;
    bool end;

    if (!json_lexer_enter(lexer, 0, &end))
        return false;
    while (!end) {
        struct span name;
        bool escaped;
        const char *start;
        if (!json_lexer_name(lexer, &name, &escaped))
            return false;
        start = lexer->at;
        if (!json_lexer_skip(lexer, 1))
            return false;
        if (escaped) {
            char *chars = scratch_alloc(scratch, name.len);
            name = (struct span){chars, json_unescape(name, chars)};
        }
        if (span_same_name(name, wanted)) {
            *out = (struct span){start, (size_t)(lexer->at - start)};
            found = true;
        }
        if (!json_lexer_next(lexer, true, &end))
            return false;
    }
    return found;
}

static bool find_element(struct json_lexer *lexer, size_t index, struct span *out)
{
    bool end;

    if (!json_lexer_enter(lexer, 0, &end))
        return false;
    for (; !end; index--) {
        const char *start = lexer->at;
        if (!json_lexer_skip(lexer, 1))
            return false;
        if (index == 0) {
            *out = (struct span){start, (size_t)(lexer->at - start)};
            return true;
        }
        if (!json_lexer_next(lexer, false, &end))
            return false;
    }
    return false;
}

bool path_find_text(const struct path *path, struct scratch *scratch, struct span text,
                    struct span *out)
{
    for (size_t i = 0; i < path->count; i++) {
        struct json_lexer lexer = {text.ptr, text.ptr + text.len, NULL};
        json_lexer_space(&lexer);
        if (lexer.at == lexer.end)
            return false;
        if (*lexer.at == '{'
                ? !find_member(&lexer, scratch, path->steps[i], &text)
                : *lexer.at != '[' || !find_element(&lexer, step_index(path->steps[i]), &text))
            return false;
    }
    *out = text;
    return true;
}
