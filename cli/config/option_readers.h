/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of the options whose text means more than their kind tells (struct option.read). */
#ifndef DW_CLI_OPTION_READERS_H
#define DW_CLI_OPTION_READERS_H

#include <stdbool.h>

#include "common/textbuf.h"

/* KIND_START. */
bool read_start(const char *text, void *base, struct textbuf *why);
bool read_forgotten(const char *text, void *base, struct textbuf *why);
bool read_listen(const char *text, void *base, struct textbuf *why);
bool read_statsd(const char *text, void *base, struct textbuf *why);
bool read_log_level(const char *text, void *base, struct textbuf *why);
bool read_epoch_unit(const char *text, void *base, struct textbuf *why);

#endif
