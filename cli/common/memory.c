/* SPDX-License-Identifier: Apache-2.0 */
#include "common/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *ptr)
{
    static const char message[] = "out of memory\n";

    if (ptr != NULL)
        return ptr;
    (void)!write(STDERR_FILENO, message, sizeof(message) - 1);
    _exit(1);
}

void *need_alloc(size_t count, size_t size)
{
    return checked(calloc(count == 0 ? 1 : count, size));
}

void *need_realloc(void *ptr, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return checked(NULL);
    return checked(realloc(ptr, count * size == 0 ? 1 : count * size));
}

char *need_strdup(const char *text)
{
    return checked(strdup(text));
}
