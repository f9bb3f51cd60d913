/* SPDX-License-Identifier: Apache-2.0 */
/* The first four are the examples of "Signature Calculations for the Authorization Header" in the
 * Amazon S3 API Reference; the last was computed by botocore 1.44. */
#include "harness.h"

#include <string.h>

#include "base/alloc.h"
#include "store/s3_sign.h"

static const char *const empty_hash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static dwi_s3_signing example(const char *method, const char *path, const char *query,
                              const char *hash, const dw_property *headers, size_t n_headers)
{
    return (dwi_s3_signing){
        .region = "us-east-1",
        .access_key_id = "AKIAIOSFODNN7EXAMPLE",
        .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        .date = "20130524T000000Z",
        .method = method,
        .path = path,
        .query = query,
        .payload_hash = hash,
        .headers = headers,
        .n_headers = n_headers,
    };
}

static void expect_authorization(const dwi_s3_signing *signing, const char *want)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;

    dwi_buf_init(&out, dwi_alloc_default());
    DWT_OK(dwi_s3_authorization(signing, &out, &err), &err);
    DWT_STR(dwi_buf_cstr(&out), want);
    dwi_buf_done(&out);
}

#define EXAMPLE_SCOPE "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"

static void a_get_with_a_range_is_signed_as_amazon_says(void **state)
{
    const dw_property headers[] = {{"host", "examplebucket.s3.amazonaws.com"},
                                   {"range", "bytes=0-9"},
                                   {"x-amz-content-sha256", empty_hash},
                                   {"x-amz-date", "20130524T000000Z"}};
    dwi_s3_signing s = example("GET", "/test.txt", "", empty_hash, headers, 4);

    (void)state;
    expect_authorization(&s, "AWS4-HMAC-SHA256 Credential=" EXAMPLE_SCOPE
                             ", SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                             "Signature="
                             "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void a_put_is_signed_as_amazon_says(void **state)
{
    static const char text[] = "Welcome to Amazon S3.";
    char hash[DWI_S3_SHA256_TEXT + 1];
    dw_property headers[] = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                             {"host", "examplebucket.s3.amazonaws.com"},
                             {"x-amz-content-sha256", hash},
                             {"x-amz-date", "20130524T000000Z"},
                             {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    dwi_s3_signing s;
    dw_error err = DW_ERROR_INIT;
    dwi_buf path;

    (void)state;
    dwi_buf_init(&path, dwi_alloc_default());
    dwi_s3_encode(&path, "/test$file.text", true);
    DWT_STR(dwi_buf_cstr(&path), "/test%24file.text");
    DWT_OK(dwi_s3_sha256((dw_bytes){text, sizeof(text) - 1}, hash, &err), &err);
    DWT_STR(hash, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    s = example("PUT", (const char *)path.data, "", hash, headers, 5);
    expect_authorization(&s, "AWS4-HMAC-SHA256 Credential=" EXAMPLE_SCOPE
                             ", SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;"
                             "x-amz-storage-class, Signature="
                             "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    dwi_buf_done(&path);
}

static void queries_are_signed_as_amazon_says(void **state)
{
    const dw_property headers[] = {{"host", "examplebucket.s3.amazonaws.com"},
                                   {"x-amz-content-sha256", empty_hash},
                                   {"x-amz-date", "20130524T000000Z"}};
    dwi_s3_signing s = example("GET", "/", "lifecycle=", empty_hash, headers, 3);

    (void)state;
    expect_authorization(&s, "AWS4-HMAC-SHA256 Credential=" EXAMPLE_SCOPE
                             ", SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
                             "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    s.query = "max-keys=2&prefix=J";
    expect_authorization(&s, "AWS4-HMAC-SHA256 Credential=" EXAMPLE_SCOPE
                             ", SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
                             "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void odd_keys_and_session_tokens_are_signed_as_botocore_does(void **state)
{
    static const char hash[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    const dw_property headers[] = {{"host", "127.0.0.1:9000"},
                                   {"if-none-match", "*"},
                                   {"x-amz-content-sha256", hash},
                                   {"x-amz-date", "20260101T000000Z"},
                                   {"x-amz-security-token", "the/token+=="}};
    dwi_s3_signing s = {
        .region = "eu-central-1",
        .access_key_id = "AKID",
        .secret_access_key = "SECRET/with+",
        .date = "20260101T000000Z",
        .method = "PUT",
        .query = "",
        .payload_hash = hash,
        .headers = headers,
        .n_headers = 5,
    };
    dwi_buf path;

    (void)state;
    dwi_buf_init(&path, dwi_alloc_default());
    dwi_s3_encode(&path, "/lake/p=a%3Ab/\xC3\xBC 1+2&x.parquet", true);
    s.path = dwi_buf_cstr(&path);
    DWT_STR(s.path, "/lake/p%3Da%253Ab/%C3%BC%201%2B2%26x.parquet");
    expect_authorization(&s, "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/s3/"
                             "aws4_request, SignedHeaders=host;if-none-match;"
                             "x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="
                             "3a648a5ceff00ca8ba8eff60b2876c392dae6104c5ccc047ea5344f6df68db3c");
    dwi_buf_done(&path);
}

static void every_byte_is_encoded_but_the_unreserved(void **state)
{
    static const char kept[] = "ABCXYZabcxyz0189-._~";
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_s3_encode(&out, kept, false);
    DWT_STR(dwi_buf_cstr(&out), kept);
    dwi_buf_clear(&out);
    dwi_s3_encode(&out, "/ +%=:&\x01\x7F\xFF", false);
    DWT_STR(dwi_buf_cstr(&out), "%2F%20%2B%25%3D%3A%26%01%7F%FF");
    dwi_buf_clear(&out);
    dwi_s3_encode(&out, "/a", true);
    DWT_STR(dwi_buf_cstr(&out), "/a");
    dwi_buf_done(&out);
}

static void dates_are_written_in_basic_form(void **state)
{
    char text[DWI_S3_DATE_TEXT + 1];

    (void)state;
    dwi_s3_date(INT64_C(1369353600000000), text);
    DWT_STR(text, "20130524T000000Z");
    dwi_s3_date(INT64_C(1709251199999999), text);
    DWT_STR(text, "20240229T235959Z");
}

static dw_status sign_once(const dw_allocator *alloc, void *ctx)
{
    const dw_property headers[] = {{"host", "h"}};
    dwi_s3_signing s = example("GET", "/", "", empty_hash, headers, 1);
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    dwi_buf out;

    (void)ctx;
    dwi_buf_init(&out, alloc);
    status = dwi_s3_authorization(&s, &out, &err);
    dwi_buf_done(&out);
    return status;
}

static void want_of_memory_is_told(void **state)
{
    (void)state;
    dwt_alloc_sweep(sign_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_with_a_range_is_signed_as_amazon_says),
        cmocka_unit_test(a_put_is_signed_as_amazon_says),
        cmocka_unit_test(queries_are_signed_as_amazon_says),
        cmocka_unit_test(odd_keys_and_session_tokens_are_signed_as_botocore_does),
        cmocka_unit_test(every_byte_is_encoded_but_the_unreserved),
        cmocka_unit_test(dates_are_written_in_basic_form),
        cmocka_unit_test(want_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
