/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/help.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <deltawrite/version.h>

#include "common/style.h"
#include "tool/verbs.h"

static const char *const group_names[] = {
    [VERB_LOOK] = "Look at a table",
    [VERB_CHANGE] = "Change a table",
    [VERB_MAINTAIN] = "Keep it healthy",
    [VERB_OTHER] = "More",
};

static const char exit_codes[] =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 some records were rejected, 5 another writer\n"
    "owns the app id, 75 try again later, 78 configuration.\n";

enum { FLAG_WIDTH = 26, WIDTH = 90 };

/* A verb tells of its options only through args_parse(), which calls help_verb(): how, is set here
 * before. */
static enum help_form { FORM_TEXT, FORM_MAN, FORM_WORDS } form;
static struct {
    const char *prefix;
    const char *before; /* the word before it, NULL: none */
} wanted;

/* ---- for people ---- */

static void print_example(const char *example, FILE *out)
{
    for (const char *line = example; line != NULL;) {
        const char *end = strchr(line, '\n');
        int len = end == NULL ? (int)strlen(line) : (int)(end - line);
        (void)fprintf(out, "  %s%.*s%s\n", style_text(STYLE_GREEN, out), len, line,
                      style_plain(out));
        line = end == NULL ? NULL : end + 1;
    }
}

static void print_heading(const char *text, FILE *out)
{
    (void)fprintf(out, "\n%s%s%s\n", style_bold(out), text, style_plain(out));
}

/* Words up to WIDTH columns; the lines after the first are indented to where the first began. */
static void print_wrapped(const char *text, int indent)
{
    int column = indent;

    for (const char *word = text; *word != '\0';) {
        int len = (int)strcspn(word, " ");
        if (column > indent && column + 1 + len > WIDTH) {
            (void)printf("\n%*s", indent, "");
            column = indent;
        }
        (void)printf("%s%.*s", column > indent ? " " : "", len, word);
        column += len + (column > indent);
        word += len + (int)strspn(word + len, " ");
    }
    (void)putchar('\n');
}

static void print_option(const char *flag, const char *help)
{
    (void)printf("  %-*s ", FLAG_WIDTH, flag);
    if (strlen(flag) > FLAG_WIDTH)
        (void)printf("\n%*s", FLAG_WIDTH + 3, "");
    print_wrapped(help, FLAG_WIDTH + 3);
}

static void verb_text(const struct verb *verb, const struct arg_spec *specs)
{
    bool several = strchr(verb->example, '\n') != NULL;

    (void)printf("Usage: deltawrite %s [OPTION]... %s\n\n%s\n", verb->name, verb->arguments,
                 verb->summary);
    print_heading("Options:", stdout);
    for (; specs->flag != NULL; specs++) {
        char flag[64];
        (void)snprintf(flag, sizeof(flag), "%s%s%s", specs->flag, specs->value == NULL ? "" : " ",
                       specs->value == NULL ? "" : specs->value);
        print_option(flag, specs->help);
    }
    print_option("--help", "show this");
    print_heading(several ? "Examples:" : "Example:", stdout);
    print_example(verb->example, stdout);
}

static void print_verbs(const struct verb *verbs, size_t count, int group, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        const char *last = strrchr(verbs[i].name, ' ');
        if (group < 0 || verbs[i].group == (enum verb_group)group)
            (void)fprintf(out, "  %-13s %s\n", last == NULL ? verbs[i].name : last + 1,
                          verbs[i].summary);
    }
}

void help_overview(FILE *out)
{
    size_t count;
    const struct verb *verbs = all_verbs(&count);

    (void)fputs(
        "Usage: deltawrite VERB [OPTION]... TABLE [ARGUMENT]...\n\n"
        "Works on Delta Lake tables: a folder, or s3://bucket/path with the AWS_* environment\n"
        "variables of docs/configuration.md.\n",
        out);
    for (int group = VERB_LOOK; group <= VERB_OTHER; group++) {
        print_heading(group_names[group], out);
        print_verbs(verbs, count, group, out);
    }
    (void)fprintf(out, "\ndeltawrite VERB --help tells more.\n%s", exit_codes);
}

