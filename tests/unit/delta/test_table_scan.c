/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include "base/alloc.h"
#include "delta/deletion_vector.h"
#include "delta/mapping.h"
#include "delta/partition_value.h"
#include "delta/table_scan.h"
#include "parquet/parquet_writer.h"

static const dwi_type type_long = {.kind = DWI_LONG};

/* The vectors below are what the specification's layout gives by hand: magic, number of bitmaps,
 * and for each its high word and a 32-bit roaring bitmap. */
#define MAGIC 0xD1, 0xD3, 0x39, 0x64

static void rows_of_all_container_kinds_are_decoded(void **state)
{
    static const uint8_t array[] = {MAGIC, 1,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* high word */
                                    0x3A,  0x30, 0, 0, 1, 0, 0, 0,                /* no runs */
                                    0,     0,    1, 0, /* key, count - 1 */
                                    16,    0,    0, 0, /* offset */
                                    3,     0,    7, 0};
    static const uint8_t runs[] = {MAGIC, 1, 0, 0,    0,    0, 0, 0, 0, 0,
                                   0,     0, 0, 0x3B, 0x30, 0, 0, 1, /* one container, a run one */
                                   0,     0, 4, 0,                   /* key, count - 1 */
                                   2,     0,                         /* runs */
                                   1,     0, 1, 0,                   /* 1, 2 */
                                   9,     0, 2, 0};                  /* 9, 10, 11 */
    uint8_t bitmap[2] = {0, 0};
    int64_t cardinality = 0;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_deletion_vector_decode((dw_bytes){array, sizeof(array)}, 12, bitmap, &cardinality,
                                      &err),
           &err);
    DWT_EQ(cardinality, 2);
    DWT_BYTES(bitmap, 2, 0x88, 0);
    memset(bitmap, 0, sizeof(bitmap));
    DWT_OK(
        dwi_deletion_vector_decode((dw_bytes){runs, sizeof(runs)}, 12, bitmap, &cardinality, &err),
        &err);
    DWT_EQ(cardinality, 5);
    DWT_BYTES(bitmap, 2, 0x06, 0x0E);
    DWT_ERR(
        dwi_deletion_vector_decode((dw_bytes){runs, sizeof(runs)}, 11, bitmap, &cardinality, &err),
        &err, DW_E_CORRUPT, "a row that the file does not have");
    for (size_t cut = 0; cut < sizeof(runs); cut++)
        DWT_EQ(dwi_deletion_vector_decode((dw_bytes){runs, cut}, 12, bitmap, &cardinality, &err),
               DW_E_CORRUPT);
}

