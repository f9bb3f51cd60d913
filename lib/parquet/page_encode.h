/* SPDX-License-Identifier: Apache-2.0 */
/* From the open page of a column to finished bytes: encoded, compressed, with its header. */
#ifndef DWI_PARQUET_PAGE_ENCODE_H
#define DWI_PARQUET_PAGE_ENCODE_H

#include "parquet/column_writer.h"

/* The open page becomes the chunk's next one, and its bounds and counts join the chunk's and the
 * file's. Without entries nothing happens. */
dw_status dwi_pqw_page_finish(dwi_pqw_column *column, dw_error *err);
/* The dictionary as it stands becomes column->dict_page. */
dw_status dwi_pqw_dict_page_finish(dwi_pqw_column *column, dw_error *err);

#endif
