/* SPDX-License-Identifier: Apache-2.0 */
/* In place of jq_program.c where there is no libjq. */
#include "records/jq_program.h"

struct jq_program *jq_program_new(const char *text, struct textbuf *out_problem)
{
    (void)text;
    textbuf_puts(out_problem, "jq: this program was built without libjq");
    return NULL;
}

void jq_program_free(struct jq_program *program)
{
    (void)program;
}

enum decode_result jq_program_start(struct jq_program *program, const struct json *row,
                                    struct failure *failure)
{
    (void)program;
    (void)row;
    return failure_bad(failure, "transform", "JQ_ERROR", "jq: not built");
}

enum decode_result jq_program_next(struct jq_program *program, struct scratch *scratch,
                                   struct json **out, struct failure *failure)
{
    (void)scratch;
    *out = NULL;
    return jq_program_start(program, NULL, failure);
}
