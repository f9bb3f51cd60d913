/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas of the tables that the service makes. */
#ifndef DW_CLI_DEFAULT_SCHEMA_H
#define DW_CLI_DEFAULT_SCHEMA_H

/* One field a line. */
/* clang-format off */
#define SCHEMA_FIELD(name, type) \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"nullable\":true,\"metadata\":{}}"

#define EVENT_SCHEMA \
    "{\"type\":\"struct\",\"fields\":[" \
    SCHEMA_FIELD("timestamp", "timestamp") "," \
    SCHEMA_FIELD("channel", "string") "," \
    SCHEMA_FIELD("platform", "string") "," \
    SCHEMA_FIELD("event_type", "string") "," \
    SCHEMA_FIELD("event_category", "string") "," \
    SCHEMA_FIELD("resource_id", "string") "," \
    SCHEMA_FIELD("resource_title", "string") "," \
    SCHEMA_FIELD("interaction_target", "string") "," \
    SCHEMA_FIELD("session_id", "string") "," \
    SCHEMA_FIELD("user_id", "string") "," \
    SCHEMA_FIELD("device_id", "string") "," \
    SCHEMA_FIELD("user_agent", "string") "," \
    SCHEMA_FIELD("client_version", "string") "," \
    SCHEMA_FIELD("interaction_value", "double") "," \
    SCHEMA_FIELD("interaction_text", "string") "," \
    SCHEMA_FIELD("metadata", "string") "]}"

#define DEAD_LETTER_SCHEMA \
    "{\"type\":\"struct\",\"fields\":[" \
    SCHEMA_FIELD("topic", "string") "," \
    SCHEMA_FIELD("partition", "integer") "," \
    SCHEMA_FIELD("offset", "long") "," \
    SCHEMA_FIELD("timestamp", "timestamp") "," \
    SCHEMA_FIELD("key", "binary") "," \
    SCHEMA_FIELD("value", "binary") "," \
    SCHEMA_FIELD("error_code", "string") "," \
    SCHEMA_FIELD("error", "string") "]}"

#define DEAD_LETTER_DESCRIPTION "Records that deltawrite-kafka could not decode"
/* clang-format on */

#endif
