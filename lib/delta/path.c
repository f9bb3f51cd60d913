/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/path.h"

void dwi_path_append_decoded(dwi_buf *out, dwi_sv path)
{
    for (size_t i = 0; i < path.len; i++) {
        int high = path.ptr[i] == '%' && i + 2 < path.len ? dwi_hex_value(path.ptr[i + 1]) : -1;
        int low = high >= 0 ? dwi_hex_value(path.ptr[i + 2]) : -1;
        if (low < 0) {
            dwi_buf_append_byte(out, (uint8_t)path.ptr[i]);
            continue;
        }
        dwi_buf_append_byte(out, (uint8_t)(high << 4 | low));
        i += 2;
    }
}

void dwi_path_append_normal(dwi_buf *out, dwi_sv path)
{
    if (dwi_sv_starts_with(path, DWI_SV("file:/"))) {
        path.ptr += 5;
        path.len -= 5;
        while (path.len > 1 && path.ptr[1] == '/') {
            path.ptr++;
            path.len--;
        }
    }
    dwi_path_append_decoded(out, path);
}

bool dwi_path_is_absolute(dwi_sv path)
{
    if (path.len > 0 && path.ptr[0] == '/')
        return true;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (c == ':')
            return i > 0 && i + 1 < path.len && path.ptr[i + 1] == '/';
        if (!letter && !(other && i > 0))
            return false;
    }
    return false;
}
