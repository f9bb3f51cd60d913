/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite alter VERB TABLE ... */
#ifndef DW_CLI_VERBS_ALTER_H
#define DW_CLI_VERBS_ALTER_H

#include "tool/args.h"

const struct verb *alter_verbs(size_t *out_count);
/* "alter TABLE VERB ..." is what SQL says: the two words change places. */
void alter_put_verb_first(int argc, char **argv);

#endif
