/* SPDX-License-Identifier: Apache-2.0 */
/* Are files there, and how large: one head request each, by several threads. */
#ifndef DWI_DELTA_FILE_PRESENCE_H
#define DWI_DELTA_FILE_PRESENCE_H

#include "delta/log.h"

typedef struct dwi_presence {
    dwi_sv path;      /* data files: as in an action */
    const dwi_dv *dv; /* in place of the path; NULL: none */
    int64_t size;     /* out: bytes; -1: it is not there; -2: out of the store, not looked for */
} dwi_presence;

/* DW_E_IO, DW_E_DENIED and the like; that a file is missing is none. */
dw_status dwi_presence_check(const dwi_log *log, dwi_presence *files, size_t n, size_t threads,
                             dw_error *err);

#endif
