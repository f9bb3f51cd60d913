/* SPDX-License-Identifier: Apache-2.0 */
/* madvise() is not in POSIX. */
#define _DEFAULT_SOURCE 1

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "base/checked.h"

enum { HUGE_PAGE = 2 << 20, SMALL_PAGE = 4096 };

static void *default_realloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_size);
}

const dw_allocator *dwi_alloc_default(void)
{
    static const dw_allocator allocator = {NULL, default_realloc};

    return &allocator;
}

void *dwi_alloc(const dw_allocator *alloc, size_t size)
{
    return size == 0 ? NULL : alloc->realloc(alloc->ctx, NULL, 0, size);
}

void *dwi_alloc_zero(const dw_allocator *alloc, size_t size)
{
    void *ptr = dwi_alloc(alloc, size);

    if (ptr != NULL)
        memset(ptr, 0, size);
    return ptr;
}

void *dwi_alloc_array(const dw_allocator *alloc, size_t count, size_t size)
{
    size_t bytes;

    return dwi_size_mul(count, size, &bytes) ? dwi_alloc(alloc, bytes) : NULL;
}

void *dwi_realloc(const dw_allocator *alloc, void *ptr, size_t old_size, size_t new_size)
{
    return alloc->realloc(alloc->ctx, ptr, old_size, new_size);
}

void dwi_free(const dw_allocator *alloc, void *ptr, size_t size)
{
    if (ptr != NULL)
        (void)alloc->realloc(alloc->ctx, ptr, size, 0);
}

void dwi_alloc_expect_use(void *ptr, size_t size)
{
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    uintptr_t start = ((uintptr_t)ptr + SMALL_PAGE - 1) & ~(uintptr_t)(SMALL_PAGE - 1);
    uintptr_t end = ((uintptr_t)ptr + size) & ~(uintptr_t)(SMALL_PAGE - 1);

    if (size >= HUGE_PAGE)
        (void)madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)ptr;
    (void)size;
#endif
}

char *dwi_cstr_dup(const dw_allocator *alloc, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = dwi_alloc(alloc, size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

void dwi_cstr_free(const dw_allocator *alloc, char *text)
{
    if (text != NULL)
        dwi_free(alloc, text, strlen(text) + 1);
}
