/* SPDX-License-Identifier: Apache-2.0 */
/* bench_parquet_read [-n RUNS] [-b ROWS] FILE: reads all columns of a file into batches of columns
 * and prints the best run. To compare: the same file by pyarrow, in one thread,
 *   python3 -c "import pyarrow.parquet as p,time,sys; f=sys.argv[1]; t=[]
 *   for _ in range(5): s=time.time(); p.read_table(f,use_threads=False); t.append(time.time()-s)
 *   print(min(t))" FILE */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "parquet/parquet_reader.h"

static dw_status read_file(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    FILE *file = ctx;

    if (fseek(file, (long)offset, SEEK_SET) != 0 || fread(out, 1, len, file) != len)
        return dwi_err(err, DW_E_IO, "read of %zu bytes at %lld", len, (long long)offset);
    return DW_OK;
}

static double now_seconds(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static dw_status read_all(FILE *file, const char *path, int64_t batch_rows, int64_t *out_rows,
                          int64_t *out_bytes, dw_error *err)
{
    const dw_allocator *alloc = dwi_alloc_default();
    dwi_parquet_source source = {.ctx = file, .name = path, .read = read_file};
    dwi_parquet_reader *reader = NULL;
    dwi_column batch = {0};
    dw_status status;

    *out_rows = 0;
    *out_bytes = 0;
    (void)fseek(file, 0, SEEK_END);
    source.size = (int64_t)ftell(file);
    DWI_TRY(dwi_parquet_reader_open(alloc, source, &reader, err));
    DWI_TRY(dwi_column_init(&batch, dwi_parquet_reader_type(reader), alloc, err));
    do {
        DWI_TRY(dwi_parquet_reader_next(reader, batch_rows, &batch, err));
        *out_rows += batch.length;
        *out_bytes += (int64_t)dwi_column_bytes(&batch);
    } while (batch.length > 0);
done:
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    return status;
}

int main(int argc, char **argv)
{
    int64_t batch_rows = 65536;
    long runs = 5;
    double best = 1e9;
    int64_t rows = 0;
    int64_t bytes = 0;
    FILE *file;
    dw_error err;
    int option;

    while ((option = getopt(argc, argv, "n:b:")) != -1) {
        if (option == 'n')
            runs = strtol(optarg, NULL, 10);
        else if (option == 'b')
            batch_rows = strtoll(optarg, NULL, 10);
        else
            return 2;
    }
    if (optind + 1 != argc || (file = fopen(argv[optind], "rb")) == NULL)
        return 2;
    for (long i = 0; i < runs; i++) {
        double start = now_seconds();
        double seconds;
        if (read_all(file, argv[optind], batch_rows, &rows, &bytes, &err) != DW_OK) {
            (void)fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        seconds = now_seconds() - start;
        best = seconds < best ? seconds : best;
    }
    (void)fclose(file);
    (void)printf("%.4f s, %lld rows, %.1f MB in memory, %.0f MB/s\n", best, (long long)rows,
                 (double)bytes / 1e6, (double)bytes / 1e6 / best);
    return 0;
}
