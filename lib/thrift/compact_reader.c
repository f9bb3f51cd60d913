/* SPDX-License-Identifier: Apache-2.0 */
#include "thrift/compact.h"

#include "base/le.h"

static void fail(dwi_tr *r, const char *why)
{
    if (r->failed)
        return;
    r->failed = true;
    r->why = why;
}

static size_t left(const dwi_tr *r)
{
    return (size_t)(r->end - r->pos);
}

static uint8_t read_byte(dwi_tr *r)
{
    if (r->failed || r->pos == r->end) {
        fail(r, "truncated");
        return 0;
    }
    return *r->pos++;
}

static uint64_t read_varint(dwi_tr *r)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_byte(r);
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return r->failed ? 0 : value;
    }
    fail(r, "varint too long");
    return 0;
}

static int64_t read_zigzag(dwi_tr *r)
{
    uint64_t value = read_varint(r);

    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* A length or count: every byte or element it counts takes at least one byte of what is left. */
static size_t read_size(dwi_tr *r)
{
    uint64_t size = read_varint(r);

    if (!r->failed && size > left(r)) {
        fail(r, "length beyond the end");
        return 0;
    }
    return (size_t)size;
}

void dwi_tr_begin(dwi_tr *r, const void *data, size_t len)
{
    static const uint8_t nothing[1] = {0};

    memset(r, 0, sizeof(*r));
    r->start = data == NULL ? nothing : data;
    r->pos = r->start;
    r->end = r->start + len;
}

bool dwi_tr_field(dwi_tr *r, int16_t *out_id, dwi_thrift_type *out_type)
{
    uint8_t header = read_byte(r);
    int64_t id;

    if (r->failed || header == DWI_THRIFT_STOP)
        return false;
    if ((header & 0x0F) == DWI_THRIFT_STOP || (header & 0x0F) > DWI_THRIFT_UUID) {
        fail(r, "unknown field type");
        return false;
    }
    id = (header >> 4) != 0 ? r->last_id[r->depth] + (header >> 4) : read_zigzag(r);
    if (!r->failed && (id < INT16_MIN || id > INT16_MAX))
        fail(r, "field id out of range");
    if (r->failed)
        return false;
    r->last_id[r->depth] = (int16_t)id;
    r->bool_value = (header & 0x0F) == DWI_THRIFT_TRUE;
    *out_id = (int16_t)id;
    *out_type = (dwi_thrift_type)(header & 0x0F);
    return true;
}

bool dwi_tr_bool(dwi_tr *r, dwi_thrift_type type)
{
    if (type != DWI_THRIFT_TRUE && type != DWI_THRIFT_FALSE)
        fail(r, "not a boolean");
    return !r->failed && r->bool_value;
}

int64_t dwi_tr_i64(dwi_tr *r, dwi_thrift_type type)
{
    switch (type) {
    case DWI_THRIFT_BYTE:
        return (int8_t)read_byte(r);
    case DWI_THRIFT_I16:
    case DWI_THRIFT_I32:
    case DWI_THRIFT_I64:
        return read_zigzag(r);
    default:
        fail(r, "not an integer");
        return 0;
    }
}

int32_t dwi_tr_i32(dwi_tr *r, dwi_thrift_type type)
{
    int64_t value;

    if (type == DWI_THRIFT_I64) {
        fail(r, "not a 32-bit integer");
        return 0;
    }
    value = dwi_tr_i64(r, type);
    if (value < INT32_MIN || value > INT32_MAX) {
        fail(r, "integer out of range");
        return 0;
    }
    return (int32_t)value;
}

double dwi_tr_double(dwi_tr *r, dwi_thrift_type type)
{
    double value;
    uint64_t bits;

    if (type != DWI_THRIFT_DOUBLE) {
        fail(r, "not a double");
        return 0;
    }
    if (r->failed || left(r) < sizeof(bits)) {
        fail(r, "truncated");
        return 0;
    }
    bits = dwi_le64(r->pos);
    r->pos += sizeof(bits);
    memcpy(&value, &bits, sizeof(value));
    return value;
}

dwi_sv dwi_tr_binary(dwi_tr *r, dwi_thrift_type type)
{
    dwi_sv value = {(const char *)r->pos, 0};

    if (type != DWI_THRIFT_BINARY) {
        fail(r, "not a string");
        return value;
    }
    value.len = read_size(r);
    value.ptr = (const char *)r->pos;
    r->pos += value.len;
    return value;
}

size_t dwi_tr_list(dwi_tr *r, dwi_thrift_type type, dwi_thrift_type *out_element)
{
    uint8_t header;
    size_t count;

    *out_element = DWI_THRIFT_STOP;
    if (type != DWI_THRIFT_LIST && type != DWI_THRIFT_SET) {
        fail(r, "not a list");
        return 0;
    }
    header = read_byte(r);
    count = (header >> 4) == 15 ? read_size(r) : (size_t)(header >> 4);
    if (!r->failed && count > left(r))
        fail(r, "length beyond the end");
    if (!r->failed && count > 0 &&
        ((header & 0x0F) == DWI_THRIFT_STOP || (header & 0x0F) > DWI_THRIFT_UUID))
        fail(r, "unknown element type");
    if (r->failed)
        return 0;
    *out_element = (dwi_thrift_type)(header & 0x0F);
    return count;
}

bool dwi_tr_element_bool(dwi_tr *r)
{
    return read_byte(r) == DWI_THRIFT_TRUE;
}

static bool enter(dwi_tr *r)
{
    if (r->depth + 1 >= DWI_TC_MAX_DEPTH) {
        fail(r, "nested too deeply");
        return false;
    }
    r->last_id[++r->depth] = 0;
    return true;
}

void dwi_tr_struct_begin(dwi_tr *r, dwi_thrift_type type)
{
    if (type != DWI_THRIFT_STRUCT)
        fail(r, "not a struct");
    if (!r->failed)
        (void)enter(r);
}

void dwi_tr_struct_end(dwi_tr *r)
{
    if (!r->failed && r->depth > 0)
        r->depth--;
}

static void skip_value(dwi_tr *r, dwi_thrift_type type, bool element);

static void skip_uuid(dwi_tr *r)
{
    enum { UUID_BYTES = 16 };

    if (left(r) < UUID_BYTES)
        fail(r, "truncated");
    else
        r->pos += UUID_BYTES;
}

static void skip_map(dwi_tr *r)
{
    size_t count = read_size(r);
    uint8_t types = count > 0 ? read_byte(r) : 0;

    for (size_t i = 0; i < count && !r->failed; i++) {
        skip_value(r, (dwi_thrift_type)(types >> 4), true);
        skip_value(r, (dwi_thrift_type)(types & 0x0F), true);
    }
}

static void skip_list(dwi_tr *r, dwi_thrift_type type)
{
    dwi_thrift_type element;
    size_t count = dwi_tr_list(r, type, &element);

    for (size_t i = 0; i < count && !r->failed; i++)
        skip_value(r, element, true);
}

static void skip_struct(dwi_tr *r)
{
    int16_t id;
    dwi_thrift_type type;

    while (dwi_tr_field(r, &id, &type))
        skip_value(r, type, false);
}

static void skip_nested(dwi_tr *r, dwi_thrift_type type)
{
    if (r->failed || !enter(r))
        return;
    if (type == DWI_THRIFT_STRUCT)
        skip_struct(r);
    else if (type == DWI_THRIFT_MAP)
        skip_map(r);
    else
        skip_list(r, type);
    if (!r->failed)
        r->depth--;
}

/* A boolean field has no bytes of its own, a boolean element has one. */
static void skip_value(dwi_tr *r, dwi_thrift_type type, bool element)
{
    switch (type) {
    case DWI_THRIFT_TRUE:
    case DWI_THRIFT_FALSE:
        if (element)
            (void)read_byte(r);
        break;
    case DWI_THRIFT_BYTE:
        (void)read_byte(r);
        break;
    case DWI_THRIFT_I16:
    case DWI_THRIFT_I32:
    case DWI_THRIFT_I64:
        (void)read_varint(r);
        break;
    case DWI_THRIFT_DOUBLE:
        (void)dwi_tr_double(r, type);
        break;
    case DWI_THRIFT_BINARY:
        (void)dwi_tr_binary(r, type);
        break;
    case DWI_THRIFT_LIST:
    case DWI_THRIFT_SET:
    case DWI_THRIFT_MAP:
    case DWI_THRIFT_STRUCT:
        skip_nested(r, type);
        break;
    case DWI_THRIFT_UUID:
        skip_uuid(r);
        break;
    case DWI_THRIFT_STOP:
    default:
        fail(r, "unknown field type");
        break;
    }
}

void dwi_tr_skip(dwi_tr *r, dwi_thrift_type type)
{
    skip_value(r, type, false);
}

dw_status dwi_tr_finish(dwi_tr *r, const char *what, size_t *out_used, dw_error *err)
{
    size_t used = (size_t)(r->pos - r->start);

    if (r->failed)
        return dwi_err(err, DW_E_CORRUPT, "%s: %s at byte %zu", what, r->why, used);
    if (out_used != NULL)
        *out_used = used;
    return DW_OK;
}
