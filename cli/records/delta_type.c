/* SPDX-License-Identifier: Apache-2.0 */
#include "records/delta_type.h"

void delta_struct_begin(struct delta_schema *schema)
{
    schema->depth++;
    textbuf_puts(&schema->text, "{\"type\":\"struct\",\"fields\":[");
}

void delta_struct_end(struct delta_schema *schema)
{
    schema->depth--;
    textbuf_puts(&schema->text, "]}");
}

void delta_field_begin(struct delta_schema *schema, struct span name)
{
    if (schema->text.text[schema->text.len - 1] == '}')
        textbuf_add(&schema->text, ",", 1);
    schema->n_fields++;
    textbuf_puts(&schema->text, "{\"name\":");
    textbuf_json_string(&schema->text, name.ptr, name.len);
    textbuf_puts(&schema->text, ",\"type\":");
}

void delta_field_end(struct delta_schema *schema)
{
    textbuf_puts(&schema->text, ",\"nullable\":true,\"metadata\":{}}");
}

void delta_primitive(struct delta_schema *schema, const char *type)
{
    textbuf_add(&schema->text, "\"", 1);
    textbuf_puts(&schema->text, type);
    textbuf_add(&schema->text, "\"", 1);
}

void delta_array_begin(struct delta_schema *schema)
{
    schema->depth++;
    textbuf_puts(&schema->text, "{\"type\":\"array\",\"elementType\":");
}

void delta_array_end(struct delta_schema *schema)
{
    schema->depth--;
    textbuf_puts(&schema->text, ",\"containsNull\":true}");
}

void delta_map_begin(struct delta_schema *schema, const char *key_type)
{
    schema->depth++;
    textbuf_printf(&schema->text, "{\"type\":\"map\",\"keyType\":\"%s\",\"valueType\":", key_type);
}

void delta_map_end(struct delta_schema *schema)
{
    schema->depth--;
    textbuf_puts(&schema->text, ",\"valueContainsNull\":true}");
}

bool delta_name_allowed(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '\0' || strchr(" ,;{}()\n\t=", name.ptr[i]) != NULL)
            return false;
    }
    return name.len != 0;
}

bool delta_schema_full(const struct delta_schema *schema)
{
    return schema->depth >= DELTA_MAX_DEPTH || schema->n_fields >= DELTA_MAX_FIELDS;
}
