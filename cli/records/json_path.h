/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a record a value is: a JSON pointer ("/a/b~1c/0", RFC 6901) or names with dots between
 * ("a.b"). Names match as those of columns do; of equal ones the last counts. */
#ifndef DW_CLI_JSON_PATH_H
#define DW_CLI_JSON_PATH_H

#include "records/json_tree.h"

struct path {
    struct span *steps;
    size_t count;
};

/* Lies in `scratch` and borrows nothing. False: the path is empty, or a step of a dotted one is. */
bool path_parse(struct scratch *scratch, const char *text, struct path *out);
/* NULL: there is none. */
struct json *path_find(const struct path *path, struct json *root);
/* The same without a tree: the value's bytes in a text that is one JSON object. */
bool path_find_text(const struct path *path, struct scratch *scratch, struct span text,
                    struct span *out);

#endif
