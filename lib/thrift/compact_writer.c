/* SPDX-License-Identifier: Apache-2.0 */
#include "thrift/compact.h"

#include <assert.h>

#include "base/le.h"

enum { VARINT_MAX = 10, LIST_SHORT_MAX = 14, LIST_LONG = 15 };

static void put_varint(dwi_buf *out, uint64_t v)
{
    uint8_t bytes[VARINT_MAX];
    size_t n = 0;

    while (v >= 0x80) {
        bytes[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    bytes[n++] = (uint8_t)v;
    dwi_buf_append(out, bytes, n);
}

/* Small magnitudes of either sign become small numbers. */
static uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

/* Field header: the distance to the last id and the type in one byte, or type and id in two or
 * more. */
static void field(dwi_tc *w, int16_t id, dwi_thrift_type type)
{
    int delta = id - w->last_id[w->depth];

    assert(delta > 0);
    if (delta <= 15) {
        dwi_buf_append_byte(w->out, (uint8_t)((unsigned)delta << 4 | (unsigned)type));
    } else {
        dwi_buf_append_byte(w->out, (uint8_t)type);
        put_varint(w->out, zigzag(id));
    }
    w->last_id[w->depth] = id;
}

static void push(dwi_tc *w)
{
    assert(w->depth + 1 < DWI_TC_MAX_DEPTH);
    w->depth++;
    w->last_id[w->depth] = 0;
}

static void pop(dwi_tc *w)
{
    assert(w->depth > 0);
    dwi_buf_append_byte(w->out, DWI_THRIFT_STOP);
    w->depth--;
}

void dwi_tc_begin(dwi_tc *w, dwi_buf *out)
{
    w->out = out;
    w->depth = 0;
    w->last_id[0] = 0;
}

void dwi_tc_bool(dwi_tc *w, int16_t id, bool value)
{
    field(w, id, value ? DWI_THRIFT_TRUE : DWI_THRIFT_FALSE);
}

void dwi_tc_byte(dwi_tc *w, int16_t id, int8_t value)
{
    field(w, id, DWI_THRIFT_BYTE);
    dwi_buf_append_byte(w->out, (uint8_t)value);
}

void dwi_tc_i16(dwi_tc *w, int16_t id, int16_t value)
{
    field(w, id, DWI_THRIFT_I16);
    put_varint(w->out, zigzag(value));
}

void dwi_tc_i32(dwi_tc *w, int16_t id, int32_t value)
{
    field(w, id, DWI_THRIFT_I32);
    put_varint(w->out, zigzag(value));
}

void dwi_tc_i64(dwi_tc *w, int16_t id, int64_t value)
{
    field(w, id, DWI_THRIFT_I64);
    put_varint(w->out, zigzag(value));
}

void dwi_tc_double(dwi_tc *w, int16_t id, double value)
{
    uint64_t bits;
    uint8_t bytes[8];

    memcpy(&bits, &value, sizeof(bits));
    dwi_le64_put(bytes, bits);
    field(w, id, DWI_THRIFT_DOUBLE);
    dwi_buf_append(w->out, bytes, sizeof(bytes));
}

void dwi_tc_binary(dwi_tc *w, int16_t id, const void *data, size_t len)
{
    field(w, id, DWI_THRIFT_BINARY);
    dwi_tc_element_binary(w, data, len);
}

void dwi_tc_string(dwi_tc *w, int16_t id, dwi_sv value)
{
    dwi_tc_binary(w, id, value.ptr, value.len);
}

void dwi_tc_struct_begin(dwi_tc *w, int16_t id)
{
    field(w, id, DWI_THRIFT_STRUCT);
    push(w);
}

void dwi_tc_struct_end(dwi_tc *w)
{
    pop(w);
}

void dwi_tc_list_begin(dwi_tc *w, int16_t id, dwi_thrift_type element, size_t count)
{
    field(w, id, DWI_THRIFT_LIST);
    if (count <= LIST_SHORT_MAX) {
        dwi_buf_append_byte(w->out, (uint8_t)(count << 4 | (unsigned)element));
    } else {
        dwi_buf_append_byte(w->out, (uint8_t)(LIST_LONG << 4 | (unsigned)element));
        put_varint(w->out, count);
    }
}

void dwi_tc_element_i32(dwi_tc *w, int32_t value)
{
    put_varint(w->out, zigzag(value));
}

void dwi_tc_element_i64(dwi_tc *w, int64_t value)
{
    put_varint(w->out, zigzag(value));
}

void dwi_tc_element_bool(dwi_tc *w, bool value)
{
    dwi_buf_append_byte(w->out, value ? DWI_THRIFT_TRUE : DWI_THRIFT_FALSE);
}

void dwi_tc_element_binary(dwi_tc *w, const void *data, size_t len)
{
    put_varint(w->out, len);
    dwi_buf_append(w->out, data, len);
}

void dwi_tc_element_struct_begin(dwi_tc *w)
{
    push(w);
}

void dwi_tc_element_struct_end(dwi_tc *w)
{
    pop(w);
}

dw_status dwi_tc_finish(dwi_tc *w, dw_error *err)
{
    assert(w->depth == 0);
    dwi_buf_append_byte(w->out, DWI_THRIFT_STOP);
    return dwi_buf_status(w->out, err);
}
