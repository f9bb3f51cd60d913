/* SPDX-License-Identifier: Apache-2.0 */
#include "config/table_schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <deltawrite/table.h>

#include "common/ddl.h"
#include "common/memory.h"
#include "config/config_layers.h"

static bool is_delta_schema(const cJSON *object)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(object, "type");

    return cJSON_IsString(type) && strcmp(type->valuestring, "struct") == 0 &&
           cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(object, "fields"));
}

/* {"id": "long"} in SQL's words: `id` long. */
static bool from_mapping(const cJSON *mapping, struct textbuf *out, struct textbuf *problem)
{
    struct textbuf words = {0};
    const cJSON *item;
    bool ok = true;

    cJSON_ArrayForEach(item, mapping)
    {
        if (!cJSON_IsString(item) || strchr(item->string, '`') != NULL) {
            textbuf_printf(problem, "%s: takes the name of a type, such as long or array<string>",
                           item->string);
            ok = false;
            break;
        }
        textbuf_printf(&words, "%s`%s` %s", words.len == 0 ? "" : ", ", item->string,
                       item->valuestring);
    }
    ok = ok && ddl_to_schema(words.text == NULL ? "" : words.text, out, problem);
    textbuf_done(&words);
    return ok;
}

static bool has_blank(const char *text)
{
    while (*text != '\0' && !isspace((unsigned char)*text))
        text++;
    return *text != '\0';
}

static bool from_text(const char *text, struct textbuf *out, struct textbuf *problem)
{
    char *content;

    while (isspace((unsigned char)*text))
        text++;
    if (*text == '{') {
        textbuf_puts(out, text);
        return true;
    }
    if (has_blank(text) && *text != '/' && *text != '.')
        return ddl_to_schema(text, out, problem);
    content = secret_from_file(text, problem);
    if (content == NULL)
        return false;
    textbuf_puts(out, content);
    free(content);
    return true;
}

bool table_schema_finish(char **schema_json, struct textbuf *problem)
{
    cJSON *value = cJSON_Parse(*schema_json);
    struct textbuf out = {0};
    bool ok = true;

    if (cJSON_IsString(value)) {
        ok = from_text(value->valuestring, &out, problem);
    } else if (cJSON_IsObject(value) && is_delta_schema(value)) {
        textbuf_puts(&out, *schema_json);
    } else if (cJSON_IsObject(value) && value->child != NULL) {
        ok = from_mapping(value, &out, problem);
    } else {
        textbuf_puts(problem, "is neither a file, nor a mapping, NAME: TYPE, nor columns in SQL's "
                              "words");
        ok = false;
    }
    cJSON_Delete(value);
    if (ok) {
        free(*schema_json);
        *schema_json = out.text;
    } else {
        textbuf_done(&out);
    }
    return ok;
}

bool table_schema_check(const struct table_config *table, struct textbuf *problem)
{
    static const char name[] = "memory: "; /* of a store in memory, in messages */
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_property *properties = need_alloc(table->properties.count, sizeof(*properties));
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    dw_table *made = NULL;
    dw_status status;

    for (size_t i = 0; i < table->properties.count; i++)
        properties[i] =
            (dw_property){table->properties.items[i].key, table->properties.items[i].value};
    create.schema_json = table->schema_json;
    create.partition_columns = (const char *const *)table->partition_by.items;
    create.n_partition_columns = table->partition_by.count;
    create.clustering_columns = (const char *const *)table->cluster_by.items;
    create.n_clustering_columns = table->cluster_by.count;
    create.properties = properties;
    create.n_properties = table->properties.count;
    status = dw_store_open_memory(NULL, &store, &err);
    if (status == DW_OK)
        status = dw_table_create(store, "", &create, NULL, &made, &err);
    if (status != DW_OK)
        textbuf_puts(problem, err.message + (strncmp(err.message, name, sizeof(name) - 1) == 0
                                                 ? sizeof(name) - 1
                                                 : 0));
    dw_table_close(made);
    dw_store_unref(store);
    free(properties);
    return status == DW_OK;
}
