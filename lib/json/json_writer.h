/* SPDX-License-Identifier: Apache-2.0 */
/* Streaming JSON writer: appends compact JSON (RFC 8259) to a buffer, commas and colons by itself.
 * Errors are the buffer's and stick. Strings must be valid UTF-8; they are escaped as short as the
 * RFC allows, non-ASCII raw. */
#ifndef DWI_JSON_JSON_WRITER_H
#define DWI_JSON_JSON_WRITER_H

#include "base/buf.h"
#include "base/str.h"

typedef struct dwi_jw {
    dwi_buf *out;    /* borrowed */
    bool need_comma; /* before the next value or key */
} dwi_jw;

void dwi_jw_init(dwi_jw *w, dwi_buf *out);
void dwi_jw_object_begin(dwi_jw *w);
void dwi_jw_object_end(dwi_jw *w);
void dwi_jw_array_begin(dwi_jw *w);
void dwi_jw_array_end(dwi_jw *w);
void dwi_jw_key(dwi_jw *w, dwi_sv key);
void dwi_jw_string(dwi_jw *w, dwi_sv value);
void dwi_jw_i64(dwi_jw *w, int64_t value);
void dwi_jw_double(dwi_jw *w, double value); /* finite; shortest text that reads back the same */
void dwi_jw_float(dwi_jw *w, float value);
void dwi_jw_bool(dwi_jw *w, bool value);
void dwi_jw_null(dwi_jw *w);
void dwi_jw_raw(dwi_jw *w, dwi_sv json); /* a whole JSON value, as it is */

/* key and value in one call */
void dwi_jw_kv_string(dwi_jw *w, const char *key, dwi_sv value);
void dwi_jw_kv_cstr(dwi_jw *w, const char *key, const char *value); /* NULL: null */
void dwi_jw_kv_i64(dwi_jw *w, const char *key, int64_t value);
void dwi_jw_kv_bool(dwi_jw *w, const char *key, bool value);

/* A quoted, escaped JSON string alone. */
void dwi_json_append_string(dwi_buf *out, dwi_sv value);
/* Shortest decimal text that reads back to the same double / float ("1.0", "0.1", "1e+300"). */
void dwi_append_double(dwi_buf *out, double value);
void dwi_append_float(dwi_buf *out, float value);
/* The same digits as Java's toString() lays them out ("1.0E10", "NaN", "-Infinity"). */
void dwi_append_java_double(dwi_buf *out, double value);
void dwi_append_java_float(dwi_buf *out, float value);

#endif
