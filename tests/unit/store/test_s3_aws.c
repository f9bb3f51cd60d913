/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that AWS gives, from a server that follows a script. */
#include "s3_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/key_cache.h"
#include "store/s3_fetch.h"
#include "store/store_ops.h"

#define OK "HTTP/1.1 200 OK\r\n\r\n"
#define JSON_KEYS(id)                                                                              \
    OK "{\"Code\" : \"Success\", \"Size\": {\"a\": [1, \"]\"]},\n \"AccessKeyId\" : \"" id         \
       "\", \"SecretAccessKey\" : \"s\\/e+c\", \"Token\" : \"t\\u003d\", \"Expiration\" : "        \
       "\"2099-01-01T00:00:00Z\"}"
#define STS_KEYS(action, id)                                                                       \
    OK "<" action "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" action          \
       "Result><Credentials><AccessKeyId>" id "</AccessKeyId><SecretAccessKey>s/e+c"               \
       "</SecretAccessKey><SessionToken>t=</SessionToken><Expiration>2099-01-01T00:00:00.000Z"     \
       "</Expiration></Credentials></" action "Result></" action "Response>"

static const int64_t year_2099_ms = INT64_C(4070908800000);

typedef struct world {
    http_script server;
    char url[64];
    char token_file[32];
    dw_credentials *credentials;
} world;

static void serve(world *w, const script_step *steps, size_t n_steps)
{
    int fd;

    memset(w, 0, sizeof(*w));
    http_script_start(&w->server, steps, n_steps);
    (void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", w->server.port);
    (void)snprintf(w->token_file, sizeof(w->token_file), "token-test-XXXXXX");
    fd = mkstemp(w->token_file);
    assert_true(fd >= 0);
    (void)close(fd);
}
#define SERVE(w, steps) serve((w), (steps), sizeof(steps) / sizeof((steps)[0]))

static void write_token(const world *w, const char *text)
{
    FILE *file = fopen(w->token_file, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void open_source(world *w, const dw_aws_source *source)
{
    dw_error err = DW_ERROR_INIT;

    DWT_OK(dw_credentials_open_aws(source, NULL, &w->credentials, &err), &err);
}

static void stop(world *w)
{
    dw_credentials_unref(w->credentials);
    (void)unlink(w->token_file);
    http_script_stop(&w->server);
    DWT_EQ(w->server.n_served, w->server.n_steps);
    http_script_done(&w->server);
}

static void gives(world *w, const char *id)
{
    dw_error err = DW_ERROR_INIT;
    dwi_keys *keys = NULL;

    DWT_OK(dwi_credentials_keys(w->credentials, dwi_env_system(), &keys, &err), &err);
    DWT_STR(keys->access_key_id, id);
    DWT_STR(keys->secret_access_key, "s/e+c");
    DWT_STR(keys->session_token, "t=");
    assert_true(keys->expires_ms == year_2099_ms);
    dwi_credentials_reject(w->credentials, keys);
    dwi_keys_unref(keys);
}

static void fails(world *w, dw_status code, bool retryable, const char *message)
{
    dw_error err = DW_ERROR_INIT;

    DWT_ERR(dw_credentials_refresh(w->credentials, NULL, &err), &err, code, message);
    DWT_EQ(err.retryable, retryable);
}

/* Headers are compared as they are sent. */
static void asked(const world *w, size_t i, const char *text)
{
    const char *request = (const char *)w->server.requests[i].data;

    if (strstr(request, text) == NULL)
        fail_msg("\"%s\" is not in:\n%s", text, request);
}

/* ---- instance ---- */

static void an_instance_is_asked_by_version_2_with_a_session_token(void **state)
{
    static const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE, OK "session=="},
        {SCRIPT_ANSWER_CLOSE, OK "my role"},
        {SCRIPT_ANSWER_CLOSE, JSON_KEYS("ASIA1")},
    };
    dw_aws_source source = DW_AWS_SOURCE_INIT;
    char slashed[80];
    world w;

    (void)state;
    SERVE(&w, steps);
    (void)snprintf(slashed, sizeof(slashed), "%s/", w.url);
    source.kind = DW_AWS_INSTANCE;
    source.endpoint = slashed;
    open_source(&w, &source);
    gives(&w, "ASIA1");
    http_script_stop(&w.server);
    asked(&w, 0, "PUT /latest/api/token HTTP/1.1\r\n");
    asked(&w, 0, "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n");
    asked(&w, 1, "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n");
    asked(&w, 1, "X-aws-ec2-metadata-token: session==\r\n");
    asked(&w, 2, "GET /latest/meta-data/iam/security-credentials/my%20role HTTP/1.1\r\n");
    asked(&w, 2, "X-aws-ec2-metadata-token: session==\r\n");
    dw_credentials_unref(w.credentials);
    (void)unlink(w.token_file);
    http_script_done(&w.server);
}

static void what_an_instance_may_answer_instead(void **state)
{
    static const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 403 Forbidden\r\n\r\n"},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 503 Busy\r\n\r\n"},
        {SCRIPT_ANSWER_CLOSE, OK "session"},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 404 Not Found\r\n\r\n"},
        {SCRIPT_ANSWER_CLOSE, OK "session"},
        {SCRIPT_ANSWER_CLOSE, OK ""},
        {SCRIPT_ANSWER_CLOSE, OK "session"},
        {SCRIPT_ANSWER_CLOSE, OK "role"},
        {SCRIPT_ANSWER_CLOSE, OK "<html>"},
        {SCRIPT_ANSWER_CLOSE, OK "session"},
        {SCRIPT_ANSWER_CLOSE, OK "role"},
        {SCRIPT_ANSWER_CLOSE, OK "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\","
                                 "\"Expiration\":\"soon\"}"},
        {SCRIPT_CLOSE, NULL},
    };
    dw_aws_source source = DW_AWS_SOURCE_INIT;
    world w;

    (void)state;
    SERVE(&w, steps);
    source.kind = DW_AWS_INSTANCE;
    source.endpoint = w.url;
    open_source(&w, &source);
    fails(&w, DW_E_DENIED, false, "/latest/api/token: HTTP 403");
    fails(&w, DW_E_IO, true, "/latest/api/token: HTTP 503");
    fails(&w, DW_E_DENIED, false, "HTTP 404, the instance has no role");
    fails(&w, DW_E_DENIED, false, "the instance has no role");
    fails(&w, DW_E_CORRUPT, false, "the answer has no keys");
    fails(&w, DW_E_CORRUPT, false, "\"soon\" is no time");
    fails(&w, DW_E_IO, true, "127.0.0.1");
    stop(&w);
}

