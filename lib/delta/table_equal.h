/* SPDX-License-Identifier: Apache-2.0 */
/* Do two actions say the same of a table, whatever their spelling? */
#ifndef DWI_DELTA_TABLE_EQUAL_H
#define DWI_DELTA_TABLE_EQUAL_H

#include "delta/state.h"

/* Lists of features are sets. */
bool dwi_protocol_equal(const dwi_protocol *a, const dwi_protocol *b);
/* Properties are a set, and the schema counts by its text. */
bool dwi_metadata_equal(const dwi_metadata *a, const dwi_metadata *b);
/* Protocol, metadata and domains of two states; schemas by their types where the texts differ. */
bool dwi_table_equal(const dwi_state *a, const dwi_state *b);

#endif
