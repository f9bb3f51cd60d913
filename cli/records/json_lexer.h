/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of a JSON text. Calls return false with `error` set and `at` on the offending byte;
 * nothing is read past `end`. The words of errors are the library's. */
#ifndef DW_CLI_JSON_LEXER_H
#define DW_CLI_JSON_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "records/scratch.h"

struct json_lexer {
    const char *at, *end;
    const char *error; /* static; NULL: none */
};

bool json_lexer_fail(struct json_lexer *lexer, const char *at, const char *error);
bool json_lexer_end(struct json_lexer *lexer); /* fails: unexpected end */
void json_lexer_space(struct json_lexer *lexer);
/* From after the opening quote to after the closing one; *out is what is between. */
bool json_lexer_string(struct json_lexer *lexer, struct span *out, bool *escaped);
bool json_lexer_number(struct json_lexer *lexer, struct span *out);
bool json_lexer_literal(struct json_lexer *lexer, const char *literal);
/* A member's name up to its value. */
bool json_lexer_name(struct json_lexer *lexer, struct span *out, bool *escaped);
/* After a value in a container: to the next one, or past the end of the container. */
bool json_lexer_next(struct json_lexer *lexer, bool object, bool *out_end);
/* At a bracket: to the first value or name in it, or past its end when there is none. */
bool json_lexer_enter(struct json_lexer *lexer, int depth, bool *out_end);
/* Past a value, with all that is in it. */
bool json_lexer_skip(struct json_lexer *lexer, int depth);

/* The characters that an escaped text stands for: at most raw.len bytes. Returns their number. */
size_t json_unescape(struct span raw, char *out);

#endif
