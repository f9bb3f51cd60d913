/* SPDX-License-Identifier: Apache-2.0 */
#include "common/aws_env.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/aws_chain.h"
#include "common/memory.h"

const char *aws_getenv(void *unused, const char *name)
{
    (void)unused;
    return getenv(name);
}

struct source {
    aws_lookup_fn *lookup;
    void *ctx;
};

/* NULL for an empty text too: compose files write "${NAME:-}". */
static const char *value_of(struct source from, const char *name)
{
    const char *text = from.lookup(from.ctx, name);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static char *copy_of(const char *text)
{
    return text == NULL ? NULL : need_strdup(text);
}

static bool read_bool(struct source from, const char *name, bool fallback, bool *out,
                      struct textbuf *problem)
{
    const char *text = value_of(from, name);

    *out = fallback;
    if (text == NULL)
        return true;
    if (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)
        *out = true;
    else if (strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0)
        *out = false;
    else {
        textbuf_printf(problem, "%s: \"%s\" is neither true nor false", name, text);
        return false;
    }
    return true;
}

static bool read_endpoint(struct source from, const struct aws_defaults *defaults,
                          struct aws_env *out, struct textbuf *problem)
{
    const char *name = "AWS_ENDPOINT_URL_S3";
    const char *text = value_of(from, name);

    if (text == NULL) {
        name = "AWS_ENDPOINT_URL";
        text = from.lookup(from.ctx, name);
    }
    if (text == NULL)
        text = defaults->endpoint;
    if (text == NULL || text[0] == '\0')
        return true;
    out->endpoint = need_strdup(text);
    if (strncasecmp(text, "https://", 8) == 0 && text[8] != '\0')
        return true;
    if (strncasecmp(text, "http://", 7) != 0 || text[7] == '\0') {
        textbuf_printf(problem, "%s: \"%s\" is not a URL (http://HOST:PORT or https://HOST:PORT)",
                       name, text);
        return false;
    }
    if (out->allow_http)
        return true;
    textbuf_printf(problem, "%s: %s is not encrypted; AWS_ALLOW_HTTP=true permits that", name,
                   text);
    return false;
}

/* Keys stay a pair: half of one and half of another would only be refused later. */
static bool keys_from_environment(struct source from, struct aws_env *out, struct textbuf *problem)
{
    const char *id = value_of(from, "AWS_ACCESS_KEY_ID");
    const char *secret = value_of(from, "AWS_SECRET_ACCESS_KEY");

    if (id != NULL && secret != NULL) {
        out->access_key_id = need_strdup(id);
        out->secret_access_key = need_strdup(secret);
        out->session_token = copy_of(value_of(from, "AWS_SESSION_TOKEN"));
        out->source = "environment";
    }
    if ((id == NULL) == (secret == NULL))
        return true;
    textbuf_printf(problem, "%s: is not set, but %s is",
                   id == NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                   id == NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    return false;
}

static bool keys_from_elsewhere(struct source from, struct aws_env *out, struct textbuf *problem)
{
    bool named = value_of(from, "AWS_PROFILE") != NULL ||
                 value_of(from, "AWS_SHARED_CREDENTIALS_FILE") != NULL ||
                 value_of(from, "AWS_CONFIG_FILE") != NULL;
    bool aws_itself = out->endpoint == NULL || strstr(out->endpoint, ".amazonaws.com") != NULL;

    return aws_chain_open(from.lookup, from.ctx, named || aws_itself, aws_itself, out, problem);
}

bool aws_env_load(aws_lookup_fn *lookup, void *ctx, const struct aws_defaults *defaults,
                  struct aws_env *out, struct textbuf *problem)
{
    static const struct aws_defaults none = {0};
    struct source from = {lookup, ctx};
    bool unsigned_requests;

    defaults = defaults == NULL ? &none : defaults;
    *out = (struct aws_env){0};
    if (!read_bool(from, "AWS_ALLOW_HTTP", defaults->allow_http, &out->allow_http, problem) ||
        !read_bool(from, "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", false, &out->virtual_host, problem) ||
        !read_endpoint(from, defaults, out, problem))
        goto failed;
    out->region = copy_of(value_of(from, "AWS_REGION"));
    if (out->region == NULL)
        out->region = copy_of(value_of(from, "AWS_DEFAULT_REGION"));
    out->ca_file = copy_of(value_of(from, "AWS_CA_BUNDLE"));
    if (!read_bool(from, "AWS_SKIP_SIGNATURE", false, &unsigned_requests, problem))
        goto failed;
    if (!unsigned_requests &&
        (!keys_from_environment(from, out, problem) || !keys_from_elsewhere(from, out, problem)))
        goto failed;
    if (unsigned_requests) {
        out->source = "nowhere: requests are not signed";
    } else if (out->access_key_id == NULL && out->credentials == NULL && out->endpoint != NULL &&
               defaults->access_key_id != NULL) {
        out->access_key_id = need_strdup(defaults->access_key_id);
        out->secret_access_key = need_strdup(defaults->secret_access_key);
        out->source = "default";
    }
    if (out->region == NULL)
        out->region = need_strdup("us-east-1");
    return true;
failed:
    aws_env_done(out);
    return false;
}

void aws_env_done(struct aws_env *env)
{
    free(env->endpoint);
    free(env->region);
    free(env->access_key_id);
    free(env->secret_access_key);
    free(env->session_token);
    free(env->ca_file);
    dw_credentials_unref(env->credentials);
    *env = (struct aws_env){0};
}

void aws_env_apply(const struct aws_env *env, dw_store_options *options)
{
    options->flags |=
        (env->allow_http ? DW_S3_ALLOW_HTTP : 0) | (env->virtual_host ? DW_S3_VIRTUAL_HOST : 0);
    options->s3_endpoint = env->endpoint;
    options->s3_region = env->region;
    options->s3_access_key_id = env->access_key_id;
    options->s3_secret_access_key = env->secret_access_key;
    options->s3_session_token = env->session_token;
    options->s3_credentials = env->credentials;
    options->s3_ca_file = env->ca_file;
}
