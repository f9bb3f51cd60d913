/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a condition on four rows. What their statistics prove of it must be so, and no row
 * passes it and its opposite. */
#include "fuzz_log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns/json_decode.h"
#include "delta/where.h"

#define FIELD(name, type)                                                                          \
    "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":true,\"metadata\":{}}"

enum { ROWS = 4 };

static const char schema_json[] =
    "{\"type\":\"struct\",\"fields\":[" FIELD("a", "\"long\"") "," FIELD("x", "\"double\"") "," FIELD("s", "\"string\"") "," FIELD("d", "\"date\"") "," FIELD(
        "t",
        "\"timestamp\"") "," FIELD("m",
                                   "\"decimal(10,2)\"") "," FIELD("b",
                                                                  "\"boolean\"") "," FIELD("n",
                                                                                           "{\"type"
                                                                                           "\":"
                                                                                           "\"struc"
                                                                                           "t\","
                                                                                           "\"field"
                                                                                           "s\":"
                                                                                           "[" FIELD(
                                                                                               "i",
                                                                                               "\"i"
                                                                                               "nte"
                                                                                               "ger"
                                                                                               "\"") "]}") "," FIELD("p",
                                                                                                                     "\"integer\"") "]}";

static const char *const records[ROWS] = {
    "{\"a\":1,\"x\":1.5,\"s\":\"abc\",\"d\":\"2024-01-31\",\"t\":\"2024-01-31T12:00:00.000500Z\","
    "\"m\":1.25,"
    "\"b\":true,\"n\":{\"i\":3},\"p\":7}",
    "{\"a\":2,\"x\":0,\"s\":\"\",\"d\":\"1969-12-31\",\"t\":\"1969-12-31T23:59:59.999999Z\",\"m\":-"
    "1,\"b\":false,"
    "\"n\":{\"i\":null},\"p\":7}",
    "{\"a\":5,\"x\":-0.5,\"s\":\"abd\",\"d\":null,\"m\":0,\"n\":null,\"p\":7}",
    "{\"a\":-9,\"p\":7}",
};

static const char stats[] = "{\"numRecords\":4,\"minValues\":{\"a\":-9,\"x\":-0.5,\"s\":\"\",\"d\":"
                            "\"1969-12-31\",\"t\":\"1969-12-31T23:"
                            "59:59.999Z\",\"m\":-1.00,\"n\":{\"i\":3}},\"maxValues\":{\"a\":5,"
                            "\"x\":1.5,\"s\":\"abd\",\"d\":\"2024-01-"
                            "31\",\"t\":\"2024-01-31T12:00:00.000Z\",\"m\":1.25,\"n\":{\"i\":3}},"
                            "\"nullCount\":{\"a\":0,\"x\":1,\"s\":"
                            "1,\"d\":2,\"t\":2,\"m\":1,\"b\":2,\"n\":{\"i\":3}}}";

typedef struct table {
    dwi_state state;
    dwi_json_decoder *decoder;
    dwi_arena arena;
    const dwi_vec *rows;
} table;

/* Made once: it has no part in what is tried. */
static const table *the_table(void)
{
    static const dwi_sv partitions[] = {{"p", 1}};
    static table t;
    const dwi_new_field none = {NULL, NULL, false};

    if (t.rows != NULL)
        return &t;
    dwi_arena_init(&t.arena, dwi_alloc_default());
    t.state.metadata.partition_columns = (dwi_svs){1, partitions};
    if (dwi_schema_parse(dwi_alloc_default(), dwi_sv_cstr(schema_json), &t.state.schema, NULL) !=
            DW_OK ||
        dwi_json_decoder_new(dwi_alloc_default(), t.state.schema->root, none, &t.decoder, NULL) !=
            DW_OK)
        abort();
    for (size_t i = 0; i < ROWS; i++)
        if (dwi_json_decode(t.decoder, (dw_bytes){(const uint8_t *)records[i], strlen(records[i])},
                            NULL) != DW_OK)
            abort();
    /* JSON has no NaN, and bounds do not tell of one */
    memcpy(dwi_json_decoder_rows(t.decoder)->children[1].values.data + 8, &(double){(double)NAN},
           sizeof(double));
    t.rows = dwi_column_view(dwi_json_decoder_rows(t.decoder), &t.arena);
    return &t;
}

/* A bit for each row that passes; false: it is no condition. */
static bool try_condition(const table *t, const char *text, size_t len, unsigned *out)
{
    static const dwi_kv values[] = {{{"p", 1}, {"7", 1}}};
    const dwi_add add = {.partition_values = {1, values}, .stats = {stats, sizeof(stats) - 1}};
    const dwi_comparison *comparisons;
    uint32_t chosen[ROWS];
    dwi_where *where = NULL;
    dwi_verdict verdict;
    dwi_arena arena;
    int64_t n = 0;
    size_t n_comparisons;

    *out = 0;
    if (dwi_where_parse(dwi_alloc_default(), (dwi_sv){text, len}, &t->state, &where, NULL) != DW_OK)
        return false;
    dwi_arena_init(&arena, dwi_alloc_default());
    if (dwi_where_rows(where, t->rows, chosen, &n, NULL) != DW_OK ||
        dwi_where_file(where, &add, &verdict, NULL) != DW_OK ||
        dwi_where_comparisons(where, &arena, t->state.schema->root, &comparisons, &n_comparisons,
                              NULL) != DW_OK)
        abort();
    for (int64_t i = 0; i < n; i++)
        *out |= 1u << chosen[i];
    if ((verdict == DWI_MATCH_NONE && n > 0) || (verdict == DWI_MATCH_ALL && n < ROWS))
        abort();
    verdict = dwi_where_partition(where, add.partition_values);
    if ((verdict == DWI_MATCH_NONE && n > 0) || (verdict == DWI_MATCH_ALL && n < ROWS))
        abort();
    dwi_arena_done(&arena);
    dwi_where_free(where);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const table *t = the_table();
    unsigned passing;
    unsigned others;
    char *opposite;

    if (size > 4096 || !try_condition(t, (const char *)data, size, &passing))
        return 0;
    opposite = malloc(size + 8);
    if (opposite == NULL)
        return 0;
    memcpy(opposite, "NOT (", 5);
    memcpy(opposite + 5, data, size);
    opposite[size + 5] = ')';
    if (try_condition(t, opposite, size + 6, &others) && (passing & others) != 0)
        abort();
    free(opposite);
    return 0;
}
