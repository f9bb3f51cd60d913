/* SPDX-License-Identifier: Apache-2.0 */
/* A record batch message and its body, as an array of the C data interface that points into the
 * body. Every array of the tree keeps what it points at alive by itself, so that each may be moved
 * away and released on its own, by any thread. */
#ifndef DW_CLI_IPC_BATCH_H
#define DW_CLI_IPC_BATCH_H

#include <stdatomic.h>

#include "ipc/ipc_schema.h"

/* Memory that arrays point into. */
struct ipc_memory {
    atomic_int refs;
    uint8_t *body;
    size_t size;
    void **blocks; /* what was decompressed or copied */
    size_t n_blocks;
};

struct ipc_memory *ipc_memory_new(uint8_t *body, size_t size); /* takes the body over */
void ipc_memory_unref(struct ipc_memory *memory);

/* Dictionaries as they are now, by id. */
struct ipc_dictionary {
    int64_t id;
    struct ArrowArray values; /* release NULL: none came yet */
};

struct ipc_dictionaries {
    struct ipc_dictionary *items;
    size_t count;
};

/* The `rows` of `fields`; `batch` is the RecordBatch table. False: *problem. */
bool ipc_read_batch(const struct flat *batch, const struct ipc_field *root,
                    const struct ipc_dictionaries *dictionaries, struct ipc_memory *memory,
                    struct ArrowArray *out, struct textbuf *problem);

#endif
