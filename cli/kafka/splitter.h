/* SPDX-License-Identifier: Apache-2.0 */
/* Routes the records of a source one by one, where a field or header names the table: it decodes
 * them, and hands each table its rows. What cannot be decoded or routed goes to a dead-letter table
 * of its own (router_letters() with "_unrouted"). One worker has a splitter at a time, so that the
 * order within a partition holds.
 *
 * Which tables there are is not known before their records come: a partition is read from the
 * group's offset, and that goes no further than what all tables have (see partitions.c). */
#ifndef DW_CLI_SPLITTER_H
#define DW_CLI_SPLITTER_H

#include "kafka/pipeline.h"

struct splitter *splitter_new(struct pipeline *pipeline, size_t source);
void splitter_free(struct splitter *splitter); /* NULL too */
struct actor *splitter_actor(struct splitter *splitter);
/* Records of the partition go through the splitter of the route's source. */
void splitter_seat(struct pipeline *pipeline, const struct route *route,
                   struct partition *partition);
void splitter_run(struct splitter *splitter, struct input *inputs);

#endif
