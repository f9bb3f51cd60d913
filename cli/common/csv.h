/* SPDX-License-Identifier: Apache-2.0 */
/* Comma-separated values by RFC 4180: fields may be quoted, with quotes doubled inside; lines end
 * with LF or CRLF, also within quotes as part of the field. A blank line is no record. Bytes come
 * in pieces of any size. */
#ifndef DW_CLI_CSV_H
#define DW_CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/textbuf.h"

struct csv_field {
    size_t start; /* in csv.text */
    size_t len;
    bool quoted; /* "" is then a text, not a missing value */
};

struct csv {
    char delimiter;
    size_t max_record; /* bytes of one record */
    /* The record that csv_next() gave; valid until the next call. */
    struct textbuf text;
    struct csv_field *fields;
    size_t n_fields;
    int64_t line; /* on which it begins, from 1 */
    /* Private. */
    size_t fields_cap;
    int state;
    int64_t next_line;
    bool started;
};

enum csv_result {
    CSV_RECORD,
    CSV_MORE,       /* all of the bytes are taken; give more, or csv_end() */
    CSV_BAD_QUOTE,  /* text after a closing quote, at line `line` */
    CSV_OPEN_QUOTE, /* csv_end(): a quote is not closed */
    CSV_TOO_LONG    /* over max_record */
};

void csv_begin(struct csv *csv, char delimiter, size_t max_record);
/* Takes bytes from *data on, and moves *data and *len behind them. After anything but a record or
 * MORE the reader can only be ended. */
enum csv_result csv_next(struct csv *csv, const char **data, size_t *len);
/* The last record, when no newline follows it: RECORD, or MORE when there is none. */
enum csv_result csv_end(struct csv *csv);
void csv_done(struct csv *csv);

const char *csv_field_text(const struct csv *csv, size_t i, size_t *out_len);

/* What a field is when it is read as JSON has values. */
enum csv_kind { CSV_NULL, CSV_WHOLE, CSV_NUMBER, CSV_BOOLEAN, CSV_TEXT };
enum csv_kind csv_field_kind(const struct csv *csv, size_t i);

/* The record as a JSON object of `names`: numbers, true and false that are written as JSON has
 * them, and not quoted, stay bare; nothing between the delimiters is null; all else is a string.
 * Compare n_fields first: fields beyond the names are left out. */
void csv_append_json(struct textbuf *out, const struct csv *csv, char *const *names, size_t count);

#endif
