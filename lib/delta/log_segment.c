/* SPDX-License-Identifier: Apache-2.0 */
/* From a listing of _delta_log to the files that make up one version. */
#include "delta/log.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"

typedef enum file_kind {
    FILE_OTHER = 0,
    FILE_COMMIT = 1,
    FILE_CHECKPOINT = 2,
    FILE_EMPTY = 3
} file_kind;

typedef struct listed {
    dwi_log_file file;
    file_kind kind;
    dwi_checkpoint_kind checkpoint;
    int64_t part; /* multi-part: from 1 */
    int64_t parts;
    struct listed *next;
} listed;

typedef struct listing {
    dwi_arena *arena;
    size_t skip; /* bytes of a key before the name */
    bool stopped;
    size_t n_commits;
    listed *first;
    listed **tail;
    dwi_sv empty; /* a checkpoint without a byte, which does not count; ptr NULL: none */
} listing;

static bool take_number(dwi_sv *text, size_t digits, int64_t *out)
{
    dwi_sv number = {text->ptr, digits};

    if (text->len < digits || number.ptr[0] == '-' || !dwi_sv_to_i64(number, out))
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
static void classify_checkpoint(dwi_sv rest, listed *out)
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
        out->kind = FILE_CHECKPOINT;
}

static void classify(dwi_sv name, listed *out)
{
    if (!take_number(&name, 20, &out->file.version) || !take_text(&name, DWI_SV(".")))
        return;
    if (dwi_sv_eq_cstr(name, "json"))
        out->kind = FILE_COMMIT;
    else if (take_text(&name, DWI_SV("checkpoint."))) {
        if (out->file.size > 0)
            classify_checkpoint(name, out);
        else
            out->kind = FILE_EMPTY;
    }
}

static dw_status list_one(void *ctx, const dw_object *object, dw_error *err)
{
    listing *l = ctx;
    dwi_sv name = dwi_sv_cstr(object->key + l->skip);
    listed found = {.file = {.size = object->size, .modified_ms = object->modified_ms}};
    listed *item;

    if (name.len > 0 && (unsigned char)name.ptr[0] > '9') {
        l->stopped = true; /* names of versions start with digits; the rest may be millions */
        return dwi_err(err, DW_E_CANCELLED, "_delta_log: enough was listed");
    }
    classify(name, &found);
    if (found.kind == FILE_OTHER)
        return DW_OK;
    if (found.kind == FILE_EMPTY)
        return dwi_arena_sv(l->arena, name, &l->empty) ? DW_OK : dwi_err_nomem(err);
    item = dwi_arena_zero(l->arena, sizeof(*item));
    if (item == NULL || !dwi_arena_sv(l->arena, name, &found.file.name))
        return dwi_err_nomem(err);
    *item = found;
    *l->tail = item;
    l->tail = &item->next;
    l->n_commits += item->kind == FILE_COMMIT;
    return DW_OK;
}

/* Everything from version `from` on. */
static dw_status list_log(const dwi_log *log, int64_t from, dwi_arena *arena, listing *out,
                          dw_error *err)
{
    char start[DWI_LOG_NAME_SIZE];
    char *prefix = dwi_log_key(log, "_delta_log/");
    char *after = NULL;
    dw_status status = DW_OK;

    *out = (listing){.arena = arena};
    out->tail = &out->first;
    if (prefix == NULL)
        DWI_TRY(dwi_err_nomem(err));
    out->skip = strlen(prefix);
    if (from > 0) {
        /* exclusive, but smaller than any name of that version */
        (void)snprintf(start, sizeof(start), "_delta_log/%020" PRId64 ".", from);
        after = dwi_log_key(log, start);
        if (after == NULL)
            DWI_TRY(dwi_err_nomem(err));
    }
    status = dwi_store_list(log->store, prefix, after, list_one, out, err);
    if (status == DW_E_CANCELLED && out->stopped)
        status = DW_OK;
done:
    dwi_cstr_free(log->alloc, prefix);
    dwi_cstr_free(log->alloc, after);
    return status;
}

/* All parts of the multi-part checkpoint that `first` (part 1) starts. Parts of one checkpoint
 * follow each other in byte order, but those of one with another number of parts may lie between.
 */
