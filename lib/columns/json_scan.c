/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/json_scan.h"

#include "base/utf8.h"

static const char unexpected_end[] = "unexpected end of the record";

static bool fail_at_end(dwi_scan *scan)
{
    return dwi_scan_fail(scan, scan->end, unexpected_end);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* Four hex digits at p, which has them; -1: not all are. */
static int32_t hex4(const uint8_t *p)
{
    int32_t value = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Length of the escape at p (a backslash); 0 with the error set. */
static size_t check_escape(dwi_scan *scan, const uint8_t *p)
{
    size_t left = (size_t)(scan->end - p);
    int32_t unit;

    if (left >= 2 && p[1] != 'u' && strchr("\"\\/bfnrt", p[1]) != NULL && p[1] != '\0')
        return 2;
    if (left < 2 || (p[1] == 'u' && left < 6)) {
        (void)fail_at_end(scan);
        return 0;
    }
    unit = p[1] == 'u' ? hex4(p + 2) : -1;
    if (unit < 0) {
        (void)dwi_scan_fail(scan, p, "invalid escape in a string");
        return 0;
    }
    if (unit < 0xD800 || unit > 0xDFFF)
        return 6;
    if (unit <= 0xDBFF && left >= 12 && p[6] == '\\' && p[7] == 'u') {
        int32_t low = hex4(p + 8);
        if (low >= 0xDC00 && low <= 0xDFFF)
            return 12;
    }
    (void)dwi_scan_fail(scan, p, "lone surrogate escape in a string");
    return 0;
}

/* The first byte that starts no valid character. */
static const uint8_t *bad_utf8(const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        size_t len = *p < 0x80 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
        if (len > (size_t)(end - p) || !dwi_utf8_valid(p, len))
            return p;
        p += len;
    }
    return end;
}

bool dwi_scan_string_rest(dwi_scan *scan, const uint8_t *p, unsigned high, dwi_scan_text *out)
{
    const uint8_t *start = scan->at;

    out->escaped = false;
    while (p < scan->end && *p != '"') {
        size_t len;
        if (*p < 0x20)
            return dwi_scan_fail(scan, p, "control character in a string");
        len = check_escape(scan, p);
        if (len == 0)
            return false;
        out->escaped = true;
        p = dwi_scan_plain(p + len, scan->end, &high);
    }
    if (high != 0 && !dwi_utf8_valid(start, (size_t)(p - start)))
        return dwi_scan_fail(scan, bad_utf8(start, p), "invalid UTF-8");
    if (p == scan->end)
        return fail_at_end(scan);
    out->raw = (dwi_sv){(const char *)start, (size_t)(p - start)};
    scan->at = p + 1;
    return true;
}

/* The character of the escape at p, which is valid; *len is how long it is. */
static uint32_t escaped_char(const uint8_t *p, size_t *len)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    const char *short_form;
    uint32_t unit;

    *len = 2;
    if (p[1] != 'u') {
        short_form = strchr(from, p[1]);
        return short_form == NULL ? p[1] : (uint8_t)to[short_form - from];
    }
    *len = 6;
    unit = (uint32_t)hex4(p + 2);
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    *len = 12;
    return 0x10000 + ((unit - 0xD800) << 10) + ((uint32_t)hex4(p + 8) - 0xDC00);
}

size_t dwi_scan_unescape(dwi_sv raw, uint8_t *out)
{
    const uint8_t *p = (const uint8_t *)raw.ptr;
    const uint8_t *end = p + raw.len;
    uint8_t *to = out;

    while (p < end) {
        const uint8_t *backslash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((backslash == NULL ? end : backslash) - p);
        size_t len;
        memcpy(to, p, plain);
        to += plain;
        p += plain;
        if (backslash == NULL)
            break;
        to += dwi_utf8_encode(escaped_char(p, &len), to);
        p += len;
    }
    return (size_t)(to - out);
}

enum { MAX_MANTISSA_DIGITS = 19, MAX_EXPONENT = 1000000 };

static inline bool is_digit(const dwi_scan *scan, const uint8_t *p)
{
    return p < scan->end && *p >= '0' && *p <= '9';
}

/* Digits from p on into the mantissa; `step` is what one more digit after the mantissa is full
 * adds to the exponent, `fraction` what each digit that goes in does. */
