/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/look.h"
#include "tool/row_json.h"

static int cat_show(struct target *t, const struct look *look)
{
    dw_scan_options opts = DW_SCAN_OPTIONS_INIT;
    struct ArrowArrayStream stream = {0};
    dw_error err = DW_ERROR_INIT;
    char *copy = NULL;
    const char **names = NULL;
    int code = 1;

    if (look->limit > 0 && look->limit < 8192)
        opts.batch_rows = (int32_t)look->limit;
    if (look->columns != NULL)
        split_list(look->columns, &copy, &names, &opts.n_columns);
    opts.columns = names;
    if (dw_snapshot_scan(t->snapshot, &opts, &stream, &err) != DW_OK) {
        code = fail_at(t->uri, &err);
        goto done;
    }
    code = row_json_print(&stream, t->uri, look->limit, stdout);
    stream.release(&stream);
    if (fflush(stdout) != 0)
        code = 1;
done:
    free((void *)names);
    free(copy);
    return code;
}

int verb_cat(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {
        OPT_VERSION(look),
        OPT_TIMESTAMP(look),
        {"--columns", "A,B", ARG_TEXT, &look.columns, "these columns only"},
        {"--limit", "N", ARG_COUNT, &look.limit, "at most N rows"},
        OPT_END};
    struct target t = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = target_open_snapshot(&t, look.args.items[0], look.version, look.timestamp);
    if (code < 0)
        code = cat_show(&t, &look);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
