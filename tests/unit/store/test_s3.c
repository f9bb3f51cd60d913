/* SPDX-License-Identifier: Apache-2.0 */
/* What the S3 store makes of answers, and of the want of them. MinIO serves the contract tests;
 * this server does what MinIO cannot be asked for. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "s3_fixture.h"
#include "store/store_ops.h"

static dw_status put_text(s3_fixture *f, const char *text, int mode, dw_error *err)
{
    return dwi_store_put(f->store, "k", (dw_bytes){text, strlen(text)}, mode, err);
}

static dw_status get_text(s3_fixture *f, dw_range range, dwi_buf *out, dw_error *err)
{
    dwi_buf_init(out, dwi_alloc_default());
    return dwi_store_get(f->store, "k", range, 1000, out, err);
}

static void expect_get(s3_fixture *f, dw_range range, const char *want)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;

    DWT_OK(get_text(f, range, &out, &err), &err);
    DWT_STR(dwi_buf_cstr(&out), want);
    dwi_buf_done(&out);
}

static void expect_get_error(s3_fixture *f, dw_status code, const char *text)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;

    DWT_ERR(get_text(f, (dw_range)DW_RANGE_ALL, &out, &err), &err, code, text);
    assert_null(strstr(err.message, "topsecret"));
    dwi_buf_done(&out);
}

static void a_put_if_absent_asks_for_it_and_signs_all(void **state)
{
    const script_step steps[] = {{SCRIPT_ANSWER, OK_EMPTY}};
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(put_text(&f, "hello", DW_PUT_IF_ABSENT, &err), &err);
    assert_ptr_equal(strstr(s3_request(&f, 0), "PUT /lake/t/k HTTP/1.1\r\n"), s3_request(&f, 0));
    assert_non_null(strstr(s3_request(&f, 0), "if-none-match: *\r\n"));
    assert_non_null(strstr(s3_request(&f, 0), "Content-Length: 5\r\n"));
    assert_non_null(strstr(s3_request(&f, 0), "x-amz-date: 20260101T000000Z\r\n"));
    assert_non_null(strstr(s3_request(&f, 0), "SignedHeaders=host;if-none-match;"
                                              "x-amz-content-sha256;x-amz-date, Signature="));
    assert_non_null(strstr(s3_request(&f, 0), "\r\n\r\nhello"));
    assert_null(strstr(s3_request(&f, 0), "Expect"));
    assert_null(strstr(s3_request(&f, 0), "topsecret"));
    s3_stop(&f);
}

static void an_existing_object_is_told(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, FAULT("412 Precondition Failed", "")},
        {SCRIPT_ANSWER, "HTTP/1.1 304 Not Modified\r\n\r\n"},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_ERR(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_EXISTS, "put k: ");
    DWT_ERR(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_EXISTS, "put k: ");
    s3_stop(&f);
}

static void an_undecided_condition_is_asked_again(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, FAULT("409 Conflict", "<Error><Code>ConditionalRequestConflict"
                                              "</Code></Error>")},
        {SCRIPT_ANSWER, OK_EMPTY},
        {SCRIPT_ANSWER, FAULT("409 Conflict", "")},
        {SCRIPT_ANSWER, FAULT("412 Precondition Failed", "")},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err);
    DWT_ERR(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_EXISTS, "exists");
    s3_stop(&f);
}

/* Every way in which the reply of a put-if-absent can be lost. */
static void a_lost_reply_is_unknown_and_not_sent_again(void **state)
{
    const script_step lost[] = {
        {SCRIPT_CLOSE, NULL},
        {SCRIPT_RESET, NULL},
        {SCRIPT_STALL, NULL},
        {SCRIPT_ANSWER, FAULT("500 Internal Server Error", "")},
        {SCRIPT_ANSWER, FAULT("502 Bad Gateway", "<html")},
        {SCRIPT_ANSWER, FAULT("503 Service Unavailable", "")},
        {SCRIPT_ANSWER, FAULT("504 Gateway Timeout", "")},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Le"},
        {SCRIPT_ANSWER_CLOSE, "garbage\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        dw_error err = DW_ERROR_INIT;
        s3_fixture f;
        s3_start(&f, &lost[i], 1);
        DWT_ERR(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN, "put k: ");
        assert_false(err.retryable);
        s3_stop(&f);
    }
}

/* One too large for us says as little as none. */
static void an_answer_that_cannot_be_taken_is_no_answer(void **state)
{
    static char answer[(33 << 20)];
    const script_step steps[] = {{SCRIPT_ANSWER, answer}};
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    memset(answer, 'x', sizeof(answer) - 1);
    memcpy(answer, "HTTP/1.1 200 OK\r\n\r\n", strlen("HTTP/1.1 200 OK\r\n\r\n"));
    START(&f, steps);
    DWT_ERR(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN, "put k: ");
    assert_false(err.retryable);
    s3_stop(&f);
}

/* curl by itself sends a request again when a kept-alive connection breaks without an answer. */
static void a_broken_kept_alive_connection_hides_nothing(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, OK_EMPTY},
        {SCRIPT_CLOSE, NULL},
        {SCRIPT_ANSWER, OK_EMPTY},
        {SCRIPT_RESET, NULL},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(put_text(&f, "1", DW_PUT_IF_ABSENT, &err), &err);
    DWT_ERR(put_text(&f, "2", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN, "put k: ");
    DWT_OK(put_text(&f, "3", DW_PUT_IF_ABSENT, &err), &err);
    DWT_ERR(put_text(&f, "4", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN, "put k: ");
    s3_stop(&f);
}

static void an_empty_put_if_absent_is_not_sent_twice_either(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, OK_EMPTY},
        {SCRIPT_CLOSE, NULL},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(put_text(&f, "1", DW_PUT_OVERWRITE, &err), &err);
    dw_status status = put_text(&f, "", DW_PUT_IF_ABSENT, &err);
    DWT_ERR(status, &err, DW_E_UNKNOWN, "put k: ");
    s3_stop(&f);
}

#define EXISTS FAULT("412 Precondition Failed", "")
#define GONE   "HTTP/1.1 204 No Content\r\n\r\n"

static void an_endpoint_is_probed_before_the_first_put_if_absent(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, OK_EMPTY}, {SCRIPT_CLOSE, NULL},      {SCRIPT_ANSWER, GONE},
        {SCRIPT_ANSWER, OK_EMPTY}, {SCRIPT_ANSWER, EXISTS},   {SCRIPT_ANSWER, GONE},
        {SCRIPT_ANSWER, OK_EMPTY}, {SCRIPT_ANSWER, OK_EMPTY},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    s3_start_with(&f, steps, 8, DW_S3_ALLOW_HTTP);
    DWT_OK(dwi_store_put(f.store, "_delta_log/0.json", (dw_bytes){"a", 1}, DW_PUT_IF_ABSENT, &err),
           &err);
    assert_non_null(strstr(s3_request(&f, 3), "PUT /lake/t/_delta_log/.dw-probe-"));
    assert_non_null(strstr(s3_request(&f, 4), "PUT /lake/t/_delta_log/.dw-probe-"));
    assert_non_null(strstr(s3_request(&f, 5), "DELETE /lake/t/_delta_log/.dw-probe-"));
    assert_non_null(strstr(s3_request(&f, 6), "PUT /lake/t/_delta_log/0.json "));
    DWT_OK(put_text(&f, "b", DW_PUT_IF_ABSENT, &err), &err);
    s3_stop(&f);
}

