/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian loads and stores at any alignment. The library runs on little-endian machines only
 * (the build checks it), so these are plain copies. */
#ifndef DWI_BASE_LE_H
#define DWI_BASE_LE_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libdeltawrite needs a little-endian machine"
#endif

static inline uint16_t dwi_le16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint32_t dwi_le32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint64_t dwi_le64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline void dwi_le32_put(void *p, uint32_t v)
{
    memcpy(p, &v, sizeof(v));
}

static inline void dwi_le64_put(void *p, uint64_t v)
{
    memcpy(p, &v, sizeof(v));
}

#endif
