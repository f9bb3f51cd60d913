/* SPDX-License-Identifier: Apache-2.0 */
/* A growable byte buffer. Errors stick: after a failed growth every append is a no-op and
 * dwi_buf_status() says DW_E_NOMEM, so that a long run of appends is checked once. */
#ifndef DWI_BASE_BUF_H
#define DWI_BASE_BUF_H

#include <string.h>

#include "base/err.h"

typedef struct dwi_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    const dw_allocator *alloc;
    bool failed;
} dwi_buf;

void dwi_buf_init(dwi_buf *buf, const dw_allocator *alloc);
void dwi_buf_done(dwi_buf *buf); /* a zeroed buffer too; the buffer is as after init */
dw_status dwi_buf_status(const dwi_buf *buf, dw_error *err);

/* Room for `more` bytes after len; false (and failed set) when out of memory. */
bool dwi_buf_grow(dwi_buf *buf, size_t more);

static inline bool dwi_buf_reserve(dwi_buf *buf, size_t more)
{
    return (more <= buf->cap - buf->len && !buf->failed) || dwi_buf_grow(buf, more);
}

static inline void dwi_buf_append(dwi_buf *buf, const void *data, size_t len)
{
    if (len == 0 || !dwi_buf_reserve(buf, len))
        return;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

static inline void dwi_buf_append_byte(dwi_buf *buf, uint8_t byte)
{
    if (dwi_buf_reserve(buf, 1))
        buf->data[buf->len++] = byte;
}

void dwi_buf_append_zeros(dwi_buf *buf, size_t len);
void dwi_buf_append_cstr(dwi_buf *buf, const char *text);
void dwi_buf_printf(dwi_buf *buf, const char *fmt, ...) DWI_PRINTF(2, 3);

/* Ends the content with a NUL that len does not count; NULL when out of memory. */
const char *dwi_buf_cstr(dwi_buf *buf);

/* Keep the memory, forget the content. */
static inline void dwi_buf_clear(dwi_buf *buf)
{
    buf->len = 0;
}

#endif
