/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool says of itself: --help, the manual page, and what a shell may complete. All of it
 * comes from the verbs' own tables, so that nothing can be left out. */
#ifndef DW_CLI_HELP_H
#define DW_CLI_HELP_H

#include <stdio.h>

#include "tool/args.h"

/* `deltawrite --help` */
void help_overview(FILE *out);
/* `deltawrite VERB --help`; called by args_parse(). */
void help_verb(const struct verb *verb, const struct arg_spec *specs);
/* A verb with verbs below it: runs one of them, or shows them. Exit code. */
int help_group(const struct verb *verb, int argc, char **argv);
/* `deltawrite --help-man`: a manual page in roff. */
int help_man(void);
/* `deltawrite --complete WORD...`: how the last word may go on, a line each, with a tab and a
 * description. */
int help_complete(int argc, char **argv);
/* `deltawrite completion SHELL` */
int verb_completion(const struct verb *verb, int argc, char **argv);

/* The table of main.c. */
const struct verb *all_verbs(size_t *out_count);

#endif