static void an_endpoint_that_ignores_the_condition_is_refused(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, OK_EMPTY},
        {SCRIPT_ANSWER, OK_EMPTY},
        {SCRIPT_ANSWER, GONE},
        {SCRIPT_ANSWER, OK_EMPTY},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    s3_start_with(&f, steps, 4, DW_S3_ALLOW_HTTP);
    DWT_ERR(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNSUPPORTED,
            "it ignores If-None-Match");
    DWT_OK(put_text(&f, "x", DW_PUT_OVERWRITE, &err), &err);
    s3_stop(&f);
}

static void a_throttled_put_if_absent_is_tried_again(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, SLOW_DOWN},
        {SCRIPT_ANSWER, FAULT("429 Too Many Requests", "")},
        {SCRIPT_ANSWER, OK_EMPTY},
        {SCRIPT_ANSWER, SLOW_DOWN},
        {SCRIPT_ANSWER, FAULT("412 Precondition Failed", "")},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err);
    DWT_ERR(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_UNKNOWN, "earlier attempt");
    assert_non_null(strstr(dwi_buf_cstr(&f.log),
                           "put k: HTTP 503 SlowDown: Reduce your rate; attempt 2 follows in "));
    s3_stop(&f);
}

static void a_refused_connection_is_tried_again_and_certain(void **state)
{
    const script_step steps[] = {{SCRIPT_ANSWER, OK_EMPTY}};
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err);
    http_script_stop(&f.server);
    DWT_ERR(put_text(&f, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_IO, "put k: http://127.0.0.1:");
    assert_true(err.retryable);
    assert_non_null(strstr(dwi_buf_cstr(&f.log), "attempt 2 follows"));
    dw_store_unref(f.store);
    dwi_buf_done(&f.log);
    http_script_done(&f.server);
}

