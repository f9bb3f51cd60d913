/* SPDX-License-Identifier: Apache-2.0 */
/* Where the files of a partition lie. Two layers of escapes: Hive's in the names of directories,
 * which are what the store sees, and a URI's over the whole relative path in add.path. Readers take
 * values from partitionValues alone and never from a path. More is escaped in directories than Hive
 * would, all but ASCII letters, digits and "-_.": there are engines that spell paths anew when they
 * remove a file, and the URI of such a name has one spelling only.
 * Spec: Delta PROTOCOL.md, "Add File and Remove File"; the directories are a custom of Hive's. */
#ifndef DWI_DELTA_PARTITION_PATH_H
#define DWI_DELTA_PARTITION_PATH_H

#include "base/buf.h"
#include "base/env.h"
#include "base/str.h"

/* "NAME=VALUE/", both escaped; `value` ptr NULL: __HIVE_DEFAULT_PARTITION__. False,
 * and nothing appended, when a file system may not take a name of that length. */
bool dwi_partition_path_append(dwi_buf *out, dwi_sv name, dwi_sv value);

/* "Xy/": `chars` random letters and digits. */
void dwi_random_prefix_append(dwi_buf *out, const dwi_env *env, size_t chars);

/* A relative path as add.path has it. Not ASCII stays as it is. */
void dwi_path_append_encoded(dwi_buf *out, dwi_sv path);

#endif
