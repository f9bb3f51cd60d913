/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/progress.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

enum { THREADS = 16 };

static int print_metrics_json(const dw_restore_metrics *m, bool dry_run)
{
    cJSON *out = cJSON_CreateObject();

    (void)cJSON_AddBoolToObject(out, "dryRun", dry_run);
    add_i64(out, "version", m->version);
    add_i64(out, "restoredVersion", m->from_version);
    (void)cJSON_AddBoolToObject(out, "changed", m->has_changed != 0);
    add_i64(out, "numRestoredFiles", m->added_files);
    add_i64(out, "restoredFilesSize", m->added_bytes);
    add_i64(out, "numRemovedFiles", m->removed_files);
    add_i64(out, "removedFilesSize", m->removed_bytes);
    add_i64(out, "numOfFilesAfterRestore", m->files);
    add_i64(out, "tableSizeAfterRestore", m->bytes);
    add_i64(out, "numMissingFiles", m->missing_files);
    return print_json(out);
}

static void print_metrics(const dw_restore_metrics *m, bool dry_run)
{
    struct textbuf text = {0};

    if (m->has_changed == 0) {
        (void)printf("nothing to do: version %" PRId64 " is what version %" PRId64 " was\n",
                     m->version, m->from_version);
        return;
    }
    textbuf_printf(&text,
                   dry_run ? "version %" PRId64 " would become what version %" PRId64 " was: "
                           : "version %" PRId64 " is what version %" PRId64 " was: ",
                   dry_run ? m->version + 1 : m->version, m->from_version);
    progress_amount(&text, PROGRESS_FILES, m->added_files);
    textbuf_puts(&text, dry_run ? " would come back (" : " came back (");
    append_size(&text, m->added_bytes);
    textbuf_puts(&text, "), ");
    progress_amount(&text, PROGRESS_FILES, m->removed_files);
    textbuf_puts(&text, dry_run ? " would go (" : " went (");
    append_size(&text, m->removed_bytes);
    textbuf_puts(&text, ")");
    if (m->missing_files > 0)
        textbuf_printf(&text, "; %" PRId64 " were gone and are left out", m->missing_files);
    (void)puts(text.text);
    textbuf_done(&text);
}

/* Exit code, or -1 to go on. */
static int read_goal(const struct look *look, dw_restore_options *opts)
{
    if ((look->version < 0) == (look->timestamp == NULL)) {
        (void)fputs("deltawrite restore: either --version or --timestamp is needed (see deltawrite "
                    "restore --help)\n",
                    stderr);
        return 2;
    }
    opts->version = look->version;
    if (look->timestamp != NULL &&
        (!parse_time_ms(look->timestamp, &opts->timestamp_ms) || opts->timestamp_ms < 0)) {
        (void)fprintf(stderr,
                      "deltawrite restore: --timestamp: \"%s\" is no time after 1970, such as "
                      "2026-01-31T12:00:00Z\n",
                      look->timestamp);
        return 2;
    }
    return -1;
}

int verb_restore(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    bool ignore_missing = false;
    bool dry_run = false;
    const struct arg_spec specs[] = {
        OPT_VERSION(look),
        OPT_TIMESTAMP(look),
        {"--ignore-missing", NULL, ARG_FLAG, &ignore_missing,
         "leave out files that are gone, instead of failing"},
        {"--dry-run", NULL, ARG_FLAG, &dry_run, "only tell what would change"},
        OPT_JSON(look),
        OPT_END};
    dw_restore_options opts = DW_RESTORE_OPTIONS_INIT;
    dw_restore_metrics metrics = DW_RESTORE_METRICS_INIT;
    struct target t = {0};
    dw_error err = DW_ERROR_INIT;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = read_goal(&look, &opts);
    opts.flags =
        (ignore_missing ? DW_RESTORE_IGNORE_MISSING : 0) | (dry_run ? DW_RESTORE_DRY_RUN : 0);
    opts.threads = THREADS;
    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0 && dw_restore(t.table, &opts, &metrics, &err) != DW_OK)
        code = fail_with(&err);
    if (code < 0 && look.json) {
        code = print_metrics_json(&metrics, dry_run);
    } else if (code < 0) {
        print_metrics(&metrics, dry_run);
        code = 0;
    }
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