static void other_operations_are_sent_again_after_any_transient_failure(void **state)
{
    const script_step steps[] = {
        {SCRIPT_CLOSE, NULL},
        {SCRIPT_RESET, NULL},
        {SCRIPT_ANSWER, FAULT("500 Internal Server Error", "")},
        {SCRIPT_ANSWER, FAULT("503 Service Unavailable", "")},
        {SCRIPT_ANSWER, FAULT("400 Bad Request", "<Error><Code>RequestTimeout</Code></Error>")},
        {SCRIPT_ANSWER, OK_EMPTY},
        {SCRIPT_ANSWER, FAULT("502 Bad Gateway", "")},
        {SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
        {SCRIPT_STALL, NULL},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n"
                        "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n"},
    };
    dw_error err = DW_ERROR_INIT;
    dw_object object;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(put_text(&f, "x", DW_PUT_OVERWRITE, &err), &err);
    assert_null(strstr(s3_request(&f, 5), "if-none-match"));
    assert_non_null(strstr(s3_request(&f, 5), "\r\n\r\nx"));
    DWT_OK(dwi_store_remove(f.store, "k", &err), &err);
    DWT_OK(dwi_store_head(f.store, "k", &object, &err), &err);
    DWT_EQ(object.size, 7);
    DWT_EQ(object.modified_ms, INT64_C(1445412480000));
    s3_stop(&f);
}

static void refusals_name_their_reason(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER,
         FAULT("403 Forbidden", "<Error><Code>InvalidAccessKeyId</Code><Message>The key does not "
                                "exist &amp; so</Message></Error>")},
        {SCRIPT_ANSWER, FAULT("403 Forbidden", "<Error><Code>SignatureDoesNotMatch</Code>"
                                               "</Error>")},
        {SCRIPT_ANSWER, FAULT("400 Bad Request", "<Error><Code>ExpiredToken</Code></Error>")},
        {SCRIPT_ANSWER, FAULT("404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>")},
        {SCRIPT_ANSWER, FAULT("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>")},
        {SCRIPT_ANSWER, "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-west-1\r\n"
                        "Location: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"},
        {SCRIPT_ANSWER, FAULT("400 Bad Request", "<Error><Code>AuthorizationHeaderMalformed</Code>"
                                                 "<Region>eu-north-1</Region></Error>")},
        {SCRIPT_ANSWER, FAULT("501 Not Implemented", "<Error><Code>NotImplemented</Code>"
                                                     "</Error>")},
    };
    s3_fixture f;

    (void)state;
    START(&f, steps);
    expect_get_error(&f, DW_E_DENIED,
                     "get k: HTTP 403 InvalidAccessKeyId: The key does not exist "
                     "& so");
    expect_get_error(&f, DW_E_DENIED, "HTTP 403 SignatureDoesNotMatch");
    expect_get_error(&f, DW_E_DENIED, "HTTP 400 ExpiredToken");
    expect_get_error(&f, DW_E_NOT_FOUND, "get k: bucket lake does not exist");
    expect_get_error(&f, DW_E_NOT_FOUND, "get k: HTTP 404 NoSuchKey");
    expect_get_error(&f, DW_E_ARG, "bucket lake is in region eu-west-1, not us-east-1");
    expect_get_error(&f, DW_E_ARG, "bucket lake is in region eu-north-1, not us-east-1");
    expect_get_error(&f, DW_E_UNSUPPORTED, "HTTP 501 NotImplemented");
    s3_stop(&f);
}

