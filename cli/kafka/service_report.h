/* SPDX-License-Identifier: Apache-2.0 */
/* What the poll loop tells of itself: log lines, metrics of partitions, the status of control.h. */
#ifndef DW_CLI_SERVICE_REPORT_H
#define DW_CLI_SERVICE_REPORT_H

#include "kafka/control.h"
#include "kafka/service.h"

/* The start-up line; secrets are left out. */
void report_start(const struct config *config);
/* A line for each topic. */
void report_partitions(struct service *service, const char *message,
                       const struct partition_list *partitions);
void report_statistics(struct service *service);
void report_uncommitted(struct service *service);
void report_status(struct service *service, enum service_phase phase);
/* The status while tables are being opened, before there is a poll loop. */
void report_opening(const struct config *config, struct pipeline *pipeline, int64_t start_ms);
/* The partition is not ours any more: its metrics go. */
void report_drop(struct partition *partition);

#endif
