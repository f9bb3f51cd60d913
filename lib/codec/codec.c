/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include <snappy-c.h>
#include <zstd.h>

#include "base/alloc.h"
#include "codec/codec_impl.h"

struct dwi_codec_ctx {
    const dw_allocator *alloc;
    ZSTD_CCtx *zstd_c;
    ZSTD_DCtx *zstd_d;
};

/* NULL functions: not built in that way. */
typedef struct codec {
    const char *name;
    dw_status (*compress)(dwi_codec_ctx *ctx, int level, const void *data, size_t len, dwi_buf *out,
                          dw_error *err);
    /* DW_E_CORRUPT comes without a message: dwi_decompress() words it. */
    dw_status (*decompress)(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                            size_t out_len, dw_error *err);
} codec;

static dw_status corrupt_unless(bool good)
{
    return good ? DW_OK : DW_E_CORRUPT;
}

static dw_status copy_compress(dwi_codec_ctx *ctx, int level, const void *data, size_t len,
                               dwi_buf *out, dw_error *err)
{
    (void)ctx;
    (void)level;
    dwi_buf_append(out, data, len);
    return dwi_buf_status(out, err);
}

static dw_status copy_decompress(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                                 size_t out_len, dw_error *err)
{
    (void)ctx;
    (void)err;
    if (len != out_len)
        return DW_E_CORRUPT;
    if (len > 0)
        memcpy(out, data, len);
    return DW_OK;
}

static dw_status zstd_compress(dwi_codec_ctx *ctx, int level, const void *data, size_t len,
                               dwi_buf *out, dw_error *err)
{
    size_t bound = ZSTD_compressBound(len);
    size_t n;

    if (ctx->zstd_c == NULL && (ctx->zstd_c = ZSTD_createCCtx()) == NULL)
        return dwi_err_nomem(err);
    if (ZSTD_isError(bound) || !dwi_buf_reserve(out, bound))
        return dwi_err_nomem(err);
    n = ZSTD_compressCCtx(ctx->zstd_c, out->data + out->len, bound, data, len,
                          level == 0 ? 1 : level);
    if (ZSTD_isError(n)) /* with room for the bound, memory is all that can be missing */
        return dwi_err(err, DW_E_NOMEM, "zstd: %s", ZSTD_getErrorName(n));
    out->len += n;
    return DW_OK;
}

static dw_status zstd_decompress(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                                 size_t out_len, dw_error *err)
{
    uint8_t nothing;

    if (ctx->zstd_d == NULL && (ctx->zstd_d = ZSTD_createDCtx()) == NULL)
        return dwi_err_nomem(err);
    return corrupt_unless(ZSTD_decompressDCtx(ctx->zstd_d, out_len == 0 ? &nothing : out, out_len,
                                              data, len) == out_len);
}

static dw_status snappy_compress_page(dwi_codec_ctx *ctx, int level, const void *data, size_t len,
                                      dwi_buf *out, dw_error *err)
{
    size_t n = snappy_max_compressed_length(len);

    (void)ctx;
    (void)level;
    if (!dwi_buf_reserve(out, n) ||
        snappy_compress(len == 0 ? "" : data, len, (char *)out->data + out->len, &n) != SNAPPY_OK)
        return dwi_err_nomem(err);
    out->len += n;
    return DW_OK;
}

static dw_status snappy_decompress_page(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                                        size_t out_len, dw_error *err)
{
    size_t n;
    char nothing;

    (void)ctx;
    (void)err;
    if (snappy_uncompressed_length(data, len, &n) != SNAPPY_OK || n != out_len)
        return DW_E_CORRUPT;
    return corrupt_unless(snappy_uncompress(data, len, out_len == 0 ? &nothing : out, &n) ==
                              SNAPPY_OK &&
                          n == out_len);
}

#if DWI_WITH_ZLIB
static dw_status gzip_compress(dwi_codec_ctx *ctx, int level, const void *data, size_t len,
                               dwi_buf *out, dw_error *err)
{
    (void)ctx;
    return dwi_gzip_compress(level, data, len, out, err);
}

static dw_status gzip_decompress(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                                 size_t out_len, dw_error *err)
{
    (void)ctx;
    (void)err;
    return corrupt_unless(dwi_gzip_decompress(data, len, out, out_len));
}
#else
#define gzip_compress   NULL
#define gzip_decompress NULL
#endif

#if DWI_WITH_BROTLI
static dw_status brotli_compress(dwi_codec_ctx *ctx, int level, const void *data, size_t len,
                                 dwi_buf *out, dw_error *err)
{
    (void)ctx;
    return dwi_brotli_compress(level, data, len, out, err);
}

