/* SPDX-License-Identifier: Apache-2.0 */
/* A jq program over rows. Numbers that a double cannot hold pass through it unchanged, but cannot
 * be computed with: jq 1.6 has doubles alone. */
#ifndef DW_CLI_JQ_PROGRAM_H
#define DW_CLI_JQ_PROGRAM_H

#include "records/failure.h"
#include "records/json_tree.h"

struct jq_program;

/* NULL: *out_problem says why, also when this build has no libjq. */
struct jq_program *jq_program_new(const char *text, struct textbuf *out_problem);
void jq_program_free(struct jq_program *program);
/* Each of its outputs is a row; null is none; anything else is an error. */
enum decode_result jq_program_start(struct jq_program *program, const struct json *row,
                                    struct failure *failure);
/* *out NULL: there are no more. */
enum decode_result jq_program_next(struct jq_program *program, struct scratch *scratch,
                                   struct json **out, struct failure *failure);

#endif
