/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/bloom_block.h"

#include "base/le.h"

static const uint32_t salts[DWI_BLOOM_WORDS] = {
    0x47B6137B, 0x44974D91, 0x8824AD5B, 0xA2B7289D, 0x705495C7, 0x2DF1424B, 0x9EFC4947, 0x5C6BFB31,
};

/* The one bit of word i that a hash sets. */
static uint32_t bit_of(uint64_t hash, size_t i)
{
    return UINT32_C(1) << (((uint32_t)hash * salts[i]) >> 27);
}

void dwi_bloom_block_add(void *block, uint64_t hash)
{
    uint8_t *words = block;

    for (size_t i = 0; i < DWI_BLOOM_WORDS; i++)
        dwi_le32_put(words + 4 * i, dwi_le32(words + 4 * i) | bit_of(hash, i));
}

bool dwi_bloom_block_may_have(const void *block, uint64_t hash)
{
    const uint8_t *words = block;
    bool all = true;

    for (size_t i = 0; i < DWI_BLOOM_WORDS; i++)
        all &= (dwi_le32(words + 4 * i) & bit_of(hash, i)) != 0;
    return all;
}
