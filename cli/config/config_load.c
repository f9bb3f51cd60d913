/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <deltawrite/version.h>

#include "common/logline.h"
#include "common/memory.h"
#include "common/settings.h"
#include "config/config_check.h"
#include "config/config_complete.h"
#include "config/config_file.h"
#include "config/config_help.h"
#include "config/config_layers.h"
#include "config/config_print.h"
#include "config/default_schema.h"
#include "config/kafka_properties.h"
#include "config/self_check.h"

/* ---- what the tree has beyond what was given ---- */

static bool is_s3(const char *uri)
{
    return strncasecmp(uri, "s3://", 5) == 0 || strncasecmp(uri, "s3a://", 6) == 0;
}

static bool uses_s3(const struct config *config)
{
    for (size_t i = 0; i < config->n_tables; i++) {
        const struct table_config *table = &config->tables[i];

        if (is_s3(table->uri) || (table->bad.policy == BAD_TO_TABLE && is_s3(table->bad.table_uri)))
            return true;
    }
    return false;
}

/* What was given under a variable's name, wherever; for the AWS rules a default is not given. */
static const char *aws_value(void *ctx, const char *name)
{
    const struct config *config = ctx;

    for (size_t i = 0; i < config->origins->count; i++) {
        const struct config_origin *origin = &config->origins->items[i];

        if (origin->option != NULL && origin->option->env != NULL &&
            strcmp(origin->option->env, name) == 0)
            return origin->layer == LAYER_DEFAULT ? NULL : origin->text;
    }
    return getenv(name);
}

/* A problem of the AWS rules begins with a variable's name: the value may be from elsewhere. */
static void rename_problem(const struct config *config, const char *text, struct textbuf *problem)
{
    size_t len = strcspn(text, ":");

    for (size_t i = 0; i < config->origins->count; i++) {
        const struct config_origin *origin = &config->origins->items[i];

        if (origin->layer <= LAYER_FILE && origin->option != NULL && origin->option->env != NULL &&
            strlen(origin->option->env) == len && strncmp(origin->option->env, text, len) == 0) {
            origin_name(config, origin->path, problem);
            textbuf_puts(problem, text + len);
            return;
        }
    }
    textbuf_puts(problem, text);
}

static bool load_aws(struct config *out, bool seeded, struct textbuf *problem)
{
    static const char endpoint[] = "storage.endpoint";
    const struct aws_defaults seed = {option_by_path(OF_PROCESS, endpoint)->seed, "minioadmin",
                                      "minioadmin", true};
    const struct aws_defaults none = {0};
    struct textbuf text = {0};
    bool ok = true;

    if (!uses_s3(out))
        return true;
    ok = aws_env_load(aws_value, out, seeded ? &seed : &none, &out->aws, &text);
    if (!ok)
        rename_problem(out, text.text, problem);
    textbuf_done(&text);
    if (ok && out->aws.access_key_id == NULL && out->aws.credentials == NULL &&
        out->aws.source == NULL) {
        rename_problem(out,
                       "AWS_ACCESS_KEY_ID: no credentials for AWS: neither the settings nor a "
                       "profile has them",
                       problem);
        ok = false;
    }
    return ok;
}

static char *dead_letter_uri(const char *table_uri)
{
    struct textbuf uri = {0};
    size_t len = strlen(table_uri);

    while (len > 1 && table_uri[len - 1] == '/')
        len--;
    textbuf_add(&uri, table_uri, len);
    textbuf_puts(&uri, "_rejected");
    return uri.text;
}

static void tell_derived(struct config *out, size_t table, const char *setting, const char *text)
{
    struct textbuf path = {0};

    textbuf_printf(&path, "tables[%zu].%s", table, setting);
    origin_derived(out->origins, path.text, text);
    textbuf_done(&path);
}

static void finish_tables(struct config *out, bool seeded)
{
    for (size_t i = 0; i < out->n_tables; i++) {
        struct table_config *table = &out->tables[i];

        if (table->name == NULL)
            table->name = need_strdup("");
        if (table->bad.table_uri == NULL)
            table->bad.table_uri = dead_letter_uri(table->uri);
        if (table->bad.topic == NULL)
            table->bad.topic = need_strdup("${topic}-rejected");
        tell_derived(out, i, "on_error.table", table->bad.table_uri);
        tell_derived(out, i, "on_error.topic", table->bad.topic);
        if (seeded && table->schema_json == NULL)
            table->schema_json = need_strdup(EVENT_SCHEMA);
    }
}

static void finish_store_options(struct config *out)
{
    static char component[] = "store";

    out->store_options = (dw_store_options)DW_STORE_OPTIONS_INIT;
    aws_env_apply(&out->aws, &out->store_options);
    /* Trouble that lasts is told by whoever waits, and tried again there. */
    out->store_options.log = log_library_detail;
    out->store_options.log_ctx = component;
    out->store_options.retry_timeout_ms = 10000;
    out->store_options.request_timeout_ms = 15000;
}

