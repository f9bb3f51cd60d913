/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as files below a folder. */
#ifndef DWI_STORE_STORE_LOCAL_H
#define DWI_STORE_STORE_LOCAL_H

#include "store/store_impl.h"

const dw_store_vtable *dwi_local_vtable(void);
/* `base` outlives the result; `root` is absolute and copied; it need not exist. */
dw_status dwi_local_open(const dwi_store_base *base, const char *root, void **out_self,
                         dw_error *err);

#endif
