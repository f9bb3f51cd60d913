/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/process_stats.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int64_t process_resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    int64_t pages = -1;
    int64_t resident = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%" SCNd64 " %" SCNd64, &pages, &resident) != 2)
        resident = -1;
    (void)fclose(file);
    return resident < 0 ? -1 : resident * (int64_t)sysconf(_SC_PAGESIZE);
}

static int64_t open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t count = -1; /* the folder itself is open */

    if (dir == NULL)
        return -1;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] != '.')
            count++;
    }
    (void)closedir(dir);
    return count;
}

/* Fields 20, 22 and 23 of /proc/self/stat; the second one, in brackets, may have spaces. */
static bool read_stat(int64_t *threads, uint64_t *start_ticks, uint64_t *virtual_bytes)
{
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    size_t len;
    const char *after;

    if (file == NULL)
        return false;
    len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    after = strrchr(text, ')');
    return after != NULL &&
           sscanf(after + 1,
                  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %" SCNd64
                  " %*d %" SCNu64 " %" SCNu64,
                  threads, start_ticks, virtual_bytes) == 3;
}

/* When the machine was started, in seconds since 1970; 0: unknown. The file is a long one, and is
 * read once. */
static int64_t boot_time(void)
{
    static _Atomic int64_t known;
    FILE *file = known != 0 ? NULL : fopen("/proc/stat", "re");
    char line[256];
    int64_t at = known;

    while (file != NULL && at == 0 && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "btime %" SCNd64, &at) != 1)
            at = 0;
    }
    if (file != NULL)
        (void)fclose(file);
    known = at;
    return at;
}

static double seconds(const struct timeval *tv)
{
    return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

void process_stats(process_stat_fn *each, void *ctx)
{
    struct rusage usage;
    struct rlimit files;
    int64_t resident = process_resident_bytes();
    int64_t fds = open_files();
    int64_t booted = boot_time();
    int64_t threads;
    uint64_t start_ticks;
    uint64_t virtual_bytes;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        each(ctx, "process_cpu_seconds_total", true, "User and system CPU time.",
             seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
    if (resident >= 0)
        each(ctx, "process_resident_memory_bytes", false, "Memory in RAM.", (double)resident);
    if (fds >= 0)
        each(ctx, "process_open_fds", false, "Open file descriptors.", (double)fds);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        each(ctx, "process_max_fds", false, "Most file descriptors that may be open.",
             (double)files.rlim_cur);
    if (!read_stat(&threads, &start_ticks, &virtual_bytes))
        return;
    each(ctx, "process_virtual_memory_bytes", false, "Address space.", (double)virtual_bytes);
    each(ctx, "process_threads", false, "Threads.", (double)threads);
    if (booted > 0)
        each(ctx, "process_start_time_seconds", false,
             "Start of the process, in seconds since 1970.",
             (double)booted + (double)start_ticks / (double)sysconf(_SC_CLK_TCK));
}