static dw_status take_parts(dwi_arena *arena, const listed *first, const dwi_log_file **out,
                            dw_error *err)
{
    dwi_log_file *files = NULL;
    int64_t next = 1;

    *out = NULL;
    if (first->parts < 1 || first->parts > 100000)
        return DW_OK;
    files = dwi_arena_array(arena, (size_t)first->parts, sizeof(*files));
    if (files == NULL)
        return dwi_err_nomem(err);
    for (const listed *l = first; l != NULL && l->file.version == first->file.version; l = l->next)
        if (l->checkpoint == DWI_CHECKPOINT_MULTI_PART && l->parts == first->parts &&
            l->part == next)
            files[next++ - 1] = l->file;
    if (next > first->parts)
        *out = files;
    return DW_OK;
}

/* Which of several checkpoints of one version to take: the plainest. */
static int preference(dwi_checkpoint_kind kind)
{
    switch (kind) {
    case DWI_CHECKPOINT_CLASSIC:
        return 4;
    case DWI_CHECKPOINT_V2_PARQUET:
        return 3;
    case DWI_CHECKPOINT_V2_JSON:
        return 2;
    case DWI_CHECKPOINT_MULTI_PART:
        return 1;
    case DWI_CHECKPOINT_NONE:
        break;
    }
    return 0;
}

/* The newest complete checkpoint below both limits. */
static dw_status pick_checkpoint(dwi_arena *arena, const listing *l, int64_t version,
                                 int64_t before, dwi_segment *segment, int64_t *out_oldest,
                                 dw_error *err)
{
    dw_status status = DW_OK;

    segment->checkpoint_version = -1;
    for (const listed *c = l->first; c != NULL; c = c->next) {
        const dwi_log_file *files = &c->file;
        if (c->kind != FILE_CHECKPOINT || (before >= 0 && c->file.version >= before) ||
            (c->checkpoint == DWI_CHECKPOINT_MULTI_PART && c->part != 1))
            continue;
        if (c->checkpoint == DWI_CHECKPOINT_MULTI_PART)
            DWI_TRY(take_parts(arena, c, &files, err));
        if (files == NULL)
            continue;
        if (*out_oldest < 0)
            *out_oldest = c->file.version;
        if ((version >= 0 && c->file.version > version) ||
            (c->file.version == segment->checkpoint_version &&
             preference(c->checkpoint) <= preference(segment->checkpoint_kind)))
            continue;
        segment->checkpoint_version = c->file.version;
        segment->checkpoint_kind = c->checkpoint;
        segment->checkpoint_files = files;
        segment->n_checkpoint_files = (size_t)c->parts;
    }
done:
    return status;
}

/* The commits after the checkpoint, which must follow each other. */
static dw_status pick_commits(dwi_arena *arena, const listing *l, int64_t version,
                              dwi_segment *segment, dw_error *err)
{
    dwi_log_file *commits = dwi_arena_array(arena, l->n_commits, sizeof(*commits));
    int64_t next = segment->checkpoint_version + 1;

    if (commits == NULL)
        return dwi_err_nomem(err);
    segment->version = segment->checkpoint_version;
    segment->commits = commits;
    for (const listed *c = l->first; c != NULL; c = c->next) {
        if (c->kind != FILE_COMMIT || c->file.version < next ||
            (version >= 0 && c->file.version > version))
            continue;
        if (c->file.version != next)
            return dwi_err(
                err, DW_E_CORRUPT,
                "_delta_log: version %" PRId64 " is missing, the next one is %" PRId64 "%s%s%s",
                next, c->file.version, l->empty.ptr == NULL ? "" : "; ",
                l->empty.ptr == NULL ? "" : l->empty.ptr, l->empty.ptr == NULL ? "" : " is empty");
        commits[segment->n_commits++] = c->file;
        segment->version = next++;
    }
    return DW_OK;
}

/* From a listing to the segment. *out_oldest: the oldest version that can be had, -1: none. */
static dw_status assemble(dwi_arena *arena, const listing *l, int64_t version, int64_t before,
                          dwi_segment *out, int64_t *out_oldest, dw_error *err)
{
    dw_status status;

    memset(out, 0, sizeof(*out));
    *out_oldest = -1;
    for (const listed *c = l->first; c != NULL; c = c->next)
        if (c->kind == FILE_COMMIT && c->file.version == 0)
            *out_oldest = 0;
    DWI_TRY(pick_checkpoint(arena, l, version, before, out, out_oldest, err));
    DWI_TRY(pick_commits(arena, l, version, out, err));
done:
    return status;
}

