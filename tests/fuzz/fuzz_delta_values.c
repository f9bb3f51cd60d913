/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a value that a log holds: the first byte says whether it is a schema, statistics, a
 * partition value, a default, or a deletion vector. What we write of it we read again. */
#include "fuzz_log.h"

#include "delta/deletion_vector.h"
#include "delta/expression.h"
#include "delta/partition_value.h"
#include "delta/stats.h"
#include "schema/type.h"

enum { MAX_ROWS = 100000 };

static void try_schema(dwi_sv text)
{
    dwi_schema *schema = NULL;
    dwi_schema *made = NULL;
    dwi_schema *again = NULL;

    if (dwi_schema_parse(dwi_alloc_default(), text, &schema, NULL) != DW_OK)
        return;
    if (dwi_schema_from_type(dwi_alloc_default(), schema->root, &made, NULL) == DW_OK &&
        (dwi_schema_parse(dwi_alloc_default(), made->json, &again, NULL) != DW_OK ||
         again->root->n_fields != schema->root->n_fields))
        abort();
    dwi_schema_unref(again);
    dwi_schema_unref(made);
    dwi_schema_unref(schema);
}

static void try_stats(dwi_sv text)
{
    int64_t records;
    dwi_arena arena;

    dwi_arena_init(&arena, dwi_alloc_default());
    (void)dwi_stats_num_records(&arena, text, &records, NULL);
    dwi_arena_done(&arena);
}

static void try_value(dwi_sv text, uint8_t which, bool expression)
{
    static const dwi_type_kind kinds[] = {DWI_BOOLEAN,      DWI_BYTE,   DWI_SHORT,  DWI_INTEGER,
                                          DWI_LONG,         DWI_FLOAT,  DWI_DOUBLE, DWI_DECIMAL,
                                          DWI_STRING,       DWI_BINARY, DWI_DATE,   DWI_TIMESTAMP,
                                          DWI_TIMESTAMP_NTZ};
    dwi_type type = {.kind = kinds[which % (sizeof(kinds) / sizeof(kinds[0]))]};
    dwi_column column = {0};
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    if (type.kind == DWI_DECIMAL) {
        type.precision = 10;
        type.scale = 3;
    }
    if (dwi_column_init(&column, &type, dwi_alloc_default(), &err) != DW_OK)
        abort();
    if (expression)
        status = dwi_expression_append_default(&column, text, DWI_SV("a"), &err);
    else
        status = dwi_partition_value_append(&column, text, 3, &err);
    if (status == DW_OK && column.length != (expression ? 1 : 3))
        abort();
    dwi_column_done(&column);
}

static void try_vector(dw_bytes data)
{
    uint8_t *bitmap = calloc(MAX_ROWS / 8 + 1, 1);
    int64_t cardinality = 0;

    if (bitmap == NULL)
        abort();
    (void)dwi_deletion_vector_decode(data, MAX_ROWS, bitmap, &cardinality, NULL);
    free(bitmap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dwi_sv text;

    if (size < 2)
        return 0;
    text = (dwi_sv){(const char *)data + 2, size - 2};
    switch (data[0] % 5) {
    case 0:
        try_schema(text);
        break;
    case 1:
        try_stats(text);
        break;
    case 2:
        try_value(text, data[1], false);
        break;
    case 3:
        try_value(text, data[1], true);
        break;
    default:
        try_vector((dw_bytes){data + 2, size - 2});
    }
    return 0;
}
