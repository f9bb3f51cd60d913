/* SPDX-License-Identifier: Apache-2.0 */
/* Whole records: syntax, names, duplicates, new fields, and that a bad record leaves no trace. */
#include "columns/json_decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "harness.h"
#include "show.h"

static const dwi_type string_type = {.kind = DWI_STRING};
static const dwi_type long_type = {.kind = DWI_LONG};
static const dwi_type double_type = {.kind = DWI_DOUBLE};
static const dwi_type bool_type = {.kind = DWI_BOOLEAN};
static const dwi_field fields[] = {
    {{"name", 4}, &string_type, true, -1, {NULL, 0}},
    {{"n", 1}, &long_type, true, -1, {NULL, 0}},
    {{"Grüße \"q\"", 11}, &string_type, true, -1, {NULL, 0}},
};
static const dwi_type row_type = {.kind = DWI_STRUCT, .n_fields = 3, .fields = fields};

typedef struct fixture {
    dwi_json_decoder *decoder;
    dwi_column *rows;
    dw_error err;
    dwi_buf shown;
    int asked;             /* times that decide was called */
    const dwi_type *force; /* type it answers with, NULL: by first sight */
    bool ignore;
    dw_status refuse;
} fixture;

static dw_status decide(void *ctx, dwi_sv name, dwi_type_kind seen, dwi_field *out, dw_error *err)
{
    fixture *f = ctx;

    f->asked++;
    if (f->refuse != DW_OK)
        return dwi_err(err, f->refuse, "column %.*s: refused", DWI_SV_ARG(name));
    *out = (dwi_field){.name = name, .nullable = true, .field_id = -1};
    if (f->ignore)
        out->type = NULL;
    else if (f->force != NULL)
        out->type = f->force;
    else
        out->type = seen == DWI_STRING   ? &string_type
                    : seen == DWI_LONG   ? &long_type
                    : seen == DWI_DOUBLE ? &double_type
                                         : &bool_type;
    return DW_OK;
}

static void begin(fixture *f, const dwi_type *type, bool add)
{
    dwi_new_field new_field = {f, add ? decide : NULL, false};

    memset(f, 0, sizeof(*f));
    dwi_buf_init(&f->shown, dwi_alloc_default());
    DWT_OK(dwi_json_decoder_new(dwi_alloc_default(), type, new_field, &f->decoder, &f->err),
           &f->err);
    f->rows = dwi_json_decoder_rows(f->decoder);
}

static void end(fixture *f)
{
    dwi_json_decoder_free(f->decoder);
    dwi_buf_done(&f->shown);
}

/* From a copy of exactly these bytes, so that a sanitizer sees any byte read past the end. */
static dw_status decode_bytes(fixture *f, const char *text, size_t len)
{
    char *copy = malloc(len == 0 ? 1 : len);
    dw_status status;

    assert_non_null(copy);
    memcpy(copy, text, len);
    status = dwi_json_decode(f->decoder, (dw_bytes){copy, len}, &f->err);
    free(copy);
    return status;
}

static void accept(fixture *f, const char *text, const char *want)
{
    int64_t before = f->rows->length;

    DWT_OK(decode_bytes(f, text, strlen(text)), &f->err);
    DWT_EQ(f->rows->length, before + 1);
    for (size_t i = 0; i < f->rows->n_children; i++)
        DWT_EQ(f->rows->children[i].length, before + 1);
    dwi_buf_clear(&f->shown);
    dwt_show_last(&f->shown, f->rows);
    DWT_STR(dwi_buf_cstr(&f->shown), want);
}

/* Rejected, and every buffer is as it was. */
static void reject(fixture *f, const char *text, size_t len, dw_status code, const char *message)
{
    int64_t before = f->rows->length;
    size_t bytes = dwi_column_bytes(f->rows);
    dw_status status = decode_bytes(f, text, len);

    if (status == DW_OK)
        fail_msg("accepted: %.*s", (int)len, text);
    if (status != code || strstr(f->err.message, message) == NULL)
        fail_msg("%.*s: got %s %s, want %s", (int)len, text, dw_status_name(status), f->err.message,
                 message);
    DWT_EQ(f->rows->length, before);
    for (size_t i = 0; i < f->rows->n_children; i++)
        DWT_EQ(f->rows->children[i].length, before);
    if (before > 0)
        DWT_EQ(dwi_column_bytes(f->rows), bytes);
}

