/* SPDX-License-Identifier: Apache-2.0 */
/* GZIP by zlib. A page may hold several members one after the other (RFC 1952, 2.2). */
#include "codec/codec_impl.h"

#if DWI_WITH_ZLIB
#include <limits.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, ANY_WINDOW = 15 + 32 };

/* zlib counts in unsigned int. */
static uInt piece(size_t left)
{
    return left > UINT_MAX ? UINT_MAX : (uInt)left;
}

static Bytef *input(const void *data)
{
    union {
        const void *in;
        Bytef *out;
    } cast = {data}; /* next_in is not const unless ZLIB_CONST is set; zlib only reads it */

    return cast.out;
}

dw_status dwi_gzip_compress(int level, const void *data, size_t len, dwi_buf *out, dw_error *err)
{
    z_stream z = {0};
    size_t bound;
    int result;

    if (len > UINT_MAX / 2)
        return dwi_err(err, DW_E_UNSUPPORTED, "codec GZIP: page of %zu bytes is too large", len);
    if (deflateInit2(&z, level == 0 ? 6 : level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return dwi_err_nomem(err);
    bound = deflateBound(&z, len);
    if (!dwi_buf_reserve(out, bound)) {
        (void)deflateEnd(&z);
        return dwi_err_nomem(err);
    }
    z.next_in = input(data);
    z.avail_in = (uInt)len;
    z.next_out = out->data + out->len;
    z.avail_out = (uInt)bound;
    result = deflate(&z, Z_FINISH);
    (void)deflateEnd(&z); /* Z_DATA_ERROR when unfinished, which `result` says too */
    if (result != Z_STREAM_END)
        return dwi_err_nomem(err);
    out->len += z.total_out;
    return DW_OK;
}

bool dwi_gzip_decompress(const void *data, size_t len, void *out, size_t out_len)
{
    z_stream z = {0};
    const uint8_t *in = data;
    uint8_t *at = out;
    uint8_t nothing;
    int result = Z_OK;

    if (inflateInit2(&z, ANY_WINDOW) != Z_OK)
        return false;
    while (len > 0) {
        uInt in_now = piece(len);
        uInt out_now = piece(out_len);
        z.next_in = input(in);
        z.avail_in = in_now;
        z.next_out = out_len == 0 ? &nothing : at;
        z.avail_out = out_now;
        result = inflate(&z, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END)
            break;
        if (z.avail_in == in_now && z.avail_out == out_now && result != Z_STREAM_END)
            break; /* more would come out than there is room for */
        in += in_now - z.avail_in;
        len -= in_now - z.avail_in;
        at = out_len == 0 ? at : at + (out_now - z.avail_out);
        out_len -= out_now - z.avail_out;
        if (result == Z_STREAM_END && len > 0 && inflateReset(&z) != Z_OK)
            break;
    }
    (void)inflateEnd(&z);
    return result == Z_STREAM_END && len == 0 && out_len == 0;
}
#endif
