/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/lane_schema.h"

#include <stdlib.h>
#include <string.h>

#include <deltawrite/txn.h>

#include "common/memory.h"
#include "records/decoder.h"

static bool has_feature(const dw_snapshot_info *info, const char *feature)
{
    for (size_t i = 0; i < info->n_writer_features; i++) {
        if (strcmp(info->writer_features[i], feature) == 0)
            return true;
    }
    return false;
}

/* NULL: the table cannot be asked now. */
static const char *known_columns(struct lane *lane)
{
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_snapshot *snapshot = NULL;

    if (lane->columns == NULL && lane->table != NULL &&
        dw_snapshot_open(lane->table, -1, &snapshot, NULL) == DW_OK &&
        dw_snapshot_get_info(snapshot, &info, NULL) == DW_OK) {
        lane->columns = need_strdup(info.schema_json);
        lane->takes_ntz = has_feature(&info, "timestampNtz");
    }
    dw_snapshot_close(snapshot);
    return lane->columns;
}

void lane_schema_tell(struct lane *lane, struct decoder *decoder)
{
    if (lane->config->evolution == EVOLVE_ADD_NESTED)
        decoder_watch_nested(decoder);
    if (known_columns(lane) != NULL)
        decoder_set_table(decoder, lane->columns);
}

/* A new column cannot bring a table feature with it: times without zone are then times in UTC,
 * which is how a timestamp column reads a text without offset. */
static void without_ntz(struct textbuf *schema)
{
    static const char *const keys[] = {"\"type\":\"timestamp_ntz\"",
                                       "\"elementType\":\"timestamp_ntz\"",
                                       "\"valueType\":\"timestamp_ntz\""};
    const size_t cut = sizeof("_ntz") - 1;

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        char *found;
        while ((found = strstr(schema->text, keys[i])) != NULL) {
            char *tail = found + strlen(keys[i]) - 1 - cut; /* "_ntz" and the quote */
            memmove(tail, tail + cut, strlen(tail + cut) + 1);
            schema->len -= cut;
        }
    }
}

char *lane_schema_missing(struct lane *lane, const char *wanted)
{
    const char *known = known_columns(lane);
    bool nested = lane->config->evolution == EVOLVE_ADD_NESTED;
    struct textbuf missing = {0};
    struct textbuf merged = {0};

    if (known == NULL)
        return need_strdup(wanted);
    if (!decoder_missing_columns(known, wanted, nested, &missing))
        return NULL;
    if (!lane->takes_ntz)
        without_ntz(&missing);
    decoder_merge_columns(known, missing.text, &merged);
    free(lane->columns);
    lane->columns = merged.text;
    for (size_t i = 0; i < lane->actor.pipeline->config->n_sources; i++) {
        if (lane->decoders[i] != NULL)
            decoder_set_table(lane->decoders[i], lane->columns);
    }
    return missing.text;
}

uint32_t lane_schema_txn_flags(const struct lane *lane)
{
    const struct config *config = lane->actor.pipeline->config;
    uint32_t flags = lane->config->evolution == EVOLVE_NONE ? 0 : DW_TXN_ADD_COLUMNS;

    for (size_t i = 0; i < config->n_sources; i++) {
        const struct source_config *source = &config->sources[i];
        if (&config->tables[source->table] == lane->config &&
            (source->records.format == FORMAT_AVRO || source->records.format == FORMAT_PROTOBUF))
            flags |= DW_TXN_FLOAT_WORDS;
    }
    return flags;
}
