/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/json_out.h"

#include <inttypes.h>
#include <stdio.h>

/* cJSON's numbers are doubles; ours are exact. */
void add_i64(cJSON *object, const char *key, int64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRId64, value);
    (void)cJSON_AddRawToObject(object, key, digits);
}

void add_text(cJSON *object, const char *key, const char *value)
{
    if (value == NULL)
        (void)cJSON_AddNullToObject(object, key);
    else
        (void)cJSON_AddStringToObject(object, key, value);
}

void add_raw(cJSON *object, const char *key, const char *json)
{
    if (json == NULL)
        (void)cJSON_AddNullToObject(object, key);
    else
        (void)cJSON_AddRawToObject(object, key, json);
}

void add_i64_or_null(cJSON *object, const char *key, int64_t value)
{
    if (value < 0)
        (void)cJSON_AddNullToObject(object, key);
    else
        add_i64(object, key, value);
}

void add_strings(cJSON *object, const char *key, const char *const *items, size_t count)
{
    cJSON *array = cJSON_AddArrayToObject(object, key);

    for (size_t i = 0; i < count; i++)
        (void)cJSON_AddItemToArray(array, cJSON_CreateString(items[i]));
}

int print_json(cJSON *json)
{
    char *text = cJSON_Print(json);
    int status = 0;

    cJSON_Delete(json);
    if (text == NULL || puts(text) < 0) {
        (void)fputs("deltawrite: standard output: cannot be written\n", stderr);
        status = 1;
    }
    cJSON_free(text);
    return status;
}
