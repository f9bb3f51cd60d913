/* SPDX-License-Identifier: Apache-2.0 */
#include "records_fixture.h"

#include <stdlib.h>
#include <zstd.h>

/* {"a":1} and {"a":2} with a line feed: gzip by Python, zstd by its command line tool. */
static const uint8_t gzip_1[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xac, 0xe5, 0x02, 0x00,
                                 0x46, 0xa3, 0xe8, 0x74, 0x08, 0x00, 0x00, 0x00};
static const uint8_t gzip_2[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xaa, 0xe5, 0x02, 0x00,
                                 0x1f, 0x1d, 0xae, 0x76, 0x08, 0x00, 0x00, 0x00};
static const uint8_t zstd_1[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x41, 0x00, 0x00,
                                 0x7b, 0x22, 0x61, 0x22, 0x3a, 0x31, 0x7d, 0x0a};
static const uint8_t zstd_skipped[] = {0x52, 0x2a, 0x4d, 0x18, 0x02, 0x00, 0x00, 0x00, 'h', 'i'};

/* Both, one behind the other, in `out`; returns the length. */
static size_t join(uint8_t *out, const void *a, size_t a_len, const void *b, size_t b_len)
{
    memcpy(out, a, a_len);
    memcpy(out + a_len, b, b_len);
    return a_len + b_len;
}

static void gzip_and_zstd_are_known_by_their_first_bytes(void **state)
{
    struct fixture f = {0};

    (void)state;
    assert_string_equal(rows_of_bytes(&f, gzip_1, sizeof(gzip_1)), "{\"a\":1}\n\n");
    assert_string_equal(rows_of_bytes(&f, zstd_1, sizeof(zstd_1)), "{\"a\":1}\n\n");
    assert_string_equal(rows_of(&f, "{\"a\":3}"), "{\"a\":3}\n");
    fixture_done(&f);
}

static void members_and_frames_behind_one_another_are_one_payload(void **state)
{
    struct fixture f = {0};
    uint8_t both[128];
    size_t len;

    (void)state;
    len = join(both, gzip_1, sizeof(gzip_1), gzip_2, sizeof(gzip_2));
    assert_string_equal(rows_of_bytes(&f, both, len), "{\"a\":1}\n{\"a\":2}\n");
    len = join(both, zstd_skipped, sizeof(zstd_skipped), zstd_1, sizeof(zstd_1));
    len = join(both, both, len, zstd_1, sizeof(zstd_1));
    assert_string_equal(rows_of_bytes(&f, both, len), "{\"a\":1}\n{\"a\":1}\n");
    fixture_done(&f);
}

static void a_packed_payload_that_is_cut_or_damaged_is_bad(void **state)
{
    struct fixture f = {0};
    uint8_t bytes[64];
    size_t len;

    (void)state;
    for (len = 3; len < sizeof(gzip_1); len++)
        assert_bad_bytes(&f, gzip_1, len, "payload", "GZIP_TRUNCATED", "the gzip stream is cut");
    for (len = 4; len < sizeof(zstd_1); len++)
        assert_bad_bytes(&f, zstd_1, len, "payload", "ZSTD_TRUNCATED", "the zstd frame is cut");
    memcpy(bytes, gzip_1, sizeof(gzip_1));
    bytes[21] ^= 1;
    assert_bad_bytes(&f, bytes, sizeof(gzip_1), "payload", "GZIP_CORRUPT", "incorrect data check");
    len = join(bytes, gzip_1, sizeof(gzip_1), "tail", 4);
    assert_bad_bytes(&f, bytes, len, "payload", "GZIP_CORRUPT", "incorrect header check");
    memcpy(bytes, zstd_1, sizeof(zstd_1));
    bytes[6] = 0xff;
    assert_int_equal(decode_bytes(&f, bytes, sizeof(zstd_1)), DECODE_BAD);
    assert_string_equal(f.got.stage, "payload");
    fixture_done(&f);
}

static void a_payload_unpacks_to_no_more_than_its_limit(void **state)
{
    enum { LIMIT = 64 * 1024 * 1024 };
    struct fixture f = {0};
    char *text = malloc(LIMIT + 1);
    size_t bound = ZSTD_compressBound(LIMIT + 1);
    char *packed = malloc(bound);
    size_t len;

    (void)state;
    memset(text, ' ', LIMIT + 1);
    memcpy(text, "{}", 2);
    len = ZSTD_compress(packed, bound, text, LIMIT, 1);
    assert_int_equal(decode_bytes(&f, packed, len), DECODE_ROWS);
    assert_int_equal(f.got.rows[0].len, LIMIT);
    len = ZSTD_compress(packed, bound, text, LIMIT + 1, 1);
    assert_bad_bytes(&f, packed, len, "payload", "PAYLOAD_TOO_LARGE", "more than 67108864 bytes");
    free(packed);
    free(text);
    fixture_done(&f);
}

static void a_named_codec_is_not_guessed(void **state)
{
    struct fixture f = {.config.payload = PAYLOAD_GZIP};

    (void)state;
    assert_string_equal(rows_of_bytes(&f, gzip_1, sizeof(gzip_1)), "{\"a\":1}\n\n");
    assert_bad(&f, "{\"a\":1}", "payload", "GZIP_CORRUPT", "incorrect header check");
    fixture_done(&f);
    f = (struct fixture){.config.payload = PAYLOAD_NONE};
    assert_int_equal(decode_bytes(&f, gzip_1, sizeof(gzip_1)), DECODE_ROWS);
    assert_ptr_equal(f.got.rows[0].data, gzip_1);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_and_zstd_are_known_by_their_first_bytes),
        cmocka_unit_test(members_and_frames_behind_one_another_are_one_payload),
        cmocka_unit_test(a_packed_payload_that_is_cut_or_damaged_is_bad),
        cmocka_unit_test(a_payload_unpacks_to_no_more_than_its_limit),
        cmocka_unit_test(a_named_codec_is_not_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
