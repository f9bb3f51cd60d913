/* SPDX-License-Identifier: Apache-2.0 */
#include "config/option.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions and replacements that make `a` of `b`; case does not count. */
static size_t distance(const char *a, const char *b)
{
    size_t width = strlen(b) + 1;
    size_t *row = need_alloc(width, sizeof(*row));
    size_t result;

    for (size_t j = 0; j < width; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 1; j < width; j++) {
            size_t above = row[j];
            bool same = strncasecmp(&a[i], &b[j - 1], 1) == 0;

            row[j] = least(least(above, row[j - 1]) + 1, diagonal + !same);
            diagonal = above;
        }
    }
    result = row[width - 1];
    free(row);
    return result;
}

const char *nearest_name(const char *name, const char *const *names, size_t count)
{
    size_t best = strlen(name) / 3 + 1;
    const char *found = NULL;

    for (size_t i = 0; i < count; i++) {
        size_t far = distance(name, names[i]);

        if (far < best || (far == best && found == NULL)) {
            best = far;
            found = names[i];
        }
    }
    return found;
}
