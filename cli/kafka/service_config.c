/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/service_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <deltawrite/version.h>

#include "common/logline.h"
#include "common/memory.h"
#include "common/textbuf.h"

enum setting_id {
    SET_BROKERS,
    SET_TOPIC,
    SET_GROUP,
    SET_TABLE,
    SET_DEAD_LETTERS,
    SET_FORGOTTEN,
    SET_BATCH_SIZE,
    SET_BATCH_TIMEOUT,
    SET_ENDPOINT,
    SET_ENDPOINT_S3,
    SET_KEY_ID,
    SET_SECRET,
    SET_TOKEN,
    SET_REGION,
    SET_DEFAULT_REGION,
    SET_ALLOW_HTTP,
    SET_VIRTUAL_HOST,
    SET_PROFILE,
    SET_CREDENTIALS_FILE,
    SET_CONFIG_FILE,
    SET_LOG_LEVEL,
    SET_LOG_FORMAT,
    SET_UNTIL_END,
    SET_COUNT
};

static const struct setting table[SET_COUNT] = {
    [SET_BROKERS] = {"--brokers", "KAFKA_BOOTSTRAP_SERVERS", "HOST:PORT,...", "kafka:29092", NULL,
                     SETTING_TEXT, 0, 0, 0, "Kafka brokers to ask first"},
    [SET_TOPIC] = {"--topic", "KAFKA_TOPIC", "NAME", "analytics-events", NULL, SETTING_TEXT, 0, 0,
                   0, "topic to read"},
    [SET_GROUP] = {"--group-id", "KAFKA_GROUP_ID", "NAME", "delta-writer-consumer", NULL,
                   SETTING_TEXT, 0, 0, 0,
                   "consumer group; the table keeps its offsets under GROUP-TOPIC-PARTITION"},
    [SET_TABLE] = {"--table", "DELTA_TABLE_PATH", "URI", "s3://analytics/delta/analytics-events",
                   NULL, SETTING_TEXT, 0, 0, 0,
                   "Delta table to append to, s3://BUCKET/PATH or a local path; made when missing"},
    [SET_DEAD_LETTERS] = {"--dlq-table", "DELTA_DLQ_TABLE_PATH", "URI", NULL,
                          "the table's with _rejected at its end", SETTING_TEXT, 0, 0, 0,
                          "Delta table for records that cannot be decoded; made with the first"},
    [SET_FORGOTTEN] = {"--forgotten-offsets", "DELTA_FORGOTTEN_OFFSETS", "refuse|new", "refuse",
                       NULL, SETTING_CHOICE, 0, 0, 0,
                       "a partition that the table does not know, in a table that drops old "
                       "offsets (delta.setTransactionRetentionDuration): stop, or take it for new"},
    [SET_BATCH_SIZE] = {"--batch-size", "BATCH_SIZE", "N", "100", NULL, SETTING_WHOLE, 0, 1,
                        100000000, "records of one commit"},
    [SET_BATCH_TIMEOUT] = {"--batch-timeout", "BATCH_TIMEOUT_SECONDS", "SECONDS", "10", NULL,
                           SETTING_SECONDS, 0, 1, 86400000,
                           "a smaller batch is committed this long after its first record"},
    [SET_ENDPOINT] = {"--endpoint-url", "AWS_ENDPOINT_URL", "URL", "http://minio:9000", NULL,
                      SETTING_TEXT, SETTING_EMPTY_OK, 0, 0,
                      "S3 endpoint; set but empty it is AWS itself"},
    [SET_ENDPOINT_S3] = {"--endpoint-url-s3", "AWS_ENDPOINT_URL_S3", "URL", NULL, NULL,
                         SETTING_TEXT, SETTING_EMPTY_OK, 0, 0,
                         "goes before AWS_ENDPOINT_URL unless it is empty"},
    [SET_KEY_ID] = {"--access-key-id", "AWS_ACCESS_KEY_ID", "ID", NULL,
                    "`minioadmin`; none with an empty AWS_ENDPOINT_URL", SETTING_TEXT,
                    SETTING_EMPTY_OK, 0, 0, "S3 key; empty is as not set"},
    [SET_SECRET] = {"--secret-access-key", "AWS_SECRET_ACCESS_KEY", "SECRET", NULL,
                    "`minioadmin`; none with an empty AWS_ENDPOINT_URL", SETTING_TEXT,
                    SETTING_EMPTY_OK | SETTING_SECRET, 0, 0,
                    "its secret; better not as a flag, which every user of the machine can see"},
    [SET_TOKEN] = {"--session-token", "AWS_SESSION_TOKEN", "TOKEN", NULL, NULL, SETTING_TEXT,
                   SETTING_EMPTY_OK | SETTING_SECRET, 0, 0, "token of temporary keys"},
    [SET_REGION] = {"--region", "AWS_REGION", "NAME", NULL,
                    "AWS_DEFAULT_REGION, then the profile's, then `us-east-1`", SETTING_TEXT,
                    SETTING_EMPTY_OK, 0, 0, "region of the bucket"},
    [SET_DEFAULT_REGION] = {"--default-region", "AWS_DEFAULT_REGION", "NAME", NULL, NULL,
                            SETTING_TEXT, SETTING_EMPTY_OK, 0, 0, "used without AWS_REGION"},
    [SET_ALLOW_HTTP] = {"--allow-http", "AWS_ALLOW_HTTP", "true|false", "true", NULL, SETTING_BOOL,
                        0, 0, 0, "permit an endpoint without TLS"},
    [SET_VIRTUAL_HOST] = {"--virtual-host", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true|false",
                          "false", NULL, SETTING_BOOL, 0, 0, 0,
                          "with an endpoint, address buckets as host names (AWS itself: always)"},
    [SET_PROFILE] = {"--profile", "AWS_PROFILE", "NAME", NULL, NULL, SETTING_TEXT, SETTING_EMPTY_OK,
                     0, 0, "profile of the two files below"},
    [SET_CREDENTIALS_FILE] = {"--credentials-file", "AWS_SHARED_CREDENTIALS_FILE", "FILE", NULL,
                              "~/.aws/credentials", SETTING_TEXT, SETTING_EMPTY_OK, 0, 0,
                              "where keys are looked for when the variables are not set"},
    [SET_CONFIG_FILE] = {"--config-file", "AWS_CONFIG_FILE", "FILE", NULL, "~/.aws/config",
                         SETTING_TEXT, SETTING_EMPTY_OK, 0, 0, "keys and region, after that"},
    [SET_LOG_LEVEL] = {"--log-level", "LOG_LEVEL", "error|warn|info|debug", "info", NULL,
                       SETTING_CHOICE, 0, 0, 0, "least level of log lines"},
    [SET_LOG_FORMAT] = {"--log-format", "LOG_FORMAT", "auto|text|json", "auto", NULL,
                        SETTING_CHOICE, 0, 0, 0, "auto: text on a terminal, else JSON"},
    [SET_UNTIL_END] = {"--until-end", NULL, NULL, NULL, NULL, SETTING_SWITCH, 0, 0, 0,
                       "stop once all that was in the topic at the start is committed"},
};