static void a_bitmap_container_is_decoded(void **state)
{
    enum { HEAD = 28, BYTES = 8192, ROWS = 65536 };
    static const uint8_t head[HEAD] = {MAGIC, 1,    0, 0, 0, 0, 0, 0, 0, 0, 0,    0,   0,
                                       0x3A,  0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    const dw_allocator *alloc = dwi_alloc_default();
    uint8_t *data = dwi_alloc_zero(alloc, HEAD + 4 + BYTES);
    uint8_t *bitmap = dwi_alloc_zero(alloc, ROWS / 8);
    dw_error err = DW_ERROR_INIT;
    int64_t cardinality = 0;

    (void)state;
    memcpy(data, head, HEAD);
    memset(data + HEAD + 4, 0xA5, BYTES);
    DWT_OK(dwi_deletion_vector_decode((dw_bytes){data, HEAD + 4 + BYTES}, ROWS, bitmap,
                                      &cardinality, &err),
           &err);
    DWT_EQ(cardinality, ROWS / 2);
    DWT_EQ(bitmap[8191], 0xA5);
    dwi_free(alloc, data, HEAD + 4 + BYTES);
    dwi_free(alloc, bitmap, ROWS / 8);
}

static void an_inline_vector_may_be_padded(void **state)
{
    const dwi_dv padded = {DWI_SV("i"), DWI_SV("^Bg9^0rr910000000000iXQKl0rr91000005c8Xg##093"), -1,
                           34, 1};
    const dwi_dv plain = {DWI_SV("i"), DWI_SV("^Bg9^0rr910000000000iXQKl0rr91000315c8Xg000f5"), -1,
                          36, 2};
    dwi_dv wrong = plain;
    fixture *f = *state;
    uint8_t bitmap = 0;

    DWT_OK(dwi_deletion_vector_read(&f->log, &padded, 8, &bitmap, &f->err), &f->err);
    DWT_EQ(bitmap, 0x08);
    bitmap = 0;
    DWT_OK(dwi_deletion_vector_read(&f->log, &plain, 8, &bitmap, &f->err), &f->err);
    DWT_EQ(bitmap, 0x21);
    bitmap = 0;
    wrong.cardinality = 3;
    DWT_ERR(dwi_deletion_vector_read(&f->log, &wrong, 8, &bitmap, &f->err), &f->err, DW_E_CORRUPT,
            "2 rows, its cardinality says 3");
    wrong.path_or_inline = DWI_SV("^Bg9");
    DWT_ERR(dwi_deletion_vector_read(&f->log, &wrong, 8, &bitmap, &f->err), &f->err, DW_E_CORRUPT,
            "not Z85");
    wrong.storage_type = DWI_SV("x");
    DWT_ERR(dwi_deletion_vector_read(&f->log, &wrong, 8, &bitmap, &f->err), &f->err,
            DW_E_UNSUPPORTED, "storage type x");
}

static void partition_values_have_the_column_s_type(void **state)
{
    static const struct {
        dwi_type type;
        const char *text;
        uint64_t want[2]; /* first `width` bytes count */
    } cases[] = {
        {{.kind = DWI_LONG}, "-5", {(uint64_t)-5, 0}},
        {{.kind = DWI_INTEGER}, "2147483647", {2147483647, 0}},
        {{.kind = DWI_SHORT}, "-1", {0xFFFF, 0}},
        {{.kind = DWI_BYTE}, "127", {127, 0}},
        {{.kind = DWI_DOUBLE}, "1.0E10", {0x4202A05F20000000, 0}},
        {{.kind = DWI_FLOAT}, "-Infinity", {0xFF800000, 0}},
        {{.kind = DWI_DATE}, "1970-01-03", {2, 0}},
        {{.kind = DWI_TIMESTAMP}, "1970-01-01T00:00:01.000002Z", {1000002, 0}},
        {{.kind = DWI_TIMESTAMP}, "1970-01-01 00:00:01", {1000000, 0}},
        {{.kind = DWI_TIMESTAMP_NTZ}, "1970-01-01 00:00:00.5", {500000, 0}},
        {{.kind = DWI_DECIMAL, .precision = 5, .scale = 2}, "-1.50", {(uint64_t)-150, UINT64_MAX}},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t width = dwi_type_width(&cases[i].type);
        dwi_column column;
        DWT_OK(dwi_column_init(&column, &cases[i].type, &f->alloc.base, &f->err), &f->err);
        DWT_OK(dwi_partition_value_append(&column, dwi_sv_cstr(cases[i].text), 2, &f->err),
               &f->err);
        DWT_OK(dwi_partition_value_append(&column, DWI_SV(""), 1, &f->err), &f->err);
        DWT_EQ(column.length, 3);
        DWT_EQ(column.null_count, 1);
        assert_memory_equal(column.values.data + width, cases[i].want, width);
        if (cases[i].type.kind != DWI_DECIMAL)
            DWT_ERR(dwi_partition_value_append(&column, DWI_SV("x"), 1, &f->err), &f->err,
                    DW_E_CORRUPT, "partition value \"x\" is no ");
        dwi_column_done(&column);
    }
}

#define MAPPED(id, name)                                                                           \
    "{\"delta.columnMapping.id\":" #id ",\"delta.columnMapping.physicalName\":\"" name "\"}"

static void mapped_columns_are_looked_for_by_physical_name_or_id(void **state)
{
    const dwi_field inner[] = {{DWI_SV("y"), &type_long, true, -1, DWI_SV(MAPPED(2, "col-y"))}};
    const dwi_type structure = {.kind = DWI_STRUCT, .n_fields = 1, .fields = inner};
    const dwi_field element[] = {{DWI_SV("element"), &structure, true, -1, DWI_SV("{}")}};
    const dwi_type list = {.kind = DWI_ARRAY, .n_fields = 1, .fields = element};
    const dwi_field outer[] = {{DWI_SV("x"), &list, true, -1, DWI_SV(MAPPED(1, "col-x"))},
                               {DWI_SV("z"), &type_long, true, -1, DWI_SV(MAPPED(3, "col-z"))}};
    const dwi_type root = {.kind = DWI_STRUCT, .n_fields = 2, .fields = outer};
    const dwi_field file_inner[] = {{DWI_SV("why"), &type_long, true, 2, DWI_SV("{}")}};
    const dwi_type file_structure = {.kind = DWI_STRUCT, .n_fields = 1, .fields = file_inner};
    const dwi_field file_element[] = {{DWI_SV("element"), &file_structure, true, -1, DWI_SV("{}")}};
    const dwi_type file_list = {.kind = DWI_ARRAY, .n_fields = 1, .fields = file_element};
    const dwi_field file_outer[] = {{DWI_SV("ex"), &file_list, true, 1, DWI_SV("{}")}};
    const dwi_type file = {.kind = DWI_STRUCT, .n_fields = 1, .fields = file_outer};
    fixture *f = *state;
    const dwi_type *mapped = NULL;

    DWT_OK(dwi_mapping_physical(&f->arena, &root, DWI_MAPPING_NAME, &mapped, &f->err), &f->err);
    DWT_STR(mapped->fields[0].name.ptr, "col-x");
    DWT_STR(mapped->fields[0].type->fields[0].name.ptr, "element");
    DWT_STR(mapped->fields[0].type->fields[0].type->fields[0].name.ptr, "col-y");
    DWT_EQ(mapped->fields[1].field_id, 3);
    mapped = dwi_mapping_in_file(&f->arena, mapped, &file);
    DWT_STR(mapped->fields[0].name.ptr, "ex");
    DWT_STR(mapped->fields[0].type->fields[0].type->fields[0].name.ptr, "why");
    DWT_STR(mapped->fields[1].name.ptr, "\x01missing");
    DWT_ERR(dwi_mapping_physical(&f->arena, &file, DWI_MAPPING_ID, &mapped, &f->err), &f->err,
            DW_E_CORRUPT, "column ex: no physical name or id");
}

static dw_status to_buf(void *ctx, const void *data, size_t len, dw_error *err)
{
    dwi_buf_append(ctx, data, len);
    return dwi_buf_status(ctx, err);
}

/* A data file with a column "a" of 0, 1, 2... */
static void put_data_file(fixture *f, const char *key, int64_t rows)
{
    const dwi_field fields[] = {{DWI_SV("a"), &type_long, true, -1, DWI_SV("{}")}};
    const dwi_type root = {.kind = DWI_STRUCT, .n_fields = 1, .fields = fields};
    const dwi_parquet_write_options options = {.codec = DWI_CODEC_ZSTD};
    dwi_parquet_writer *writer = NULL;
    dwi_column column;
    dwi_buf bytes;

    dwi_buf_init(&bytes, &f->alloc.base);
    DWT_OK(dwi_column_init(&column, &root, &f->alloc.base, &f->err), &f->err);
    for (int64_t i = 0; i < rows; i++) {
        DWT_OK(dwi_column_append_fixed(&column.children[0], &i, &f->err), &f->err);
        DWT_OK(dwi_column_end_row(&column, &f->err), &f->err);
    }
    DWT_OK(dwi_parquet_writer_new(&f->alloc.base, &root, &options,
                                  (dwi_parquet_sink){&bytes, to_buf}, &writer, &f->err),
           &f->err);
    DWT_OK(dwi_parquet_writer_append(writer, dwi_column_view(&column, &f->arena), &f->err),
           &f->err);
    DWT_OK(dwi_parquet_writer_finish(writer, &f->err), &f->err);
    DWT_OK(
        dwi_store_put(f->store, key, (dw_bytes){bytes.data, bytes.len}, DW_PUT_OVERWRITE, &f->err),
        &f->err);
    dwi_parquet_writer_free(writer);
    dwi_column_done(&column);
    dwi_buf_done(&bytes);
}

#define FIELD_JSON(name, type)                                                                     \
    "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":\\\"" type                                        \
    "\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}"
#define PARTITIONED                                                                                \
    "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"            \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" FIELD_JSON(                 \
        "P",                                                                                       \
        "integer") "," FIELD_JSON("a",                                                             \
                                  "long") "," FIELD_JSON("b",                                      \
                                                         "string") "]}\","                         \
                                                                   "\"partitionColumns\":[\"P\"]," \
                                                                   "\"configuration\":{}}}\n"

