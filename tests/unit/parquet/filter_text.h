/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on the command line of test programs. */
#ifndef DWT_FILTER_TEXT_H
#define DWT_FILTER_TEXT_H

#include "base/arena.h"
#include "parquet/parquet_reader.h"

/* "PATH OP TYPE HEX,HEX,...;PATH is_null": OP is one of < <= = >= > in is_null is_not_null, HEX a
 * value as a column holds it ("-": no bytes). DW_E_ARG when it is nothing of the sort. */
dw_status dwt_filter(dwi_arena *arena, dwi_parquet_reader *reader, const char *text, dw_error *err);

#endif
