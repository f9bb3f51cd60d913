/* SPDX-License-Identifier: Apache-2.0 */
#include "store/s3_xml.h"

#include "base/utf8.h"

void dwi_s3_xml_init(dwi_s3_xml *xml, dw_bytes data, const dw_allocator *alloc)
{
    memset(xml, 0, sizeof(*xml));
    xml->at = data.len == 0 ? "" : data.data;
    xml->end = xml->at + data.len;
    dwi_buf_init(&xml->text, alloc);
}

void dwi_s3_xml_done(dwi_s3_xml *xml)
{
    dwi_buf_done(&xml->text);
}

bool dwi_s3_xml_is(const dwi_s3_xml *xml, int depth, const char *name)
{
    return xml->depth == depth && dwi_sv_eq_cstr(xml->names[depth - 1], name);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool at_text(const dwi_s3_xml *xml, const char *text)
{
    size_t len = strlen(text);

    return (size_t)(xml->end - xml->at) >= len && memcmp(xml->at, text, len) == 0;
}

/* Moves behind the next `text`; *out_before is what came before it. */
static bool pass(dwi_s3_xml *xml, const char *text, dwi_sv *out_before)
{
    const char *from = xml->at;

    for (; xml->at < xml->end; xml->at++)
        if (at_text(xml, text)) {
            *out_before = (dwi_sv){from, (size_t)(xml->at - from)};
            xml->at += strlen(text);
            return true;
        }
    return false;
}

static bool append_char_reference(dwi_s3_xml *xml, dwi_sv digits)
{
    uint32_t base = 10;
    uint32_t cp = 0;
    uint8_t utf8[4];
    size_t i = 0;

    if (digits.len > 0 && digits.ptr[0] == 'x') {
        base = 16;
        i = 1;
    }
    if (i == digits.len || digits.len > 8)
        return false;
    for (; i < digits.len; i++) {
        int value = dwi_hex_value(digits.ptr[i]);
        if (value < 0 || (uint32_t)value >= base)
            return false;
        cp = cp * base + (uint32_t)value;
    }
    if (cp == 0 || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000))
        return false;
    dwi_buf_append(&xml->text, utf8, dwi_utf8_encode(cp, utf8));
    return true;
}

static bool append_entity(dwi_s3_xml *xml)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    dwi_sv name;

    xml->at++;
    if (!pass(xml, ";", &name))
        return false;
    if (name.len > 1 && name.ptr[0] == '#')
        return append_char_reference(xml, (dwi_sv){name.ptr + 1, name.len - 1});
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        if (dwi_sv_eq_cstr(name, named[i].name)) {
            dwi_buf_append_byte(&xml->text, (uint8_t)named[i].c);
            return true;
        }
    return false;
}

static bool take_text(dwi_s3_xml *xml)
{
    while (xml->at < xml->end && *xml->at != '<') {
        if (xml->depth == 0 && !is_blank(*xml->at))
            return false;
        if (*xml->at == '&') {
            if (!append_entity(xml))
                return false;
        } else {
            dwi_buf_append_byte(&xml->text, (uint8_t)*xml->at++);
        }
    }
    return true;
}

/* An element's name without its name space prefix; empty when there is none. */
static dwi_sv take_name(dwi_s3_xml *xml)
{
    dwi_sv name = {xml->at, 0};

    while (xml->at < xml->end && !is_blank(*xml->at) && strchr("<>/=\"'&", *xml->at) == NULL)
        if (*xml->at++ == ':')
            name.ptr = xml->at;
    name.len = (size_t)(xml->at - name.ptr);
    return name;
}

/* Up to and with the '>' that ends the tag; quoted values may hold one. */
static bool pass_attributes(dwi_s3_xml *xml)
{
    char quote = '\0';

    for (; xml->at < xml->end; xml->at++) {
        char c = *xml->at;
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '<') {
            return false;
        } else if (c == '>') {
            xml->self_closed = xml->at[-1] == '/';
            xml->at++;
            return true;
        }
    }
    return false;
}

static int open_element(dwi_s3_xml *xml)
{
    dwi_sv name;

    xml->at++;
    name = take_name(xml);
    if (name.len == 0 || xml->depth == DWI_S3_XML_DEPTH || (xml->depth == 0 && xml->seen_root) ||
        !pass_attributes(xml))
        return DWI_S3_XML_BAD;
    xml->seen_root = true;
    xml->names[xml->depth++] = name;
    dwi_buf_clear(&xml->text);
    return DWI_S3_XML_OPEN;
}

static int close_element(dwi_s3_xml *xml)
{
    dwi_sv name;

    xml->at += 2;
    name = take_name(xml);
    while (xml->at < xml->end && is_blank(*xml->at))
        xml->at++;
    if (xml->depth == 0 || !at_text(xml, ">") || !dwi_sv_eq(name, xml->names[xml->depth - 1]) ||
        dwi_buf_cstr(&xml->text) == NULL)
        return DWI_S3_XML_BAD;
    xml->at++;
    xml->popping = true;
    return DWI_S3_XML_CLOSE;
}

/* What is neither element nor text; false when it is not one of those. */
static bool pass_other(dwi_s3_xml *xml)
{
    dwi_sv inside;

    if (at_text(xml, "<?"))
        return pass(xml, "?>", &inside);
    if (at_text(xml, "<!--"))
        return pass(xml, "-->", &inside);
    if (!at_text(xml, "<![CDATA[") || xml->depth == 0)
        return false;
    xml->at += strlen("<![CDATA[");
    if (!pass(xml, "]]>", &inside))
        return false;
    dwi_buf_append(&xml->text, inside.ptr, inside.len);
    return true;
}

int dwi_s3_xml_next(dwi_s3_xml *xml)
{
    if (xml->popping) {
        xml->popping = false;
        xml->depth--;
        dwi_buf_clear(&xml->text);
    }
    if (xml->self_closed) {
        xml->self_closed = false;
        xml->popping = true;
        return dwi_buf_cstr(&xml->text) == NULL ? DWI_S3_XML_BAD : DWI_S3_XML_CLOSE;
    }
    for (;;) {
        if (!take_text(xml))
            return DWI_S3_XML_BAD;
        if (xml->at == xml->end)
            return xml->depth == 0 && xml->seen_root && !xml->text.failed ? DWI_S3_XML_END
                                                                          : DWI_S3_XML_BAD;
        if (at_text(xml, "</"))
            return close_element(xml);
        if (!at_text(xml, "<?") && !at_text(xml, "<!"))
            return open_element(xml);
        if (!pass_other(xml))
            return DWI_S3_XML_BAD;
    }
}
