/* SPDX-License-Identifier: Apache-2.0 */
/* Where settings come from: flags, environment, file, defaults; and how they become the tree. */
#ifndef DW_CLI_CONFIG_LAYERS_H
#define DW_CLI_CONFIG_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/textbuf.h"
#include "config/config.h"
#include "config/file_node.h"
#include "config/option.h"

/* From the weakest. */
enum layer { LAYER_DEFAULT, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_FLAG };

/* A setting as given by a flag or a variable. */
struct given {
    char *text;  /* NULL: not given */
    char *where; /* the flag or variable */
};

struct layers {
    struct given *flags;       /* by the option's index in the table */
    struct given *environment; /* the same */
    char **variables;          /* the process's environment, as environ */
    char *file;                /* its name; NULL: none */
    struct file_node *root;    /* NULL: no file */
    bool seeded;               /* neither sources nor tables in the file: seed defaults hold */
};

/* One value of the tree, for messages and --print-config. */
struct config_origin {
    char *path;  /* "tables[0].flush.rows"; a flag alone has none and is not kept */
    char *text;  /* NULL: not set */
    char *where; /* "BATCH_SIZE", "service.yaml:12"; NULL: the default */
    enum layer layer;
    const struct option *option; /* NULL: a property of librdkafka */
    bool secret;
};

struct config_origins {
    struct config_origin *items;
    size_t count;
    char *file; /* NULL: none */
};

/* False: a mistake, told as "OBJECT: REASON"; *out_usage: in the command line itself. */
bool layers_read_flags(struct layers *layers, int argc, char **argv, bool *out_usage,
                       struct textbuf *problem);
bool layers_read_environment(struct layers *layers, char **environment, struct textbuf *problem);
void layers_done(struct layers *layers);

/* What was given by a flag, or by its variable; NULL: nothing. */
const struct given *layers_given_flag(const struct layers *layers, const char *flag);

/* Fill the tree: sources, tables and all members that options have. */
bool config_bind(const struct layers *layers, struct config *out, struct textbuf *problem);

/* Flags, environment, file, defaults and checks: config_load() without its output. Whatever it
 * answers, layers_done() is to be called; *out is empty when it is false. */
bool config_read(int argc, char **argv, char **environment, struct layers *layers,
                 struct config *out, bool *out_usage, struct textbuf *problem);

/* The texts are copied; `text` and `where` may be NULL. */
void origin_add(struct config_origins *origins, const char *path, const char *text,
                const char *where, enum layer layer, const struct option *option, bool secret);
const struct config_origin *origin_find(const struct config_origins *origins, const char *path);
/* What a value that was not given has become. */
void origin_derived(struct config_origins *origins, const char *path, const char *text);
void origins_free(struct config_origins *origins);
/* What a message calls the value at a path: "BATCH_SIZE",
 * "service.yaml:12: tables[0].flush.rows". */
void origin_name(const struct config *config, const char *path, struct textbuf *out);

/* The whole content of a small file without its last line end; NULL: *problem tells. */
char *secret_from_file(const char *file, struct textbuf *problem);

#endif