static void reject_text(fixture *f, const char *text, dw_status code, const char *message)
{
    reject(f, text, strlen(text), code, message);
}

static const struct {
    const char *text;
    size_t len; /* 0: strlen */
    const char *message;
} malformed[] = {
    {"", 0, "offset 0: the record is empty"},
    {" \n", 0, "offset 2: the record is empty"},
    {"null", 0, "offset 0: the record is not a JSON object"},
    {"[]", 0, "offset 0: the record is not a JSON object"},
    {"\"a\"", 0, "not a JSON object"},
    {"5", 0, "not a JSON object"},
    {"\xEF\xBB\xBF{}", 0, "offset 0: the record is not a JSON object"},
    {"{", 0, "offset 1: unexpected end"},
    {"{ ", 0, "offset 2: unexpected end"},
    {"{}x", 0, "offset 2: more text after the record"},
    {"{} {}", 0, "offset 3: more text after the record"},
    {"{}\0", 3, "offset 2: more text after the record"},
    {"{,}", 0, "offset 1: a field name was expected"},
    {"{\"n\":1,}", 0, "offset 7: a field name was expected"},
    {"{n:1}", 0, "offset 1: a field name was expected"},
    {"{'n':1}", 0, "offset 1: a field name was expected"},
    {"{1:1}", 0, "offset 1: a field name was expected"},
    {"{\"n\"}", 0, "offset 4: a colon was expected"},
    {"{\"n\" 1}", 0, "offset 5: a colon was expected"},
    {"{\"n\"", 0, "offset 4: unexpected end"},
    {"{\"n", 0, "offset 3: unexpected end"},
    {"{\"n\":", 0, "offset 5: unexpected end"},
    {"{\"n\":}", 0, "offset 5: a value was expected"},
    {"{\"n\":1", 0, "offset 6: unexpected end"},
    {"{\"n\":1,", 0, "offset 7: unexpected end"},
    {"{\"n\":1 \"name\":2}", 0, "offset 7: a comma or } was expected"},
    {"{\"n\":1]", 0, "offset 6: a comma or } was expected"},
    {"{\"n\":01}", 0, "offset 5: invalid number"},
    {"{\"n\":-}", 0, "invalid number"},
    {"{\"n\":-01}", 0, "invalid number"},
    {"{\"n\":1.}", 0, "invalid number"},
    {"{\"n\":.5}", 0, "a value was expected"},
    {"{\"n\":1.e5}", 0, "invalid number"},
    {"{\"n\":1e}", 0, "invalid number"},
    {"{\"n\":1e+}", 0, "invalid number"},
    {"{\"n\":1e5.5}", 0, "offset 8: a comma or } was expected"},
    {"{\"n\":+1}", 0, "a value was expected"},
    {"{\"n\":0x10}", 0, "a comma or } was expected"},
    {"{\"n\":1_000}", 0, "a comma or } was expected"},
    {"{\"n\":NaN}", 0, "a value was expected"},
    {"{\"n\":Infinity}", 0, "a value was expected"},
    {"{\"n\":-Infinity}", 0, "invalid number"},
    {"{\"n\":tru}", 0, "a value was expected"},
    {"{\"n\":truee}", 0, "a comma or } was expected"},
    {"{\"n\":True}", 0, "a value was expected"},
    {"{\"n\":nul}", 0, "a value was expected"},
    {"{\"n\":nulll}", 0, "a comma or } was expected"},
    {"{\"n\":undefined}", 0, "a value was expected"},
    {"{\"name\":nullx}", 0, "a comma or } was expected"},
    {"{\"name\":\"a}", 0, "offset 11: unexpected end"},
    {"{\"name\":\"a\\\"}", 0, "unexpected end"},
    {"{\"name\":\"a\\", 0, "unexpected end"},
    {"{\"name\":\"a\nb\"}", 0, "offset 10: control character in a string"},
    {"{\"name\":\"0123456789abcdefghij\tb\"}", 0, "control character in a string"},
    {"{\"name\":\"a\0b\"}", 14, "control character in a string"},
    {"{\"name\":\"\x1f\"}", 0, "control character in a string"},
    {"{\"name\":\"\\x41\"}", 0, "offset 9: invalid escape"},
    {"{\"name\":\"\\'\"}", 0, "invalid escape"},
    {"{\"name\":\"\\u12\"}", 0, "invalid escape"},
    {"{\"name\":\"\\u12g4\"}", 0, "invalid escape"},
    {"{\"name\":\"\\U1234\"}", 0, "invalid escape"},
    {"{\"name\":\"\\0\"}", 0, "invalid escape"},
    {"{\"name\":\"\\ud800\"}", 0, "offset 9: lone surrogate escape"},
    {"{\"name\":\"\\ud800x\"}", 0, "lone surrogate escape"},
    {"{\"name\":\"\\udc00\"}", 0, "lone surrogate escape"},
    {"{\"name\":\"\\ud800\\ud800\"}", 0, "lone surrogate escape"},
    {"{\"name\":\"\\ud800\\u0041\"}", 0, "lone surrogate escape"},
    {"{\"name\":\"\\udc00\\ud800\"}", 0, "lone surrogate escape"},
    {"{\"name\":\"\\ud800\\n\"}", 0, "lone surrogate escape"},
    {"{\"name\":\"a\xff\"}", 0, "offset 10: invalid UTF-8"},
    {"{\"name\":\"\xc0\x80\"}", 0, "invalid UTF-8"},
    {"{\"name\":\"\xed\xa0\x80\"}", 0, "invalid UTF-8"},
    {"{\"name\":\"\xf4\x90\x80\x80\"}", 0, "invalid UTF-8"},
    {"{\"name\":\"\xe6\x9d\"}", 0, "invalid UTF-8"},
    {"{\"name\":\"0123456789abcdefghijklmnopqrst\xe6\x9d\"}", 0, "offset 39: invalid UTF-8"},
    {"{\"name\":\"\x80\"}", 0, "invalid UTF-8"},
    {"{\"nam\xff\":1}", 0, "invalid UTF-8"},
    {"{\"\\ud800\":1}", 0, "lone surrogate escape"},
    {"{\"name\"\xc2\xa0:1}", 0, "a colon was expected"},
    {"{\f}", 0, "a field name was expected"},
    {"{\"name\":1}\v", 0, "more text after the record"},
    {"{/*c*/}", 0, "a field name was expected"},
    {"{\"name\":[1,]}", 0, "a value was expected"},
    {"{\"name\":[,1]}", 0, "a value was expected"},
    {"{\"name\":[1 2]}", 0, "a comma or ] was expected"},
    {"{\"name\":[1}}", 0, "a comma or ] was expected"},
    {"{\"name\":[1", 0, "unexpected end"},
    {"{\"name\":[", 0, "unexpected end"},
    {"{\"name\":{\"a\"}}", 0, "a colon was expected"},
    {"{\"name\":{\"a\":}}", 0, "a value was expected"},
    {"{\"name\":{\"a\":1,}}", 0, "a field name was expected"},
    {"{\"name\":{\"a\":1,,}}", 0, "a field name was expected"},
    {"{\"name\":{\"a\":1]}", 0, "a comma or } was expected"},
    {"{\"name\":{a:1}}", 0, "a field name was expected"},
    {"{\"name\":{\"a\":[{\"b\":\"\x01\"}]}}", 0, "control character"},
    {"{\"other\":01}", 0, "invalid number"},
    {"{\"other\":\"\\ud800\"}", 0, "lone surrogate"},
    {"{\"other\":{\"a\":\"\xff\"}}", 0, "invalid UTF-8"},
    {"{\"other\":[1,2}", 0, "a comma or ] was expected"},
    {"{\"other\":nope}", 0, "a value was expected"},
    {"{\"n\":\"\\q\"}", 0, "invalid escape"},
    {"{\"n\":{\"a\":tru}}", 0, "a value was expected"},
};

