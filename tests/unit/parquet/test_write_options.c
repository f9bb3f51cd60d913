/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/write_options.h"

#include "base/alloc.h"
#include "codec/codec.h"
#include "harness.h"

#define FIELD(text, of)                                                                            \
    {                                                                                              \
        {(text), sizeof(text) - 1}, (of), true, -1,                                                \
        {                                                                                          \
            "{}", 2                                                                                \
        }                                                                                          \
    }

static const dwi_type long_type = {.kind = DWI_LONG};
static const dwi_type double_type = {.kind = DWI_DOUBLE};
static const dwi_type flag_type = {.kind = DWI_BOOLEAN};
static const dwi_type text_type = {.kind = DWI_STRING};
static const dwi_type decimal_type = {.kind = DWI_DECIMAL, .precision = 30};
static const dwi_field point_fields[] = {FIELD("x", &double_type), FIELD("x.y", &text_type)};
static const dwi_type point_type = {.kind = DWI_STRUCT, .n_fields = 2, .fields = point_fields};
static const dwi_field tags_field[] = {FIELD("element", &text_type)};
static const dwi_type tags_type = {.kind = DWI_ARRAY, .n_fields = 1, .fields = tags_field};
static const dwi_field fields[] = {FIELD("id", &long_type),        FIELD("flag", &flag_type),
                                   FIELD("text", &text_type),      FIELD("point", &point_type),
                                   FIELD("tags", &tags_type),      FIELD("amount", &decimal_type),
                                   FIELD("point.x", &double_type), FIELD("idle", &long_type)};
static const dwi_type row_type = {.kind = DWI_STRUCT, .n_fields = 8, .fields = fields};
enum { ID, FLAG, TEXT, POINT_X, POINT_XY, TAGS, AMOUNT, DOTTED, IDLE, LEAVES };

typedef struct fixture {
    dwi_arena arena;
    dwi_pqw_schema schema;
    dwi_pqw_leaf_options *leaves;
    dwi_pqw_sorting *sorting;
    dw_error err;
} fixture;

static void start(fixture *f)
{
    memset(f, 0, sizeof(*f));
    dwi_arena_init(&f->arena, dwi_alloc_default());
    DWT_OK(dwi_pqw_schema_build(&f->arena, &row_type, false, &f->schema, &f->err), &f->err);
    DWT_EQ(f->schema.n_leaves, LEAVES);
}

static void resolve(fixture *f, const dwi_parquet_write_options *opts)
{
    DWT_OK(dwi_pqw_options_resolve(&f->arena, opts, &f->schema, &f->leaves, &f->err), &f->err);
}

static void zeros_mean_plain_and_a_dictionary(void **state)
{
    const dwi_parquet_write_options opts = {0};
    fixture f;

    (void)state;
    start(&f);
    resolve(&f, &opts);
    for (size_t i = 0; i < LEAVES; i++) {
        DWT_EQ(f.leaves[i].encoding, DWI_PARQUET_PLAIN);
        DWT_EQ(f.leaves[i].dictionary, i != FLAG);
        DWT_EQ(f.leaves[i].codec, DWI_CODEC_UNCOMPRESSED);
        DWT_EQ(f.leaves[i].dictionary_bytes, 1 << 20);
        assert_true(f.leaves[i].statistics && !f.leaves[i].bloom_filter);
    }
    dwi_arena_done(&f.arena);
}

static void newer_encodings_follow_the_type(void **state)
{
    const dwi_parquet_write_options opts = {.newer_encodings = true};
    fixture f;

    (void)state;
    start(&f);
    resolve(&f, &opts);
    DWT_EQ(f.leaves[ID].encoding, DWI_PARQUET_DELTA_BINARY_PACKED);
    DWT_EQ(f.leaves[FLAG].encoding, DWI_PARQUET_RLE);
    DWT_EQ(f.leaves[TEXT].encoding, DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY);
    DWT_EQ(f.leaves[POINT_X].encoding, DWI_PARQUET_PLAIN);
    DWT_EQ(f.leaves[AMOUNT].encoding, DWI_PARQUET_PLAIN);
    assert_true(f.leaves[ID].dictionary);
    dwi_arena_done(&f.arena);
}

static void a_path_means_its_leaf_or_all_below_it(void **state)
{
    const dwi_parquet_column_options columns[] = {
        {.path = "point", .dictionary = DWI_PARQUET_OFF},
        {.path = "tags", .encoding = DWI_PARQUET_CHOOSE_DELTA_BYTE_ARRAY},
        {.path = "id", .has_codec = true, .codec = DWI_CODEC_ZSTD, .level = 7},
        {.path = "point.x.y", .bloom_filter = DWI_PARQUET_ON, .bloom_ndv = 9, .bloom_fpp = 0.5},
        {.path = "text",
         .encoding = DWI_PARQUET_CHOOSE_PLAIN,
         .dictionary = DWI_PARQUET_ON,
         .statistics = DWI_PARQUET_OFF,
         .dictionary_bytes = 77}};
    const dwi_parquet_write_options opts = {.columns = columns, .n_columns = 5};
    fixture f;

    (void)state;
    start(&f);
    resolve(&f, &opts);
    assert_true(!f.leaves[POINT_X].dictionary && !f.leaves[POINT_XY].dictionary);
    assert_true(f.leaves[IDLE].dictionary); /* "id" is no prefix of it by parts */
    DWT_EQ(f.leaves[TAGS].encoding, DWI_PARQUET_DELTA_BYTE_ARRAY);
    assert_false(f.leaves[TAGS].dictionary); /* a choice of encoding */
    DWT_EQ(f.leaves[ID].codec, DWI_CODEC_ZSTD);
    DWT_EQ(f.leaves[ID].level, 7);
    assert_true(f.leaves[POINT_XY].bloom_filter && !f.leaves[POINT_X].bloom_filter);
    DWT_EQ(f.leaves[POINT_XY].bloom_ndv, 9);
    assert_true(f.leaves[TEXT].dictionary && !f.leaves[TEXT].statistics);
    DWT_EQ(f.leaves[TEXT].dictionary_bytes, 77);
    dwi_arena_done(&f.arena);
}

