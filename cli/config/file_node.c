/* SPDX-License-Identifier: Apache-2.0 */
#include "config/file_node.h"

#include <stdlib.h>
#include <string.h>

const struct file_node *node_get(const struct file_node *node, const char *key)
{
    for (size_t i = 0; node != NULL && node->kind == NODE_MAP && i < node->count; i++) {
        if (strcmp(node->entries[i].key, key) == 0)
            return node->entries[i].value;
    }
    return NULL;
}

void node_free(struct file_node *node)
{
    if (node == NULL)
        return;
    for (size_t i = 0; i < node->count; i++) {
        free(node->entries[i].key);
        node_free(node->entries[i].value);
    }
    free(node->entries);
    free(node->text);
    free(node);
}