static void malformed_records_are_rejected_with_the_offset(void **state)
{
    fixture f;

    (void)state;
    for (int add = 0; add < 2; add++) {
        begin(&f, &row_type, add != 0);
        accept(&f, "{\"name\":\"first\",\"n\":1}", "{name:\"first\",n:1,Grüße \"q\":null}");
        for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
            reject(&f, malformed[i].text,
                   malformed[i].len == 0 ? strlen(malformed[i].text) : malformed[i].len,
                   DW_E_RECORD, malformed[i].message);
        accept(&f, "{\"n\":2}", "{name:null,n:2,Grüße \"q\":null}");
        DWT_EQ(f.asked, 0);
        end(&f);
    }
}

static void every_proper_prefix_of_a_record_is_rejected(void **state)
{
    static const char text[] =
        "{\"name\":\"n\\u00e9 \xC3\xA9\",\"n\":-1.5e1,\"x\":{\"a\":[true,false,"
        "null,{}],\"b\":\"\\ud83d\\ude42\"},\"y\":[ ] }";
    fixture f;

    (void)state;
    begin(&f, &row_type, true);
    accept(&f, text,
           "{name:\"né é\",n:-15,Grüße \"q\":null,x:\"{\"a\":[true,false,null,{}],"
           "\"b\":\"\\ud83d\\ude42\"}\",y:\"[]\"}");
    for (size_t len = 0; len + 1 < sizeof(text); len++)
        reject(&f, text, len, DW_E_RECORD, "offset ");
    end(&f);
}

