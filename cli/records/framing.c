/* SPDX-License-Identifier: Apache-2.0 */
#include "records/framing.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

enum { MAX_FILE = 16 * 1024 * 1024 };

enum decode_result framing_take_id(struct span *data, int32_t *out_id, struct failure *failure)
{
    const unsigned char *p = (const unsigned char *)data->ptr;

    if (data->len < 5)
        return failure_bad(failure, "registry", "NOT_FRAMED",
                           "shorter than the five bytes that name a schema");
    if (p[0] != 0)
        return failure_bad(failure, "registry", "NOT_FRAMED",
                           "it begins with 0x%02x, not with a zero and the id of a schema",
                           (unsigned)p[0]);
    *out_id = (int32_t)((uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4]);
    data->ptr += 5;
    data->len -= 5;
    return DECODE_ROWS;
}

bool framing_is_single_object(struct span data)
{
    return data.len >= 10 && memcmp(data.ptr, "\xc3\x01", 2) == 0;
}

uint64_t framing_take_fingerprint(struct span *data)
{
    uint64_t fingerprint = 0;

    for (size_t i = 0; i < 8; i++)
        fingerprint |= (uint64_t)(unsigned char)data->ptr[2 + i] << (8 * i);
    data->ptr += 10;
    data->len -= 10;
    return fingerprint;
}

bool framing_read_file(struct scratch *scratch, const char *path, struct span *out,
                       struct textbuf *out_problem)
{
    FILE *file = fopen(path, "rb");
    struct textbuf text = {0};
    char chunk[4096];
    size_t len;
    bool good;

    if (file == NULL) {
        textbuf_printf(out_problem, "%s: %s", path, strerror(errno));
        return false;
    }
    while (text.len <= MAX_FILE && (len = fread(chunk, 1, sizeof(chunk), file)) > 0)
        textbuf_add(&text, chunk, len);
    good = !ferror(file) && text.len <= MAX_FILE;
    if (good)
        *out = scratch_copy(scratch, (struct span){text.text, text.len});
    else
        textbuf_printf(out_problem, "%s: %s", path,
                       ferror(file) ? strerror(errno) : "larger than 16 MiB");
    (void)fclose(file);
    textbuf_done(&text);
    return good;
}
