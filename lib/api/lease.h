/* SPDX-License-Identifier: Apache-2.0 */
/* One maintainer among many instances, by an application id of the table itself: its version is
 * when the lease ends (milliseconds since 1970), and is only moved by compare-and-set, so that of
 * two who want it one gets it. Who has it moves it on with each commit of its work; who dies loses
 * it by the clock. Nothing depends on it for correctness: two maintainers would only do the same
 * work twice. */
#ifndef DWI_API_LEASE_H
#define DWI_API_LEASE_H

#include "api/table_publish.h"

#define DWI_LEASE_APP "deltawrite-maintainer"

typedef enum dwi_lease_kind {
    DWI_LEASE_FREE = 0,
    DWI_LEASE_OURS = 1,
    DWI_LEASE_OTHERS = 2
} dwi_lease_kind;

typedef struct dwi_lease {
    int64_t ends_ms; /* the value that we wrote last, -1: none */
    int64_t length_ms;
} dwi_lease;

/* Whose it is, by what the state says. */
dwi_lease_kind dwi_lease_whose(const dwi_lease *lease, const dwi_state *state, const dwi_env *env);
/* The step that a commit of ours makes with it; dwi_lease_note() after it took effect. */
dwi_app_version dwi_lease_step(const dwi_lease *lease, const dwi_state *state, const dwi_env *env);
void dwi_lease_note(dwi_lease *lease, const dwi_app_version *step);
/* A commit for nothing but the lease and, when `more` is not NULL, another application id.
 * DW_E_FENCED: somebody was faster. */
dw_status dwi_lease_commit(dw_table *table, dwi_lease *lease, const dwi_app_version *more,
                           dw_error *err);

#endif
