/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for programs: these end the process with one line when there is none. What a program has
 * not committed is read again after its restart, so ending is safe and simple. */
#ifndef DW_CLI_MEMORY_H
#define DW_CLI_MEMORY_H

#include <stddef.h>

void *need_alloc(size_t count, size_t size); /* zeroed; free() it */
void *need_realloc(void *ptr, size_t count, size_t size);
char *need_strdup(const char *text);

#endif
