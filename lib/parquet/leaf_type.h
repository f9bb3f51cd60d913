/* SPDX-License-Identifier: Apache-2.0 */
/* What a leaf's values are, by its physical and logical type, and which of our types holds them
 * exactly. Spec: apache/parquet-format LogicalTypes.md.
 *
 * A logical type that we do not know, or that does not go with the physical one, counts as none:
 * the values are given as the physical type has them. */
#ifndef DWI_PARQUET_LEAF_TYPE_H
#define DWI_PARQUET_LEAF_TYPE_H

#include "parquet/schema_tree.h"

/* Fills `type` (zeroed: void). DWI_LEAF_NONE: no type of ours, *out_annotation names it. */
dwi_leaf_source dwi_leaf_classify(const dwi_footer_element *element, dwi_type *type,
                                  const char **out_annotation);
/* Whether the format defines an order for the values, and we know it: not for INT96, intervals,
 * shapes and logical types that we do not know. */
bool dwi_leaf_is_ordered(const dwi_footer_element *element);

#endif
