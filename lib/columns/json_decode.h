/* SPDX-License-Identifier: Apache-2.0 */
/* JSON records straight into columns: schema-directed, one pass, no DOM. docs/records.md has the
 * rules. A record either becomes one row or leaves no trace.
 *
 * Unknown fields become new nullable columns at the end of the struct when asked for; the decoder
 * owns the growing type. Values seen before a column was known cannot exist: a column is made by
 * the first record that has it, and rows before are null. */
#ifndef DWI_COLUMNS_JSON_DECODE_H
#define DWI_COLUMNS_JSON_DECODE_H

#include "columns/vec.h"

typedef struct dwi_json_decoder dwi_json_decoder;

typedef enum dwi_epoch_unit {
    DWI_EPOCH_MS = 0,
    DWI_EPOCH_S = 1,
    DWI_EPOCH_US = 2,
    DWI_EPOCH_NS = 3
} dwi_epoch_unit;

/* What to do with a field that the schema lacks. `decide` (may be NULL: ignore the field) is asked
 * once per new name with the type by first sight; it answers DW_OK and the column to make (its own
 * memory, living as long as the decoder; nullable, its name equal to the field's ignoring case), or
 * out->type NULL to ignore the field from now on. It is only called for records that decode as a
 * whole otherwise. */
typedef struct dwi_new_field {
    void *ctx;
    dw_status (*decide)(void *ctx, dwi_sv name, dwi_type_kind seen, dwi_field *out, dw_error *err);
    bool any_name; /* names may have characters that only column mapping allows */
} dwi_new_field;

/* `type` is a struct; borrowed until the decoder is freed. */
dw_status dwi_json_decoder_new(const dw_allocator *alloc, const dwi_type *type,
                               dwi_new_field new_field, dwi_json_decoder **out, dw_error *err);
void dwi_json_decoder_free(dwi_json_decoder *decoder); /* NULL too */
/* Epoch unit of one top-level timestamp column; DW_E_NOT_FOUND. */
dw_status dwi_json_decoder_set_epoch(dwi_json_decoder *decoder, dwi_sv column, dwi_epoch_unit unit,
                                     dw_error *err);
/* The epoch units of another decoder's columns, for those of the same name. */
void dwi_json_decoder_copy_epochs(dwi_json_decoder *decoder, const dwi_json_decoder *from);
/* Float columns take the strings "NaN", "Infinity" and "-Infinity". */
void dwi_json_decoder_take_float_words(dwi_json_decoder *decoder);
/* What a top-level column gets where a record lacks it: the only row of `value` (of the column's
 * type), or, with NULL, no record may lack it: DW_E_UNSUPPORTED with the text `why`. Both are
 * borrowed until the decoder is freed. */
void dwi_json_decoder_set_absent(dwi_json_decoder *decoder, size_t column, const dwi_vec *value,
                                 const char *why);
/* Append one record. DW_E_RECORD or DW_E_SCHEMA: this record is bad (message: column or offset and
 * reason), the columns are as before. DW_E_UNSUPPORTED: see above. DW_E_NOMEM. */
dw_status dwi_json_decode(dwi_json_decoder *decoder, dw_bytes record, dw_error *err);
/* The rows so far, a struct column; its type is the decoder's current one (with new fields). The
 * caller may clear it, or move its content out. Stays the decoder's. */
dwi_column *dwi_json_decoder_rows(dwi_json_decoder *decoder);
/* Current struct type: the given fields, then new ones in order of first sight. */
const dwi_type *dwi_json_decoder_type(const dwi_json_decoder *decoder);
/* Make the columns of a wider type known (new fields at the end); rows so far get nulls. */
dw_status dwi_json_decoder_widen(dwi_json_decoder *decoder, const dwi_type *type, dw_error *err);

#endif
