/* SPDX-License-Identifier: Apache-2.0 */
#include "config/node_json.h"

#include <ctype.h>
#include <string.h>

/* A number as JSON writes it. */
static bool is_number(const char *text)
{
    if (*text == '-')
        text++;
    if (!isdigit((unsigned char)*text) || (text[0] == '0' && isdigit((unsigned char)text[1])))
        return false;
    while (isdigit((unsigned char)*text))
        text++;
    if (*text == '.') {
        if (!isdigit((unsigned char)*++text))
            return false;
        while (isdigit((unsigned char)*text))
            text++;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '+' || *text == '-';
        if (!isdigit((unsigned char)*text))
            return false;
        while (isdigit((unsigned char)*text))
            text++;
    }
    return *text == '\0';
}

static void text_to_json(const struct file_node *node, struct textbuf *out)
{
    const char *text = node->text;

    if (text == NULL)
        textbuf_puts(out, "null");
    else if (!node->quoted &&
             (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || is_number(text)))
        textbuf_puts(out, text);
    else
        textbuf_json_string(out, text, strlen(text));
}

void node_to_json(const struct file_node *node, struct textbuf *out)
{
    if (node->kind == NODE_TEXT) {
        text_to_json(node, out);
        return;
    }
    textbuf_puts(out, node->kind == NODE_MAP ? "{" : "[");
    for (size_t i = 0; i < node->count; i++) {
        const struct node_entry *entry = &node->entries[i];

        textbuf_puts(out, i == 0 ? "" : ",");
        if (node->kind == NODE_MAP) {
            textbuf_json_string(out, entry->key, strlen(entry->key));
            textbuf_puts(out, ":");
        }
        node_to_json(entry->value, out);
    }
    textbuf_puts(out, node->kind == NODE_MAP ? "}" : "]");
}

bool node_main_key(const char *key)
{
    static const char *const keys[] = {"policy", "url", "enabled", "listen", "level", "from"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}
