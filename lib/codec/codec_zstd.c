/* SPDX-License-Identifier: Apache-2.0 */
/* zstd, with less effort where more does not pay: level 1 looks for repetitions at each byte,
 * though in numbers and random ids there are few, or few that save more than its entropy coder
 * does. */
#define ZSTD_STATIC_LINKING_ONLY 1 /* for the name of the parameter that keeps that coder on */

#include "codec/codec_impl.h"

#include <zstd.h>

enum { LITERALS_ALONE = 1 << 16 };

/* Parameters on top of level 1; 0: its own. A larger target length takes larger steps where no
 * repetition was found: which ones meet the next repetition depends on how long values are. */
static const struct {
    int target_length;
    int hash_log;
    int min_match;
} efforts[] = {
    [DWI_EFFORT_FULL] = {0, 0, 0},     [DWI_EFFORT_STEPS_3] = {2, 0, 0},
    [DWI_EFFORT_STEPS_6] = {5, 12, 6}, [DWI_EFFORT_STEPS_7] = {6, 12, 6},
    [DWI_EFFORT_STEPS_9] = {8, 0, 0},  [DWI_EFFORT_LITERALS] = {LITERALS_ALONE, 12, 6},
};

void dwi_zstd_free(dwi_zstd *zstd)
{
    (void)ZSTD_freeCCtx(zstd->c); /* cannot fail for contexts of ours; NULL is allowed */
    (void)ZSTD_freeDCtx(zstd->d);
}

size_t dwi_zstd_bytes(const dwi_zstd *zstd)
{
    return ZSTD_sizeof_CCtx(zstd->c) + ZSTD_sizeof_DCtx(zstd->d);
}

static bool set(ZSTD_CCtx *c, ZSTD_cParameter name, int value)
{
    return value == 0 || !ZSTD_isError(ZSTD_CCtx_setParameter(c, name, value));
}

/* False: this libzstd will not have it. */
static bool set_effort(dwi_zstd *zstd, dwi_effort effort)
{
    if (zstd->effort == effort)
        return true;
    zstd->effort = DWI_EFFORT_FULL;
    if (ZSTD_isError(ZSTD_CCtx_reset(zstd->c, ZSTD_reset_session_and_parameters)) ||
        !set(zstd->c, ZSTD_c_compressionLevel, 1) ||
        !set(zstd->c, ZSTD_c_targetLength, efforts[effort].target_length) ||
        !set(zstd->c, ZSTD_c_hashLog, efforts[effort].hash_log) ||
        !set(zstd->c, ZSTD_c_minMatch, efforts[effort].min_match) ||
        !set(zstd->c, ZSTD_c_literalCompressionMode, ZSTD_ps_enable))
        return false;
    zstd->effort = effort;
    return true;
}

dw_status dwi_zstd_compress(dwi_zstd *zstd, int level, dwi_effort effort, const void *data,
                            size_t len, dwi_buf *out, dw_error *err)
{
    size_t bound = ZSTD_compressBound(len);
    size_t n;

    if (zstd->c == NULL && (zstd->c = ZSTD_createCCtx()) == NULL)
        return dwi_err_nomem(err);
    if (ZSTD_isError(bound) || !dwi_buf_reserve(out, bound))
        return dwi_err_nomem(err);
    if (level <= 1 && level >= 0 && effort != DWI_EFFORT_FULL && set_effort(zstd, effort))
        n = ZSTD_compress2(zstd->c, out->data + out->len, bound, data, len);
    else
        n = ZSTD_compressCCtx(zstd->c, out->data + out->len, bound, data, len,
                              level == 0 ? 1 : level);
    if (ZSTD_isError(n)) /* with room for the bound, memory is all that can be missing */
        return dwi_err(err, DW_E_NOMEM, "zstd: %s", ZSTD_getErrorName(n));
    out->len += n;
    return DW_OK;
}

/* What a sample takes with an effort. */
static dw_status try_effort(dwi_zstd *zstd, dwi_effort effort, const void *data, dwi_buf *scratch,
                            size_t *out, dw_error *err)
{
    dw_status status;

    dwi_buf_clear(scratch);
    DWI_TRY(dwi_zstd_compress(zstd, 1, effort, data, DWI_EFFORT_SAMPLE, scratch, err));
    *out = scratch->len;
done:
    return status;
}

dw_status dwi_zstd_judge(dwi_zstd *zstd, const void *data, size_t len, dwi_buf *scratch,
                         dwi_effort *out, dw_error *err)
{
    dwi_effort best = DWI_EFFORT_STEPS_6;
    size_t sizes[DWI_EFFORT_LITERALS + 1] = {0};
    size_t full;
    dw_status status = DW_OK;

    *out = DWI_EFFORT_FULL;
    if (len < DWI_EFFORT_SAMPLE)
        return DW_OK;
    DWI_TRY(try_effort(zstd, DWI_EFFORT_FULL, data, scratch, &full, err));
    DWI_TRY(try_effort(zstd, DWI_EFFORT_LITERALS, data, scratch, &sizes[DWI_EFFORT_LITERALS], err));
    /* What is faster may be a little larger: the coder alone takes a third of the time. */
    if (sizes[DWI_EFFORT_LITERALS] <= full / 100 * 114) {
        *out = DWI_EFFORT_LITERALS;
        return DW_OK;
    }
    for (int i = DWI_EFFORT_STEPS_3; i <= DWI_EFFORT_STEPS_9; i++)
        DWI_TRY(try_effort(zstd, (dwi_effort)i, data, scratch, &sizes[i], err));
    for (int i = DWI_EFFORT_STEPS_7; i <= DWI_EFFORT_STEPS_9; i++)
        best = sizes[i] < sizes[best] ? (dwi_effort)i : best;
    if (sizes[best] <= full / 100 * 106)
        *out = best;
    else if (sizes[DWI_EFFORT_STEPS_3] <= full)
        *out = DWI_EFFORT_STEPS_3;
done:
    return status;
}

dw_status dwi_zstd_decompress(dwi_zstd *zstd, const void *data, size_t len, void *out,
                              size_t out_len, dw_error *err)
{
    uint8_t nothing;

    if (zstd->d == NULL && (zstd->d = ZSTD_createDCtx()) == NULL)
        return dwi_err_nomem(err);
    return ZSTD_decompressDCtx(zstd->d, out_len == 0 ? &nothing : out, out_len, data, len) ==
                   out_len
               ? DW_OK
               : DW_E_CORRUPT;
}
