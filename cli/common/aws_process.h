/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that a program prints: credential_process of a profile. */
#ifndef DW_CLI_AWS_PROCESS_H
#define DW_CLI_AWS_PROCESS_H

#include <deltawrite/credentials.h>

/* Runs `command` by the shell whenever keys are wanted; its standard output is
 * {"Version":1,"AccessKeyId":...,"SecretAccessKey":...,"SessionToken":...,"Expiration":...}. */
dw_status aws_process_open(const char *command, dw_credentials **out_credentials, dw_error *err);

#endif
