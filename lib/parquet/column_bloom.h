/* SPDX-License-Identifier: Apache-2.0 */
/* The Bloom filter of a column chunk while it is written. Values of the dictionary go in when the
 * chunk is closed, all others when their page is. */
#ifndef DWI_PARQUET_COLUMN_BLOOM_H
#define DWI_PARQUET_COLUMN_BLOOM_H

#include "parquet/column_writer.h"
#include "parquet/value_encode.h"

/* The values of a page without dictionary. Without a filter in the options nothing happens. */
dw_status dwi_column_bloom_add_page(dwi_pqw_column *column, const dwi_plain_values *values,
                                    dw_error *err);
/* The dictionary, if pages use it; then the filter gets its size. */
dw_status dwi_column_bloom_close(dwi_pqw_column *column, dw_error *err);

#endif
