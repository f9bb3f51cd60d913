/* SPDX-License-Identifier: Apache-2.0 */
/* The table of records that could not be decoded. It keeps txn versions of its own under the same
 * application ids; where one is ahead of the main table's, the process ended between the two
 * commits, and the records in between are not written a second time. Used by the committer alone.
 */
#ifndef DW_CLI_DEAD_LETTERS_H
#define DW_CLI_DEAD_LETTERS_H

#include <deltawrite/table.h>

#include "kafka/batch.h"
#include "kafka/service_config.h"

struct dead_letters;

struct dead_letters *dead_letters_new(const struct service_config *config);
void dead_letters_free(struct dead_letters *letters); /* NULL too */

/* Read the newest txn versions into partition->letters, and the offsets at or after the main
 * table's txn version (partition->committed) into partition->known_bad. Without a table all are
 * none. */
dw_status dead_letters_resolve(struct dead_letters *letters,
                               const struct partition_list *partitions, dw_error *err);

/* Stage the batch's rejected records, making the table when it is missing. Commit *out_txn, then
 * call dead_letters_committed(). */
dw_status dead_letters_stage(struct dead_letters *letters, const struct batch *batch,
                             dw_txn **out_txn, dw_error *err);
void dead_letters_committed(const struct batch *batch);

#endif
