/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DWT_COLUMNS_HAND_H
#define DWT_COLUMNS_HAND_H

#include "columns/arrow_import.h"

/* Arrow structs made by hand: a column "c" below a struct, of which everything can be set. */
typedef struct hand {
    struct ArrowSchema schema;
    struct ArrowSchema column;
    struct ArrowSchema inner[3];
    struct ArrowSchema *schema_list[1];
    struct ArrowSchema *inner_schemas[3];
    struct ArrowArray array;
    struct ArrowArray data;
    struct ArrowArray below[3];
    struct ArrowArray *array_list[1];
    struct ArrowArray *inner_arrays[3];
    const void *no_buffers[1];
    const void *buffers[6];
    const void *inner_buffers[3][6];
} hand;

void hand_init(hand *h, const char *format, int64_t length, int64_t n_buffers);
/* One child of the column, or what its dictionary is. */
void hand_inner(hand *h, int i, const char *format, const char *name, int64_t length,
                int64_t n_buffers);
/* The first `n` inner ones are the column's children. */
void hand_children(hand *h, int64_t n);
/* Release callbacks that free nothing. */
void hand_release_schema(struct ArrowSchema *schema);
void hand_release_array(struct ArrowArray *array);

#endif