static dw_status brotli_decompress(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                                   size_t out_len, dw_error *err)
{
    (void)ctx;
    (void)err;
    return corrupt_unless(dwi_brotli_decompress(data, len, out, out_len));
}
#else
#define brotli_compress   NULL
#define brotli_decompress NULL
#endif

static dw_status lz4_raw_compress(dwi_codec_ctx *ctx, int level, const void *data, size_t len,
                                  dwi_buf *out, dw_error *err)
{
    (void)ctx;
    (void)level;
    return dwi_lz4_block_compress(data, len, out, err);
}

static dw_status lz4_decompress(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                                size_t out_len, dw_error *err)
{
    (void)ctx;
    (void)err;
    return corrupt_unless(dwi_lz4_hadoop_decompress(data, len, out, out_len));
}

static dw_status lz4_raw_decompress(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                                    size_t out_len, dw_error *err)
{
    (void)ctx;
    (void)err;
    return corrupt_unless(dwi_lz4_block_decompress(data, len, out, out_len));
}

static const codec codecs[] = {
    [DWI_CODEC_UNCOMPRESSED] = {"UNCOMPRESSED", copy_compress, copy_decompress},
    [DWI_CODEC_SNAPPY] = {"SNAPPY", snappy_compress_page, snappy_decompress_page},
    [DWI_CODEC_GZIP] = {"GZIP", gzip_compress, gzip_decompress},
    [DWI_CODEC_LZO] = {"LZO", NULL, NULL},
    [DWI_CODEC_BROTLI] = {"BROTLI", brotli_compress, brotli_decompress},
    [DWI_CODEC_LZ4] = {"LZ4", NULL, lz4_decompress},
    [DWI_CODEC_ZSTD] = {"ZSTD", zstd_compress, zstd_decompress},
    [DWI_CODEC_LZ4_RAW] = {"LZ4_RAW", lz4_raw_compress, lz4_raw_decompress},
};

static const codec *find(int id)
{
    return id >= 0 && (size_t)id < sizeof(codecs) / sizeof(codecs[0]) ? &codecs[id] : NULL;
}

const char *dwi_codec_name(int id)
{
    return find(id) == NULL ? "?" : find(id)->name;
}

bool dwi_codec_readable(int id)
{
    return find(id) != NULL && find(id)->decompress != NULL;
}

bool dwi_codec_available(int id)
{
    return dwi_codec_readable(id) && find(id)->compress != NULL;
}

dw_status dwi_codec_ctx_new(const dw_allocator *alloc, dwi_codec_ctx **out, dw_error *err)
{
    dwi_codec_ctx *ctx = dwi_alloc_zero(alloc, sizeof(*ctx));

    if (ctx == NULL)
        return dwi_err_nomem(err);
    ctx->alloc = alloc;
    *out = ctx;
    return DW_OK;
}

void dwi_codec_ctx_free(dwi_codec_ctx *ctx)
{
    if (ctx == NULL)
        return;
    (void)ZSTD_freeCCtx(ctx->zstd_c); /* cannot fail for contexts of ours; NULL is allowed */
    (void)ZSTD_freeDCtx(ctx->zstd_d);
    dwi_free(ctx->alloc, ctx, sizeof(*ctx));
}

size_t dwi_codec_ctx_bytes(const dwi_codec_ctx *ctx)
{
    return sizeof(*ctx) + ZSTD_sizeof_CCtx(ctx->zstd_c) + ZSTD_sizeof_DCtx(ctx->zstd_d);
}

dw_status dwi_compress(dwi_codec_ctx *ctx, int id, int level, const void *data, size_t len,
                       dwi_buf *out, dw_error *err)
{
    if (!dwi_codec_available(id))
        return dwi_err(err, DW_E_UNSUPPORTED, "codec %s (%d): not built in for writing",
                       dwi_codec_name(id), id);
    return find(id)->compress(ctx, level, data, len, out, err);
}

dw_status dwi_decompress(dwi_codec_ctx *ctx, int id, const void *data, size_t len, void *out,
                         size_t out_len, dw_error *err)
{
    dw_status status;

    if (!dwi_codec_readable(id))
        return dwi_err(err, DW_E_UNSUPPORTED, "codec %s (%d): not built in", dwi_codec_name(id),
                       id);
    status = find(id)->decompress(ctx, data, len, out, out_len, err);
    if (status == DW_E_CORRUPT)
        return dwi_err(err, DW_E_CORRUPT, "%s data: %zu bytes do not decompress to %zu",
                       dwi_codec_name(id), len, out_len);
    return status;
}
