/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DW_CLI_VERBS_H
#define DW_CLI_VERBS_H

#include "tool/args.h"

/* Looking at a table: verbs_info.c, verbs_list.c, verb_log.c, verbs_rows.c */
int verb_info(const struct verb *verb, int argc, char **argv);
int verb_schema(const struct verb *verb, int argc, char **argv);
int verb_history(const struct verb *verb, int argc, char **argv);
int verb_files(const struct verb *verb, int argc, char **argv);
int verb_txns(const struct verb *verb, int argc, char **argv);
int verb_head(const struct verb *verb, int argc, char **argv);
int verb_log(const struct verb *verb, int argc, char **argv);
int verb_cat(const struct verb *verb, int argc, char **argv);
int verb_export(const struct verb *verb, int argc, char **argv);

/* Changing one: verbs_change.c, verb_set.c, verbs_import.c */
int verb_create(const struct verb *verb, int argc, char **argv);
int verb_import(const struct verb *verb, int argc, char **argv);
int verb_delete(const struct verb *verb, int argc, char **argv);
int verb_set(const struct verb *verb, int argc, char **argv);
int verb_checkpoint(const struct verb *verb, int argc, char **argv);
int verb_restore(const struct verb *verb, int argc, char **argv);
int verb_compact_log(const struct verb *verb, int argc, char **argv);
int verb_verify(const struct verb *verb, int argc, char **argv);
int verb_vacuum(const struct verb *verb, int argc, char **argv);
int verb_optimize(const struct verb *verb, int argc, char **argv);
int verb_clean(const struct verb *verb, int argc, char **argv);

#endif
