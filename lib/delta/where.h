/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on the rows of a table as its users write them for Spark: `country = 'de' AND (ts >=
 * '2026-01-01' OR amount IS NULL)`. One is parsed and bound to the columns of a table once, and is
 * then asked of partition values, of the statistics of files, and of rows. All three give what
 * Spark 4 (ANSI mode, time zone UTC) would: three-valued logic, text by bytes, NaN above all and
 * equal to itself, decimals exactly, a text literal cast to what it is compared with.
 *
 *   condition: [NOT] condition {AND|OR condition} | (condition) | condition IS [NOT] TRUE|FALSE|
 *              UNKNOWN | column of boolean | TRUE | FALSE | value {= == <> != < <= > >= <=>} value
 *              | value [NOT] BETWEEN value AND value | value [NOT] IN (literal, ...)
 *              | value [NOT] LIKE 'pattern' [ESCAPE 'c'] | value IS [NOT] NULL
 *   value:     column | literal
 *   column:    name, struct.field, `any name`; the case of letters does not matter
 *   literal:   NULL, TRUE, FALSE, 1, -1.5, 1e3, with Spark's suffixes; 'text', X'00ff',
 *              DATE '...', TIMESTAMP[_NTZ|_LTZ] '...', CAST(literal AS type), type(literal)
 *
 * No functions and no arithmetic. What is asked often: dwi_where_parse(), then
 * dwi_where_partition() for each file (does its partition have rows to be read?), or
 * dwi_where_file(), which looks at statistics as well. */
#ifndef DWI_DELTA_WHERE_H
#define DWI_DELTA_WHERE_H

#include "columns/vec.h"
#include "delta/state.h"
#include "parquet/parquet_reader.h"

typedef struct dwi_where dwi_where;

/* What is known of the rows of a partition or file. */
typedef enum dwi_verdict {
    DWI_MATCH_NONE = 0, /* no row passes */
    DWI_MATCH_SOME = 1, /* only the rows can tell */
    DWI_MATCH_ALL = 2   /* all rows pass */
} dwi_verdict;

/* Parse `sql` and bind it to the schema of `state`, of which nothing is kept. Messages begin with
 * "where: ". DW_E_ARG: no such expression (with the place in it), values that are not to be
 * compared, a literal that is none of its type. DW_E_NOT_FOUND: a column. DW_E_UNSUPPORTED:
 * functions, arithmetic, or an expression that is too deep. */
dw_status dwi_where_parse(const dw_allocator *alloc, dwi_sv sql, const dwi_state *state,
                          dwi_where **out, dw_error *err);
void dwi_where_free(dwi_where *where); /* NULL too */

const dw_allocator *dwi_where_alloc(const dwi_where *where);
/* The text that it was made of, NUL-terminated. */
dwi_sv dwi_where_sql(const dwi_where *where);
/* Only partition columns are named: partition values tell all. */
bool dwi_where_is_partition(const dwi_where *where);
/* The top-level columns that it needs: indexes of fields of the schema it was bound to. */
size_t dwi_where_columns(const dwi_where *where, const size_t **out);

/* By partition values (keys as in the log). Never SOME when dwi_where_is_partition(), but for
 * values that are none of their column's type. */
dwi_verdict dwi_where_partition(const dwi_where *where, dwi_kvs partition_values);
/* The same as dwi_reads.matches wants it; ctx is the dwi_where. */
bool dwi_where_may_match(void *ctx, dwi_kvs partition_values);
/* By partition values and statistics. Bounds count as bounds only: cut text, timestamps in
 * milliseconds, and a NaN that no bound tells of are allowed for. Statistics that are missing or
 * malformed tell nothing. DW_E_NOMEM alone. */
dw_status dwi_where_file(const dwi_where *where, const dwi_add *add, dwi_verdict *out,
                         dw_error *err);

/* The numbers of the rows of `batch` that pass, in order; `out` has room for all of them. The batch
 * is a struct that has the columns asked for by the table's names. DW_E_NOMEM, DW_E_SCHEMA (a
 * column that it has not). */
dw_status dwi_where_rows(const dwi_where *where, const dwi_vec *batch, uint32_t *out,
                         int64_t *out_n, dw_error *err);

/* Comparisons that all rows that pass keep to, for dwi_parquet_reader_filter(): paths are those of
 * data files, of the physical type given (dwi_mapping_physical(), dwi_mapping_in_file()) of the
 * whole schema. They live in `arena`. */
dw_status dwi_where_comparisons(const dwi_where *where, dwi_arena *arena, const dwi_type *physical,
                                const dwi_comparison **out, size_t *out_n, dw_error *err);

#endif
