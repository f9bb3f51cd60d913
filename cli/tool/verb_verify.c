/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/progress.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

enum { DEFAULT_THREADS = 4 };

struct verify {
    bool json;
    bool repair; /* tell what would mend it */
    cJSON *findings;
    struct progress progress;
};

static const char *severity_name(int32_t severity)
{
    if (severity == DW_FINDING_ERROR)
        return "error";
    return severity == DW_FINDING_WARNING ? "warning" : "note";
}

static dw_status take_finding(void *ctx, const dw_finding *f, dw_error *err)
{
    struct verify *v = ctx;
    cJSON *item;

    (void)err;
    if (!v->json) {
        progress_end(&v->progress); /* drawn anew below the line */
        (void)printf("%s: %s: %s: %s\n", severity_name(f->severity), f->object, f->code,
                     f->message);
        if (v->repair && f->repair != NULL)
            (void)printf("  repair: %s\n", f->repair);
        return DW_OK;
    }
    item = cJSON_CreateObject();
    add_text(item, "severity", severity_name(f->severity));
    add_text(item, "code", f->code);
    add_text(item, "object", f->object);
    add_i64_or_null(item, "version", f->version);
    add_text(item, "message", f->message);
    add_text(item, "repair", f->repair);
    (void)cJSON_AddItemToArray(v->findings, item);
    return DW_OK;
}

static void take_progress(void *ctx, int64_t done, int64_t total)
{
    struct verify *v = ctx;

    progress_update(&v->progress, done, total, NULL);
}

static int print_metrics_json(struct verify *v, const dw_verify_metrics *m)
{
    cJSON *out = cJSON_CreateObject();

    add_i64_or_null(out, "version", m->version);
    add_i64(out, "errors", m->errors);
    add_i64(out, "warnings", m->warnings);
    add_i64(out, "commits", m->commits);
    add_i64(out, "checkpoints", m->checkpoints);
    (void)cJSON_AddBoolToObject(out, "comparedCheckpoint", m->compared_checkpoint != 0);
    add_i64(out, "checksums", m->checksums);
    add_i64(out, "compactions", m->compactions);
    add_i64(out, "files", m->files);
    add_i64(out, "bytes", m->bytes);
    add_i64(out, "openedFiles", m->opened_files);
    add_i64(out, "readRows", m->read_rows);
    add_i64(out, "externalFiles", m->external_files);
    add_i64(out, "orphans", m->orphans);
    add_i64(out, "orphanBytes", m->orphan_bytes);
    add_i64(out, "repairedFiles", m->repaired_files);
    add_i64_or_null(out, "repairVersion", m->repair_version);
    (void)cJSON_AddItemToObject(out, "findings", v->findings);
    v->findings = NULL;
    return print_json(out);
}

static void print_metrics(const dw_verify_metrics *m)
{
    struct textbuf text = {0};

    if (m->version >= 0)
        textbuf_printf(&text, "version %" PRId64 ": ", m->version);
    textbuf_printf(&text, "%" PRId64 " commits, %" PRId64 " checkpoints%s, ", m->commits,
                   m->checkpoints, m->compared_checkpoint != 0 ? " (the newest compared)" : "");
    progress_amount(&text, PROGRESS_FILES, m->files);
    textbuf_puts(&text, " (");
    append_size(&text, m->bytes);
    textbuf_puts(&text, ")");
    if (m->read_rows > 0) {
        textbuf_puts(&text, ", ");
        progress_amount(&text, PROGRESS_ROWS, m->read_rows);
    }
    if (m->orphans > 0) {
        textbuf_printf(&text, ", %" PRId64 " orphans (", m->orphans);
        append_size(&text, m->orphan_bytes);
        textbuf_puts(&text, ")");
    }
    textbuf_printf(&text, ": %" PRId64 " errors, %" PRId64 " warnings", m->errors, m->warnings);
    (void)puts(text.text);
    if (m->repair_version >= 0)
        (void)printf("version %" PRId64 " takes %" PRId64 " missing files out of the table\n",
                     m->repair_version, m->repaired_files);
    textbuf_done(&text);
}

static int run_verify(struct verify *v, const struct target *t, dw_verify_options *opts)
{
    dw_verify_metrics metrics = DW_VERIFY_METRICS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    int code = 0;

    opts->each = take_finding;
    opts->each_ctx = v;
    opts->progress = take_progress;
    opts->progress_ctx = v;
    if (v->json)
        v->findings = cJSON_CreateArray();
    progress_begin(&v->progress, "verify", PROGRESS_FILES, v->json);
    status = dw_verify(t->store, "", opts, &metrics, &err);
    progress_end(&v->progress);
    if (status != DW_OK) {
        cJSON_Delete(v->findings);
        return fail_with(&err);
    }
    if (v->json)
        code = print_metrics_json(v, &metrics);
    else
        print_metrics(&metrics);
    return code == 0 && metrics.errors > 0 && metrics.repair_version < 0 ? 1 : code;
}

int verb_verify(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    struct verify v = {0};
    int64_t threads = DEFAULT_THREADS;
    bool quick = false;
    bool full = false;
    bool orphans = false;
    bool repair = false;
    const struct arg_spec specs[] = {
        {"--quick", NULL, ARG_FLAG, &quick, "the log, and that files are there; open none"},
        {"--full", NULL, ARG_FLAG, &full, "read all rows, and hold statistics against them"},
        {"--orphans", NULL, ARG_FLAG, &orphans, "tell each file that no version names"},
        {"--repair-dry-run", NULL, ARG_FLAG, &v.repair, "tell what would mend each problem"},
        {"--repair", NULL, ARG_FLAG, &repair,
         "take files that are missing out of the table; their rows are lost already"},
        {"--threads", "N", ARG_COUNT, &threads, "look into so many files at a time; 4 unless told"},
        OPT_JSON(look),
        OPT_END};
    dw_verify_options opts = DW_VERIFY_OPTIONS_INIT;
    struct target t = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0 && ((quick && full) || (v.repair && repair))) {
        (void)fprintf(stderr,
                      "deltawrite verify: %s: only one of them (see deltawrite verify "
                      "--help)\n",
                      quick && full ? "--quick and --full" : "--repair and --repair-dry-run");
        code = 2;
    }
    v.json = look.json;
    opts.flags = (quick ? DW_VERIFY_QUICK : 0) | (full ? DW_VERIFY_FULL : 0) |
                 (orphans || v.repair ? DW_VERIFY_ORPHANS : 0) | (repair ? DW_VERIFY_REPAIR : 0);
    opts.threads = threads;
    if (code < 0)
        code = target_open_store(&t, look.args.items[0]);
    if (code < 0)
        code = run_verify(&v, &t, &opts);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
