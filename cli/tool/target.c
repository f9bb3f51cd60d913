/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/target.h"

#include <stdio.h>
#include <string.h>

#include "common/aws_env.h"
#include "common/settings.h"
#include "tool/present.h"

enum { RETRY_MS = 10000 }; /* a person waits for the answer */

static int exit_code_of(const dw_error *err)
{
    if (err->code == DW_E_FENCED)
        return EXIT_CODE_FENCED;
    if (err->code == DW_E_DENIED)
        return EXIT_CODE_CONFIG;
    if (err->retryable || err->code == DW_E_UNKNOWN || err->code == DW_E_THROTTLED ||
        err->code == DW_E_CONFLICT)
        return EXIT_CODE_LATER;
    return EXIT_CODE_RUNTIME;
}

int fail_with(const dw_error *err)
{
    (void)fprintf(stderr, "deltawrite: %s\n", err->message);
    return exit_code_of(err);
}

int fail_at(const char *object, const dw_error *err)
{
    if (strstr(err->message, object) != NULL)
        return fail_with(err);
    (void)fprintf(stderr, "deltawrite: %s: %s\n", object, err->message);
    return exit_code_of(err);
}

/* What the person at the terminal should know although the work goes on, such as a checkpoint that
 * cannot be read. A store's retries are not told: its error says enough when they do not help. */
static void log_to_stderr(void *ctx, int level, const char *message)
{
    (void)ctx;
    if (level <= DW_LOG_WARN)
        (void)fprintf(stderr, "deltawrite: %s\n", message);
}

int target_open_store(struct target *t, const char *uri)
{
    dw_store_options opts = DW_STORE_OPTIONS_INIT;
    const struct aws_defaults none = {NULL, NULL, NULL, false};
    struct aws_env env = {0};
    struct textbuf problem = {0};
    dw_error err = DW_ERROR_INIT;
    int code = -1;

    t->uri = uri;
    if (aws_env_load(aws_getenv, NULL, &none, &env, &problem)) {
        aws_env_apply(&env, &opts);
        opts.retry_timeout_ms = RETRY_MS;
        if (dw_store_open_uri(uri, &opts, &t->store, &err) != DW_OK)
            code = fail_at(uri, &err);
    } else {
        (void)fprintf(stderr, "deltawrite: %s\n", problem.text);
        code = EXIT_CODE_CONFIG;
    }
    aws_env_done(&env);
    textbuf_done(&problem);
    return code;
}

int target_open(struct target *t, const char *uri)
{
    dw_table_options opts = DW_TABLE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    int code = target_open_store(t, uri);

    opts.log = log_to_stderr;
    if (code < 0 && dw_table_open(t->store, "", &opts, &t->table, &err) != DW_OK)
        code = fail_at(uri, &err);
    return code;
}

int target_open_snapshot(struct target *t, const char *uri, int64_t version, const char *timestamp)
{
    dw_error err = DW_ERROR_INIT;
    int64_t timestamp_ms = 0;
    dw_status status;
    int code;

    if (timestamp != NULL && (version >= 0 || !parse_time_ms(timestamp, &timestamp_ms))) {
        (void)fprintf(stderr, "deltawrite: --timestamp: %s%s%s\n", version >= 0 ? "" : "\"",
                      version >= 0 ? "not together with --version" : timestamp,
                      version >= 0 ? "" : "\" is not an ISO 8601 time");
        return EXIT_CODE_USAGE;
    }
    code = target_open(t, uri);
    if (code >= 0)
        return code;
    status = timestamp == NULL ? dw_snapshot_open(t->table, version, &t->snapshot, &err)
                               : dw_snapshot_open_at(t->table, timestamp_ms, &t->snapshot, &err);
    return status == DW_OK ? -1 : fail_at(uri, &err);
}

void target_close(struct target *t)
{
    dw_snapshot_close(t->snapshot);
    dw_table_close(t->table);
    dw_store_unref(t->store);
    t->snapshot = NULL;
    t->table = NULL;
    t->store = NULL;
}
