/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/ipc_codec.h"

#include <stdlib.h>
#include <zstd.h>
#if DW_WITH_LZ4
#include <lz4frame.h>
#endif

#include "common/memory.h"

enum { STEP = 1 << 20 };

bool ipc_has_codec(int codec)
{
    return codec == IPC_ZSTD || (codec == IPC_LZ4_FRAME && DW_WITH_LZ4);
}

/* One step of a decoder: both sizes are what there is room for, and then what was used. False: the
 * data are damaged. */
typedef bool step_fn(void *decoder, const uint8_t *data, size_t *size, uint8_t *out,
                     size_t *out_size);

static bool zstd_step(void *decoder, const uint8_t *data, size_t *size, uint8_t *out,
                      size_t *out_size)
{
    ZSTD_inBuffer in = {data, *size, 0};
    ZSTD_outBuffer made = {out, *out_size, 0};
    size_t hint = ZSTD_decompressStream(decoder, &made, &in);

    *size = in.pos;
    *out_size = made.pos;
    return !ZSTD_isError(hint);
}

#if DW_WITH_LZ4
static bool lz4_step(void *decoder, const uint8_t *data, size_t *size, uint8_t *out,
                     size_t *out_size)
{
    return !LZ4F_isError(LZ4F_decompress(decoder, out, out_size, data, size, NULL));
}
#endif

/* Memory grows with what comes out: a length that is only claimed takes none. */
static uint8_t *run(step_fn *step, void *decoder, const uint8_t *data, size_t size, size_t out_size)
{
    size_t cap = out_size < STEP ? out_size : STEP;
    uint8_t *out = need_alloc(cap + 1, 1);
    size_t done = 0;

    for (;;) {
        size_t in = size;
        size_t made = cap - done;
        if (!step(decoder, data, &in, out + done, &made))
            break;
        data += in;
        size -= in;
        done += made;
        if (done == out_size && size == 0)
            return out;
        if (in == 0 && made == 0 && (done < cap || cap == out_size))
            break; /* cut off, or longer than it says */
        if (done == cap && cap < out_size) {
            cap = out_size - cap < cap ? out_size : 2 * cap;
            out = need_realloc(out, cap + 1, 1);
        }
    }
    free(out);
    return NULL;
}

static uint8_t *zstd(const uint8_t *data, size_t size, size_t out_size)
{
    ZSTD_DStream *decoder = ZSTD_createDStream();
    uint8_t *out = decoder == NULL ? NULL : run(zstd_step, decoder, data, size, out_size);

    (void)ZSTD_freeDStream(decoder);
    return out;
}

#if DW_WITH_LZ4
static uint8_t *lz4(const uint8_t *data, size_t size, size_t out_size)
{
    LZ4F_dctx *decoder = NULL;
    uint8_t *out;

    if (LZ4F_isError(LZ4F_createDecompressionContext(&decoder, LZ4F_VERSION)))
        return NULL;
    out = run(lz4_step, decoder, data, size, out_size);
    (void)LZ4F_freeDecompressionContext(decoder);
    return out;
}
#endif

uint8_t *ipc_decompress(int codec, const void *data, size_t size, size_t out_size)
{
#if DW_WITH_LZ4
    if (codec == IPC_LZ4_FRAME)
        return lz4(data, size, out_size);
#endif
    return codec == IPC_ZSTD ? zstd(data, size, out_size) : NULL;
}