int help_group(const struct verb *verb, int argc, char **argv)
{
    size_t count;
    const struct verb *verbs = verb->verbs(&count);
    char program[64];
    bool help = argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "help") == 0);
    FILE *out = help ? stdout : stderr;

    (void)snprintf(program, sizeof(program), "deltawrite %s", verb->name);
    if (argc > 0 && !help)
        return verbs_run(program, verbs, count, argc, argv);
    (void)fprintf(out, "Usage: %s %s\n\n%s\n", program, verb->arguments, verb->summary);
    print_heading("Verbs:", out);
    print_verbs(verbs, count, -1, out);
    print_heading("Example:", out);
    print_example(verb->example, out);
    (void)fprintf(out, "\n%s VERB --help tells more.\n", program);
    return help ? 0 : 2;
}

/* ---- the manual page ---- */

/* Text of a roff line: no line may begin with a dot or quote, and dashes are minus signs. */
static void man_text(const char *text)
{
    if (text[0] == '.' || text[0] == '\'')
        (void)fputs("\\&", stdout);
    for (; *text != '\0'; text++) {
        if (*text == '-' || *text == '\\')
            (void)printf("\\%c", *text == '\\' ? 'e' : '-');
        else
            (void)putchar(*text);
    }
    (void)putchar('\n');
}

static void man_example(const char *example)
{
    (void)fputs(".PP\n.nf\n", stdout);
    for (const char *line = example; line != NULL;) {
        const char *end = strchr(line, '\n');
        char text[512];
        (void)snprintf(text, sizeof(text), "    %.*s",
                       end == NULL ? (int)strlen(line) : (int)(end - line), line);
        man_text(text);
        line = end == NULL ? NULL : end + 1;
    }
    (void)fputs(".fi\n", stdout);
}

static void verb_man(const struct verb *verb, const struct arg_spec *specs)
{
    char usage[256];

    (void)snprintf(usage, sizeof(usage), "%s [OPTION]... %s", verb->name, verb->arguments);
    (void)fputs(".SS ", stdout);
    man_text(usage);
    man_text(verb->summary);
    for (; specs->flag != NULL; specs++) {
        (void)snprintf(usage, sizeof(usage), "%s%s%s", specs->flag, specs->value == NULL ? "" : " ",
                       specs->value == NULL ? "" : specs->value);
        (void)fputs(".TP\n.B ", stdout);
        man_text(usage);
        man_text(specs->help);
    }
    man_example(verb->example);
}

static void ask_verb(const struct verb *verb)
{
    static char help[] = "--help";
    char *argv[] = {help, NULL};
    const struct verb *verbs;
    size_t count;

    if (verb->verbs == NULL) {
        (void)verb->run(verb, 1, argv);
        return;
    }
    verbs = verb->verbs(&count);
    for (size_t i = 0; i < count; i++)
        ask_verb(&verbs[i]);
}

int help_man(void)
{
    size_t count;
    const struct verb *verbs = all_verbs(&count);

    (void)printf(".TH DELTAWRITE 1 \"\" \"deltawrite %s\" \"User Commands\"\n", dw_version());
    (void)fputs(".SH NAME\ndeltawrite \\- look at, change and maintain Delta Lake tables\n"
                ".SH SYNOPSIS\n.B deltawrite\n.I VERB\n[\\fIOPTION\\fR]... \\fITABLE\\fR "
                "[\\fIARGUMENT\\fR]...\n.SH DESCRIPTION\n",
                stdout);
    man_text("TABLE is a folder, file:///folder or s3://bucket/path. For S3 the environment "
             "variables AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and "
             "AWS_ALLOW_HTTP apply, and the shared AWS files.");
    form = FORM_MAN;
    for (int group = VERB_LOOK; group <= VERB_OTHER; group++) {
        (void)printf(".SH %s\n", group_names[group]);
        for (size_t i = 0; i < count; i++)
            if (verbs[i].group == (enum verb_group)group)
                ask_verb(&verbs[i]);
    }
    form = FORM_TEXT;
    (void)fputs(".SH EXIT STATUS\n", stdout);
    man_text("0 done, 1 failed, 2 wrong command line, 3 done but records were rejected, 5 another "
             "writer owns the application id, 75 a passing failure: try again later, 78 wrong "
             "configuration or credentials.");
    (void)fputs(".SH SEE ALSO\n.BR deltawrite-kafka (1)\n", stdout);
    return 0;
}

/* ---- what a shell may complete ---- */

static void offer(const char *word, const char *description)
{
    if (strncmp(word, wanted.prefix, strlen(wanted.prefix)) == 0)
        (void)printf("%s\t%s\n", word, description);
}

