/* SPDX-License-Identifier: Apache-2.0 */
/* Store options from AWS_* variables and the files that AWS tools share. */
#ifndef DW_CLI_AWS_ENV_H
#define DW_CLI_AWS_ENV_H

#include <stdbool.h>

#include <deltawrite/store.h>

#include "common/textbuf.h"

/* The value of a variable: NULL when it is not set; an empty text is a value. */
typedef const char *aws_lookup_fn(void *ctx, const char *name);

/* What stands in for variables that are not set; NULL: nothing. The keys count only while the
 * endpoint is not AWS itself. */
struct aws_defaults {
    const char *endpoint;
    const char *access_key_id;
    const char *secret_access_key;
    bool allow_http;
};

struct aws_env {
    char *endpoint; /* NULL: AWS itself */
    char *region;
    char *access_key_id; /* NULL: none found, or `credentials` */
    char *secret_access_key;
    char *session_token;
    dw_credentials *credentials; /* NULL: the keys above; else they are fetched */
    bool is_last_resort;         /* `credentials` are an instance's, which may not be one */
    char *ca_file;               /* NULL: the system's authorities */
    const char *source;          /* where the keys came from, for the log */
    bool allow_http;
    bool virtual_host;
};

/* Read by these rules (docs/configuration.md):
 * - endpoint: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the default; set but empty is AWS itself.
 * - keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN); else those of
 *   common/aws_chain.h, of which the profile counts with an endpoint that is not AWS only if
 *   AWS_PROFILE or a variable of its files is set, and the instance not at all; else the defaults.
 *   AWS_SKIP_SIGNATURE=true: none, requests are not signed.
 * - authorities of https: AWS_CA_BUNDLE.
 * - region: AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1.
 * False: a mistake, told in `problem` as "OBJECT: REASON". */
bool aws_env_load(aws_lookup_fn *lookup, void *ctx, const struct aws_defaults *defaults,
                  struct aws_env *out, struct textbuf *problem);
void aws_env_done(struct aws_env *env);

/* Put into options; the texts stay `env`'s. */
void aws_env_apply(const struct aws_env *env, dw_store_options *options);

/* A lookup that asks the process environment. */
const char *aws_getenv(void *unused, const char *name);

#endif
