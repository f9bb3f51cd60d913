/* SPDX-License-Identifier: Apache-2.0 */
/* What --check found: a line a check as soon as it is known, or one JSON array at the end. */
#ifndef DW_CLI_CHECK_REPORT_H
#define DW_CLI_CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/textbuf.h"

enum check_verdict {
    CHECK_OK,
    CHECK_LATER, /* may come by itself: the service would wait */
    CHECK_WRONG  /* wants a person */
};

struct check_report {
    bool json;
    struct textbuf array; /* of `json`, as far as it is */
    enum check_verdict worst;
};

/* "ok     topic orders: 3 partitions"; "wrong  ... what is wrong; how to mend it". `object` and
 * `mend` may be NULL. */
void check_tell(struct check_report *report, enum check_verdict verdict, const char *what,
                const char *object, const char *text, const char *mend);
/* The exit code. */
int check_end(struct check_report *report);

#endif
