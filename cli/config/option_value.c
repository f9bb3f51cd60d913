/* SPDX-License-Identifier: Apache-2.0 */
#include "config/option.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "common/setting_text.h"
#include "config/config.h"
#include "config/option_readers.h"

static void *member(const struct option *option, void *base)
{
    return (char *)base + option->offset;
}

static void keep_text(char **slot, const char *text)
{
    char *copy = need_strdup(text);

    free(*slot);
    *slot = copy;
}

/* An enum has the size of an int where we build; its own type does not matter then. */
static void keep_choice(void *slot, int choice)
{
    _Static_assert(sizeof(enum record_format) == sizeof(int), "enums are as large as int");
    memcpy(slot, &choice, sizeof(choice));
}

/* ---- the kinds ---- */

static bool set_whole(const struct option *option, const char *text, int64_t *out,
                      struct textbuf *why)
{
    int64_t number;

    if (text_to_whole(text, &number) && number >= option->min && number <= option->max) {
        *out = number;
        return true;
    }
    textbuf_printf(why, "\"%s\" is not a whole number", text);
    if (option->max == INT64_MAX)
        textbuf_printf(why, " of at least %" PRId64, option->min);
    else
        textbuf_printf(why, " from %" PRId64 " to %" PRId64, option->min, option->max);
    return false;
}

static bool set_bytes(const struct option *option, const char *text, int64_t *out,
                      struct textbuf *why)
{
    int64_t bytes;

    if (text_to_bytes(text, &bytes) && bytes >= option->min && bytes <= option->max) {
        *out = bytes;
        return true;
    }
    textbuf_printf(why, "\"%s\" is not a size from ", text);
    bytes_to_text(option->min, why);
    textbuf_puts(why, " to ");
    bytes_to_text(option->max, why);
    textbuf_puts(why, ", such as 64MiB, 100MB or 1048576");
    return false;
}

static bool set_duration(const struct option *option, const char *text, int64_t *out,
                         struct textbuf *why)
{
    int64_t ms;

    if (text_to_ms(text, &ms) && ms >= option->min && ms <= option->max) {
        *out = ms;
        return true;
    }
    textbuf_printf(why, "\"%s\" is not a time from ", text);
    ms_to_text(option->min, why);
    textbuf_puts(why, " to ");
    ms_to_text(option->max, why);
    textbuf_puts(why, ", such as 500ms, 10s, 5m or 10 (seconds)");
    return false;
}

static bool set_time(const char *text, int64_t *out, struct textbuf *why)
{
    if (text_to_time(text, out))
        return true;
    textbuf_printf(why,
                   "\"%s\" is not a time such as 2026-01-31T08:00:00Z, or milliseconds since "
                   "1970",
                   text);
    return false;
}

static bool set_bool(const char *text, bool *out, struct textbuf *why)
{
    if (text_to_bool(text, out))
        return true;
    textbuf_printf(why, "\"%s\" is neither true nor false", text);
    return false;
}

static bool choose(const struct option *option, const char *text, int *out, struct textbuf *why)
{
    if (text_to_choice(text, option->value, out))
        return true;
    textbuf_printf(why, "\"%s\" is not one of %s", text, option->value);
    return false;
}

static bool set_char(const char *text, char *out, struct textbuf *why)
{
    if (strcmp(text, "\\t") == 0 || strcasecmp(text, "tab") == 0) {
        *out = '\t';
        return true;
    }
    if (text[1] == '\0' && text[0] > 0) {
        *out = text[0];
        return true;
    }
    textbuf_printf(why, "\"%s\" is not one ASCII character (tab: \\t)", text);
    return false;
}