static void white_space_goes_anywhere_between_tokens(void **state)
{
    fixture f;

    (void)state;
    begin(&f, &row_type, false);
    accept(&f, "\r\n\t {\r\"n\"\n:\t1 , \"name\" : \"a\" }\n ",
           "{name:\"a\",n:1,Grüße \"q\":null}");
    accept(&f, "{}", "{name:null,n:null,Grüße \"q\":null}");
    accept(&f, "{ }", "{name:null,n:null,Grüße \"q\":null}");
    end(&f);
}

static void names_match_ignoring_case_and_escapes(void **state)
{
    fixture f;

    (void)state;
    begin(&f, &row_type, true);
    for (int again = 0; again < 2; again++) {
        accept(&f, "{\"NAME\":\"a\",\"N\":1}", "{name:\"a\",n:1,Grüße \"q\":null}");
        accept(&f, "{\"n\\u0061me\":\"a\",\"\\u006E\":1}", "{name:\"a\",n:1,Grüße \"q\":null}");
        accept(&f, "{\"Gr\xC3\xBC\xC3\x9F\x65 \\\"q\\\"\":\"x\"}",
               "{name:null,n:null,Grüße \"q\":\"x\"}");
        accept(&f, "{\"Gr\\u00fc\\u00dfe \\u0022Q\\u0022\":\"x\"}",
               "{name:null,n:null,Grüße \"q\":\"x\"}");
    }
    DWT_EQ(f.asked, 0);
    end(&f);
}

/* A name with a quote in it could be mistaken for bytes of the record that look like it. */
static void a_column_name_with_quotes_is_no_trap(void **state)
{
    static const dwi_field trap_fields[] = {
        {{"a\":\"x", 5}, &string_type, true, -1, {NULL, 0}},
        {{"a", 1}, &string_type, true, -1, {NULL, 0}},
        {{"tab\there", 8}, &string_type, true, -1, {NULL, 0}},
        {{"back\\n", 6}, &string_type, true, -1, {NULL, 0}},
    };
    static const dwi_type trap = {.kind = DWI_STRUCT, .n_fields = 4, .fields = trap_fields};
    fixture f;

    (void)state;
    begin(&f, &trap, false);
    for (int again = 0; again < 3; again++) {
        accept(&f, "{\"a\":\"x\",\"tab\\there\":\"t\"}",
               "{a\":\"x:null,a:\"x\",tab\there:\"t\",back\\n:null}");
        accept(&f, "{\"a\\\":\\\"x\":\"y\",\"back\\\\n\":\"b\"}",
               "{a\":\"x:\"y\",a:null,tab\there:null,back\\n:\"b\"}");
        reject_text(&f, "{\"tab\there\":\"t\"}", DW_E_RECORD, "control character");
    }
    end(&f);
}

static void the_last_of_duplicate_names_counts(void **state)
{
    fixture f;

    (void)state;
    begin(&f, &row_type, true);
    accept(&f, "{\"n\":1,\"name\":\"a\",\"n\":2,\"NAME\":\"b\"}",
           "{name:\"b\",n:2,Grüße \"q\":null}");
    accept(&f, "{\"n\":\"bad\",\"n\":3}", "{name:null,n:3,Grüße \"q\":null}");
    accept(&f, "{\"n\":\"bad\",\"N\":null}", "{name:null,n:null,Grüße \"q\":null}");
    accept(&f, "{\"name\":\"long text\",\"name\":null}", "{name:null,n:null,Grüße \"q\":null}");
    reject_text(&f, "{\"n\":4,\"n\":\"bad\"}", DW_E_SCHEMA, "field n: \"bad\" is not a number");
    reject_text(&f, "{\"n\":\"bad 1\",\"n\":5,\"n\":\"bad 2\",\"name\":\"x\"}", DW_E_SCHEMA,
                "field n: \"bad 2\" is not a number");
    accept(&f, "{\"new\":\"text\",\"x\":{},\"NEW\":7,\"x\":null}",
           "{name:null,n:null,Grüße \"q\":null,new:7}");
    DWT_EQ(f.asked, 1);
    accept(&f, "{\"New\":\"8\"}", "{name:null,n:null,Grüße \"q\":null,new:8}");
    end(&f);
}

