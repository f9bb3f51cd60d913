/* SPDX-License-Identifier: Apache-2.0 */
/* Reading checkpoints of all kinds. */
#include "delta/checkpoint.h"

#include <stdio.h>

#include "base/alloc.h"
#include "delta/checkpoint_schema.h"
#include "delta/object_source.h"
#include "delta/path.h"
#include "delta/properties.h"

enum { BATCH_ROWS = 1024 };

/* A V2 checkpoint in JSON is held in memory as text; its files are in sidecars. */
static const int64_t max_json_bytes = INT64_C(1) << 30;

typedef dw_status action_fn(void *ctx, const dwi_action *action, dw_error *err);

typedef struct reading {
    const dwi_log *log;
    action_fn *each;
    void *ctx;
} reading;

/* Passes on all actions but sidecars, which it keeps. */
typedef struct sorting {
    action_fn *each; /* NULL: nobody wants the others */
    void *ctx;
    const dw_allocator *alloc;
    dwi_arena *arena; /* of the sidecars */
    dwi_checkpoint_sidecar *first;
    dwi_checkpoint_sidecar *last;
} sorting;

static const dwi_field *find_field(const dwi_type *type, const char *name)
{
    for (size_t i = 0; type != NULL && i < type->n_fields; i++)
        if (dwi_sv_eq_cstr(type->fields[i].name, name))
            return &type->fields[i];
    return NULL;
}

static bool has_column(const dwi_parquet_reader *reader, int column)
{
    return find_field(dwi_parquet_reader_type(reader), dwi_checkpoint_column(column)->name.ptr) !=
           NULL;
}

/* The row group may hold one of the actions asked for. */
static bool may_hold(const dwi_parquet_reader *reader, size_t row_group, unsigned columns)
{
    for (int i = 0; i < DWI_CP_COLUMNS; i++)
        if ((columns & (1u << i)) != 0 &&
            !dwi_parquet_reader_all_null(reader, row_group,
                                         dwi_sv_cstr(dwi_checkpoint_key_leaf(i))))
            return true;
    return false;
}

static dw_status give_batch(const reading *r, const dwi_column *batch, unsigned columns,
                            dw_error *err)
{
    dw_status status = DW_OK;
    const dwi_vec *view;
    dwi_arena arena;

    dwi_arena_init(&arena, r->log->alloc);
    view = dwi_column_view(batch, &arena);
    if (view == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (int64_t row = 0; row < view->length; row++) {
        dwi_action action;
        DWI_TRY(dwi_checkpoint_get_row(&arena, view, row, columns, &action, err));
        if (action.kind != DWI_ACTION_UNKNOWN)
            DWI_TRY(r->each(r->ctx, &action, err));
    }
done:
    dwi_arena_done(&arena);
    return status;
}

/* add.stats_parsed of the file, where it has statistics in no other form. */
static const dwi_field *needed_stats(const dwi_parquet_reader *reader)
{
    const dwi_field *add = find_field(dwi_parquet_reader_type(reader), "add");
    size_t n = dwi_parquet_reader_row_groups(reader);
    const dwi_field *parsed;
    size_t without = 0;

    if (add == NULL)
        return NULL;
    if (find_field(add->type, "stats") == NULL)
        without = n;
    while (without < n && dwi_parquet_reader_all_null(reader, without, DWI_SV("add.stats")))
        without++;
    parsed = find_field(add->type, "stats_parsed");
    return without == n && parsed != NULL && parsed->type->kind == DWI_STRUCT ? parsed : NULL;
}

/* Columns of the mask that the file has; row groups without any of them are left out. */
static unsigned narrow(dwi_parquet_reader *reader, unsigned columns)
{
    size_t n = dwi_parquet_reader_row_groups(reader);

    for (int i = 0; i < DWI_CP_COLUMNS; i++)
        if (!has_column(reader, i))
            columns &= ~(1u << i);
    for (size_t g = 0; g < n; g++)
        if (!may_hold(reader, g, columns))
            dwi_parquet_reader_skip(reader, g);
    return columns;
}

static dw_status read_rows(const reading *r, dwi_parquet_reader *reader, unsigned columns,
                           const char *name, dw_error *err)
{
    dwi_column batch = {0};
    const dwi_field *stats;
    const dwi_type *root;
    dw_status status = DW_OK;
    dwi_arena arena;

    dwi_arena_init(&arena, r->log->alloc);
    columns = narrow(reader, columns);
    if (columns == 0)
        goto done;
    stats = needed_stats(reader);
    root = dwi_checkpoint_root(&arena, columns, stats, stats != NULL);
    if (root == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_parquet_reader_project(reader, root, err));
    DWI_TRY(dwi_column_init(&batch, root, r->log->alloc, err));
    for (;;) {
        DWI_TRY(dwi_parquet_reader_next(reader, BATCH_ROWS, &batch, err));
        if (batch.length == 0)
            break;
        status = give_batch(r, &batch, columns, err);
        if (status == DW_E_CORRUPT)
            DWI_TRY(dwi_err_prefix(err, status, "%s", name));
        DWI_TRY(status);
    }
done:
    dwi_column_done(&batch);
    dwi_arena_done(&arena);
    return status;
}

static dw_status read_parquet(const reading *r, const char *name, int64_t size, unsigned columns,
                              dw_error *err)
{
    dwi_parquet_reader *reader = NULL;
    dwi_object_source source = {0};
    char *key = dwi_log_key(r->log, name);
    dw_status status = DW_OK;

    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_object_source_init(&source, r->log->store, r->log->alloc, key, size, err));
    DWI_TRY(dwi_parquet_reader_open(r->log->alloc, dwi_object_source_parquet(&source, name),
                                    &reader, err));
    if (columns != 0)
        DWI_TRY(read_rows(r, reader, columns, name, err));
done:
    dwi_parquet_reader_free(reader);
    dwi_object_source_done(&source);
    dwi_cstr_free(r->log->alloc, key);
    return status;
}

