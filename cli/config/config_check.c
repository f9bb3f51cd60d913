/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_check.h"

#include <stdio.h>
#include <string.h>

#include "config/config_layers.h"

/* "%s[%zu].%s" */
static bool fail_at(const struct config *config, const char *list, size_t index, const char *rest,
                    const char *reason, struct textbuf *problem)
{
    struct textbuf path = {0};

    textbuf_printf(&path, "%s[%zu].%s", list, index, rest);
    origin_name(config, path.text, problem);
    textbuf_printf(problem, ": %s", reason);
    textbuf_done(&path);
    return false;
}

bool config_check_tree(struct config *config, struct textbuf *problem)
{
    (void)config;
    (void)problem;
    return true;
}

static bool check_uri(const struct config *config, size_t table, const char *setting,
                      const char *uri, struct textbuf *problem)
{
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    bool ok = dw_store_open_uri(uri, &config->store_options, &store, &err) == DW_OK;

    if (!ok)
        (void)fail_at(config, "tables", table, setting, err.message, problem);
    dw_store_unref(store);
    return ok;
}

bool config_check_uris(const struct config *config, struct textbuf *problem)
{
    for (size_t i = 0; i < config->n_tables; i++) {
        const struct table_config *table = &config->tables[i];

        if (!check_uri(config, i, "uri", table->uri, problem) ||
            (table->bad.policy == BAD_TO_TABLE &&
             !check_uri(config, i, "on_error.table", table->bad.table_uri, problem)))
            return false;
    }
    return true;
}
