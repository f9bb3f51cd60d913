/* SPDX-License-Identifier: Apache-2.0 */
/* An object of a store as a source of the Parquet reader: each read is one ranged request, nothing
 * is fetched ahead. */
#ifndef DWI_DELTA_OBJECT_SOURCE_H
#define DWI_DELTA_OBJECT_SOURCE_H

#include "parquet/parquet_reader.h"
#include "store/store_ops.h"

typedef struct dwi_object_source {
    dw_store *store; /* borrowed */
    const dw_allocator *alloc;
    char *key;
    int64_t size;
} dwi_object_source;

/* `size` -1: ask the store. */
dw_status dwi_object_source_init(dwi_object_source *source, dw_store *store,
                                 const dw_allocator *alloc, const char *key, int64_t size,
                                 dw_error *err);
void dwi_object_source_done(dwi_object_source *source); /* a zeroed one too */
/* Valid while `source` stays where it is; `name` is borrowed. */
dwi_parquet_source dwi_object_source_parquet(dwi_object_source *source, const char *name);

#endif
