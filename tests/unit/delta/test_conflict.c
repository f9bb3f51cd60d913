/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include "delta/conflict.h"
#include "delta/conflict_schema.h"

#define FIELD(name, type, nullable, metadata)                                                      \
    "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":" type ",\\\"nullable\\\":" nullable              \
    ",\\\"metadata\\\":{" metadata "}}"
#define LONG   "\\\"long\\\""
#define STRING "\\\"string\\\""
#define METADATA(id, fields, partitions, configuration)                                            \
    "{\"metaData\":{\"id\":\"" id "\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"       \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" fields                      \
    "]}\",\"partitionColumns\":[" partitions "],\"configuration\":{" configuration "}}}\n"
#define A         FIELD("a", LONG, "true", "")
#define B         FIELD("b", STRING, "false", "")
#define BASE      METADATA("i", A "," B, "", "\"delta.appendOnly\":\"false\",\"own\":\"1\"")
#define FIELDS(f) METADATA("i", f, "", "\"delta.appendOnly\":\"false\",\"own\":\"1\"")
#define CONFIG(c) METADATA("i", A "," B, "", c)
#define KEEP      "\"delta.appendOnly\":\"false\",\"own\":\"1\""
#define PROTO(r, w, features)                                                                      \
    "{\"protocol\":{\"minReaderVersion\":" #r ",\"minWriterVersion\":" #w features "}}\n"
#define WRITER(list) ",\"writerFeatures\":[" list "]"

/* A commit that came in between, and what it means for rows made before it. */
typedef struct rule {
    const char *base; /* protocol */
    const char *winner;
    dw_status status;
    const char *text;
} rule;

#define V2 PROTO(1, 2, "")
#define V7 PROTO(1, 7, WRITER("\"appendOnly\",\"invariants\",\"domainMetadata\""))

static const rule rules[] = {
    /* files */
    {V2, ADD_LINE("x"), DW_OK, ""},
    {V2, REMOVE_LINE("x", 1), DW_OK, ""},
    {V2, TXN_LINE("other", 3), DW_OK, ""},
    /* schema */
    {V2, BASE, DW_OK, ""},
    {V2, FIELDS(A "," B "," FIELD("c", LONG, "true", "")), DW_OK, ""},
    {V2, FIELDS(FIELD("c", LONG, "true", "") "," B "," A), DW_OK, ""},
    {V2, FIELDS(A "," B "," FIELD("c", LONG, "true", "\\\"comment\\\":\\\"x\\\"")), DW_OK, ""},
    {V2, FIELDS(FIELD("a", LONG, "true", "\\\"comment\\\":\\\"x\\\"") "," B), DW_OK, ""},
    {V2, FIELDS(A "," FIELD("b", STRING, "true", "")), DW_OK, ""},
    {V2, FIELDS(A "," B "," FIELD("c", LONG, "false", "")), DW_E_CONFLICT,
     "added the NOT NULL column c"},
    {V2, FIELDS(A "," B "," FIELD("c", LONG, "true", "\\\"x\\\":1")), DW_E_CONFLICT,
     "with metadata that binds writers, the column c"},
    {V2, FIELDS(B), DW_E_CONFLICT, "dropped the column a"},
    {V2, FIELDS(FIELD("A", LONG, "true", "") "," B), DW_E_CONFLICT, "renamed the column a"},
    {V2, FIELDS(FIELD("a", STRING, "true", "") "," B), DW_E_CONFLICT, "type of column a"},
    {V2, FIELDS(FIELD("a", LONG, "false", "") "," B), DW_E_CONFLICT, "set NOT NULL for column a"},
    {V2, FIELDS(FIELD("a", LONG, "true", "\\\"__CHAR_VARCHAR_TYPE_STRING\\\":\\\"x\\\"") "," B),
     DW_E_CONFLICT, "metadata of column a"},
    {V2, METADATA("other", A "," B, "", KEEP), DW_E_CONFLICT, "replaced the table"},
    /* properties */
    {V2, CONFIG("\"delta.appendOnly\":\"true\",\"own\":\"1\""), DW_OK, ""},
    {V2, CONFIG("\"delta.appendOnly\":\"false\",\"own\":\"2\",\"more\":\"3\""), DW_OK, ""},
    {V2, CONFIG(""), DW_OK, ""},
    {V2,
     CONFIG(KEEP ",\"delta.checkpointInterval\":\"7\",\"DELTA.LOGretentionDuration\":\"1 day\""),
     DW_OK, ""},
    {V2, CONFIG(KEEP ",\"delta.enableInCommitTimestamps\":\"true\""), DW_OK, ""},
    {V2, CONFIG(KEEP ",\"delta.randomizeFilePrefixes\":\"true\""), DW_OK, ""},
    {V2, CONFIG(KEEP ",\"delta.columnMapping.mode\":\"id\""), DW_E_CONFLICT, "columnMapping"},
    {V2, CONFIG(KEEP ",\"delta.unheardOf\":\"true\""), DW_E_CONFLICT, "delta.unheardOf"},
    /* protocol */
    {V2, V7, DW_OK, ""},
    {V7, PROTO(1, 7, WRITER("\"appendOnly\",\"invariants\"")), DW_E_CONFLICT,
     "dropped the feature domainMetadata"},
    {V7, PROTO(1, 2, ""), DW_E_CONFLICT, "lowered the protocol"},
    {V7, PROTO(1, 7, WRITER("\"appendOnly\",\"invariants\",\"domainMetadata\",\"newThing\"")),
     DW_E_UNSUPPORTED, "newThing"},
    {V2, CONFIG(KEEP ",\"delta.constraints.c\":\"a > 0\""), DW_E_CONFLICT, "delta.constraints.c"},
    {V2, CONFIG(KEEP ",\"delta.constraints.c\":\"abs(a) > 0\""), DW_E_UNSUPPORTED,
     "checkConstraints"},
};

