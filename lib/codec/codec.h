/* SPDX-License-Identifier: Apache-2.0 */
/* Compression codecs behind one function table, and CRC-32. Numbers are Parquet's CompressionCodec.
 */
#ifndef DWI_CODEC_CODEC_H
#define DWI_CODEC_CODEC_H

#include "base/buf.h"

typedef enum dwi_codec_id {
    DWI_CODEC_UNCOMPRESSED = 0,
    DWI_CODEC_SNAPPY = 1,
    DWI_CODEC_GZIP = 2,
    DWI_CODEC_LZO = 3,
    DWI_CODEC_BROTLI = 4,
    DWI_CODEC_LZ4 = 5,
    DWI_CODEC_ZSTD = 6,
    DWI_CODEC_LZ4_RAW = 7
} dwi_codec_id;

/* "ZSTD" etc.; "?" for an unknown number. */
const char *dwi_codec_name(int id);
/* Built in for reading and writing. LZ4, which is LZ4_RAW in a frame, is for
 * reading alone. */
bool dwi_codec_available(int id);
bool dwi_codec_readable(int id);

/* Working memory of one thread's compressions and decompressions; contexts are kept for reuse. They
 * are made on first use. The compression libraries take their memory from malloc. */
typedef struct dwi_codec_ctx dwi_codec_ctx;
dw_status dwi_codec_ctx_new(const dw_allocator *alloc, dwi_codec_ctx **out, dw_error *err);
void dwi_codec_ctx_free(dwi_codec_ctx *ctx); /* NULL too */
/* Bytes that the contexts hold. */
size_t dwi_codec_ctx_bytes(const dwi_codec_ctx *ctx);

/* Append the compressed form of `data` to `out`. level: zstd (0 means 1), gzip (0 means 6) and
 * brotli (0 means 4). DW_E_UNSUPPORTED (names the codec) when it is not built in for writing. */
dw_status dwi_compress(dwi_codec_ctx *ctx, int id, int level, const void *data, size_t len,
                       dwi_buf *out, dw_error *err);

/* How much to do for a smaller result, where the codec leaves a choice: zstd at level 1, and snappy
 * (all or nothing). */
typedef enum dwi_effort {
    DWI_EFFORT_FULL = 0,    /* what the level says */
    DWI_EFFORT_STEPS_3 = 1, /* this many bytes at a time where no repetition is found */
    DWI_EFFORT_STEPS_6 = 2,
    DWI_EFFORT_STEPS_7 = 3,
    DWI_EFFORT_STEPS_9 = 4,
    DWI_EFFORT_LITERALS = 5 /* entropy coding alone, or none */
} dwi_effort;

dw_status dwi_compress_with(dwi_codec_ctx *ctx, int id, int level, dwi_effort effort,
                            const void *data, size_t len, dwi_buf *out, dw_error *err);
/* The effort that data like this deserves, by trying all of them on its first bytes: the same for
 * the same data. `scratch` is overwritten. */
dw_status dwi_compress_judge(dwi_codec_ctx *ctx, int id, int level, const void *data, size_t len,
                             dwi_buf *scratch, dwi_effort *out, dw_error *err);

/* Decompress into exactly `out_len` bytes. DW_E_CORRUPT when the data is damaged or its size is
 * another one, DW_E_UNSUPPORTED (names the codec) when it is not built in. */
dw_status dwi_decompress(dwi_codec_ctx *ctx, int id, const void *data, size_t len, void *out,
                         size_t out_len, dw_error *err);

/* CRC-32 (IEEE 802.3, reflected, as zlib and Parquet pages). Start with crc 0. */
uint32_t dwi_crc32(uint32_t crc, const void *data, size_t len);

#endif