/* "ndjson|csv": a choice of words; anything else is for the shell. */
static void offer_choice(const char *choice, const char *description)
{
    char word[64];

    if (strchr(choice, '|') == NULL || strchr(choice, ' ') != NULL)
        return;
    for (const char *p = choice; p != NULL;) {
        const char *end = strchr(p, '|');
        (void)snprintf(word, sizeof(word), "%.*s", end == NULL ? (int)strlen(p) : (int)(end - p),
                       p);
        offer(word, description);
        p = end == NULL ? NULL : end + 1;
    }
}

static void verb_words(const struct verb *verb, const struct arg_spec *specs)
{
    for (const struct arg_spec *s = specs; s->flag != NULL && wanted.before != NULL; s++) {
        if (s->value != NULL && strcmp(s->flag, wanted.before) == 0) {
            offer_choice(s->value, s->help);
            return;
        }
    }
    if (wanted.prefix[0] != '-') {
        offer_choice(verb->arguments, verb->summary);
        return;
    }
    for (; specs->flag != NULL; specs++)
        offer(specs->flag, specs->help);
    offer("--help", "show this");
}

/* The verb that a word names among `count` of them. */
static const struct verb *find_verb(const struct verb *verbs, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        const char *last = strrchr(verbs[i].name, ' ');
        if (strcmp(last == NULL ? verbs[i].name : last + 1, word) == 0)
            return &verbs[i];
    }
    return NULL;
}

int help_complete(int argc, char **argv)
{
    size_t count;
    const struct verb *verbs = all_verbs(&count);
    const struct verb *verb = NULL;
    int i = 0;

    if (argc == 0)
        return 0;
    wanted.prefix = argv[argc - 1];
    wanted.before = argc > 1 ? argv[argc - 2] : NULL;
    for (; i < argc - 1; i++) { /* down to the verb that the words before name */
        verb = find_verb(verbs, count, argv[i]);
        if (verb == NULL)
            return 0;
        if (verb->verbs == NULL)
            break;
        verbs = verb->verbs(&count);
    }
    if (verb == NULL || verb->verbs != NULL) {
        for (size_t v = 0; v < count; v++) {
            const char *last = strrchr(verbs[v].name, ' ');
            offer(last == NULL ? verbs[v].name : last + 1, verbs[v].summary);
        }
        return 0;
    }
    form = FORM_WORDS;
    ask_verb(verb);
    form = FORM_TEXT;
    return 0;
}

void help_verb(const struct verb *verb, const struct arg_spec *specs)
{
    switch (form) {
    case FORM_TEXT:
        verb_text(verb, specs);
        break;
    case FORM_MAN:
        verb_man(verb, specs);
        break;
    case FORM_WORDS:
        verb_words(verb, specs);
        break;
    }
}

static const struct {
    const char *shell;
    const char *script;
} scripts[] = {
    {"bash",
     "_deltawrite()\n"
     "{\n"
     "    local IFS=$'\\n'\n"
     "    COMPREPLY=($(deltawrite --complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null | "
     "cut -f1))\n"
     "}\n"
     "complete -o default -F _deltawrite deltawrite\n"},
    {"zsh", "#compdef deltawrite\n"
            "_deltawrite()\n"
            "{\n"
            "    local -a found\n"
            "    found=(\"${(@f)$(deltawrite --complete \"${(@)words[2,CURRENT]}\" 2>/dev/null | "
            "sed 's/:/\\\\:/g; s/\\t/:/')}\")\n"
            "    if [[ -n \"$found\" ]]; then _describe 'deltawrite' found; else _files; fi\n"
            "}\n"
            "compdef _deltawrite deltawrite\n"},
    {"fish", "complete -c deltawrite -a '(deltawrite --complete (commandline -opc)[2..-1] "
             "(commandline -ct) 2>/dev/null)'\n"},
};

int verb_completion(const struct verb *verb, int argc, char **argv)
{
    static const struct arg_spec specs[] = {{NULL, NULL, ARG_FLAG, NULL, NULL}};
    struct arg_list args = {NULL, 0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &args);

    for (size_t i = 0; code < 0 && i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        if (strcmp(args.items[0], scripts[i].shell) == 0)
            code = fputs(scripts[i].script, stdout) < 0;
    }
    if (code < 0) {
        (void)fprintf(stderr,
                      "deltawrite completion: %s: no such shell; bash, zsh and fish are there\n",
                      args.items[0]);
        code = 2;
    }
    arg_list_free(&args);
    return code;
}
