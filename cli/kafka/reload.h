/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP and POST /admin/reload: what of the configuration may change while the service runs. */
#ifndef DW_CLI_RELOAD_H
#define DW_CLI_RELOAD_H

#include "kafka/service.h"

/* Old trees stay until the end: threads may still read one. */
void reload_config(struct service *service);
void reload_done(struct service *service);

#endif