static dwi_state *load(fixture *f, int64_t version)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, version, &state, &f->err), &f->err);
    return state;
}

static void each_change_between_is_rebased_over_or_named(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const rule *r = &rules[i];
        char text[4000];
        dwi_state *base;
        dwi_state *latest;
        dw_status status;
        bool restage;
        (void)snprintf(text, sizeof(text), "%s%s", r->base, BASE);
        put_commit_text(f, 0, text);
        put_commit_text(f, 1, r->winner);
        base = load(f, 0);
        latest = load(f, 1);
        f->err = (dw_error)DW_ERROR_INIT;
        status = dwi_conflict_check(base, latest, false, &restage, &f->err);
        if (status != r->status || strstr(f->err.message, r->text) == NULL)
            fail_msg("rule %zu: %s %s", i, dw_status_name(status), f->err.message);
        dwi_state_unref(base);
        dwi_state_unref(latest);
    }
}

/* The same for schemas alone, at every depth. `restage`: files written anew will do. */
typedef struct schema_rule {
    const char *was;
    const char *is;
    const char *configuration; /* of the later state */
    dw_status status;
    bool restage;
    const char *text;
} schema_rule;

#define STRUCT(fields) "{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" fields "]}"
#define ARRAY(type, null)                                                                          \
    "{\\\"type\\\":\\\"array\\\",\\\"elementType\\\":" type ",\\\"containsNull\\\":" null "}"
#define TYPE(name) "\\\"" name "\\\""
#define MAPPED(id, name)                                                                           \
    "\\\"delta.columnMapping.id\\\":" #id ",\\\"delta.columnMapping.physicalName\\\":\\\"" name    \
    "\\\""
#define BY_NAME   "\"delta.columnMapping.mode\":\"name\""
#define ONE(type) FIELD("a", type, "true", "")