static unsigned kinds_of(unsigned columns)
{
    static const dwi_action_kind kinds[DWI_CP_COLUMNS] = {
        [DWI_CP_TXN] = DWI_ACTION_TXN,           [DWI_CP_ADD] = DWI_ACTION_ADD,
        [DWI_CP_REMOVE] = DWI_ACTION_REMOVE,     [DWI_CP_METADATA] = DWI_ACTION_METADATA,
        [DWI_CP_PROTOCOL] = DWI_ACTION_PROTOCOL, [DWI_CP_DOMAIN] = DWI_ACTION_DOMAIN_METADATA,
        [DWI_CP_SIDECAR] = DWI_ACTION_SIDECAR,
    };
    unsigned mask = 0;

    for (int i = 0; i < DWI_CP_COLUMNS; i++)
        if ((columns & (1u << i)) != 0)
            mask |= 1u << kinds[i];
    return mask;
}

static dw_status read_json(const reading *r, const char *name, unsigned columns, dw_error *err)
{
    const dw_range all = DW_RANGE_ALL;
    char *key = dwi_log_key(r->log, name);
    dw_status status = DW_OK;
    dwi_buf text;

    dwi_buf_init(&text, r->log->alloc);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_store_get(r->log->store, key, all, max_json_bytes, &text, err));
    DWI_TRY(dwi_log_visit_lines(r->log->alloc, (dwi_sv){(const char *)text.data, text.len}, name,
                                kinds_of(columns), r->each, r->ctx, err));
done:
    dwi_buf_done(&text);
    dwi_cstr_free(r->log->alloc, key);
    return status;
}

static bool copy_action(dwi_arena *arena, dwi_sidecar *action)
{
    dwi_kv *tags = dwi_arena_array(arena, action->tags.count, sizeof(*tags));
    bool ok = tags != NULL && dwi_arena_sv(arena, action->path, &action->path);

    for (size_t i = 0; ok && i < action->tags.count; i++) {
        const dwi_kv *tag = &action->tags.items[i];
        ok = dwi_arena_sv(arena, tag->key, &tags[i].key) &&
             (tag->value.ptr == NULL || dwi_arena_sv(arena, tag->value, &tags[i].value));
    }
    action->tags.items = tags;
    return ok;
}

/* Sidecars lie in one folder; a path with folders names the same file there. */
static dw_status keep_sidecar(sorting *s, const dwi_sidecar *action, dw_error *err)
{
    dwi_checkpoint_sidecar *kept = dwi_arena_zero(s->arena, sizeof(*kept));
    dw_status status = DW_OK;
    dwi_sv path = action->path;
    dwi_buf name;

    for (size_t i = path.len; i > 0; i--)
        if (path.ptr[i - 1] == '/') {
            path = (dwi_sv){path.ptr + i, path.len - i};
            break;
        }
    dwi_buf_init(&name, s->alloc);
    dwi_buf_append_cstr(&name, "_delta_log/_sidecars/");
    dwi_path_append_decoded(&name, path);
    if (kept == NULL || dwi_buf_cstr(&name) == NULL)
        DWI_TRY(dwi_err_nomem(err));
    kept->name = dwi_arena_cstr(s->arena, (const char *)name.data);
    kept->action = *action;
    if (kept->name == NULL || !copy_action(s->arena, &kept->action))
        DWI_TRY(dwi_err_nomem(err));
    if (s->last == NULL)
        s->first = kept;
    else
        s->last->next = kept;
    s->last = kept;
done:
    dwi_buf_done(&name);
    return status;
}

static dw_status sort_out(void *ctx, const dwi_action *action, dw_error *err)
{
    sorting *s = ctx;

    if (action->kind == DWI_ACTION_SIDECAR)
        return keep_sidecar(s, &action->u.sidecar, err);
    return s->each == NULL ? DW_OK : s->each(s->ctx, action, err);
}

