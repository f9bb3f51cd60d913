/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a condition. */
#ifndef DWI_DELTA_WHERE_LEX_H
#define DWI_DELTA_WHERE_LEX_H

#include "base/arena.h"
#include "base/err.h"

typedef enum dwi_token_kind {
    DWI_TOKEN_END,
    DWI_TOKEN_WORD,   /* a name or keyword */
    DWI_TOKEN_QUOTED, /* a name in backticks, without them */
    DWI_TOKEN_STRING, /* its content */
    DWI_TOKEN_NUMBER, /* without a sign */
    DWI_TOKEN_SYMBOL
} dwi_token_kind;

typedef struct dwi_token {
    dwi_token_kind kind;
    dwi_sv text;   /* the value, see above */
    dwi_sv source; /* as it is written */
} dwi_token;

typedef struct dwi_lexer {
    dwi_arena *arena;
    dwi_sv sql;
    size_t at;
} dwi_lexer;

/* The next one, or END again and again. */
dw_status dwi_lexer_next(dwi_lexer *lexer, dwi_token *out, dw_error *err);
/* "where: character 7: REASON"; `source` is within the text. */
dw_status dwi_lexer_fail(const dwi_lexer *lexer, dwi_sv source, dw_status code, const char *reason,
                         dw_error *err);

#endif
