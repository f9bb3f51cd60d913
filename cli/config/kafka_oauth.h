/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for SASL OAUTHBEARER from an OpenID provider (OIDC, client credentials). librdkafka can
 * ask for them itself only when it is built with libcurl, which Debian's is not; so we do. */
#ifndef DW_CLI_KAFKA_OAUTH_H
#define DW_CLI_KAFKA_OAUTH_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "config/config.h"

/* Is it one of OIDC's properties, which librdkafka does not get to see? */
bool kafka_oauth_is_ours(const char *property, const char *value);
/* Lets `conf` ask us for tokens when the configuration wants OIDC. What it needs is copied. */
void kafka_oauth_prepare(rd_kafka_conf_t *conf, const struct config *config);
/* After rd_kafka_new(): tokens are fetched by a thread of librdkafka's, not by who polls. */
void kafka_oauth_start(rd_kafka_t *rk);

struct textbuf;
/* One token. False: *problem has the reason, *out_lasting tells that asking again is no use. */
bool kafka_oauth_fetch(struct textbuf *out_token, char **out_principal, int64_t *out_expires_ms,
                       struct textbuf *problem, bool *out_lasting);

#endif
