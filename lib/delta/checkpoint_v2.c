/* SPDX-License-Identifier: Apache-2.0 */
/* V2 checkpoints: a small main file, and sidecars that hold the files' actions. Invariants:
 * 1. A sidecar of the checkpoint before is named again only when the commits since mention none of
 *    its files; else it is written anew without these.
 * 2. Sidecars are complete and visible before the main file is; a crash leaves sidecars that
 *    nothing names, which log cleanup removes.
 * 3. The numbers of the adds in sidecars add up to those of the checksum file, if there is one.
 *
 * New sidecars take up smaller, younger ones as they come (the youngest is the last), so that their
 * number is the logarithm of that of the files, and each action is copied as often at the most.
 * Those of half the full size stay. What a sidecar holds stands in its tags.
 * Spec: Delta PROTOCOL.md, "V2 Spec", "Sidecar Files". */
#include "delta/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "delta/checkpoint_out.h"
#include "delta/features.h"
#include "delta/files.h"
#include "json/json_writer.h"

enum {
    FULL_ROWS = 50000,   /* of a sidecar */
    MAX_JSON_ROWS = 500, /* a main file with more is Parquet */
    CLASSIC_EVERY = 10,  /* of so many main files one has a name that all readers look for */
    MAX_HINT_SIDECARS = 30
};

typedef dw_status action_fn(void *ctx, const dwi_action *action, dw_error *err);

static const char tag_adds[] = "deltawrite.adds";
static const char tag_removes[] = "deltawrite.removes";
static const char tag_removed[] = "deltawrite.lastRemove";
static const char tag_bytes[] = "deltawrite.addBytes";
static const char tag_vectors[] = "deltawrite.deletionVectors";
static const char tag_deleted[] = "deltawrite.deletedRows";

/* What one sidecar holds. */
typedef struct content {
    dwi_file_counts counts;
    int64_t removes;
    int64_t removed_ms; /* time of the last of the removes */
} content;

typedef struct part {
    dwi_sidecar action;                /* texts live in the writer's arena */
    const dwi_checkpoint_sidecar *old; /* NULL: it is new */
    content content;
    bool counted;
    bool dropped; /* its rows are written anew */
} part;

typedef struct parts {
    size_t n;
    size_t cap;
    part *items;
} parts;

typedef struct v2_writer {
    dwi_checkpoint_job *job;
    dwi_arena arena;
    dwi_tail tail;
    dwi_buf key;
    parts old; /* of the checkpoint before */
    parts made;
    dwi_checkpoint_out out; /* the open sidecar; log NULL: none is */
    char name[DWI_LOG_NAME_SIZE + DWI_UUID_TEXT];
    content content; /* of the open one */
    /* Of the old sidecar that is looked through. */
    content found;
    size_t hits; /* actions of files that the tail mentions */
    int64_t main_rows;
    dwi_buf main; /* main file in JSON */
} v2_writer;

bool dwi_checkpoint_is_v2(const dwi_state *state)
{
    return dwi_sv_eq_nocase(dwi_state_property(state, "delta.checkpointPolicy"), DWI_SV("v2")) &&
           dwi_features_has_writer(&state->protocol, "v2Checkpoint");
}

static dw_status add_part(dwi_arena *arena, parts *list, const part *added, dw_error *err)
{
    size_t cap = list->cap == 0 ? 16 : 2 * list->cap;

    if (list->n == list->cap) {
        part *grown = dwi_arena_array(arena, cap, sizeof(*grown));
        if (grown == NULL)
            return dwi_err_nomem(err);
        if (list->n > 0)
            memcpy(grown, list->items, list->n * sizeof(*grown));
        list->items = grown;
        list->cap = cap;
    }
    list->items[list->n++] = *added;
    return DW_OK;
}

static bool put_tag(dwi_arena *arena, dwi_kv *tag, const char *key, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    tag->key = dwi_sv_cstr(key);
    return dwi_arena_sv(arena, dwi_sv_cstr(text), &tag->value);
}

