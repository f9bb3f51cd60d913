/* SPDX-License-Identifier: Apache-2.0 */
/* What a Parquet file is made of, as JSON: footer (parquet_describe.c) and pages. Errors of the
 * buffers stick; whoever began asks in the end. */
#ifndef DWI_API_PARQUET_DESCRIBE_H
#define DWI_API_PARQUET_DESCRIBE_H

#include "api/parquet_reader_impl.h"
#include "parquet/schema_tree.h"
#include "json/json_writer.h"

typedef struct dwi_describe {
    dwi_jw json;
    dwi_buf text;    /* what is written so far */
    dwi_buf scratch; /* empty between two values */
    const dwi_footer *footer;
    const dwi_schema_tree *tree;
    dwi_sv *paths; /* path_in_schema of each leaf, with dots */
} dwi_describe;

/* `paths` is made in the arena. */
dw_status dwi_describe_init(dwi_describe *d, const dw_parquet_reader *reader, dwi_arena *arena,
                            dw_error *err);
void dwi_describe_done(dwi_describe *d);

void dwi_describe_footer(dwi_describe *d, int64_t file_bytes);

#endif
