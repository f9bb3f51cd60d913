/* SPDX-License-Identifier: Apache-2.0 */
#include "records/jq_program.h"

#include <jq.h>
#include <stdlib.h>

#include "common/memory.h"
#include "records/exact_number.h"
#include "records/value_json.h"

/* Before the digits of a number that jq would round: a character that no text should have. */
static const char opaque[] = "\xf4\x8f\xbf\xbfnumber:";

struct jq_program {
    jq_state *jq;
    struct textbuf error; /* what jq said first */
    struct scratch scratch;
};

static void take_error(void *ctx, jv message)
{
    struct jq_program *program = ctx;
    jv text = jq_format_error(message);
    const char *line = jv_string_value(text);

    if (program->error.len == 0) {
        line += strncmp(line, "jq: ", 4) == 0 ? 4 : 0;
        textbuf_add(&program->error, line, strcspn(line, "\n"));
    }
    jv_free(text);
}

struct jq_program *jq_program_new(const char *text, struct textbuf *out_problem)
{
    struct jq_program *program = need_alloc(1, sizeof(*program));

    program->jq = jq_init();
    if (program->jq == NULL) {
        textbuf_puts(out_problem, "jq: libjq cannot begin");
        jq_program_free(program);
        return NULL;
    }
    jq_set_error_cb(program->jq, take_error, program);
    if (jq_compile(program->jq, text) == 0) {
        textbuf_printf(out_problem, "jq: %s",
                       program->error.text == NULL ? "the program does not compile"
                                                   : program->error.text);
        jq_program_free(program);
        return NULL;
    }
    return program;
}

void jq_program_free(struct jq_program *program)
{
    if (program == NULL)
        return;
    if (program->jq != NULL)
        jq_teardown(&program->jq);
    textbuf_done(&program->error);
    scratch_done(&program->scratch);
    free(program);
}

/* The shortest text of the double nearest to it is the number itself. */
static bool fits_double(struct scratch *scratch, struct span text, double *out)
{
    struct exact_number number = exact_parse(scratch, text);
    struct exact_number again;
    struct textbuf shortest = {0};
    bool same;

    *out = strtod(scratch_copy(scratch, text).ptr, NULL);
    text_double(&shortest, *out);
    again = number;
    if (*shortest.text != '"')
        again = exact_parse(scratch, (struct span){shortest.text, shortest.len});
    same = *shortest.text != '"' && exact_compare(&number, &again) == 0;
    textbuf_done(&shortest);
    return same;
}

static jv number_to_jv(struct scratch *scratch, struct span text)
{
    struct textbuf marked = {0};
    double value;
    jv out;

    if (fits_double(scratch, text, &value))
        return jv_number(value);
    textbuf_puts(&marked, opaque);
    textbuf_add(&marked, text.ptr, text.len);
    out = jv_string_sized(marked.text, (int)marked.len);
    textbuf_done(&marked);
    return out;
}

static jv to_jv(struct scratch *scratch, const struct json *value)
{
    struct span chars;
    jv out;

    switch (value->kind) {
    case JSON_NULL:
        return jv_null();
    case JSON_TRUE:
        return jv_true();
    case JSON_FALSE:
        return jv_false();
    case JSON_NUMBER:
        return number_to_jv(scratch, value->text);
    case JSON_STRING:
        chars = json_chars(scratch, value);
        return jv_string_sized(chars.ptr, (int)chars.len);
    case JSON_ARRAY:
        out = jv_array();
        for (const struct json *m = value->first; m != NULL; m = m->next)
            out = jv_array_append(out, to_jv(scratch, m));
        return out;
    default:
        out = jv_object();
        for (const struct json *m = value->first; m != NULL; m = m->next)
            out = jv_object_set(out, jv_string_sized(m->name.ptr, (int)m->name.len),
                                to_jv(scratch, m));
        return out;
    }
}

static struct span jv_chars(struct scratch *scratch, jv text)
{
    return scratch_copy(scratch, (struct span){jv_string_value(text),
                                               (size_t)jv_string_length_bytes(jv_copy(text))});
}