static void list_add(struct text_list *list, const char *text, size_t len)
{
    char *item = need_alloc(len + 1, 1);

    memcpy(item, text, len);
    list->items = need_realloc(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = item;
}

/* "a, b,c"; an empty item is a mistake. */
static bool set_list(const struct option *option, const char *text, void *base, struct textbuf *why)
{
    struct text_list *out = member(option, base);

    option_free(option, base);
    for (;;) {
        size_t len = strcspn(text, ",");
        size_t start = strspn(text, " \t");
        size_t end = len;

        start = start < len ? start : len;
        while (end > start && strchr(" \t\r\n", text[end - 1]) != NULL)
            end--;
        if (end == start) {
            textbuf_puts(why, "has an empty item");
            return false;
        }
        list_add(out, text + start, end - start);
        if (text[len] == '\0')
            return true;
        text += len + 1;
    }
}

bool option_set(const struct option *option, const char *text, void *base, struct textbuf *why)
{
    int choice;

    if (text[0] == '\0' && (option->flags & OPTION_EMPTY_OK) == 0) {
        textbuf_puts(why, "is empty");
        return false;
    }
    if (option->read != NULL)
        return option->read(text, base, why);
    if (option->offset == NO_MEMBER)
        return true;
    switch (option->kind) {
    case KIND_WHOLE:
        return set_whole(option, text, member(option, base), why);
    case KIND_BYTES:
        return set_bytes(option, text, member(option, base), why);
    case KIND_DURATION:
        return set_duration(option, text, member(option, base), why);
    case KIND_TIME:
        return set_time(text, member(option, base), why);
    case KIND_BOOL:
        return set_bool(text, member(option, base), why);
    case KIND_CHOICE:
        if (!choose(option, text, &choice, why))
            return false;
        keep_choice(member(option, base), choice);
        return true;
    case KIND_CHAR:
        return set_char(text, member(option, base), why);
    case KIND_LIST:
        return set_list(option, text, base, why);
    case KIND_START:
        return read_start(text, base, why);
    default:
        keep_text(member(option, base), text);
        return true;
    }
}

/* ---- options with a reading of their own ---- */

bool read_start(const char *text, void *base, struct textbuf *why)
{
    struct run_config *run = &((struct config *)base)->run;
    int choice;

    free(run->start_file);
    run->start_file = NULL;
    if (strcasecmp(text, "smallest") == 0 || strcasecmp(text, "beginning") == 0)
        text = "earliest";
    if (strcasecmp(text, "largest") == 0 || strcasecmp(text, "end") == 0)
        text = "latest";
    if (text_to_choice(text, "earliest|latest|error", &choice)) {
        run->start = (enum start_at)choice;
    } else if (text_to_time(text, &run->start_timestamp_ms)) {
        run->start = START_TIMESTAMP;
    } else if (strpbrk(text, "./") != NULL) {
        run->start = START_OFFSETS;
        run->start_file = need_strdup(text);
    } else {
        textbuf_printf(why,
                       "\"%s\" is not one of earliest, latest, error, nor a time such as "
                       "2026-01-31T08:00:00Z, nor a file of offsets (x.json)",
                       text);
        return false;
    }
    return true;
}

bool read_forgotten(const char *text, void *base, struct textbuf *why)
{
    int choice;

    if (!text_to_choice(text, "refuse|new", &choice)) {
        textbuf_printf(why, "\"%s\" is not one of refuse|new", text);
        return false;
    }
    ((struct config *)base)->run.forgotten_is_new = choice == 1;
    return true;
}

bool read_listen(const char *text, void *base, struct textbuf *why)
{
    char **slot = &((struct config *)base)->http.listen;

    if (strcasecmp(text, "off") == 0) {
        free(*slot);
        *slot = NULL;
        return true;
    }
    if (!text_is_address(text)) {
        textbuf_printf(why, "\"%s\" is neither HOST:PORT nor off", text);
        return false;
    }
    keep_text(slot, text);
    return true;
}

bool read_statsd(const char *text, void *base, struct textbuf *why)
{
    if (strcasecmp(text, "off") == 0)
        return true;
    if (!text_is_address(text)) {
        textbuf_printf(why, "\"%s\" is neither HOST:PORT nor off", text);
        return false;
    }
    keep_text(&((struct config *)base)->http.statsd, text);
    return true;
}

bool read_log_level(const char *text, void *base, struct textbuf *why)
{
    int choice;

    if (!text_to_choice(text, "error|warn|info|debug", &choice)) {
        textbuf_printf(why, "\"%s\" is not one of error|warn|info|debug", text);
        return false;
    }
    ((struct config *)base)->log_level = choice + DW_LOG_ERROR;
    return true;
}

bool read_epoch_unit(const char *text, void *base, struct textbuf *why)
{
    int choice;

    if (!text_to_choice(text, "s|ms|us|ns", &choice)) {
        textbuf_printf(why, "\"%s\" is not one of s|ms|us|ns", text);
        return false;
    }
    keep_text(&((struct column_config *)base)->epoch_unit, text);
    return true;
}
