/* SPDX-License-Identifier: Apache-2.0 */
/* Compression of buffers in Arrow IPC; codecs by their numbers in Message.fbs. */
#ifndef DW_CLI_IPC_CODEC_H
#define DW_CLI_IPC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IPC_LZ4_FRAME = 0, IPC_ZSTD = 1 };

#define IPC_MAX_BUFFER (INT64_C(1) << 32)  /* bytes of one buffer, decompressed */
#define IPC_MAX_ROWS   INT64_C(0x7fffffff) /* of one array */

bool ipc_has_codec(int codec);
/* Exactly `out_size` bytes, to be freed; NULL: they are damaged. */
uint8_t *ipc_decompress(int codec, const void *data, size_t size, size_t out_size);

#endif
