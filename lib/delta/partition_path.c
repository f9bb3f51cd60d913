/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/partition_path.h"

enum { MAX_NAME_BYTES = 255, MAX_PREFIX = 64 };

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20) || c == 0x7F;
}

/* What no writer of URIs has another spelling for. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static void append_escape(dwi_buf *out, char c)
{
    dwi_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
}

static void append_escaped(dwi_buf *out, dwi_sv text, const char *special)
{
    size_t run = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (!is_control(text.ptr[i]) && strchr(special, text.ptr[i]) == NULL)
            continue;
        dwi_buf_append(out, text.ptr + run, i - run);
        append_escape(out, text.ptr[i]);
        run = i + 1;
    }
    dwi_buf_append(out, text.ptr + run, text.len - run);
}

static void append_plain(dwi_buf *out, dwi_sv text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_plain(text.ptr[i]))
            dwi_buf_append_byte(out, (uint8_t)text.ptr[i]);
        else
            append_escape(out, text.ptr[i]);
    }
}

bool dwi_partition_path_append(dwi_buf *out, dwi_sv name, dwi_sv value)
{
    size_t start = out->len;

    append_plain(out, name);
    dwi_buf_append_byte(out, '=');
    if (value.ptr == NULL)
        dwi_buf_append_cstr(out, "__HIVE_DEFAULT_PARTITION__");
    else
        append_plain(out, value);
    if (out->len - start > MAX_NAME_BYTES) {
        out->len = start;
        return false;
    }
    dwi_buf_append_byte(out, '/');
    return true;
}

void dwi_random_prefix_append(dwi_buf *out, const dwi_env *env, size_t chars)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    uint32_t random[MAX_PREFIX];

    if (chars == 0)
        return;
    if (chars > MAX_PREFIX)
        chars = MAX_PREFIX;
    env->random(env->ctx, random, chars * sizeof(random[0]));
    for (size_t i = 0; i < chars; i++)
        dwi_buf_append_byte(out, (uint8_t)letters[random[i] % (sizeof(letters) - 1)]);
    dwi_buf_append_byte(out, '/');
}

void dwi_path_append_encoded(dwi_buf *out, dwi_sv path)
{
    append_escaped(out, path, " \"#%<>?[\\]^`{|}");
}