static dw_status tag_content(v2_writer *w, part *p, dw_error *err)
{
    dwi_kv *tags = dwi_arena_array(&w->arena, 6, sizeof(*tags));

    if (tags == NULL || !put_tag(&w->arena, &tags[0], tag_adds, p->content.counts.files) ||
        !put_tag(&w->arena, &tags[1], tag_removes, p->content.removes) ||
        !put_tag(&w->arena, &tags[2], tag_bytes, p->content.counts.bytes) ||
        !put_tag(&w->arena, &tags[3], tag_vectors, p->content.counts.vectors) ||
        !put_tag(&w->arena, &tags[4], tag_deleted, p->content.counts.deleted_rows) ||
        !put_tag(&w->arena, &tags[5], tag_removed, p->content.removed_ms))
        return dwi_err_nomem(err);
    p->action.has_tags = true;
    p->action.tags = (dwi_kvs){6, tags};
    p->counted = true;
    return DW_OK;
}

static bool get_tag(dwi_kvs tags, const char *key, int64_t *out)
{
    for (size_t i = 0; i < tags.count; i++)
        if (dwi_sv_eq_cstr(tags.items[i].key, key))
            return tags.items[i].value.ptr != NULL && dwi_sv_to_i64(tags.items[i].value, out) &&
                   *out >= 0;
    return false;
}

static bool read_tags(dwi_kvs tags, content *out)
{
    return get_tag(tags, tag_adds, &out->counts.files) &&
           get_tag(tags, tag_removes, &out->removes) &&
           get_tag(tags, tag_bytes, &out->counts.bytes) &&
           get_tag(tags, tag_vectors, &out->counts.vectors) &&
           get_tag(tags, tag_deleted, &out->counts.deleted_rows) &&
           get_tag(tags, tag_removed, &out->removed_ms);
}

static dw_status finish_sidecar(v2_writer *w, dw_error *err)
{
    part made = {.content = w->content};
    dw_status status = DW_OK;

    if (w->out.log == NULL)
        return DW_OK;
    DWI_TRY(dwi_checkpoint_out_close(&w->out, err));
    made.action.size = w->out.bytes;
    DWI_TRY(dwi_checkpoint_out_publish(&w->out, err));
    made.action.modification_time = dwi_now_ms(w->job->log->env);
    if (!dwi_arena_sv(&w->arena, dwi_sv_cstr(w->name), &made.action.path))
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(tag_content(w, &made, err));
    DWI_TRY(add_part(&w->arena, &w->made, &made, err));
    dwi_checkpoint_out_done(&w->out);
done:
    return status;
}

static dw_status begin_sidecar(v2_writer *w, dw_error *err)
{
    char name[2 * DWI_LOG_NAME_SIZE + DWI_UUID_TEXT];
    char uuid[DWI_UUID_TEXT + 1];

    dwi_uuid(w->job->log->env, uuid);
    (void)snprintf(w->name, sizeof(w->name), "%s.parquet", uuid);
    (void)snprintf(name, sizeof(name), "_delta_log/_sidecars/%s", w->name);
    w->content = (content){0};
    return dwi_checkpoint_out_begin(&w->out, w->job, name, DWI_CP_FILES, err);
}

static dw_status put_row(v2_writer *w, const dwi_action *action, dw_error *err)
{
    dw_status status;

    if (w->out.log != NULL && w->out.rows >= FULL_ROWS)
        DWI_TRY(finish_sidecar(w, err));
    if (w->out.log == NULL)
        DWI_TRY(begin_sidecar(w, err));
    DWI_TRY(dwi_checkpoint_out_put(&w->out, action, err));
done:
    return status;
}

static dw_status put_file(void *ctx, const dwi_add *add, dw_error *err)
{
    const dwi_action action = {.kind = DWI_ACTION_ADD, .u.add = *add};
    v2_writer *w = ctx;
    dw_status status;

    DWI_TRY(put_row(w, &action, err));
    DWI_TRY(dwi_checkpoint_count_add(&w->content.counts, add, err));
done:
    return status;
}

static void count_remove(content *c, const dwi_remove *remove)
{
    c->removes++;
    if (remove->deletion_timestamp > c->removed_ms)
        c->removed_ms = remove->deletion_timestamp;
}

