/* SPDX-License-Identifier: Apache-2.0 */
/* delta.setTransactionRetentionDuration lets writers of checkpoints drop `txn` actions that are
 * older: that an application id is missing then does not mean that it never committed. */
#ifndef DWI_DELTA_TXN_EXPIRY_H
#define DWI_DELTA_TXN_EXPIRY_H

#include "delta/state.h"

/* An entry that is missing from the state may have been there. */
bool dwi_txn_may_have_expired(const dwi_state *state, const dwi_env *env);
/* An entry that other readers do not show any more; to us it stays good while it is there. */
bool dwi_txn_is_expired(const dwi_state *state, const dwi_txn_action *txn, const dwi_env *env);
/* DW_E_EXPIRED, in words. */
dw_status dwi_txn_expired(const dwi_state *state, dwi_sv app_id, dw_error *err);

#endif