static const schema_rule schema_rules[] = {
    /* nested */
    {ONE(STRUCT(FIELD("x", LONG, "true", ""))),
     ONE(STRUCT(FIELD("x", LONG, "true", "") "," FIELD("y", LONG, "true", ""))), "", DW_OK, false,
     ""},
    {ONE(STRUCT(FIELD("x", LONG, "true", ""))),
     ONE(STRUCT(FIELD("x", LONG, "true", "") "," FIELD("y", LONG, "false", ""))), "", DW_E_CONFLICT,
     false, "added the NOT NULL column a.y"},
    {ONE(STRUCT(FIELD("x", LONG, "true", "") "," FIELD("y", LONG, "true", ""))),
     ONE(STRUCT(FIELD("x", LONG, "true", ""))), "", DW_E_CONFLICT, false, "dropped the column a.y"},
    {ONE(ARRAY(STRUCT(FIELD("x", LONG, "false", "")), "true")),
     ONE(ARRAY(STRUCT(FIELD("x", LONG, "true", "")), "true")), "", DW_OK, false, ""},
    {ONE(ARRAY(LONG, "true")), ONE(ARRAY(LONG, "false")), "", DW_E_CONFLICT, false,
     "set NOT NULL for column a.element"},
    {ONE(ARRAY(LONG, "true")), ONE(STRUCT(FIELD("x", LONG, "true", ""))), "", DW_E_CONFLICT, false,
     "type of column a"},
    /* column mapping */
    {ONE(LONG), FIELD("a", LONG, "true", MAPPED(1, "a")), BY_NAME, DW_OK, false, ""},
    {ONE(LONG), FIELD("a", LONG, "true", MAPPED(1, "col-1")), BY_NAME, DW_E_CONFLICT, false,
     "metadata of column a"},
    {ONE(LONG),
     FIELD("a", LONG, "true", MAPPED(1, "a")) "," FIELD("b", LONG, "true", MAPPED(2, "col-2")),
     BY_NAME, DW_OK, false, ""},
    {ONE(STRUCT(FIELD("x", LONG, "true", ""))),
     FIELD("a", STRUCT(FIELD("x", LONG, "true", MAPPED(2, "col-2"))), "true", MAPPED(1, "a")),
     BY_NAME, DW_E_CONFLICT, false, "metadata of column a.x"},
    {ONE(LONG), FIELD("a", LONG, "true", MAPPED(1, "a")), "", DW_E_CONFLICT, false,
     "metadata of column a"},
    /* defaults */
    {ONE(LONG), FIELD("a", LONG, "true", "\\\"CURRENT_DEFAULT\\\":\\\"1\\\""), "", DW_E_CONFLICT,
     false, "metadata of column a"},
    {ONE(LONG), ONE(LONG) "," FIELD("b", LONG, "true", "\\\"CURRENT_DEFAULT\\\":\\\"1\\\""), "",
     DW_E_CONFLICT, false, "the column b"},
    /* types that were widened, as PROTOCOL.md lists them, and such that were not */
    {ONE(TYPE("byte")), ONE(TYPE("short")), "", DW_E_CONFLICT, true, "type of column a"},
    {ONE(TYPE("short")), ONE(TYPE("integer")), "", DW_E_CONFLICT, true, "type of column a"},
    {ONE(TYPE("integer")), ONE(LONG), "", DW_E_CONFLICT, true, "type of column a"},
    {ONE(TYPE("integer")), ONE(TYPE("double")), "", DW_E_CONFLICT, true, "type of column a"},
    {ONE(TYPE("float")), ONE(TYPE("double")), "", DW_E_CONFLICT, true, "type of column a"},
    {ONE(TYPE("date")), ONE(TYPE("timestamp_ntz")), "", DW_E_CONFLICT, true, "type of column a"},
    {ONE(TYPE("integer")), ONE(TYPE("decimal(10,0)")), "", DW_E_CONFLICT, true, "column a"},
    {ONE(LONG), ONE(TYPE("decimal(22,2)")), "", DW_E_CONFLICT, true, "column a"},
    {ONE(TYPE("decimal(10,2)")), ONE(TYPE("decimal(12,4)")), "", DW_E_CONFLICT, true, "column a"},
    {ONE(TYPE("decimal(10,2)")), ONE(TYPE("decimal(10,4)")), "", DW_E_CONFLICT, false, "column a"},
    {ONE(LONG), ONE(TYPE("decimal(19,0)")), "", DW_E_CONFLICT, false, "column a"},
    {ONE(LONG), ONE(TYPE("double")), "", DW_E_CONFLICT, false, "column a"},
    {ONE(LONG), ONE(TYPE("integer")), "", DW_E_CONFLICT, false, "column a"},
    {ONE(TYPE("date")), ONE(TYPE("timestamp")), "", DW_E_CONFLICT, false, "column a"},
    {ONE(ARRAY(TYPE("integer"), "true")), ONE(ARRAY(LONG, "true")), "", DW_E_CONFLICT, true,
     "column a.element"},
    {ONE(TYPE("integer")) "," FIELD("b", LONG, "true", ""), ONE(LONG), "", DW_E_CONFLICT, false,
     "dropped the column b"},
};

