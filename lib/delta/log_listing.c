/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/log_listing.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"

/* Far below the end of the type, so that nobody need fear for a version and some more. */
static const int64_t last_version = INT64_MAX / 2;

static bool take_number(dwi_sv *text, size_t digits, int64_t *out)
{
    dwi_sv number = {text->ptr, digits};

    if (text->len < digits || number.ptr[0] == '-' || number.ptr[0] == '+' ||
        !dwi_sv_to_i64(number, out))
        return false;
    text->ptr += digits;
    text->len -= digits;
    return true;
}

static bool take_text(dwi_sv *text, dwi_sv prefix)
{
    if (!dwi_sv_starts_with(*text, prefix))
        return false;
    text->ptr += prefix.len;
    text->len -= prefix.len;
    return true;
}

/* What follows "N.checkpoint." */
static void classify_checkpoint(dwi_sv rest, dwi_listed *out)
{
    dwi_sv parts = rest;

    out->part = out->parts = 1;
    if (dwi_sv_eq_cstr(rest, "parquet"))
        out->checkpoint = DWI_CHECKPOINT_CLASSIC;
    else if (take_number(&parts, 10, &out->part) && take_text(&parts, DWI_SV(".")) &&
             take_number(&parts, 10, &out->parts) && dwi_sv_eq_cstr(parts, ".parquet"))
        out->checkpoint = DWI_CHECKPOINT_MULTI_PART;
    else if (rest.len == 36 + 8 && dwi_sv_ends_with(rest, DWI_SV(".parquet")))
        out->checkpoint = DWI_CHECKPOINT_V2_PARQUET;
    else if (rest.len == 36 + 5 && dwi_sv_ends_with(rest, DWI_SV(".json")))
        out->checkpoint = DWI_CHECKPOINT_V2_JSON;
    if (out->checkpoint != DWI_CHECKPOINT_NONE)
        out->kind = out->file.size > 0 ? DWI_LISTED_CHECKPOINT : DWI_LISTED_EMPTY;
}

static bool is_compaction(dwi_sv rest, dwi_listed *out)
{
    int64_t last = -1;

    if (!take_number(&rest, 20, &last) || !dwi_sv_eq_cstr(rest, ".compacted.json"))
        return false;
    out->last = last;
    return out->file.size > 0 && last > out->file.version;
}

void dwi_log_classify(dwi_sv name, dwi_listed *out)
{
    if (!take_number(&name, 20, &out->file.version) || !take_text(&name, DWI_SV(".")) ||
        out->file.version > last_version)
        return;
    out->last = out->file.version;
    if (dwi_sv_eq_cstr(name, "json"))
        out->kind = DWI_LISTED_COMMIT;
    else if (dwi_sv_eq_cstr(name, "crc"))
        out->kind = DWI_LISTED_CRC;
    else if (take_text(&name, DWI_SV("checkpoint.")))
        classify_checkpoint(name, out);
    else if (is_compaction(name, out))
        out->kind = DWI_LISTED_COMPACTION;
}

typedef struct lister {
    dwi_arena *arena;
    size_t skip; /* bytes of a key before the name */
    dwi_listing_enough_fn *enough;
    void *ctx;
    bool stopped;
    dwi_listing listing;
    dwi_listed *last;
} lister;

static dw_status stop(lister *l, dw_error *err)
{
    l->stopped = true;
    return dwi_err(err, DW_E_CANCELLED, "_delta_log: enough was listed");
}

static dw_status list_one(void *ctx, const dw_object *object, dw_error *err)
{
    lister *l = ctx;
    dwi_sv name = dwi_sv_cstr(object->key + l->skip);
    dwi_listed found = {.file = {.size = object->size, .modified_ms = object->modified_ms}};
    dwi_listed *item;

    if (name.len > 0 && (unsigned char)name.ptr[0] > '9')
        return stop(l, err); /* names of versions start with digits; the rest may be millions */
    dwi_log_classify(name, &found);
    if (found.kind == DWI_LISTED_OTHER)
        return DW_OK;
    if (l->enough != NULL && l->enough(l->ctx, &found)) {
        l->listing.whole = false;
        return stop(l, err);
    }
    item = dwi_arena_zero(l->arena, sizeof(*item));
    if (item == NULL || !dwi_arena_sv(l->arena, name, &found.file.name))
        return dwi_err_nomem(err);
    *item = found;
    if (l->last == NULL)
        l->listing.first = item;
    else
        l->last->next = item;
    l->last = item;
    l->listing.n_commits += item->kind == DWI_LISTED_COMMIT;
    if (item->kind == DWI_LISTED_EMPTY)
        l->listing.empty = item->file.name;
    return DW_OK;
}

dw_status dwi_log_list(const dwi_log *log, int64_t from, dwi_listing_enough_fn *enough, void *ctx,
                       dwi_arena *arena, dwi_listing *out, dw_error *err)
{
    lister l = {.arena = arena, .enough = enough, .ctx = ctx, .listing = {.whole = true}};
    char start[DWI_LOG_NAME_SIZE];
    char *prefix = dwi_log_key(log, "_delta_log/");
    char *after = NULL;
    dw_status status = DW_OK;

    if (prefix == NULL)
        DWI_TRY(dwi_err_nomem(err));
    l.skip = strlen(prefix);
    if (from > 0) {
        /* exclusive, but smaller than any name of that version */
        (void)snprintf(start, sizeof(start), "_delta_log/%020" PRId64 ".", from);
        after = dwi_log_key(log, start);
        if (after == NULL)
            DWI_TRY(dwi_err_nomem(err));
    }
    status = dwi_store_list(log->store, prefix, after, list_one, &l, err);
    if (status == DW_E_CANCELLED && l.stopped)
        status = DW_OK;
    if (status == DW_OK)
        *out = l.listing;
done:
    dwi_cstr_free(log->alloc, prefix);
    dwi_cstr_free(log->alloc, after);
    return status;
}

/* Parts of one checkpoint follow each other in byte order, but those of one with another number of
 * parts may lie between. */
dw_status dwi_listed_parts(dwi_arena *arena, const dwi_listed *first, const dwi_log_file **out,
                           dw_error *err)
{
    dwi_log_file *files = NULL;
    int64_t next = 1;

    *out = first->checkpoint == DWI_CHECKPOINT_MULTI_PART ? NULL : &first->file;
    if (*out != NULL || first->part != 1 || first->parts < 1 || first->parts > 100000)
        return DW_OK;
    files = dwi_arena_array(arena, (size_t)first->parts, sizeof(*files));
    if (files == NULL)
        return dwi_err_nomem(err);
    for (const dwi_listed *l = first; l != NULL && l->file.version == first->file.version;
         l = l->next)
        if (l->kind == DWI_LISTED_CHECKPOINT && l->checkpoint == DWI_CHECKPOINT_MULTI_PART &&
            l->parts == first->parts && l->part == next)
            files[next++ - 1] = l->file;
    if (next > first->parts)
        *out = files;
    return DW_OK;
}
