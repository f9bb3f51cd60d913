/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/deletion_vector.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/le.h"
#include "codec/codec.h"

/* Wire constants, named as in their specifications. */
enum {
    ROARING_BITMAP_ARRAY_MAGIC = 1681511377,
    SERIAL_COOKIE_NO_RUNCONTAINER = 12346,
    SERIAL_COOKIE = 12347,
    NO_OFFSET_THRESHOLD = 4,
    MAX_ARRAY_CARDINALITY = 4096,
    BITMAP_CONTAINER_BYTES = 8192
};

/* Bytes being taken off the front; taking too many sticks. */
typedef struct taker {
    const uint8_t *at;
    size_t left;
    bool failed;
    int64_t rows;
    uint8_t *bitmap;
    int64_t cardinality;
} taker;

static const uint8_t *take(taker *t, size_t n)
{
    const uint8_t *start = t->at;

    if (t->failed || n > t->left) {
        t->failed = true;
        return NULL;
    }
    t->at += n;
    t->left -= n;
    return start;
}

static uint64_t take_le(taker *t, size_t n)
{
    const uint8_t *bytes = take(t, n);
    uint64_t value = 0;

    for (size_t i = 0; bytes != NULL && i < n; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static void delete_row(taker *t, uint64_t row)
{
    if (row >= (uint64_t)t->rows) {
        t->failed = true;
        return;
    }
    t->cardinality += (t->bitmap[row >> 3] >> (row & 7) & 1) == 0;
    t->bitmap[row >> 3] = (uint8_t)(t->bitmap[row >> 3] | 1u << (row & 7));
}

static void take_runs(taker *t, uint64_t base)
{
    uint64_t n = take_le(t, 2);

    for (uint64_t i = 0; i < n && !t->failed; i++) {
        uint64_t first = take_le(t, 2);
        uint64_t more = take_le(t, 2);
        for (uint64_t k = 0; k <= more && !t->failed; k++)
            delete_row(t, base + first + k);
    }
}

static void take_array(taker *t, uint64_t base, uint64_t cardinality)
{
    for (uint64_t i = 0; i < cardinality && !t->failed; i++)
        delete_row(t, base + take_le(t, 2));
}

static void take_bitmap(taker *t, uint64_t base)
{
    const uint8_t *bits = take(t, BITMAP_CONTAINER_BYTES);

    for (uint64_t i = 0; bits != NULL && i < (uint64_t)BITMAP_CONTAINER_BYTES * 8 && !t->failed;
         i++)
        if ((bits[i >> 3] >> (i & 7) & 1) != 0)
            delete_row(t, base + i);
}

/* One 32-bit roaring bitmap; `high` are the bits above. */
static void take_roaring(taker *t, uint64_t high)
{
    uint64_t cookie = take_le(t, 4);
    bool with_runs = (cookie & 0xFFFF) == SERIAL_COOKIE;
    uint64_t n = with_runs ? (cookie >> 16) + 1 : take_le(t, 4);
    const uint8_t *run_bits = NULL;
    const uint8_t *heads;

    if ((!with_runs && cookie != SERIAL_COOKIE_NO_RUNCONTAINER) || n > 65536) {
        t->failed = true;
        return;
    }
    if (with_runs)
        run_bits = take(t, (size_t)(n + 7) / 8);
    heads = take(t, (size_t)n * 4);
    if (!with_runs || n >= NO_OFFSET_THRESHOLD)
        (void)take(t, (size_t)n * 4); /* offsets: containers follow each other anyway */
    for (uint64_t i = 0; i < n && !t->failed; i++) {
        uint64_t base = high << 32 | (uint64_t)dwi_le16(heads + i * 4) << 16;
        uint64_t cardinality = (uint64_t)dwi_le16(heads + i * 4 + 2) + 1;
        if (run_bits != NULL && (run_bits[i >> 3] >> (i & 7) & 1) != 0)
            take_runs(t, base);
        else if (cardinality <= MAX_ARRAY_CARDINALITY)
            take_array(t, base, cardinality);
        else
            take_bitmap(t, base);
    }
}

dw_status dwi_deletion_vector_decode(dw_bytes data, int64_t rows, uint8_t *bitmap,
                                     int64_t *out_cardinality, dw_error *err)
{
    taker t = {.at = data.data, .left = data.len, .rows = rows, .bitmap = bitmap};
    uint64_t n;

    if (take_le(&t, 4) != ROARING_BITMAP_ARRAY_MAGIC)
        return dwi_err(err, DW_E_CORRUPT, "deletion vector: unknown format");
    n = take_le(&t, 8);
    for (uint64_t i = 0; i < n && !t.failed; i++)
        take_roaring(&t, take_le(&t, 4));
    if (t.failed)
        return dwi_err(err, DW_E_CORRUPT,
                       "deletion vector: malformed, or of a row that the file does not have");
    *out_cardinality = t.cardinality;
    return DW_OK;
}

/* Z85 (ZeroMQ RFC 32): five characters stand for four bytes, first the high ones. Rust's z85 crate
 * begins a last block of fewer bytes with a '#' for each one that is lacking, where no block of
 * four bytes can begin with it. */
static bool decode_block(const char *block, bool last, dwi_buf *out)
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   ".-:+=^!/*?&<>()[]{}@%$#";
    uint64_t value = 0;
    int skip = 0;

    while (last && skip < 3 && block[skip] == '#')
        skip++;
    for (int i = skip; i < 5; i++) {
        const char *digit = block[i] == '\0' ? NULL : strchr(alphabet, block[i]);
        if (digit == NULL)
            return false;
        value = value * 85 + (uint64_t)(digit - alphabet);
    }
    if (value >> (8 * (4 - skip)) != 0)
        return false;
    for (int i = 3 - skip; i >= 0; i--)
        dwi_buf_append_byte(out, (uint8_t)(value >> (8 * i)));
    return true;
}

static dw_status decode_z85(dwi_sv text, dwi_buf *out, dw_error *err)
{
    bool ok = text.len % 5 == 0;

    for (size_t i = 0; ok && i < text.len; i += 5)
        ok = decode_block(text.ptr + i, i + 5 == text.len, out);
    return ok ? dwi_buf_status(out, err) : dwi_err(err, DW_E_CORRUPT, "deletion vector: not Z85");
}

/* "PREFIX/deletion_vector_UUID.bin" of an 'u' vector: a prefix, then the UUID in 20 characters. */
static dw_status relative_name(const dwi_log *log, dwi_sv encoded, dwi_buf *out, dw_error *err)
{
    dw_status status;
    dwi_buf uuid;

    dwi_buf_init(&uuid, log->alloc);
    if (encoded.len < 20)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "deletion vector: no UUID in pathOrInlineDv"));
    DWI_TRY(decode_z85((dwi_sv){encoded.ptr + encoded.len - 20, 20}, &uuid, err));
    dwi_buf_append(out, encoded.ptr, encoded.len - 20);
    dwi_buf_append_cstr(out, encoded.len > 20 ? "/deletion_vector_" : "deletion_vector_");
    for (size_t i = 0; i < uuid.len; i++)
        dwi_buf_printf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid.data[i]);
    dwi_buf_append_cstr(out, ".bin");
    DWI_TRY(dwi_buf_status(out, err));
