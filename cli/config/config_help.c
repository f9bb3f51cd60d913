/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_help.h"

#include <stdio.h>
#include <string.h>

#include <deltawrite/version.h>

#include "config/config.h"
#include "config/option.h"

static const char *default_of(const struct option *option)
{
    if (option->note != NULL)
        return option->note;
    return option->seed != NULL ? option->seed : option->fallback;
}

static void help_option(const struct option *option)
{
    const char *text = default_of(option);
    bool takes_value = (option->flags & OPTION_SWITCH) == 0;

    (void)printf("  %s%s%s", option->flag, takes_value ? " " : "",
                 takes_value ? option->value : "");
    if (option->env != NULL)
        (void)printf(", %s", option->env);
    (void)printf("\n      %s", option->help);
    if (takes_value && text != NULL && text[0] != '\0')
        (void)printf(" [%s]", text);
    (void)printf("\n");
}

static void print_help(void)
{
    size_t count;
    const struct option *table = option_table(&count);

    (void)printf(
        "Usage: %s [OPTION]...\n"
        "       %s healthcheck [live|ready] [OPTION]...\n\n"
        "Reads Kafka topics into Delta tables, each record exactly once; or asks the instance\n"
        "with these settings, over HTTP, whether it is alive, or ready.\n\n"
        "Options, and the environment variables they override:\n",
        SERVICE_NAME, SERVICE_NAME);
    for (size_t i = 0; i < count; i++) {
        if (table[i].flag != NULL)
            help_option(&table[i]);
    }
    (void)printf(
        "  --help\n      show this\n  --version\n      show the version\n\n"
        "A secret is read from a file by --FLAG-file FILE or NAME_FILE. Any librdkafka property "
        "is\n"
        "set by KAFKA_CONF_<NAME_WITH_UNDERSCORES>, for example\n"
        "KAFKA_CONF_SECURITY_PROTOCOL=SASL_SSL. A file (--config) has these settings and more, "
        "and\n"
        "many topics and tables: docs/configuration.md.\n\n"
        "Exit codes: 0 done or clean stop, 1 runtime, 2 usage, 3 ended with rejected records,\n"
        "4 records are gone from Kafka, 5 another writer owns the partitions, 75 try again later,\n"
        "78 configuration.\n");
}

/* In a Markdown table a '|' separates columns. */
static void print_cell(const char *text)
{
    for (; *text != '\0'; text++)
        (void)printf(*text == '|' ? "\\|" : "%c", *text);
}

static void markdown_row(const struct option *option)
{
    const char *text = default_of(option);

    (void)printf("| %s%s%s | %s%s%s | ", option->path == NULL ? "" : "`",
                 option->path == NULL ? "" : option->path, option->path == NULL ? "" : "`",
                 option->env == NULL ? "" : "`", option->env == NULL ? "" : option->env,
                 option->env == NULL ? "" : "`");
    if (option->flag != NULL)
        (void)printf("`%s` ", option->flag);
    (void)printf("| ");
    if (option->value != NULL) {
        (void)printf("`");
        print_cell(option->value);
        (void)printf("` ");
    }
    (void)printf("| ");
    if (text != NULL && text[0] != '\0' && (option->flags & OPTION_SWITCH) == 0) {
        (void)printf(option->note == NULL ? "`" : "");
        print_cell(text);
        (void)printf(option->note == NULL ? "` " : " ");
        if (option->note == NULL && option->seed != NULL && option->fallback != NULL)
            (void)printf("(with tables in a file `%s`) ", option->fallback);
    }
    (void)printf("| ");
    print_cell(option->help);
    (void)printf(" |\n");
}

static void print_markdown(void)
{
    static const char *const titles[SCOPE_COUNT] = {
        [OF_PROCESS] = "Of the process",
        [OF_SOURCE] = "Of a source (an item of `sources`, or `defaults`)",
        [OF_TABLE] = "Of a table (an item of `tables`, or `defaults`)",
        [OF_COLUMN] = "Of a column (an item of a source's `transforms`)"};
    size_t count;
    const struct option *table = option_table(&count);
    int scope = -1;

    for (size_t i = 0; i < count; i++) {
        if (scope != (int)table[i].scope) {
            (void)printf("%s### %s\n\n| In the file | Variable | Flag | Value | Default | Meaning "
                         "|\n|---|---|---|---|---|---|\n",
                         i == 0 ? "" : "\n", titles[table[i].scope]);
            scope = (int)table[i].scope;
        }
        markdown_row(&table[i]);
    }
}

bool config_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            print_help();
        else if (strcmp(argv[i], "--help-markdown") == 0)
            print_markdown();
        else if (strcmp(argv[i], "--version") == 0)
            (void)printf("%s %s\n", SERVICE_NAME, dw_version());
        else
            continue;
        return true;
    }
    return false;
}