static dw_status put_tombstone(void *ctx, const dwi_remove *remove, dw_error *err)
{
    const dwi_action action = {.kind = DWI_ACTION_REMOVE, .u.remove = *remove};
    v2_writer *w = ctx;
    dw_status status = DW_OK;

    if (dwi_checkpoint_is_expired(w->job, remove))
        return DW_OK;
    DWI_TRY(put_row(w, &action, err));
    count_remove(&w->content, remove);
done:
    return status;
}

static dw_status look_at(void *ctx, const dwi_action *action, dw_error *err)
{
    v2_writer *w = ctx;
    dw_status status = DW_OK;
    bool mentioned;

    if (action->kind == DWI_ACTION_REMOVE)
        count_remove(&w->found, &action->u.remove);
    else
        DWI_TRY(dwi_checkpoint_count_add(&w->found.counts, &action->u.add, err));
    DWI_TRY(dwi_tail_has(&w->tail, action, &w->key, &mentioned, err));
    w->hits += mentioned;
done:
    return status;
}

static dw_status copy_row(void *ctx, const dwi_action *action, dw_error *err)
{
    v2_writer *w = ctx;
    dw_status status;
    bool mentioned;

    DWI_TRY(dwi_tail_has(&w->tail, action, &w->key, &mentioned, err));
    if (mentioned)
        goto done;
    if (action->kind == DWI_ACTION_ADD)
        DWI_TRY(put_file(w, &action->u.add, err));
    else
        DWI_TRY(put_tombstone(w, &action->u.remove, err));
done:
    return status;
}

/* Finds the sidecars with files that the tail mentions, youngest first, until all that may be in
 * one are found. Sidecars of others are counted at the same time. */
static dw_status look_through(v2_writer *w, dw_error *err)
{
    size_t left = w->tail.n_doubtful;
    dw_status status = DW_OK;

    for (size_t i = w->old.n; i > 0; i--) {
        part *p = &w->old.items[i - 1];
        if (p->counted && left == 0)
            continue;
        w->found = (content){0};
        w->hits = 0;
        DWI_TRY(dwi_checkpoint_read_sidecar(
            w->job->log, p->old, DWI_CHECKPOINT_ADDS | DWI_CHECKPOINT_REMOVES, look_at, w, err));
        p->content = w->found;
        if (!p->counted)
            DWI_TRY(tag_content(w, p, err));
        p->dropped = w->hits > 0;
        left -= w->hits < left ? w->hits : left;
    }
done:
    return status;
}

static int64_t rows_of(const content *c)
{
    return c->counts.files + c->removes;
}

/* A good part of it is tombstones that nobody needs any more. */
static bool is_worn(const v2_writer *w, const content *c)
{
    return c->removes > 0 && c->removes >= rows_of(c) / 4 &&
           c->removed_ms <= w->job->remove_cutoff_ms;
}

/* Which of the sidecars that could stay are taken up by the new one: those that are worn, and the
 * youngest, as long as they are not larger than all that comes into it. */
static void choose_merges(v2_writer *w)
{
    int64_t rows = w->out.rows;

    for (size_t i = 0; i < w->made.n; i++)
        rows += rows_of(&w->made.items[i].content);
    for (size_t i = 0; i < w->old.n; i++) {
        part *p = &w->old.items[i];
        p->dropped = p->dropped || is_worn(w, &p->content);
        rows += p->dropped ? rows_of(&p->content) : 0;
    }
    for (size_t i = w->old.n; i > 0 && rows > 0; i--) {
        part *p = &w->old.items[i - 1];
        int64_t own = rows_of(&p->content);
        if (p->dropped)
            continue;
        if (own > rows || own >= FULL_ROWS / 2)
            break;
        p->dropped = true;
        rows += own;
    }
}

/* Every sidecar that is to be named again must be there, with the bytes that it had. */
typedef struct census {
    v2_writer *w;
    size_t skip;
    dwi_map sizes; /* name to its part; those met are removed */
} census;

