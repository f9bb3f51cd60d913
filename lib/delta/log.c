/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/log.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/map.h"
#include "delta/path.h"

/* A commit is held in memory as text while it is read. */
static const int64_t max_commit_bytes = INT64_C(1) << 30;

/* `path` without slashes at its ends. */
static dwi_sv trim_slashes(const char *path)
{
    dwi_sv text = dwi_sv_cstr(path);

    while (text.len > 0 && text.ptr[0] == '/') {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && text.ptr[text.len - 1] == '/')
        text.len--;
    return text;
}

dw_status dwi_log_init(dwi_log *log, dw_store *store, const char *path, const dw_allocator *alloc,
                       dwi_logger logger, dw_error *err)
{
    dwi_sv trimmed = trim_slashes(path);
    dwi_log made = {.store = store, .alloc = alloc, .logger = logger};
    dwi_buf root;
    dw_status status = DW_OK;

    made.env = dwi_store_env(store);
    dwi_buf_init(&root, alloc);
    dwi_buf_append(&root, trimmed.ptr, trimmed.len);
    if (trimmed.len > 0)
        dwi_buf_append_byte(&root, '/');
    if (dwi_buf_cstr(&root) != NULL)
        made.root = dwi_cstr_dup(alloc, (const char *)root.data);
    if (made.root == NULL)
        DWI_TRY(dwi_err_nomem(err));
    *log = made;
done:
    dwi_buf_done(&root);
    return status;
}

void dwi_log_done(dwi_log *log)
{
    if (log->alloc != NULL)
        dwi_cstr_free(log->alloc, log->root);
    memset(log, 0, sizeof(*log));
}

char *dwi_log_key(const dwi_log *log, const char *relative)
{
    dwi_buf key;
    char *copy = NULL;

    dwi_buf_init(&key, log->alloc);
    dwi_buf_append_cstr(&key, log->root);
    dwi_buf_append_cstr(&key, relative);
    if (dwi_buf_cstr(&key) != NULL)
        copy = dwi_cstr_dup(log->alloc, (const char *)key.data);
    dwi_buf_done(&key);
    return copy;
}

/* A path of an absolute form that can be compared: decoded, "file:" gone, s3a the same as s3. */
static void append_comparable(dwi_buf *out, dwi_sv path)
{
    if (dwi_sv_starts_with(path, DWI_SV("s3a://")) || dwi_sv_starts_with(path, DWI_SV("s3n://"))) {
        dwi_buf_append_cstr(out, "s3");
        path.ptr += 3;
        path.len -= 3;
    }
    dwi_path_append_normal(out, path);
}

dw_status dwi_log_data_key(const dwi_log *log, dwi_sv path, char **out, dw_error *err)
{
    dwi_sv own = dwi_sv_cstr(dwi_store_name(log->store));
    dw_status status = DW_OK;
    char *key = NULL;
    size_t skip = 0;
    dwi_buf root;
    dwi_buf text;

    dwi_buf_init(&root, log->alloc);
    dwi_buf_init(&text, log->alloc);
    if (!dwi_path_is_absolute(path)) {
        dwi_buf_append_cstr(&text, log->root);
        dwi_path_append_decoded(&text, path);
    } else {
        append_comparable(&root, own);
        if (root.len > 0 && root.data[root.len - 1] != '/')
            dwi_buf_append_byte(&root, '/');
        append_comparable(&text, path);
        skip = root.len;
    }
    DWI_TRY(dwi_buf_status(&root, err));
    if (dwi_buf_cstr(&text) == NULL)
        DWI_TRY(dwi_err_nomem(err));
    if (skip > 0 && (text.len <= skip || memcmp(text.data, root.data, skip) != 0))
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED,
                        "%.*s: absolute paths out of the table's store are "
                        "not supported",
                        DWI_SV_ARG(path)));
    key = dwi_cstr_dup(log->alloc, (const char *)text.data + skip);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    *out = key;
done:
    dwi_buf_done(&root);
    dwi_buf_done(&text);
    return status;
}

void dwi_log_commit_name(int64_t version, char out[DWI_LOG_NAME_SIZE])
{
    (void)snprintf(out, DWI_LOG_NAME_SIZE, "_delta_log/%020" PRId64 ".json", version);
}

