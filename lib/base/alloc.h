/* SPDX-License-Identifier: Apache-2.0 */
/* Memory through a handle's allocator. Blocks are freed with the size they were asked for. */
#ifndef DWI_BASE_ALLOC_H
#define DWI_BASE_ALLOC_H

#include <deltawrite/common.h>

/* The allocator over malloc; what NULL means in public options. */
const dw_allocator *dwi_alloc_default(void);

/* NULL when out of memory; size 0 gives NULL too. */
void *dwi_alloc(const dw_allocator *alloc, size_t size);
void *dwi_alloc_zero(const dw_allocator *alloc, size_t size);
/* NULL when out of memory or when count * size overflows. */
void *dwi_alloc_array(const dw_allocator *alloc, size_t count, size_t size);
void *dwi_realloc(const dw_allocator *alloc, void *ptr, size_t old_size, size_t new_size);
/* ptr may be NULL. */
void dwi_free(const dw_allocator *alloc, void *ptr, size_t size);

/* Tells the system that all of a large block is about to be written, so that it may come in huge
 * pages: a hint for fresh memory, which changes nothing else. */
void dwi_alloc_expect_use(void *ptr, size_t size);

/* A NUL-terminated copy, freed by dwi_cstr_free(). NULL when out of memory. */
char *dwi_cstr_dup(const dw_allocator *alloc, const char *text);
void dwi_cstr_free(const dw_allocator *alloc, char *text);

#endif