static dw_status not_found(const dwi_log *log, int64_t version, int64_t oldest, int64_t newest,
                           dw_error *err)
{
    if (newest < 0)
        return dwi_err(err, DW_E_NOT_FOUND, "not a Delta table: no commits in %s_delta_log",
                       log->root);
    return dwi_err(err, DW_E_NOT_FOUND,
                   "version %" PRId64 ": no such version; the log has %" PRId64 " to %" PRId64,
                   version, oldest, newest);
}

static int64_t newest_of(const listing *l)
{
    int64_t newest = -1;

    for (const listed *c = l->first; c != NULL; c = c->next)
        if (c->file.version > newest)
            newest = c->file.version;
    return newest;
}

/* The whole log, when the hint is missing, wrong, or too new. */
static dw_status whole_log(const dwi_log *log, int64_t version, int64_t before, dwi_arena *arena,
                           dwi_segment *out, dw_error *err)
{
    int64_t oldest = -1;
    int64_t newest;
    dw_status status;
    listing l;

    DWI_TRY(list_log(log, 0, arena, &l, err));
    newest = newest_of(&l);
    status = assemble(arena, &l, version, before, out, &oldest, err);
    if (status != DW_E_NOMEM && (version > newest || newest < 0))
        DWI_TRY(not_found(log, version, oldest, newest, err));
    if (status == DW_E_CORRUPT && version >= 0 && oldest > version)
        DWI_TRY(not_found(log, version, oldest, newest, err));
    if (status == DW_OK && version >= 0 && out->version != version)
        DWI_TRY(not_found(log, version, oldest, newest, err));
    if (status == DW_OK && out->version < 0)
        DWI_TRY(not_found(log, version, oldest, -1, err));
done:
    return status;
}

/* From the hint on; *out_found false when that does not give a segment. Then the whole listing
 * tells what is wrong, so that errors here do not count, but for memory. */
static dw_status from_hint(const dwi_log *log, int64_t version, int64_t before, dwi_arena *arena,
                           dwi_segment *out, bool *out_found, dw_error *err)
{
    dw_error ignored = DW_ERROR_INIT;
    int64_t hint = -1;
    int64_t oldest;
    dw_status status;
    listing l;

    *out_found = false;
    status = dwi_log_last_checkpoint(log, &hint, &ignored);
    if (status == DW_E_CORRUPT)
        dwi_logf(log->logger, DW_LOG_WARN, "%s; the log is listed from its start", ignored.message);
    if (status == DW_OK && ((version >= 0 && hint > version) || (before >= 0 && hint >= before)))
        return DW_OK;
    if (status == DW_OK)
        status = list_log(log, hint, arena, &l, &ignored);
    if (status == DW_OK)
        status = assemble(arena, &l, version, before, out, &oldest, &ignored);
    if (status == DW_E_NOMEM)
        return dwi_err_nomem(err);
    *out_found = status == DW_OK && out->checkpoint_version >= hint &&
                 (version < 0 || out->version == version);
    return DW_OK;
}

dw_status dwi_log_segment(const dwi_log *log, int64_t version, int64_t before_checkpoint,
                          dwi_arena *arena, dwi_segment *out, dw_error *err)
{
    dwi_segment segment;
    bool found = false;
    dw_status status;

    DWI_TRY(from_hint(log, version, before_checkpoint, arena, &segment, &found, err));
    if (!found)
        DWI_TRY(whole_log(log, version, before_checkpoint, arena, &segment, err));
    *out = segment;
done:
    return status;
}

dw_status dwi_log_list_commits(const dwi_log *log, dwi_arena *arena, size_t *out_n,
                               const dwi_log_file **out, dw_error *err)
{
    dwi_log_file *commits;
    dw_status status;
    size_t n = 0;
    listing l;

    DWI_TRY(list_log(log, 0, arena, &l, err));
    commits = dwi_arena_array(arena, l.n_commits, sizeof(*commits));
    if (commits == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (const listed *c = l.first; c != NULL; c = c->next)
        if (c->kind == FILE_COMMIT)
            commits[n++] = c->file;
    *out_n = n;
    *out = commits;
done:
    return status;
}