static void what_does_not_fit_names_column_and_encoding(void **state)
{
    static const struct {
        dwi_parquet_column_options column;
        dw_status code;
        const char *text;
    } cases[] = {
        {{.path = "text", .encoding = DWI_PARQUET_CHOOSE_DELTA_BINARY_PACKED},
         DW_E_ARG,
         "column text: encoding DELTA_BINARY_PACKED does not fit string (BYTE_ARRAY)"},
        {{.path = "flag", .encoding = DWI_PARQUET_CHOOSE_BYTE_STREAM_SPLIT},
         DW_E_ARG,
         "column flag: encoding BYTE_STREAM_SPLIT does not fit boolean (BOOLEAN)"},
        {{.path = "amount", .encoding = DWI_PARQUET_CHOOSE_DELTA_LENGTH_BYTE_ARRAY},
         DW_E_ARG,
         "column amount: encoding DELTA_LENGTH_BYTE_ARRAY does not fit decimal "
         "(FIXED_LEN_BYTE_ARRAY)"},
        {{.path = "point", .encoding = DWI_PARQUET_CHOOSE_BYTE_STREAM_SPLIT},
         DW_E_ARG,
         "column point: encoding BYTE_STREAM_SPLIT does not fit string (BYTE_ARRAY)"},
        {{.path = "id", .encoding = DWI_PARQUET_RLE_DICTIONARY}, DW_E_ARG, "RLE_DICTIONARY"},
        {{.path = "id", .encoding = 4711}, DW_E_ARG, "column id: encoding ? does not fit"},
        {{.path = "poin"}, DW_E_ARG, "column poin: no such column"},
        {{.path = "tags.element"}, DW_E_ARG, "column tags.element: no such column"},
        {{.path = NULL}, DW_E_ARG, "no such column"},
        {{.path = "flag", .dictionary = DWI_PARQUET_ON}, DW_E_ARG, "column flag: a dictionary"},
        {{.path = "flag", .bloom_filter = DWI_PARQUET_ON}, DW_E_ARG, "column flag: a Bloom filter"},
        {{.path = "id", .bloom_fpp = 1.0}, DW_E_ARG, "column id: false-positive rate"},
        {{.path = "id", .bloom_ndv = -1}, DW_E_ARG, "column id: distinct values"},
        {{.path = "id", .has_codec = true, .codec = DWI_CODEC_LZO},
         DW_E_UNSUPPORTED,
         "column id: codec LZO (3): not built in for writing"},
        {{.path = "id", .has_codec = true, .codec = DWI_CODEC_ZSTD, .level = 23},
         DW_E_ARG,
         "column id: codec ZSTD: there is no level 23"},
    };
    fixture f;

    (void)state;
    start(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_parquet_write_options opts = {.columns = &cases[i].column, .n_columns = 1};
        DWT_ERR(dwi_pqw_options_resolve(&f.arena, &opts, &f.schema, &f.leaves, &f.err), &f.err,
                cases[i].code, cases[i].text);
    }
    dwi_arena_done(&f.arena);
}

static void sorting_columns_are_leaves(void **state)
{
    const dwi_parquet_sorting_column sorting[] = {{"point.x.y", true, false}, {"id", false, true}};
    const dwi_parquet_sorting_column group = {"point", false, false};
    dwi_parquet_write_options opts = {.sorting = sorting, .n_sorting = 2};
    fixture f;

    (void)state;
    start(&f);
    DWT_OK(dwi_pqw_sorting_resolve(&f.arena, &opts, &f.schema, &f.sorting, &f.err), &f.err);
    DWT_EQ(f.sorting[0].leaf, POINT_XY);
    assert_true(f.sorting[0].descending && !f.sorting[0].nulls_first);
    DWT_EQ(f.sorting[1].leaf, ID);
    assert_true(!f.sorting[1].descending && f.sorting[1].nulls_first);
    opts = (dwi_parquet_write_options){.sorting = &group, .n_sorting = 1};
    DWT_ERR(dwi_pqw_sorting_resolve(&f.arena, &opts, &f.schema, &f.sorting, &f.err), &f.err,
            DW_E_ARG, "sorting column point: no such leaf");
    dwi_arena_done(&f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_mean_plain_and_a_dictionary),
        cmocka_unit_test(newer_encodings_follow_the_type),
        cmocka_unit_test(a_path_means_its_leaf_or_all_below_it),
        cmocka_unit_test(what_does_not_fit_names_column_and_encoding),
        cmocka_unit_test(sorting_columns_are_leaves),
    };

    return cmocka_run_group_tests_name("write_options", tests, NULL, NULL);
}
