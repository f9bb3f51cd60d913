/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for programs: cJSON with exact 64-bit integers and NULL for null. */
#ifndef DW_CLI_JSON_OUT_H
#define DW_CLI_JSON_OUT_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

void add_i64(cJSON *object, const char *key, int64_t value);
void add_i64_or_null(cJSON *object, const char *key, int64_t value); /* negative: null */
void add_text(cJSON *object, const char *key, const char *value);
void add_raw(cJSON *object, const char *key, const char *json); /* JSON as it is */
void add_strings(cJSON *object, const char *key, const char *const *items, size_t count);
/* Print it and free it; exit code. */
int print_json(cJSON *json);

#endif
