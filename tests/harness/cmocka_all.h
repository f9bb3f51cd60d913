/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka with what its header needs before it. */
#ifndef DWT_CMOCKA_ALL_H
#define DWT_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
