/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics to statsd by UDP, every ten seconds: counters as what was added since, gauges as they
 * are, of histograms the number of observations and their sum, both as counters. A name is that of
 * the metric, with a dot after "deltawrite", and the labels' values. */
#ifndef DW_CLI_STATSD_H
#define DW_CLI_STATSD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/textbuf.h"

/* Starts a thread, of which there is one at most; signals must be blocked already. `address`
 * ("HOST:PORT") is borrowed until the stop. An address that cannot be found is told to the log and
 * looked for again. False: no thread is to be had. */
bool statsd_start(const char *address);
/* Sends once more, and ends the thread; without one it does nothing. */
void statsd_stop(void);

/* The datagrams of one round, each of 1,400 bytes at the most. What a counter has added since the
 * round before is known per series; so one thread at a time. */
void statsd_round(void (*send)(void *ctx, const char *datagram, size_t len), void *ctx);

#endif
