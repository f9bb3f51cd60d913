/* SPDX-License-Identifier: Apache-2.0 */
#include "records/row_list.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/memory.h"

/* More than this is given back once a record is done with it. */
enum { MOST_KEPT = 4 * 1024 * 1024 };

static void add(struct row_list *list, const char *data, size_t start, size_t len)
{
    if (list->count == list->cap) {
        list->cap = list->cap == 0 ? 16 : list->cap * 2;
        list->rows = need_realloc(list->rows, list->cap, sizeof(*list->rows));
        list->starts = need_realloc(list->starts, list->cap, sizeof(*list->starts));
    }
    list->rows[list->count] = (dw_bytes){(const uint8_t *)data, len};
    list->starts[list->count++] = start;
}

void row_list_view(struct row_list *list, struct span row)
{
    add(list, row.ptr, SIZE_MAX, row.len);
}

void row_list_made(struct row_list *list, size_t start)
{
    add(list, NULL, start, list->text.len - start);
}

void row_list_finish(struct row_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->starts[i] != SIZE_MAX)
            list->rows[i].data = (const uint8_t *)list->text.text + list->starts[i];
    }
}

void row_list_clear(struct row_list *list)
{
    list->count = 0;
    if (list->text.cap > MOST_KEPT)
        textbuf_done(&list->text);
    else
        textbuf_clear(&list->text);
    if (list->cap > MOST_KEPT / sizeof(*list->rows))
        row_list_done(list);
}

void row_list_done(struct row_list *list)
{
    free(list->rows);
    free(list->starts);
    textbuf_done(&list->text);
    *list = (struct row_list){0};
}
