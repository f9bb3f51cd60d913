/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include <snappy-c.h>

#include "base/alloc.h"
#include "base/le.h"
#include "codec/codec_impl.h"

enum { SNAPPY_LONG_LITERAL = 63 << 2 };

struct dwi_codec_ctx {
    const dw_allocator *alloc;
    dwi_zstd zstd;
    dwi_effort effort; /* of the compression that runs */
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
    return dwi_zstd_compress(&ctx->zstd, level, ctx->effort, data, len, out, err);
}

static dw_status zstd_decompress(dwi_codec_ctx *ctx, const void *data, size_t len, void *out,
                                 size_t out_len, dw_error *err)
{
    return dwi_zstd_decompress(&ctx->zstd, data, len, out, out_len, err);
}

/* One literal: its length as a varint, then a tag that says that its length less one follows in
 * four bytes. Spec: google/snappy format_description.txt. */
static dw_status snappy_literal(const void *data, size_t len, dwi_buf *out, dw_error *err)
{
    uint8_t size[4];
    size_t left = len;

    for (; left >= 0x80; left >>= 7)
        dwi_buf_append_byte(out, (uint8_t)(left | 0x80));
    dwi_buf_append_byte(out, (uint8_t)left);
    dwi_buf_append_byte(out, SNAPPY_LONG_LITERAL);
    dwi_le32_put(size, (uint32_t)(len - 1));
    dwi_buf_append(out, size, sizeof(size));
    dwi_buf_append(out, data, len);
    return dwi_buf_status(out, err);
}

static dw_status snappy_compress_page(dwi_codec_ctx *ctx, int level, const void *data, size_t len,
                                      dwi_buf *out, dw_error *err)
{
    size_t n = snappy_max_compressed_length(len);

    (void)level;
    if (ctx->effort == DWI_EFFORT_LITERALS && len > 0 && len <= INT32_MAX)
        return snappy_literal(data, len, out, err);
    if (!dwi_buf_reserve(out, n) ||
        snappy_compress(len == 0 ? "" : data, len, (char *)out->data + out->len, &n) != SNAPPY_OK)
        return dwi_err_nomem(err);
    out->len += n;
    return DW_OK;
}

/* What saves less than a sixth is not worth looking for. */
static dw_status snappy_judge(dwi_codec_ctx *ctx, const void *data, size_t len, dwi_buf *scratch,
                              dwi_effort *out, dw_error *err)
{
    dw_status status = DW_OK;

    if (len < DWI_EFFORT_SAMPLE)
        return DW_OK;
    ctx->effort = DWI_EFFORT_FULL;
    dwi_buf_clear(scratch);
    DWI_TRY(snappy_compress_page(ctx, 0, data, DWI_EFFORT_SAMPLE, scratch, err));
    if (scratch->len > DWI_EFFORT_SAMPLE / 6 * 5)
        *out = DWI_EFFORT_LITERALS;
done:
    return status;
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
    dwi_zstd_free(&ctx->zstd);
    dwi_free(ctx->alloc, ctx, sizeof(*ctx));
}

size_t dwi_codec_ctx_bytes(const dwi_codec_ctx *ctx)
{
    return sizeof(*ctx) + dwi_zstd_bytes(&ctx->zstd);
}

dw_status dwi_compress_with(dwi_codec_ctx *ctx, int id, int level, dwi_effort effort,
                            const void *data, size_t len, dwi_buf *out, dw_error *err)
{
    if (!dwi_codec_available(id))
        return dwi_err(err, DW_E_UNSUPPORTED, "codec %s (%d): not built in for writing",
                       dwi_codec_name(id), id);
    ctx->effort = effort;
    return find(id)->compress(ctx, level, data, len, out, err);
}

dw_status dwi_compress(dwi_codec_ctx *ctx, int id, int level, const void *data, size_t len,
                       dwi_buf *out, dw_error *err)
{
    return dwi_compress_with(ctx, id, level, DWI_EFFORT_FULL, data, len, out, err);
}

dw_status dwi_compress_judge(dwi_codec_ctx *ctx, int id, int level, const void *data, size_t len,
                             dwi_buf *scratch, dwi_effort *out, dw_error *err)
{
    *out = DWI_EFFORT_FULL;
    if (id == DWI_CODEC_SNAPPY)
        return snappy_judge(ctx, data, len, scratch, out, err);
    if (id != DWI_CODEC_ZSTD || level < 0 || level > 1)
        return DW_OK;
    return dwi_zstd_judge(&ctx->zstd, data, len, scratch, out, err);
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
