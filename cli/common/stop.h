/* SPDX-License-Identifier: Apache-2.0 */
/* Being asked to end: SIGTERM and SIGINT. The first one asks for an orderly stop, which must be
 * over within a grace time; a second one, or the end of that time, ends the process at once. */
#ifndef DW_CLI_STOP_H
#define DW_CLI_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* Have `call` called, by a thread of its own, each time that a signal comes; before stop_install().
 * Four at the most. */
void stop_on_signal(int signal_number, void (*call)(void));
/* Once, before any other thread is started: they must inherit that the signals are blocked.
 * False: no thread could be had. */
bool stop_install(int64_t grace_ms);
bool stop_requested(void);
/* The same as a first signal; used when the work is done. */
void stop_request(void);
/* Waits so long, or until a stop is requested; true when it is. */
bool stop_wait(int64_t wait_ms);

#endif
