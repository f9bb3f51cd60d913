/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/ipc_codec.h"

#include <zstd.h>
#if DW_WITH_LZ4
#include <lz4frame.h>
#endif

bool ipc_has_codec(int codec)
{
    return codec == IPC_ZSTD || (codec == IPC_LZ4_FRAME && DW_WITH_LZ4);
}

#if DW_WITH_LZ4
static bool lz4_decompress(const uint8_t *data, size_t size, uint8_t *out, size_t out_size)
{
    LZ4F_dctx *ctx = NULL;
    size_t done = 0;
    size_t hint = 1;

    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
        return false;
    while (size > 0 && hint != 0) {
        size_t in = size;
        size_t made = out_size - done;
        hint = LZ4F_decompress(ctx, out + done, &made, data, &in, NULL);
        if (LZ4F_isError(hint) || (in == 0 && made == 0))
            break;
        data += in;
        size -= in;
        done += made;
    }
    (void)LZ4F_freeDecompressionContext(ctx);
    return hint == 0 && done == out_size;
}
#endif

bool ipc_decompress(int codec, const void *data, size_t size, void *out, size_t out_size)
{
#if DW_WITH_LZ4
    if (codec == IPC_LZ4_FRAME)
        return lz4_decompress(data, size, out, out_size);
#endif
    return codec == IPC_ZSTD && ZSTD_decompress(out, out_size, data, size) == out_size;
}
