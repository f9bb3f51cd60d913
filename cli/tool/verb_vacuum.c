/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/progress.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

enum { DEFAULT_THREADS = 8, MAX_HOURS = 1000000 };

struct vacuum {
    bool json;
    bool dry_run;
    bool list;
    cJSON *paths; /* of a dry run as JSON */
    struct progress progress;
};

static dw_status take_file(void *ctx, const char *path, int64_t size, dw_error *err)
{
    struct vacuum *v = ctx;

    (void)err;
    (void)size;
    if (v->json)
        (void)cJSON_AddItemToArray(v->paths, cJSON_CreateString(path));
    else
        (void)puts(path);
    return DW_OK;
}

static void take_progress(void *ctx, int64_t done, int64_t total)
{
    struct vacuum *v = ctx;

    progress_update(&v->progress, done, total, NULL);
}

static int print_metrics_json(struct vacuum *v, const dw_vacuum_metrics *m)
{
    cJSON *out = cJSON_CreateObject();

    (void)cJSON_AddBoolToObject(out, "dryRun", v->dry_run);
    add_text(out, "type", m->is_lite != 0 ? "LITE" : "FULL");
    add_i64(out, "cutoffTimestamp", m->cutoff_ms);
    add_i64(out, "version", m->version);
    add_i64(out, "numDeletedFiles", m->files);
    add_i64(out, "sizeOfDeletedFiles", m->bytes);
    add_i64(out, "numFailedFiles", m->failed_files);
    if (m->is_lite != 0) {
        add_i64_or_null(out, "firstVersion", m->first_version);
        add_i64_or_null(out, "lastVersion", m->last_version);
    } else {
        add_i64(out, "numListedFiles", m->listed_files);
        add_i64(out, "numVacuumedDirectories", m->folders);
        add_i64(out, "numYoungFiles", m->young_files);
        add_i64(out, "numForeignFiles", m->foreign_files);
        add_i64(out, "numLeftovers", m->leftovers);
        add_i64(out, "sizeOfLeftovers", m->leftover_bytes);
        add_i64(out, "numEmptyDirectories", m->empty_folders);
    }
    if (v->paths != NULL)
        (void)cJSON_AddItemToObject(out, "paths", v->paths);
    v->paths = NULL;
    return print_json(out);
}

static void print_metrics(const struct vacuum *v, const dw_vacuum_metrics *m)
{
    struct textbuf text = {0};

    textbuf_printf(&text, "%s ", v->dry_run ? "would remove" : "removed");
    progress_amount(&text, PROGRESS_FILES, m->files);
    textbuf_printf(&text, ", ");
    append_size(&text, m->bytes);
    if (m->leftovers > 0)
        textbuf_printf(&text, "; %" PRId64 " leftovers of writers that broke off", m->leftovers);
    if (m->empty_folders > 0)
        textbuf_printf(&text, "; %" PRId64 " empty folders", m->empty_folders);
    if (m->young_files > 0)
        textbuf_printf(&text, "; %" PRId64 " files of no version are too young", m->young_files);
    if (m->foreign_files > 0)
        textbuf_printf(&text, "; %" PRId64 " files of other tables within this one stay",
                       m->foreign_files);
    (void)puts(text.text);
    textbuf_done(&text);
}

static int run_vacuum(struct vacuum *v, const struct target *t, dw_vacuum_options *opts)
{
    dw_vacuum_metrics metrics = DW_VACUUM_METRICS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    if (v->list)
        opts->file = take_file;
    opts->file_ctx = v;
    opts->progress = take_progress;
    opts->progress_ctx = v;
    if (v->json && v->list)
        v->paths = cJSON_CreateArray();
    progress_begin(&v->progress, "vacuum", PROGRESS_FILES, v->json);
    status = dw_vacuum(t->table, opts, &metrics, &err);
    progress_end(&v->progress);
    if (status != DW_OK) {
        cJSON_Delete(v->paths);
        return fail_with(&err);
    }
    if (v->json)
        return print_metrics_json(v, &metrics);
    print_metrics(v, &metrics);
    return 0;
}

/* A number of hours, as "240" or "0.5", in milliseconds; false when it is none. */
static bool read_hours(const char *text, int64_t *out_ms)
{
    char *end = NULL;
    double hours = strtod(text, &end);

    if (end == text || *end != '\0' || !(hours >= 0 && hours <= MAX_HOURS))
        return false;
    *out_ms = (int64_t)(hours * 3600000 + 0.5);
    return true;
}

int verb_vacuum(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    struct vacuum v = {0};
    const char *hours = NULL;
    int64_t threads = DEFAULT_THREADS;
    bool lite = false;
    bool unsafe = false;
    bool quiet = false;
    const struct arg_spec specs[] = {
        {"--retain-hours", "N", ARG_TEXT, &hours,
         "keep what versions of the last N hours need; without it by the table's "
         "delta.deletedFileRetentionDuration (7 days)"},
        {"--unsafe-retention", NULL, ARG_FLAG, &unsafe,
         "let N be below the table's retention: running writers and readers may lose files"},
        {"--lite", NULL, ARG_FLAG, &lite,
         "remove what the log says, without listing the table's folder"},
        {"--dry-run", NULL, ARG_FLAG, &v.dry_run, "only tell what would be removed"},
        {"--list", NULL, ARG_FLAG, &v.list, "print the path of each file, as a dry run does"},
        {"--threads", "N", ARG_COUNT, &threads, "remove so many files at a time; 8 unless told"},
        {"--no-commits", NULL, ARG_FLAG, &quiet,
         "do not commit VACUUM START and VACUUM END to the history"},
        OPT_JSON(look),
        OPT_END};
    dw_vacuum_options opts = DW_VACUUM_OPTIONS_INIT;
    struct target t = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0 && hours != NULL && !read_hours(hours, &opts.retain_ms)) {
        (void)fprintf(stderr,
                      "deltawrite vacuum: --retain-hours: \"%s\" is no number of hours from 0 "
                      "to %d\n",
                      hours, MAX_HOURS);
        code = 2;
    }
    v.json = look.json;
    v.list = v.list || v.dry_run;
    opts.flags = (v.dry_run ? DW_VACUUM_DRY_RUN : 0) | (lite ? DW_VACUUM_LITE : 0) |
                 (unsafe ? DW_VACUUM_UNSAFE_RETENTION : 0) | (quiet ? DW_VACUUM_NO_COMMITS : 0);
    opts.threads = threads;
    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0)
        code = run_vacuum(&v, &t, &opts);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
