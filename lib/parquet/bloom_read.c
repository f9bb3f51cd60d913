/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/bloom_read.h"

#include "base/le.h"
#include "codec/xxhash64.h"
#include "parquet/bloom_block.h"
#include "thrift/compact.h"

enum {
    MAX_FILTER_BYTES = 128 << 20,
    HEADER_BYTES = 64,        /* a header takes fewer */
    WHOLE_BYTES = 256 * 1024, /* filters up to here are read as a whole */
    MAX_BLOCK_READS = 4,      /* of larger ones single blocks */
    MAX_PLAIN = 16
};

typedef struct filter_header {
    int64_t bytes;
    bool known; /* algorithm, hash and compression are the ones that there are */
} filter_header;

static bool is_first_of_union(dwi_tr *t, dwi_thrift_type type)
{
    int16_t id;
    bool first = false;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        first = id == 1;
        dwi_tr_skip(t, type);
    }
    dwi_tr_struct_end(t);
    return first;
}

static bool parse_header(const uint8_t *data, size_t len, filter_header *out, size_t *out_used)
{
    int known = 0;
    dwi_tr t;
    int16_t id;
    dwi_thrift_type type;

    dwi_tr_begin(&t, data, len);
    while (dwi_tr_field(&t, &id, &type)) {
        if (id == 1)
            out->bytes = dwi_tr_i32(&t, type);
        else if (id >= 2 && id <= 4)
            known += is_first_of_union(&t, type);
        else
            dwi_tr_skip(&t, type);
    }
    *out_used = (size_t)(t.pos - t.start);
    return !t.failed && known == 3 && out->bytes >= DWI_BLOOM_BLOCK_BYTES &&
           out->bytes <= MAX_FILTER_BYTES && out->bytes % DWI_BLOOM_BLOCK_BYTES == 0;
}

static int64_t integer_of(const dwi_type *type, dwi_sv value)
{
    switch (type->kind) {
    case DWI_BYTE:
        return (int8_t)value.ptr[0];
    case DWI_UBYTE:
        return (uint8_t)value.ptr[0];
    case DWI_SHORT:
        return (int16_t)dwi_le16(value.ptr);
    case DWI_USHORT:
        return dwi_le16(value.ptr);
    default:
        return value.len == 4 ? (int32_t)dwi_le32(value.ptr) : (int64_t)dwi_le64(value.ptr);
    }
}

static dwi_bloom_form hash_bytes(const void *data, size_t len, uint64_t *out_hash)
{
    *out_hash = dwi_xxhash64(0, data, len);
    return DWI_BLOOM_HASHED;
}

/* A number in an INT32 or INT64 column of integers, dates, times or timestamps. */
static dwi_bloom_form hash_integer(const dwi_parquet_node *node, int64_t value, bool is_signed,
                                   uint64_t *out_hash)
{
    uint8_t plain[8];

    dwi_le64_put(plain, (uint64_t)value);
    if (node->physical == DWI_PARQUET_INT64)
        return hash_bytes(plain, 8, out_hash);
    if (is_signed ? value < INT32_MIN || value > INT32_MAX : value < 0 || value > UINT32_MAX)
        return DWI_BLOOM_ABSENT;
    return hash_bytes(plain, 4, out_hash);
}

static bool is_integer(dwi_leaf_source source)
{
    return source >= DWI_LEAF_INT8 && source <= DWI_LEAF_UINT64;
}

/* A decimal of the column's own scale. */
static dwi_bloom_form hash_decimal(const dwi_filter_term *term, dwi_sv value, uint64_t *out_hash)
{
    const dwi_parquet_node *node = term->node;
    const uint8_t *p = (const uint8_t *)value.ptr;
    bool negative = p[MAX_PLAIN - 1] >= 0x80;
    uint8_t plain[MAX_PLAIN];
    size_t width = node->physical == DWI_PARQUET_INT32   ? 4
                   : node->physical == DWI_PARQUET_INT64 ? 8
                                                         : (size_t)node->type_length;

    if (node->type->kind != DWI_DECIMAL || node->type->scale != term->type->scale ||
        node->physical == DWI_PARQUET_BYTE_ARRAY || width > MAX_PLAIN)
        return DWI_BLOOM_UNKNOWN;
    for (size_t i = width; i < MAX_PLAIN; i++)
        if (p[i] != (negative ? 0xFF : 0))
            return DWI_BLOOM_ABSENT;
    if ((p[width - 1] >= 0x80) != negative)
        return DWI_BLOOM_ABSENT;
    if (node->physical != DWI_PARQUET_FIXED_LEN_BYTE_ARRAY)
        return hash_bytes(p, width, out_hash);
    for (size_t i = 0; i < width; i++)
        plain[i] = p[width - 1 - i];
    return hash_bytes(plain, width, out_hash);
}

/* Zeros have two forms and NaN many: those are not asked for. */
static dwi_bloom_form hash_float(const dwi_filter_term *term, dwi_sv value, uint64_t *out_hash)
{
    float single;
    double real;

    if (term->type->kind == DWI_FLOAT) {
        memcpy(&single, value.ptr, sizeof(single));
        real = (double)single;
    } else {
        memcpy(&real, value.ptr, sizeof(real));
    }
    if (!(real < 0 || real > 0) || term->node->type->kind != term->type->kind)
        return DWI_BLOOM_UNKNOWN;
    return hash_bytes(value.ptr, value.len, out_hash);
}

