/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include <string.h>

dw_status dwi_options_copy(void *out, const void *defaults, size_t size, const void *opts,
                           const char *name, dw_error *err)
{
    uint32_t given;

    memcpy(out, defaults, size);
    if (opts == NULL)
        return DW_OK;
    memcpy(&given, opts, sizeof(given));
    if (given < sizeof(given))
        return dwi_err(err, DW_E_ARG, "%s: struct_size is %u; use %s_INIT", name, given, name);
    for (size_t i = size; i < given; i++)
        if (((const uint8_t *)opts)[i] != 0)
            return dwi_err(err, DW_E_UNSUPPORTED,
                           "%s: sets options that this version of the library does not have", name);
    memcpy(out, opts, given < size ? given : size);
    given = (uint32_t)size;
    memcpy(out, &given, sizeof(given));
    return DW_OK;
}
