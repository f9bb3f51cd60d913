/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "base/alloc.h"
#include "store/s3_impl.h"
#include "store/s3_xml.h"

/* Events as text: "<a" opens, "text>" closes, "." is the end, "!" is bad. */
static void expect_events(const char *xml_text, const char *want)
{
    dw_bytes data = {xml_text, strlen(xml_text)};
    dwi_s3_xml xml;
    dwi_buf got;
    int event;

    dwi_buf_init(&got, dwi_alloc_default());
    dwi_s3_xml_init(&xml, data, dwi_alloc_default());
    do {
        event = dwi_s3_xml_next(&xml);
        if (event == DWI_S3_XML_OPEN)
            dwi_buf_printf(&got, "<%.*s", DWI_SV_ARG(xml.names[xml.depth - 1]));
        else if (event == DWI_S3_XML_CLOSE)
            dwi_buf_printf(&got, "%s>", (const char *)xml.text.data);
        else
            dwi_buf_append_cstr(&got, event == DWI_S3_XML_END ? "." : "!");
    } while (event == DWI_S3_XML_OPEN || event == DWI_S3_XML_CLOSE);
    DWT_STR(dwi_buf_cstr(&got), want);
    dwi_s3_xml_done(&xml);
    dwi_buf_done(&got);
}

static void elements_and_text_are_read(void **state)
{
    (void)state;
    expect_events("<a>x</a>", "<ax>.");
    expect_events("<?xml version=\"1.0\"?>\n<a><b>1</b> <c/> <d k='>'>2</d ></a>\n",
                  "<a<b1><c><d2>>.");
    expect_events("<s3:a xmlns:s3=\"u\"><s3:b></s3:b></s3:a>", "<a<b>>.");
    expect_events("<a><!-- <x> --><![CDATA[<&>]]></a>", "<a<&>>.");
}

static void references_are_decoded(void **state)
{
    (void)state;
    expect_events("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xFC;&#x1F600;</a>",
                  "<a<>&\"'AB\xC3\xBC\xF0\x9F\x98\x80>.");
    expect_events("<a>&nbsp;</a>", "<a!");
    expect_events("<a>&#0;</a>", "<a!");
    expect_events("<a>&#xD800;</a>", "<a!");
    expect_events("<a>&#x110000;</a>", "<a!");
    expect_events("<a>&#;</a>", "<a!");
    expect_events("<a>& </a>", "<a!");
}

static void what_is_cut_or_crossed_is_bad(void **state)
{
    static const char whole[] = "<a><b>text</b><c/></a>";

    (void)state;
    for (size_t n = 0; n + 1 < sizeof(whole); n++) {
        dwi_s3_xml xml;
        int event;
        dwi_s3_xml_init(&xml, (dw_bytes){whole, n}, dwi_alloc_default());
        while ((event = dwi_s3_xml_next(&xml)) == DWI_S3_XML_OPEN || event == DWI_S3_XML_CLOSE)
            continue;
        DWT_EQ(event, DWI_S3_XML_BAD);
        dwi_s3_xml_done(&xml);
    }
    expect_events("<a><b></a></b>", "<a<b!");
    expect_events("<a></a><b></b>", "<a>!");
    expect_events("text", "!");
    expect_events("<!DOCTYPE x><a></a>", "!");
    expect_events("</a>", "!");
    expect_events("<1/><2/>", "<1>!");
    expect_events("<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
                  "<a<a<a<a<a<a<a<a<a<a<a<a<a<a<a<a!");
}

static void a_field_is_found_below_the_root_only(void **state)
{
    static const char text[] = "<Error><Code>NoSuchKey</Code><X><Code>deep</Code></X></Error>";
    dw_bytes data = {text, sizeof(text) - 1};
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    assert_true(dwi_s3_xml_field(data, "Code", &out));
    DWT_STR((const char *)out.data, "NoSuchKey");
    assert_true(dwi_s3_xml_field(data, "Missing", &out));
    DWT_EQ(out.len, 0);
    assert_false(dwi_s3_xml_field((dw_bytes){text, data.len - 1}, "Code", &out));
    assert_false(dwi_s3_xml_field((dw_bytes){NULL, 0}, "Code", &out));
    dwi_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_and_text_are_read),
        cmocka_unit_test(references_are_decoded),
        cmocka_unit_test(what_is_cut_or_crossed_is_bad),
        cmocka_unit_test(a_field_is_found_below_the_root_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
