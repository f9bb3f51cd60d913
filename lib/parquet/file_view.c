/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/file_view.h"

#include <stdlib.h>

void dwi_file_view_init(dwi_file_view *file, dwi_parquet_source source, const dw_allocator *alloc)
{
    memset(file, 0, sizeof(*file));
    file->source = source;
    dwi_buf_init(&file->held, alloc);
    dwi_buf_init(&file->parts, alloc);
}

void dwi_file_view_done(dwi_file_view *file)
{
    dwi_buf_done(&file->held);
    dwi_buf_done(&file->parts);
}

static size_t have_in(const dwi_file_part *part, int64_t offset, const uint8_t **out)
{
    if (offset < part->offset || (uint64_t)(offset - part->offset) >= part->len)
        return 0;
    *out = part->data + (offset - part->offset);
    return part->len - (size_t)(offset - part->offset);
}

/* The last held part that starts at or before `offset`. */
static const dwi_file_part *find_part(const dwi_file_view *file, int64_t offset)
{
    const dwi_file_part *parts = (const dwi_file_part *)(const void *)file->parts.data;
    size_t low = 0;
    size_t high = file->parts.len / sizeof(*parts);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (parts[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &parts[low - 1];
}

size_t dwi_file_view_have(const dwi_file_view *file, int64_t offset, const uint8_t **out)
{
    const dwi_file_part *part = find_part(file, offset);
    size_t have = part == NULL ? 0 : have_in(part, offset, out);

    return have > 0 ? have : have_in(&file->tail, offset, out);
}

dw_status dwi_file_view_read(const dwi_file_view *file, int64_t offset, size_t len, void *out,
                             dw_error *err)
{
    const uint8_t *held = NULL;

    if (len > 0 && dwi_file_view_have(file, offset, &held) >= len) {
        memcpy(out, held, len);
        return DW_OK;
    }
    return file->source.read(file->source.ctx, offset, len, out, err);
}

static int by_offset(const void *a, const void *b)
{
    const dwi_footer_range *x = a;
    const dwi_footer_range *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int64_t end_of(dwi_footer_range range)
{
    return range.offset + range.bytes;
}

/* Sorted ranges become fewer and larger ones; those in the file's tail are left out. */
static size_t merge(const dwi_file_view *file, dwi_footer_range *ranges, size_t n)
{
    size_t out = 0;

    qsort(ranges, n, sizeof(*ranges), by_offset);
    for (size_t i = 0; i < n; i++) {
        if (ranges[i].bytes <= 0 || ranges[i].offset >= file->tail.offset)
            continue;
        if (out > 0 && ranges[i].offset <= end_of(ranges[out - 1]) + DWI_FILE_GAP_BYTES) {
            if (end_of(ranges[i]) > end_of(ranges[out - 1]))
                ranges[out - 1].bytes = end_of(ranges[i]) - ranges[out - 1].offset;
        } else {
            ranges[out++] = ranges[i];
        }
    }
    return out;
}

static dw_status read_part(dwi_file_view *file, dwi_footer_range range, dw_error *err)
{
    dwi_file_part part = {file->held.data + file->held.len, range.offset, (size_t)range.bytes};
    dw_status status = DW_OK;

    for (size_t at = 0; at < part.len;) {
        size_t len =
            part.len - at < DWI_FILE_REQUEST_BYTES ? part.len - at : (size_t)DWI_FILE_REQUEST_BYTES;
        DWI_TRY(file->source.read(file->source.ctx, range.offset + (int64_t)at, len,
                                  file->held.data + file->held.len, err));
        file->held.len += len;
        at += len;
    }
    dwi_buf_append(&file->parts, &part, sizeof(part));
done:
    return status;
}

dw_status dwi_file_view_hold(dwi_file_view *file, dwi_footer_range *ranges, size_t n, dw_error *err)
{
    size_t total = 0;
    dw_status status = DW_OK;

    dwi_buf_clear(&file->held);
    dwi_buf_clear(&file->parts);
    if (n > 0)
        n = merge(file, ranges, n);
    for (size_t i = 0; i < n; i++)
        total += (size_t)ranges[i].bytes;
    if (!dwi_buf_reserve(&file->held, total) ||
        !dwi_buf_reserve(&file->parts, n * sizeof(dwi_file_part)))
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++)
        DWI_TRY(read_part(file, ranges[i], err));
done:
    return status;
}
