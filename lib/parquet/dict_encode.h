/* SPDX-License-Identifier: Apache-2.0 */
/* The dictionary of one column chunk while it grows: values become indices in order of first sight,
 * and `page` is the dictionary page's PLAIN content as it stands.
 *
 * 1. Values are found by a hash table; integers of 4 and 8 bytes, as long as they are close
 *    together, in an array that the value itself is the index of.
 * 2. Probing is bounded: values that collide beyond that get an entry of their own again, which a
 *    dictionary may have (`repeats`); hostile values then make the dictionary large, not the
 *    writer slow. */
#ifndef DWI_PARQUET_DICT_ENCODE_H
#define DWI_PARQUET_DICT_ENCODE_H

#include "base/buf.h"

enum { DWI_DICT_SLACK = 64 };

typedef struct dwi_dict {
    const dw_allocator *alloc;
    size_t width;    /* bytes of a value; 0: byte arrays */
    uint64_t *slots; /* high half: hash, low half: index + 1; 0 is empty */
    size_t n_slots;  /* a power of two, or 0 */
    uint32_t count;
    bool repeats; /* two entries may be one value */
    dwi_buf page;
    dwi_buf entries; /* byte arrays: dwi_dict_bytes_entry */

    bool spread;      /* integers too far apart for rule 1's array */
    uint32_t *direct; /* index + 1 of value low + i; 0 is empty */
    size_t n_direct;
    uint64_t low;
} dwi_dict;

void dwi_dict_init(dwi_dict *dict, size_t width, const dw_allocator *alloc);
void dwi_dict_done(dwi_dict *dict);
void dwi_dict_clear(dwi_dict *dict); /* memory is kept */
size_t dwi_dict_bytes(const dwi_dict *dict);

/* One index a value. DW_E_NOMEM leaves the dictionary unusable but for clear and done. */
dw_status dwi_dict_put_fixed(dwi_dict *dict, const void *values, size_t count,
                             uint32_t *out_indices, dw_error *err);
/* Value i is data[offsets[at]..offsets[at + 1]) where at = sel[i], or i when sel is NULL. */
dw_status dwi_dict_put_bytes(dwi_dict *dict, const int32_t *offsets, const uint8_t *data,
                             const uint32_t *sel, size_t count, uint32_t *out_indices,
                             dw_error *err);

/* An entry's PLAIN bytes, with its length in front for byte arrays; behind one of those
 * DWI_DICT_SLACK bytes more can be read. */
const uint8_t *dwi_dict_entry(const dwi_dict *dict, uint32_t index, size_t *out_len);

#endif
