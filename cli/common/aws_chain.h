/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that have to be fetched: which source the variables and profiles name. */
#ifndef DW_CLI_AWS_CHAIN_H
#define DW_CLI_AWS_CHAIN_H

#include "common/aws_env.h"

/* After keys in variables were not found. In turn: AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE;
 * the profile, when `use_profile`; AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI; when
 * `use_instance` and AWS_EC2_METADATA_DISABLED is not true, the instance's metadata service. Fills
 * env->credentials, or keys that the profile has, and env->source; nothing is contacted. False: a
 * mistake, told as "OBJECT: REASON". */
bool aws_chain_open(aws_lookup_fn *lookup, void *ctx, bool use_profile, bool use_instance,
                    struct aws_env *env, struct textbuf *problem);

#endif
