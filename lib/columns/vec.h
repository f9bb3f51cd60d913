/* SPDX-License-Identifier: Apache-2.0 */
/* Columns in memory, in Arrow's layout. A dwi_vec is a borrowed view that the Parquet writer and
 * Arrow export take; a dwi_column owns its buffers and grows.
 *
 * Layout by type: boolean a bitmap (LSB first); byte and short 1 and 2 bytes; integer, date and
 * float 4; long, double and timestamps 8; decimal 16 (little-endian two's complement); string and
 * binary 32-bit offsets and bytes; array and map 32-bit offsets and children (map: one child, a
 * struct of key and value); struct children of its own length; void a validity bitmap that is all
 * null. Null rows of fixed width types hold zeros. */
#ifndef DWI_COLUMNS_VEC_H
#define DWI_COLUMNS_VEC_H

#include <deltawrite/arrow_c_data.h>

#include "base/buf.h"
#include "schema/type.h"

typedef struct dwi_vec {
    const dwi_type *type;
    int64_t length;
    int64_t offset;          /* first row, in values of the buffers below (not of children) */
    const uint8_t *validity; /* bitmap, NULL: all valid; bit offset + i */
    const void *values;      /* fixed width and boolean */
    const int32_t *offsets;  /* string, binary, array, map: offset + length + 1 of them */
    const uint8_t *data;     /* string, binary */
    size_t n_children;       /* struct: fields; array: 1; map: 1 (entries struct) */
    const struct dwi_vec *children; /* struct: row i is child row offset + i; they have offsets of
                                     * their own on top */
} dwi_vec;

/* The type of a map's child: a struct of the map's two fields. */
static inline dwi_type dwi_map_entries_type(const dwi_type *map)
{
    return (dwi_type){.kind = DWI_STRUCT, .n_fields = 2, .fields = map->fields};
}

static inline bool dwi_bit_get(const uint8_t *bits, int64_t i)
{
    return (bits[i >> 3] >> (i & 7)) & 1;
}

static inline bool dwi_vec_is_valid(const dwi_vec *vec, int64_t row)
{
    return vec->validity == NULL || dwi_bit_get(vec->validity, vec->offset + row);
}

/* A growing column. For a struct, children have the same length. */
typedef struct dwi_column dwi_column;
struct dwi_column {
    const dwi_type *type; /* borrowed; must outlive the column */
    const dw_allocator *alloc;
    int64_t length;
    int64_t null_count;
    dwi_buf validity; /* bitmap; empty while null_count is 0 */
    dwi_buf values;
    dwi_buf offsets; /* int32_t, length + 1 of them once anything was appended */
    dwi_buf data;
    size_t n_children;
    dwi_column *children;
    dwi_type *entries_type; /* map: the struct of key and value, type of its one child; owned */
};

/* DW_E_UNSUPPORTED for variant. */
dw_status dwi_column_init(dwi_column *column, const dwi_type *type, const dw_allocator *alloc,
                          dw_error *err);
void dwi_column_done(dwi_column *column);  /* a zeroed one too */
void dwi_column_clear(dwi_column *column); /* length 0, memory kept */
/* Drop rows from the end, children too, and what was appended to the children of a row that has not
 * ended. */
void dwi_column_truncate(dwi_column *column, int64_t length);
/* One null (children of a struct get one too), or many. */
dw_status dwi_column_append_null(dwi_column *column, dw_error *err);
dw_status dwi_column_append_nulls(dwi_column *column, int64_t count, dw_error *err);
/* One value; the caller knows the type. Fixed width: `value` points at its bytes. */
dw_status dwi_column_append_fixed(dwi_column *column, const void *value, dw_error *err);
dw_status dwi_column_append_bool(dwi_column *column, bool value, dw_error *err);
/* DW_E_NOMEM past 2 GiB of bytes in one column as well; callers flush long before. `data` may not
 * point into the column. */
dw_status dwi_column_append_bytes(dwi_column *column, const void *data, size_t len, dw_error *err);
/* Rows first .. first + count of a view of the same type (but for nullability), deep. */
dw_status dwi_column_append_vec(dwi_column *column, const dwi_vec *vec, int64_t first,
                                int64_t count, dw_error *err);
/* The rows of a view whose numbers are given, in that order, deep. */
dw_status dwi_column_take(dwi_column *column, const dwi_vec *vec, const uint32_t *rows, int64_t n,
                          dw_error *err);
/* After the children of a struct got their values: one more valid row. After those of an array or
 * map: one row whose elements are all appended since the last one. */
dw_status dwi_column_end_row(dwi_column *column, dw_error *err);
/* One more field at the end of a struct column whose type is now `type` (a superset), all null. */
dw_status dwi_column_add_child(dwi_column *column, const dwi_type *type, dw_error *err);
/* A view of it, children from `arena`; valid while the column does not change. NULL on no memory.
 */
const dwi_vec *dwi_column_view(const dwi_column *column, dwi_arena *arena);
/* Where row `row` (up to length) of a string, binary, array or map begins. */
int64_t dwi_column_offset_at(const dwi_column *column, int64_t row);
/* Bytes of content in its buffers, children too. */
size_t dwi_column_bytes(const dwi_column *column);
/* Bytes that it has taken from its allocator, but for the column itself. */
size_t dwi_column_memory(const dwi_column *column);

#endif
