/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_print.h"

#include <stdlib.h>
#include <string.h>

#include "config/config_layers.h"

static const char hidden[] = "(secret)";

static const char *const layer_names[] = {
    [LAYER_DEFAULT] = "default",
    [LAYER_FILE] = "file",
    [LAYER_ENVIRONMENT] = "environment",
    [LAYER_FLAG] = "flag",
};

/* Settings that are properties of librdkafka are shown as these. */
static bool is_shown(const struct config_origin *origin)
{
    return origin->text != NULL && (origin->option == NULL || origin->option->property == NULL);
}

/* A URL may have a password before its host. */
static void add_value(const struct config_origin *origin, bool json, struct textbuf *out)
{
    const char *text = origin->secret ? hidden : origin->text;
    const char *scheme = strstr(text, "://");
    const char *at = scheme == NULL ? NULL : strchr(scheme, '@');
    const char *colon = scheme == NULL ? NULL : strchr(scheme + 3, ':');
    struct textbuf cut = {0};

    if (at != NULL && colon != NULL && colon < at &&
        strcspn(scheme + 3, "/") > (size_t)(at - scheme - 3)) {
        textbuf_add(&cut, text, (size_t)(colon + 1 - text));
        textbuf_puts(&cut, hidden);
        textbuf_puts(&cut, at);
        text = cut.text;
    }
    if (json)
        textbuf_json_string(out, text, strlen(text));
    else
        textbuf_puts(out, text[0] == '\0' ? "\"\"" : text);
    textbuf_done(&cut);
}

static void print_line(const struct config_origin *origin, struct textbuf *out)
{
    textbuf_printf(out, "%s: ", origin->path);
    add_value(origin, false, out);
    textbuf_printf(out, "  # %s%s\n", origin->layer == LAYER_DEFAULT ? "default" : "",
                   origin->where == NULL ? "" : origin->where);
}

static void print_object(const struct config_origin *origin, struct textbuf *out)
{
    textbuf_puts(out, "{\"setting\":");
    textbuf_json_string(out, origin->path, strlen(origin->path));
    textbuf_puts(out, ",\"value\":");
    add_value(origin, true, out);
    textbuf_printf(out, ",\"source\":\"%s\",\"where\":", layer_names[origin->layer]);
    if (origin->where == NULL)
        textbuf_puts(out, "null");
    else
        textbuf_json_string(out, origin->where, strlen(origin->where));
    textbuf_puts(out, "}");
}

void config_print(const struct config *config, bool json, struct textbuf *out)
{
    bool first = true;

    textbuf_puts(out, json ? "[" : "");
    for (size_t i = 0; i < config->origins->count; i++) {
        const struct config_origin *origin = &config->origins->items[i];

        if (!is_shown(origin))
            continue;
        if (json) {
            textbuf_puts(out, first ? "\n" : ",\n");
            print_object(origin, out);
        } else {
            print_line(origin, out);
        }
        first = false;
    }
    textbuf_puts(out, json ? "\n]\n" : "");
}