static void a_read_that_breaks_off_goes_on_where_it_was(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"e1\"\r\n\r\n0123"},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 206 Partial\r\nContent-Length: 6\r\nETag: \"e1\"\r\n"
                              "Content-Range: bytes 4-9/10\r\n\r\n45"},
        {SCRIPT_ANSWER, "HTTP/1.1 206 Partial\r\nContent-Length: 4\r\nETag: \"e1\"\r\n"
                        "Content-Range: bytes 6-9/10\r\n\r\n6789"},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 206 Partial\r\nContent-Length: 5\r\nETag: \"e1\"\r\n"
                              "Content-Range: bytes 95-99/100\r\n\r\n56"},
        {SCRIPT_ANSWER, "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nETag: \"e1\"\r\n"
                        "Content-Range: bytes 97-99/100\r\n\r\n789"},
    };
    s3_fixture f;

    (void)state;
    START(&f, steps);
    expect_get(&f, (dw_range)DW_RANGE_ALL, "0123456789");
    assert_null(strstr(s3_request(&f, 0), "range:"));
    assert_non_null(strstr(s3_request(&f, 1), "range: bytes=4-9\r\n"));
    assert_non_null(strstr(s3_request(&f, 1), "if-match: \"e1\"\r\n"));
    assert_non_null(strstr(s3_request(&f, 2), "range: bytes=6-9\r\n"));
    expect_get(&f, (dw_range){-5, -1}, "56789");
    assert_non_null(strstr(s3_request(&f, 3), "range: bytes=-5\r\n"));
    assert_non_null(strstr(s3_request(&f, 4), "range: bytes=97-99\r\n"));
    s3_stop(&f);
}

static void a_read_whose_object_changes_starts_over(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"e1\"\r\n\r\n0123"},
        {SCRIPT_ANSWER, FAULT("412 Precondition Failed", "")},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \"e2\"\r\n\r\nnew"},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"e2\"\r\n\r\n"},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \"e2\"\r\n\r\nnew"},
    };
    s3_fixture f;

    (void)state;
    START(&f, steps);
    expect_get(&f, (dw_range)DW_RANGE_ALL, "new");
    expect_get(&f, (dw_range)DW_RANGE_ALL, "new");
    s3_stop(&f);
}

static void a_range_that_the_server_ignores_is_an_error(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 206 Partial\r\nContent-Length: 2\r\n"
                              "Content-Range: bytes 0-1/3\r\n\r\nab"},
        {SCRIPT_ANSWER, FAULT("416 Range Not Satisfiable", "")},
    };
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_ERR(get_text(&f, (dw_range){1, 2}, &out, &err), &err, DW_E_UNSUPPORTED, "range");
    DWT_ERR(get_text(&f, (dw_range){1, 2}, &out, &err), &err, DW_E_UNSUPPORTED, "range");
    DWT_EQ(out.len, 0);
    expect_get(&f, (dw_range){5, 2}, "");
    s3_stop(&f);
}

#define PAGE_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<?xml version=\"1.0\"?>"
#define OBJECT(key, size)                                                                          \
    "<Contents><Key>" key "</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>"            \
    "<ETag>&quot;x&quot;</ETag><Size>" size "</Size></Contents>"

static dw_status append_object(void *ctx, const dw_object *object, dw_error *err)
{
    dwi_buf_printf(ctx, "%s:%d:%lld ", object->key, (int)object->size,
                   (long long)object->modified_ms);
    return dwi_buf_status(ctx, err);
}

