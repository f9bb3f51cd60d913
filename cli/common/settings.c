/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <deltawrite/version.h>

int settings_fail(const char *program, int code, const char *object, const char *reason)
{
    size_t len = strlen(object);
    bool named = strncmp(reason, object, len) == 0 && reason[len] == ':';

    if (named)
        (void)fprintf(stderr, "%s: %s\n", program, reason);
    else
        (void)fprintf(stderr, "%s: %s: %s\n", program, object, reason);
    return code;
}

const char *setting_name(const struct setting *setting, const struct setting_value *value)
{
    if (value->name != NULL)
        return value->name;
    return setting->env != NULL ? setting->env : setting->flag;
}

/* ---- values ---- */

static bool parse_whole(const struct setting *s, struct setting_value *value, struct textbuf *why)
{
    const char *text = value->text;
    char *end = NULL;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && number >= s->min &&
        number <= s->max) {
        value->number = number;
        return true;
    }
    textbuf_printf(why, "\"%s\" is not a whole number from %" PRId64 " to %" PRId64, text, s->min,
                   s->max);
    return false;
}

/* Digits with an optional fraction, to milliseconds; no sign, exponent, or locale. */
static bool decimal_to_ms(const char *text, int64_t max, int64_t *out_ms)
{
    int64_t ms = 0;
    int64_t unit = 100;

    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++) {
        ms = ms * 10 + (*text - '0') * 1000;
        if (ms > max)
            return false;
    }
    if (*text == '.') {
        for (text++; isdigit((unsigned char)*text); text++, unit /= 10)
            ms += (*text - '0') * unit;
    }
    *out_ms = ms;
    return *text == '\0' && ms <= max;
}

static bool parse_seconds(const struct setting *s, struct setting_value *value, struct textbuf *why)
{
    int64_t ms;

    if (decimal_to_ms(value->text, s->max, &ms) && ms >= s->min) {
        value->number = ms;
        return true;
    }
    textbuf_printf(why, "\"%s\" is not a number of seconds from %g to %g", value->text,
                   (double)s->min / 1000, (double)s->max / 1000);
    return false;
}

static bool parse_bool(struct setting_value *value, struct textbuf *why)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(value->text, words[i]) == 0) {
            value->number = (int64_t)(i % 2);
            return true;
        }
    }
    textbuf_printf(why, "\"%s\" is neither true nor false", value->text);
    return false;
}

static bool parse_choice(const struct setting *s, struct setting_value *value, struct textbuf *why)
{
    size_t len = strlen(value->text);
    int64_t index = 0;

    for (const char *p = s->value; p != NULL; p = strchr(p, '|'), index++) {
        p += *p == '|';
        if (strncasecmp(p, value->text, len) == 0 && (p[len] == '|' || p[len] == '\0')) {
            value->number = index;
            return true;
        }
    }
    textbuf_printf(why, "\"%s\" is not one of %s", value->text, s->value);
    return false;
}

static bool parse_value(const struct setting *s, struct setting_value *value, struct textbuf *why)
{
    if (value->text == NULL || s->kind == SETTING_SWITCH)
        return true;
    switch (s->kind) {
    case SETTING_WHOLE:
        return parse_whole(s, value, why);
    case SETTING_SECONDS:
        return parse_seconds(s, value, why);
    case SETTING_BOOL:
        return parse_bool(value, why);
    case SETTING_CHOICE:
        return parse_choice(s, value, why);
    default:
        break;
    }
    if (value->text[0] != '\0' || (s->flags & SETTING_EMPTY_OK) != 0)
        return true;
    textbuf_puts(why, "is empty");
    return false;
}

/* ---- help ---- */

static void print_default(const struct setting *s, const char *before, const char *after)
{
    const char *text = s->fallback_note != NULL ? s->fallback_note : s->fallback;

    if (text != NULL && text[0] != '\0')
        (void)printf("%s%s%s", before, text, after);
}