static dw_status meet(void *ctx, const dw_object *object, dw_error *err)
{
    census *c = ctx;
    dwi_sv name = dwi_sv_cstr(object->key + c->skip);
    dwi_map_entry *entry = dwi_map_find(&c->sizes, name);
    const part *p = entry == NULL ? NULL : entry->value;

    (void)err;
    if (p != NULL && (p->action.size < 0 || p->action.size == object->size))
        dwi_map_remove(&c->sizes, name);
    return DW_OK;
}

static dw_status check_there(v2_writer *w, dw_error *err)
{
    const size_t folder = strlen("_delta_log/_sidecars/");
    char *prefix = dwi_log_key(w->job->log, "_delta_log/_sidecars/");
    census c = {.w = w};
    dw_status status = DW_OK;

    dwi_map_init(&c.sizes, w->job->log->alloc, 1);
    if (prefix == NULL)
        DWI_TRY(dwi_err_nomem(err));
    c.skip = strlen(prefix);
    for (size_t i = 0; i < w->old.n; i++) {
        part *p = &w->old.items[i];
        dwi_map_entry *entry = dwi_map_put(&c.sizes, dwi_sv_cstr(p->old->name + folder), NULL);
        if (entry == NULL)
            DWI_TRY(dwi_err_nomem(err));
        entry->value = p;
    }
    DWI_TRY(dwi_store_list(w->job->log->store, prefix, NULL, meet, &c, err));
    if (c.sizes.live > 0)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                        "_delta_log/_sidecars: %zu sidecars of the last checkpoint are missing or "
                        "have another size",
                        c.sizes.live));
done:
    dwi_map_done(&c.sizes);
    dwi_cstr_free(w->job->log->alloc, prefix);
    return status;
}

/* Sidecars out of those of the checkpoint before; *out_done false when it has none. */
static dw_status continue_sidecars(v2_writer *w, const dwi_segment *segment, bool *out_done,
                                   dw_error *err)
{
    const dwi_file_visitor visitor = {w, put_file, put_tombstone};
    dwi_checkpoint_sidecar *old = NULL;
    dw_status status = DW_OK;

    *out_done = false;
    if (segment->checkpoint_version < 0)
        return DW_OK;
    DWI_TRY(dwi_checkpoint_sidecars(w->job->log, segment, &w->arena, &old, err));
    if (old == NULL)
        goto done;
    for (; old != NULL; old = old->next) {
        part p = {.action = old->action, .old = old};
        p.counted = p.action.has_tags && read_tags(p.action.tags, &p.content);
        DWI_TRY(add_part(&w->arena, &w->old, &p, err));
    }
    DWI_TRY(check_there(w, err));
    DWI_TRY(dwi_tail_visit(&w->tail, w->job->log, segment, visitor, err));
    DWI_TRY(look_through(w, err));
    choose_merges(w);
    for (size_t i = 0; i < w->old.n; i++)
        if (w->old.items[i].dropped)
            DWI_TRY(dwi_checkpoint_read_sidecar(w->job->log, w->old.items[i].old,
                                                DWI_CHECKPOINT_ADDS | DWI_CHECKPOINT_REMOVES,
                                                copy_row, w, err));
    DWI_TRY(finish_sidecar(w, err));
    *out_done = true;
done:
    return status;
}

/* All sidecars anew, by a whole replay. */
static dw_status new_sidecars(v2_writer *w, dw_error *err)
{
    const dwi_file_visitor visitor = {w, put_file, put_tombstone};
    dw_status status;

    dwi_checkpoint_out_done(&w->out); /* what a broken checkpoint before left */
    w->old = (parts){0};
    w->made = (parts){0};
    DWI_TRY(dwi_files_visit(w->job->log, w->job->state, visitor, err));
    DWI_TRY(finish_sidecar(w, err));
done:
    return status;
}

