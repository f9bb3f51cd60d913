/* SPDX-License-Identifier: Apache-2.0 */
/* The struct behind dw_parquet_reader, shared by its entry points. */
#ifndef DWI_API_PARQUET_READER_IMPL_H
#define DWI_API_PARQUET_READER_IMPL_H

#include <deltawrite/parquet.h>

#include "delta/object_source.h"
#include "parquet/footer_reader.h"

struct dw_parquet_reader {
    const dw_allocator *alloc;
    dw_store *store; /* a reference; NULL: the caller's source */
    dwi_object_source object;
    dw_parquet_source given;
    char *name;
    dwi_parquet_source source;
    dwi_parquet_read_options core_options;
    dwi_parquet_reader *core; /* for the footer; the first stream reads with it */
    bool core_lent;
    dwi_arena arena; /* metadata */
    dw_property *metadata;
    size_t n_metadata;
};

#endif