/* ---- container ---- */

static void a_container_s_token_is_read_again_for_each_fetch(void **state)
{
    static const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE, JSON_KEYS("ASIA1")},
        {SCRIPT_ANSWER_CLOSE, JSON_KEYS("ASIA2")},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 401 Unauthorized\r\n\r\n"},
    };
    dw_aws_source source = DW_AWS_SOURCE_INIT;
    char url[96];
    world w;

    (void)state;
    SERVE(&w, steps);
    (void)snprintf(url, sizeof(url), "%s/v1/credentials?x=y", w.url);
    source.kind = DW_AWS_CONTAINER;
    source.endpoint = url;
    source.token_file = w.token_file;
    open_source(&w, &source);
    fails(&w, DW_E_DENIED, false, "holds no token");
    write_token(&w, "first\n");
    gives(&w, "ASIA1");
    write_token(&w, "second");
    gives(&w, "ASIA2");
    fails(&w, DW_E_DENIED, false, "/v1/credentials?x=y: HTTP 401");
    http_script_stop(&w.server);
    asked(&w, 0, "GET /v1/credentials?x=y HTTP/1.1\r\n");
    asked(&w, 0, "Authorization: first\r\n");
    asked(&w, 1, "Authorization: second\r\n");
    dw_credentials_unref(w.credentials);
    (void)unlink(w.token_file);
    http_script_done(&w.server);
}

/* ---- STS ---- */