static const uint8_t *take_digits(const dwi_scan *scan, const uint8_t *p, int fraction,
                                  dwi_scan_number *out)
{
    for (; is_digit(scan, p); p++) {
        unsigned digit = (unsigned)*p - '0';
        /* With 19 digits the mantissa is at least 10^18. */
        if (out->mantissa >= UINT64_C(1000000000000000000)) {
            out->cut = true;
            out->rest = out->rest || digit != 0;
            if (fraction == 0 && out->exponent < MAX_EXPONENT)
                out->exponent++;
            continue;
        }
        out->mantissa = out->mantissa * 10 + digit;
        if (out->exponent > -MAX_EXPONENT)
            out->exponent -= fraction;
    }
    return p;
}

static const uint8_t *take_exponent(dwi_scan *scan, const uint8_t *p, dwi_scan_number *out)
{
    bool minus = false;
    int32_t value = 0;

    p++;
    if (p < scan->end && (*p == '+' || *p == '-'))
        minus = *p++ == '-';
    if (!is_digit(scan, p)) {
        (void)dwi_scan_fail(scan, p, p == scan->end ? unexpected_end : "invalid number");
        return NULL;
    }
    for (; is_digit(scan, p); p++)
        if (value < MAX_EXPONENT)
            value = value * 10 + (*p - '0');
    out->exponent += minus ? -value : value;
    if (out->exponent > MAX_EXPONENT)
        out->exponent = MAX_EXPONENT;
    if (out->exponent < -MAX_EXPONENT)
        out->exponent = -MAX_EXPONENT;
    return p;
}

bool dwi_scan_number_token(dwi_scan *scan, dwi_scan_number *out)
{
    const uint8_t *start = scan->at;
    const uint8_t *p = start;
    const uint8_t *digits;

    memset(out, 0, sizeof(*out));
    out->integer = true;
    if (*p == '-') {
        out->negative = true;
        p++;
    }
    digits = p;
    p = take_digits(scan, p, 0, out);
    if (p == digits || (*digits == '0' && p - digits > 1))
        return dwi_scan_fail(scan, p == scan->end && p == digits ? p : digits,
                             p == scan->end && p == digits ? unexpected_end : "invalid number");
    if (p < scan->end && *p == '.') {
        digits = p + 1;
        p = take_digits(scan, digits, 1, out);
        out->integer = false;
        if (p == digits)
            return dwi_scan_fail(scan, p, p == scan->end ? unexpected_end : "invalid number");
    }
    if (p < scan->end && (*p | 0x20) == 'e') {
        p = take_exponent(scan, p, out);
        out->integer = false;
        if (p == NULL)
            return false;
    }
    out->text = (dwi_sv){(const char *)start, (size_t)(p - start)};
    scan->at = p;
    return true;
}

bool dwi_scan_literal(dwi_scan *scan, const char *literal, size_t len)
{
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, literal, len) != 0)
        return dwi_scan_fail(scan, scan->at, "a value was expected");
    scan->at += len;
    return true;
}

bool dwi_scan_colon_rest(dwi_scan *scan)
{
    dwi_scan_space(scan);
    if (scan->at == scan->end)
        return fail_at_end(scan);
    if (*scan->at != ':')
        return dwi_scan_fail(scan, scan->at, "a colon was expected");
    scan->at++;
    dwi_scan_space(scan);
    return true;
}

bool dwi_scan_key_begin(dwi_scan *scan)
{
    if (scan->at == scan->end)
        return fail_at_end(scan);
    if (*scan->at != '"')
        return dwi_scan_fail(scan, scan->at, "a field name was expected");
    scan->at++;
    return true;
}

bool dwi_scan_next(dwi_scan *scan, bool object, bool *out_end)
{
    uint8_t close = object ? '}' : ']';

    dwi_scan_space(scan);
    if (scan->at == scan->end)
        return fail_at_end(scan);
    *out_end = *scan->at == close;
    if (!*out_end && *scan->at != ',')
        return dwi_scan_fail(scan, scan->at,
                             object ? "a comma or } was expected" : "a comma or ] was expected");
    scan->at++;
    if (!*out_end) {
        dwi_scan_space(scan);
        if (scan->at == scan->end)
            return fail_at_end(scan);
    }
    return true;
}

