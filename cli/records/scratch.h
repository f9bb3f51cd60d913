/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given back all at once: what one record needs while it is decoded. And spans,
 * views of bytes that somebody else holds. */
#ifndef DW_CLI_SCRATCH_H
#define DW_CLI_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *ptr;
    size_t len;
};

static inline struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
    return span_eq(a, span_of(text));
}

/* Equal but for the case of ASCII letters: how names of fields match columns. */
bool span_same_name(struct span a, struct span b);

struct scratch {
    struct scratch_block *blocks; /* the newest first */
    char *at, *end;               /* what is left of it */
};

/* Aligned for any type, not zeroed. */
void *scratch_alloc(struct scratch *scratch, size_t size);
void *scratch_array(struct scratch *scratch, size_t count, size_t size);
/* With a NUL behind it that len does not count. */
struct span scratch_copy(struct scratch *scratch, struct span text);
/* What is given after a mark can be taken back by itself. */
struct scratch_mark {
    struct scratch_block *block;
    char *at;
};
struct scratch_mark scratch_mark(const struct scratch *scratch);
void scratch_release(struct scratch *scratch, struct scratch_mark mark);
/* All at once; keeps one block of moderate size for the next record. */
void scratch_reset(struct scratch *scratch);
void scratch_done(struct scratch *scratch);

#endif
