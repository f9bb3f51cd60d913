/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"

void dwi_buf_init(dwi_buf *buf, const dw_allocator *alloc)
{
    memset(buf, 0, sizeof(*buf));
    buf->alloc = alloc;
}

void dwi_buf_done(dwi_buf *buf)
{
    const dw_allocator *alloc = buf->alloc;

    if (alloc == NULL)
        return;
    dwi_free(alloc, buf->data, buf->cap);
    dwi_buf_init(buf, alloc);
}

dw_status dwi_buf_status(const dwi_buf *buf, dw_error *err)
{
    return buf->failed ? dwi_err_nomem(err) : DW_OK;
}

bool dwi_buf_grow(dwi_buf *buf, size_t more)
{
    size_t need;
    size_t cap = buf->cap < 64 ? 64 : buf->cap;
    uint8_t *data;

    if (buf->failed || !dwi_size_add(buf->len, more, &need)) {
        buf->failed = true;
        return false;
    }
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    data = dwi_realloc(buf->alloc, buf->data, buf->cap, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

void dwi_buf_append_zeros(dwi_buf *buf, size_t len)
{
    if (len == 0 || !dwi_buf_reserve(buf, len))
        return;
    memset(buf->data + buf->len, 0, len);
    buf->len += len;
}

void dwi_buf_append_cstr(dwi_buf *buf, const char *text)
{
    dwi_buf_append(buf, text, strlen(text));
}

void dwi_buf_printf(dwi_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_list again;
    int len;

    va_start(args, fmt);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        buf->failed = true;
    } else if (dwi_buf_reserve(buf, (size_t)len + 1)) {
        (void)vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

const char *dwi_buf_cstr(dwi_buf *buf)
{
    if (!dwi_buf_reserve(buf, 1))
        return NULL;
    buf->data[buf->len] = 0;
    return (const char *)buf->data;
}
