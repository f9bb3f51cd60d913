/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables a topic's records go to: templates of URIs with ${topic}, ${1} (a group of the
 * source's regular expression), ${field:a.b} and ${header:h}.
 *
 * Immutable once made: any thread may use it. */
#ifndef DW_CLI_ROUTER_H
#define DW_CLI_ROUTER_H

#include "common/textbuf.h"
#include "config/config.h"
#include "records/decoder.h"

enum { ROUTE_GROUPS = 10 };

struct router;

/* A source that takes a topic. Text is the topic's. */
struct route {
    size_t source;
    bool by_record;                /* the table's URI has parts that a record tells */
    dw_bytes groups[ROUTE_GROUPS]; /* 0: the topic */
};

/* NULL: *out_problem says what is wrong. `config` is borrowed. */
struct router *router_new(const struct config *config, struct textbuf *out_problem);
void router_free(struct router *router); /* NULL too */

/* Up to `max` routes of a topic. */
size_t router_match(const struct router *router, const char *topic, struct route *out, size_t max);
bool router_is_by_record(const char *text);
/* Fill in a template. `row` and `record` may be NULL for one that needs none; with both NULL parts
 * that a record tells become "_unrouted". False: *out_problem says which value is missing, or is
 * not fit for a path. */
bool router_expand(const char *text, const struct route *route, const struct record *record,
                   const dw_bytes *row, struct textbuf *out, struct textbuf *out_problem);
/* Where a table's rejected records go: its own setting, or the table's URI and "_rejected". */
bool router_letters(const struct table_config *table, const struct route *route,
                    const struct record *record, const dw_bytes *row, struct textbuf *out,
                    struct textbuf *out_problem);
/* What a regular expression of a source is for Kafka: anchored at both ends. */
void router_pattern(const struct source_config *source, struct textbuf *out);

#endif
