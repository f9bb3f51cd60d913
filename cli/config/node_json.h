/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of a file as JSON. */
#ifndef DW_CLI_NODE_JSON_H
#define DW_CLI_NODE_JSON_H

#include <stdbool.h>

#include "common/textbuf.h"
#include "config/file_node.h"

/* A text without quotes is a number, true, false or null where it looks like one. */
void node_to_json(const struct file_node *node, struct textbuf *out);
/* Is this the setting that a text in place of the whole mapping means, as "policy" in
 * "on_error: skip"? */
bool node_main_key(const char *key);

#endif
