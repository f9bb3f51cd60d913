/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a dead-letter table as the records that they were. */
#ifndef DW_CLI_LETTER_READ_H
#define DW_CLI_LETTER_READ_H

#include <deltawrite/table.h>

#include "records/decoder.h"

struct letter {
    struct record record; /* all of it is the letter's own */
    char *table;          /* for which one it was; NULL: that is plain */
    char *error_code;     /* NULL: none */
    char *error;
};

/* Called for each row; what it points at is gone afterwards. False ends the reading. */
typedef bool letter_fn(void *ctx, const struct letter *letter);

/* Read the newest version, rows that pass the condition (NULL: all). */
dw_status letter_read(dw_table *table, const char *where, letter_fn *each, void *ctx,
                      dw_error *err);

#endif
