/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include "base/alloc.h"
#include "harness.h"

enum { SIZE = 100000 };

static const int written[] = {DWI_CODEC_UNCOMPRESSED, DWI_CODEC_SNAPPY, DWI_CODEC_GZIP,
                              DWI_CODEC_BROTLI,       DWI_CODEC_ZSTD,   DWI_CODEC_LZ4_RAW};

/* Words that repeat, then noise. */
static void fill(uint8_t *data, size_t len)
{
    uint32_t x = 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        data[i] = i < len / 2 ? (uint8_t)("columnar pages "[i % 15]) : (uint8_t)(x >> 24);
    }
}

static void round_trip(dwi_codec_ctx *ctx, int id, const uint8_t *data, size_t len)
{
    uint8_t *back = dwi_alloc(dwi_alloc_default(), len + 1);
    dwi_buf out = {0};
    dw_error err = DW_ERROR_INIT;

    dwi_buf_init(&out, dwi_alloc_default());
    dwi_buf_append(&out, "xy", 2);
    DWT_OK(dwi_compress(ctx, id, 0, data, len, &out, &err), &err);
    assert_memory_equal(out.data, "xy", 2);
    DWT_OK(dwi_decompress(ctx, id, out.data + 2, out.len - 2, back, len, &err), &err);
    assert_memory_equal(back, data, len);
    DWT_ERR(dwi_decompress(ctx, id, out.data + 2, out.len - 2, back, len + 1, &err), &err,
            DW_E_CORRUPT, dwi_codec_name(id));
    if (len > 0)
        DWT_ERR(dwi_decompress(ctx, id, out.data + 2, out.len - 2, back, len - 1, &err), &err,
                DW_E_CORRUPT, dwi_codec_name(id));
    DWT_ERR(dwi_decompress(ctx, id, out.data + 2, (out.len - 2) / 2, back, len + 1, &err), &err,
            DW_E_CORRUPT, dwi_codec_name(id));
    dwi_buf_done(&out);
    dwi_free(dwi_alloc_default(), back, len + 1);
}

static void what_goes_in_comes_out_and_nothing_else(void **state)
{
    static uint8_t data[SIZE];
    dwi_codec_ctx *ctx = NULL;

    (void)state;
    fill(data, SIZE);
    DWT_OK(dwi_codec_ctx_new(dwi_alloc_default(), &ctx, NULL), NULL);
    for (size_t c = 0; c < sizeof(written) / sizeof(written[0]); c++) {
        if (!dwi_codec_available(written[c])) {
            print_message("# %s is not built in: skipped\n", dwi_codec_name(written[c]));
            continue;
        }
        round_trip(ctx, written[c], data, 0);
        round_trip(ctx, written[c], data, 1);
        round_trip(ctx, written[c], data, SIZE);
    }
    dwi_codec_ctx_free(ctx);
}

static void every_effort_gives_the_same_data_back(void **state)
{
    static uint8_t data[SIZE];
    static uint8_t back[SIZE];
    static const int ids[] = {DWI_CODEC_ZSTD, DWI_CODEC_SNAPPY};
    dwi_codec_ctx *ctx = NULL;
    dwi_buf out = {0};

    (void)state;
    fill(data, SIZE);
    dwi_buf_init(&out, dwi_alloc_default());
    DWT_OK(dwi_codec_ctx_new(dwi_alloc_default(), &ctx, NULL), NULL);
    for (int effort = DWI_EFFORT_LITERALS; effort >= DWI_EFFORT_FULL; effort--) {
        for (size_t len = 0; len <= SIZE; len = len * 10 + 1) {
            for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
                dwi_buf_clear(&out);
                DWT_OK(dwi_compress_with(ctx, ids[i], 0, (dwi_effort)effort, data, len, &out, NULL),
                       NULL);
                DWT_OK(dwi_decompress(ctx, ids[i], out.data, out.len, back, len, NULL), NULL);
                assert_memory_equal(back, data, len);
            }
        }
    }
    dwi_buf_clear(&out);
    DWT_OK(dwi_compress_with(ctx, DWI_CODEC_SNAPPY, 0, DWI_EFFORT_LITERALS, "abc", 3, &out, NULL),
           NULL);
    DWT_BYTES(out.data, out.len, 3, 63 << 2, 2, 0, 0, 0, 'a', 'b', 'c');
    dwi_codec_ctx_free(ctx);
    dwi_buf_done(&out);
}