/* The order of age, as choose_merges() wants it next time. */
static dw_status each_main(v2_writer *w, action_fn *put, void *ctx, dw_error *err)
{
    dwi_action action = {.kind = DWI_ACTION_CHECKPOINT_METADATA};
    dw_status status;

    action.u.manifest.version = w->job->state->version;
    DWI_TRY(put(ctx, &action, err));
    DWI_TRY(dwi_checkpoint_each_state(w->job, put, ctx, err));
    action.kind = DWI_ACTION_SIDECAR;
    for (size_t i = 0; i < w->old.n; i++) {
        action.u.sidecar = w->old.items[i].action;
        if (!w->old.items[i].dropped)
            DWI_TRY(put(ctx, &action, err));
    }
    for (size_t i = 0; i < w->made.n; i++) {
        action.u.sidecar = w->made.items[i].action;
        DWI_TRY(put(ctx, &action, err));
    }
done:
    return status;
}

static void sum_up(v2_writer *w)
{
    dwi_checkpoint_job *job = w->job;

    for (size_t i = 0; i < w->old.n + w->made.n; i++) {
        const part *p = i < w->old.n ? &w->old.items[i] : &w->made.items[i - w->old.n];
        if (p->dropped)
            continue;
        job->counts.files += p->content.counts.files;
        job->counts.bytes += p->content.counts.bytes;
        job->counts.vectors += p->content.counts.vectors;
        job->counts.deleted_rows += p->content.counts.deleted_rows;
        job->actions += rows_of(&p->content);
        job->bytes += p->action.size;
    }
}

static dw_status count_main(void *ctx, const dwi_action *action, dw_error *err)
{
    v2_writer *w = ctx;

    (void)action;
    (void)err;
    w->main_rows++;
    return DW_OK;
}

static dw_status append_main(void *ctx, const dwi_action *action, dw_error *err)
{
    v2_writer *w = ctx;

    dwi_action_append(&w->main, action);
    return dwi_buf_status(&w->main, err);
}

static dw_status put_main(void *ctx, const dwi_action *action, dw_error *err)
{
    v2_writer *w = ctx;

    return dwi_checkpoint_out_put(&w->out, action, err);
}

static dw_status write_json(v2_writer *w, const char *name, int64_t *out_bytes, dw_error *err)
{
    char *key = dwi_log_key(w->job->log, name);
    dw_status status = DW_OK;

    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(each_main(w, append_main, w, err));
    DWI_TRY(dwi_store_put(w->job->log->store, key, (dw_bytes){w->main.data, w->main.len},
                          DW_PUT_OVERWRITE, err));
    *out_bytes = (int64_t)w->main.len;
done:
    dwi_cstr_free(w->job->log->alloc, key);
    return status;
}

static dw_status write_parquet(v2_writer *w, const char *name, int64_t *out_bytes, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_checkpoint_out_begin(&w->out, w->job, name, DWI_CP_MAIN, err));
    DWI_TRY(each_main(w, put_main, w, err));
    DWI_TRY(dwi_checkpoint_out_close(&w->out, err));
    *out_bytes = w->out.bytes;
    DWI_TRY(dwi_checkpoint_out_publish(&w->out, err));
done:
    dwi_checkpoint_out_done(&w->out);
    return status;
}

static void hint_sidecars(const v2_writer *w, dwi_jw *json)
{
    dwi_jw_key(json, DWI_SV("sidecarFiles"));
    dwi_jw_array_begin(json);
    for (size_t i = 0; i < w->old.n + w->made.n; i++) {
        const part *p = i < w->old.n ? &w->old.items[i] : &w->made.items[i - w->old.n];
        if (p->dropped)
            continue;
        dwi_jw_object_begin(json);
        dwi_jw_kv_string(json, "path", p->action.path);
        dwi_jw_kv_i64(json, "sizeInBytes", p->action.size);
        dwi_jw_kv_i64(json, "modificationTime", p->action.modification_time);
        dwi_jw_object_end(json);
    }
    dwi_jw_array_end(json);
}

