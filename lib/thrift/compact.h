/* SPDX-License-Identifier: Apache-2.0 */
/* Thrift compact protocol, both ways. Spec: apache/thrift doc/specs/thrift-compact-protocol.md.
 *
 * Writer: errors stick, so that a caller writes a whole struct and asks dwi_tc_finish() once. Field
 * ids must ascend within a struct; that is asserted.
 * Reader: errors stick too; every length is checked against what is left before it is used; nesting
 * is limited to DWI_TC_MAX_DEPTH; unknown fields are skipped by dwi_tr_skip(). */
#ifndef DWI_THRIFT_COMPACT_H
#define DWI_THRIFT_COMPACT_H

#include "base/buf.h"
#include "base/str.h"

enum { DWI_TC_MAX_DEPTH = 32 };

typedef enum dwi_thrift_type {
    DWI_THRIFT_STOP = 0,
    DWI_THRIFT_TRUE = 1,
    DWI_THRIFT_FALSE = 2,
    DWI_THRIFT_BYTE = 3,
    DWI_THRIFT_I16 = 4,
    DWI_THRIFT_I32 = 5,
    DWI_THRIFT_I64 = 6,
    DWI_THRIFT_DOUBLE = 7,
    DWI_THRIFT_BINARY = 8,
    DWI_THRIFT_LIST = 9,
    DWI_THRIFT_SET = 10,
    DWI_THRIFT_MAP = 11,
    DWI_THRIFT_STRUCT = 12,
    DWI_THRIFT_UUID = 13 /* 16 bytes; only ever skipped */
} dwi_thrift_type;

typedef struct dwi_tc {
    dwi_buf *out; /* borrowed */
    int16_t last_id[DWI_TC_MAX_DEPTH];
    int depth;
} dwi_tc;

void dwi_tc_begin(dwi_tc *w, dwi_buf *out); /* the outermost struct is open */
void dwi_tc_bool(dwi_tc *w, int16_t id, bool value);
void dwi_tc_i16(dwi_tc *w, int16_t id, int16_t value);
void dwi_tc_byte(dwi_tc *w, int16_t id, int8_t value);
void dwi_tc_i32(dwi_tc *w, int16_t id, int32_t value);
void dwi_tc_i64(dwi_tc *w, int16_t id, int64_t value);
void dwi_tc_double(dwi_tc *w, int16_t id, double value);
void dwi_tc_binary(dwi_tc *w, int16_t id, const void *data, size_t len);
void dwi_tc_string(dwi_tc *w, int16_t id, dwi_sv value);
void dwi_tc_struct_begin(dwi_tc *w, int16_t id); /* a struct field; end with dwi_tc_struct_end() */
void dwi_tc_struct_end(dwi_tc *w);
void dwi_tc_list_begin(dwi_tc *w, int16_t id, dwi_thrift_type element, size_t count);
/* Elements of the list just begun. A struct element is written between the two calls. */
void dwi_tc_element_i32(dwi_tc *w, int32_t value);
void dwi_tc_element_i64(dwi_tc *w, int64_t value);
void dwi_tc_element_bool(dwi_tc *w, bool value);
void dwi_tc_element_binary(dwi_tc *w, const void *data, size_t len);
void dwi_tc_element_struct_begin(dwi_tc *w);
void dwi_tc_element_struct_end(dwi_tc *w);
dw_status dwi_tc_finish(dwi_tc *w, dw_error *err); /* closes the outermost struct */

typedef struct dwi_tr {
    const uint8_t *start;
    const uint8_t *pos;
    const uint8_t *end;
    int16_t last_id[DWI_TC_MAX_DEPTH];
    int depth;
    bool failed;
    const char *why; /* of the first failure; static text */
    bool bool_value; /* of the boolean field just read */
} dwi_tr;

void dwi_tr_begin(dwi_tr *r, const void *data, size_t len); /* inside the outermost struct */
/* The next field of the current struct; false at its end (or after a failure). */
bool dwi_tr_field(dwi_tr *r, int16_t *out_id, dwi_thrift_type *out_type);
/* The value of the field or element just announced; another type than asked for is a failure. */
bool dwi_tr_bool(dwi_tr *r, dwi_thrift_type type);
int32_t dwi_tr_i32(dwi_tr *r, dwi_thrift_type type); /* byte, i16 and i32 */
int64_t dwi_tr_i64(dwi_tr *r, dwi_thrift_type type); /* and i64 */
double dwi_tr_double(dwi_tr *r, dwi_thrift_type type);
dwi_sv dwi_tr_binary(dwi_tr *r, dwi_thrift_type type); /* a view into the data */
/* Header of a list or set; the count is at most the bytes that are left. */
size_t dwi_tr_list(dwi_tr *r, dwi_thrift_type type, dwi_thrift_type *out_element);
bool dwi_tr_element_bool(dwi_tr *r);
/* Enter and leave a struct field or element. dwi_tr_struct_end() wants the struct read to its end.
 */
void dwi_tr_struct_begin(dwi_tr *r, dwi_thrift_type type);
void dwi_tr_struct_end(dwi_tr *r);
void dwi_tr_skip(dwi_tr *r, dwi_thrift_type type);
/* DW_E_CORRUPT with the offset and `what` when anything failed; *out_used the bytes read. */
dw_status dwi_tr_finish(dwi_tr *r, const char *what, size_t *out_used, dw_error *err);

#endif
