/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed string views. Not NUL-terminated unless said so. */
#ifndef DWI_BASE_STR_H
#define DWI_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct dwi_sv {
    const char *ptr;
    size_t len;
} dwi_sv;

#define DWI_SV(literal) ((dwi_sv){(literal), sizeof(literal) - 1})
/* For printf: "%.*s". */
#define DWI_SV_ARG(sv) ((int)((sv).len > 1000 ? 1000 : (sv).len)), (sv).ptr

static inline dwi_sv dwi_sv_cstr(const char *text)
{
    return (dwi_sv){text, strlen(text)};
}

static inline bool dwi_sv_eq(dwi_sv a, dwi_sv b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool dwi_sv_eq_cstr(dwi_sv a, const char *b)
{
    return dwi_sv_eq(a, dwi_sv_cstr(b));
}

bool dwi_sv_starts_with(dwi_sv text, dwi_sv prefix);
bool dwi_sv_ends_with(dwi_sv text, dwi_sv suffix);
/* Byte order, as object stores list. */
int dwi_sv_cmp(dwi_sv a, dwi_sv b);
/* Equal ignoring the case of ASCII letters (how Delta compares column names here). */
bool dwi_sv_eq_nocase(dwi_sv a, dwi_sv b);
/* All of `text` as a decimal integer: optional '-', digits. */
bool dwi_sv_to_i64(dwi_sv text, int64_t *out);

/* 0 to 15, or -1 if `c` is no hexadecimal digit. */
int dwi_hex_value(char c);

/* 64-bit hash; not for untrusted collisions beyond the hash table's own seed. */
uint64_t dwi_hash(const void *data, size_t len, uint64_t seed);

#endif
