/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64, the hash of Parquet's Bloom filters. Spec: Cyan4973/xxHash doc/xxhash_spec.md. */
#ifndef DWI_CODEC_XXHASH64_H
#define DWI_CODEC_XXHASH64_H

#include <stddef.h>
#include <stdint.h>

uint64_t dwi_xxhash64(uint64_t seed, const void *data, size_t len);

#endif
