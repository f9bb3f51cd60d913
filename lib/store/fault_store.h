/* SPDX-License-Identifier: Apache-2.0 */
/* A store for tests that misbehaves on command: it passes operations on to another one and lets
 * some of them fail, before or after they took effect, by a plan or by seeded chance. */
#ifndef DWI_STORE_FAULT_STORE_H
#define DWI_STORE_FAULT_STORE_H

#include "store/store_ops.h"

/* Operations; DWI_ON_PUT is an overwriting one. */
#define DWI_ON_GET           1u
#define DWI_ON_PUT           2u
#define DWI_ON_PUT_IF_ABSENT 4u
#define DWI_ON_LIST          8u
#define DWI_ON_HEAD          16u
#define DWI_ON_REMOVE        32u
#define DWI_ON_UPLOAD_BEGIN  64u
#define DWI_ON_UPLOAD_WRITE  128u
#define DWI_ON_UPLOAD_FINISH 256u
#define DWI_ON_WRITE         (2u | 4u | 32u | 64u | 128u | 256u) /* whatever changes the store */
#define DWI_ON_ALL           511u

enum {
    DWI_FAULT_NONE,
    DWI_FAULT_REFUSE,       /* no effect, and it is certain: DW_E_IO, retryable */
    DWI_FAULT_THROTTLE,     /* no effect: DW_E_THROTTLED, retryable */
    DWI_FAULT_DENY,         /* no effect: DW_E_DENIED */
    DWI_FAULT_LOSE_REQUEST, /* no effect, but nobody knows: DW_E_UNKNOWN for a put-if-absent, else
                               DW_E_IO, retryable */
    DWI_FAULT_LOSE_REPLY,   /* took effect, but nobody knows: the same codes */
    DWI_FAULT_BREAK,        /* get and list deliver half, then DW_E_IO, retryable; else as REFUSE */
    DWI_FAULT_DELAY,        /* takes delay_us, then works */
    DWI_FAULT_CRASH,        /* no effect; from now on every operation is DW_E_IO, not retryable */
    DWI_FAULT_CRASH_AFTER   /* takes effect, then the same */
};
enum { DWI_FAULT_KINDS = DWI_FAULT_CRASH_AFTER + 1 };

/* The matching operations number nth .. nth + count - 1 (from 0) fail. */
typedef struct dwi_fault {
    uint32_t on; /* DWI_ON_* */
    int kind;    /* DWI_FAULT_* */
    int64_t nth;
    int64_t count;        /* 0: 1; -1: all that follow */
    const char *key_part; /* borrowed; NULL: any key, else those that contain it */
    int64_t delay_us;
} dwi_fault;

/* Wraps `inner`, of which it takes a reference. Its operations are not retried by `inner`, but by
 * the new store, as `opts` say. */
dw_status dwi_fault_store_new(dw_store *inner, const dw_store_options *opts, dw_store **out_store,
                              dw_error *err);

/* These take a store made by dwi_fault_store_new(); any thread. */

/* Replace the plan (`n_faults` 0: none), start counting anew and heal a crash; copies `faults`. */
dw_status dwi_fault_plan(dw_store *store, const dwi_fault *faults, size_t n_faults, dw_error *err);
/* Besides the plan each operation in `on` fails with the chance per_mille[kind]; seeded. */
void dwi_fault_chance(dw_store *store, uint32_t on, const int per_mille[DWI_FAULT_KINDS],
                      uint64_t seed);
/* How many operations in `on` were asked for since the plan was set, failed ones included. */
int64_t dwi_fault_count(dw_store *store, uint32_t on);
/* How many of them were made to fail (delays not counted). */
int64_t dwi_fault_hits(dw_store *store);

#endif
