/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/vector_write.h"

#include <assert.h>

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
    CONTAINER_ROWS = 65536,
    CONTAINER_BYTES = CONTAINER_ROWS / 8,
    CONTAINERS = 65536, /* of one 32-bit bitmap */
    FORMAT_VERSION = 1
};

/* Up to 65,536 rows, of which some are deleted. */
typedef struct container {
    uint16_t key;
    const uint8_t *bits;
    size_t n_bits;
    uint32_t cardinality;
    uint32_t runs;
} container;

static bool is_set(const container *c, size_t i)
{
    return i < c->n_bits && (c->bits[i >> 3] >> (i & 7) & 1) != 0;
}

static void measure(container *c)
{
    bool before = false;

    for (size_t i = 0; i < c->n_bits; i++) {
        bool bit;
        if ((i & 7) == 0 && c->bits[i >> 3] == 0) { /* mostly so */
            before = false;
            i += 7;
            continue;
        }
        bit = is_set(c, i);
        c->cardinality += bit;
        c->runs += bit && !before;
        before = bit;
    }
}

static size_t plain_bytes(const container *c)
{
    return c->cardinality <= MAX_ARRAY_CARDINALITY ? (size_t)c->cardinality * 2 : CONTAINER_BYTES;
}

static bool is_run(const container *c)
{
    return 2 + (size_t)c->runs * 4 < plain_bytes(c);
}

static void append_le(dwi_buf *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        dwi_buf_append_byte(out, (uint8_t)(value >> (8 * i)));
}

static void append_runs(dwi_buf *out, const container *c)
{
    append_le(out, c->runs, 2);
    for (size_t i = 0; i < c->n_bits; i++) {
        size_t first = i;
        if (!is_set(c, i))
            continue;
        while (is_set(c, i + 1))
            i++;
        append_le(out, first, 2);
        append_le(out, i - first, 2);
    }
}

static void append_container(dwi_buf *out, const container *c)
{
    size_t bytes = (c->n_bits + 7) / 8;

    if (is_run(c)) {
        append_runs(out, c);
    } else if (c->cardinality <= MAX_ARRAY_CARDINALITY) {
        for (size_t i = 0; i < c->n_bits; i++)
            if (is_set(c, i))
                append_le(out, i, 2);
    } else {
        dwi_buf_append(out, c->bits, bytes);
        dwi_buf_append_zeros(out, CONTAINER_BYTES - bytes);
    }
}

/* The containers of one 32-bit bitmap that have rows, into `list` unless it is NULL. */
static size_t find_containers(const uint8_t *bitmap, int64_t rows, container *list)
{
    size_t n = 0;

    for (int64_t first = 0; first < rows; first += CONTAINER_ROWS) {
        container c = {.key = (uint16_t)(first / CONTAINER_ROWS), .bits = bitmap + first / 8};
        c.n_bits = (size_t)(rows - first < CONTAINER_ROWS ? rows - first : CONTAINER_ROWS);
        measure(&c);
        if (c.cardinality == 0)
            continue;
        if (list != NULL)
            list[n] = c;
        n++;
    }
    return n;
}

/* Heads of containers, then their offsets where the format has them, counted from `start`. */
static void append_heads(dwi_buf *out, const container *list, size_t n, bool with_runs,
                         size_t start)
{
    size_t at;

    for (size_t i = 0; i < n; i++) {
        append_le(out, list[i].key, 2);
        append_le(out, list[i].cardinality - 1, 2);
    }
    if (with_runs && n < NO_OFFSET_THRESHOLD)
        return;
    at = out->len - start + 4 * n;
    for (size_t i = 0; i < n; i++) {
        append_le(out, at, 4);
        at += is_run(&list[i]) ? 2 + (size_t)list[i].runs * 4 : plain_bytes(&list[i]);
    }
}

static void append_roaring(dwi_buf *out, const container *list, size_t n)
{
    size_t start = out->len;
    bool with_runs = false;
    uint8_t flags = 0;

    for (size_t i = 0; i < n; i++)
        with_runs = with_runs || is_run(&list[i]);
    if (!with_runs) {
        append_le(out, SERIAL_COOKIE_NO_RUNCONTAINER, 4);
        append_le(out, n, 4);
    } else {
        append_le(out, SERIAL_COOKIE | (n - 1) << 16, 4);
        for (size_t i = 0; i < n; i++) {
            flags = (uint8_t)(flags | (unsigned)is_run(&list[i]) << (i & 7));
            if ((i & 7) == 7 || i + 1 == n) {
                dwi_buf_append_byte(out, flags);
                flags = 0;
            }
        }
    }
    append_heads(out, list, n, with_runs, start);
    for (size_t i = 0; i < n; i++)
        append_container(out, &list[i]);
}

/* One 32-bit bitmap of the array: rows first .. end. False: it has none. */
static bool append_part(dwi_buf *out, const uint8_t *bitmap, int64_t first, int64_t end)
{
    size_t n = find_containers(bitmap + first / 8, end - first, NULL);
    container *list;

    if (n == 0)
        return false;
    list = dwi_alloc_array(out->alloc, n, sizeof(*list));
    if (list == NULL) {
        out->failed = true;
        return false;
    }
    (void)find_containers(bitmap + first / 8, end - first, list);
    append_le(out, (uint64_t)first >> 32, 4);
    append_roaring(out, list, n);
    dwi_free(out->alloc, list, n * sizeof(*list));
    return true;
}

