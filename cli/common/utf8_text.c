/* SPDX-License-Identifier: Apache-2.0 */
#include "common/utf8_text.h"

#include <stdint.h>
#include <string.h>

#include "common/textbuf.h"

size_t utf8_valid(const char *text, size_t len)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    size_t at = 0;

    while (at < len) {
        size_t n;
        uint64_t word;
        if (len - at >= sizeof(word)) {
            memcpy(&word, text + at, sizeof(word));
            if ((word & high) == 0) {
                at += sizeof(word);
                continue;
            }
        }
        n = utf8_sequence(text + at, len - at);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

size_t utf8_put(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}
