/* SPDX-License-Identifier: Apache-2.0 */
/* Where partitions start, end and are sought, and what of them the group is told. */
#ifndef DW_CLI_PARTITIONS_H
#define DW_CLI_PARTITIONS_H

#include "kafka/service.h"

/* Records of the new partitions shall flow: their seats are resolved. False: not now, or never;
 * the rebalance stays unanswered. */
bool partitions_start(struct service *service, const struct partition_list *partitions);
/* After a RESET's offsets were read: seek where its tables stand; *out_count of partitions. False:
 * not possible yet. */
bool partitions_seek(struct service *service, size_t *out_count);
/* Up to where all tables have the partition; -1: not known, or nothing. */
int64_t partitions_position(struct service *service, const struct partition *partition);
/* The same, and behind what Kafka has there and hands to nobody: control records, aborted ones. So
 * far the group is told, and lag counts from there. */
int64_t partitions_settled(struct service *service, const struct partition *partition);
/* Tell the group. `wait`: until it has it. */
void partitions_mirror(struct service *service, const struct partition_list *partitions, bool wait);
/* Some record was read that is not committed. */
bool partitions_uncommitted(struct service *service);
/* Kafka has no record at the wanted offset: end, or go on behind the gap. */
void partitions_gap(struct service *service, struct partition *partition);
/* Pause and resume what has to rest, or has no longer. */
void partitions_rest(struct service *service, bool all);
/* Everything that was wanted was read. */
bool partitions_at_end(const struct service *service);

#endif
