/* SPDX-License-Identifier: Apache-2.0 */
#include "table_audit.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "delta/log.h"

typedef struct auditor {
    dwt_audit result;
    dwi_log log;
    dwi_map paths;
    const char *app_id;
} auditor;

static int64_t num_records(auditor *a, dwi_sv stats)
{
    const dwi_json *json = NULL;
    dwi_arena arena;
    dw_error err;
    int64_t rows = -1;

    dwi_arena_init(&arena, a->log.alloc);
    DWT_OK(dwi_json_parse(&arena, stats, "stats", &json, &err), &err);
    assert_true(dwi_json_as_i64(dwi_json_get(json, "numRecords"), &rows));
    dwi_arena_done(&arena);
    return rows;
}

static void audit_add(auditor *a, const dwi_add *add)
{
    dw_object object = {0};
    char *key = NULL;
    dw_error err;
    bool added = false;

    DWT_OK(dwi_log_data_key(&a->log, add->path, &key, &err), &err);
    DWT_OK(dwi_store_head(a->log.store, key, &object, &err), &err);
    DWT_EQ(object.size, add->size);
    assert_non_null(dwi_map_put(&a->paths, dwi_sv_cstr(key), &added));
    if (!added)
        fail_msg("%s was added twice", add->path.ptr);
    a->result.adds++;
    a->result.bytes += add->size;
    a->result.rows += num_records(a, add->stats);
    dwi_cstr_free(a->log.alloc, key);
}

static void audit_commit(auditor *a, const dwi_commit *commit)
{
    assert_true(commit->n_actions > 0);
    DWT_EQ(commit->actions[0].kind, DWI_ACTION_COMMIT_INFO);
    for (size_t i = 0; i < commit->n_actions; i++) {
        const dwi_action *action = &commit->actions[i];
        if (action->kind == DWI_ACTION_ADD)
            audit_add(a, &action->u.add);
        if (action->kind == DWI_ACTION_METADATA)
            a->result.metadata++;
        if (action->kind == DWI_ACTION_TXN && a->app_id != NULL &&
            dwi_sv_eq_cstr(action->u.txn.app_id, a->app_id)) {
            a->result.app = action->u.txn.version;
            a->result.app_changes++;
        }
    }
}

static dw_status count_orphan(void *ctx, const dw_object *object, dw_error *err)
{
    auditor *a = ctx;
    const char *name = object->key + strlen(a->log.root);

    (void)err;
    if (strncmp(name, "_delta_log/", 11) != 0 &&
        dwi_map_find(&a->paths, dwi_sv_cstr(object->key)) == NULL)
        a->result.orphans++;
    return DW_OK;
}

dwt_audit dwt_table_audit(dw_store *store, const char *path, const char *app_id)
{
    auditor a = {.result = {.version = -1, .app = -1}, .app_id = app_id};
    dwi_commit commit;
    dw_error err;

    DWT_OK(dwi_log_init(&a.log, store, path, dwi_alloc_default(), (dwi_logger){0}, &err), &err);
    dwi_map_init(&a.paths, a.log.alloc, 1);
    for (;;) {
        dwi_arena arena;
        dw_status status;
        dwi_arena_init(&arena, a.log.alloc);
        status = dwi_log_read_commit(&a.log, a.result.version + 1, &arena, &commit, &err);
        if (status == DW_OK) {
            audit_commit(&a, &commit);
            a.result.version++;
        }
        dwi_arena_done(&arena);
        if (status == DW_E_NOT_FOUND)
            break;
        DWT_OK(status, &err);
    }
    DWT_OK(dwi_store_list(store, a.log.root, NULL, count_orphan, &a, &err), &err);
    dwi_map_done(&a.paths);
    dwi_log_done(&a.log);
    return a.result;
}
