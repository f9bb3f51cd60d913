/* SPDX-License-Identifier: Apache-2.0 */
/* A line on the terminal that tells how far long work has come:
 *
 *   optimize  [=========>                    ]  31 %  1.2 GB of 3.9 GB  210 MB/s  0:13 left
 *
 * It goes to standard error, and only to a terminal; the first one comes after a second, so that
 * short work shows none; it is drawn anew ten times a second at the most, and gone when the work
 * ends. One thread. */
#ifndef DW_CLI_PROGRESS_H
#define DW_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_unit { PROGRESS_BYTES, PROGRESS_ROWS, PROGRESS_FILES };

struct progress {
    const char *what;
    enum progress_unit unit;
    int64_t start_ms; /* monotonic */
    int64_t drawn_ms; /* 0: nothing is on the terminal */
    bool on;
};

/* `quiet`: never draw, as for --json. `what` is borrowed. */
void progress_begin(struct progress *p, const char *what, enum progress_unit unit, bool quiet);
/* `total` 0 or less: not known, then there is no bar and no time left. `note` (may be NULL) stands
 * at the end. */
void progress_update(struct progress *p, int64_t done, int64_t total, const char *note);
void progress_end(struct progress *p);

struct textbuf;
/* The line for so much work done in so many milliseconds, without the cursor's moves. */
void progress_line(struct textbuf *out, const struct progress *p, int64_t done, int64_t total,
                   int64_t elapsed_ms, const char *note);
/* "1.2 GB", "12,345" */
void progress_amount(struct textbuf *out, enum progress_unit unit, int64_t amount);

#endif
