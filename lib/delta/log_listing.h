/* SPDX-License-Identifier: Apache-2.0 */
/* What a listing of _delta_log holds, by the names that the protocol gives to files; everything
 * else (hidden files, staged commits, temporary files) is passed over.
 * Spec: Delta PROTOCOL.md, "File Types". */
#ifndef DWI_DELTA_LOG_LISTING_H
#define DWI_DELTA_LOG_LISTING_H

#include "delta/log.h"

typedef enum dwi_listed_kind {
    DWI_LISTED_OTHER = 0,
    DWI_LISTED_COMMIT = 1,
    DWI_LISTED_CHECKPOINT = 2,
    DWI_LISTED_EMPTY = 3, /* a checkpoint without a byte, which does not count */
    DWI_LISTED_CRC = 4,
    DWI_LISTED_COMPACTION = 5 /* without a byte it is OTHER */
} dwi_listed_kind;

typedef struct dwi_listed {
    dwi_log_file file;
    dwi_listed_kind kind;
    dwi_checkpoint_kind checkpoint;
    int64_t part; /* multi-part: from 1 */
    int64_t parts;
    int64_t last; /* compaction: the last version in it; else file.version */
    struct dwi_listed *next;
} dwi_listed;

typedef struct dwi_listing {
    size_t n_commits;
    const dwi_listed *first; /* in byte order of names */
    dwi_sv empty;            /* one of DWI_LISTED_EMPTY; ptr NULL: none */
    bool whole;              /* false: it ended where the caller asked for it */
} dwi_listing;

/* Kind and numbers of a name below _delta_log/; `file.size` is looked at. */
void dwi_log_classify(dwi_sv name, dwi_listed *out);

/* Everything from version `from` on, in `arena`, until `enough` (may be NULL) says so; the file
 * that it said it of is not part of the listing. */
typedef bool dwi_listing_enough_fn(void *ctx, const dwi_listed *next);
dw_status dwi_log_list(const dwi_log *log, int64_t from, dwi_listing_enough_fn *enough, void *ctx,
                       dwi_arena *arena, dwi_listing *out, dw_error *err);

/* All files of the checkpoint that `first` is (of a multi-part one part 1), in order; NULL: it is
 * not complete. */
dw_status dwi_listed_parts(dwi_arena *arena, const dwi_listed *first, const dwi_log_file **out,
                           dw_error *err);

#endif
