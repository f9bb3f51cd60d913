/* SPDX-License-Identifier: Apache-2.0 */
/* A file as the reader's parts see it: its source, and the parts of it that are in memory already.
 * Small gaps between parts wanted together are read along, so that they cost one request. */
#ifndef DWI_PARQUET_FILE_VIEW_H
#define DWI_PARQUET_FILE_VIEW_H

#include "base/buf.h"
#include "parquet/footer_reader.h"
#include "parquet/parquet_reader.h"

enum {
    /* The last bytes of a file, a Parquet file's footer length and magic. */
    DWI_FILE_TRAILER_BYTES = 8,
    /* Parts that are so close to each other are read together. */
    DWI_FILE_GAP_BYTES = 64 * 1024,
    /* The most that one request asks for. */
    DWI_FILE_REQUEST_BYTES = 16 << 20
};

/* Bytes of the file that are in memory. */
typedef struct dwi_file_part {
    const uint8_t *data;
    int64_t offset;
    size_t len;
} dwi_file_part;

typedef struct dwi_file_view {
    dwi_parquet_source source;
    dwi_file_part tail; /* its end, as the footer's read left it */
    dwi_buf held;
    dwi_buf parts; /* dwi_file_part, ascending, pointing into `held` */
} dwi_file_view;

void dwi_file_view_init(dwi_file_view *file, dwi_parquet_source source, const dw_allocator *alloc);
void dwi_file_view_done(dwi_file_view *file); /* a zeroed one too */
/* Bytes in memory from `offset` on, without a gap; 0: none. */
size_t dwi_file_view_have(const dwi_file_view *file, int64_t offset, const uint8_t **out);
/* Fills `out` from memory or the source; the range is within the file. */
dw_status dwi_file_view_read(const dwi_file_view *file, int64_t offset, size_t len, void *out,
                             dw_error *err);
/* Have these ranges in memory, in place of those held before; all are within the file. `ranges` is
 * sorted. */
dw_status dwi_file_view_hold(dwi_file_view *file, dwi_footer_range *ranges, size_t n,
                             dw_error *err);

#endif
