/* SPDX-License-Identifier: Apache-2.0 */
/* Control-plane JSON (log actions, schemas, stats) as a tree in an arena. Never for record data.
 *
 * The parser is our own and strict (RFC 8259, valid UTF-8, no lone surrogate escapes), because
 * cJSON cannot give what the log needs: exact 64-bit integers, NUL inside strings, source text, and
 * memory from the handle's allocator (its hooks are global). Depth is limited to
 * DWI_JSON_MAX_DEPTH.
 *
 * Duplicate keys: the last one counts, and is the only member left. */
#ifndef DWI_JSON_JSON_DOC_H
#define DWI_JSON_JSON_DOC_H

#include "base/arena.h"
#include "base/err.h"

typedef struct dwi_json dwi_json; /* one value; lives in the arena it was parsed into */

enum { DWI_JSON_MAX_DEPTH = 512 };

/* Parse all of `text` (one value, white space around it allowed) into `arena`, which keeps a copy
 * of the text too. `what` names the source in errors. DW_E_CORRUPT with the offset, DW_E_NOMEM. */
dw_status dwi_json_parse(dwi_arena *arena, dwi_sv text, const char *what, const dwi_json **out,
                         dw_error *err);

typedef enum dwi_json_kind {
    DWI_JSON_NULL = 0,
    DWI_JSON_BOOL = 1,
    DWI_JSON_NUMBER = 2,
    DWI_JSON_STRING = 3,
    DWI_JSON_ARRAY = 4,
    DWI_JSON_OBJECT = 5
} dwi_json_kind;

dwi_json_kind dwi_json_kind_of(const dwi_json *value);
/* NULL when `object` is NULL, not an object, or has no such key. */
const dwi_json *dwi_json_get(const dwi_json *object, const char *key);
/* Children of an array or object, in source order: first, then next; NULL at the end. */
const dwi_json *dwi_json_first(const dwi_json *value);
const dwi_json *dwi_json_next(const dwi_json *value);
dwi_sv dwi_json_key(const dwi_json *member); /* NUL-terminated */
size_t dwi_json_count(const dwi_json *value);

/* The value itself; false when it is NULL or of another kind. Strings are NUL-terminated views. */
bool dwi_json_as_string(const dwi_json *value, dwi_sv *out);
bool dwi_json_as_bool(const dwi_json *value, bool *out);
bool dwi_json_as_i64(const dwi_json *value,
                     int64_t *out); /* exact; 1e3 and 5.0 count as integers */
bool dwi_json_as_double(const dwi_json *value, double *out);
/* The value's own source text: numbers digit by digit, objects as they stood. */
dwi_sv dwi_json_source(const dwi_json *value);

#endif
