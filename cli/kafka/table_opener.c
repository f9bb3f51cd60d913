/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/table_opener.h"

#include <string.h>
#include <strings.h>

#include <deltawrite/txn.h>

#include "common/logline.h"
#include "common/stop.h"
#include "config/default_schema.h"
#include "kafka/pipeline.h"

/* At start one try is short: each gets a line of its own. */
static dw_store_options probing_options(const struct service_config *config)
{
    dw_store_options options = config->store_options;

    options.retry_timeout_ms = -1;
    options.request_timeout_ms = 5000;
    return options;
}

/* A table that cannot be appended to says so at the start, not when the first message has come. */
static dw_status refuses_rows(dw_table *table, dw_error *err)
{
    dw_txn *txn = NULL;
    dw_status status = dw_begin(table, NULL, &txn, err);

    dw_txn_close(txn);
    return status;
}

static dw_status open_once(const struct service_config *config, const dw_store_options *store_opts,
                           dw_table **out_table, dw_error *err)
{
    static char component[] = "table";
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_store *store = NULL;
    dw_status status;

    options.log = log_library;
    options.log_ctx = component;
    options.engine_info = config->engine_info;
    create.flags = DW_CREATE_IF_MISSING;
    create.schema_json = EVENT_SCHEMA;
    status = dw_store_open_uri(config->table_uri, store_opts, &store, err);
    if (status == DW_OK)
        status = dw_table_create(store, "", &create, &options, out_table, err);
    dw_store_unref(store);
    if (status == DW_OK && (status = refuses_rows(*out_table, err)) != DW_OK) {
        dw_table_close(*out_table);
        *out_table = NULL;
    }
    return status;
}

static bool is_remote(const struct service_config *config)
{
    return config->aws.region != NULL && strncasecmp(config->table_uri, "s3", 2) == 0;
}

/* A store that is down, throttles or has no bucket yet comes up; the rest wants a person. */
static bool may_come(const struct service_config *config, const dw_error *err)
{
    switch (err->code) {
    case DW_E_IO:
        return err->retryable || is_remote(config);
    case DW_E_NOT_FOUND:
        return is_remote(config);
    case DW_E_THROTTLED:
    case DW_E_UNKNOWN:
    case DW_E_EXISTS:
    case DW_E_CONFLICT:
        return true;
    default:
        return err->retryable;
    }
}

static void finish(struct table_opener *opener, dw_table *table, const dw_error *err)
{
    (void)pthread_mutex_lock(&opener->synced.lock);
    opener->synced.table = table;
    opener->synced.err = *err;
    if (table == NULL)
        opener->synced.exit_code = err->code == DW_E_NOMEM ? EXIT_CODE_RUNTIME : EXIT_CODE_CONFIG;
    opener->synced.done = true;
    (void)pthread_mutex_unlock(&opener->synced.lock);
}

static const char *what_is_missing(const dw_error *err)
{
    return err->code == DW_E_NOT_FOUND ? "waiting for the bucket" : "waiting for the table's store";
}

/* A table that we may read but not write is told now, not with the first record. */
static void try_writing(dw_table **table, dw_error *err)
{
    dw_txn *txn = NULL;

    if (dw_begin(*table, NULL, &txn, err) == DW_OK) {
        dw_txn_close(txn);
        return;
    }
    dw_table_close(*table);
    *table = NULL;
}

static void *open_until_done(void *arg)
{
    enum { LAST_WAIT_MS = 10000 };
    struct table_opener *opener = arg;
    const struct service_config *config = opener->config;
    dw_store_options options = probing_options(config);
    int64_t start_ms = clock_monotonic_ms();
    dw_table *table = NULL;
    dw_error err = DW_ERROR_INIT;

    for (int attempt = 0; open_once(config, &options, &table, &err) != DW_OK; attempt++) {
        int64_t wait_ms = retry_wait_ms(attempt);

        if (!may_come(config, &err)) {
            finish(opener, NULL, &err);
            return NULL;
        }
        wait_ms = wait_ms < LAST_WAIT_MS ? wait_ms : LAST_WAIT_MS;
        LOG_EVENT(DW_LOG_WARN, what_is_missing(&err), F_TEXT("table", config->table_uri),
                  F_TEXT("endpoint", config->aws.endpoint), F_TEXT("error", err.message),
                  F_NUMBER("waited_s", (clock_monotonic_ms() - start_ms) / 1000),
                  F_NUMBER("next_try_in_s", wait_ms / 1000));
        if (stop_wait(wait_ms)) {
            finish(opener, NULL, &err);
            return NULL;
        }
    }
    /* The table is there: from now on the store may try longer before it tells. */
    dw_table_close(table);
    table = NULL;
    if (open_once(config, &config->store_options, &table, &err) == DW_OK)
        try_writing(&table, &err);
    finish(opener, table, &err);
    return NULL;
}

bool table_opener_failed(struct table_opener *opener)
{
    bool failed;

    (void)pthread_mutex_lock(&opener->synced.lock);
    failed = opener->synced.done && opener->synced.table == NULL;
    (void)pthread_mutex_unlock(&opener->synced.lock);
    return failed;
}

bool table_opener_start(struct table_opener *opener, const struct service_config *config)
{
    *opener = (struct table_opener){.config = config};
    if (pthread_mutex_init(&opener->synced.lock, NULL) != 0 ||
        pthread_create(&opener->thread, NULL, open_until_done, opener) != 0)
        return false;
    (void)pthread_detach(opener->thread);
    return true;
}

bool table_opener_poll(struct table_opener *opener, dw_table **out_table, int *out_exit_code,
                       dw_error *out_err)
{
    bool done;

    (void)pthread_mutex_lock(&opener->synced.lock);
    done = opener->synced.done;
    *out_table = opener->synced.table;
    *out_exit_code = opener->synced.exit_code;
    *out_err = opener->synced.err;
    (void)pthread_mutex_unlock(&opener->synced.lock);
    return done;
}
