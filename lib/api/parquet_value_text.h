/* SPDX-License-Identifier: Apache-2.0 */
/* Names and values of a Parquet file's footer as text for people. */
#ifndef DWI_API_PARQUET_VALUE_TEXT_H
#define DWI_API_PARQUET_VALUE_TEXT_H

#include "base/buf.h"
#include "parquet/schema_tree.h"

/* "INT64"; "?" for an unknown number. */
const char *dwi_physical_name(int physical);
/* "OPTIONAL" */
const char *dwi_repetition_name(int repetition);
/* "TIMESTAMP(MICROS,true)"; nothing when the element has no annotation. */
void dwi_append_annotation(dwi_buf *out, const dwi_footer_element *element);

/* A bound of statistics as a column of the leaf's type holds it, types of up to 16 bytes. False: it
 * is no value of the type, or the type is of another kind. */
bool dwi_bound_load(const dwi_parquet_node *leaf, dwi_sv bound, uint8_t out[16]);

/* A bound of statistics as text: numbers with their scale, dates and times as ISO 8601, text as it
 * is where it is UTF-8, other bytes as 0x and hexadecimal digits. */
void dwi_append_bound(dwi_buf *out, const dwi_parquet_node *leaf, dwi_sv bound);

#endif
