/* SPDX-License-Identifier: Apache-2.0 */
/* Spec: apache/parquet-format README.md, "Nested Encoding". */
#include "parquet/shred.h"

#include "base/checked.h"
#include "parquet/bit_append.h"

/* The position of an entry that ended above the leaf: a null or an empty list. */
#define DEAD UINT32_MAX

void dwi_shred_init(dwi_shred_scratch *scratch, const dw_allocator *alloc)
{
    dwi_buf_init(&scratch->valid, alloc);
    dwi_buf_init(&scratch->sel, alloc);
    for (int i = 0; i < 2; i++) {
        dwi_buf_init(&scratch->pos[i], alloc);
        dwi_buf_init(&scratch->def[i], alloc);
        dwi_buf_init(&scratch->rep[i], alloc);
    }
}

void dwi_shred_done(dwi_shred_scratch *scratch)
{
    dwi_buf_done(&scratch->valid);
    dwi_buf_done(&scratch->sel);
    for (int i = 0; i < 2; i++) {
        dwi_buf_done(&scratch->pos[i]);
        dwi_buf_done(&scratch->def[i]);
        dwi_buf_done(&scratch->rep[i]);
    }
}

size_t dwi_shred_bytes(const dwi_shred_scratch *scratch)
{
    size_t n = scratch->valid.cap + scratch->sel.cap;

    for (int i = 0; i < 2; i++)
        n += scratch->pos[i].cap + scratch->def[i].cap + scratch->rep[i].cap;
    return n;
}

/* Room for `count` values of `size`; the buffers' len is not used here. */
static bool room(dwi_buf *buf, size_t count, size_t size)
{
    size_t bytes;

    dwi_buf_clear(buf);
    return dwi_size_mul(count, size, &bytes) && dwi_buf_reserve(buf, bytes + 8);
}

/* ---- a column of the rows themselves ---- */

static dw_status select_valid(dwi_shred_scratch *s, dwi_shred_slice *out, dw_error *err)
{
    size_t count = out->n_entries;
    uint32_t *sel;
    size_t n = 0;
    size_t valid = 0;

    if (!room(&s->valid, (count + 63) / 64, 8) || !room(&s->sel, count, sizeof(*sel)))
        return dwi_err_nomem(err);
    sel = (uint32_t *)(void *)s->sel.data;
    for (size_t at = 0; at < count; at += 64) {
        unsigned bits = count - at < 64 ? (unsigned)(count - at) : 64;
        uint64_t word = dwi_bits_load(out->vec->validity, out->base + (int64_t)at, bits);
        memcpy(s->valid.data + at / 8, &word, sizeof(word));
        valid += dwi_bits_count(word);
    }
    out->n_values = valid;
    if (valid == count)
        return DW_OK;
    out->valid = s->valid.data;
    out->sel = sel;
    if (valid == 0)
        return DW_OK;
    for (size_t i = 0; i < count; i++) { /* no branch to guess: written always, kept when valid */
        sel[n] = (uint32_t)i;
        n += s->valid.data[i >> 3] >> (i & 7) & 1;
    }
    return DW_OK;
}

/* A column of nulls, which has no buffers. */
static dw_status shred_void(dwi_shred_scratch *s, dwi_shred_slice *out, dw_error *err)
{
    if (!room(&s->valid, (out->n_entries + 63) / 64, 8) || !room(&s->sel, 1, sizeof(uint32_t)))
        return dwi_err_nomem(err);
    memset(s->valid.data, 0, (out->n_entries + 7) / 8);
    out->n_values = 0;
    out->valid = s->valid.data;
    out->sel = (uint32_t *)(void *)s->sel.data;
    return DW_OK;
}

static dw_status shred_flat(const dwi_pqw_leaf *leaf, const dwi_vec *rows, int64_t first,
                            size_t count, dwi_shred_scratch *s, dwi_shred_slice *out, dw_error *err)
{
    out->vec = &rows->children[leaf->steps[0].child];
    out->base = out->vec->offset + rows->offset + first;
    out->n_entries = count;
    out->n_values = count;
    if (leaf->type->kind == DWI_VOID)
        return shred_void(s, out, err);
    if (!leaf->steps[0].nullable || out->vec->validity == NULL)
        return DW_OK;
    return select_valid(s, out, err);
}

/* ---- anything nested ---- */

/* The entries so far, in one of the scratch's two sets. */
typedef struct entries {
    size_t count;
    int64_t base;
    uint32_t *pos; /* physical place is base + pos */
    uint8_t *def;
    uint8_t *rep;
} entries;

static bool take_set(dwi_shred_scratch *s, int which, size_t count, entries *out)
{
    if (!room(&s->pos[which], count, sizeof(uint32_t)) || !room(&s->def[which], count, 1) ||
        !room(&s->rep[which], count, 1))
        return false;
    out->pos = (uint32_t *)(void *)s->pos[which].data;
    out->def = s->def[which].data;
    out->rep = s->rep[which].data;
    return true;
}

