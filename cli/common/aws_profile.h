/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of ~/.aws/credentials and ~/.aws/config: static keys and the region. */
#ifndef DW_CLI_AWS_PROFILE_H
#define DW_CLI_AWS_PROFILE_H

#include <stdbool.h>

#include "common/textbuf.h"

struct aws_profile {
    char *access_key_id; /* with secret_access_key, or neither */
    char *secret_access_key;
    char *session_token;
    char *region;
};

/* `name` NULL: "default", which need not exist. The files: NULL is the one below `home`, which need
 * not exist either. False: told in `problem`. */
bool aws_profile_load(const char *name, const char *credentials_file, const char *config_file,
                      const char *home, struct aws_profile *out, struct textbuf *problem);
void aws_profile_done(struct aws_profile *profile);

#endif
