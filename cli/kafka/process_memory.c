/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/process_memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

void process_keep_memory_low(void)
{
#if defined(__GLIBC__)
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    (void)mallopt(M_ARENA_MAX, 2);
#endif
}

/* Pages of files (code, libraries) are the system's to drop: they do not count. */
int64_t process_private_bytes(void)
{
    int64_t size = 0;
    int64_t resident = 0;
    int64_t shared = 0;
    char text[128];
    ssize_t n;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    if (sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64, &size, &resident, &shared) != 3)
        return 0;
    return (resident - shared) * sysconf(_SC_PAGESIZE);
}

void process_trim(void)
{
#if defined(__GLIBC__)
    (void)malloc_trim(0);
#endif
}
