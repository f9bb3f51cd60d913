/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include "base/le.h"
#include "codec/crc32_table.h"

uint32_t dwi_crc32(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;

    crc = ~crc;
    for (; len >= 8; len -= 8, p += 8) {
        uint32_t a = dwi_le32(p) ^ crc;
        uint32_t b = dwi_le32(p + 4);
        crc = crc32_tables[7][a & 255] ^ crc32_tables[6][a >> 8 & 255] ^
              crc32_tables[5][a >> 16 & 255] ^ crc32_tables[4][a >> 24] ^ crc32_tables[3][b & 255] ^
              crc32_tables[2][b >> 8 & 255] ^ crc32_tables[1][b >> 16 & 255] ^
              crc32_tables[0][b >> 24];
    }
    for (; len > 0; len--, p++)
        crc = crc >> 8 ^ crc32_tables[0][(crc ^ *p) & 255];
    return ~crc;
}
