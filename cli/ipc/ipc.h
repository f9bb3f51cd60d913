/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow IPC, streams and files (Feather V2), read as an Arrow C stream.
 * Bodies may be compressed with zstd, and LZ4 when built with it; dictionaries may be replaced on
 * the way, but not grow (delta dictionaries). Buffers are as long as the arrays' lengths and last
 * offsets ask for; what is in them is checked by whoever reads the arrays.
 * Spec: Apache Arrow, "Serialization and Interprocess Communication (IPC)". */
#ifndef DW_CLI_IPC_H
#define DW_CLI_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <deltawrite/arrow_c_data.h>

#include "common/textbuf.h"

/* Where bytes come from: up to `len` of them; 0: the end, -1: a failure. */
struct ipc_source {
    void *ctx;
    long (*read)(void *ctx, void *out, size_t len);
    /* To a place, counted from the beginning, or, when negative, from the end. NULL, or false: not
     * possible, then files are read as streams, from beginning to end. */
    bool (*seek)(void *ctx, int64_t offset);
};

/* Reads the schema. False: *problem says why not. The source stays the caller's and must outlive
 * the stream; batches outlive both. */
bool ipc_open(const struct ipc_source *source, struct ArrowArrayStream *out,
              struct textbuf *problem);

#endif
