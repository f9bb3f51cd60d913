/* SPDX-License-Identifier: Apache-2.0 */
/* INT96 timestamps reach further than 64 bits of nanoseconds do. */
#ifndef DWI_PARQUET_INT96_RANGE_H
#define DWI_PARQUET_INT96_RANGE_H

#include "parquet/leaf_reader.h"

/* Read through an INT96 leaf of all row groups, whose chunks' ranges are within the file. *out
 * false: some value is beyond. What cannot be read is for the one who reads it to tell: DW_E_NOMEM
 * and the source's errors alone. */
dw_status dwi_int96_fits_ns(const dwi_parquet_node *node, dwi_leaf_shared *shared,
                            const dwi_file_view *file, dwi_codec_ctx *codecs,
                            const dwi_footer *footer, bool *out, dw_error *err);

#endif