static void print_help(const struct settings_program *program)
{
    (void)printf("Usage: %s [OPTION]...\n\n%s\n\nOptions, and the environment variables they "
                 "override:\n",
                 program->name, program->purpose);
    for (size_t i = 0; i < program->count; i++) {
        const struct setting *s = &program->table[i];
        if (s->help == NULL)
            continue;
        (void)printf("  %s%s%s%s%s\n      %s", s->flag, s->value == NULL ? "" : " ",
                     s->value == NULL ? "" : s->value, s->env == NULL ? "" : ", ",
                     s->env == NULL ? "" : s->env, s->help);
        print_default(s, " [", "]");
        (void)printf("\n");
    }
    (void)printf("  --help\n      show this\n  --version\n      show the version\n\n%s",
                 program->epilog);
}

/* In a Markdown table a '|' separates columns. */
static void print_cell(const char *text)
{
    for (; *text != '\0'; text++)
        (void)printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_markdown(const struct settings_program *program)
{
    (void)printf("| Variable | Flag | Default | Meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < program->count; i++) {
        const struct setting *s = &program->table[i];
        if (s->help == NULL)
            continue;
        (void)printf(s->env == NULL ? "| | `%s%s" : "| `%s` | `", s->env == NULL ? s->flag : s->env,
                     "");
        if (s->env != NULL)
            (void)printf("%s", s->flag);
        if (s->value != NULL) {
            (void)printf(" ");
            print_cell(s->value);
        }
        (void)printf("` |");
        if (s->fallback_note == NULL)
            print_default(s, " `", "`");
        else
            print_default(s, " ", "");
        (void)printf(" | ");
        print_cell(s->help);
        (void)printf(" |\n");
    }
}

/* ---- where values come from ---- */

static int usage_error(const struct settings_program *program, const char *object,
                       const char *reason)
{
    (void)fprintf(stderr, "%s: %s: %s (see %s --help)\n", program->name, object, reason,
                  program->name);
    return EXIT_CODE_USAGE;
}

static const struct setting *find_flag(const struct settings_program *program, const char *arg,
                                       size_t len)
{
    for (size_t i = 0; i < program->count; i++) {
        const char *flag = program->table[i].flag;
        if (strlen(flag) == len && strncmp(flag, arg, len) == 0)
            return &program->table[i];
    }
    return NULL;
}

/* "--flag value" and "--flag=value". */
static int read_flags(const struct settings_program *program, int argc, char **argv,
                      struct setting_value *values)
{
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        size_t len = equals != NULL ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        const struct setting *s = find_flag(program, argv[i], len);
        struct setting_value *value;

        if (s == NULL)
            return usage_error(program, argv[i],
                               argv[i][0] == '-' ? "no such option" : "nothing to do with this");
        value = &values[s - program->table];
        value->name = s->flag;
        if (s->kind == SETTING_SWITCH) {
            if (equals != NULL)
                return usage_error(program, s->flag, "takes no value");
            value->number = 1;
            continue;
        }
        if (equals == NULL && i + 1 == argc)
            return usage_error(program, s->flag, "needs a value");
        value->text = equals != NULL ? equals + 1 : argv[++i];
    }
    return -1;
}

static void read_environment(const struct setting *s, struct setting_value *value)
{
    const char *text = s->env == NULL ? NULL : getenv(s->env);

    if (value->name != NULL)
        return;
    if (text != NULL && s->kind == SETTING_SWITCH) {
        value->number = strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
    } else if (text != NULL) {
        value->text = text;
        value->name = s->env;
    } else {
        value->text = s->fallback;
    }
}

static int show_and_leave(const struct settings_program *program, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            print_help(program);
        else if (strcmp(argv[i], "--help-markdown") == 0)
            print_markdown(program);
        else if (strcmp(argv[i], "--version") == 0)
            (void)printf("%s %s\n", program->name, dw_version());
        else
            continue;
        return EXIT_CODE_DONE;
    }
    return -1;
}

int settings_load(const struct settings_program *program, int argc, char **argv,
                  struct setting_value *values)
{
    int code = show_and_leave(program, argc, argv);

    if (code < 0)
        code = read_flags(program, argc, argv, values);
    for (size_t i = 0; i < program->count && code < 0; i++) {
        const struct setting *s = &program->table[i];
        struct textbuf why = {0};

        read_environment(s, &values[i]);
        if (!parse_value(s, &values[i], &why))
            code = settings_fail(program->name, EXIT_CODE_CONFIG, setting_name(s, &values[i]),
                                 why.text);
        textbuf_done(&why);
    }
    return code;
}
