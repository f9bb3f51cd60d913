/* SPDX-License-Identifier: Apache-2.0 */
#include "records/failure.h"

#include <stdarg.h>
#include <stdio.h>

enum { MOST_TEXT = 500 };

static void set_text(struct failure *failure, const char *fmt, va_list args)
{
    char text[MOST_TEXT];
    int len = vsnprintf(text, sizeof(text), fmt, args);

    textbuf_clear(&failure->text);
    if (len > 0)
        textbuf_add(&failure->text, text, (size_t)len < MOST_TEXT ? (size_t)len : MOST_TEXT - 1);
}

enum decode_result failure_bad(struct failure *failure, const char *stage, const char *code,
                               const char *fmt, ...)
{
    va_list args;

    failure->stage = stage;
    failure->code = code;
    va_start(args, fmt);
    set_text(failure, fmt, args);
    va_end(args);
    return DECODE_BAD;
}

enum decode_result failure_other(struct failure *failure, enum decode_result result,
                                 const char *fmt, ...)
{
    va_list args;

    failure->stage = failure->code = NULL;
    va_start(args, fmt);
    set_text(failure, fmt, args);
    va_end(args);
    return result;
}