static dwi_state *state_of(fixture *f, const char *fields, const char *configuration)
{
    char text[4000];

    (void)snprintf(
        text, sizeof(text),
        "%s{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
        "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[%s]}\","
        "\"partitionColumns\":[],\"configuration\":{%s}}}\n",
        PROTO(2, 5, ""), fields, configuration);
    put_commit_text(f, 0, text);
    return load(f, 0);
}

static void each_change_of_a_schema_is_borne_mended_by_writing_anew_or_named(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(schema_rules) / sizeof(schema_rules[0]); i++) {
        const schema_rule *r = &schema_rules[i];
        dwi_state *base = state_of(f, r->was, "");
        dwi_state *latest = state_of(f, r->is, r->configuration);
        bool restage = !r->restage;
        dw_status status;
        f->err = (dw_error)DW_ERROR_INIT;
        status = dwi_conflict_check_schema(base, latest, &restage, &f->err);
        if (status != r->status || restage != r->restage || strstr(f->err.message, r->text) == NULL)
            fail_msg("schema rule %zu: %s %s, restage %d", i, dw_status_name(status),
                     f->err.message, restage);
        dwi_state_unref(base);
        dwi_state_unref(latest);
    }
}

static void columns_that_the_table_lacks_are_told_apart_from_clashing_ones(void **state)
{
    fixture *f = *state;
    dwi_type types[] = {{.kind = DWI_LONG}, {.kind = DWI_STRING}};
    dwi_field want[] = {{DWI_SV("a"), &types[0], true, -1, DWI_SV("{}")},
                        {DWI_SV("c"), &types[1], true, -1, DWI_SV("{}")}};
    dwi_field missing[2];
    dwi_state *s;
    size_t n = 9;

    put_commit_text(f, 0, V2 BASE);
    s = load(f, 0);
    DWT_OK(dwi_conflict_missing_columns(s, want, 2, missing, &n, &f->err), &f->err);
    DWT_EQ(n, 1);
    DWT_STR(missing[0].name.ptr, "c");
    want[0].type = &types[1];
    DWT_ERR(dwi_conflict_missing_columns(s, want, 2, missing, &n, &f->err), &f->err, DW_E_CONFLICT,
            "the column a with another type");
    want[0] = (dwi_field){DWI_SV("A"), &types[0], true, -1, DWI_SV("{}")};
    DWT_ERR(dwi_conflict_missing_columns(s, want, 2, missing, &n, &f->err), &f->err, DW_E_CONFLICT,
            "the column A");
    dwi_state_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(each_change_between_is_rebased_over_or_named),
        FIXTURE_TEST(each_change_of_a_schema_is_borne_mended_by_writing_anew_or_named),
        FIXTURE_TEST(columns_that_the_table_lacks_are_told_apart_from_clashing_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
