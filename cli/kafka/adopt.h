/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that kafka-delta-ingest wrote before: it keeps txn versions APP_ID-PARTITION, each the
 * last offset that the table has, not the next one. They count where ours is absent. */
#ifndef DW_CLI_ADOPT_H
#define DW_CLI_ADOPT_H

#include <deltawrite/txn.h>

#include "config/config.h"
#include "kafka/partition.h"

/* The last offset of a partition; *out_version is -1 when there is none, or it is not to be
 * adopted. */
dw_status adopt_read(const struct config *config, dw_table *table,
                     const struct partition *partition, int64_t *out_version, dw_error *err);
/* With our first commit of the seat its version moves too: of the two programs one is then refused,
 * should both be running. */
dw_status adopt_stage(const struct config *config, dw_txn *txn, const struct seat *seat,
                      int64_t next, dw_error *err);

#endif
