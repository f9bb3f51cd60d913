/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite: the table tool. One verb a run; see docs/cli.md. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <deltawrite/version.h>

#include "tool/verbs.h"

static const struct verb verbs[] = {
    {"create", "TABLE", "Create an empty table from a schema file.",
     "deltawrite create ./events --schema schema.json --property delta.appendOnly=true",
     verb_create},
    {"info", "TABLE", "Show a table's version, protocol, properties, size and transactions.",
     "deltawrite info s3://lake/events --json", verb_info},
    {"schema", "TABLE", "Show a table's columns.", "deltawrite schema ./events", verb_schema},
    {"history", "TABLE", "Show a table's commits, newest first.",
     "deltawrite history ./events --limit 10", verb_history},
    {"files", "TABLE", "Show a table's live data files.", "deltawrite files ./events --json",
     verb_files},
    {"txns", "TABLE", "Show the application ids that wrote to a table, with their versions.",
     "deltawrite txns ./events", verb_txns},
    {"cat", "TABLE", "Print a table's rows as NDJSON.",
     "deltawrite cat ./events --columns event_type,user_id --limit 5", verb_cat},
    {"import", "TABLE FILE...", "Append NDJSON ('-' is standard input) or Parquet files.",
     "zcat events.gz | deltawrite import ./events - --create", verb_import},
    {"set", "TABLE [K=V]...", "Set or unset table properties.",
     "deltawrite set ./events delta.checkpointInterval=20 --unset delta.targetFileSize", verb_set},
    {"parquet", "VERB FILE", "Look at one Parquet file: meta, schema, pages, verify, cat.",
     "deltawrite parquet cat part-0.parquet --limit 5", verb_parquet},
    {"checkpoint", "TABLE", "Write a checkpoint of the latest version.",
     "deltawrite checkpoint ./events", verb_checkpoint},
    {"clean", "TABLE", "Remove the parts of a table's log that have expired.",
     "deltawrite clean ./events --dry-run", verb_clean},
};

static void print_help(FILE *out)
{
    (void)fputs(
        "Usage: deltawrite VERB [OPTION]... TABLE [ARGUMENT]...\n\n"
        "Works on Delta Lake tables: a folder, or s3://bucket/path with the AWS_* environment\n"
        "variables of docs/configuration.md.\n\nVerbs:\n",
        out);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        (void)fprintf(out, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
    (void)fputs(
        "\ndeltawrite VERB --help tells more. Exit codes: 0 done, 1 failed, 2 usage, 3 some\n"
        "records were rejected, 5 another writer owns the app id, 75 try again later,\n"
        "78 configuration.\n",
        out);
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* `deltawrite cat | head` ends by a failed write */
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("deltawrite %s\n", dw_version());
        return 0;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(&verbs[i], argc - 2, argv + 2);
    (void)fprintf(stderr, "deltawrite: %s: no such verb (see deltawrite --help)\n", argv[1]);
    return 2;
}
