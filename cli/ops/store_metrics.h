/* SPDX-License-Identifier: Apache-2.0 */
/* dw_store_options.observe that counts a store's requests in the metrics. Its ctx is not used. */
#ifndef DW_CLI_STORE_METRICS_H
#define DW_CLI_STORE_METRICS_H

#include <deltawrite/store.h>

void store_metrics_observe(void *ctx, const dw_store_request *request);

#endif
