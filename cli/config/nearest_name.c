/* SPDX-License-Identifier: Apache-2.0 */
#include "config/option.h"

#include <string.h>

#include "common/nearest.h"

const char *nearest_name(const char *name, const char *const *names, size_t count)
{
    struct nearest nearest;

    nearest_begin(&nearest, name, strlen(name));
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, names[i]);
    return nearest_found(&nearest);
}
