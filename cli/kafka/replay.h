/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite-kafka replay: the records of dead-letter tables once more through the decoders, and
 * those that pass now into their tables, each once. What fails again stays where it is.
 *
 * A round takes some records of one table R:
 *   1. a marker is appended to the dead letters: the round's number, the table, the records' keys;
 *   2. the rows are committed to the table, which moves its txn version of the replay from the
 *      round before to this one by compare-and-set;
 *   3. the records and the marker are deleted from the dead letters by one commit.
 * Whoever finds a marker knows by the table's version whether 2 was done: if so, 3 is done now,
 * else the marker goes and nothing has happened. */
#ifndef DW_CLI_REPLAY_H
#define DW_CLI_REPLAY_H

#include "config/config.h"

/* `uris`: the dead-letter tables; none: those that the configuration tells. The exit code: 0 when
 * nothing is left, 3 when records are. */
int replay_run(const struct config *config, char **uris, size_t n_uris);

#endif
