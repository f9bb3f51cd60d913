/* SPDX-License-Identifier: Apache-2.0 */
/* The codecs behind codec.h's table that live in files of their own. Compressors append to `out`
 * and answer DW_E_NOMEM; decompressors fill exactly `out_len` bytes or answer false. */
#ifndef DWI_CODEC_CODEC_IMPL_H
#define DWI_CODEC_CODEC_IMPL_H

#include "base/buf.h"

#if DWI_WITH_ZLIB
dw_status dwi_gzip_compress(int level, const void *data, size_t len, dwi_buf *out, dw_error *err);
bool dwi_gzip_decompress(const void *data, size_t len, void *out, size_t out_len);
#endif
#if DWI_WITH_BROTLI
dw_status dwi_brotli_compress(int level, const void *data, size_t len, dwi_buf *out, dw_error *err);
bool dwi_brotli_decompress(const void *data, size_t len, void *out, size_t out_len);
#endif

dw_status dwi_lz4_block_compress(const void *data, size_t len, dwi_buf *out, dw_error *err);
/* One LZ4 block, and the framing of it that Hadoop writes (or a bare block). */
bool dwi_lz4_block_decompress(const void *data, size_t len, void *out, size_t out_len);
bool dwi_lz4_hadoop_decompress(const void *data, size_t len, void *out, size_t out_len);

#endif
