/* SPDX-License-Identifier: Apache-2.0 */
#include "hand.h"

#include <string.h>

void hand_release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

void hand_release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

void hand_init(hand *h, const char *format, int64_t length, int64_t n_buffers)
{
    memset(h, 0, sizeof(*h));
    h->schema = (struct ArrowSchema){.format = "+s", .release = hand_release_schema};
    h->column = (struct ArrowSchema){.format = format,
                                     .name = "c",
                                     .flags = ARROW_FLAG_NULLABLE,
                                     .release = hand_release_schema};
    h->schema_list[0] = &h->column;
    h->schema.children = h->schema_list;
    h->schema.n_children = 1;
    h->array = (struct ArrowArray){.length = length, .n_buffers = 1, .release = hand_release_array};
    h->array.buffers = h->no_buffers;
    h->array.children = h->array_list;
    h->array.n_children = 1;
    h->array_list[0] = &h->data;
    h->data = (struct ArrowArray){.length = length, .null_count = -1, .n_buffers = n_buffers};
    h->data.buffers = h->buffers;
    h->data.release = hand_release_array;
    for (int i = 0; i < 3; i++) {
        h->inner_schemas[i] = &h->inner[i];
        h->inner_arrays[i] = &h->below[i];
        h->below[i].buffers = h->inner_buffers[i];
    }
}

/* One child of the column. */
void hand_inner(hand *h, int i, const char *format, const char *name, int64_t length,
                int64_t n_buffers)
{
    h->inner[i] = (struct ArrowSchema){.format = format,
                                       .name = name,
                                       .flags = ARROW_FLAG_NULLABLE,
                                       .release = hand_release_schema};
    h->below[i].length = length;
    h->below[i].null_count = -1;
    h->below[i].n_buffers = n_buffers;
    h->below[i].release = hand_release_array;
}

void hand_children(hand *h, int64_t n)
{
    h->column.children = h->inner_schemas;
    h->data.children = h->inner_arrays;
    h->column.n_children = h->data.n_children = n;
}
