/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/encode_pool.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/le.h"
#include "memory_file.h"

/* ---- the pool ---- */

enum { TASKS = 200, THREADS = 4 };

typedef struct tally {
    int runs[TASKS];
    int busy[THREADS]; /* a worker does one thing at a time */
    size_t fail_from;  /* these tasks fail */
} tally;

static dw_status count_run(void *ctx, size_t worker, size_t task, dw_error *err)
{
    tally *t = ctx;

    if (__atomic_add_fetch(&t->busy[worker], 1, __ATOMIC_SEQ_CST) != 1)
        return dwi_err(err, DW_E_CORRUPT, "worker %zu is used twice", worker);
    __atomic_add_fetch(&t->runs[task], 1, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&t->busy[worker], 1, __ATOMIC_SEQ_CST);
    if (task >= t->fail_from)
        return dwi_err(err, DW_E_UNSUPPORTED, "task %zu", task);
    return DW_OK;
}

static void every_task_runs_once_in_every_run(void **state)
{
    dwi_encode_pool *pool = NULL;
    tally t = {.fail_from = TASKS};

    (void)state;
    DWT_OK(dwi_encode_pool_new(dwi_alloc_default(), THREADS, &pool, NULL), NULL);
    for (int run = 1; run <= 50; run++) {
        DWT_OK(dwi_encode_pool_run(pool, TASKS, count_run, &t, NULL), NULL);
        for (size_t i = 0; i < TASKS; i++)
            DWT_EQ(t.runs[i], run);
    }
    DWT_OK(dwi_encode_pool_run(pool, 0, count_run, &t, NULL), NULL);
    dwi_encode_pool_free(pool);
}

static void the_first_failed_task_is_told_and_no_more_begin(void **state)
{
    dwi_encode_pool *pool = NULL;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_encode_pool_new(dwi_alloc_default(), THREADS, &pool, NULL), NULL);
    for (int run = 0; run < 50; run++) {
        tally t = {.fail_from = 30};
        DWT_ERR(dwi_encode_pool_run(pool, TASKS, count_run, &t, &err), &err, DW_E_UNSUPPORTED,
                "task 30");
        for (size_t i = 0; i < TASKS; i++)
            DWT_EQ(t.runs[i], i <= 30 ? 1 : i < 30 + THREADS ? t.runs[i] : 0);
        t.fail_from = TASKS;
        DWT_OK(dwi_encode_pool_run(pool, TASKS, count_run, &t, &err), &err);
    }
    dwi_encode_pool_free(pool);
}

/* ---- the writer with it ---- */

static const dwi_type long_type = {.kind = DWI_LONG};
static const dwi_type text_type = {.kind = DWI_STRING};
static const dwi_field list_field[] = {FIELD("element", &text_type, true, -1)};
static const dwi_type list_type = {.kind = DWI_ARRAY, .n_fields = 1, .fields = list_field};
static const dwi_field fields[] = {
    FIELD("a", &long_type, true, -1), FIELD("b", &long_type, true, -1),
    FIELD("c", &text_type, true, -1), FIELD("d", &list_type, true, -1),
    FIELD("e", &long_type, true, -1)};
static const dwi_type row_type = ROW(fields);

/* Some row groups of random numbers, few numbers, texts and lists of them. */
static dw_status write_rows(const dw_allocator *alloc, int n_threads, memory_file *file,
                            dw_error *err)
{
    enum { N = 3000 };
    static int64_t random[N];
    static int64_t few[N];
    static int32_t offsets[N + 1];
    static uint8_t text[8 * N];
    const dwi_vec element = {.type = &text_type, .length = N, .offsets = offsets, .data = text};
    static int32_t lists[N + 1];
    const dwi_vec columns[] = {
        {.type = &long_type, .length = N, .values = random},
        {.type = &long_type, .length = N, .values = few},
        {.type = &text_type, .length = N, .offsets = offsets, .data = text},
        {.type = &list_type, .length = N, .offsets = lists, .n_children = 1, .children = &element},
        {.type = &long_type, .length = N, .values = random}};
    const dwi_vec rows = {.type = &row_type, .length = N, .n_children = 5, .children = columns};
    const dwi_parquet_write_options opts = {.codec = DWI_CODEC_ZSTD,
                                            .page_rows = 300,
                                            .row_group_rows = 1000,
                                            .page_checksums = true,
                                            .bloom_filters = true,
                                            .bloom_max_bytes = 4096,
                                            .n_threads = n_threads};
    dwi_parquet_writer *w = NULL;
    dw_status status;

    fill_random(random, N);
    memcpy(text, random, sizeof(text));
    for (int32_t i = 0; i < N; i++) {
        few[i] = i % 7;
        offsets[i + 1] = 8 * (i + 1);
        lists[i + 1] = i % 3 == 0 ? lists[i] : i;
    }
    DWI_TRY(dwi_parquet_writer_new(alloc, &row_type, &opts, (dwi_parquet_sink){file, to_memory}, &w,
                                   err));
    DWI_TRY(dwi_parquet_writer_append(w, &rows, err));
    DWI_TRY(dwi_parquet_writer_append(w, &rows, err));
    DWI_TRY(dwi_parquet_writer_finish(w, err));
done:
    dwi_parquet_writer_free(w);
    return status;
}

static void any_number_of_threads_writes_the_same_bytes(void **state)
{
    memory_file one;

    (void)state;
    memory_file_init(&one);
    DWT_OK(write_rows(dwi_alloc_default(), 1, &one, NULL), NULL);
    for (int n = 2; n <= 9; n++) {
        memory_file more;
        memory_file_init(&more);
        DWT_OK(write_rows(dwi_alloc_default(), n, &more, NULL), NULL);
        DWT_EQ(more.bytes.len, one.bytes.len);
        assert_memory_equal(more.bytes.data, one.bytes.data, one.bytes.len);
        dwi_buf_done(&more.bytes);
    }
    dwi_buf_done(&one.bytes);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The harness's allocator from several threads. */
static void *locked_realloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    const dw_allocator *inner = ctx;
    void *out;

    (void)pthread_mutex_lock(&lock);
    out = inner->realloc(inner->ctx, ptr, old_size, new_size);
    (void)pthread_mutex_unlock(&lock);
    return out;
}

static dw_status write_for_sweep(const dw_allocator *alloc, void *ctx)
{
    dw_allocator locked = {.realloc = locked_realloc};
    memory_file file;
    dw_status status;

    (void)ctx;
    memcpy(&locked.ctx, &alloc, sizeof(alloc));
    memory_file_init(&file);
    status = write_rows(&locked, 3, &file, NULL);
    dwi_buf_done(&file.bytes);
    return status;
}

static void a_failed_allocation_of_any_thread_is_told(void **state)
{
    (void)state;
    dwt_alloc_sweep(write_for_sweep, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once_in_every_run),
        cmocka_unit_test(the_first_failed_task_is_told_and_no_more_begin),
        cmocka_unit_test(any_number_of_threads_writes_the_same_bytes),
        cmocka_unit_test(a_failed_allocation_of_any_thread_is_told),
    };

    return cmocka_run_group_tests_name("encode_pool", tests, NULL, NULL);
}
