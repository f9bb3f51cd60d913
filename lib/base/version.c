/* SPDX-License-Identifier: Apache-2.0 */
#include <deltawrite/version.h>

const char *dw_version(void)
{
    return DWI_VERSION;
}