static void put_partitioned_table(fixture *f)
{
    put_commit_text(f, 0,
                    PROTOCOL_LINE PARTITIONED
                    "{\"add\":{\"path\":\"p%25=1/x%20y\",\"partitionValues\":{\"P\":\"1\"},"
                    "\"size\":0,\"modificationTime\":1,\"dataChange\":true,\"deletionVector\":{"
                    "\"storageType\":\"i\",\"pathOrInlineDv\":"
                    "\"^Bg9^0rr910000000000iXQKl0rr91000315c8Xg000f5\",\"sizeInBytes\":36,"
                    "\"cardinality\":2}}}\n");
    put_data_file(f, "t/p%=1/x y", 7);
}

static dw_status scan_with(const dw_allocator *alloc, void *ctx)
{
    const dwi_logger silent = {NULL, NULL};
    fixture *f = ctx;
    dwi_table_scan *scan = NULL;
    dwi_column batch = {0};
    dwi_state *state = NULL;
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, silent, &f->err));
    DWI_TRY(dwi_state_load(&log, -1, &state, &f->err));
    DWI_TRY(dwi_table_scan_open(&log, state, &(dwi_scan_options){0}, &scan, &f->err));
    DWI_TRY(dwi_column_init(&batch, dwi_table_scan_type(scan), alloc, &f->err));
    DWI_TRY(dwi_table_scan_next(scan, &batch, &f->err));
    DWT_EQ(batch.length, 5); /* rows 0 and 5 of 7 are deleted */
    for (int64_t row = 0; row < 5; row++) {
        static const int64_t left[] = {1, 2, 3, 4, 6};
        DWT_EQ(((const int32_t *)(const void *)batch.children[0].values.data)[row], 1);
        DWT_EQ(((const int64_t *)(const void *)batch.children[1].values.data)[row], left[row]);
    }
    DWT_EQ(batch.children[2].null_count, 5);
    DWI_TRY(dwi_table_scan_next(scan, &batch, &f->err));
    DWT_EQ(batch.length, 0);
