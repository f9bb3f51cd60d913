/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of data files as actions spell them: RFC 2396 URIs, relative to the table or absolute. */
#ifndef DWI_DELTA_PATH_H
#define DWI_DELTA_PATH_H

#include "base/buf.h"
#include "base/str.h"

/* Percent-decoded once; a '%' that starts no escape stays. Errors are the buffer's. */
void dwi_path_append_decoded(dwi_buf *out, dwi_sv path);
/* Decoded, and "file:/", "file:///" and "/" spelt the same, so that two names of one file are
 * equal.
 */
void dwi_path_append_normal(dwi_buf *out, dwi_sv path);
/* It has a scheme, or starts with '/'. */
bool dwi_path_is_absolute(dwi_sv path);

#endif