static void pages_are_followed_and_keys_decoded(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE,
         PAGE_HEAD "<ListBucketResult><IsTruncated>true</IsTruncated>"
                   "<NextContinuationToken>a/b+=</NextContinuationToken>" OBJECT("t%2Fa+b%2B", "1")
                       OBJECT("t/dir/", "0") "<EncodingType>url</EncodingType></ListBucketResult>"},
        {SCRIPT_ANSWER_CLOSE, /* cut before its end: asked for again */
         PAGE_HEAD "<ListBucketResult><IsTruncated>false</IsTruncated>" OBJECT("t/c", "2")},
        {SCRIPT_ANSWER_CLOSE, PAGE_HEAD "<ListBucketResult><IsTruncated>false</IsTruncated>" OBJECT(
                                  "t/c+&amp;", "2") "</ListBucketResult>"},
    };
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    dwi_buf_init(&out, dwi_alloc_default());
    DWT_ERR(dwi_store_list(f.store, "", "A", append_object, &out, &err), &err, DW_E_CORRUPT,
            "list /: the server's listing is not well-formed");
    DWT_STR(dwi_buf_cstr(&out), "a b+:1:1767323045678 ");
    assert_non_null(strstr(s3_request(&f, 0), "GET /lake?encoding-type=url&list-type=2&prefix=t%2F&"
                                              "start-after=t%2FA HTTP/1.1\r\n"));
    assert_non_null(strstr(s3_request(&f, 1), "GET /lake?continuation-token=a%2Fb%2B%3D&"
                                              "encoding-type=url&list-type=2&prefix=t%2F HTTP"));
    dwi_buf_clear(&out);
    DWT_OK(dwi_store_list(f.store, "", NULL, append_object, &out, &err), &err);
    DWT_STR(dwi_buf_cstr(&out), "c+&:2:1767323045678 ");
    dwi_buf_done(&out);
    s3_stop(&f);
}

static void a_listing_that_says_nothing_of_its_end_is_an_error(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE, PAGE_HEAD "<ListBucketResult></ListBucketResult>"},
        {SCRIPT_ANSWER_CLOSE,
         PAGE_HEAD "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"},
        {SCRIPT_ANSWER_CLOSE, PAGE_HEAD "<Other><IsTruncated>false</IsTruncated></Other>"},
        {SCRIPT_ANSWER_CLOSE, PAGE_HEAD "<ListBucketResult><IsTruncated>false</IsTruncated>"
                                        "<Contents><Key>t/x</Key></Contents></ListBucketResult>"},
    };
    dw_error err = DW_ERROR_INIT;
    dwi_buf out;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    dwi_buf_init(&out, dwi_alloc_default());
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        DWT_ERR(dwi_store_list(f.store, "", NULL, append_object, &out, &err), &err, DW_E_CORRUPT,
                "list");
    DWT_EQ(out.len, 0);
    dwi_buf_done(&out);
    s3_stop(&f);
}

