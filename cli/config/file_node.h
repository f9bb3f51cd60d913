/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file as a tree of texts, lists and mappings, each with its line. What they mean
 * is the reader's business. */
#ifndef DW_CLI_FILE_NODE_H
#define DW_CLI_FILE_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/textbuf.h"

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct file_node;

struct node_entry {
    char *key; /* of a mapping; NULL in a list */
    int line;  /* of the key */
    struct file_node *value;
};

struct file_node {
    enum node_kind kind;
    int line;
    char *text;  /* NODE_TEXT; variables are replaced */
    bool quoted; /* NODE_TEXT: in quotes, or a block: a text whatever it looks like */
    struct node_entry *entries;
    size_t count;
};

/* The value of a key of a mapping; NULL: none, or not a mapping. */
const struct file_node *node_get(const struct file_node *node, const char *key);
void node_free(struct file_node *node);

/* Read a YAML file. ${NAME} and ${NAME:-text} become the values of variables of `environment`; $$
 * is $. NULL: a mistake, told as "FILE:LINE: REASON". */
struct file_node *yaml_read(const char *file, char **environment, struct textbuf *problem);

#endif
