/* SPDX-License-Identifier: Apache-2.0 */
/* One variant in the making: its value and the names that go into its metadata.
 * Spec: Parquet VariantEncoding.md. */
#ifndef DWI_COLUMNS_VARIANT_BUILD_H
#define DWI_COLUMNS_VARIANT_BUILD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { DWI_VARIANT_MAX_DEPTH = 200 };

typedef struct dwi_variant_field {
    size_t name_at; /* in dwi_variant_builder.names */
    size_t name_len;
    uint32_t id;
    size_t value_at; /* after the object's start */
} dwi_variant_field;

typedef struct dwi_variant_builder {
    dwi_buf value;
    dwi_buf names; /* one after the other */
    dwi_buf ends;  /* uint32_t, where each name ends */
    dwi_buf out;   /* metadata, when finished */
} dwi_variant_builder;

void dwi_variant_builder_init(dwi_variant_builder *b, const dw_allocator *alloc);
void dwi_variant_builder_done(dwi_variant_builder *b);
void dwi_variant_builder_clear(dwi_variant_builder *b);
/* DW_E_NOMEM if any call so far was out of memory. */
dw_status dwi_variant_builder_status(const dwi_variant_builder *b, dw_error *err);

/* Type ids of primitive values. */
enum {
    DWI_VARIANT_NULL = 0,
    DWI_VARIANT_TRUE = 1,
    DWI_VARIANT_FALSE = 2,
    DWI_VARIANT_DOUBLE = 7,
    DWI_VARIANT_DATE = 11,
    DWI_VARIANT_TIMESTAMP = 12,
    DWI_VARIANT_TIMESTAMP_NTZ = 13,
    DWI_VARIANT_FLOAT = 14,
    DWI_VARIANT_BINARY = 15,
    DWI_VARIANT_STRING = 16,
    DWI_VARIANT_UUID = 20
};
/* A primitive of fixed width, its bytes little-endian. */
void dwi_variant_put(dwi_variant_builder *b, int type_id, const void *bytes, size_t len);
void dwi_variant_put_integer(dwi_variant_builder *b, int64_t value); /* as small as it can be */
void dwi_variant_put_decimal(dwi_variant_builder *b, const uint8_t value[16], int scale);
void dwi_variant_put_text(dwi_variant_builder *b, dwi_sv text);
void dwi_variant_put_binary(dwi_variant_builder *b, dwi_sv bytes);

/* A name gets its number; the same one gets the same. Fills what a field needs. */
void dwi_variant_name(dwi_variant_builder *b, dwi_sv name, size_t start, dwi_variant_field *out);
/* What was put since `start` becomes an object, or an array whose elements begin at `at`. Fields
 * are sorted here. */
void dwi_variant_end_object(dwi_variant_builder *b, size_t start, dwi_variant_field *fields,
                            size_t n);
void dwi_variant_end_array(dwi_variant_builder *b, size_t start, const size_t *at, size_t n);
/* The metadata; valid until the builder is cleared. */
dwi_sv dwi_variant_metadata(dwi_variant_builder *b);

/* ---- taking one apart ---- */

typedef struct dwi_variant_parts {
    bool object;
    uint32_t n;
    dwi_sv whole;
    size_t ids;
    size_t offsets;
    size_t values;
    size_t id_size;
    size_t offset_size;
} dwi_variant_parts;

/* Bytes of the value that `bytes` begins with; 0: it is none. */
size_t dwi_variant_length(dwi_sv bytes, int depth);
bool dwi_variant_is_container(dwi_sv value);
/* An object or array; false: malformed. */
bool dwi_variant_open(dwi_sv value, dwi_variant_parts *out);
/* Its i-th value; false: malformed. */
bool dwi_variant_part(const dwi_variant_parts *parts, uint32_t i, dwi_sv *out);
/* The name of an object's i-th field by the metadata; false: malformed. */
bool dwi_variant_part_name(const dwi_variant_parts *parts, uint32_t i, dwi_sv metadata,
                           dwi_sv *out);

#endif