static unsigned columns_of(unsigned wanted)
{
    unsigned columns = 0;

    if ((wanted & DWI_CHECKPOINT_STATE) != 0)
        columns |=
            1u << DWI_CP_TXN | 1u << DWI_CP_METADATA | 1u << DWI_CP_PROTOCOL | 1u << DWI_CP_DOMAIN;
    if ((wanted & DWI_CHECKPOINT_ADDS) != 0)
        columns |= 1u << DWI_CP_ADD;
    if ((wanted & DWI_CHECKPOINT_REMOVES) != 0)
        columns |= 1u << DWI_CP_REMOVE;
    return columns;
}

/* The checkpoint's own files, without its sidecars. */
static dw_status read_top(const dwi_log *log, const dwi_segment *segment, unsigned columns,
                          sorting *sort, dw_error *err)
{
    const reading r = {.log = log, .each = sort_out, .ctx = sort};
    char name[2 * DWI_LOG_NAME_SIZE];
    dw_status status = DW_OK;

    for (size_t i = 0; i < segment->n_checkpoint_files; i++) {
        const dwi_log_file *file = &segment->checkpoint_files[i];
        (void)snprintf(name, sizeof(name), "_delta_log/%s", file->name.ptr);
        if (segment->checkpoint_kind == DWI_CHECKPOINT_V2_JSON)
            DWI_TRY(read_json(&r, name, columns, err));
        else
            DWI_TRY(read_parquet(&r, name, file->size, columns, err));
    }
done:
    return status;
}

dw_status dwi_checkpoint_read_sidecar(
    const dwi_log *log, const dwi_checkpoint_sidecar *sidecar, unsigned wanted,
    dw_status (*each)(void *ctx, const dwi_action *action, dw_error *err), void *ctx, dw_error *err)
{
    const reading r = {.log = log, .each = each, .ctx = ctx};

    return read_parquet(&r, sidecar->name, sidecar->action.size, columns_of(wanted) & DWI_CP_FILES,
                        err);
}

dw_status dwi_checkpoint_read(const dwi_log *log, const dwi_segment *segment, unsigned wanted,
                              dw_status (*each)(void *ctx, const dwi_action *action, dw_error *err),
                              void *ctx, dw_error *err)
{
    unsigned columns = columns_of(wanted);
    dw_status status;
    dwi_arena arena;
    sorting sort = {.each = each, .ctx = ctx, .alloc = log->alloc, .arena = &arena};

    dwi_arena_init(&arena, log->alloc);
    if ((columns & DWI_CP_FILES) != 0)
        columns |= 1u << DWI_CP_SIDECAR;
    DWI_TRY(read_top(log, segment, columns, &sort, err));
    for (const dwi_checkpoint_sidecar *s = sort.first; s != NULL; s = s->next)
        DWI_TRY(dwi_checkpoint_read_sidecar(log, s, wanted, each, ctx, err));
done:
    dwi_arena_done(&arena);
    return status;
}

dw_status dwi_checkpoint_sidecars(const dwi_log *log, const dwi_segment *segment, dwi_arena *arena,
                                  dwi_checkpoint_sidecar **out, dw_error *err)
{
    sorting sort = {.alloc = log->alloc, .arena = arena};
    dw_status status;

    DWI_TRY(read_top(log, segment, 1u << DWI_CP_SIDECAR, &sort, err));
    *out = sort.first;
done:
    return status;
}

bool dwi_checkpoint_pass_over(dwi_checkpoint_trouble *trouble, dw_status status, int64_t version,
                              int64_t *before)
{
    if (!dwi_checkpoint_is_broken(status))
        return false;
    if (trouble->first.code == DW_OK)
        trouble->first = trouble->now;
    *before = version;
    return true;
}

dw_status dwi_checkpoint_settle(const dwi_checkpoint_trouble *trouble, dw_status status,
                                dw_error *err)
{
    bool broken = trouble->first.code != DW_OK;
    const dw_error *told = broken && status != DW_E_NOMEM ? &trouble->first : &trouble->now;

    if (status == DW_OK) {
        if (broken)
            dwi_logf(trouble->log->logger, DW_LOG_WARN, "%s; read without this checkpoint",
                     trouble->first.message);
        return DW_OK;
    }
    if (err != NULL)
        *err = *told;
    return told->code;
}

int64_t dwi_checkpoint_interval(const dwi_state *state)
{
    int64_t interval = 10;
    dw_error ignored = DW_ERROR_INIT;

    (void)dwi_property_i64(state->metadata.configuration, "delta.checkpointInterval", 1, &interval,
                           &ignored);
    return interval;
}

bool dwi_checkpoint_due(const dwi_state *state)
{
    int64_t newest = dwi_state_checkpoint(state);

    /* Counted from version 0 while there is none: the first one is where other writers put it. */
    if (newest < 0)
        newest = 0;
    return state->version - newest >= dwi_checkpoint_interval(state);
}
