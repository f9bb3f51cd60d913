/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines of the verbs: one table of options a verb, which also makes its --help. */
#ifndef DW_CLI_ARGS_H
#define DW_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum arg_kind {
    ARG_FLAG,  /* bool * */
    ARG_TEXT,  /* const char ** */
    ARG_COUNT, /* int64_t *, 0 or more */
    ARG_LIST   /* struct arg_list *, may be given several times */
};

struct arg_list {
    const char **items; /* point into argv */
    size_t count;
};

struct arg_spec {
    const char *flag;  /* "--limit"; NULL ends a table */
    const char *value; /* "N"; NULL for ARG_FLAG */
    enum arg_kind kind;
    void *target;
    const char *help;
};

/* Under which heading the overview shows a verb. */
enum verb_group { VERB_LOOK, VERB_CHANGE, VERB_MAINTAIN, VERB_OTHER };

struct verb {
    const char *name;      /* of one below another: "parquet cat" */
    const char *arguments; /* "TABLE", "TABLE FILE..." */
    const char *summary;
    const char *example; /* several: a line each */
    int (*run)(const struct verb *verb, int argc, char **argv);
    enum verb_group group;
    const struct verb *(*verbs)(size_t *out_count); /* below this one, in place of run() */
};

/* Run the verb that argv[0] names. `program` stands before it in messages ("deltawrite"). */
int verbs_run(const char *program, const struct verb *verbs, size_t count, int argc, char **argv);

/* What every verb does first: fill the targets, gather positional arguments. Returns -1 to go on,
 * or an exit code (after --help: 0, a mistake: 2 with a message). `--` ends the options; `-` alone
 * is an argument. */
int args_parse(const struct verb *verb, const struct arg_spec *specs, int argc, char **argv,
               size_t min_args, size_t max_args, struct arg_list *out_args);
void arg_list_free(struct arg_list *list);

/* "a,b" into its items, which point into *out_copy; free both. */
void split_list(const char *text, char **out_copy, const char ***out_items, size_t *out_count);

#endif
