/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DW_CLI_PROCESS_MEMORY_H
#define DW_CLI_PROCESS_MEMORY_H

#include <stdint.h>

/* Buffers come and go by the megabyte, from many threads: they are to go back to the system, not
 * to stay in one of glibc's arenas. A fifth of the memory depends on it. Call it first. */
void process_keep_memory_low(void);
/* Memory that the process has for itself, in bytes; 0: the system does not tell. */
int64_t process_private_bytes(void);
/* Give back to the system what is free. */
void process_trim(void);

#endif
