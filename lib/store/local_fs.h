/* SPDX-License-Identifier: Apache-2.0 */
/* What the local store needs of the file system: errors, folders, whole writes. */
#ifndef DWI_STORE_LOCAL_FS_H
#define DWI_STORE_LOCAL_FS_H

#include <sys/stat.h>

#include <deltawrite/store.h>

#include "base/buf.h"

/* Temporary files: PREFIX, a UUID, SUFFIX. Hidden, so that other readers of the table pass over. */
#define DWI_LOCAL_TEMP_PREFIX ".dw-"
#define DWI_LOCAL_TEMP_SUFFIX ".tmp"

bool dwi_local_is_temporary(const char *name); /* without its folder */

/* "ACTION PATH: strerror", classed. */
dw_status dwi_local_err(dw_error *err, int sys, const char *action, const char *path);

dw_status dwi_local_write(int fd, const void *data, size_t len, const char *path, dw_error *err);

/* The first `len` bytes of `path` name a folder ("" is "/"); `path` is NUL-terminated, changed for
 * the time of the call, and as before on return. */
dw_status dwi_local_make_folder(dwi_buf *path, size_t len, dw_error *err); /* and its parents */
int dwi_local_sync_folder(dwi_buf *path, size_t len);                      /* 0 or an errno */

/* Hadoop keeps a checksum of a local file NAME in .NAME.crc, and does not read NAME when the two do
 * not fit: it goes with the file that it is of. */
dw_status dwi_local_remove_checksum(const dwi_buf *path, dw_error *err); /* DW_E_NOMEM */

/* Size and time; the key is left alone. */
void dwi_local_object(const struct stat *st, dw_object *out_object);

#endif
