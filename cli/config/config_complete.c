/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_complete.h"

#include <stdio.h>
#include <string.h>

#include <deltawrite/version.h>

#include "common/settings.h"
#include "config/config.h"
#include "config/option.h"

/* What is said without "--". */
static const struct {
    const char *word;
    const char *help;
} words[] = {
    {"healthcheck", "ask a running instance whether it is ready, or live"},
    {"replay", "write the records of a dead-letter table through the decoder again"},
    {"completion", "print a script that completes command lines in a shell: bash, zsh or fish"},
};

/* ---- a shell asks ---- */

static void offer(const char *prefix, const char *word, size_t len, const char *help)
{
    if (strncmp(word, prefix, strlen(prefix)) == 0 && strlen(prefix) <= len)
        (void)printf("%.*s\t%s\n", (int)len, word, help);
}

/* "json|csv": those; anything else is for the shell. */
static void offer_choice(const char *prefix, const struct option *option)
{
    const char *choice = option->value;

    if (strchr(choice, '|') == NULL)
        return;
    for (; choice != NULL; choice = strchr(choice, '|')) {
        size_t len;

        choice += *choice == '|';
        len = strcspn(choice, "|");
        if (*choice >= 'a') /* FILE and TIME are no words */
            offer(prefix, choice, len, option->help);
    }
}

static void complete(const char *before, const char *prefix)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count && before != NULL; i++) {
        if (table[i].flag != NULL && strcmp(table[i].flag, before) == 0 &&
            (table[i].flags & OPTION_SWITCH) == 0) {
            offer_choice(prefix, &table[i]);
            return;
        }
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && before == NULL; i++)
        offer(prefix, words[i].word, strlen(words[i].word), words[i].help);
    for (size_t i = 0; i < count && prefix[0] == '-'; i++) {
        if (table[i].flag != NULL)
            offer(prefix, table[i].flag, strlen(table[i].flag), table[i].help);
    }
}

static int print_script(const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        (void)printf("_deltawrite_kafka()\n{\n    local IFS=$'\\n'\n"
                     "    COMPREPLY=($(deltawrite-kafka --complete "
                     "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null | cut -f1))\n}\n"
                     "complete -o default -F _deltawrite_kafka deltawrite-kafka\n");
    else if (strcmp(shell, "zsh") == 0)
        (void)printf("#compdef deltawrite-kafka\n_deltawrite_kafka()\n{\n    local -a found\n"
                     "    found=(\"${(@f)$(deltawrite-kafka --complete "
                     "\"${(@)words[2,CURRENT]}\" 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')}\")\n"
                     "    if [[ -n \"$found\" ]]; then _describe 'deltawrite-kafka' found; "
                     "else _files; fi\n}\ncompdef _deltawrite_kafka deltawrite-kafka\n");
    else if (strcmp(shell, "fish") == 0)
        (void)printf("complete -c deltawrite-kafka -a '(deltawrite-kafka --complete "
                     "(commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n");
    else
        return settings_fail(SERVICE_NAME, EXIT_CODE_USAGE, shell,
                             "no such shell; bash, zsh and fish are there");
    return EXIT_CODE_DONE;
}

/* ---- man(1) ---- */

static void man_text(const char *text)
{
    if (*text == '.' || *text == '\'')
        (void)printf("\\&");
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            (void)printf("\\e");
        else if (*text == '-')
            (void)printf("\\-");
        else
            (void)putchar(*text);
    }
}

static void man_option(const struct option *option)
{
    (void)printf(".TP\n.B ");
    man_text(option->flag);
    if ((option->flags & OPTION_SWITCH) == 0) {
        (void)printf(" \\fI");
        man_text(option->value);
        (void)printf("\\fR");
    }
    if (option->env != NULL) {
        (void)printf("\\fR, ");
        man_text(option->env);
    }
    (void)printf("\n");
    man_text(option->help);
    (void)printf(".\n");
}

static void print_man(void)
{
    size_t count;
    const struct option *table = option_table(&count);

    (void)printf(".TH DELTAWRITE-KAFKA 1 \"\" \"deltawrite %s\"\n.SH NAME\n"
                 "deltawrite\\-kafka \\- Kafka topics into Delta tables, each record exactly once\n"
                 ".SH SYNOPSIS\n.B deltawrite\\-kafka\n[\\fIOPTION\\fR]...\n.br\n"
                 ".B deltawrite\\-kafka healthcheck\n[live|ready] [\\fIOPTION\\fR]...\n.br\n"
                 ".B deltawrite\\-kafka replay\n[\\fIOPTION\\fR]...\n.br\n"
                 ".B deltawrite\\-kafka completion\nbash|zsh|fish\n.SH DESCRIPTION\n"
                 "Settings come from flags, then from the environment, then from a file in YAML "
                 "(\\fB\\-\\-config\\fR), which has more of them. A secret is read from a file by "
                 "\\fB\\-\\-FLAG\\-file\\fR or \\fINAME\\fR_FILE.\n.SH OPTIONS\n",
                 dw_version());
    for (size_t i = 0; i < count; i++) {
        if (table[i].flag != NULL)
            man_option(&table[i]);
    }
    (void)printf(".SH EXIT STATUS\n0 done or clean stop, 1 runtime, 2 usage, 3 ended with rejected "
                 "records, 4 records are gone from Kafka, 5 another writer owns the partitions, "
                 "75 try again later, 78 configuration.\n.SH SEE ALSO\n.BR deltawrite (1)\n");
}

bool config_complete(int argc, char **argv, int *out_code)
{
    *out_code = EXIT_CODE_DONE;
    if (argc == 3 && strcmp(argv[1], "completion") == 0)
        *out_code = print_script(argv[2]);
    else if (argc >= 3 && strcmp(argv[1], "--complete") == 0)
        complete(argc > 3 ? argv[argc - 2] : NULL, argv[argc - 1]);
    else if (argc == 2 && strcmp(argv[1], "--help-man") == 0)
        print_man();
    else
        return false;
    return true;
}
