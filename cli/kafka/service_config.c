/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/service_config.h"

#include <deltawrite/version.h>

#include "common/logline.h"

struct service_config service_config_of(const struct config *tree)
{
    const struct table_config *table = &tree->tables[0];

    return (struct service_config){
        .tree = tree,
        .brokers = tree->brokers,
        .topic = tree->sources[0].topics.items[0],
        .group_id = tree->group_id,
        .table_uri = table->uri,
        .dead_letter_uri = table->bad.table_uri,
        .batch_rows = table->flush.rows,
        .batch_timeout_ms = table->flush.age_ms,
        .until_end = tree->run.until_end,
        .forgotten_is_new = tree->run.forgotten_is_new,
        .http = tree->http,
        .engine_info = tree->engine_info,
        .aws = tree->aws,
        .store_options = tree->store_options,
    };
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
