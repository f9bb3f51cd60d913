/* SPDX-License-Identifier: Apache-2.0 */
/* Everything libdeltawrite declares. */
#ifndef DELTAWRITE_DELTAWRITE_H
#define DELTAWRITE_DELTAWRITE_H

#include <deltawrite/arrow_c_data.h>
#include <deltawrite/common.h>
#include <deltawrite/credentials.h>
#include <deltawrite/error.h>
#include <deltawrite/maintain.h>
#include <deltawrite/modify.h>
#include <deltawrite/parquet.h>
#include <deltawrite/store.h>
#include <deltawrite/table.h>
#include <deltawrite/table_stats.h>
#include <deltawrite/txn.h>
#include <deltawrite/upkeep.h>
#include <deltawrite/version.h>

#endif