static void a_web_identity_is_exchanged_at_sts(void **state)
{
    static const script_step steps[] = {
        {SCRIPT_ANSWER_CLOSE, STS_KEYS("AssumeRoleWithWebIdentity", "ASIA1")},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 400 Bad Request\r\n\r\n<ErrorResponse><Error><Type>Sender"
                              "</Type><Code>ExpiredTokenException</Code><Message>Token expired"
                              "</Message></Error></ErrorResponse>"},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 400 Bad Request\r\n\r\n<ErrorResponse><Error>"
                              "<Code>IDPCommunicationError</Code></Error></ErrorResponse>"},
        {SCRIPT_ANSWER_CLOSE, "HTTP/1.1 500 Oops\r\n\r\n"},
        {SCRIPT_ANSWER_CLOSE, OK "<AssumeRole"},
    };
    dw_aws_source source = DW_AWS_SOURCE_INIT;
    world w;

    (void)state;
    SERVE(&w, steps);
    source.kind = DW_AWS_WEB_IDENTITY;
    source.endpoint = w.url;
    source.token_file = w.token_file;
    source.role_arn = "arn:aws:iam::123456789012:role/lake";
    source.role_session_name = "me";
    open_source(&w, &source);
    write_token(&w, "a.b/c\n");
    gives(&w, "ASIA1");
    fails(&w, DW_E_DENIED, false, "HTTP 400 ExpiredTokenException: Token expired");
    fails(&w, DW_E_IO, true, "IDPCommunicationError");
    fails(&w, DW_E_IO, true, "HTTP 500");
    fails(&w, DW_E_CORRUPT, false, "not well-formed");
    http_script_stop(&w.server);
    asked(&w, 0, "POST / HTTP/1.1\r\n");
    asked(&w, 0, "Content-Type: application/x-www-form-urlencoded\r\n");
    asked(
        &w, 0,
        "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
        "123456789012%3Arole%2Flake&RoleSessionName=me&WebIdentityToken=a.b%2Fc");
    assert_null(strstr((const char *)w.server.requests[0].data, "Authorization"));
    dw_credentials_unref(w.credentials);
    (void)unlink(w.token_file);
    http_script_done(&w.server);
}

static dw_status give_base(void *ctx, dw_keys_sink sink, dw_error *err)
{
    dw_keys keys = DW_KEYS_INIT;

    (void)ctx;
    keys.access_key_id = "AKIABASE";
    keys.secret_access_key = "base-secret";
    keys.session_token = "base-token";
    return sink.give(sink.ctx, &keys, err);
}

static void a_role_is_assumed_with_other_keys(void **state)
{
    static const script_step steps[] = {{SCRIPT_ANSWER_CLOSE, STS_KEYS("AssumeRole", "ASIA1")}};
    dw_aws_source source = DW_AWS_SOURCE_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_credentials *base = NULL;
    world w;

    (void)state;
    SERVE(&w, steps);
    DWT_OK(dw_credentials_new(give_base, NULL, NULL, NULL, &base, &err), &err);
    source.kind = DW_AWS_ROLE;
    source.endpoint = w.url;
    source.region = "eu-west-1";
    source.role_arn = "arn:role";
    source.external_id = "x y";
    source.base = base;
    open_source(&w, &source);
    dw_credentials_unref(base);
    gives(&w, "ASIA1");
    http_script_stop(&w.server);
    asked(&w, 0, "Authorization: AWS4-HMAC-SHA256 Credential=AKIABASE/");
    asked(&w, 0,
          "/eu-west-1/sts/aws4_request, "
          "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=");
    asked(&w, 0, "X-Amz-Security-Token: base-token\r\n");
    asked(&w, 0,
          "\r\n\r\nAction=AssumeRole&Version=2011-06-15&RoleArn=arn%3Arole&"
          "RoleSessionName=deltawrite&ExternalId=x%20y");
    dw_credentials_unref(w.credentials);
    (void)unlink(w.token_file);
    http_script_done(&w.server);
}

/* ---- what is refused ---- */