static void options_are_checked_before_anything_is_contacted(void **state)
{
    static const struct {
        const char *endpoint;
        const char *key;
        const char *secret;
        int64_t part_bytes;
        const char *message;
    } bad[] = {
        {"http://h:1", "a", "b", 0, "http is not allowed"},
        {"minio:9000", "a", "b", 0, "neither https:// nor http://"},
        {"https://", "a", "b", 0, "https://host:port"},
        {"https://user:pw@h", "a", "b", 0, "https://host:port"},
        {"https://h", "a", NULL, 0, "only one is set"},
        {"https://h", "a\r\nx: y", "b", 0, "control character"},
        {"https://h", "a", "b", 1000, "part_bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        dw_store_options opts = DW_STORE_OPTIONS_INIT;
        dw_error err = DW_ERROR_INIT;
        dw_store *store = NULL;
        opts.s3_endpoint = bad[i].endpoint;
        opts.s3_access_key_id = bad[i].key;
        opts.s3_secret_access_key = bad[i].secret;
        opts.part_bytes = bad[i].part_bytes;
        DWT_ERR(dw_store_open_uri("s3://b/t", &opts, &store, &err), &err, DW_E_ARG, bad[i].message);
        assert_null(strstr(err.message, "pw"));
    }
}

static dw_status open_and_close(const dw_allocator *alloc, void *ctx)
{
    dw_store_options opts = *(const dw_store_options *)ctx;
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    dw_status status;

    opts.allocator = alloc;
    status = dw_store_open_uri("s3://b/t", &opts, &store, &err);
    dw_store_unref(store);
    return status;
}

static void want_of_memory_is_told(void **state)
{
    dw_store_options opts = DW_STORE_OPTIONS_INIT;

    (void)state;
    opts.s3_access_key_id = "a";
    opts.s3_secret_access_key = "b";
    opts.s3_session_token = "c";
    dwt_alloc_sweep(open_and_close, &opts);
    opts.s3_endpoint = "https://h/folder/";
    opts.flags = DW_S3_VIRTUAL_HOST;
    dwt_alloc_sweep(open_and_close, &opts);
}

/* One of each kind of request, all with the same answer. */
static dw_status use_store(const dw_allocator *alloc, void *ctx)
{
    s3_fixture *f = ctx;
    dw_store_options opts;
    char endpoint[64];
    dw_error err = DW_ERROR_INIT;
    dwi_upload *upload = NULL;
    dw_store *store = NULL;
    dwi_buf out;
    dw_status status;

    dwi_buf_init(&out, alloc);
    opts = s3_options(f, endpoint);
    opts.allocator = alloc;
    opts.s3_session_token = "token";
    DWI_TRY(dw_store_open_uri("s3://lake/t", &opts, &store, &err));
    status = dwi_store_put(store, "k", (dw_bytes){"x", 1}, DW_PUT_IF_ABSENT, &err);
    if (status == DW_E_UNKNOWN) /* short of memory for the answer: the object may be there */
        status = DW_E_NOMEM;
    DWI_TRY(status);
    DWI_TRY(dwi_store_get(store, "k", (dw_range)DW_RANGE_ALL, 1000, &out, &err));
    dwi_buf_clear(&out);
    DWI_TRY(dwi_store_list(store, "", NULL, append_object, &out, &err));
    DWI_TRY(dwi_upload_begin(store, "k", &upload, &err));
    status = dwi_upload_write(upload, "x", 1, &err);
    if (status == DW_OK)
        status = dwi_upload_finish(upload, &err);
    else
        dwi_upload_abort(upload);
done:
    dwi_buf_done(&out);
    dw_store_unref(store);
    return status;
}

static void want_of_memory_is_told_by_every_operation(void **state)
{
    static script_step steps[SCRIPT_STEPS];
    s3_fixture f = {0};

    (void)state;
    for (size_t i = 0; i < SCRIPT_STEPS; i++)
        steps[i].answer =
            "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n<ListBucketResult>"
            "<IsTruncated>false</IsTruncated>" OBJECT("t/a", "1") "</ListBucketResult>";
    http_script_start(&f.server, steps, SCRIPT_STEPS);
    dwt_alloc_sweep(use_store, &f);
    http_script_stop(&f.server);
    http_script_done(&f.server);
}

static void without_keys_nothing_is_signed(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"},
    };
    dw_store_options opts;
    char endpoint[64];
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    dw_store_unref(f.store);
    opts = s3_options(&f, endpoint);
    opts.s3_access_key_id = NULL;
    opts.s3_secret_access_key = NULL;
    DWT_OK(dw_store_open_uri("s3://lake/t", &opts, &f.store, &err), &err);
    expect_get(&f, (dw_range)DW_RANGE_ALL, "x");
    assert_null(strstr(s3_request(&f, 0), "uthorization"));
    assert_null(strstr(s3_request(&f, 0), "x-amz-"));
    s3_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_if_absent_asks_for_it_and_signs_all),
        cmocka_unit_test(an_existing_object_is_told),
        cmocka_unit_test(an_undecided_condition_is_asked_again),
        cmocka_unit_test(a_lost_reply_is_unknown_and_not_sent_again),
        cmocka_unit_test(an_answer_that_cannot_be_taken_is_no_answer),
        cmocka_unit_test(a_broken_kept_alive_connection_hides_nothing),
        cmocka_unit_test(an_empty_put_if_absent_is_not_sent_twice_either),
        cmocka_unit_test(an_endpoint_is_probed_before_the_first_put_if_absent),
        cmocka_unit_test(an_endpoint_that_ignores_the_condition_is_refused),
        cmocka_unit_test(a_throttled_put_if_absent_is_tried_again),
        cmocka_unit_test(a_refused_connection_is_tried_again_and_certain),
        cmocka_unit_test(other_operations_are_sent_again_after_any_transient_failure),
        cmocka_unit_test(refusals_name_their_reason),
        cmocka_unit_test(a_read_that_breaks_off_goes_on_where_it_was),
        cmocka_unit_test(a_read_whose_object_changes_starts_over),
        cmocka_unit_test(a_range_that_the_server_ignores_is_an_error),
        cmocka_unit_test(pages_are_followed_and_keys_decoded),
        cmocka_unit_test(a_listing_that_says_nothing_of_its_end_is_an_error),
        cmocka_unit_test(options_are_checked_before_anything_is_contacted),
        cmocka_unit_test(want_of_memory_is_told),
        cmocka_unit_test(want_of_memory_is_told_by_every_operation),
        cmocka_unit_test(without_keys_nothing_is_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
