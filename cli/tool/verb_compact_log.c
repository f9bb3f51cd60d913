/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>

#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

static int print_metrics_json(const dw_compact_metrics *m)
{
    cJSON *out = cJSON_CreateObject();

    add_i64(out, "fromVersion", m->from_version);
    add_i64(out, "toVersion", m->to_version);
    add_i64(out, "commits", m->commits);
    add_i64(out, "commitBytes", m->commit_bytes);
    add_i64(out, "actions", m->actions);
    add_i64(out, "bytes", m->bytes);
    return print_json(out);
}

static void print_metrics(const dw_compact_metrics *m)
{
    struct textbuf text = {0};

    if (m->commits == 0) {
        (void)puts("nothing to do: there are less than two commits");
        return;
    }
    textbuf_printf(&text, "versions %" PRId64 " to %" PRId64 ": %" PRId64 " commits (",
                   m->from_version, m->to_version, m->commits);
    append_size(&text, m->commit_bytes);
    textbuf_printf(&text, ") in one file of %" PRId64 " actions (", m->actions);
    append_size(&text, m->bytes);
    textbuf_puts(&text, ")");
    (void)puts(text.text);
    textbuf_done(&text);
}

int verb_compact_log(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    dw_compact_options opts = DW_COMPACT_OPTIONS_INIT;
    const struct arg_spec specs[] = {
        {"--from", "N", ARG_COUNT, &opts.from_version,
         "first version; without it the one after the newest checkpoint"},
        {"--to", "N", ARG_COUNT, &opts.to_version, "last version; without it the newest"},
        OPT_JSON(look),
        OPT_END};
    dw_compact_metrics metrics = DW_COMPACT_METRICS_INIT;
    struct target t = {0};
    dw_error err = DW_ERROR_INIT;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0 && dw_compact_log(t.table, &opts, &metrics, &err) != DW_OK)
        code = fail_with(&err);
    if (code < 0 && look.json) {
        code = print_metrics_json(&metrics);
    } else if (code < 0) {
        print_metrics(&metrics);
        code = 0;
    }
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
