/* SPDX-License-Identifier: Apache-2.0 */
#include "records/payload.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "common/memory.h"

enum { CHUNK = 256 * 1024, MOST_KEPT = 4 * 1024 * 1024, GZIP_WINDOW = 16 + 15, ZSTD_WINDOW = 26 };

struct payload {
    char *out;
    size_t cap;
    ZSTD_DCtx *zstd; /* NULL until needed */
};

struct payload *payload_new(void)
{
    return need_alloc(1, sizeof(struct payload));
}

void payload_free(struct payload *payload)
{
    if (payload == NULL)
        return;
    (void)ZSTD_freeDCtx(payload->zstd);
    free(payload->out);
    free(payload);
}

static bool is_gzip(struct span value)
{
    return value.len >= 3 && memcmp(value.ptr, "\x1f\x8b\x08", 3) == 0;
}

static bool is_zstd(struct span value)
{
    return value.len >= 4 && (memcmp(value.ptr, "\x28\xb5\x2f\xfd", 4) == 0 ||
                              (((unsigned char)value.ptr[0] & 0xF0) == 0x50 &&
                               memcmp(value.ptr + 1, "\x2a\x4d\x18", 3) == 0));
}

/* Room for at least one byte beyond `used`, which may be the one that is too many. */
static size_t room(struct payload *payload, size_t used, size_t max_bytes)
{
    if (used == payload->cap) {
        size_t cap = payload->cap == 0 ? CHUNK : payload->cap * 2;
        if (cap > max_bytes)
            cap = max_bytes + 1;
        payload->out = need_realloc(payload->out, cap, 1);
        payload->cap = cap;
    }
    return payload->cap - used;
}

static enum decode_result too_large(size_t max_bytes, struct failure *failure)
{
    return failure_bad(failure, "payload", "PAYLOAD_TOO_LARGE",
                       "unpacked it has more than %zu bytes", max_bytes);
}

static enum decode_result gunzip(struct payload *payload, size_t max_bytes, struct span value,
                                 z_stream *z, size_t *out_len, struct failure *failure)
{
    size_t used = 0;
    int status = Z_OK;

    z->next_in = (const Bytef *)value.ptr;
    z->avail_in = (uInt)value.len;
    for (;;) {
        size_t free_bytes = room(payload, used, max_bytes);
        z->next_out = (Bytef *)payload->out + used;
        z->avail_out = (uInt)free_bytes;
        status = inflate(z, Z_NO_FLUSH);
        used += free_bytes - z->avail_out;
        if (used > max_bytes)
            return too_large(max_bytes, failure);
        if (status == Z_STREAM_END && z->avail_in == 0)
            break;
        if (status == Z_STREAM_END)
            status = inflateReset(z);
        else if (status == Z_BUF_ERROR || (status == Z_OK && z->avail_in == 0 && z->avail_out > 0))
            return failure_bad(failure, "payload", "GZIP_TRUNCATED", "the gzip stream is cut off");
        if (status != Z_OK)
            return failure_bad(failure, "payload", "GZIP_CORRUPT", "gzip: %s",
                               z->msg == NULL ? "not a gzip stream" : z->msg);
    }
    *out_len = used;
    return DECODE_ROWS;
}

static enum decode_result unpack_gzip(struct payload *payload, size_t max_bytes, struct span value,
                                      size_t *out_len, struct failure *failure)
{
    z_stream z = {0};
    enum decode_result result;

    if (value.len > UINT32_MAX || max_bytes >= UINT32_MAX)
        return too_large(max_bytes, failure);
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return failure_bad(failure, "payload", "GZIP_CORRUPT", "gzip: zlib cannot begin");
    result = gunzip(payload, max_bytes, value, &z, out_len, failure);
    (void)inflateEnd(&z);
    return result;
}

static enum decode_result unpack_zstd(struct payload *payload, size_t max_bytes, struct span value,
                                      size_t *out_len, struct failure *failure)
{
    ZSTD_inBuffer in = {value.ptr, value.len, 0};
    ZSTD_outBuffer out = {NULL, 0, 0};
    size_t left = 0;

    if (payload->zstd == NULL)
        payload->zstd = ZSTD_createDCtx();
    if (payload->zstd == NULL)
        return failure_bad(failure, "payload", "ZSTD_CORRUPT", "zstd: libzstd cannot begin");
    (void)ZSTD_DCtx_reset(payload->zstd, ZSTD_reset_session_only);
    (void)ZSTD_DCtx_setParameter(payload->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW);
    do {
        size_t free_bytes = room(payload, out.pos, max_bytes);
        out.dst = payload->out;
        out.size = out.pos + free_bytes;
        left = ZSTD_decompressStream(payload->zstd, &out, &in);
        if (ZSTD_isError(left))
            return failure_bad(failure, "payload", "ZSTD_CORRUPT", "zstd: %s",
                               ZSTD_getErrorName(left));
        if (out.pos > max_bytes)
            return too_large(max_bytes, failure);
    } while (in.pos < in.size || (left != 0 && out.pos == out.size));
    if (left != 0)
        return failure_bad(failure, "payload", "ZSTD_TRUNCATED", "the zstd frame is cut off");
    *out_len = out.pos;
    return DECODE_ROWS;
}

enum decode_result payload_unpack(struct payload *payload, enum payload_codec codec,
                                  size_t max_bytes, struct span value, struct span *out,
                                  struct failure *failure)
{
    enum decode_result result;
    size_t len = 0;

    if (codec == PAYLOAD_AUTO)
        codec = is_gzip(value) ? PAYLOAD_GZIP : is_zstd(value) ? PAYLOAD_ZSTD : PAYLOAD_NONE;
    if (codec == PAYLOAD_NONE) {
        *out = value;
        return DECODE_ROWS;
    }
    if (payload->cap > MOST_KEPT) {
        free(payload->out);
        payload->out = NULL;
        payload->cap = 0;
    }
    result = codec == PAYLOAD_GZIP ? unpack_gzip(payload, max_bytes, value, &len, failure)
                                   : unpack_zstd(payload, max_bytes, value, &len, failure);
    *out = (struct span){payload->out, len};
    return result;
}
