/* SPDX-License-Identifier: Apache-2.0 */
/* Actions that outlive the call that gave them: views become copies in an arena. False: out of
 * memory. `out` may be `from`. */
#ifndef DWI_DELTA_ACTION_COPY_H
#define DWI_DELTA_ACTION_COPY_H

#include "delta/action.h"

bool dwi_kvs_copy(dwi_arena *arena, dwi_kvs *kvs);
bool dwi_add_copy(dwi_arena *arena, const dwi_add *from, dwi_add *out);
bool dwi_remove_copy(dwi_arena *arena, const dwi_remove *from, dwi_remove *out);

#endif