static void new_fields_become_columns_by_first_sight(void **state)
{
    fixture f;

    (void)state;
    begin(&f, &row_type, true);
    accept(&f, "{\"n\":1}", "{name:null,n:1,Grüße \"q\":null}");
    accept(&f,
           "{\"s\":\"t\",\"l\":7,\"none\":null,\"d\":7.0,\"e\":1e3,\"big\":9223372036854775808,"
           "\"min\":-9223372036854775808,\"b\":true,\"o\":{\"k\": 1},\"a\":[1, 2]}",
           "{name:null,n:null,Grüße \"q\":null,s:\"t\",l:7,d:7,e:1000,big:9.2233720368547758e+18,"
           "min:-9223372036854775808,b:true,o:\"{\"k\":1}\",a:\"[1,2]\"}");
    DWT_EQ(f.asked, 9);
    DWT_EQ(f.rows->children[3].null_count, 1);
    accept(&f, "{\"a\":5,\"none\":1,\"l\":\"8\"}",
           "{name:null,n:null,Grüße \"q\":null,s:null,l:8,d:null,e:null,big:null,min:null,b:null,"
           "o:null,a:\"5\",none:1}");
    DWT_EQ(f.asked, 10);
    DWT_EQ(dwi_json_decoder_type(f.decoder)->n_fields, 13);
    assert_true(dwi_json_decoder_type(f.decoder)->fields[12].nullable);
    DWT_STR(dwi_json_decoder_type(f.decoder)->fields[12].name.ptr, "none");
    assert_ptr_equal(f.rows->type, dwi_json_decoder_type(f.decoder));
    end(&f);
}

static void a_rejected_record_brings_no_column(void **state)
{
    fixture f;

    (void)state;
    begin(&f, &row_type, true);
    accept(&f, "{\"n\":1}", "{name:null,n:1,Grüße \"q\":null}");
    reject_text(&f, "{\"new\":1,\"n\":\"bad\"}", DW_E_SCHEMA, "field n");
    reject_text(&f, "{\"new\":1,\"n\":2", DW_E_RECORD, "unexpected end");
    reject_text(&f, "{\"new\":1} x", DW_E_RECORD, "more text");
    reject_text(&f, "{\"new\":1,\"huge\":1e400}", DW_E_SCHEMA,
                "field huge: 1e400 is out of range of double");
    reject_text(&f, "{\"new\":1,\"bad name\":2}", DW_E_SCHEMA, "field \"bad name\"");
    DWT_EQ(f.asked, 0);
    DWT_EQ(f.rows->n_children, 3);
    f.refuse = DW_E_SCHEMA;
    reject_text(&f, "{\"new\":1}", DW_E_SCHEMA, "column new: refused");
    DWT_EQ(f.rows->n_children, 3);
    f.refuse = DW_OK;
    f.force = &long_type;
    /* The answer says that the column is known elsewhere: it stays, all null. */
    DWT_ERR(decode_bytes(&f, "{\"new\":\"text\"}", 14), &f.err, DW_E_SCHEMA,
            "field new: \"text\" is not a number");
    DWT_EQ(f.rows->length, 1);
    DWT_EQ(f.rows->children[3].null_count, 1);
    accept(&f, "{\"new\":\"5\"}", "{name:null,n:null,Grüße \"q\":null,new:5}");
    end(&f);
}

static void names_that_delta_forbids_are_rejected_unless_null(void **state)
{
    static const char *const bad[] = {"",    " ",   "a b", "a,b", "a;b",   "a{b",      "a}b",
                                      "a(b", "a)b", "a=b", "\\t", "a\\nb", "a\\u0000b"};
    fixture f;
    char text[64];

    (void)state;
    begin(&f, &row_type, true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"%s\":1}", bad[i]);
        reject_text(&f, text, DW_E_SCHEMA, "not allowed in a column's name");
        (void)snprintf(text, sizeof(text), "{\"%s\":null}", bad[i]);
        accept(&f, text, "{name:null,n:null,Grüße \"q\":null}");
    }
    end(&f);
    begin(&f, &row_type, false);
    accept(&f, "{\"a b\":1,\"\":2}", "{name:null,n:null,Grüße \"q\":null}");
    end(&f);
}