/* ---- entry ---- */

static int fail(int code, const char *problem)
{
    (void)fprintf(stderr, "%s: %s%s\n", SERVICE_NAME, problem,
                  code == EXIT_CODE_USAGE ? " (see " SERVICE_NAME " --help)" : "");
    return code;
}

static bool read_file(struct layers *layers, struct textbuf *problem)
{
    const struct given *given = layers_given_flag(layers, "--config");

    if (given == NULL)
        return true;
    if (given->text[0] != '\0')
        return config_file_read(layers, given->text, problem);
    textbuf_printf(problem, "%s: is empty", given->where);
    return false;
}

static bool build(struct layers *layers, struct config *out, struct textbuf *problem)
{
    struct textbuf engine = {0};

    layers->seeded = true;
    if (!read_file(layers, problem) || !config_bind(layers, out, problem))
        return false;
    textbuf_printf(&engine, "%s/%s", SERVICE_NAME, dw_version());
    out->engine_info = engine.text;
    finish_tables(out, layers->seeded);
    if (!kafka_properties_collect(layers, out, problem) || !config_check_tree(out, problem) ||
        !load_aws(out, layers->seeded, problem))
        return false;
    finish_store_options(out);
    return config_check_uris(out, problem);
}

static int print_config(const struct config *config, bool json)
{
    struct textbuf text = {0};
    bool ok;

    config_print(config, json, &text);
    ok = fwrite(text.text, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    textbuf_done(&text);
    return ok ? EXIT_CODE_DONE : EXIT_CODE_RUNTIME;
}

bool config_read(int argc, char **argv, char **environment, struct layers *layers,
                 struct config *out, bool *out_usage, struct textbuf *problem)
{
    bool ok;

    *out = (struct config){
        .log_level = DW_LOG_INFO, .argc = argc, .argv = argv, .environment = environment};
    *out_usage = false;
    ok = layers_read_flags(layers, argc, argv, out_usage, problem) &&
         layers_read_environment(layers, environment, problem) && build(layers, out, problem);
    if (!ok)
        config_done(out);
    return ok;
}

/* Whether this is an instance with a role shows only when it is asked: before anything waits for a
 * store that will never answer. */
static int check_last_resort(struct config *config)
{
    struct textbuf text = {0};
    struct textbuf problem = {0};
    dw_error err = DW_ERROR_INIT;
    int code = -1;

    if (!config->aws.is_last_resort ||
        dw_credentials_refresh(config->aws.credentials, NULL, &err) == DW_OK)
        return -1;
    textbuf_printf(&text,
                   "AWS_ACCESS_KEY_ID: no credentials for AWS: neither the settings nor a profile "
                   "has them, and this is no instance with a role: %s",
                   err.message);
    rename_problem(config, text.text, &problem);
    code = fail(EXIT_CODE_CONFIG, problem.text);
    textbuf_done(&text);
    textbuf_done(&problem);
    return code;
}

int config_load(int argc, char **argv, char **environment, struct config *out)
{
    struct layers layers = {0};
    struct textbuf problem = {0};
    bool usage;
    int code = -1;

    if (config_complete(argc, argv, &code))
        return code;
    code = -1;
    if (config_help(argc, argv))
        return EXIT_CODE_DONE;
    if (!config_read(argc, argv, environment, &layers, out, &usage, &problem))
        code = fail(usage ? EXIT_CODE_USAGE : EXIT_CODE_CONFIG, problem.text);
    else if (layers_given_flag(&layers, "--print-config") != NULL)
        code = print_config(out, layers_given_flag(&layers, "--json") != NULL);
    else if (layers_given_flag(&layers, "--check") != NULL)
        code = self_check(out, layers_given_flag(&layers, "--json") != NULL);
    else
        code = check_last_resort(out);
    if (code < 0)
        log_setup((enum log_format)out->log_format, out->log_level);
    textbuf_done(&problem);
    layers_done(&layers);
    if (code >= 0)
        config_done(out);
    return code;
}

void config_done(struct config *config)
{
    for (size_t i = 0; i < config->n_sources; i++)
        option_free_members(OF_SOURCE, &config->sources[i]);
    for (size_t i = 0; i < config->n_tables; i++)
        option_free_members(OF_TABLE, &config->tables[i]);
    for (size_t i = 0; i < config->kafka.count; i++) {
        free(config->kafka.items[i].key);
        free(config->kafka.items[i].value);
    }
    free(config->kafka.items);
    free(config->sources);
    free(config->tables);
    free(config->engine_info);
    option_free_members(OF_PROCESS, config);
    origins_free(config->origins);
    aws_env_done(&config->aws);
    *config = (struct config){0};
}
