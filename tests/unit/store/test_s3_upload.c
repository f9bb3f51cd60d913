/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads in parts and removal of many, and what becomes of them when answers are not what they should be. */
#include "harness.h"

#include <string.h>

#include "s3_fixture.h"
#include "store/store_ops.h"

enum { PART = 5 * 1024 * 1024 };

#define STARTED                                                                                    \
    "HTTP/1.1 200 OK\r\n\r\n<InitiateMultipartUploadResult>"                                       \
    "<UploadId>u/1</UploadId></InitiateMultipartUploadResult>"
#define PART_OK "HTTP/1.1 200 OK\r\nETag: \"p\"\r\nContent-Length: 0\r\n\r\n"
#define COMPLETED                                                                                  \
    "HTTP/1.1 200 OK\r\n\r\n<CompleteMultipartUploadResult>"                                       \
    "</CompleteMultipartUploadResult>"

/* Uploads one part and one byte more. */
static dw_status upload(s3_fixture *f, dw_error *err)
{
    static uint8_t data[PART + 1];
    dwi_upload *stream = NULL;
    dw_status status;

    DWI_TRY(dwi_upload_begin(f->store, "k", &stream, err));
    status = dwi_upload_write(stream, data, sizeof(data), err);
    if (status == DW_OK)
        return dwi_upload_finish(stream, err);
    dwi_upload_abort(stream);
done:
    return status;
}

static void start_upload(s3_fixture *f, const script_step *steps, size_t n_steps)
{
    dw_store_options opts;
    char endpoint[64];
    dw_error err = DW_ERROR_INIT;

    s3_start(f, steps, n_steps);
    dw_store_unref(f->store);
    opts = s3_options(f, endpoint);
    opts.part_bytes = PART;
    DWT_OK(dw_store_open_uri("s3://lake/t", &opts, &f->store, &err), &err);
    dwi_store_set_env(f->store, &f->env.base);
}

#define START_UPLOAD(f, steps) start_upload((f), (steps), sizeof(steps) / sizeof((steps)[0]))

static void parts_are_tried_again_one_by_one(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, FAULT("500 Internal Server Error", "")},
        {SCRIPT_ANSWER, STARTED},
        {SCRIPT_CLOSE, NULL},
        {SCRIPT_ANSWER, PART_OK},
        {SCRIPT_ANSWER, SLOW_DOWN},
        {SCRIPT_ANSWER, PART_OK},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\n\r\n"
                        "<Error><Code>InternalError</Code></Error> "},
        {SCRIPT_ANSWER, COMPLETED},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START_UPLOAD(&f, steps);
    DWT_OK(upload(&f, &err), &err);
    assert_non_null(strstr(s3_request(&f, 0), "POST /lake/t/k?uploads= HTTP"));
    assert_non_null(strstr(s3_request(&f, 3), "PUT /lake/t/k?partNumber=1&uploadId=u%2F1 HTTP"));
    assert_non_null(strstr(s3_request(&f, 5), "PUT /lake/t/k?partNumber=2&uploadId=u%2F1 HTTP"));
    assert_non_null(strstr(s3_request(&f, 7),
                           "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;p"
                           "&quot;</ETag></Part><Part><PartNumber>2</PartNumber><ETag>&quot;p"
                           "&quot;</ETag></Part></CompleteMultipartUpload>"));
    s3_stop(&f);
}

static void a_failed_upload_is_aborted(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, STARTED},
        {SCRIPT_ANSWER, FAULT("403 Forbidden", "")},
        {SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START_UPLOAD(&f, steps);
    DWT_ERR(upload(&f, &err), &err, DW_E_DENIED, "upload k: HTTP 403");
    assert_non_null(strstr(s3_request(&f, 2), "DELETE /lake/t/k?uploadId=u%2F1 HTTP"));
    s3_stop(&f);
}

static void a_lost_completion_is_settled_by_looking(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER, STARTED},
        {SCRIPT_ANSWER, PART_OK},
        {SCRIPT_ANSWER, PART_OK},
        {SCRIPT_CLOSE, NULL},
        {SCRIPT_ANSWER, FAULT("404 Not Found", "<Error><Code>NoSuchUpload</Code></Error>")},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 5242881\r\n\r\n"},
    };
    dw_error err = DW_ERROR_INIT;
    s3_fixture f;

    (void)state;
    START_UPLOAD(&f, steps);
    DWT_OK(upload(&f, &err), &err);
    assert_non_null(strstr(s3_request(&f, 5), "HEAD /lake/t/k HTTP"));
    s3_stop(&f);
}