static dwi_effort judged(dwi_codec_ctx *ctx, int id, int level, const uint8_t *data, size_t len)
{
    dwi_effort effort = DWI_EFFORT_STEPS_6;
    dwi_buf scratch = {0};

    dwi_buf_init(&scratch, dwi_alloc_default());
    DWT_OK(dwi_compress_judge(ctx, id, level, data, len, &scratch, &effort, NULL), NULL);
    dwi_buf_done(&scratch);
    return effort;
}

/* Levels above the lowest get what they ask for, and so do small pages. */
static void effort_is_spared_where_there_are_no_repetitions(void **state)
{
    static uint8_t data[SIZE];
    const uint8_t *noise = data + SIZE / 2;
    dwi_codec_ctx *ctx = NULL;

    (void)state;
    fill(data, SIZE);
    DWT_OK(dwi_codec_ctx_new(dwi_alloc_default(), &ctx, NULL), NULL);
    DWT_EQ(judged(ctx, DWI_CODEC_ZSTD, 1, noise, SIZE / 2), DWI_EFFORT_LITERALS);
    DWT_EQ(judged(ctx, DWI_CODEC_ZSTD, 0, noise, SIZE / 2), DWI_EFFORT_LITERALS);
    DWT_EQ(judged(ctx, DWI_CODEC_ZSTD, 2, noise, SIZE / 2), DWI_EFFORT_FULL);
    DWT_EQ(judged(ctx, DWI_CODEC_ZSTD, 1, noise, 1000), DWI_EFFORT_FULL);
    assert_true(judged(ctx, DWI_CODEC_ZSTD, 1, data, SIZE / 2) != DWI_EFFORT_LITERALS);
    DWT_EQ(judged(ctx, DWI_CODEC_SNAPPY, 0, noise, SIZE / 2), DWI_EFFORT_LITERALS);
    DWT_EQ(judged(ctx, DWI_CODEC_SNAPPY, 0, data, SIZE / 2), DWI_EFFORT_FULL);
    DWT_EQ(judged(ctx, DWI_CODEC_GZIP, 1, noise, SIZE / 2), DWI_EFFORT_FULL);
    dwi_codec_ctx_free(ctx);
}

static void unknown_codecs_are_named(void **state)
{
    dwi_codec_ctx *ctx = NULL;
    dwi_buf out = {0};
    dw_error err = DW_ERROR_INIT;
    uint8_t byte = 0;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    DWT_OK(dwi_codec_ctx_new(dwi_alloc_default(), &ctx, NULL), NULL);
    DWT_ERR(dwi_compress(ctx, DWI_CODEC_LZO, 0, "a", 1, &out, &err), &err, DW_E_UNSUPPORTED, "LZO");
    DWT_ERR(dwi_decompress(ctx, DWI_CODEC_LZO, "a", 1, &byte, 1, &err), &err, DW_E_UNSUPPORTED,
            "LZO");
    DWT_ERR(dwi_decompress(ctx, 99, "a", 1, &byte, 1, &err), &err, DW_E_UNSUPPORTED, "99");
    DWT_ERR(dwi_decompress(ctx, -1, "a", 1, &byte, 1, &err), &err, DW_E_UNSUPPORTED, "-1");
    assert_false(dwi_codec_available(DWI_CODEC_LZ4));
    assert_true(dwi_codec_readable(DWI_CODEC_LZ4));
    DWT_STR(dwi_codec_name(DWI_CODEC_ZSTD), "ZSTD");
    DWT_STR(dwi_codec_name(8), "?");
    dwi_codec_ctx_free(ctx);
    dwi_buf_done(&out);
}