static const struct settings_program program = {
    SERVICE_NAME,
    "Reads a Kafka topic of JSON events into a Delta table, each record exactly once.",
    "Any librdkafka property is set by KAFKA_CONF_<NAME_WITH_UNDERSCORES>, for example\n"
    "KAFKA_CONF_SECURITY_PROTOCOL=SASL_SSL.\n\n"
    "Exit codes: 0 done or clean stop, 1 runtime, 2 usage, 3 --until-end with rejected records,\n"
    "4 records are gone from Kafka, 5 another writer owns the partitions, 78 configuration.\n",
    table, SET_COUNT};

/* For the AWS rules a default is not a value that was set. */
static const char *aws_value(void *ctx, const char *name)
{
    const struct setting_value *values = ctx;

    for (size_t i = 0; i < SET_COUNT; i++) {
        if (table[i].env != NULL && strcmp(table[i].env, name) == 0)
            return values[i].name == NULL ? NULL : values[i].text;
    }
    return getenv(name);
}

static int fail_setting(enum setting_id id, const struct setting_value *values, const char *reason)
{
    return settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, setting_name(&table[id], &values[id]),
                         reason);
}

static bool is_s3(const char *uri)
{
    return strncasecmp(uri, "s3://", 5) == 0 || strncasecmp(uri, "s3a://", 6) == 0;
}

