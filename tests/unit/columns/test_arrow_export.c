/* SPDX-License-Identifier: Apache-2.0 */
/* What the library exports as Arrow, seen through its own import. */
#include "columns/arrow_import.h"

#include <string.h>

#include "base/alloc.h"
#include "columns/json_decode.h"
#include "harness.h"
#include "show.h"

static const char all_json[] =
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"i8\","
    "\"type\":\"byte\"},{\"name\":\"i16\",\"type\":\"short\"},{\"name\":\"i32\",\"type\":"
    "\"integer\"},{\"name\":\"i64\",\"type\":\"long\"},{\"name\":\"f\",\"type\":\"float\"},{"
    "\"name\":\"d\",\"type\":\"double\"},{\"name\":\"dec\",\"type\":\"decimal(10,2)\"},{\"name\":"
    "\"s\",\"type\":\"string\"},{\"name\":\"bin\",\"type\":\"binary\"},{\"name\":\"day\",\"type\":"
    "\"date\"},{\"name\":\"at\",\"type\":\"timestamp\"},{\"name\":\"local\",\"type\":"
    "\"timestamp_ntz\"},{\"name\":\"v\",\"type\":\"void\"},{\"name\":\"list\",\"type\":{\"type\":"
    "\"array\",\"elementType\":{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"}"
    "]},\"containsNull\":true}},{\"name\":\"map\",\"type\":{\"type\":\"map\",\"keyType\":"
    "\"string\",\"valueType\":\"long\",\"valueContainsNull\":true}}]}";

static const char *const all_records[] = {
    "{\"b\":true,\"i8\":-8,\"i16\":-16,\"i32\":-32,\"i64\":-64,\"f\":1.5,\"d\":2.5,\"dec\":-3.25,"
    "\"s\":\"\xE6\x9D\xB1\",\"bin\":\"AAE=\",\"day\":\"2026-01-01\",\"at\":\"2026-01-01T00:00:"
    "00Z\","
    "\"local\":\"2026-01-01T00:00:00\",\"list\":[{\"x\":1},null,{}],\"map\":{\"k\":1,\"l\":null}}",
    "{}",
    "{\"s\":\"\",\"list\":[],\"map\":{}}",
};

static dw_status export_and_import(const dw_allocator *alloc, void *ctx)
{
    dwi_schema *schema = NULL;
    dwi_json_decoder *decoder = NULL;
    struct ArrowSchema out_schema = {0};
    struct ArrowArray out_array = {0};
    const dwi_type *type = NULL;
    const dwi_vec *rows = NULL;
    dwi_arena arena;
    dwi_buf before;
    dwi_buf after;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    (void)ctx;
    dwi_arena_init(&arena, alloc);
    dwi_buf_init(&before, dwi_alloc_default());
    dwi_buf_init(&after, dwi_alloc_default());
    DWI_TRY(dwi_schema_parse(alloc, DWI_SV(all_json), &schema, &err));
    DWI_TRY(dwi_json_decoder_new(alloc, schema->root, (dwi_new_field){0}, &decoder, &err));
    for (size_t i = 0; i < 3; i++) {
        DWI_TRY(dwi_json_decode(decoder, (dw_bytes){all_records[i], strlen(all_records[i])}, &err));
        dwt_show_last(&before, dwi_json_decoder_rows(decoder));
    }
    DWI_TRY(dwi_arrow_export_schema(alloc, schema->root, &out_schema, &err));
    status = dwi_arrow_export_column(dwi_json_decoder_rows(decoder), &out_array, &err);
    DWT_EQ(dwi_json_decoder_rows(decoder)->length, status == DW_OK ? 0 : 3);
    DWI_TRY(status);
    DWT_EQ(out_array.length, 3);
    DWI_TRY(dwi_arrow_type(&arena, &out_schema, &type, &err));
    assert_true(dwi_type_equal(type, schema->root));
    DWI_TRY(dwi_arrow_view(&arena, &out_schema, &out_array, schema->root, &rows, &err));
    for (int64_t i = 0; i < 3; i++)
        dwt_show(&after, rows, i);
    DWT_STR(dwi_buf_cstr(&after), dwi_buf_cstr(&before));
done:
    if (out_schema.release != NULL)
        out_schema.release(&out_schema);
    if (out_array.release != NULL)
        out_array.release(&out_array);
    dwi_buf_done(&before);
    dwi_buf_done(&after);
    dwi_arena_done(&arena);
    dwi_json_decoder_free(decoder);
    dwi_schema_unref(schema);
    return status;
}

static void what_is_exported_comes_back_the_same(void **state)
{
    (void)state;
    DWT_EQ(export_and_import(dwi_alloc_default(), NULL), DW_OK);
}

static void every_failed_allocation_is_out_of_memory_and_leaks_nothing(void **state)
{
    (void)state;
    dwt_alloc_sweep(export_and_import, NULL);
}

static void exported_children_outlive_their_parent_when_moved(void **state)
{
    static const char one_json[] = "{\"type\":\"struct\",\"fields\":[{\"name\":\"C\",\"type\":"
                                   "\"string\",\"nullable\":true,\"metadata\":{}}]}";
    dwi_schema *schema = NULL;
    dwi_json_decoder *decoder = NULL;
    struct ArrowSchema out_schema;
    struct ArrowSchema child_schema;
    struct ArrowArray out_array;
    struct ArrowArray child;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_schema_parse(dwi_alloc_default(), DWI_SV(one_json), &schema, &err), &err);
    DWT_OK(
        dwi_json_decoder_new(dwi_alloc_default(), schema->root, (dwi_new_field){0}, &decoder, &err),
        &err);
    DWT_OK(dwi_json_decode(decoder, (dw_bytes){"{\"c\":\"text\"}", 12}, &err), &err);
    DWT_OK(dwi_arrow_export_schema(dwi_alloc_default(), schema->root, &out_schema, &err), &err);
    DWT_OK(dwi_arrow_export_column(dwi_json_decoder_rows(decoder), &out_array, &err), &err);
    child = *out_array.children[0];
    out_array.children[0]->release = NULL;
    child_schema = *out_schema.children[0];
    out_schema.children[0]->release = NULL;
    out_array.release(&out_array);
    out_schema.release(&out_schema);
    assert_null(out_array.release);
    assert_null(out_schema.release);
    DWT_STR(child_schema.format, "u");
    DWT_STR(child_schema.name, "C");
    DWT_EQ(child.n_buffers, 3);
    DWT_EQ(child.null_count, 0);
    assert_null(child.buffers[0]);
    DWT_BYTES(child.buffers[1], 8, 0, 0, 0, 0, 4, 0, 0, 0);
    DWT_BYTES(child.buffers[2], 4, 't', 'e', 'x', 't');
    child.release(&child);
    child_schema.release(&child_schema);
    DWT_OK(dwi_json_decode(decoder, (dw_bytes){"{\"c\":\"more\"}", 12}, &err), &err);
    DWT_EQ(dwi_json_decoder_rows(decoder)->length, 1);
    dwi_json_decoder_free(decoder);
    dwi_schema_unref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_exported_comes_back_the_same),
        cmocka_unit_test(every_failed_allocation_is_out_of_memory_and_leaks_nothing),
        cmocka_unit_test(exported_children_outlive_their_parent_when_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
