/* SPDX-License-Identifier: Apache-2.0 */
/* The codecs behind codec.h's table that live in files of their own. Compressors append to `out`
 * and answer DW_E_NOMEM; decompressors fill exactly `out_len` bytes or answer false. */
#ifndef DWI_CODEC_CODEC_IMPL_H
#define DWI_CODEC_CODEC_IMPL_H

#include "codec/codec.h"

#if DWI_WITH_ZLIB
dw_status dwi_gzip_compress(int level, const void *data, size_t len, dwi_buf *out, dw_error *err);
bool dwi_gzip_decompress(const void *data, size_t len, void *out, size_t out_len);
#endif
#if DWI_WITH_BROTLI
dw_status dwi_brotli_compress(int level, const void *data, size_t len, dwi_buf *out, dw_error *err);
bool dwi_brotli_decompress(const void *data, size_t len, void *out, size_t out_len);
#endif

dw_status dwi_lz4_block_compress(const void *data, size_t len, dwi_buf *out, dw_error *err);

/* What is tried to judge how much effort data deserves. */
enum { DWI_EFFORT_SAMPLE = 32 << 10 };

typedef struct dwi_zstd {
    struct ZSTD_CCtx_s *c; /* made on first use */
    struct ZSTD_DCtx_s *d;
    dwi_effort effort; /* that c's parameters are set to; FULL: none is set */
} dwi_zstd;

void dwi_zstd_free(dwi_zstd *zstd);
size_t dwi_zstd_bytes(const dwi_zstd *zstd);
dw_status dwi_zstd_compress(dwi_zstd *zstd, int level, dwi_effort effort, const void *data,
                            size_t len, dwi_buf *out, dw_error *err);
dw_status dwi_zstd_judge(dwi_zstd *zstd, const void *data, size_t len, dwi_buf *scratch,
                         dwi_effort *out, dw_error *err);
/* DW_E_CORRUPT comes without a message. */
dw_status dwi_zstd_decompress(dwi_zstd *zstd, const void *data, size_t len, void *out,
                              size_t out_len, dw_error *err);

/* One LZ4 block, and the framing of it that Hadoop writes (or a bare block). */
bool dwi_lz4_block_decompress(const void *data, size_t len, void *out, size_t out_len);
bool dwi_lz4_hadoop_decompress(const void *data, size_t len, void *out, size_t out_len);

#endif