static bool skip_scalar(dwi_scan *scan)
{
    dwi_scan_text text;
    dwi_scan_number number;

    switch (*scan->at) {
    case '"':
        scan->at++;
        return dwi_scan_string(scan, &text);
    case 't':
        return dwi_scan_literal(scan, "true", 4);
    case 'f':
        return dwi_scan_literal(scan, "false", 5);
    case 'n':
        return dwi_scan_literal(scan, "null", 4);
    default:
        if (*scan->at != '-' && !is_digit(scan, scan->at))
            return dwi_scan_fail(scan, scan->at, "a value was expected");
        return dwi_scan_number_token(scan, &number);
    }
}

/* The open containers of a value: a stack of bits, set for objects. */
typedef struct nesting {
    int level;
    int limit;
    bool spaced; /* there was white space between tokens */
    uint8_t objects[(DWI_SCAN_MAX_DEPTH + 8) / 8];
} nesting;

static bool in_object(const nesting *open)
{
    return (open->objects[open->level >> 3] >> (open->level & 7)) & 1;
}

static void skip_space(dwi_scan *scan, nesting *open)
{
    const uint8_t *at = scan->at;

    dwi_scan_space(scan);
    open->spaced = open->spaced || scan->at != at;
}

static bool skip_key(dwi_scan *scan, nesting *open)
{
    dwi_scan_text key;

    if (!dwi_scan_key_begin(scan) || !dwi_scan_string(scan, &key))
        return false;
    skip_space(scan, open);
    if (scan->at < scan->end && *scan->at == ':') {
        scan->at++;
        skip_space(scan, open);
        return true;
    }
    return dwi_scan_colon_rest(scan);
}

/* At a bracket: go in. An empty container is left at once; *out_empty says so. */
static bool enter(dwi_scan *scan, nesting *open, bool *out_empty)
{
    bool object = *scan->at == '{';
    uint8_t mask;

    if (open->level >= open->limit)
        return dwi_scan_fail(scan, scan->at, DWI_SCAN_TOO_DEEP);
    open->level++;
    mask = (uint8_t)(1u << (open->level & 7));
    if (object)
        open->objects[open->level >> 3] |= mask;
    else
        open->objects[open->level >> 3] &= (uint8_t)~mask;
    scan->at++;
    skip_space(scan, open);
    if (scan->at == scan->end)
        return fail_at_end(scan);
    *out_empty = *scan->at == (object ? '}' : ']');
    if (*out_empty) {
        scan->at++;
        open->level--;
        return true;
    }
    return !object || skip_key(scan, open);
}

/* After a value: leave containers that end here, up to the next value; *out_end: none is open. */
static bool leave(dwi_scan *scan, nesting *open, bool *out_end)
{
    while (open->level > 0) {
        bool object = in_object(open);
        skip_space(scan, open);
        if (scan->at == scan->end)
            return fail_at_end(scan);
        if (*scan->at == ',') {
            scan->at++;
            skip_space(scan, open);
            *out_end = false;
            return !object || skip_key(scan, open);
        }
        if (*scan->at != (object ? '}' : ']'))
            return dwi_scan_fail(
                scan, scan->at, object ? "a comma or } was expected" : "a comma or ] was expected");
        scan->at++;
        open->level--;
    }
    *out_end = true;
    return true;
}

bool dwi_scan_skip(dwi_scan *scan, int depth, bool *out_spaced)
{
    nesting open = {.limit = DWI_SCAN_MAX_DEPTH - depth};
    bool end = false;

    while (!end) {
        bool empty = true;
        if (scan->at == scan->end)
            return fail_at_end(scan);
        if (*scan->at == '{' || *scan->at == '[') {
            if (!enter(scan, &open, &empty))
                return false;
        } else if (!skip_scalar(scan)) {
            return false;
        }
        if (empty && !leave(scan, &open, &end))
            return false;
    }
    *out_spaced = open.spaced;
    return true;
}

size_t dwi_scan_compact(dwi_sv value, uint8_t *out)
{
    const uint8_t *p = (const uint8_t *)value.ptr;
    const uint8_t *end = p + value.len;
    uint8_t *to = out;

    while (p < end) {
        const uint8_t *start = p;
        unsigned high = 0;
        if (*p != '"') {
            *to = *p++;
            to += *to > ' ';
            continue;
        }
        for (p = dwi_scan_plain(p + 1, end, &high); *p != '"';)
            p = dwi_scan_plain(p + 2, end, &high);
        p++;
        memcpy(to, start, (size_t)(p - start));
        to += p - start;
    }
    return (size_t)(to - out);
}