done:
    dwi_column_done(&batch);
    dwi_table_scan_close(scan);
    dwi_state_unref(state);
    dwi_log_done(&log);
    return status;
}

static void a_scan_joins_data_partition_values_and_deleted_rows(void **state)
{
    fixture *f = *state;

    put_partitioned_table(f);
    DWT_OK(scan_with(&f->alloc.base, f), &f->err);
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    fixture *f = *state;

    put_partitioned_table(f);
    dwt_alloc_sweep(scan_with, f);
}

static void paths_out_of_the_store_are_refused(void **state)
{
    fixture *f = *state;
    char *key = NULL;

    DWT_OK(dwi_log_data_key(&f->log, DWI_SV("a%20b/c"), &key, &f->err), &f->err);
    DWT_STR(key, "t/a b/c");
    dwi_cstr_free(&f->alloc.base, key);
    DWT_ERR(dwi_log_data_key(&f->log, DWI_SV("s3://other/x"), &key, &f->err), &f->err,
            DW_E_UNSUPPORTED, "s3://other/x: absolute paths");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_all_container_kinds_are_decoded),
        cmocka_unit_test(a_bitmap_container_is_decoded),
        FIXTURE_TEST(an_inline_vector_may_be_padded),
        FIXTURE_TEST(partition_values_have_the_column_s_type),
        FIXTURE_TEST(mapped_columns_are_looked_for_by_physical_name_or_id),
        FIXTURE_TEST(a_scan_joins_data_partition_values_and_deleted_rows),
        FIXTURE_TEST(paths_out_of_the_store_are_refused),
        FIXTURE_TEST(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
