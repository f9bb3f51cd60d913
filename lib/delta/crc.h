/* SPDX-License-Identifier: Apache-2.0 */
/* Version checksum files, "%020d.crc": what a version comes to, in one small file. Read to start
 * without a checkpoint, and for counts to compare with; written after commits to tables that have
 * them. A file is exact or absent, and never overwritten.
 * Spec: Delta PROTOCOL.md, "Version Checksum File". */
#ifndef DWI_DELTA_CRC_H
#define DWI_DELTA_CRC_H

#include "delta/staged.h"

/* The live files of a version. */
typedef struct dwi_file_counts {
    int64_t files;
    int64_t bytes;
    int64_t vectors;      /* files with a deletion vector, -1: unknown */
    int64_t deleted_rows; /* in them, -1: unknown */
} dwi_file_counts;

typedef struct dwi_crc {
    dwi_file_counts counts;
    int64_t in_commit_timestamp; /* -1: none */
    const dwi_protocol *protocol;
    const dwi_metadata *metadata;
    bool has_txns; /* all of them are in the file */
    size_t n_txns;
    const dwi_txn_action *txns;
    bool has_domains;
    size_t n_domains;
    const dwi_domain_metadata *domains;
} dwi_crc;

/* DW_E_NOT_FOUND; DW_E_CORRUPT: malformed, or without what the protocol requires. */
dw_status dwi_crc_read(const dwi_log *log, int64_t version, dwi_arena *arena, dwi_crc *out,
                       dw_error *err);
/* It holds all that a dwi_state is made of. */
bool dwi_crc_is_complete(const dwi_crc *crc);

/* Writes the file of a state's version; DW_OK too when there is one. txn_id: of the commit, ptr
 * NULL: not known. */
dw_status dwi_crc_write(const dwi_log *log, const dwi_state *state, const dwi_file_counts *counts,
                        dwi_sv txn_id, dw_error *err);

/* What is known of the counts as commits of ours follow each other; starts as DWI_CRC_CHAIN_INIT.
 * One thread at a time. */
typedef struct dwi_crc_chain {
    int64_t version; /* whose counts are known, or known to be unknown; -1: none */
    bool known;
    dwi_file_counts counts;
} dwi_crc_chain;
#define DWI_CRC_CHAIN_INIT                                                                         \
    {                                                                                              \
        -1, false,                                                                                 \
        {                                                                                          \
            0, 0, 0, 0                                                                             \
        }                                                                                          \
    }

/* A commit of ours, of `staged`, made `state`. Writes the version's file when the table has such
 * files, the one before is known, and every remove has a size; at most one read, and none while
 * commits are all ours. A file that is added must not have been live before. A failure is told to
 * the log sink. */
void dwi_crc_follow(dwi_crc_chain *chain, const dwi_log *log, const dwi_state *state,
                    const dwi_staged *staged, dwi_sv txn_id);

#endif