/* One definition level for those that are there; the others end here. */
static void define(entries *e, const dwi_vec *vec)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->pos[i] == DEAD)
            continue;
        if (vec->type->kind != DWI_VOID &&
            (vec->validity == NULL || dwi_bit_get(vec->validity, e->base + e->pos[i])))
            e->def[i]++;
        else
            e->pos[i] = DEAD;
    }
}

static bool count_elements(const entries *e, const dwi_vec *vec, size_t *out)
{
    size_t n = 0;

    for (size_t i = 0; i < e->count; i++) {
        const int32_t *at;
        size_t more = 1; /* a null or empty list is one entry too */
        if (e->pos[i] != DEAD) {
            at = vec->offsets + e->base + e->pos[i];
            more = at[1] > at[0] ? (size_t)(at[1] - at[0]) : 1;
        }
        if (!dwi_size_add(n, more, &n))
            return false;
    }
    *out = n;
    return true;
}

/* Each list becomes its elements. `level` is the repetition level of all but the first. */
static dw_status expand(entries *e, const dwi_vec *vec, uint8_t level, dwi_shred_scratch *s,
                        int which, dw_error *err)
{
    entries out = {0};
    size_t n = 0;

    if (!count_elements(e, vec, &out.count) || !take_set(s, which, out.count, &out))
        return dwi_err_nomem(err);
    for (size_t i = 0; i < e->count; i++) {
        int32_t at = 0;
        int32_t end = 0;
        size_t first = n;
        if (e->pos[i] != DEAD) {
            at = vec->offsets[e->base + e->pos[i]];
            end = vec->offsets[e->base + e->pos[i] + 1];
        }
        if (at >= end) {
            out.pos[n] = DEAD;
            out.def[n] = e->def[i];
            out.rep[n++] = e->rep[i];
            continue;
        }
        for (; at < end; at++, n++) {
            out.pos[n] = (uint32_t)at;
            out.def[n] = (uint8_t)(e->def[i] + 1);
            out.rep[n] = level;
        }
        out.rep[first] = e->rep[i];
    }
    *e = out;
    return DW_OK;
}

/* Where the values are, from the entries that reached the leaf. */
static dw_status select_live(const entries *e, dwi_shred_scratch *s, dwi_shred_slice *out,
                             dw_error *err)
{
    uint32_t *sel;
    size_t n = 0;

    if (!room(&s->sel, e->count, sizeof(*sel)))
        return dwi_err_nomem(err);
    sel = (uint32_t *)(void *)s->sel.data;
    for (size_t i = 0; i < e->count; i++) {
        sel[n] = e->pos[i];
        n += e->pos[i] != DEAD;
    }
    out->base = e->base;
    out->n_entries = e->count;
    out->n_values = n;
    out->sel = sel;
    /* Positions ascend, so that the ends tell whether there are gaps. */
    if (n > 0 && sel[n - 1] - sel[0] + 1 == n) {
        out->base += sel[0];
        out->sel = NULL;
    }
    return DW_OK;
}

static dw_status shred_nested(const dwi_pqw_leaf *leaf, const dwi_vec *rows, int64_t first,
                              size_t count, dwi_shred_scratch *s, dwi_shred_slice *out,
                              dw_error *err)
{
    const dwi_vec *vec = rows;
    entries e = {.count = count, .base = rows->offset + first};
    uint8_t level = 0;
    int which = 0;
    dw_status status = DW_OK;

    if (!take_set(s, which, count, &e))
        return dwi_err_nomem(err);
    for (size_t i = 0; i < count; i++)
        e.pos[i] = (uint32_t)i;
    memset(e.def, 0, count);
    memset(e.rep, 0, count);
    for (size_t i = 0; i < leaf->n_steps; i++) {
        vec = &vec->children[leaf->steps[i].child];
        e.base += vec->offset;
        if (leaf->steps[i].nullable)
            define(&e, vec);
        if (!leaf->steps[i].repeated)
            continue;
        which = 1 - which;
        DWI_TRY(expand(&e, vec, ++level, s, which, err));
    }
    out->vec = vec;
    out->def = leaf->max_def > 0 ? e.def : NULL;
    out->rep = leaf->max_rep > 0 ? e.rep : NULL;
    DWI_TRY(select_live(&e, s, out, err));
    if (out->n_values == out->n_entries)
        out->def = NULL;
done:
    return status;
}

dw_status dwi_shred(const dwi_pqw_leaf *leaf, const dwi_vec *rows, int64_t first, size_t count,
                    dwi_shred_scratch *scratch, dwi_shred_slice *out, dw_error *err)
{
    memset(out, 0, sizeof(*out));
    return leaf->n_steps == 1 ? shred_flat(leaf, rows, first, count, scratch, out, err)
                              : shred_nested(leaf, rows, first, count, scratch, out, err);
}
