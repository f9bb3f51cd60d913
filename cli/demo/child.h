/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DW_CLI_CHILD_H
#define DW_CLI_CHILD_H

/* Runs the program beside this one with arguments (NULL at the end), the output going where ours
 * goes. Its exit code; -1: it could not be run or died, told on standard error. */
int child_run(const char *own_path, char *const arguments[]);

/* Remove a folder with all in it; a missing one is fine. 0 or an errno. */
int remove_tree(const char *path);

#endif
