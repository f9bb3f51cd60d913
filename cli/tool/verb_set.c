/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite set: change a table's properties, in one commit. */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <deltawrite/txn.h>

#include "common/memory.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

/* One "key=value". Exit code or -1. */
static int set_pair(dw_txn *txn, const char *uri, const char *pair)
{
    char *key = need_strdup(pair);
    char *equals = strchr(key, '=');
    dw_error err = DW_ERROR_INIT;
    int code = -1;

    if (equals == NULL || equals == key) {
        (void)fprintf(stderr, "deltawrite set: \"%s\" is not KEY=VALUE\n", pair);
        code = 2;
    } else {
        *equals = '\0';
        if (dw_txn_set_property(txn, key, equals + 1, &err) != DW_OK)
            code = fail_at(uri, &err);
    }
    free(key);
    return code;
}

static int change(const struct target *t, const struct look *look, const struct arg_list *unset)
{
    dw_error err = DW_ERROR_INIT;
    int64_t version = -1;
    dw_txn *txn = NULL;
    int code = -1;

    if (dw_begin(t->table, NULL, &txn, &err) != DW_OK)
        code = fail_at(t->uri, &err);
    for (size_t i = 1; code < 0 && i < look->args.count; i++)
        code = set_pair(txn, t->uri, look->args.items[i]);
    for (size_t i = 0; code < 0 && i < unset->count; i++)
        if (dw_txn_set_property(txn, unset->items[i], NULL, &err) != DW_OK)
            code = fail_at(t->uri, &err);
    if (code < 0 && dw_commit(txn, &version, &err) != DW_OK)
        code = fail_at(t->uri, &err);
    if (code < 0 && look->json) {
        cJSON *out = cJSON_CreateObject();
        add_i64(out, "version", version);
        code = print_json(out);
    } else if (code < 0) {
        (void)printf("%s is at version %" PRId64 "\n", t->uri, version);
        code = 0;
    }
    dw_txn_close(txn);
    return code;
}

int verb_set(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    struct arg_list unset = {NULL, 0};
    const struct arg_spec specs[] = {
        {"--unset", "K", ARG_LIST, &unset, "take a property away; may be repeated"},
        OPT_JSON(look),
        OPT_END};
    struct target t = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1000, &look.args);

    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0)
        code = change(&t, &look, &unset);
    target_close(&t);
    arg_list_free(&unset);
    arg_list_free(&look.args);
    return code;
}