done:
    dwi_buf_done(&uuid);
    return status;
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

dw_status dwi_deletion_vector_key(const dwi_log *log, const dwi_dv *dv, char **out, dw_error *err)
{
    char *key = NULL;
    dw_status status;
    dwi_buf name;

    if (dwi_sv_eq_cstr(dv->storage_type, "p"))
        return dwi_log_data_key(log, dv->path_or_inline, out, err);
    dwi_buf_init(&name, log->alloc);
    if (!dwi_sv_eq_cstr(dv->storage_type, "u"))
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "deletion vector: storage type %.*s is unknown",
                        DWI_SV_ARG(dv->storage_type)));
    DWI_TRY(relative_name(log, dv->path_or_inline, &name, err));
    if (dwi_buf_cstr(&name) != NULL)
        key = dwi_log_key(log, (const char *)name.data);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    *out = key;
done:
    dwi_buf_done(&name);
    return status;
}

/* In a file a vector has its size before and its CRC-32 after it, both big-endian. */
static dw_status read_stored(const dwi_log *log, const dwi_dv *dv, dwi_buf *out, dw_error *err)
{
    const dw_range range = {dv->offset < 0 ? 0 : dv->offset, (int64_t)dv->size_in_bytes + 8};
    char *key = NULL;
    dw_status status;

    DWI_TRY(dwi_deletion_vector_key(log, dv, &key, err));
    DWI_TRY(dwi_store_get(log->store, key, range, range.length, out, err));
    if (out->len != (size_t)range.length || be32(out->data) != (uint32_t)dv->size_in_bytes ||
        be32(out->data + out->len - 4) != dwi_crc32(0, out->data + 4, (size_t)dv->size_in_bytes))
        DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                        "%s: deletion vector at %" PRId64 ": wrong size or checksum", key,
                        range.offset));
done:
    dwi_cstr_free(log->alloc, key);
    return status;
}

dw_status dwi_deletion_vector_read(const dwi_log *log, const dwi_dv *dv, int64_t rows,
                                   uint8_t *bitmap, dw_error *err)
{
    bool is_inline = dwi_sv_eq_cstr(dv->storage_type, "i");
    int64_t cardinality = 0;
    size_t skip = is_inline ? 0 : 4;
    dw_status status;
    dwi_buf bytes;

    dwi_buf_init(&bytes, log->alloc);
    if (dv->size_in_bytes < 0)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "deletion vector: a negative size"));
    if (is_inline)
        DWI_TRY(decode_z85(dv->path_or_inline, &bytes, err));
    else
        DWI_TRY(read_stored(log, dv, &bytes, err));
    if (bytes.len < skip + (size_t)dv->size_in_bytes)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "deletion vector: shorter than sizeInBytes"));
    DWI_TRY(dwi_deletion_vector_decode((dw_bytes){bytes.data + skip, (size_t)dv->size_in_bytes},
                                       rows, bitmap, &cardinality, err));
    if (cardinality != dv->cardinality)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                        "deletion vector: %" PRId64 " rows, its cardinality says %" PRId64,
                        cardinality, dv->cardinality));
done:
    dwi_buf_done(&bytes);
    return status;
}
