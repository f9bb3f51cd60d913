/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/uri.h"

static void expect_local(const char *text, const char *path)
{
    dw_error err = DW_ERROR_INIT;
    dwi_uri uri = {0};

    DWT_OK(dwi_uri_parse(text, dwi_alloc_default(), &uri, &err), &err);
    DWT_EQ(uri.kind, DWI_URI_LOCAL);
    DWT_STR(uri.path, path);
    dwi_uri_done(&uri);
}

static void expect_s3(const char *text, const char *bucket, const char *prefix)
{
    dw_error err = DW_ERROR_INIT;
    dwi_uri uri = {0};

    DWT_OK(dwi_uri_parse(text, dwi_alloc_default(), &uri, &err), &err);
    DWT_EQ(uri.kind, DWI_URI_S3);
    DWT_STR(uri.bucket, bucket);
    DWT_STR(uri.path, prefix);
    dwi_uri_done(&uri);
}

static void expect_bad(const char *text, dw_status code, const char *message)
{
    dw_error err = DW_ERROR_INIT;
    dwi_uri uri = {0};

    DWT_ERR(dwi_uri_parse(text, dwi_alloc_default(), &uri, &err), &err, code, message);
}

static void plain_paths_are_taken_as_they_are(void **state)
{
    char folder[4096];
    char want[5000];

    (void)state;
    expect_local("/data/events", "/data/events");
    expect_local("/data/a%20b c/", "/data/a%20b c");
    expect_local("/", "");
    assert_non_null(getcwd(folder, sizeof(folder)));
    (void)snprintf(want, sizeof(want), "%s/%s", folder, "t:x/y");
    expect_local("t:x/y", want);
}

static void file_uris_are_decoded(void **state)
{
    (void)state;
    expect_local("file:///data/a%20b%25", "/data/a b%");
    expect_local("file:/data", "/data");
    expect_local("file://localhost/data/", "/data");
    expect_bad("file://host/data", DW_E_ARG, "file:///path");
    expect_bad("file:///a%2", DW_E_ARG, "hex");
    expect_bad("file:///a%zz", DW_E_ARG, "hex");
    expect_bad("file:///a%00", DW_E_ARG, "hex");
}

static void s3_uris_have_bucket_and_prefix(void **state)
{
    (void)state;
    expect_s3("s3://lake/events", "lake", "events");
    expect_s3("s3a://lake/a/b//", "lake", "a/b");
    expect_s3("s3://lake", "lake", "");
    expect_s3("s3://lake/", "lake", "");
    expect_s3("s3://my.lake-1/a%20b c+\xC3\xBC", "my.lake-1", "a%20b c+\xC3\xBC");
    expect_bad("s3://", DW_E_ARG, "s3://bucket/prefix");
    expect_bad("s3:///x", DW_E_ARG, "s3://bucket/prefix");
    expect_bad("s3://user@host/x", DW_E_ARG, "s3://bucket/prefix");
    expect_bad("s3://a b/x", DW_E_ARG, "s3://bucket/prefix");
}

static void other_schemes_are_named(void **state)
{
    (void)state;
    expect_bad("gs://b/x", DW_E_UNSUPPORTED, "scheme gs");
    expect_bad("http://b/x", DW_E_UNSUPPORTED, "scheme http");
    expect_bad("", DW_E_ARG, "empty");
}

static dw_status parse_both(const dw_allocator *alloc, void *ctx)
{
    dw_error err = DW_ERROR_INIT;
    dwi_uri uri = {0};
    dw_status status = dwi_uri_parse("s3://bucket/some/prefix", alloc, &uri, &err);

    (void)ctx;
    dwi_uri_done(&uri);
    if (status == DW_OK)
        status = dwi_uri_parse("a/relative/path", alloc, &uri, &err);
    dwi_uri_done(&uri);
    return status;
}

static void want_of_memory_is_told(void **state)
{
    (void)state;
    dwt_alloc_sweep(parse_both, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_paths_are_taken_as_they_are),
        cmocka_unit_test(file_uris_are_decoded),
        cmocka_unit_test(s3_uris_have_bucket_and_prefix),
        cmocka_unit_test(other_schemes_are_named),
        cmocka_unit_test(want_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
