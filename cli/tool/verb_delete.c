/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/progress.h"
#include "common/textbuf.h"
#include "tool/json_out.h"
#include "tool/look.h"

static int print_metrics_json(const dw_delete_metrics *m, bool dry_run)
{
    cJSON *out = cJSON_CreateObject();

    (void)cJSON_AddBoolToObject(out, "dryRun", dry_run);
    (void)cJSON_AddBoolToObject(out, "wasDone", m->was_done != 0);
    add_i64_or_null(out, "version", m->version);
    add_i64_or_null(out, "numDeletedRows", m->deleted_rows);
    add_i64(out, "numFilesConsidered", m->considered_files);
    add_i64(out, "numRemovedFiles", m->removed_files);
    add_i64(out, "numRemovedBytes", m->removed_bytes);
    add_i64(out, "numRewrittenFiles", m->rewritten_files);
    add_i64(out, "numRewrittenBytes", m->rewritten_bytes);
    add_i64(out, "numAddedFiles", m->added_files);
    add_i64(out, "numAddedBytes", m->added_bytes);
    add_i64(out, "numCopiedRows", m->copied_rows);
    add_i64(out, "numDeletionVectorsAdded", m->added_dvs);
    add_i64(out, "numDeletionVectorsUpdated", m->updated_dvs);
    add_i64(out, "numDeletionVectorsRemoved", m->removed_dvs);
    add_i64(out, "numAddedChangeFiles", m->change_files);
    return print_json(out);
}

static void print_metrics(const dw_delete_metrics *m, bool dry_run)
{
    int64_t marked = m->added_dvs + m->updated_dvs;
    struct textbuf text = {0};

    textbuf_puts(&text, dry_run ? "would delete " : "deleted ");
    if (m->deleted_rows < 0)
        textbuf_puts(&text, "rows");
    else
        progress_amount(&text, PROGRESS_ROWS, m->deleted_rows);
    if (m->removed_files > 0) {
        textbuf_puts(&text, "; whole files: ");
        progress_amount(&text, PROGRESS_FILES, m->removed_files);
    }
    if (marked > 0) {
        textbuf_puts(&text, "; by deletion vectors: ");
        progress_amount(&text, PROGRESS_FILES, marked);
    }
    if (m->rewritten_files > 0) {
        textbuf_puts(&text, "; written anew: ");
        progress_amount(&text, PROGRESS_FILES, m->rewritten_files);
    }
    (void)puts(text.text);
    textbuf_done(&text);
    if (m->version >= 0)
        (void)printf("version %" PRId64 "; the old files stay until they are vacuumed\n",
                     m->version);
}

static int delete_rows(struct target *t, const dw_delete_options *opts, bool json)
{
    dw_delete_metrics metrics = DW_DELETE_METRICS_INIT;
    bool dry_run = (opts->flags & DW_DELETE_DRY_RUN) != 0;
    dw_error err = DW_ERROR_INIT;

    if (dw_delete(t->table, opts, &metrics, &err) != DW_OK)
        return fail_with(&err);
    if (json)
        return print_metrics_json(&metrics, dry_run);
    if (metrics.was_done)
        (void)printf("%s has app id %s at version %" PRId64 " or later already: nothing deleted\n",
                     t->uri, opts->app_id, opts->app_version);
    else
        print_metrics(&metrics, dry_run);
    return 0;
}

int verb_delete(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    dw_delete_options opts = DW_DELETE_OPTIONS_INIT;
    bool all = false;
    bool dry_run = false;
    bool app_is_new = false;
    int64_t app_version = -1;
    int64_t threads = 0;
    const struct arg_spec specs[] = {
        {"--where", "CONDITION", ARG_TEXT, &opts.where,
         "the rows that go: \"country = 'de' AND id > 5\""},
        {"--all", NULL, ARG_FLAG, &all, "all rows, in place of --where"},
        {"--app-id", "ID", ARG_TEXT, &opts.app_id, "with --app-version: delete once only"},
        {"--app-version", "N", ARG_COUNT, &app_version,
         "done already when the table has ID at N or above"},
        {"--new-app-id", NULL, ARG_FLAG, &app_is_new,
         "ID is new, where the table drops old ones by itself"},
        {"--threads", "N", ARG_COUNT, &threads, "that read and write (1)"},
        {"--dry-run", NULL, ARG_FLAG, &dry_run, "only count what would go"},
        OPT_JSON(look),
        OPT_END};
    struct target t = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    opts.flags = (dry_run ? DW_DELETE_DRY_RUN : 0) | (app_is_new ? DW_DELETE_NEW_APP_ID : 0);
    opts.threads = threads > INT32_MAX ? INT32_MAX : (int32_t)threads;
    opts.app_version = app_version;
    if (code < 0 && (opts.where != NULL) == all) {
        (void)fputs("deltawrite delete: either --where CONDITION or --all\n", stderr);
        code = 2;
    }
    if (code < 0 && (opts.app_id == NULL) != (app_version < 0)) {
        (void)fputs("deltawrite delete: --app-id: goes together with --app-version\n", stderr);
        code = 2;
    }
    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0)
        code = delete_rows(&t, &opts, look.json);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
