/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite parquet VERB FILE. */
#ifndef DW_CLI_VERBS_PARQUET_H
#define DW_CLI_VERBS_PARQUET_H

#include "tool/args.h"

const struct verb *parquet_verbs(size_t *out_count);

int parquet_meta(const struct verb *verb, int argc, char **argv);
int parquet_schema(const struct verb *verb, int argc, char **argv);
int parquet_pages(const struct verb *verb, int argc, char **argv);
int parquet_verify(const struct verb *verb, int argc, char **argv);
int parquet_cat(const struct verb *verb, int argc, char **argv);

#endif