static void ignored_fields_are_asked_about_once(void **state)
{
    fixture f;

    (void)state;
    begin(&f, &row_type, true);
    f.ignore = true;
    for (int i = 0; i < 3; i++)
        accept(&f, "{\"x\":1,\"X\":[],\"n\":2}", "{name:null,n:2,Grüße \"q\":null}");
    DWT_EQ(f.asked, 1);
    end(&f);
}

static void widening_adds_the_columns_that_are_missing(void **state)
{
    static const dwi_field wide_fields[] = {
        {{"name", 4}, &string_type, true, -1, {NULL, 0}},
        {{"n", 1}, &long_type, true, -1, {NULL, 0}},
        {{"Grüße \"q\"", 11}, &string_type, true, -1, {NULL, 0}},
        {{"late", 4}, &double_type, true, -1, {NULL, 0}},
    };
    static const dwi_field other_fields[] = {{{"N", 1}, &string_type, true, -1, {NULL, 0}}};
    static const dwi_type wide = {.kind = DWI_STRUCT, .n_fields = 4, .fields = wide_fields};
    static const dwi_type other = {.kind = DWI_STRUCT, .n_fields = 1, .fields = other_fields};
    fixture f;

    (void)state;
    begin(&f, &row_type, false);
    accept(&f, "{\"late\":1}", "{name:null,n:null,Grüße \"q\":null}");
    DWT_OK(dwi_json_decoder_widen(f.decoder, &wide, &f.err), &f.err);
    DWT_OK(dwi_json_decoder_widen(f.decoder, &wide, &f.err), &f.err);
    DWT_ERR(dwi_json_decoder_widen(f.decoder, &other, &f.err), &f.err, DW_E_SCHEMA, "column N");
    accept(&f, "{\"late\":1}", "{name:null,n:null,Grüße \"q\":null,late:1}");
    DWT_EQ(f.rows->children[3].null_count, 1);
    end(&f);
}

static void a_column_that_takes_no_nulls_wants_a_value(void **state)
{
    static const dwi_field strict_fields[] = {
        {{"a", 1}, &long_type, true, -1, {NULL, 0}},
        {{"id", 2}, &long_type, false, -1, {NULL, 0}},
    };
    static const dwi_type strict = {.kind = DWI_STRUCT, .n_fields = 2, .fields = strict_fields};
    fixture f;

    (void)state;
    begin(&f, &strict, false);
    accept(&f, "{\"id\":1}", "{a:null,id:1}");
    reject_text(&f, "{\"a\":1}", DW_E_SCHEMA, "field id: it is missing");
    reject_text(&f, "{\"id\":null,\"a\":1}", DW_E_SCHEMA, "field id: null is in a column that");
    accept(&f, "{\"id\":null,\"id\":2}", "{a:null,id:2}");
    reject_text(&f, "{\"id\":2,\"id\":null}", DW_E_SCHEMA, "field id: null");
    end(&f);
}

static void append_repeated(dwi_buf *text, const char *part, int times)
{
    for (int i = 0; i < times; i++)
        dwi_buf_append_cstr(text, part);
}

static void nesting_has_a_limit(void **state)
{
    fixture f;
    dwi_buf text;

    (void)state;
    begin(&f, &row_type, true);
    dwi_buf_init(&text, dwi_alloc_default());
    for (int depth = 998; depth <= 1001; depth++)
        for (int field = 0; field < 3; field++) {
            dw_status status;
            static const char *const starts[] = {"{\"name\":", "{\"n\":", "{\"other\":"};
            dwi_buf_clear(&text);
            dwi_buf_append_cstr(&text, starts[field]);
            append_repeated(&text, depth % 2 == 0 ? "[" : "{\"k\":", depth);
            dwi_buf_append_cstr(&text, "1");
            append_repeated(&text, depth % 2 == 0 ? "]" : "}", depth);
            dwi_buf_append_cstr(&text, "}");
            status = decode_bytes(&f, (const char *)text.data, text.len);
            if (depth > 999)
                DWT_ERR(status, &f.err, DW_E_RECORD, "nested deeper than 1,000 levels");
            else if (field == 1)
                DWT_ERR(status, &f.err, DW_E_SCHEMA, "field n: ");
            else
                DWT_OK(status, &f.err);
        }
    dwi_buf_done(&text);
    end(&f);
}

