/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a column chunk's dictionary is worth going on with: rules 1 and 2 of column_writer.h. */
#ifndef DWI_PARQUET_DICT_JUDGE_H
#define DWI_PARQUET_DICT_JUDGE_H

#include "parquet/column_writer.h"

/* Numbers that come in runs and hardly again, as in a sorted column: each row group brings as many
 * new ones as the first page did, and compression makes less of them without a dictionary. */
bool dwi_pqw_dict_of_runs(const dwi_pqw_column *column);
/* Repetitions in the first of several pages promise that the dictionary will not outgrow its limit,
 * even where it does not pay yet. */
bool dwi_pqw_dict_promises(const dwi_pqw_column *column);
/* It has outgrown its limit, or how far it may go beyond. */
bool dwi_pqw_dict_too_large(const dwi_pqw_column *column);

#endif
