/* SPDX-License-Identifier: Apache-2.0 */
/* From a leaf's open page into a column: dense values first, then spread over the slots that are
 * not null. */
#ifndef DWI_PARQUET_LEAF_VALUES_H
#define DWI_PARQUET_LEAF_VALUES_H

#include "parquet/leaf_reader.h"

/* Append n slots, n at most DWI_VALUE_CHUNK, to `column`. valid[i] is 1 or 0; n_valid of them are
 * 1. Values come from the leaf's open page. */
dw_status dwi_leaf_values_append(dwi_leaf_reader *leaf, const uint8_t *valid, size_t n,
                                 size_t n_valid, dwi_column *column, dw_error *err);
/* The validity of n more slots; the column's length is the caller's to move on, afterwards. */
dw_status dwi_leaf_validity_append(dwi_leaf_shared *shared, const dwi_parquet_node *node,
                                   const uint8_t *valid, size_t n, size_t n_valid,
                                   dwi_column *column, dw_error *err);
/* Decode all of a dictionary page, opened in leaf->values. */
dw_status dwi_leaf_dictionary_load(dwi_leaf_reader *leaf, int64_t count, dw_error *err);
/* DW_E_CORRUPT at the leaf's open page. */
dw_status dwi_leaf_corrupt(const dwi_leaf_reader *leaf, const char *why, dw_error *err);

#endif
