/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of ~/.aws/credentials and ~/.aws/config. */
#ifndef DW_CLI_AWS_PROFILE_H
#define DW_CLI_AWS_PROFILE_H

#include <stdbool.h>

#include "common/textbuf.h"

struct aws_profile {
    char *name;
    char *access_key_id; /* with secret_access_key, or neither */
    char *secret_access_key;
    char *session_token;
    char *region;
    char *role_arn;
    char *source_profile;
    char *credential_source;
    char *external_id;
    char *role_session_name;
    char *web_identity_token_file;
    char *credential_process;
    bool sso; /* has settings of single sign-on */
};

/* `name` NULL: "default", which need not exist. The files: NULL is the one below `home`, which need
 * not exist either. False: told in `problem`. */
bool aws_profile_load(const char *name, const char *credentials_file, const char *config_file,
                      const char *home, struct aws_profile *out, struct textbuf *problem);
void aws_profile_done(struct aws_profile *profile);

#endif
