/* SPDX-License-Identifier: Apache-2.0 */
/* The one neutral type tree that columns, Parquet and Delta share, and its Delta JSON form.
 * Immutable once built; lives in an arena or in a dwi_schema.
 * Spec: Delta PROTOCOL.md, "Schema Serialization Format". */
#ifndef DWI_SCHEMA_TYPE_H
#define DWI_SCHEMA_TYPE_H

#include "base/arena.h"
#include "base/buf.h"

typedef enum dwi_type_kind {
    DWI_VOID = 0,
    DWI_BOOLEAN = 1,
    DWI_BYTE = 2,
    DWI_SHORT = 3,
    DWI_INTEGER = 4,
    DWI_LONG = 5,
    DWI_FLOAT = 6,
    DWI_DOUBLE = 7,
    DWI_DECIMAL = 8, /* precision 1..38, scale 0..precision; values are 16-byte little-endian */
    DWI_STRING = 9,
    DWI_BINARY = 10,
    DWI_DATE = 11,          /* int32 days */
    DWI_TIMESTAMP = 12,     /* int64 microseconds, UTC */
    DWI_TIMESTAMP_NTZ = 13, /* int64 microseconds, no time zone */
    DWI_STRUCT = 14,
    DWI_ARRAY = 15,
    DWI_MAP = 16,
    DWI_VARIANT = 17, /* the name alone: no type has this kind, see dwi_type.variant */
    DWI_LAST_DELTA_KIND =
        DWI_VARIANT,           /* those from here on are Parquet's alone, no table has them */
    DWI_UBYTE = 18,            /* uint8 */
    DWI_USHORT = 19,           /* uint16 */
    DWI_UINTEGER = 20,         /* uint32 */
    DWI_ULONG = 21,            /* uint64 */
    DWI_FLOAT16 = 22,          /* IEEE half, 2 bytes */
    DWI_TIME_MS = 23,          /* int32 milliseconds since midnight */
    DWI_TIME_US = 24,          /* int64 microseconds since midnight */
    DWI_TIME_NS = 25,          /* int64 nanoseconds since midnight */
    DWI_TIMESTAMP_MS = 26,     /* int64 milliseconds, UTC */
    DWI_TIMESTAMP_NTZ_MS = 27, /* int64 milliseconds, no time zone */
    DWI_TIMESTAMP_NS = 28,     /* int64 nanoseconds, UTC */
    DWI_TIMESTAMP_NTZ_NS = 29, /* int64 nanoseconds, no time zone */
    DWI_UUID = 30,             /* 16 bytes, as they are written: big-endian */
    DWI_FIXED = 31,            /* fixed_bytes bytes */
    DWI_JSON = 32              /* text, laid out as string */
} dwi_type_kind;

typedef struct dwi_type dwi_type;

typedef struct dwi_field {
    dwi_sv name; /* NUL-terminated */
    const dwi_type *type;
    bool nullable;
    int32_t field_id;     /* Parquet field_id, -1: none; from JSON: metadata's
                             delta.columnMapping.id, else parquet.field.id */
    dwi_sv metadata_json; /* the field's "metadata" object, verbatim; "{}" when empty */
} dwi_field;

struct dwi_type {
    dwi_type_kind kind;
    uint8_t precision; /* decimal */
    uint8_t scale;
    bool variant; /* a struct that stands for Delta's type variant: "metadata" and "value", two
                     binaries that are never null, as it lies in files and columns */
    uint32_t fixed_bytes; /* DWI_FIXED: of one value */
    /* struct: its fields. array: one field "element" (nullable = containsNull). map: two fields,
     * "key" (never nullable) and "value" (nullable = valueContainsNull). Else none. */
    size_t n_fields;
    const dwi_field *fields;
};

/* A whole schema: a struct type with its memory, shared by reference count. */
typedef struct dwi_schema dwi_schema;
struct dwi_schema {
    dwi_arena arena;
    int refs; /* __atomic */
    const dwi_type *root;
    dwi_sv json; /* the Delta JSON, as read or as we write it; NUL-terminated */
};

/* From Delta schema JSON; a missing "nullable" is true, missing "metadata" is {}. DW_E_CORRUPT
 * (malformed; names the field's path), DW_E_UNSUPPORTED (an unknown type, named), DW_E_SCHEMA (two
 * names equal ignoring case). */
dw_status dwi_schema_parse(const dw_allocator *alloc, dwi_sv json, dwi_schema **out, dw_error *err);
/* A copy of a struct type of any arena; its JSON is written anew, metadata verbatim. */
dw_status dwi_schema_from_type(const dw_allocator *alloc, const dwi_type *root, dwi_schema **out,
                               dw_error *err);
/* `schema` and `n` more top-level fields after its own; unknown metadata is kept verbatim. */
dw_status dwi_schema_add_fields(const dw_allocator *alloc, const dwi_schema *schema,
                                const dwi_field *fields, size_t n, dwi_schema **out, dw_error *err);
dwi_schema *dwi_schema_ref(dwi_schema *schema);
void dwi_schema_unref(dwi_schema *schema); /* NULL too */

/* Deep copy of a type into an arena; NULL when out of memory. */
const dwi_type *dwi_type_copy(dwi_arena *arena, const dwi_type *type);
bool dwi_type_copy_field(dwi_arena *arena, const dwi_field *field, dwi_field *out);
/* Same kinds, precision, scale, field names and nullability all the way down. */
bool dwi_type_equal(const dwi_type *a, const dwi_type *b);
/* The same but for nullability and metadata. */
bool dwi_type_equal_values(const dwi_type *a, const dwi_type *b);
/* Index of a field of a struct, -1: none. Case-insensitive, as Delta names are. */
int dwi_type_find(const dwi_type *type, dwi_sv name);
/* "decimal(10,2)", "array<string>", "struct<a:long>" for messages and `deltawrite schema`. */
void dwi_type_append_name(dwi_buf *buf, const dwi_type *type);
/* The Delta JSON of a type or field. */
void dwi_type_append_json(dwi_buf *buf, const dwi_type *type);
void dwi_field_append_json(dwi_buf *buf, const dwi_field *field);
/* "long", "timestamp_ntz", "struct": the kind alone. */
const char *dwi_type_kind_name(dwi_type_kind kind);
/* Bytes of one value of a fixed-width type in a column (boolean: 0, it is a bitmap; string, binary
 * and nested: 0). */
size_t dwi_type_width(const dwi_type *type);
/* Text and bytes: 32-bit offsets into data. */
static inline bool dwi_type_is_bytes(const dwi_type *type)
{
    return type->kind == DWI_STRING || type->kind == DWI_BINARY || type->kind == DWI_JSON;
}
/* A variant at any depth, the type itself included. */
bool dwi_type_has_variant(const dwi_type *type);
/* What a variant is in files and columns. */
const dwi_type *dwi_type_of_variant(void);
/* The first part of the tree that no Delta table can have, NULL: none. */
const dwi_type *dwi_type_find_foreign(const dwi_type *type);

#endif