static void huge_strings_and_many_fields_are_taken(void **state)
{
    fixture f;
    dwi_buf text;

    (void)state;
    begin(&f, &row_type, true);
    dwi_buf_init(&text, dwi_alloc_default());
    dwi_buf_append_cstr(&text, "{\"name\":\"");
    append_repeated(&text, "0123456789abcde\xC3\xA9", 1 << 16);
    dwi_buf_append_cstr(&text, "\",\"n\":5,\"Gr\xC3\xBC\xC3\x9F\x65 \\\"q\\\"\":\"");
    append_repeated(&text, "\\u0041\\n", 1 << 17);
    dwi_buf_append_cstr(&text, "\"}");
    DWT_OK(decode_bytes(&f, (const char *)text.data, text.len), &f.err);
    DWT_EQ(f.rows->children[0].data.len, 17 << 16);
    DWT_EQ(f.rows->children[2].data.len, 2 << 17);
    assert_memory_equal(f.rows->children[2].data.data, "A\nA\nA\n", 6);

    dwi_buf_clear(&text);
    dwi_buf_append_cstr(&text, "{\"n\":1");
    for (int i = 0; i < 1000; i++)
        dwi_buf_printf(&text, ",\"new%d\":%d", i, i);
    dwi_buf_append_cstr(&text, "}");
    DWT_OK(decode_bytes(&f, (const char *)text.data, text.len), &f.err);
    DWT_EQ(f.rows->n_children, 1003);
    DWT_EQ(f.rows->children[1002].length, 2);

    dwi_buf_clear(&text);
    dwi_buf_append_cstr(&text, "{\"n\":1");
    for (int i = 0; i < 1001; i++)
        dwi_buf_printf(&text, ",\"newer%d\":%d", i, i);
    dwi_buf_append_cstr(&text, "}");
    reject(&f, (const char *)text.data, text.len, DW_E_RECORD, "more than 1,000 new fields");
    DWT_EQ(f.rows->n_children, 1003);
    dwi_buf_done(&text);
    end(&f);
}

static void endless_unknown_names_take_no_memory(void **state)
{
    dwt_alloc alloc;
    dwi_json_decoder *decoder = NULL;
    dw_error err = DW_ERROR_INIT;
    int64_t limit = 0;

    (void)state;
    dwt_alloc_init(&alloc);
    DWT_OK(dwi_json_decoder_new(&alloc.base, &row_type, (dwi_new_field){0}, &decoder, &err), &err);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "{\"unknown_%d\":1,\"n\":2}", i);
        DWT_OK(dwi_json_decode(decoder, (dw_bytes){text, strlen(text)}, &err), &err);
        dwi_column_clear(dwi_json_decoder_rows(decoder));
        if (i == 5000)
            limit = alloc.live_bytes;
    }
    DWT_EQ(alloc.live_bytes, limit);
    dwi_json_decoder_free(decoder);
    dwt_alloc_done(&alloc);
}

static const char *const stream[] = {
    "{\"name\":\"a\",\"n\":1}",
    "{\"n\":2,\"name\":null,\"extra\":{\"k\": [1, 2]}}",
    "{\"n\":\"bad\",\"name\":\"gone\"}",
    "{\"N\":\"3\",\"n\\u0061me\":\"\\u00e9\",\"more\":5,\"extra\":\"x\"}",
    "{\"name\":\"text that is longer than all the others were, so that buffers grow\"}",
    "{\"m\\u0061p\":{\"k\":1},\"list\":[{\"x\":1},{\"x\":2}]}",
};

