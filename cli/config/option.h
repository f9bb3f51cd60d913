/* SPDX-License-Identifier: Apache-2.0 */
/* Every setting of deltawrite-kafka, in one table: where it stands in the file, its flag, its
 * environment variable, its kind, its default, and the member of the configuration that it fills.
 * The table also makes --help, docs/configuration.md and the completion, so that they cannot
 * differ. */
#ifndef DW_CLI_OPTION_H
#define DW_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/textbuf.h"

/* What a setting belongs to: paths are relative to it. */
enum option_scope {
    OF_PROCESS, /* struct config */
    OF_SOURCE,  /* struct source_config, an item of `sources` */
    OF_TABLE,   /* struct table_config, an item of `tables` */
    OF_COLUMN,  /* struct column_config, an item of a source's `transforms` */
    SCOPE_COUNT
};

enum option_kind {
    KIND_TEXT,
    KIND_WHOLE,    /* min to max */
    KIND_BYTES,    /* "64MiB", "100MB", "4096" */
    KIND_DURATION, /* "250ms", "10s", "5m", "2h", "7d"; a number alone is seconds; kept as ms */
    KIND_TIME,     /* RFC 3339, or milliseconds since 1970; kept as milliseconds */
    KIND_BOOL,
    KIND_CHOICE, /* `value` is "a|b|c"; kept as the index of the one given */
    KIND_CHAR,
    KIND_LIST,    /* texts; one text is split at commas */
    KIND_PAIRS,   /* a mapping of texts */
    KIND_JSON,    /* any value, kept as JSON text */
    KIND_COLUMNS, /* a list of mappings, OF_COLUMN */
    KIND_START    /* struct run_config: start, start_timestamp_ms, start_file */
};

enum option_flags {
    OPTION_EMPTY_OK = 1,   /* an empty text means something */
    OPTION_SECRET = 2,     /* never shown; also as NAME_FILE, --name-file, name_file */
    OPTION_SWITCH = 4,     /* the flag takes no value */
    OPTION_NEEDED = 8,     /* there must be a value */
    OPTION_NAMES_ONE = 16, /* of one source or table: no flag or variable for several */
    OPTION_RELOADS = 32,   /* takes effect at a reload; others need a restart */
    OPTION_EXPANDS = 64    /* may have ${topic} and the like, known when records come */
};

struct option {
    enum option_scope scope;
    enum option_kind kind;
    unsigned flags;
    const char *path;     /* "flush.rows"; NULL: not in the file */
    const char *flag;     /* "--batch-size"; NULL: none */
    const char *env;      /* "BATCH_SIZE"; NULL: none */
    const char *aliases;  /* other names of the variable, with '|' between; NULL: none */
    const char *value;    /* "N", shown in help */
    const char *fallback; /* NULL: none, or `seed` */
    const char *seed;     /* the default of a process whose file has no sources and tables */
    const char *note;     /* shown in place of the default */
    int64_t min, max;
    size_t offset;        /* of the member in the scope's struct; NO_MEMBER: none */
    const char *property; /* of librdkafka that it sets; NULL: none */
    /* Not NULL: in place of the kind's reading. */
    bool (*read)(const char *text, void *base, struct textbuf *why);
    const char *help;
};

#define NO_MEMBER ((size_t)-1)

/* The table; *out_count rows, those of a scope one after another. */
const struct option *option_table(size_t *out_count);
/* The row of a path of a scope; NULL: none. */
const struct option *option_by_path(enum option_scope scope, const char *path);

/* Put `text` into the member of `base`, the struct of the option's scope. False: *why says what is
 * allowed instead. KIND_PAIRS, KIND_JSON and KIND_COLUMNS have no text. */
bool option_set(const struct option *option, const char *text, void *base, struct textbuf *why);
/* Is the member the same in two structs of the option's scope? */
bool option_equal(const struct option *option, const void *a, const void *b);
/* Make the member of `to` a copy of that of `from`. */
void option_copy(const struct option *option, const void *from, void *to);
void option_free(const struct option *option, void *base);
/* Free what the members of a scope's struct hold. */
void option_free_members(enum option_scope scope, void *base);

/* The one of `names` that is nearest to a misspelt one; NULL: none is near. */
const char *nearest_name(const char *name, const char *const *names, size_t count);

#endif