static struct json *string_from_jv(struct scratch *scratch, jv value)
{
    struct span chars = jv_chars(scratch, value);
    size_t skip = sizeof(opaque) - 1;

    if (chars.len > skip && memcmp(chars.ptr, opaque, skip) == 0)
        return json_new_number(scratch, (struct span){chars.ptr + skip, chars.len - skip});
    return json_new_string(scratch, chars);
}

static struct json *number_from_jv(struct scratch *scratch, double number)
{
    struct textbuf text = {0};
    struct json *out;

    if (number >= -9007199254740992.0 && number <= 9007199254740992.0 &&
        number == (double)(int64_t)number)
        return json_new_int(scratch, (int64_t)number);
    text_double(&text, number);
    out = *text.text == '"'
              ? json_new(scratch, JSON_NULL) /* what is not finite, as jq itself writes NaN */
              : json_new_number(scratch, scratch_copy(scratch, (struct span){text.text, text.len}));
    textbuf_done(&text);
    return out;
}

/* Takes `value`. */
static struct json *from_jv(struct scratch *scratch, jv value)
{
    struct json *out;

    switch (jv_get_kind(value)) {
    case JV_KIND_TRUE:
    case JV_KIND_FALSE:
        out = json_new(scratch, jv_get_kind(value) == JV_KIND_TRUE ? JSON_TRUE : JSON_FALSE);
        break;
    case JV_KIND_NUMBER:
        out = number_from_jv(scratch, jv_number_value(value));
        break;
    case JV_KIND_STRING:
        out = string_from_jv(scratch, value);
        break;
    case JV_KIND_ARRAY:
        out = json_new(scratch, JSON_ARRAY);
        for (int i = 0; i < jv_array_length(jv_copy(value)); i++)
            json_add(out, from_jv(scratch, jv_array_get(jv_copy(value), i)));
        break;
    case JV_KIND_OBJECT:
        out = json_new(scratch, JSON_OBJECT);
        for (int i = jv_object_iter(value); jv_object_iter_valid(value, i);
             i = jv_object_iter_next(value, i)) {
            jv key = jv_object_iter_key(value, i);
            struct span name = jv_chars(scratch, key);
            jv_free(key);
            json_add_member(out, name, from_jv(scratch, jv_object_iter_value(value, i)));
        }
        break;
    default:
        out = json_new(scratch, JSON_NULL);
        break;
    }
    jv_free(value);
    return out;
}

enum decode_result jq_program_start(struct jq_program *program, const struct json *row,
                                    struct failure *failure)
{
    (void)failure;
    scratch_reset(&program->scratch);
    jq_start(program->jq, to_jv(&program->scratch, row), 0);
    return DECODE_ROWS;
}

static enum decode_result jq_failed(jv result, struct failure *failure)
{
    jv message = jv_invalid_get_msg(result);
    enum decode_result outcome;

    if (jv_get_kind(message) != JV_KIND_STRING)
        message = jv_dump_string(message, 0);
    outcome = failure_bad(failure, "transform", "JQ_ERROR", "jq: %s", jv_string_value(message));
    jv_free(message);
    return outcome;
}

enum decode_result jq_program_next(struct jq_program *program, struct scratch *scratch,
                                   struct json **out, struct failure *failure)
{
    jv result = jq_next(program->jq);

    *out = NULL;
    while (jv_get_kind(result) == JV_KIND_NULL) {
        jv_free(result);
        result = jq_next(program->jq);
    }
    if (!jv_is_valid(result)) {
        if (jv_invalid_has_msg(jv_copy(result)))
            return jq_failed(result, failure);
        jv_free(result);
        return DECODE_ROWS;
    }
    if (jv_get_kind(result) != JV_KIND_OBJECT) {
        jv_free(result);
        return failure_bad(failure, "transform", "JQ_NOT_AN_OBJECT",
                           "jq: an output that is neither an object nor null");
    }
    *out = from_jv(scratch, result);
    return DECODE_ROWS;
}