static dw_status get_commit(const dwi_log *log, const char *name, dwi_buf *out, dw_error *err)
{
    const dw_range all = DW_RANGE_ALL;
    char *key = dwi_log_key(log, name);
    dw_status status;

    if (key == NULL)
        return dwi_err_nomem(err);
    status = dwi_store_get(log->store, key, all, max_commit_bytes, out, err);
    dwi_cstr_free(log->alloc, key);
    return status;
}

/* The next line without its end; false at the end of the text. */
static bool next_line(dwi_sv *text, dwi_sv *out)
{
    const char *end;

    if (text->len == 0)
        return false;
    end = memchr(text->ptr, '\n', text->len);
    out->ptr = text->ptr;
    out->len = end == NULL ? text->len : (size_t)(end - text->ptr);
    text->ptr += out->len + (end != NULL);
    text->len -= out->len + (end != NULL);
    return true;
}

static bool is_blank(dwi_sv line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] != ' ' && line.ptr[i] != '\t' && line.ptr[i] != '\r')
            return false;
    return true;
}

dw_status dwi_log_visit_lines(const dw_allocator *alloc, dwi_sv text, const char *what,
                              unsigned kinds,
                              dw_status (*each)(void *ctx, const dwi_action *action, dw_error *err),
                              void *ctx, dw_error *err)
{
    char where[2 * DWI_LOG_NAME_SIZE];
    dw_status status = DW_OK;
    dwi_arena arena;
    dwi_sv line;

    dwi_arena_init(&arena, alloc);
    for (int64_t number = 1; next_line(&text, &line); number++) {
        dwi_action_kind kind = dwi_action_peek(line);
        dwi_action action;
        if (is_blank(line) || (kind != DWI_ACTION_UNKNOWN && (kinds & (1u << kind)) == 0))
            continue;
        (void)snprintf(where, sizeof(where), "%.90s: line %" PRId64, what, number);
        DWI_TRY(dwi_action_parse(&arena, line, where, &action, err));
        if ((kinds & (1u << action.kind)) != 0)
            DWI_TRY(each(ctx, &action, err));
        dwi_arena_done(&arena);
    }
done:
    dwi_arena_done(&arena);
    return status;
}

dw_status dwi_log_visit_commit(const dwi_log *log, int64_t version, unsigned kinds,
                               dw_status (*each)(void *ctx, const dwi_action *action,
                                                 dw_error *err),
                               void *ctx, dw_error *err)
{
    char name[DWI_LOG_NAME_SIZE];
    dw_status status;
    dwi_buf body;

    dwi_buf_init(&body, log->alloc);
    dwi_log_commit_name(version, name);
    DWI_TRY(get_commit(log, name, &body, err));
    DWI_TRY(dwi_log_visit_lines(log->alloc, (dwi_sv){(const char *)body.data, body.len}, name,
                                kinds, each, ctx, err));
done:
    dwi_buf_done(&body);
    return status;
}

/* Parse every line into `actions`, which has room. */
static dw_status parse_lines(dwi_arena *arena, dwi_sv text, const char *name, dwi_action *actions,
                             size_t *out_n, dw_error *err)
{
    char where[2 * DWI_LOG_NAME_SIZE];
    dw_status status = DW_OK;
    size_t n = 0;
    dwi_sv line;

    for (int64_t number = 1; next_line(&text, &line); number++) {
        if (is_blank(line))
            continue;
        (void)snprintf(where, sizeof(where), "%s: line %" PRId64, name, number);
        DWI_TRY(dwi_action_parse(arena, line, where, &actions[n], err));
        n += actions[n].kind != DWI_ACTION_UNKNOWN;
    }
    *out_n = n;
done:
    return status;
}

