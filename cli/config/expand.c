/* SPDX-License-Identifier: Apache-2.0 */
#include "config/expand.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/option.h"

static bool is_name(const char *text, size_t len)
{
    if (len == 0 || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isupper((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) && text[i] != '_')
            return false;
    }
    return true;
}

static const char *variable(char **environment, const char *name, size_t len)
{
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
            return *environment + len + 1;
    }
    return NULL;
}

/* `body` is what stands between the braces. */
static bool expand_one(const char *body, size_t len, char **environment, struct textbuf *out,
                       struct textbuf *why)
{
    size_t name_len = strcspn(body, ":}-?+=");
    const char *value;
    const char *rest;
    size_t rest_len;

    name_len = name_len < len ? name_len : len;
    rest = body + name_len;
    rest_len = len - name_len;
    if (!is_name(body, name_len)) {
        textbuf_printf(out, "${%.*s}", (int)len, body);
        return true;
    }
    value = variable(environment, body, name_len);
    if (rest_len == 0 && value == NULL) {
        textbuf_printf(why, "${%.*s}: the variable is not set; ${%.*s:-TEXT} has a default",
                       (int)len, body, (int)len, body);
        return false;
    }
    if (rest_len == 0) {
        textbuf_puts(out, value);
    } else if (rest_len >= 2 && strncmp(rest, ":-", 2) == 0) {
        if (value != NULL && value[0] != '\0')
            textbuf_puts(out, value);
        else
            textbuf_add(out, rest + 2, rest_len - 2);
    } else {
        textbuf_printf(why, "${%.*s}: is neither ${NAME} nor ${NAME:-TEXT}", (int)len, body);
        return false;
    }
    return true;
}

bool expand_variables(const char *text, char **environment, struct textbuf *out,
                      struct textbuf *why)
{
    textbuf_puts(out, "");
    while (*text != '\0') {
        size_t plain = strcspn(text, "$");
        const char *end;

        textbuf_add(out, text, plain);
        text += plain;
        if (text[0] == '$' && text[1] == '$') {
            textbuf_puts(out, "$");
            text += 2;
        } else if (text[0] == '$' && text[1] == '{') {
            end = strchr(text, '}');
            if (end == NULL) {
                textbuf_printf(why, "%s: has no closing brace ($$ is a dollar sign)", text);
                return false;
            }
            if (!expand_one(text + 2, (size_t)(end - text - 2), environment, out, why))
                return false;
            text = end + 1;
        } else if (text[0] == '$') {
            textbuf_puts(out, "$");
            text++;
        }
    }
    return true;
}

/* ---- what records fill in ---- */

static bool starts(const char *text, size_t len, const char *with)
{
    return len > strlen(with) && strncmp(text, with, strlen(with)) == 0;
}

static bool check_part(const char *body, size_t len, unsigned parts, size_t groups,
                       struct textbuf *why)
{
    static const char *const names[] = {"topic", "field", "header"};
    char *name;
    const char *near;

    if (len == 5 && strncmp(body, "topic", 5) == 0)
        return true;
    if (starts(body, len, "header:") || (starts(body, len, "field:") && parts != 0))
        return true;
    textbuf_printf(why, "${%.*s}: ", (int)len, body);
    if (len > 0 && strspn(body, "0123456789") >= len) {
        size_t group = (size_t)strtoul(body, NULL, 10);

        if (group >= 1 && group <= groups) {
            textbuf_clear(why);
            return true;
        }
        if (groups == 0)
            textbuf_puts(why, "a number is a group of the source's regex, which has none");
        else
            textbuf_printf(why, "the source's regex has groups 1 to %zu", groups);
        return false;
    }
    if (starts(body, len, "field:")) {
        textbuf_puts(why, "fields are not known here");
        return false;
    }
    name = need_alloc(len + 1, 1);
    memcpy(name, body, len);
    name[strcspn(name, ":")] = '\0';
    near = nearest_name(name, names, 3);
    textbuf_printf(why, "is neither ${topic}, ${1}, ${header:NAME}%s",
                   parts != 0 ? " nor ${field:PATH}" : "");
    if (near != NULL)
        textbuf_printf(why, "; the nearest is ${%s%s}", near, near[0] == 't' ? "" : ":...");
    free(name);
    return false;
}

bool template_check(const char *text, unsigned parts, size_t groups, struct textbuf *why)
{
    while ((text = strstr(text, "${")) != NULL) {
        const char *end = strchr(text, '}');

        if (end == NULL) {
            textbuf_printf(why, "%s: has no closing brace", text);
            return false;
        }
        if (!check_part(text + 2, (size_t)(end - text - 2), parts, groups, why))
            return false;
        text = end + 1;
    }
    return true;
}

bool is_template(const char *text)
{
    return strstr(text, "${") != NULL;
}
