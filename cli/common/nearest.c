/* SPDX-License-Identifier: Apache-2.0 */
#include "common/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_LEN = 64 };

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    /* Rows of the table for the prefixes of `a` that end two before, one before, and here. */
    size_t rows[3][MAX_LEN + 1];

    a_len = least(a_len, MAX_LEN);
    b_len = least(b_len, MAX_LEN);
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1);
            row[j] = least(row[j], above[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void nearest_begin(struct nearest *n, const char *wanted, size_t len)
{
    *n = (struct nearest){wanted, len, NULL, SIZE_MAX};
}

void nearest_offer(struct nearest *n, const char *name)
{
    size_t distance = edit_distance(n->wanted, n->len, name, strlen(name));

    if (distance < n->distance) {
        n->distance = distance;
        n->name = name;
    }
}

const char *nearest_found(const struct nearest *n)
{
    if (n->name == NULL || n->distance * 3 > (n->len > 3 ? n->len : 3))
        return NULL;
    return n->name;
}
