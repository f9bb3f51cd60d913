/* SPDX-License-Identifier: Apache-2.0 */
/* The schema message: Arrow's types as the formats of the C data interface, and what a batch needs
 * to know of each field. */
#ifndef DW_CLI_IPC_SCHEMA_H
#define DW_CLI_IPC_SCHEMA_H

#include <deltawrite/arrow_c_data.h>

#include "common/textbuf.h"
#include "ipc/flat.h"

enum ipc_layout {
    LAYOUT_NULL,
    LAYOUT_FIXED,       /* validity, values of `bits` each */
    LAYOUT_BYTES,       /* validity, offsets of 4 bytes, data */
    LAYOUT_LARGE_BYTES, /* ... of 8 bytes */
    LAYOUT_VIEW,        /* validity, views, data buffers */
    LAYOUT_STRUCT,
    LAYOUT_LIST, /* also maps */
    LAYOUT_LARGE_LIST,
    LAYOUT_LIST_VIEW, /* validity, offsets, sizes */
    LAYOUT_LARGE_LIST_VIEW,
    LAYOUT_FIXED_LIST, /* `bits` is the number of items */
    LAYOUT_RUN_END
};

/* One field; `schema` has its names, and children in the same order. */
struct ipc_field {
    enum ipc_layout layout;
    int64_t bits;
    bool has_dictionary;
    int64_t dictionary_id;
    struct ipc_field *values; /* of the dictionary; one */
    struct ipc_field *children;
    size_t n_children;
};

/* `message` is the Schema table. False: *problem. Both are freed by their functions. */
bool ipc_read_schema(const struct flat *message, struct ArrowSchema *out_schema,
                     struct ipc_field *out_root, struct textbuf *problem);
void ipc_field_done(struct ipc_field *field);
/* A deep copy, of its own. */
void ipc_schema_copy(const struct ArrowSchema *from, struct ArrowSchema *out);

#endif
