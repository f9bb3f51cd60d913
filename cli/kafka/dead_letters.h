/* SPDX-License-Identifier: Apache-2.0 */
/* Where one lane's records go that could not be decoded: a table, or a topic.
 *
 * A dead-letter table keeps txn versions of its own, under the same application ids as the main
 * table or, where several tables share a partition, under ids of its own. Where one is ahead of the
 * main table's, the process ended between the two commits, and the records in between are not
 * written a second time. A topic has no such thing: after a crash it may get a record twice.
 *
 * Used by whoever has the lane: a job that commits, or one that reads offsets. */
#ifndef DW_CLI_DEAD_LETTERS_H
#define DW_CLI_DEAD_LETTERS_H

#include <deltawrite/table.h>

#include "kafka/batch.h"

struct dead_letters;

struct dead_letters *dead_letters_new(struct lane *lane);
void dead_letters_free(struct dead_letters *letters); /* NULL too */

/* Read the newest txn versions into seat->letters, and the offsets at or after the main table's txn
 * version (seat->committed) into seat->known_bad. Without a table all are none. */
dw_status dead_letters_resolve(struct dead_letters *letters, struct seat *const *seats,
                               size_t count, dw_error *err);

/* Publish the batch's rejected records, making the table when it is missing. After an error that
 * may pass, the same call goes on where it was. `letters` may be NULL. */
dw_status dead_letters_keep(struct dead_letters *letters, struct batch *batch, dw_error *err);

/* One row of a dead-letter table, as JSON; binary columns take base64. `table`: for which one the
 * record was; NULL where that is plain. */
void dead_letter_row(const struct record *record, const char *table, const char *stage,
                     const char *code, const char *error, struct textbuf *out);

#endif
