/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/progress.h"
#include "common/textbuf.h"
#include "tool/json_out.h"
#include "tool/look.h"

static int print_metrics_json(const dw_optimize_metrics *m, bool dry_run)
{
    cJSON *out = cJSON_CreateObject();
    cJSON *sizes;

    (void)cJSON_AddBoolToObject(out, "dryRun", dry_run);
    add_i64_or_null(out, "version", m->version);
    add_i64(out, "commits", m->commits);
    add_i64(out, "numFilesConsidered", m->considered_files);
    add_i64(out, "numBytesConsidered", m->considered_bytes);
    add_i64(out, "numPartitionsOptimized", m->partitions);
    add_i64(out, "numRemovedFiles", m->removed_files);
    add_i64(out, "numRemovedBytes", m->removed_bytes);
    add_i64(out, "numDeletionVectorsRemoved", m->removed_dvs);
    add_i64(out, "numAddedFiles", m->added_files);
    add_i64(out, "numAddedBytes", m->added_bytes);
    add_i64_or_null(out, "numRows", m->rows);
    add_i64(out, "numSkippedBins", m->skipped_bins);
    if (m->has_sizes) {
        sizes = cJSON_AddObjectToObject(out, "addedFileSizes");
        add_i64(sizes, "min", m->min_bytes);
        add_i64(sizes, "p25", m->p25_bytes);
        add_i64(sizes, "p50", m->p50_bytes);
        add_i64(sizes, "p75", m->p75_bytes);
        add_i64(sizes, "max", m->max_bytes);
    }
    return print_json(out);
}

/* "1,000 files (12 MB)" */
static void files_text(struct textbuf *out, int64_t files, int64_t bytes)
{
    if (files == 1)
        textbuf_puts(out, "1 file");
    else
        progress_amount(out, PROGRESS_FILES, files);
    textbuf_puts(out, " (");
    progress_amount(out, PROGRESS_BYTES, bytes);
    textbuf_puts(out, ")");
}

static void print_metrics(const dw_optimize_metrics *m, bool dry_run)
{
    struct textbuf text = {0};

    if (m->removed_files == 0) {
        textbuf_puts(&text, "nothing to do: ");
        files_text(&text, m->considered_files, m->considered_bytes);
        textbuf_puts(&text, ", none worth writing anew");
    } else {
        textbuf_puts(&text, dry_run ? "would write anew " : "wrote anew ");
        files_text(&text, m->removed_files, m->removed_bytes);
        textbuf_printf(&text, " of %" PRId64, m->considered_files);
        if (!dry_run) {
            textbuf_puts(&text, " as ");
            files_text(&text, m->added_files, m->added_bytes);
        }
    }
    (void)puts(text.text);
    textbuf_done(&text);
    if (m->skipped_bins > 0)
        (void)printf("%" PRId64 " groups of files were left, because other commits changed them "
                     "meanwhile: run it again\n",
                     m->skipped_bins);
    if (m->version >= 0)
        (void)printf("version %" PRId64 "; the old files stay until they are vacuumed\n",
                     m->version);
}

static void draw(void *ctx, int64_t done, int64_t total)
{
    progress_update(ctx, done, total, NULL);
}

static int optimize(struct target *t, dw_optimize_options *opts, bool json)
{
    dw_optimize_metrics metrics = DW_OPTIMIZE_METRICS_INIT;
    bool dry_run = (opts->flags & DW_OPTIMIZE_DRY_RUN) != 0;
    struct progress progress;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    progress_begin(&progress, "optimize", PROGRESS_BYTES, json);
    opts->progress = draw;
    opts->progress_ctx = &progress;
    status = dw_optimize(t->table, opts, &metrics, &err);
    progress_end(&progress);
    if (status != DW_OK) {
        if (metrics.commits > 0)
            (void)fprintf(stderr,
                          "deltawrite: %" PRId64 " commits were made before, up to version "
                          "%" PRId64 "; run it again to go on\n",
                          metrics.commits, metrics.version);
        return fail_with(&err);
    }
    if (json)
        return print_metrics_json(&metrics, dry_run);
    print_metrics(&metrics, dry_run);
    return 0;
}

int verb_optimize(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
    bool dry_run = false;
    int64_t threads = 0;
    const char *zorder = NULL;
    char *copy = NULL;
    const char **columns = NULL;
    const struct arg_spec specs[] = {
        {"--target-bytes", "N", ARG_COUNT, &opts.target_file_bytes,
         "how large files shall be (delta.targetFileSize, else 134217728)"},
        {"--where", "CONDITION", ARG_TEXT, &opts.where,
         "only partitions that meet it: \"day >= '2026-01-01'\""},
        {"--zorder", "A,B", ARG_TEXT, &zorder,
         "write all files anew, rows that are near each other in these columns side by side"},
        {"--min-files", "N", ARG_COUNT, &opts.min_files,
         "leave fewer files that belong together as they are (2)"},
        {"--threads", "N", ARG_COUNT, &threads, "that read and write (1)"},
        {"--memory-bytes", "N", ARG_COUNT, &opts.memory_bytes, "of all threads (536870912)"},
        {"--dry-run", NULL, ARG_FLAG, &dry_run, "only tell what would be done"},
        OPT_JSON(look),
        OPT_END};
    struct target t = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    opts.flags = dry_run ? DW_OPTIMIZE_DRY_RUN : 0;
    if (code < 0 && zorder != NULL)
        split_list(zorder, &copy, &columns, &opts.n_zorder_columns);
    opts.zorder_columns = columns;
    opts.threads = threads > INT32_MAX ? INT32_MAX : (int32_t)threads;
    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0)
        code = optimize(&t, &opts, look.json);
    target_close(&t);
    free(columns);
    free(copy);
    arg_list_free(&look.args);
    return code;
}
