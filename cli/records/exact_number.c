/* SPDX-License-Identifier: Apache-2.0 */
#include "records/exact_number.h"

#include "records/json_lexer.h"

static const int64_t far = INT64_C(1000000000000000);

static int64_t exponent_part(struct span text, size_t at)
{
    bool minus = at < text.len && text.ptr[at] == '-';
    int64_t value = 0;

    if (at < text.len && (minus || text.ptr[at] == '+'))
        at++;
    for (; at < text.len; at++) {
        if (value < far)
            value = value * 10 + (text.ptr[at] - '0');
    }
    if (value > far)
        value = far;
    return minus ? -value : value;
}

struct exact_number exact_parse(struct scratch *scratch, struct span text)
{
    struct exact_number number = {.negative = *text.ptr == '-'};
    char *digits = scratch_alloc(scratch, text.len);
    size_t n = 0;
    int64_t before_point = 0; /* digits, from the first that is not zero; below 0: zeros after */
    bool point = false;
    size_t at = number.negative ? 1 : 0;

    for (; at < text.len && (text.ptr[at] | 0x20) != 'e'; at++) {
        if (text.ptr[at] == '.') {
            point = true;
            continue;
        }
        if (n == 0 && text.ptr[at] == '0') {
            before_point -= point;
            continue;
        }
        digits[n++] = text.ptr[at];
        before_point += !point;
    }
    while (n > 0 && digits[n - 1] == '0')
        n--;
    number.digits = digits;
    number.n_digits = n;
    if (n == 0)
        number.negative = false;
    else
        number.exponent = before_point + (at < text.len ? exponent_part(text, at + 1) : 0);
    return number;
}

bool exact_of_json(struct scratch *scratch, const struct json *value, struct exact_number *out)
{
    struct json_lexer lexer;
    struct span chars;
    struct span number;

    if (value->kind == JSON_NUMBER) {
        *out = exact_parse(scratch, value->text);
        return true;
    }
    if (value->kind != JSON_STRING)
        return false;
    chars = json_chars(scratch, value);
    lexer = (struct json_lexer){chars.ptr, chars.ptr + chars.len, NULL};
    if (chars.len == 0 || (*chars.ptr != '-' && (*chars.ptr < '0' || *chars.ptr > '9')) ||
        !json_lexer_number(&lexer, &number) || lexer.at != lexer.end)
        return false;
    *out = exact_parse(scratch, number);
    return true;
}

static int compare_magnitude(const struct exact_number *a, const struct exact_number *b)
{
    size_t common = a->n_digits < b->n_digits ? a->n_digits : b->n_digits;
    int order;

    if (a->n_digits == 0 || b->n_digits == 0)
        return (a->n_digits != 0) - (b->n_digits != 0);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    order = memcmp(a->digits, b->digits, common);
    return order != 0 ? order : (a->n_digits > b->n_digits) - (a->n_digits < b->n_digits);
}

int exact_compare(const struct exact_number *a, const struct exact_number *b)
{
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

bool exact_floor(const struct exact_number *number, int shift, int64_t *out)
{
    int64_t exponent = number->exponent + shift; /* digits before the point */
    uint64_t limit = (uint64_t)INT64_MAX + (number->negative ? 1 : 0);
    uint64_t value = 0;
    bool rest = number->n_digits != 0 && exponent < (int64_t)number->n_digits;

    if (number->n_digits == 0)
        exponent = 0;
    if (exponent > 19)
        return false;
    for (int64_t i = 0; i < exponent; i++) {
        unsigned digit = i < (int64_t)number->n_digits ? (unsigned)(number->digits[i] - '0') : 0;
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (number->negative && rest && value++ == limit)
        return false;
    *out = number->negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

int64_t exact_fraction_digits(const struct exact_number *number)
{
    int64_t digits = (int64_t)number->n_digits - number->exponent;

    return number->n_digits == 0 || digits < 0 ? 0 : digits;
}

bool exact_to_i64(const struct exact_number *number, int64_t *out)
{
    return exact_fraction_digits(number) == 0 && exact_floor(number, 0, out);
}