dwi_bloom_form dwi_bloom_hash(const dwi_filter_term *term, dwi_sv value, uint64_t *out_hash)
{
    const dwi_parquet_node *node = term->node;
    bool same_kind = node->type->kind == term->type->kind;

    switch (term->type->kind) {
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
        return is_integer(node->source) ? hash_integer(node, integer_of(term->type, value),
                                                       node->source != DWI_LEAF_UINT32, out_hash)
                                        : DWI_BLOOM_UNKNOWN;
    case DWI_FLOAT:
    case DWI_DOUBLE:
        return hash_float(term, value, out_hash);
    case DWI_DECIMAL:
        return hash_decimal(term, value, out_hash);
    case DWI_STRING:
    case DWI_BINARY:
    case DWI_JSON:
        return hash_bytes(value.ptr, value.len, out_hash);
    case DWI_UUID:
    case DWI_FIXED:
        return hash_bytes(value.ptr, value.len, out_hash);
    case DWI_BOOLEAN:
    case DWI_FLOAT16:
        return DWI_BLOOM_UNKNOWN;
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
        return same_kind
                   ? hash_integer(node, integer_of(term->type, value) & UINT32_MAX, false, out_hash)
                   : DWI_BLOOM_UNKNOWN;
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        if (node->source != DWI_LEAF_MICROS)
            return DWI_BLOOM_UNKNOWN;
        return hash_integer(node, integer_of(term->type, value), true, out_hash);
    default:
        return same_kind ? hash_integer(node, integer_of(term->type, value), true, out_hash)
                         : DWI_BLOOM_UNKNOWN;
    }
}

typedef struct bloom {
    const dwi_file_view *file;
    int64_t blocks_at;
    size_t n_blocks;
    dwi_buf bytes; /* the whole filter, empty: single blocks are read */
} bloom;

static dw_status may_have(const bloom *b, uint64_t hash, bool *out, dw_error *err)
{
    size_t at = dwi_bloom_block_of(hash, b->n_blocks) * DWI_BLOOM_BLOCK_BYTES;
    uint8_t block[DWI_BLOOM_BLOCK_BYTES];
    dw_status status = DW_OK;

    if (b->bytes.len > 0)
        memcpy(block, b->bytes.data + at, sizeof(block));
    else
        status = dwi_file_view_read(b->file, b->blocks_at + (int64_t)at, sizeof(block), block, err);
    if (status == DW_OK)
        *out = dwi_bloom_block_may_have(block, hash);
    return status;
}

/* *out_usable false: nothing can be learnt from it. */
static dw_status open_filter(bloom *b, const dwi_footer_chunk *chunk, size_t n_values,
                             bool *out_usable, dw_error *err)
{
    int64_t limit = b->file->source.size - DWI_FILE_TRAILER_BYTES;
    int64_t offset = chunk->bloom_filter.offset;
    filter_header header = {0, false};
    uint8_t head[HEADER_BYTES];
    size_t used;
    int64_t len;
    dw_status status;

    *out_usable = false;
    if (offset <= 0 || offset >= limit)
        return DW_OK;
    len = limit - offset < HEADER_BYTES ? limit - offset : HEADER_BYTES;
    status = dwi_file_view_read(b->file, offset, (size_t)len, head, err);
    if (status != DW_OK || !parse_header(head, (size_t)len, &header, &used))
        return status;
    b->blocks_at = offset + (int64_t)used;
    b->n_blocks = (size_t)header.bytes / DWI_BLOOM_BLOCK_BYTES;
    if (header.bytes > limit - b->blocks_at)
        return DW_OK;
    if (header.bytes <= WHOLE_BYTES) {
        if (!dwi_buf_reserve(&b->bytes, (size_t)header.bytes))
            return dwi_err_nomem(err);
        status =
            dwi_file_view_read(b->file, b->blocks_at, (size_t)header.bytes, b->bytes.data, err);
        b->bytes.len = status == DW_OK ? (size_t)header.bytes : 0;
    }
    *out_usable = status == DW_OK && (b->bytes.len > 0 || n_values <= MAX_BLOCK_READS);
    return status;
}

dw_status dwi_bloom_may_pass(const dwi_file_view *file, const dw_allocator *alloc,
                             const dwi_filter_term *term, const dwi_footer_chunk *chunk, bool *out,
                             dw_error *err)
{
    bool equality = term->op == DWI_COMPARE_EQ || term->op == DWI_COMPARE_IN;
    bool usable = false;
    bool found = false;
    bloom b = {.file = file};
    dw_status status = DW_OK;

    *out = true;
    if (!equality || term->node == NULL || term->node->rep > 0 || chunk->bloom_filter.bytes == 0)
        return DW_OK;
    dwi_buf_init(&b.bytes, alloc);
    for (size_t i = 0; i < term->n_values && !found; i++) {
        uint64_t hash = 0;
        dwi_bloom_form form = dwi_bloom_hash(term, term->values[i], &hash);
        if (form == DWI_BLOOM_UNKNOWN)
            goto done;
        if (form == DWI_BLOOM_ABSENT)
            continue;
        if (b.n_blocks == 0)
            DWI_TRY(open_filter(&b, chunk, term->n_values, &usable, err));
        if (!usable)
            goto done;
        DWI_TRY(may_have(&b, hash, &found, err));
    }
    *out = found;
done:
    dwi_buf_done(&b.bytes);
    return status;
}
