/* SPDX-License-Identifier: Apache-2.0 */
/* The check of long texts by vector instructions, where the machine has them. */
#ifndef DWI_BASE_UTF8_IMPL_H
#define DWI_BASE_UTF8_IMPL_H

#include "base/utf8.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define DWI_UTF8_AVX2 1
/* Only where __builtin_cpu_supports("avx2"). */
bool dwi_utf8_valid_avx2(const uint8_t *p, size_t len);
#else
#define DWI_UTF8_AVX2 0
#endif

#endif
