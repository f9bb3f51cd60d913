/* SPDX-License-Identifier: Apache-2.0 */
/* Table properties (metaData.configuration): keys match ignoring case, as in Spark.
 * Spec: Delta PROTOCOL.md, and Spark's DeltaConfig for values. */
#ifndef DWI_DELTA_PROPERTIES_H
#define DWI_DELTA_PROPERTIES_H

#include "delta/action.h"

/* ptr NULL: not set. */
dwi_sv dwi_property(dwi_kvs properties, const char *key);

/* The value of a property, or *out as it is when it is not set. DW_E_ARG names the property and its
 * malformed value. */
dw_status dwi_property_bool(dwi_kvs properties, const char *key, bool *out, dw_error *err);
dw_status dwi_property_i64(dwi_kvs properties, const char *key, int64_t min, int64_t *out,
                           dw_error *err);
/* "interval 1 week 2 days", "7 days": milliseconds. No months or years. */
dw_status dwi_property_interval(dwi_kvs properties, const char *key, int64_t *out_ms,
                                dw_error *err);

/* "134217728", "128mb": bytes, at least one. */
dw_status dwi_property_bytes(dwi_kvs properties, const char *key, int64_t *out, dw_error *err);

/* The first name of a column path: up to a dot, or in backticks where `` stands for one. `out` has
 * room for all of `path`, which moves past the dot (ptr NULL: it was the last name). False when the
 * path is malformed. */
bool dwi_property_path_name(dwi_sv *path, char *out, size_t *out_len);
/* The next path of a list with commas; blanks around it are cut. False at the end. */
bool dwi_property_next_path(dwi_sv *list, dwi_sv *out);
/* A list of well-formed paths: delta.dataSkippingStatsColumns. */
bool dwi_property_columns_valid(dwi_sv list);

/* Check the values of all properties that the library knows. DW_E_ARG. */
dw_status dwi_properties_check(dwi_kvs properties, dw_error *err);

#endif
