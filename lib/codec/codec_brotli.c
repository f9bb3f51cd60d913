/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec_impl.h"

#if DWI_WITH_BROTLI
#include <brotli/decode.h>
#include <brotli/encode.h>

dw_status dwi_brotli_compress(int level, const void *data, size_t len, dwi_buf *out, dw_error *err)
{
    size_t n = BrotliEncoderMaxCompressedSize(len);

    if (n == 0 || !dwi_buf_reserve(out, n) ||
        !BrotliEncoderCompress(level == 0 ? 4 : level, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE,
                               len, data, &n, out->data + out->len))
        return dwi_err_nomem(err);
    out->len += n;
    return DW_OK;
}

bool dwi_brotli_decompress(const void *data, size_t len, void *out, size_t out_len)
{
    uint8_t nothing;
    size_t n = out_len;

    return BrotliDecoderDecompress(len, data, &n, out_len == 0 ? &nothing : out) ==
               BROTLI_DECODER_RESULT_SUCCESS &&
           n == out_len;
}
#endif