static int load_aws(struct setting_value *values, struct service_config *out)
{
    const struct aws_defaults defaults = {table[SET_ENDPOINT].fallback, "minioadmin", "minioadmin",
                                          values[SET_ALLOW_HTTP].number != 0};
    struct textbuf problem = {0};
    int code = -1;

    if (!is_s3(out->table_uri) && !is_s3(out->dead_letter_uri))
        return -1;
    if (!aws_env_load(aws_value, values, &defaults, &out->aws, &problem)) {
        (void)fprintf(stderr, "%s: %s\n", SERVICE_NAME, problem.text);
        code = EXIT_CODE_CONFIG;
    } else if (out->aws.access_key_id == NULL) {
        code = fail_setting(SET_KEY_ID, values,
                            "no credentials for AWS: neither the variables nor a profile has them");
    }
    textbuf_done(&problem);
    return code;
}

/* A URI that no store knows is told before anything is started. Nothing is contacted. */
static int check_uri(enum setting_id id, const struct setting_value *values, const char *uri,
                     const dw_store_options *options)
{
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    int code = -1;

    if (dw_store_open_uri(uri, options, &store, &err) != DW_OK)
        code = fail_setting(id, values, err.message);
    dw_store_unref(store);
    return code;
}

static char *joined(const char *a, const char *b)
{
    struct textbuf text = {0};

    textbuf_puts(&text, a);
    textbuf_puts(&text, b);
    return text.text;
}

static char *dead_letter_uri(const char *given, const char *table_uri)
{
    struct textbuf uri = {0};
    size_t len = strlen(table_uri);

    if (given != NULL)
        return need_strdup(given);
    while (len > 1 && table_uri[len - 1] == '/')
        len--;
    textbuf_add(&uri, table_uri, len);
    textbuf_puts(&uri, "_rejected");
    return uri.text;
}

int service_config_load(int argc, char **argv, struct service_config *out)
{
    static char component[] = "store";
    struct setting_value values[SET_COUNT] = {{0}};
    int code;

    *out = (struct service_config){.store_options = DW_STORE_OPTIONS_INIT};
    code = settings_load(&program, argc, argv, values);
    if (code >= 0)
        return code;
    log_setup((enum log_format)values[SET_LOG_FORMAT].number,
              (int)values[SET_LOG_LEVEL].number + DW_LOG_ERROR);
    out->brokers = values[SET_BROKERS].text;
    out->topic = values[SET_TOPIC].text;
    out->group_id = values[SET_GROUP].text;
    out->table_uri = values[SET_TABLE].text;
    out->dead_letter_uri = dead_letter_uri(values[SET_DEAD_LETTERS].text, out->table_uri);
    out->batch_rows = values[SET_BATCH_SIZE].number;
    out->batch_timeout_ms = values[SET_BATCH_TIMEOUT].number;
    out->until_end = values[SET_UNTIL_END].number != 0;
    out->forgotten_is_new = values[SET_FORGOTTEN].number != 0;
    out->engine_info = joined("deltawrite-kafka/", dw_version());
    code = load_aws(values, out);
    if (code >= 0)
        return code;
    aws_env_apply(&out->aws, &out->store_options);
    /* Trouble that lasts is told by whoever waits, and tried again there. */
    out->store_options.log = log_library_detail;
    out->store_options.log_ctx = component;
    out->store_options.retry_timeout_ms = 10000;
    out->store_options.request_timeout_ms = 15000;
    code = check_uri(SET_TABLE, values, out->table_uri, &out->store_options);
    if (code < 0)
        code = check_uri(SET_DEAD_LETTERS, values, out->dead_letter_uri, &out->store_options);
    return code;
}

void service_config_done(struct service_config *config)
{
    free(config->dead_letter_uri);
    free(config->engine_info);
    aws_env_done(&config->aws);
}

void service_config_log(const struct service_config *config)
{
    const struct aws_env *aws = &config->aws;

    LOG_EVENT(DW_LOG_INFO, "starting", F_TEXT("version", dw_version()),
              F_TEXT("brokers", config->brokers), F_TEXT("topic", config->topic),
              F_TEXT("group", config->group_id), F_TEXT("table", config->table_uri),
              F_TEXT("dead_letters", config->dead_letter_uri),
              F_NUMBER("batch_size", config->batch_rows),
              F_NUMBER("batch_timeout_ms", config->batch_timeout_ms),
              F_TEXT("endpoint", aws->source == NULL     ? NULL
                                 : aws->endpoint == NULL ? "AWS"
                                                         : aws->endpoint),
              F_TEXT("region", aws->region), F_TEXT("keys_from", aws->source),
              F_TEXT("until_end", config->until_end ? "true" : NULL));
}