static void sources_that_cannot_be_are_refused(void **state)
{
    static const struct {
        dw_aws_source source;
        const char *message;
    } cases[] = {
        {{.kind = 0}, "kind 0 is unknown"},
        {{.kind = 5}, "kind 5 is unknown"},
        {{.kind = DW_AWS_CONTAINER}, "needs an endpoint"},
        {{.kind = DW_AWS_CONTAINER, .endpoint = "http://169.254.170.20/x"}, "from this host alone"},
        {{.kind = DW_AWS_CONTAINER, .endpoint = "http://localhost.example/x"},
         "from this host alone"},
        {{.kind = DW_AWS_CONTAINER, .endpoint = "ftp://127.0.0.1/x"}, "not of the form"},
        {{.kind = DW_AWS_WEB_IDENTITY, .role_arn = "r"}, "token_file is missing"},
        {{.kind = DW_AWS_WEB_IDENTITY, .token_file = "t"}, "role_arn is missing"},
        {{.kind = DW_AWS_ROLE, .role_arn = "r"}, "base is missing"},
        {{.kind = DW_AWS_INSTANCE, .endpoint = "http://a b"}, "not of the form"},
    };
    static const char *const good[] = {
        "https://host/x", "http://127.0.0.9/x", "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials", "http://localhost:80/"};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dw_aws_source source = cases[i].source;
        dw_credentials *credentials = NULL;
        dw_error err = DW_ERROR_INIT;

        source.struct_size = sizeof(source);
        DWT_ERR(dw_credentials_open_aws(&source, NULL, &credentials, &err), &err, DW_E_ARG,
                cases[i].message);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        dw_aws_source source = DW_AWS_SOURCE_INIT;
        dw_credentials *credentials = NULL;
        dw_error err = DW_ERROR_INIT;

        source.kind = DW_AWS_CONTAINER;
        source.endpoint = good[i];
        DWT_OK(dw_credentials_open_aws(&source, NULL, &credentials, &err), &err);
        dw_credentials_unref(credentials);
    }
}

