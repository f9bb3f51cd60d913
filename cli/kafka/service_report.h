/* SPDX-License-Identifier: Apache-2.0 */
/* What the poll loop tells about itself. */
#ifndef DW_CLI_SERVICE_REPORT_H
#define DW_CLI_SERVICE_REPORT_H

#include "kafka/service.h"

/* One line with the offset each partition stands at. */
void report_partitions(const char *message, const char *topic,
                       const struct partition_list *partitions);
void report_statistics(struct service *service);
/* Is there a partition of which more was read than committed? */
bool has_uncommitted(const struct service *service);
/* A line for each of these. */
void report_uncommitted(const struct service *service);

#endif
