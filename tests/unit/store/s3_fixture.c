/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "store/store_ops.h"

static void keep_line(void *ctx, int level, const char *message)
{
    s3_fixture *f = ctx;

    (void)level;
    dwi_buf_printf(&f->log, "%s\n", message);
}

dw_store_options s3_options(const s3_fixture *f, char endpoint[64])
{
    dw_store_options opts = DW_STORE_OPTIONS_INIT;

    (void)snprintf(endpoint, 64, "http://127.0.0.1:%d", f->server.port);
    opts.flags = DW_S3_ALLOW_HTTP | DW_S3_TRUST_IF_ABSENT;
    opts.s3_endpoint = endpoint;
    opts.s3_access_key_id = "AKIDAKID";
    opts.s3_secret_access_key = "topsecret";
    opts.retry_timeout_ms = 60000; /* of the test's clock: no time passes */
    opts.request_timeout_ms = 1000;
    return opts;
}

void s3_start_with(s3_fixture *f, const script_step *steps, size_t n_steps, uint32_t flags)
{
    dw_store_options opts;
    char endpoint[64];
    dw_error err = DW_ERROR_INIT;

    memset(f, 0, sizeof(*f));
    dwt_env_init(&f->env);
    dwi_buf_init(&f->log, dwi_alloc_default());
    http_script_start(&f->server, steps, n_steps);
    opts = s3_options(f, endpoint);
    opts.flags = flags;
    opts.log = keep_line;
    opts.log_ctx = f;
    DWT_OK(dw_store_open_uri("s3://lake/t", &opts, &f->store, &err), &err);
    dwi_store_set_env(f->store, &f->env.base);
}

void s3_start(s3_fixture *f, const script_step *steps, size_t n_steps)
{
    s3_start_with(f, steps, n_steps, DW_S3_ALLOW_HTTP | DW_S3_TRUST_IF_ABSENT);
}

void s3_stop(s3_fixture *f)
{
    dw_store_unref(f->store);
    http_script_stop(&f->server);
    DWT_EQ(f->server.n_served, f->server.n_steps);
    if (f->log.len > 0)
        assert_null(strstr(dwi_buf_cstr(&f->log), "topsecret"));
    dwi_buf_done(&f->log);
    http_script_done(&f->server);
}

const char *s3_request(s3_fixture *f, size_t i)
{
    return (const char *)f->server.requests[i].data;
}
