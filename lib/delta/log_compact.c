/* SPDX-License-Identifier: Apache-2.0 */
/* Commits are walked newest first: of each file, application id and domain, and of protocol and
 * metadata, the first action met is the one that counts. Removes stay, however old: the file may
 * have been added before the range. */
#include "delta/log_compact.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/map.h"
#include "delta/features.h"

static const int64_t max_commit_bytes = INT64_C(1) << 30;

typedef struct compactor {
    const dwi_log *log;
    dwi_map seen;
    dwi_buf key;
    dwi_buf head;  /* lines of what is not a file */
    dwi_buf files; /* lines of those that are */
    dwi_compact_result result;
} compactor;

/* What the action replaces, empty for one that no snapshot has. */
static dw_status make_key(compactor *c, const dwi_action *action, dw_error *err)
{
    dwi_buf_clear(&c->key);
    dwi_buf_append_byte(&c->key, (uint8_t)('0' + action->kind));
    switch (action->kind) {
    case DWI_ACTION_ADD:
    case DWI_ACTION_REMOVE:
        c->key.data[0] = '/';
        return action->kind == DWI_ACTION_ADD
                   ? dwi_file_key(action->u.add.path, &action->u.add.dv, &c->key, err)
                   : dwi_file_key(action->u.remove.path, &action->u.remove.dv, &c->key, err);
    case DWI_ACTION_TXN:
        dwi_buf_append(&c->key, action->u.txn.app_id.ptr, action->u.txn.app_id.len);
        break;
    case DWI_ACTION_DOMAIN_METADATA:
        dwi_buf_append(&c->key, action->u.domain.domain.ptr, action->u.domain.domain.len);
        break;
    case DWI_ACTION_PROTOCOL:
    case DWI_ACTION_METADATA:
        break;
    case DWI_ACTION_UNKNOWN:
    case DWI_ACTION_COMMIT_INFO:
    case DWI_ACTION_CDC:
    case DWI_ACTION_CHECKPOINT_METADATA:
    case DWI_ACTION_SIDECAR:
        dwi_buf_clear(&c->key);
        break;
    }
    return dwi_buf_status(&c->key, err);
}

static dw_status take_line(compactor *c, dwi_arena *arena, dwi_sv line, const char *what,
                           dw_error *err)
{
    dwi_action action;
    dwi_buf *out;
    dw_status status;
    bool added;

    DWI_TRY(dwi_action_parse(arena, line, what, &action, err));
    if (!dwi_buf_reserve(&c->key, 1))
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(make_key(c, &action, err));
    if (c->key.len == 0)
        goto done;
    if (dwi_map_put(&c->seen, (dwi_sv){(const char *)c->key.data, c->key.len}, &added) == NULL)
        DWI_TRY(dwi_err_nomem(err));
    if (!added)
        goto done;
    out = c->key.data[0] == '/' ? &c->files : &c->head;
    dwi_buf_append(out, line.ptr, line.len);
    dwi_buf_append_byte(out, '\n');
    c->result.actions++;
done:
    return status;
}

/* The last line first: a commit has each key once, but nobody can be sure of others' commits. */
static dw_status take_text(compactor *c, dwi_sv text, const char *what, dw_error *err)
{
    size_t end = text.len;
    dwi_arena arena;
    dw_status status = DW_OK;

    dwi_arena_init(&arena, c->log->alloc);
    while (end > 0) {
        size_t start = end;
        while (start > 0 && text.ptr[start - 1] != '\n')
            start--;
        dwi_sv line = {text.ptr + start, end - start};
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len > 0)
            DWI_TRY(take_line(c, &arena, line, what, err));
        dwi_arena_done(&arena);
        dwi_arena_init(&arena, c->log->alloc);
        end = start > 0 ? start - 1 : 0;
    }
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status take_commit(compactor *c, int64_t version, dw_error *err)
{
    char name[DWI_LOG_NAME_SIZE];
    char *key;
    dwi_buf body;
    dw_status status;

    dwi_log_commit_name(version, name);
    dwi_buf_init(&body, c->log->alloc);
    key = dwi_log_key(c->log, name);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(
        dwi_store_get(c->log->store, key, (dw_range)DW_RANGE_ALL, max_commit_bytes, &body, err));
    DWI_TRY(take_text(c, (dwi_sv){(const char *)body.data, body.len}, name, err));
    c->result.commits++;
    c->result.commit_bytes += (int64_t)body.len;
done:
    dwi_cstr_free(c->log->alloc, key);
    dwi_buf_done(&body);
    return status;
}

/* Who compacts the same range writes the same actions, so that a file that is there may be
 * replaced. */
static dw_status put_file(compactor *c, int64_t from, int64_t to, dw_error *err)
{
    char name[96];
    char *key;
    dw_status status;

    (void)snprintf(name, sizeof(name), "_delta_log/%020" PRId64 ".%020" PRId64 ".compacted.json",
                   from, to);
    key = dwi_log_key(c->log, name);
    if (key == NULL)
        return dwi_err_nomem(err);
    dwi_buf_append(&c->head, c->files.data, c->files.len);
    DWI_TRY(dwi_buf_status(&c->files, err));
    DWI_TRY(dwi_buf_status(&c->head, err));
    c->result.bytes = (int64_t)c->head.len;
    DWI_TRY(dwi_store_put(c->log->store, key, (dw_bytes){c->head.data, c->head.len},
                          DW_PUT_OVERWRITE, err));
done:
    dwi_cstr_free(c->log->alloc, key);
    return status;
}

dw_status dwi_log_compact(const dwi_log *log, const dwi_state *newest, int64_t from, int64_t to,
                          dwi_compact_result *out, dw_error *err)
{
    compactor c = {.log = log};
    uint64_t seed = 0;
    dw_status status;

    log->env->random(log->env->ctx, &seed, sizeof(seed));
    dwi_map_init(&c.seen, log->alloc, seed);
    dwi_buf_init(&c.key, log->alloc);
    dwi_buf_init(&c.head, log->alloc);
    dwi_buf_init(&c.files, log->alloc);
    DWI_TRY(dwi_features_check_checkpoint(newest, err));
    for (int64_t version = to; version >= from; version--)
        DWI_TRY(take_commit(&c, version, err));
    DWI_TRY(put_file(&c, from, to, err));
    *out = c.result;
done:
    dwi_map_done(&c.seen);
    dwi_buf_done(&c.key);
    dwi_buf_done(&c.head);
    dwi_buf_done(&c.files);
    return status;
}
