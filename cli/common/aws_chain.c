/* SPDX-License-Identifier: Apache-2.0 */
#include "common/aws_chain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/aws_process.h"
#include "common/aws_profile.h"
#include "common/logline.h"
#include "common/memory.h"

enum { MOST_PROFILES = 5 }; /* that name each other as their source */

struct chain {
    aws_lookup_fn *lookup;
    void *ctx;
    struct aws_env *env;
    struct textbuf *problem;
};

static const char *value_of(const struct chain *c, const char *name)
{
    const char *text = c->lookup(c->ctx, name);

    return text == NULL || text[0] == '\0' ? NULL : text;
}

static bool fail(const struct chain *c, const char *object, const char *reason)
{
    textbuf_printf(c->problem, "%s: %s", object, reason);
    return false;
}

static const char *region_of(const struct chain *c)
{
    return c->env->region == NULL ? "us-east-1" : c->env->region;
}

static bool open_aws(const struct chain *c, const char *object, const dw_aws_source *source,
                     dw_credentials **out)
{
    static char component[] = "credentials";
    dw_credentials_options options = DW_CREDENTIALS_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;

    options.log = log_library;
    options.log_ctx = component;
    return dw_credentials_open_aws(source, &options, out, &err) == DW_OK ||
           fail(c, object, err.message);
}

/* ---- STS ---- */

static dw_aws_source sts_source(const struct chain *c, int32_t kind, const char *role_arn,
                                const char *session)
{
    dw_aws_source source = DW_AWS_SOURCE_INIT;

    source.kind = kind;
    source.endpoint = value_of(c, "AWS_ENDPOINT_URL_STS");
    source.region = region_of(c);
    source.role_arn = role_arn;
    source.role_session_name = session != NULL ? session : value_of(c, "AWS_ROLE_SESSION_NAME");
    source.ca_file = c->env->ca_file;
    return source;
}

static bool open_web_identity(const struct chain *c, const char *role_arn, const char *session,
                              const char *token_file, dw_credentials **out)
{
    dw_aws_source source = sts_source(c, DW_AWS_WEB_IDENTITY, role_arn, session);

    source.token_file = token_file;
    return open_aws(c, "AWS_WEB_IDENTITY_TOKEN_FILE", &source, out);
}

/* ---- containers and instances ---- */