static void texts_are_found_at_the_top_of_json_alone(void **state)
{
    static const struct {
        const char *json;
        const char *want; /* NULL: not found */
    } cases[] = {
        {"{\"a\":\"x\"}", "x"},
        {" { \"b\" : {\"a\":\"no\"} , \"a\" : \"x\" } ", "x"},
        {"{\"b\":[\"a\",{\"a\":1}],\"c\":null,\"d\":-1.5e3,\"a\":\"x\"}", "x"},
        {"{\"a\":\"\\\"\\\\\\/\\n\\u0041\"}", "\"\\/\nA"},
        {"{\"\\u0061\":\"x\"}", "x"},
        {"{\"a\":1}", NULL},
        {"{\"a\":\"x", NULL},
        {"{\"a\":\"\\u20ac\"}", NULL},
        {"{\"b\":\"x\"}", NULL},
        {"[\"a\"]", NULL},
        {"{", NULL},
        {"", NULL},
        {"{\"b\":{", NULL},
        {"{\"b\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dw_bytes json = {cases[i].json, strlen(cases[i].json)};
        bool found;
        dwi_buf out;

        dwi_buf_init(&out, dwi_alloc_default());
        found = dwi_s3_json_text(json, "a", &out);
        if (found != (cases[i].want != NULL))
            fail_msg("%s", cases[i].json);
        if (found)
            DWT_STR((const char *)out.data, cases[i].want);
        dwi_buf_done(&out);
    }
}

/* ---- a store that uses them ---- */

typedef struct counted_keys {
    int fetches;
} counted_keys;

static dw_status give_counted(void *ctx, dw_keys_sink sink, dw_error *err)
{
    counted_keys *counted = ctx;
    dw_keys keys = DW_KEYS_INIT;
    char id[32];

    (void)snprintf(id, sizeof(id), "AKID%d", ++counted->fetches);
    keys.access_key_id = id;
    keys.secret_access_key = "secret";
    return sink.give(sink.ctx, &keys, err);
}

static void a_request_whose_keys_are_over_is_made_again_with_new_ones(void **state)
{
    static const script_step steps[] = {
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n"},
        {SCRIPT_ANSWER, "HTTP/1.1 400 Bad Request\r\n\r\n<Error><Code>ExpiredToken</Code></Error>"},
        {SCRIPT_ANSWER, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n"},
        {SCRIPT_ANSWER, "HTTP/1.1 403 Forbidden\r\n\r\n<Error><Code>ExpiredToken</Code></Error>"},
        {SCRIPT_ANSWER, "HTTP/1.1 403 Forbidden\r\n\r\n<Error><Code>ExpiredToken</Code></Error>"},
    };
    counted_keys counted = {0};
    dw_store_options opts;
    dw_error err = DW_ERROR_INIT;
    dw_credentials *credentials = NULL;
    dw_store *store = NULL;
    char endpoint[64];
    s3_fixture f = {0};

    (void)state;
    http_script_start(&f.server, steps, sizeof(steps) / sizeof(steps[0]));
    DWT_OK(dw_credentials_new(give_counted, &counted, NULL, NULL, &credentials, &err), &err);
    opts = s3_options(&f, endpoint);
    opts.s3_access_key_id = NULL;
    opts.s3_secret_access_key = NULL;
    opts.s3_credentials = credentials;
    DWT_OK(dw_store_open_uri("s3://lake/t", &opts, &store, &err), &err);
    dw_credentials_unref(credentials);
    for (int i = 0; i < 2; i++)
        DWT_OK(dwi_store_put(store, "a", (dw_bytes){"x", 1}, DW_PUT_IF_ABSENT, &err), &err);
    DWT_EQ(counted.fetches, 2);
    DWT_ERR(dwi_store_put(store, "a", (dw_bytes){"x", 1}, DW_PUT_IF_ABSENT, &err), &err,
            DW_E_DENIED, "ExpiredToken");
    DWT_EQ(counted.fetches, 3);
    dw_store_unref(store);
    http_script_stop(&f.server);
    DWT_EQ(f.server.n_served, 5);
    assert_non_null(strstr((const char *)f.server.requests[0].data, "Credential=AKID1/"));
    assert_non_null(strstr((const char *)f.server.requests[1].data, "Credential=AKID1/"));
    assert_non_null(strstr((const char *)f.server.requests[2].data, "Credential=AKID2/"));
    http_script_done(&f.server);
}

/* ---- want of memory ---- */

static dw_status fetch_once(const dw_allocator *alloc, void *ctx)
{
    dw_credentials_options opts = DW_CREDENTIALS_OPTIONS_INIT;
    const dw_aws_source *source = ctx;
    dw_credentials *credentials = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    opts.allocator = alloc;
    status = dw_credentials_open_aws(source, &opts, &credentials, &err);
    if (status == DW_OK)
        status = dw_credentials_refresh(credentials, NULL, &err);
    dw_credentials_unref(credentials);
    return status;
}

static void want_of_memory_is_told(void **state)
{
    static script_step steps[SCRIPT_STEPS];
    dw_aws_source source = DW_AWS_SOURCE_INIT;
    world w;

    (void)state;
    for (size_t i = 0; i < SCRIPT_STEPS; i++)
        steps[i] = (script_step){SCRIPT_ANSWER_CLOSE, STS_KEYS("AssumeRoleWithWebIdentity", "A")};
    serve(&w, steps, SCRIPT_STEPS);
    write_token(&w, "token");
    source.kind = DW_AWS_WEB_IDENTITY;
    source.endpoint = w.url;
    source.token_file = w.token_file;
    source.role_arn = "arn";
    dwt_alloc_sweep(fetch_once, &source);
    (void)unlink(w.token_file);
    http_script_stop(&w.server);
    http_script_done(&w.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_is_asked_by_version_2_with_a_session_token),
        cmocka_unit_test(what_an_instance_may_answer_instead),
        cmocka_unit_test(a_container_s_token_is_read_again_for_each_fetch),
        cmocka_unit_test(a_web_identity_is_exchanged_at_sts),
        cmocka_unit_test(a_role_is_assumed_with_other_keys),
        cmocka_unit_test(sources_that_cannot_be_are_refused),
        cmocka_unit_test(texts_are_found_at_the_top_of_json_alone),
        cmocka_unit_test(a_request_whose_keys_are_over_is_made_again_with_new_ones),
        cmocka_unit_test(want_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