/* Every record either is there whole or not at all, whichever allocation fails. */
static dw_status decode_stream(const dw_allocator *alloc, void *ctx)
{
    static const dwi_field x_fields[] = {{{"x", 1}, &long_type, true, -1, {NULL, 0}}};
    static const dwi_type x_type = {.kind = DWI_STRUCT, .n_fields = 1, .fields = x_fields};
    static const dwi_field element = {{"element", 7}, &x_type, true, -1, {NULL, 0}};
    static const dwi_type list_type = {.kind = DWI_ARRAY, .n_fields = 1, .fields = &element};
    static const dwi_field entry[] = {
        {{"key", 3}, &string_type, false, -1, {NULL, 0}},
        {{"value", 5}, &long_type, true, -1, {NULL, 0}},
    };
    static const dwi_type map_type = {.kind = DWI_MAP, .n_fields = 2, .fields = entry};
    static const dwi_field all_fields[] = {
        {{"name", 4}, &string_type, true, -1, {NULL, 0}},
        {{"n", 1}, &long_type, true, -1, {NULL, 0}},
        {{"map", 3}, &map_type, true, -1, {NULL, 0}},
        {{"list", 4}, &list_type, true, -1, {NULL, 0}},
    };
    static const dwi_type all = {.kind = DWI_STRUCT, .n_fields = 4, .fields = all_fields};
    fixture *f = ctx;
    dwi_new_field new_field = {f, decide, false};
    dwi_json_decoder *decoder = NULL;
    dwi_column *rows;
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    int64_t good = 0;

    DWI_TRY(dwi_json_decoder_new(alloc, &all, new_field, &decoder, &err));
    rows = dwi_json_decoder_rows(decoder);
    for (size_t i = 0; i < sizeof(stream) / sizeof(stream[0]); i++) {
        status = dwi_json_decode(decoder, (dw_bytes){stream[i], strlen(stream[i])}, &err);
        if (status == DW_E_NOMEM) {
            DWT_EQ(rows->length, good);
            for (size_t c = 0; c < rows->n_children; c++)
                DWT_EQ(rows->children[c].length, good);
            goto done;
        }
        DWT_EQ(status, i == 2 ? DW_E_SCHEMA : DW_OK);
        good += status == DW_OK;
    }
    dwi_buf_clear(&f->shown);
    dwt_show_last(&f->shown, rows);
    DWT_STR(dwi_buf_cstr(&f->shown),
            "{name:null,n:null,map:{\"k\"=1},list:[{x:1},{x:2}],extra:null,more:null}");
    status = DW_OK;
done:
    dwi_json_decoder_free(decoder);
    return status;
}

static void a_failed_allocation_stages_no_part_of_a_record(void **state)
{
    fixture f;

    (void)state;
    begin(&f, &row_type, false);
    dwt_alloc_sweep(decode_stream, &f);
    end(&f);
}

/* Mutations of good records: whatever comes out, the columns stay in step. */
static void damaged_records_never_break_the_columns(void **state)
{
    fixture f;
    uint64_t seed = 7;
    int accepted = 0;

    (void)state;
    begin(&f, &row_type, true);
    f.ignore = true;
    for (int round = 0; round < 50000; round++) {
        const char *source = stream[(size_t)round % (sizeof(stream) / sizeof(stream[0]))];
        char text[128];
        size_t len = strlen(source);
        memcpy(text, source, len);
        for (int k = 0; k < 2; k++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[(seed >> 33) % len] =
                (seed >> 20 & 1) != 0 ? "{}[]\",:\\n0-.eu "[(seed >> 40) % 15] : (char)(seed >> 50);
        }
        if (decode_bytes(&f, text, len) == DW_OK)
            accepted++;
        DWT_EQ(f.rows->length, accepted);
        for (size_t c = 0; c < f.rows->n_children; c++)
            DWT_EQ(f.rows->children[c].length, accepted);
    }
    assert_true(accepted > 1000 && accepted < 49000);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_records_are_rejected_with_the_offset),
        cmocka_unit_test(every_proper_prefix_of_a_record_is_rejected),
        cmocka_unit_test(white_space_goes_anywhere_between_tokens),
        cmocka_unit_test(names_match_ignoring_case_and_escapes),
        cmocka_unit_test(a_column_name_with_quotes_is_no_trap),
        cmocka_unit_test(the_last_of_duplicate_names_counts),
        cmocka_unit_test(new_fields_become_columns_by_first_sight),
        cmocka_unit_test(a_rejected_record_brings_no_column),
        cmocka_unit_test(names_that_delta_forbids_are_rejected_unless_null),
        cmocka_unit_test(ignored_fields_are_asked_about_once),
        cmocka_unit_test(widening_adds_the_columns_that_are_missing),
        cmocka_unit_test(a_column_that_takes_no_nulls_wants_a_value),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(huge_strings_and_many_fields_are_taken),
        cmocka_unit_test(endless_unknown_names_take_no_memory),
        cmocka_unit_test(a_failed_allocation_stages_no_part_of_a_record),
        cmocka_unit_test(damaged_records_never_break_the_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