static bool open_container(const struct chain *c, dw_credentials **out)
{
    const char *relative = value_of(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = value_of(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    dw_aws_source source = DW_AWS_SOURCE_INIT;
    struct textbuf url = {0};
    bool ok;

    if (relative != NULL)
        textbuf_printf(&url, "http://169.254.170.2%s", relative);
    else
        textbuf_puts(&url, full);
    source.kind = DW_AWS_CONTAINER;
    source.endpoint = url.text;
    source.token_file = value_of(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    source.token = value_of(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    ok = open_aws(c,
                  relative != NULL ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
                                   : "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                  &source, out);
    textbuf_done(&url);
    return ok;
}

static bool in_container(const struct chain *c)
{
    return value_of(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
           value_of(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL;
}

static bool open_instance(const struct chain *c, dw_credentials **out)
{
    dw_aws_source source = DW_AWS_SOURCE_INIT;

    source.kind = DW_AWS_INSTANCE;
    source.endpoint = value_of(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    return open_aws(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT", &source, out);
}

/* ---- profiles ---- */

static dw_status give_fixed(void *ctx, dw_keys_sink sink, dw_error *err)
{
    char *const *texts = ctx;
    dw_keys keys = DW_KEYS_INIT;

    keys.access_key_id = texts[0];
    keys.secret_access_key = texts[1];
    keys.session_token = texts[2];
    return sink.give(sink.ctx, &keys, err);
}

static void free_fixed(void *ctx)
{
    char **texts = ctx;

    for (int i = 0; i < 3; i++)
        free(texts[i]);
    free(texts);
}

static bool open_fixed(const struct chain *c, const char *id, const char *secret, const char *token,
                       dw_credentials **out)
{
    char **texts = need_alloc(3, sizeof(*texts));
    dw_error err = DW_ERROR_INIT;

    texts[0] = need_strdup(id);
    texts[1] = need_strdup(secret);
    texts[2] = token == NULL ? NULL : need_strdup(token);
    if (dw_credentials_new(give_fixed, texts, free_fixed, NULL, out, &err) == DW_OK)
        return true;
    free_fixed(texts);
    return fail(c, "credentials", err.message);
}

static bool load_profile(const struct chain *c, const char *name, struct aws_profile *out)
{
    return aws_profile_load(name, value_of(c, "AWS_SHARED_CREDENTIALS_FILE"),
                            value_of(c, "AWS_CONFIG_FILE"), value_of(c, "HOME"), out, c->problem);
}

static bool open_profile(const struct chain *c, const struct aws_profile *profile, int depth,
                         dw_credentials **out);

static bool open_environment(const struct chain *c, dw_credentials **out)
{
    const char *id = value_of(c, "AWS_ACCESS_KEY_ID");
    const char *secret = value_of(c, "AWS_SECRET_ACCESS_KEY");

    if (id == NULL || secret == NULL)
        return fail(c, "AWS_ACCESS_KEY_ID", "credential_source = Environment, but it is not set");
    return open_fixed(c, id, secret, value_of(c, "AWS_SESSION_TOKEN"), out);
}

/* Whose keys a role is assumed with. */
static bool open_base(const struct chain *c, const struct aws_profile *profile, int depth,
                      dw_credentials **out)
{
    const char *source = profile->credential_source;
    struct aws_profile other = {0};
    bool ok;

    if (source != NULL && strcasecmp(source, "Environment") == 0)
        return open_environment(c, out);
    if (source != NULL && strcasecmp(source, "Ec2InstanceMetadata") == 0)
        return open_instance(c, out);
    if (source != NULL && strcasecmp(source, "EcsContainer") == 0)
        return in_container(c) ? open_container(c, out)
                               : fail(c, profile->name,
                                      "credential_source = EcsContainer, but "
                                      "this is none");
    if (source != NULL)
        return fail(c, profile->name,
                    "credential_source is not one of Environment, Ec2InstanceMetadata, "
                    "EcsContainer");
    if (profile->source_profile == NULL)
        return fail(c, profile->name, "role_arn needs source_profile or credential_source");
    if (strcmp(profile->source_profile, profile->name) == 0 && profile->access_key_id != NULL)
        return open_fixed(c, profile->access_key_id, profile->secret_access_key,
                          profile->session_token, out);
    if (depth >= MOST_PROFILES)
        return fail(c, profile->name, "source_profile leads from profile to profile without end");
    ok =
        load_profile(c, profile->source_profile, &other) && open_profile(c, &other, depth + 1, out);
    aws_profile_done(&other);
    return ok;
}

static bool open_role(const struct chain *c, const struct aws_profile *profile, int depth,
                      dw_credentials **out)
{
    dw_aws_source source =
        sts_source(c, DW_AWS_ROLE, profile->role_arn, profile->role_session_name);
    bool ok;

    source.external_id = profile->external_id;
    ok = open_base(c, profile, depth, &source.base) && open_aws(c, profile->name, &source, out);
    dw_credentials_unref(source.base);
    return ok;
}

/* *out stays NULL when the profile has no keys of any kind. */
static bool open_profile(const struct chain *c, const struct aws_profile *profile, int depth,
                         dw_credentials **out)
{
    dw_error err = DW_ERROR_INIT;

    if (profile->role_arn != NULL && profile->web_identity_token_file != NULL)
        return open_web_identity(c, profile->role_arn, profile->role_session_name,
                                 profile->web_identity_token_file, out);
    if (profile->role_arn != NULL)
        return open_role(c, profile, depth, out);
    if (profile->access_key_id != NULL)
        return open_fixed(c, profile->access_key_id, profile->secret_access_key,
                          profile->session_token, out);
    if (profile->credential_process != NULL)
        return aws_process_open(profile->credential_process, out, &err) == DW_OK ||
               fail(c, profile->name, err.message);
    if (profile->sso)
        return fail(c, profile->name,
                    "single sign-on is not supported; credential_process = aws configure "
                    "export-credentials --profile NAME gives its keys");
    return depth == 0 || fail(c, profile->name, "has no keys");
}

static bool use_named_profile(const struct chain *c)
{
    struct aws_profile profile = {0};
    bool ok = load_profile(c, value_of(c, "AWS_PROFILE"), &profile);

    if (ok && c->env->region == NULL && profile.region != NULL)
        c->env->region = need_strdup(profile.region);
    if (ok && c->env->credentials == NULL && c->env->access_key_id == NULL) {
        ok = open_profile(c, &profile, 0, &c->env->credentials);
        if (c->env->credentials != NULL)
            c->env->source = "profile";
    }
    aws_profile_done(&profile);
    return ok;
}

bool aws_chain_open(aws_lookup_fn *lookup, void *ctx, bool use_profile, bool use_instance,
                    struct aws_env *env, struct textbuf *problem)
{
    const struct chain c = {lookup, ctx, env, problem};
    const char *role_arn = value_of(&c, "AWS_ROLE_ARN");
    const char *token_file = value_of(&c, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *disabled = value_of(&c, "AWS_EC2_METADATA_DISABLED");
    bool have = env->access_key_id != NULL;

    if (!have && token_file != NULL && role_arn == NULL)
        return fail(&c, "AWS_ROLE_ARN", "is not set, but AWS_WEB_IDENTITY_TOKEN_FILE is");
    if (!have && token_file != NULL) {
        if (!open_web_identity(&c, role_arn, NULL, token_file, &env->credentials))
            return false;
        env->source = "web identity";
    }
    if (use_profile && !use_named_profile(&c))
        return false;
    have = have || env->credentials != NULL;
    if (!have && in_container(&c)) {
        if (!open_container(&c, &env->credentials))
            return false;
        env->source = "container";
    } else if (!have && use_instance && (disabled == NULL || strcasecmp(disabled, "true") != 0)) {
        if (!open_instance(&c, &env->credentials))
            return false;
        env->source = "instance";
        env->is_last_resort = true;
    }
    return true;
}