/* _last_checkpoint names the main file, so that readers need no listing to find it. */
static void write_hint(const v2_writer *w, const char *name, int64_t bytes)
{
    dwi_jw json;

    dwi_jw_init(&json, &w->job->hint);
    dwi_buf_append_byte(&w->job->hint, ',');
    dwi_jw_key(&json, DWI_SV("v2Checkpoint"));
    dwi_jw_object_begin(&json);
    dwi_jw_kv_cstr(&json, "path", name + strlen("_delta_log/"));
    dwi_jw_kv_i64(&json, "sizeInBytes", bytes);
    dwi_jw_kv_i64(&json, "modificationTime", dwi_now_ms(w->job->log->env));
    if (w->old.n + w->made.n <= MAX_HINT_SIDECARS)
        hint_sidecars(w, &json);
    dwi_jw_object_end(&json);
}

/* By its version every tenth one has the name of a classic checkpoint: clients that do not know V2
 * find it, and see by its protocol that they cannot read the table. */
static void name_main(v2_writer *w, char *out, size_t size, bool *out_json)
{
    int64_t version = w->job->state->version;
    int64_t interval = dwi_checkpoint_interval(w->job->state);
    char uuid[DWI_UUID_TEXT + 1];

    dwi_uuid(w->job->log->env, uuid);
    *out_json = version / interval % CLASSIC_EVERY != 0 && w->main_rows <= MAX_JSON_ROWS;
    if (version / interval % CLASSIC_EVERY == 0)
        (void)snprintf(out, size, "_delta_log/%020" PRId64 ".checkpoint.parquet", version);
    else
        (void)snprintf(out, size, "_delta_log/%020" PRId64 ".checkpoint.%s.%s", version, uuid,
                       *out_json ? "json" : "parquet");
}

static dw_status write_main(v2_writer *w, dw_error *err)
{
    char name[2 * DWI_LOG_NAME_SIZE + DWI_UUID_TEXT];
    dwi_checkpoint_job *job = w->job;
    int64_t bytes = 0;
    dw_status status;
    bool is_json;

    sum_up(w);
    DWI_TRY(dwi_checkpoint_check_counts(job, err));
    DWI_TRY(each_main(w, count_main, w, err));
    name_main(w, name, sizeof(name), &is_json);
    if (is_json)
        DWI_TRY(write_json(w, name, &bytes, err));
    else
        DWI_TRY(write_parquet(w, name, &bytes, err));
    job->actions += w->main_rows;
    job->bytes += bytes;
    write_hint(w, name, bytes);
done:
    return status;
}

/* The checkpoint that this one follows, which is there already when it is of the same version. */
static dw_status write_sidecars(v2_writer *w, bool *out_there, dw_error *err)
{
    const dwi_state *state = w->job->state;
    int64_t before = __atomic_load_n(&state->before_checkpoint, __ATOMIC_RELAXED);
    dw_error why = DW_ERROR_INIT;
    dwi_segment segment;
    dw_status status;
    bool done = false;

    DWI_TRY(dwi_log_segment(w->job->log, state->version, before, &w->arena, &segment, err));
    *out_there = segment.checkpoint_version == state->version;
    if (*out_there)
        goto done;
    status = continue_sidecars(w, &segment, &done, &why);
    if (dwi_checkpoint_is_broken(status))
        dwi_logf(w->job->log->logger, DW_LOG_WARN, "%s; all sidecars are written anew",
                 why.message);
    else if (status != DW_OK && err != NULL)
        *err = why;
    if (!dwi_checkpoint_is_broken(status))
        DWI_TRY(status);
    if (!done)
        DWI_TRY(new_sidecars(w, err));
done:
    return status;
}

dw_status dwi_checkpoint_write_v2(dwi_checkpoint_job *job, dw_error *err)
{
    v2_writer w = {.job = job};
    dw_status status;
    bool there;

    dwi_arena_init(&w.arena, job->log->alloc);
    dwi_buf_init(&w.key, job->log->alloc);
    dwi_buf_init(&w.main, job->log->alloc);
    dwi_tail_init(&w.tail, job->log);
    DWI_TRY(write_sidecars(&w, &there, err));
    if (!there)
        DWI_TRY(write_main(&w, err));
done:
    dwi_checkpoint_out_done(&w.out);
    dwi_tail_done(&w.tail);
    dwi_buf_done(&w.main);
    dwi_buf_done(&w.key);
    dwi_arena_done(&w.arena);
    return status;
}
