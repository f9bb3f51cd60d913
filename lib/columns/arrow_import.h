/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow C Data in and out. Spec: Apache Arrow, "The Arrow C data interface".
 *
 * Import checks everything a hostile or careless producer can get wrong before it is read: lengths,
 * offsets (monotonic, within the data), null_count, missing buffers, UTF-8, decimal precision. */
#ifndef DWI_COLUMNS_ARROW_IMPORT_H
#define DWI_COLUMNS_ARROW_IMPORT_H

#include "columns/vec.h"

/* The struct type that an Arrow schema of a record batch stands for: field names, nullability.
 * Formats: n b c C s S i I l L (unsigned ones into the next wider type, L into decimal(20,0)) e f g
 * d:P,S[,128|,32|,64] u U vu z Z vz w:N tdD tdm tts ttm ttu ttn (into no Delta type: refused)
 * ts?:TZ (any unit; to microseconds; a zone makes it timestamp, none timestamp_ntz) and
 * dictionaries of these; +s +l +L +m nested. Anything else is DW_E_UNSUPPORTED and names the column
 * and format. */
dw_status dwi_arrow_type(dwi_arena *arena, const struct ArrowSchema *schema, const dwi_type **out,
                         dw_error *err);

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

/* An Arrow schema of its own memory for a struct type (release frees it). */
dw_status dwi_arrow_export_schema(const dw_allocator *alloc, const dwi_type *type,
                                  struct ArrowSchema *out, dw_error *err);
/* Moves the buffers of `column` into an Arrow array; `column` is then empty. */
dw_status dwi_arrow_export_column(dwi_column *column, struct ArrowArray *out, dw_error *err);

#endif