/* All actions of a text. */
static dw_status parse_body(dwi_arena *arena, const dwi_buf *body, const char *name,
                            int64_t version, dwi_commit *out, dw_error *err)
{
    dwi_commit commit = {.version = version};
    dwi_action *actions;
    size_t n_lines = 1;
    dw_status status;

    for (size_t i = 0; i < body->len; i++)
        n_lines += body->data[i] == '\n';
    actions = dwi_arena_array(arena, n_lines, sizeof(*actions));
    if (actions == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(parse_lines(arena, (dwi_sv){(const char *)body->data, body->len}, name, actions,
                        &commit.n_actions, err));
    commit.actions = actions;
    *out = commit;
done:
    return status;
}

dw_status dwi_log_read_commit(const dwi_log *log, int64_t version, dwi_arena *arena,
                              dwi_commit *out, dw_error *err)
{
    char name[DWI_LOG_NAME_SIZE];
    dw_status status;
    dwi_buf body;

    dwi_buf_init(&body, log->alloc);
    dwi_log_commit_name(version, name);
    DWI_TRY(get_commit(log, name, &body, err));
    DWI_TRY(parse_body(arena, &body, name, version, out, err));
done:
    dwi_buf_done(&body);
    return status;
}

/* The text of a compacted file; *out_used false when there is none to be had. */
static dw_status get_compaction(const dwi_log *log, const dwi_log_file *file, char *name,
                                dwi_buf *out, bool *out_used, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status;

    (void)snprintf(name, 2 * DWI_LOG_NAME_SIZE, "_delta_log/%s", file->name.ptr);
    status = get_commit(log, name, out, &why);
    *out_used = status == DW_OK && out->len > 0;
    if (status == DW_E_NOT_FOUND || status == DW_E_CORRUPT)
        return DW_OK;
    if (status != DW_OK && err != NULL)
        *err = why;
    return status;
}

/* A file that only saves reads is not worth an error: its commits are there too. */
static dw_status forgive(const dwi_log *log, dw_status status, const dw_error *why, bool *out_used,
                         dw_error *err)
{
    *out_used = status == DW_OK;
    if (status == DW_E_CORRUPT) {
        dwi_logf(log->logger, DW_LOG_WARN, "%s; its commits are read one by one", why->message);
        return DW_OK;
    }
    if (status != DW_OK && err != NULL)
        *err = *why;
    return status;
}

/* Lines that nobody asks for are not parsed; that they are cut off shows all the same. */
static dw_status check_whole_lines(dwi_sv text, const char *name, dw_error *err)
{
    dwi_sv line;

    for (int64_t number = 1; next_line(&text, &line); number++) {
        if (is_blank(line))
            continue;
        while (is_blank((dwi_sv){line.ptr + line.len - 1, 1}))
            line.len--;
        if (line.ptr[0] != '{' || line.ptr[line.len - 1] != '}')
            return dwi_err(err, DW_E_CORRUPT, "%s: line %" PRId64 ": not a JSON object", name,
                           number);
    }
    return DW_OK;
}

/* Compacted files hold reconciled actions: of what there can be only one, one. Some writers strung
 * commits together instead, and in an order that nobody can rely on. */
typedef struct unique {
    const char *name; /* of the file */
    dwi_map seen;
    dwi_buf key;
} unique;

static void unique_init(unique *u, const dwi_log *log, const char *name)
{
    uint64_t seed;

    log->env->random(log->env->ctx, &seed, sizeof(seed));
    u->name = name;
    dwi_map_init(&u->seen, log->alloc, seed);
    dwi_buf_init(&u->key, log->alloc);
}

static void unique_done(unique *u)
{
    dwi_map_done(&u->seen);
    dwi_buf_done(&u->key);
}

/* What an action is about: its kind, and the file, application or domain. */
static dw_status make_key(const dwi_action *action, dwi_buf *key, dw_error *err)
{
    dwi_action_kind kind = action->kind == DWI_ACTION_REMOVE ? DWI_ACTION_ADD : action->kind;

    dwi_buf_clear(key);
    dwi_buf_append_byte(key, (uint8_t)kind);
    switch (action->kind) {
    case DWI_ACTION_ADD:
        return dwi_file_key(action->u.add.path, &action->u.add.dv, key, err);
    case DWI_ACTION_REMOVE:
        return dwi_file_key(action->u.remove.path, &action->u.remove.dv, key, err);
    case DWI_ACTION_TXN:
        dwi_buf_append(key, action->u.txn.app_id.ptr, action->u.txn.app_id.len);
        break;
    case DWI_ACTION_DOMAIN_METADATA:
        dwi_buf_append(key, action->u.domain.domain.ptr, action->u.domain.domain.len);
        break;
    default:
        break;
    }
    return DW_OK;
}

static dw_status check_unique(void *ctx, const dwi_action *action, dw_error *err)
{
    unique *u = ctx;
    bool added = false;
    dw_status status = DW_OK;

    if (action->kind == DWI_ACTION_UNKNOWN || action->kind >= DWI_ACTION_COMMIT_INFO)
        return DW_OK;
    DWI_TRY(make_key(action, &u->key, err));
    DWI_TRY(dwi_buf_status(&u->key, err));
    if (dwi_map_put(&u->seen, (dwi_sv){(const char *)u->key.data, u->key.len}, &added) == NULL)
        status = dwi_err_nomem(err);
    else if (!added)
        status =
            dwi_err(err, DW_E_CORRUPT, "%s: the same object twice in one compacted file", u->name);
done:
    return status;
}

dw_status dwi_log_visit_compaction(const dwi_log *log, const dwi_log_file *file, unsigned kinds,
                                   dw_status (*each)(void *ctx, const dwi_action *action,
                                                     dw_error *err),
                                   void *ctx, bool *out_used, dw_error *err)
{
    char name[2 * DWI_LOG_NAME_SIZE];
    dw_error why = DW_ERROR_INIT;
    dw_status status;
    dwi_buf body;
    unique once;
    dwi_sv text;

    dwi_buf_init(&body, log->alloc);
    unique_init(&once, log, name);
    DWI_TRY(get_compaction(log, file, name, &body, out_used, err));
    if (!*out_used)
        goto done;
    text = (dwi_sv){(const char *)body.data, body.len};
    status = check_whole_lines(text, name, &why);
    if (status == DW_OK)
        status = dwi_log_visit_lines(log->alloc, text, name, kinds, check_unique, &once, &why);
    DWI_TRY(forgive(log, status, &why, out_used, err));
    if (*out_used)
        DWI_TRY(dwi_log_visit_lines(log->alloc, text, name, kinds, each, ctx, err));
done:
    unique_done(&once);
    dwi_buf_done(&body);
    return status;
}

dw_status dwi_log_read_compaction(const dwi_log *log, const dwi_log_file *file, dwi_arena *arena,
                                  dwi_commit *out, bool *out_used, dw_error *err)
{
    char name[2 * DWI_LOG_NAME_SIZE];
    dw_error why = DW_ERROR_INIT;
    dw_status status;
    dwi_buf body;
    unique once;

    dwi_buf_init(&body, log->alloc);
    unique_init(&once, log, name);
    DWI_TRY(get_compaction(log, file, name, &body, out_used, err));
    if (!*out_used)
        goto done;
    status = parse_body(arena, &body, name, file->version, out, &why);
    for (size_t i = 0; status == DW_OK && i < out->n_actions; i++)
        status = check_unique(&once, &out->actions[i], &why);
    DWI_TRY(forgive(log, status, &why, out_used, err));
done:
    unique_done(&once);
    dwi_buf_done(&body);
    return status;
}

dw_status dwi_log_head_commit(const dwi_log *log, int64_t version, dw_object *out, dw_error *err)
{
    char name[DWI_LOG_NAME_SIZE];
    dw_status status;
    char *key;

    dwi_log_commit_name(version, name);
    key = dwi_log_key(log, name);
    if (key == NULL)
        return dwi_err_nomem(err);
    status = dwi_store_head(log->store, key, out, err);
    dwi_cstr_free(log->alloc, key);
    return status;
}

dw_status dwi_log_put_commit(const dwi_log *log, int64_t version, dw_bytes body, dw_error *err)
{
    char name[DWI_LOG_NAME_SIZE];
    dw_status status;
    char *key;

    dwi_log_commit_name(version, name);
    key = dwi_log_key(log, name);
    if (key == NULL)
        return dwi_err_nomem(err);
    status = dwi_store_put(log->store, key, body, DW_PUT_IF_ABSENT, err);
    dwi_cstr_free(log->alloc, key);
    return status;
}

dw_status dwi_log_last_checkpoint(const dwi_log *log, int64_t *out_version, dw_error *err)
{
    static const char name[] = "_delta_log/_last_checkpoint";
    const dwi_json *root = NULL;
    int64_t version = -1;
    dwi_arena arena;
    dwi_buf body;
    dw_status status;

    dwi_arena_init(&arena, log->alloc);
    dwi_buf_init(&body, log->alloc);
    DWI_TRY(get_commit(log, name, &body, err));
    DWI_TRY(dwi_json_parse(&arena, (dwi_sv){(const char *)body.data, body.len}, name, &root, err));
    if (!dwi_json_as_i64(dwi_json_get(root, "version"), &version) || version < 0)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "%s: no version", name));
    *out_version = version;
done:
    dwi_buf_done(&body);
    dwi_arena_done(&arena);
    return status;
}
