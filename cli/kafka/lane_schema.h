/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a lane's table, as decoders need to know them, and what is added to them. */
#ifndef DW_CLI_LANE_SCHEMA_H
#define DW_CLI_LANE_SCHEMA_H

#include "kafka/lane.h"

/* A decoder that was just made learns the table's columns. */
void lane_schema_tell(struct lane *lane, struct decoder *decoder);
/* Of columns that records want those that the table lacks, to be added now; the decoders take them
 * for the table's from now on. NULL: none; else the caller frees. */
char *lane_schema_missing(struct lane *lane, const char *wanted);
/* Flags of transactions: what rows of the lane's sources may hold. */
uint32_t lane_schema_txn_flags(const struct lane *lane);

#endif