/* "aaaaaaaaaaaaaaaaaaaaaaaa" + "bcdef": one literal, a match of 23 one byte back, five literals. */
static const uint8_t lz4_block[] = {0x1F, 'a', 1, 0, 4, 0x50, 'b', 'c', 'd', 'e', 'f'};

static void lz4_blocks_are_read_bare_and_in_hadoop_frames(void **state)
{
    uint8_t framed[8 + sizeof(lz4_block)] = {0, 0, 0, 29, 0, 0, 0, sizeof(lz4_block)};
    dwi_codec_ctx *ctx = NULL;
    dw_error err = DW_ERROR_INIT;
    char out[29];

    (void)state;
    DWT_OK(dwi_codec_ctx_new(dwi_alloc_default(), &ctx, NULL), NULL);
    DWT_OK(dwi_decompress(ctx, DWI_CODEC_LZ4_RAW, lz4_block, sizeof(lz4_block), out, 29, &err),
           &err);
    assert_memory_equal(out, "aaaaaaaaaaaaaaaaaaaaaaaabcdef", 29);
    memcpy(framed + 8, lz4_block, sizeof(lz4_block));
    memset(out, 0, sizeof(out));
    DWT_OK(dwi_decompress(ctx, DWI_CODEC_LZ4, framed, sizeof(framed), out, 29, &err), &err);
    assert_memory_equal(out, "aaaaaaaaaaaaaaaaaaaaaaaabcdef", 29);
    for (size_t len = 0; len < sizeof(lz4_block); len++)
        DWT_ERR(dwi_decompress(ctx, DWI_CODEC_LZ4_RAW, lz4_block, len, out, 29, &err), &err,
                DW_E_CORRUPT, "LZ4_RAW");
    DWT_ERR(dwi_decompress(ctx, DWI_CODEC_LZ4_RAW, lz4_block, sizeof(lz4_block), out, 28, &err),
            &err, DW_E_CORRUPT, "LZ4_RAW");
    DWT_ERR(dwi_decompress(ctx, DWI_CODEC_LZ4_RAW,
                           "\x1F"
                           "a\x02\x00\x04",
                           5, out, 29, &err),
            &err, DW_E_CORRUPT, "LZ4_RAW");
    dwi_codec_ctx_free(ctx);
}

