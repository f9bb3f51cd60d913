/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a program from one table: each has a flag, an environment variable, a default and a
 * line of help. Precedence: flag, environment, default. The table also makes --help and
 * docs/configuration.md, so that they cannot differ. */
#ifndef DW_CLI_SETTINGS_H
#define DW_CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/textbuf.h"

enum exit_code {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_RUNTIME = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_REJECTED = 3, /* ended, but with rejected records */
    EXIT_CODE_GAP = 4,      /* records are gone from Kafka that the table has not got */
    EXIT_CODE_FENCED = 5,   /* another writer owns the application id */
    EXIT_CODE_LATER = 75,
    EXIT_CODE_CONFIG = 78
};

enum setting_kind {
    SETTING_TEXT,
    SETTING_WHOLE,   /* min to max */
    SETTING_SECONDS, /* decimal fractions allowed; `number` is milliseconds, as are min and max */
    SETTING_BOOL,    /* true, false, 1, 0, yes, no, on, off */
    SETTING_CHOICE,  /* `value` is "a|b|c"; `number` is the index of the one given */
    SETTING_SWITCH   /* a flag without a value; `number` is 1 when given */
};

enum setting_flags {
    SETTING_EMPTY_OK = 1, /* an empty text means something */
    SETTING_SECRET = 2    /* never shown */
};

struct setting {
    const char *flag;  /* "--batch-size" */
    const char *env;   /* "BATCH_SIZE"; NULL: only a flag */
    const char *value; /* "N", shown in help */
    const char *fallback;
    const char *fallback_note; /* NULL: `fallback`; shown in help instead */
    enum setting_kind kind;
    unsigned flags;
    int64_t min;
    int64_t max;
    const char *help;
};

struct setting_value {
    const char *text; /* NULL: not set and without a default */
    const char *name; /* the flag or variable it came from, NULL: the default */
    int64_t number;
};

struct settings_program {
    const char *name;    /* "deltawrite-kafka" */
    const char *purpose; /* under the usage line of --help */
    const char *epilog;  /* after the options */
    const struct setting *table;
    size_t count;
};

/* Fill values[program->count]. -1: go on; else an exit code (--help, --version, --help-markdown: 0
 * after printing; a mistake: one line on standard error). */
int settings_load(const struct settings_program *program, int argc, char **argv,
                  struct setting_value *values);
/* One line on standard error, "PROGRAM: OBJECT: REASON"; an object that the reason begins with is
 * told once. Returns `code`. */
int settings_fail(const char *program, int code, const char *object, const char *reason);
/* What a mistake in a value calls it: where it came from, else its variable. */
const char *setting_name(const struct setting *setting, const struct setting_value *value);

#endif
