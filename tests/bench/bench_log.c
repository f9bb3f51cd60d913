/* SPDX-License-Identifier: Apache-2.0 */
/* bench_log open|checkpoint|files URI: one operation on a table, then what it took of this process:
 * CPU milliseconds and peak memory in KiB, as a line of JSON. tests/bench/log_vs_deltalake.py makes
 * the tables and runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <deltawrite/deltawrite.h>

static dw_status count_file(void *ctx, const dw_file *file, dw_error *err)
{
    int64_t *count = ctx;

    (void)file;
    (void)err;
    ++*count;
    return DW_OK;
}

static dw_status count_files(dw_table *table, int64_t *count, dw_error *err)
{
    dw_snapshot *snapshot = NULL;
    dw_status status = dw_snapshot_open(table, -1, &snapshot, err);

    if (status == DW_OK)
        status = dw_snapshot_files(snapshot, count_file, count, err);
    dw_snapshot_close(snapshot);
    return status;
}

static dw_status run(const char *what, const char *uri, int64_t *result, dw_error *err)
{
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_status status = dw_table_open_uri(uri, NULL, NULL, &table, err);

    if (status == DW_OK && strcmp(what, "open") == 0)
        status = dw_begin(table, NULL, &txn, err);
    else if (status == DW_OK && strcmp(what, "checkpoint") == 0)
        status = dw_checkpoint(table, result, err);
    else if (status == DW_OK)
        status = count_files(table, result, err);
    dw_txn_close(txn);
    dw_table_close(table);
    return status;
}

/* getrusage() would tell that of the process that forked us, if it was larger. */
static long peak_kib(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long peak = -1;

    while (status != NULL && peak < 0 && fgets(line, sizeof(line), status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    if (status != NULL)
        (void)fclose(status);
    return peak;
}

static double milliseconds(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
    dw_error err = DW_ERROR_INIT;
    struct rusage usage;
    int64_t result = 0;

    if (argc != 3) {
        (void)fputs("usage: bench_log open|checkpoint|files URI\n", stderr);
        return 2;
    }
    if (run(argv[1], argv[2], &result, &err) != DW_OK) {
        (void)fprintf(stderr, "bench_log: %s\n", err.message);
        return 1;
    }
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("{\"cpu_ms\":%.1f,\"rss_kib\":%ld,\"result\":%lld}\n",
                 milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime), peak_kib(),
                 (long long)result);
    return 0;
}
