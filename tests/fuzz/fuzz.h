/* SPDX-License-Identifier: Apache-2.0 */
/* What libFuzzer, and mutate.c without it, call for each input. */
#ifndef DWT_FUZZ_H
#define DWT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
