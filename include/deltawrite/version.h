/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELTAWRITE_VERSION_H
#define DELTAWRITE_VERSION_H

#include <deltawrite/common.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DW_VERSION_MAJOR 0
#define DW_VERSION_MINOR 1
#define DW_VERSION_PATCH 0

/** The version of the library at run time, such as "0.1.0".
 *
 * Ownership: static text.
 * Errors:    none.
 * Threads:   any thread. */
DW_API const char *dw_version(void);

#ifdef __cplusplus
}
#endif
#endif
