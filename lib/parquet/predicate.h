/* SPDX-License-Identifier: Apache-2.0 */
/* A filter: all of its comparisons of a leaf column with values hold. It only ever tells that no
 * row of a row group or page can pass, from statistics that can be trusted:
 * - bounds of types whose order the format does not define, of a column order that is not told or
 *   unknown, with a NaN, or with the lower above the upper one count as absent;
 * - the deprecated bounds count for signed numbers only;
 * - null counts that are not told, negative or above the number of values are unknown.
 * Spec: apache/parquet-format parquet.thrift, ColumnOrder and Statistics.
 *
 * A null passes IS_NULL alone, and NaN no comparison. Comparisons of repeated columns rule nothing
 * out. */
#ifndef DWI_PARQUET_PREDICATE_H
#define DWI_PARQUET_PREDICATE_H

#include "parquet/convert.h"
#include "parquet/parquet_reader.h"

/* What is known of the values of a chunk or page. */
typedef struct dwi_value_range {
    dwi_sv min; /* as in Statistics; ptr NULL when absent */
    dwi_sv max;
    bool deprecated; /* of the fields min and max */
    bool all_null;
    int64_t null_count; /* -1: unknown */
} dwi_value_range;

/* One comparison, ready for a file. */
typedef struct dwi_filter_term {
    const dwi_parquet_node *node; /* NULL: the file has no such column, all rows are null */
    int order;                    /* of the column, dwi_footer_order */
    const dwi_type *type;         /* of the values */
    dwi_compare_op op;
    size_t n_values;
    const dwi_sv *values;
    dwi_convert convert; /* bounds to `type` */
} dwi_filter_term;

typedef struct dwi_filter {
    size_t n_terms;
    dwi_filter_term *terms;
} dwi_filter;

/* Everything in `out` is the arena's, `comparisons` are copied. DW_E_SCHEMA when values of such a
 * type are not to be compared with the column, DW_E_UNSUPPORTED; messages name the column. */
dw_status dwi_filter_build(dwi_arena *arena, const dwi_schema_tree *schema,
                           const dwi_footer *footer, const dwi_comparison *comparisons, size_t n,
                           dwi_filter *out, dw_error *err);

/* False: no row of such values passes. */
bool dwi_filter_term_may_pass(const dwi_filter_term *term, const dwi_value_range *range);

/* What the statistics of a chunk tell. */
dwi_value_range dwi_chunk_range(const dwi_filter_term *term, const dwi_footer_chunk *chunk);

#endif
