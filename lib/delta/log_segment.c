/* SPDX-License-Identifier: Apache-2.0 */
/* From a listing of _delta_log to the files that make up one version. */
#include "delta/log_listing.h"

#include <inttypes.h>

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
static dw_status pick_checkpoint(dwi_arena *arena, const dwi_listing *l, int64_t version,
                                 int64_t before, dwi_segment *segment, int64_t *out_oldest,
                                 dw_error *err)
{
    dw_status status = DW_OK;

    segment->checkpoint_version = -1;
    for (const dwi_listed *c = l->first; c != NULL; c = c->next) {
        const dwi_log_file *files;
        if (c->kind != DWI_LISTED_CHECKPOINT || (before >= 0 && c->file.version >= before) ||
            c->part != 1)
            continue;
        DWI_TRY(dwi_listed_parts(arena, c, &files, err));
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

/* Most versions in a row that are looked for one by one. */
enum { MAX_UNLISTED = 1000 };

static dw_status missing(const dwi_listing *l, int64_t version, int64_t next, dw_error *err)
{
    return dwi_err(err, DW_E_CORRUPT,
                   "_delta_log: version %" PRId64 " is missing, the next one is %" PRId64 "%s%s%s",
                   version, next, l->empty.ptr == NULL ? "" : "; ",
                   l->empty.ptr == NULL ? "" : l->empty.ptr,
                   l->empty.ptr == NULL ? "" : " is empty");
}

/* A folder that is written to while it is listed may be told without some of its newest files: what
 * lies before one that is listed is there if it can be found by its name. */
static dw_status find_unlisted(const dwi_log *log, dwi_arena *arena, const dwi_listing *l,
                               int64_t version, int64_t next_listed, dwi_log_file *out,
                               dw_error *err)
{
    char name[DWI_LOG_NAME_SIZE];
    dw_object object = {0};
    dw_status status = dwi_log_head_commit(log, version, &object, err);

    if (status == DW_E_NOT_FOUND || (status == DW_OK && object.size == 0))
        return missing(l, version, next_listed, err);
    if (status != DW_OK)
        return status;
    dwi_log_commit_name(version, name);
    *out =
        (dwi_log_file){.version = version, .size = object.size, .modified_ms = object.modified_ms};
    if (!dwi_arena_sv(arena, dwi_sv_cstr(strrchr(name, '/') + 1), &out->name))
        return dwi_err_nomem(err);
    return DW_OK;
}

/* Versions of the segment that the listing lacks, up to the newest that it has. */
static int64_t count_unlisted(const dwi_listing *l, int64_t version, int64_t next)
{
    int64_t n = 0;

    for (const dwi_listed *c = l->first; c != NULL; c = c->next) {
        if (c->kind != DWI_LISTED_COMMIT || c->file.version < next ||
            (version >= 0 && c->file.version > version))
            continue;
        n += c->file.version - next;
        next = c->file.version + 1;
    }
    return n;
}

/* The commits after the checkpoint, which must follow each other. */
static dw_status pick_commits(const dwi_log *log, dwi_arena *arena, const dwi_listing *l,
                              int64_t version, dwi_segment *segment, dw_error *err)
{
    int64_t next = segment->checkpoint_version + 1;
    int64_t unlisted = count_unlisted(l, version, next);
    dwi_log_file *commits;
    dw_status status = DW_OK;

    if (unlisted > MAX_UNLISTED) /* the first one will be missing, and is told */
        unlisted = MAX_UNLISTED;
    commits = dwi_arena_array(arena, l->n_commits + (size_t)unlisted, sizeof(*commits));
    if (commits == NULL)
        return dwi_err_nomem(err);
    segment->version = segment->checkpoint_version;
    segment->commits = commits;
    for (const dwi_listed *c = l->first; c != NULL; c = c->next) {
        if (c->kind != DWI_LISTED_COMMIT || c->file.version < next ||
            (version >= 0 && c->file.version > version))
            continue;
        for (; next < c->file.version; next++) {
            if (unlisted-- <= 0)
                return missing(l, next, c->file.version, err);
            DWI_TRY(find_unlisted(log, arena, l, next, c->file.version,
                                  &commits[segment->n_commits], err));
            segment->n_commits++;
        }
        commits[segment->n_commits++] = c->file;
        segment->version = next++;
    }
done:
    return status;
}

/* The longest compaction that starts with version `first` and ends within the segment. *at moves on
 * to what is listed of that version. */
static const dwi_listed *compaction_at(const dwi_listed **at, int64_t first, int64_t last)
{
    const dwi_listed *best = NULL;

    while (*at != NULL && (*at)->file.version < first)
        *at = (*at)->next;
    for (const dwi_listed *c = *at; c != NULL && c->file.version == first; c = c->next)
        if (c->kind == DWI_LISTED_COMPACTION && c->last <= last &&
            (best == NULL || c->last > best->last))
            best = c;
    return best;
}

/* The same commits in fewer files, where compactions fit. */
static dw_status pick_steps(dwi_arena *arena, const dwi_listing *l, dwi_segment *segment,
                            dw_error *err)
{
    dwi_log_step *steps = dwi_arena_array(arena, segment->n_commits, sizeof(*steps));
    const dwi_listed *at = NULL;
    size_t i = 0;

    if (steps == NULL)
        return dwi_err_nomem(err);
    for (const dwi_listed *c = l->first; c != NULL && at == NULL; c = c->next)
        at = c->kind == DWI_LISTED_COMPACTION ? l->first : NULL;
    while (i < segment->n_commits) {
        const dwi_log_file *commit = &segment->commits[i];
        const dwi_listed *c = compaction_at(&at, commit->version, segment->version);
        dwi_log_step *step = &steps[segment->n_steps++];
        step->first = i;
        step->n_commits = 1;
        if (c != NULL) {
            step->n_commits = (size_t)(c->last - commit->version + 1);
            step->compaction = c->file;
        }
        i += step->n_commits;
    }
    segment->steps = steps;
    return DW_OK;
}

static void pick_crc(const dwi_listing *l, dwi_segment *segment)
{
    segment->crc_version = -1;
    for (const dwi_listed *c = l->first; c != NULL; c = c->next)
        if (c->kind == DWI_LISTED_CRC && c->file.version <= segment->version &&
            c->file.version >= segment->checkpoint_version)
            segment->crc_version = c->file.version;
}

/* From a listing to the segment. *out_oldest: the oldest version that can be had, -1: none. */
static dw_status assemble(const dwi_log *log, dwi_arena *arena, const dwi_listing *l,
                          int64_t version, int64_t before, dwi_segment *out, int64_t *out_oldest,
                          dw_error *err)
{
    dw_status status;

    memset(out, 0, sizeof(*out));
    *out_oldest = -1;
    for (const dwi_listed *c = l->first; c != NULL; c = c->next)
        if (c->kind == DWI_LISTED_COMMIT && c->file.version == 0)
            *out_oldest = 0;
    DWI_TRY(pick_checkpoint(arena, l, version, before, out, out_oldest, err));
    DWI_TRY(pick_commits(log, arena, l, version, out, err));
    DWI_TRY(pick_steps(arena, l, out, err));
    pick_crc(l, out);
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

static int64_t newest_of(const dwi_listing *l)
{
    int64_t newest = -1;

    for (const dwi_listed *c = l->first; c != NULL; c = c->next)
        if ((c->kind == DWI_LISTED_COMMIT || c->kind == DWI_LISTED_CHECKPOINT) &&
            c->file.version > newest)
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
    dwi_listing l;

    DWI_TRY(dwi_log_list(log, 0, NULL, NULL, arena, &l, err));
    newest = newest_of(&l);
    status = assemble(log, arena, &l, version, before, out, &oldest, err);
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
    dwi_listing l;

    *out_found = false;
    status = dwi_log_last_checkpoint(log, &hint, &ignored);
    if (status == DW_E_CORRUPT)
        dwi_logf(log->logger, DW_LOG_WARN, "%s; the log is listed from its start", ignored.message);
    if (status == DW_OK && ((version >= 0 && hint > version) || (before >= 0 && hint >= before)))
        return DW_OK;
    if (status == DW_OK)
        status = dwi_log_list(log, hint, NULL, NULL, arena, &l, &ignored);
    if (status == DW_OK)
        status = assemble(log, arena, &l, version, before, out, &oldest, &ignored);
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
    dwi_listing l;

    DWI_TRY(dwi_log_list(log, 0, NULL, NULL, arena, &l, err));
    commits = dwi_arena_array(arena, l.n_commits, sizeof(*commits));
    if (commits == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (const dwi_listed *c = l.first; c != NULL; c = c->next)
        if (c->kind == DWI_LISTED_COMMIT)
            commits[n++] = c->file;
    *out_n = n;
    *out = commits;
done:
    return status;
}
