/* SPDX-License-Identifier: Apache-2.0 */
/* What the two kinds of dictionaries share: hashing, and slots that are probed one after another.
 * The hash's high half is in the slot, and the place comes from it too, so that growing needs no
 * value. */
#ifndef DWI_PARQUET_DICT_SLOTS_H
#define DWI_PARQUET_DICT_SLOTS_H

#include "base/le.h"
#include "parquet/dict_encode.h"

enum { DWI_DICT_MAX_PROBES = 64, DWI_DICT_BLOCK = 64 };

#define DWI_DICT_K0 UINT64_C(0x9E3779B97F4A7C15)
#define DWI_DICT_K1 UINT64_C(0xD6E8FEB86659FD93)
#define DWI_DICT_K2 UINT64_C(0xA0761D6478BD642F)

/* The two halves of the product of 128 bits, folded into one. */
static inline uint64_t dwi_dict_fold(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t one = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t two = (a & UINT32_MAX) * (b >> 32) + (one & UINT32_MAX);

    return (two << 32 | (low & UINT32_MAX)) ^ ((a >> 32) * (b >> 32) + (one >> 32) + (two >> 32));
#endif
}

static inline uint64_t dwi_dict_slot(uint64_t hash, uint32_t index)
{
    return (hash & UINT64_C(0xFFFFFFFF00000000)) | (index + 1);
}

static inline size_t dwi_dict_place(uint64_t slot, size_t n_slots)
{
    return (size_t)(slot >> 32) & (n_slots - 1);
}

/* Slots for `more` entries on top of those there are, most of them free: at least half, of few
 * three quarters, since a look-up that meets another entry first costs more than the memory. */
dw_status dwi_dict_make_room(dwi_dict *dict, size_t more, dw_error *err);

#endif
