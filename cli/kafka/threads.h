/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline's threads: workers take actors, others take jobs. Both kinds are bounded, whatever
 * the number of tables. */
#ifndef DW_CLI_THREADS_H
#define DW_CLI_THREADS_H

#include "kafka/pipeline.h"

bool threads_start(struct pipeline *pipeline);
void threads_end(struct pipeline *pipeline); /* after synced.ending was set and told */

#endif
