/* SPDX-License-Identifier: Apache-2.0 */
/* The stores that the contract is checked on; each opening gives an empty one. */
#ifndef CONTRACT_STORES_H
#define CONTRACT_STORES_H

#include "harness.h"
#include "store/store_ops.h"

/* False for an unknown kind. */
bool contract_store_known(const char *kind);
/* False when this machine has no such store; says so on stderr. */
bool contract_store_present(const char *kind);
dw_store *contract_store_open(const char *kind);
/* A prefix of its own on the test server; NULL stands for what is right there. */
dw_store *contract_store_open_s3(const char *bucket, const char *key, const char *secret);
/* Removes what it holds. */
void contract_store_drop(dw_store *store);

#endif