static void objects_that_cannot_be_removed_together_are_removed_one_by_one(void **state)
{
    static const char *const keys[] = {"a&b", "c"};
    const script_step steps[] = {
        {SCRIPT_ANSWER, SLOW_DOWN},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\n\r\n<DeleteResult/>"},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\n\r\n<DeleteResult><Error><Key>t/c</Key>"
                        "<Code>AccessDenied</Code></Error></DeleteResult>"},
        {SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
        {SCRIPT_ANSWER, FAULT("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>")},
        {SCRIPT_ANSWER, FAULT("501 Not Implemented", "")}, /* not asked again */
        {SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
        {SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
        {SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
        {SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
    };
    dw_error err = DW_ERROR_INIT;
    size_t failed = 9;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(dwi_store_remove_many(f.store, keys, 2, &failed, &err), &err);
    DWT_EQ(failed, 0);
    assert_non_null(strstr(s3_request(&f, 1), "POST /lake?delete= HTTP"));
    assert_non_null(strstr(s3_request(&f, 1),
                           "<Delete><Quiet>true</Quiet><Object><Key>t/a&amp;b</Key></Object>"
                           "<Object><Key>t/c</Key></Object></Delete>"));
    assert_non_null(strstr(s3_request(&f, 1), "content-md5: "));
    DWT_ERR(dwi_store_remove_many(f.store, keys, 2, &failed, &err), &err, DW_E_DENIED, "remove c");
    DWT_EQ(failed, 1);
    for (int i = 0; i < 2; i++)
        DWT_OK(dwi_store_remove_many(f.store, keys, 2, &failed, &err), &err);
    s3_stop(&f);
}

#define UPLOAD(key, id, day)                                                                       \
    "<Upload><Key>" key "</Key><UploadId>" id "</UploadId><Initiated>2026-01-" day                 \
    "T00:00:00.000Z</Initiated></Upload>"

/* 2026-01-05 is when they are old; what is out of the store's folder is not ours. */
static void uploads_that_broke_off_are_aborted_when_they_are_old(void **state)
{
    const script_step steps[] = {
        {SCRIPT_ANSWER,
         "HTTP/1.1 200 OK\r\n\r\n<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
         "<NextKeyMarker>t/a%2Bb</NextKeyMarker><NextUploadIdMarker>u/1</"
         "NextUploadIdMarker>" UPLOAD("t/a%20b", "u/1", "04")
             UPLOAD("t/c", "u2", "06") "</ListMultipartUploadsResult>"},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\n\r\n<ListMultipartUploadsResult>" UPLOAD(
                            "other/d", "u3", "01") "</ListMultipartUploadsResult>"},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\n\r\n<ListMultipartUploadsResult>" UPLOAD(
                            "t/a%20b", "u/1", "04") "</ListMultipartUploadsResult>"},
        {SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
        {SCRIPT_ANSWER, FAULT("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>")},
    };
    const int64_t before_ms = INT64_C(1767571200000);
    dw_error err = DW_ERROR_INIT;
    dw_swept swept;
    s3_fixture f;

    (void)state;
    START(&f, steps);
    DWT_OK(dwi_store_sweep(f.store, "x/", before_ms, true, &swept, &err), &err);
    DWT_EQ(swept.leftovers, 1);
    assert_non_null(
        strstr(s3_request(&f, 0), "GET /lake?encoding-type=url&prefix=t%2Fx%2F&uploads= HTTP"));
    assert_non_null(strstr(s3_request(&f, 1),
                           "?encoding-type=url&key-marker=t%2Fa%2Bb&prefix=t%2Fx%2F"
                           "&upload-id-marker=u%2F1&uploads= HTTP"));
    DWT_OK(dwi_store_sweep(f.store, "", before_ms, false, &swept, &err), &err);
    DWT_EQ(swept.leftovers, 1);
    assert_non_null(strstr(s3_request(&f, 3), "DELETE /lake/t/a%20b?uploadId=u%2F1 HTTP"));
    DWT_OK(dwi_store_sweep(f.store, "", before_ms, false, &swept, &err), &err);
    DWT_EQ(swept.leftovers, 0);
    s3_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_tried_again_one_by_one),
        cmocka_unit_test(a_failed_upload_is_aborted),
        cmocka_unit_test(a_lost_completion_is_settled_by_looking),
        cmocka_unit_test(uploads_that_broke_off_are_aborted_when_they_are_old),
        cmocka_unit_test(objects_that_cannot_be_removed_together_are_removed_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
