/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow C Data in and out. Spec: Apache Arrow, "The Arrow C data interface".
 *
 * Import checks everything a hostile or careless producer can get wrong before it is read: lengths,
 * offsets (monotonic, within the data), null_count, missing buffers, UTF-8, decimal precision. */
#ifndef DWI_COLUMNS_ARROW_IMPORT_H
#define DWI_COLUMNS_ARROW_IMPORT_H

#include "columns/vec.h"

/* The struct type that an Arrow schema of a record batch stands for: field names, nullability.
 *
 * dwi_arrow_type() gives types that a table can have: unsigned integers become the next wider type
 * (L: decimal(20,0)), e float, w:N binary, timestamps of any unit microseconds; times and durations
 * are refused, extension types are what they are stored as. dwi_arrow_parquet_type() keeps each
 * Arrow type: unsigned ones, e, w:N, tt? and ts? have their own kinds (seconds become
 * milliseconds), arrow.uuid and arrow.json are known, tD? is a long, "PARQUET:field_id" is kept.
 *
 * Formats: n b c C s S i I l L e f g d:P,S[,32|,64|,128|,256] (a decimal of more than 38 digits is
 * decimal(38,S), each value checked) u U vu z Z vz w:N tdD tdm tt? ts?:TZ tD? (with TZ timestamp,
 * without timestamp_ntz), +s +l +L +vl +vL +w:N +m, dictionaries and run ends (+r) of all of these.
 * Anything else is DW_E_UNSUPPORTED and names the column and format. */
dw_status dwi_arrow_type(dwi_arena *arena, const struct ArrowSchema *schema, const dwi_type **out,
                         dw_error *err);
dw_status dwi_arrow_parquet_type(dwi_arena *arena, const struct ArrowSchema *schema,
                                 const dwi_type **out, dw_error *err);

/* A copy in the arena of what an import reads of a schema that dwi_arrow_parquet_type() took: no
 * metadata; its release does nothing. */
dw_status dwi_arrow_copy_schema(dwi_arena *arena, const struct ArrowSchema *schema,
                                struct ArrowSchema **out, dw_error *err);

/* Views of a struct array as `target` columns: for each field of `target` the same-named column of
 * the batch (case-insensitively), cast where the cast loses nothing (narrower integers, float to
 * double, decimal to a wider one, timestamp units), or absent: all null. Buffers are borrowed from
 * `array` where the layout allows, else made in `arena` (so the views die with the arena or the
 * array, whichever goes first).
 * DW_E_SCHEMA: a type that does not fit, a null in a column that is not nullable, a value out of
 * range, a batch column that `target` lacks (all name the column). DW_E_CORRUPT: invalid array. */
dw_status dwi_arrow_view(dwi_arena *arena, const struct ArrowSchema *schema,
                         const struct ArrowArray *array, const dwi_type *target,
                         const dwi_vec **out, dw_error *err);
/* The same for a `target` made from this schema by dwi_arrow_parquet_type(): columns are matched by
 * position, so that names may be equal. */
dw_status dwi_arrow_view_exact(dwi_arena *arena, const struct ArrowSchema *schema,
                               const struct ArrowArray *array, const dwi_type *target,
                               const dwi_vec **out, dw_error *err);

/* An Arrow schema of its own memory for a struct type (release frees it). */
dw_status dwi_arrow_export_schema(const dw_allocator *alloc, const dwi_type *type,
                                  struct ArrowSchema *out, dw_error *err);
/* The same with the fields' ids as "PARQUET:field_id" in their metadata. */
dw_status dwi_arrow_export_parquet_schema(const dw_allocator *alloc, const dwi_type *type,
                                          struct ArrowSchema *out, dw_error *err);
/* Moves the buffers of `column` into an Arrow array; `column` is then empty. */
dw_status dwi_arrow_export_column(dwi_column *column, struct ArrowArray *out, dw_error *err);

#endif