static void lz4_blocks_are_written_by_the_rules_of_their_end(void **state)
{
    static const char digits[] = "0123456789abcdefghijklm0123456789abcdefghijklm";
    dwi_codec_ctx *ctx = NULL;
    dwi_buf out = {0};
    uint8_t back[400];
    uint8_t data[400];

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    DWT_OK(dwi_codec_ctx_new(dwi_alloc_default(), &ctx, NULL), NULL);
    DWT_OK(dwi_compress(ctx, DWI_CODEC_LZ4_RAW, 0, "aaaaaaaaaaaaaaaaaaaaaaaabcdef", 29, &out, NULL),
           NULL);
    DWT_BYTES(out.data, out.len, 0x1F, 'a', 1, 0, 4, 0x50, 'b', 'c', 'd', 'e', 'f');
    dwi_buf_clear(&out);
    DWT_OK(dwi_compress(ctx, DWI_CODEC_LZ4_RAW, 0, "aaaaaaaaaaaa", 12, &out, NULL), NULL);
    DWT_BYTES(out.data, out.len, 0xC0, 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a');
    dwi_buf_clear(&out);
    DWT_OK(dwi_compress(ctx, DWI_CODEC_LZ4_RAW, 0, digits, 46, &out, NULL), NULL);
    DWT_BYTES(out.data, out.len, 0xFE, 8, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a',
              'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 23, 0, /* 18 of them */
              0x50, 'i', 'j', 'k', 'l', 'm');
    for (size_t len = 0; len <= sizeof(data); len++) { /* every end, with runs up to it */
        for (size_t i = 0; i < len; i++)
            data[i] = (uint8_t)(i % 3 == 0 ? 0 : i * len >> 4);
        dwi_buf_clear(&out);
        DWT_OK(dwi_compress(ctx, DWI_CODEC_LZ4_RAW, 0, data, len, &out, NULL), NULL);
        DWT_OK(dwi_decompress(ctx, DWI_CODEC_LZ4_RAW, out.data, out.len, back, len, NULL), NULL);
        assert_memory_equal(back, data, len);
    }
    dwi_codec_ctx_free(ctx);
    dwi_buf_done(&out);
}

static void gzip_members_may_follow_one_another(void **state)
{
    dwi_codec_ctx *ctx = NULL;
    dwi_buf out = {0};
    dw_error err = DW_ERROR_INIT;
    char back[6];

    (void)state;
    if (!dwi_codec_available(DWI_CODEC_GZIP)) {
        print_message("# %s is not built in: skipped\n", dwi_codec_name(DWI_CODEC_GZIP));
        return;
    }
    dwi_buf_init(&out, dwi_alloc_default());
    DWT_OK(dwi_codec_ctx_new(dwi_alloc_default(), &ctx, NULL), NULL);
    DWT_OK(dwi_compress(ctx, DWI_CODEC_GZIP, 0, "abc", 3, &out, &err), &err);
    DWT_OK(dwi_compress(ctx, DWI_CODEC_GZIP, 9, "def", 3, &out, &err), &err);
    DWT_OK(dwi_decompress(ctx, DWI_CODEC_GZIP, out.data, out.len, back, 6, &err), &err);
    assert_memory_equal(back, "abcdef", 6);
    dwi_codec_ctx_free(ctx);
    dwi_buf_done(&out);
}

static void crc32_has_the_values_of_the_standard(void **state)
{
    uint8_t data[300];

    (void)state;
    assert_true(dwi_crc32(0, "", 0) == 0);
    assert_true(dwi_crc32(0, "123456789", 9) == 0xCBF43926u);
    assert_true(dwi_crc32(0, "The quick brown fox jumps over the lazy dog", 43) == 0x414FA339u);
    fill(data, sizeof(data));
    for (size_t cut = 0; cut <= sizeof(data); cut++)
        assert_true(dwi_crc32(dwi_crc32(0, data, cut), data + cut, sizeof(data) - cut) ==
                    dwi_crc32(0, data, sizeof(data)));
}

static dw_status compress_all(const dw_allocator *alloc, void *data)
{
    dwi_codec_ctx *ctx = NULL;
    dwi_buf out = {0};
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    dwi_buf_init(&out, alloc);
    DWI_TRY(dwi_codec_ctx_new(alloc, &ctx, &err));
    for (size_t c = 0; c < sizeof(written) / sizeof(written[0]); c++)
        if (dwi_codec_available(written[c]))
            DWI_TRY(dwi_compress(ctx, written[c], 0, data, SIZE, &out, &err));
done:
    dwi_codec_ctx_free(ctx);
    dwi_buf_done(&out);
    return status;
}

static void compression_survives_every_failed_allocation(void **state)
{
    static uint8_t data[SIZE];

    (void)state;
    fill(data, SIZE);
    dwt_alloc_sweep(compress_all, data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_and_nothing_else),
        cmocka_unit_test(every_effort_gives_the_same_data_back),
        cmocka_unit_test(effort_is_spared_where_there_are_no_repetitions),
        cmocka_unit_test(unknown_codecs_are_named),
        cmocka_unit_test(lz4_blocks_are_read_bare_and_in_hadoop_frames),
        cmocka_unit_test(lz4_blocks_are_written_by_the_rules_of_their_end),
        cmocka_unit_test(gzip_members_may_follow_one_another),
        cmocka_unit_test(crc32_has_the_values_of_the_standard),
        cmocka_unit_test(compression_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