void dwi_vector_append(dwi_buf *out, const uint8_t *bitmap, int64_t rows)
{
    const int64_t most = (int64_t)CONTAINERS * CONTAINER_ROWS;
    size_t count_at;
    uint64_t n = 0;

    append_le(out, ROARING_BITMAP_ARRAY_MAGIC, 4);
    count_at = out->len;
    append_le(out, 0, 8);
    for (int64_t first = 0; first < rows; first += most)
        n += append_part(out, bitmap, first, rows - first < most ? rows : first + most);
    for (int i = 0; i < 8 && !out->failed; i++)
        out->data[count_at + (size_t)i] = (uint8_t)(n >> (8 * i));
}

/* ---- files ---- */

struct dwi_vector_file {
    const dwi_log *log;
    char uuid[DWI_UUID_TEXT + 1];
    char *key;
    dwi_buf bytes;
};

dw_status dwi_vector_file_new(const dwi_log *log, dwi_vector_file **out, dw_error *err)
{
    dwi_vector_file *file = dwi_alloc_zero(log->alloc, sizeof(*file));
    char name[DWI_UUID_TEXT + 32];

    if (file == NULL)
        return dwi_err_nomem(err);
    file->log = log;
    dwi_buf_init(&file->bytes, log->alloc);
    dwi_uuid(log->env, file->uuid);
    memcpy(name, "deletion_vector_", 16);
    memcpy(name + 16, file->uuid, DWI_UUID_TEXT);
    memcpy(name + 16 + DWI_UUID_TEXT, ".bin", 5);
    file->key = dwi_log_key(log, name);
    if (file->key == NULL) {
        dwi_vector_file_free(file);
        return dwi_err_nomem(err);
    }
    *out = file;
    return DW_OK;
}

void dwi_vector_file_free(dwi_vector_file *file)
{
    if (file == NULL)
        return;
    dwi_cstr_free(file->log->alloc, file->key);
    dwi_buf_done(&file->bytes);
    dwi_free(file->log->alloc, file, sizeof(*file));
}

size_t dwi_vector_file_bytes(const dwi_vector_file *file)
{
    return file->bytes.len;
}

/* Z85 (ZeroMQ RFC 32) of the UUID: five characters for four bytes. */
static void spell_uuid(const char *uuid, char out[20])
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   ".-:+=^!/*?&<>()[]{}@%$#";
    uint32_t block = 0;
    int digits = 0;

    for (; *uuid != '\0'; uuid++) {
        if (*uuid == '-')
            continue;
        block = block << 4 | (uint32_t)dwi_hex_value(*uuid);
        if (++digits % 8 != 0)
            continue;
        for (int i = 4; i >= 0; i--) {
            out[(digits / 8 - 1) * 5 + i] = alphabet[block % 85];
            block /= 85;
        }
    }
}

static int64_t count_bits(const uint8_t *bitmap, int64_t rows)
{
    int64_t n = 0;

    for (int64_t i = 0; i < (rows + 7) / 8; i++)
        for (unsigned byte = bitmap[i]; byte != 0; byte &= byte - 1)
            n++;
    return n;
}

static void put_be32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

dw_status dwi_vector_file_add(dwi_vector_file *file, dwi_arena *arena, const uint8_t *bitmap,
                              int64_t rows, dwi_dv *out, dw_error *err)
{
    dwi_dv dv = {.storage_type = DWI_SV("u"), .cardinality = count_bits(bitmap, rows)};
    dwi_buf *bytes = &file->bytes;
    char name[20];
    uint8_t crc[4];
    size_t start;
    size_t size;

    if (bytes->len == 0)
        dwi_buf_append_byte(bytes, FORMAT_VERSION);
    start = bytes->len;
    dwi_buf_append_zeros(bytes, 4);
    dwi_vector_append(bytes, bitmap, rows);
    if (dwi_buf_status(bytes, err) != DW_OK)
        return DW_E_NOMEM;
    size = bytes->len - start - 4;
    if (size > INT32_MAX || start > INT32_MAX)
        return dwi_err(err, DW_E_UNSUPPORTED, "%s: a deletion vector of %zu bytes", file->key,
                       size);
    put_be32(bytes->data + start, (uint32_t)size);
    put_be32(crc, dwi_crc32(0, bytes->data + start + 4, size));
    dwi_buf_append(bytes, crc, sizeof(crc));
    spell_uuid(file->uuid, name);
    if (dwi_buf_status(bytes, err) != DW_OK ||
        !dwi_arena_sv(arena, (dwi_sv){name, sizeof(name)}, &dv.path_or_inline))
        return dwi_err_nomem(err);
    dv.offset = (int32_t)start;
    dv.size_in_bytes = (int32_t)size;
    *out = dv;
    return DW_OK;
}

dw_status dwi_vector_file_finish(dwi_vector_file *file, dw_error *err)
{
    assert(file->bytes.len > 0);
    return dwi_store_put(file->log->store, file->key, (dw_bytes){file->bytes.data, file->bytes.len},
                         DW_PUT_OVERWRITE, err);
}

void dwi_vector_file_remove(const dwi_vector_file *file)
{
    (void)dwi_store_remove(file->log->store, file->key, NULL);
}
