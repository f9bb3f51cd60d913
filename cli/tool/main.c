/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite: the table tool. One verb a run; see docs/cli.md. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <deltawrite/version.h>

#include "tool/help.h"
#include "tool/verbs.h"
#include "tool/verbs_alter.h"
#include "tool/verbs_parquet.h"

static const struct verb verbs[] = {
    {"create", "TABLE", "Create an empty table.",
     "deltawrite create ./events --columns 'id BIGINT NOT NULL, at TIMESTAMP, tags ARRAY<STRING>'\n"
     "deltawrite create ./events --schema schema.json --property delta.appendOnly=true",
     verb_create, VERB_CHANGE, NULL},
    {"info", "TABLE", "Show a table's version, protocol, properties, size and transactions.",
     "deltawrite info s3://lake/events --json", verb_info, VERB_LOOK, NULL},
    {"schema", "TABLE", "Show a table's columns.", "deltawrite schema ./events", verb_schema,
     VERB_LOOK, NULL},
    {"history", "TABLE", "Show a table's commits, newest first.",
     "deltawrite history ./events --limit 10", verb_history, VERB_LOOK, NULL},
    {"files", "TABLE", "Show a table's live data files.", "deltawrite files ./events --json",
     verb_files, VERB_LOOK, NULL},
    {"txns", "TABLE", "Show the application ids that wrote to a table, with their versions.",
     "deltawrite txns ./events", verb_txns, VERB_LOOK, NULL},
    {"log", "TABLE", "Show the files of a table's log, or what one commit says.",
     "deltawrite log ./events\ndeltawrite log ./events --version 3", verb_log, VERB_LOOK, NULL},
    {"head", "TABLE", "Show some rows of a table to people.",
     "deltawrite head ./events --columns event_type,user_id --limit 5", verb_head, VERB_LOOK, NULL},
    {"cat", "TABLE", "Print a table's rows as NDJSON.",
     "deltawrite cat ./events --columns event_type,user_id --limit 5", verb_cat, VERB_LOOK, NULL},
    {"export", "TABLE FILE", "Write a table's rows to a file: NDJSON, CSV or Parquet.",
     "deltawrite export ./events events.parquet --version 12\n"
     "deltawrite export ./events - --format csv --columns user_id,event_type",
     verb_export, VERB_LOOK, NULL},
    {"import", "TABLE FILE...",
     "Append NDJSON ('-' is standard input), CSV, Parquet or Arrow files.",
     "zcat events.gz | deltawrite import ./events - --create\n"
     "deltawrite import ./events day-1.csv day-2.csv --app-id load --app-version 2",
     verb_import, VERB_CHANGE, NULL},
    {"delete", "TABLE", "Delete rows, by deletion vectors where the table wants these.",
     "deltawrite delete ./events --where \"user_id = 'u-17' AND day < '2026-01-01'\" --dry-run",
     verb_delete, VERB_CHANGE, NULL},
    {"alter", "VERB TABLE [ARGUMENT]...",
     "Change a table's columns, properties and features: add-column, drop-column, ...",
     "deltawrite alter add-column ./events price 'decimal(10,2)'", NULL, VERB_CHANGE, alter_verbs},
    {"set", "TABLE [K=V]...", "Set or unset table properties.",
     "deltawrite set ./events delta.checkpointInterval=20 --unset delta.targetFileSize", verb_set,
     VERB_CHANGE, NULL},
    {"parquet", "VERB [OPTION]... FILE",
     "Look at one Parquet file: meta, schema, pages, verify, cat.",
     "deltawrite parquet cat part-0.parquet --limit 5", NULL, VERB_OTHER, parquet_verbs},
    {"checkpoint", "TABLE", "Write a checkpoint of the latest version.",
     "deltawrite checkpoint ./events", verb_checkpoint, VERB_MAINTAIN, NULL},
    {"optimize", "TABLE", "Write small files of a table anew as few large ones.",
     "deltawrite optimize ./events --where \"day >= '2026-01-01'\" --threads 4", verb_optimize,
     VERB_MAINTAIN, NULL},
    {"clean", "TABLE", "Remove the parts of a table's log that have expired.",
     "deltawrite clean ./events --dry-run", verb_clean, VERB_MAINTAIN, NULL},
    {"compact-log", "TABLE", "Put many commits into one file, for readers that know of such.",
     "deltawrite compact-log ./events --from 101 --to 200", verb_compact_log, VERB_MAINTAIN, NULL},
    {"restore", "TABLE", "Make a table what it was at an older version.",
     "deltawrite restore ./events --version 12\n"
     "deltawrite restore s3://lake/events --timestamp 2026-01-31T12:00:00Z",
     verb_restore, VERB_CHANGE, NULL},
    {"vacuum", "TABLE", "Remove data files that no version within the retention needs.",
     "deltawrite vacuum ./events --dry-run\n"
     "deltawrite vacuum s3://lake/events --retain-hours 240 --lite",
     verb_vacuum, VERB_MAINTAIN, NULL},
    {"verify", "TABLE", "Prove that a table is what its log says, and tell what is not.",
     "deltawrite verify ./events --full\n"
     "deltawrite verify s3://lake/events --quick --json",
     verb_verify, VERB_LOOK, NULL},
    {"completion", "bash|zsh|fish", "Print a script that completes command lines in a shell.",
     "deltawrite completion bash > /etc/bash_completion.d/deltawrite\n"
     "deltawrite completion fish > ~/.config/fish/completions/deltawrite.fish",
     verb_completion, VERB_OTHER, NULL},
};

const struct verb *all_verbs(size_t *out_count)
{
    *out_count = sizeof(verbs) / sizeof(verbs[0]);
    return verbs;
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* `deltawrite cat | head` ends by a failed write */
    if (argc < 2) {
        help_overview(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help_overview(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("deltawrite %s\n", dw_version());
        return 0;
    }
    if (strcmp(argv[1], "--help-man") == 0)
        return help_man();
    if (strcmp(argv[1], "--complete") == 0)
        return help_complete(argc - 2, argv + 2);
    alter_put_verb_first(argc, argv);
    return verbs_run("deltawrite", verbs, sizeof(verbs) / sizeof(verbs[0]), argc - 1, argv + 1);
}
