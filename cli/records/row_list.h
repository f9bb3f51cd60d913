/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that a record becomes: views of its bytes, or text that was made. */
#ifndef DW_CLI_ROW_LIST_H
#define DW_CLI_ROW_LIST_H

#include <deltawrite/common.h>

#include "common/textbuf.h"
#include "records/scratch.h"

struct row_list {
    dw_bytes *rows; /* data of made rows is set by row_list_finish() */
    size_t *starts; /* of made rows in `text`; SIZE_MAX: a view */
    size_t count, cap;
    struct textbuf text;
};

void row_list_view(struct row_list *list, struct span row);
/* What was added to list->text since it had `start` bytes is one row. */
void row_list_made(struct row_list *list, size_t start);
/* From now on rows[] is right, until the list changes. */
void row_list_finish(struct row_list *list);
void row_list_clear(struct row_list *list);
void row_list_done(struct row_list *list);

#endif
