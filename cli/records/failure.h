/* SPDX-License-Identifier: Apache-2.0 */
/* Why a record gives no rows. Whoever finds out fills it, once; callers pass the result on. */
#ifndef DW_CLI_FAILURE_H
#define DW_CLI_FAILURE_H

#include "common/textbuf.h"
#include "records/decoder.h"

struct failure {
    const char *stage;
    const char *code;
    struct textbuf text;
};

/* Both return what they tell of: `return failure_bad(...)`. stage and code are static. */
enum decode_result failure_bad(struct failure *failure, const char *stage, const char *code,
                               const char *fmt, ...) TEXTBUF_PRINTF(4, 5);
enum decode_result failure_other(struct failure *failure, enum decode_result result,
                                 const char *fmt, ...) TEXTBUF_PRINTF(3, 4);

#endif
