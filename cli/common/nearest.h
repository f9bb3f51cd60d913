/* SPDX-License-Identifier: Apache-2.0 */
/* The name that somebody most likely meant. */
#ifndef DW_CLI_NEAREST_H
#define DW_CLI_NEAREST_H

#include <stddef.h>

/* Changes (a letter more, less or other, two swapped) that make one text the other, ignoring
 * case. Of texts over 64 bytes only the first 64 count. */
size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* Feed it all names there are, then ask. */
struct nearest {
    const char *wanted;
    size_t len;
    const char *name; /* the best so far */
    size_t distance;
};

void nearest_begin(struct nearest *n, const char *wanted, size_t len);
void nearest_offer(struct nearest *n, const char *name);
/* NULL: nothing is near enough to be worth telling (a third of the letters differ). */
const char *nearest_found(const struct nearest *n);

#endif
