/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>

#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

static int print_metrics_json(const dw_clean_metrics *m, bool dry_run)
{
    cJSON *out = cJSON_CreateObject();

    (void)cJSON_AddBoolToObject(out, "dryRun", dry_run);
    add_i64(out, "cutoffTimestamp", m->cutoff_ms);
    if (m->checkpoint >= 0)
        add_i64(out, "beforeVersion", m->checkpoint);
    else
        (void)cJSON_AddNullToObject(out, "beforeVersion");
    if (m->reason != NULL)
        (void)cJSON_AddStringToObject(out, "reason", m->reason);
    else
        (void)cJSON_AddNullToObject(out, "reason");
    add_i64(out, "commits", m->commits);
    add_i64(out, "checkpoints", m->checkpoints);
    add_i64(out, "checksums", m->checksums);
    add_i64(out, "compactions", m->compactions);
    add_i64(out, "sidecars", m->sidecars);
    add_i64(out, "bytes", m->bytes);
    (void)cJSON_AddBoolToObject(out, "hasMore", m->has_more != 0);
    return print_json(out);
}

static void print_metrics(const dw_clean_metrics *m, bool dry_run)
{
    if (m->reason != NULL) {
        (void)printf("nothing to remove: %s\n", m->reason);
        return;
    }
    (void)printf("%s before version %" PRId64 ": %" PRId64 " commits, %" PRId64
                 " checkpoint files, %" PRId64 " checksum files, %" PRId64
                 " compacted commits, %" PRId64 " sidecars; %" PRId64 " bytes\n",
                 dry_run ? "would remove" : "removed", m->checkpoint, m->commits, m->checkpoints,
                 m->checksums, m->compactions, m->sidecars, m->bytes);
    if (m->has_more)
        (void)puts("there is more: run it again");
}

int verb_clean(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    bool dry_run = false;
    const struct arg_spec specs[] = {
        {"--dry-run", NULL, ARG_FLAG, &dry_run, "only tell what would be removed"},
        OPT_JSON(look),
        OPT_END};
    dw_clean_options opts = DW_CLEAN_OPTIONS_INIT;
    dw_clean_metrics metrics = DW_CLEAN_METRICS_INIT;
    struct target t = {0};
    dw_error err = DW_ERROR_INIT;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    opts.flags = dry_run ? DW_CLEAN_DRY_RUN : 0;
    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0 && dw_table_cleanup_log(t.table, &opts, &metrics, &err) != DW_OK)
        code = fail_at(t.uri, &err);
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
