/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/restore.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "delta/action_copy.h"
#include "delta/features.h"
#include "delta/file_presence.h"
#include "delta/files.h"
#include "delta/key_set.h"
#include "delta/mapping.h"
#include "delta/properties.h"
#include "delta/stats.h"
#include "delta/table_equal.h"

enum { MAX_NAMED = 5 };

/* Exact for all practical purposes: two hashes of 64 bits under independent seeds. */
typedef struct file_set {
    dwi_key_set a;
    dwi_key_set b;
} file_set;

typedef struct planner {
    dwi_restore_plan *plan;
    const dwi_log *log;
    file_set old;
    file_set now;
    dwi_buf key;
} planner;

static void file_set_init(file_set *set, const dwi_log *log)
{
    dwi_key_set_init(&set->a, log->alloc, log->env);
    dwi_key_set_init(&set->b, log->alloc, log->env);
}

static void file_set_done(file_set *set)
{
    dwi_key_set_done(&set->a);
    dwi_key_set_done(&set->b);
}

static dw_status make_key(planner *p, const dwi_add *add, dwi_sv *out, dw_error *err)
{
    dw_status status;

    dwi_buf_clear(&p->key);
    status = dwi_file_key(add->path, &add->dv, &p->key, err);
    *out = (dwi_sv){(const char *)p->key.data, p->key.len};
    return status;
}

static dw_status put_file(file_set *set, dwi_sv key, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_key_set_put(&set->a, key, NULL, err));
    DWI_TRY(dwi_key_set_put(&set->b, key, NULL, err));
done:
    return status;
}

static bool has_file(const file_set *set, dwi_sv key)
{
    return dwi_key_set_has(&set->a, key) && dwi_key_set_has(&set->b, key);
}

static dw_status note_old(void *ctx, const dwi_add *add, dw_error *err)
{
    planner *p = ctx;
    dw_status status;
    dwi_sv key;

    DWI_TRY(make_key(p, add, &key, err));
    DWI_TRY(put_file(&p->old, key, err));
    p->plan->files++;
    p->plan->bytes += add->size;
done:
    return status;
}

static bool grow(const planner *p, void **items, size_t *cap, size_t n, size_t size)
{
    size_t wanted = *cap == 0 ? 16 : *cap * 2;
    void *grown;

    if (n < *cap)
        return true;
    grown = dwi_realloc(p->log->alloc, *items, *cap * size, wanted * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *cap = wanted;
    return true;
}

static dw_status take_newer(void *ctx, const dwi_add *add, dw_error *err)
{
    planner *p = ctx;
    dwi_restore_plan *plan = p->plan;
    dwi_remove remove;
    dw_status status;
    dwi_sv key;

    DWI_TRY(make_key(p, add, &key, err));
    DWI_TRY(put_file(&p->now, key, err));
    if (has_file(&p->old, key))
        goto done;
    dwi_remove_of(add, &remove);
    if (!grow(p, (void **)&plan->removes, &plan->removes_cap, plan->n_removes, sizeof(remove)) ||
        !dwi_remove_copy(&plan->arena, &remove, &plan->removes[plan->n_removes]))
        DWI_TRY(dwi_err_nomem(err));
    plan->n_removes++;
    plan->removed_bytes += add->size;
done:
    return status;
}

static dw_status take_older(void *ctx, const dwi_add *add, dw_error *err)
{
    planner *p = ctx;
    dwi_restore_plan *plan = p->plan;
    dw_status status;
    dwi_sv key;

    DWI_TRY(make_key(p, add, &key, err));
    if (has_file(&p->now, key))
        goto done;
    if (!grow(p, (void **)&plan->adds, &plan->adds_cap, plan->n_adds, sizeof(*plan->adds)) ||
        !dwi_add_copy(&plan->arena, add, &plan->adds[plan->n_adds]))
        DWI_TRY(dwi_err_nomem(err));
    plan->n_adds++;
done:
    return status;
}

static dw_status compare_files(planner *p, const dwi_state *newest, const dwi_state *older,
                               dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_files_visit(p->log, older, (dwi_file_visitor){p, note_old, NULL}, err));
    DWI_TRY(dwi_files_visit(p->log, newest, (dwi_file_visitor){p, take_newer, NULL}, err));
    DWI_TRY(dwi_files_visit(p->log, older, (dwi_file_visitor){p, take_older, NULL}, err));
done:
    return status;
}

static bool in_file(const dwi_dv *dv)
{
    return dv->storage_type.ptr != NULL && !dwi_sv_eq_cstr(dv->storage_type, "i");
}

static dw_status tell_missing(const dwi_restore_plan *plan, const dwi_presence *files,
                              int64_t version, dw_error *err)
{
    dwi_buf names;
    int64_t named = 0;
    dw_status status;

    dwi_buf_init(&names, plan->arena.alloc);
    for (size_t i = 0; i < plan->n_adds && named < MAX_NAMED; i++)
        if (files[i].size == -1)
            dwi_buf_printf(&names, "%s%.*s", named++ == 0 ? "" : ", ", DWI_SV_ARG(files[i].path));
    status = dwi_buf_cstr(&names) == NULL
                 ? dwi_err_nomem(err)
                 : dwi_err(err, DW_E_NOT_FOUND,
                           "version %" PRId64 ": %" PRId64
                           " of its files (or their deletion vectors) are gone, as after a vacuum: "
                           "%s%s",
                           version, plan->missing, (const char *)names.data,
                           plan->missing > named ? ", ..." : "");
    dwi_buf_done(&names);
    return status;
}

/* A file whose vector is gone is of no use either. `vectors` has room for all files. */
static dw_status check_vectors(planner *p, dwi_presence *files, dwi_presence *vectors,
                               size_t threads, dw_error *err)
{
    const dwi_restore_plan *plan = p->plan;
    dw_status status;
    size_t n = 0;

    for (size_t i = 0; i < plan->n_adds; i++)
        if (in_file(&plan->adds[i].dv))
            vectors[n++] = (dwi_presence){.dv = &plan->adds[i].dv};
    DWI_TRY(dwi_presence_check(p->log, vectors, n, threads, err));
    for (size_t i = plan->n_adds; i > 0; i--)
        if (in_file(&plan->adds[i - 1].dv) && vectors[--n].size == -1)
            files[i - 1].size = -1;
done:
    return status;
}

static dw_status check_present(planner *p, int64_t version, bool ignore_missing, size_t threads,
                               dw_error *err)
{
    dwi_restore_plan *plan = p->plan;
    size_t n = plan->n_adds;
    dwi_presence *files = dwi_alloc_array(p->log->alloc, n, sizeof(*files));
    dwi_presence *vectors = dwi_alloc_array(p->log->alloc, n, sizeof(*files));
    dw_status status = DW_OK;
    size_t kept = 0;

    if (n > 0 && (files == NULL || vectors == NULL))
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < n; i++)
        files[i] = (dwi_presence){.path = plan->adds[i].path};
    DWI_TRY(dwi_presence_check(p->log, files, n, threads, err));
    DWI_TRY(check_vectors(p, files, vectors, threads, err));
    for (size_t i = 0; i < n; i++)
        plan->missing += files[i].size == -1;
    if (plan->missing > 0 && !ignore_missing)
        DWI_TRY(tell_missing(plan, files, version, err));
    for (size_t i = 0; i < n; i++) {
        if (files[i].size != -1)
            plan->adds[kept++] = plan->adds[i];
        else
            plan->missing_bytes += plan->adds[i].size;
    }
    plan->n_adds = kept;
done:
    dwi_free(p->log->alloc, files, n * sizeof(*files));
    dwi_free(p->log->alloc, vectors, n * sizeof(*vectors));
    return status;
}

static dw_status sum_up(dwi_restore_plan *plan, dw_error *err)
{
    dwi_arena scratch;
    dw_status status = DW_OK;

    dwi_arena_init(&scratch, plan->arena.alloc);
    for (size_t i = 0; i < plan->n_adds; i++) {
        int64_t rows;
        DWI_TRY(dwi_stats_num_records(&scratch, plan->adds[i].stats, &rows, err));
        plan->added_bytes += plan->adds[i].size;
        plan->added_rows += rows < 0 ? 0 : rows;
        dwi_arena_done(&scratch);
        dwi_arena_init(&scratch, plan->arena.alloc);
    }
done:
    dwi_arena_done(&scratch);
    return status;
}

/* Properties of the log, not of a version. */
static bool is_of_the_log(dwi_sv key)
{
    static const char *const keys[] = {
        "delta.enableInCommitTimestamps",
        "delta.inCommitTimestampEnablementVersion",
        "delta.inCommitTimestampEnablementTimestamp",
        "delta.requireCheckpointProtectionBeforeVersion",
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (dwi_sv_eq_nocase(key, dwi_sv_cstr(keys[i])))
            return true;
    return false;
}

static dw_status merge_properties(dwi_arena *arena, dwi_kvs now, dwi_kvs older, dwi_kvs *out,
                                  dw_error *err)
{
    static const char max_id_key[] = "delta.columnMapping.maxColumnId";
    dwi_kv *items = dwi_arena_array(arena, now.count + older.count, sizeof(*items));
    int64_t now_id = -1;
    int64_t older_id = -1;
    dw_status status = DW_OK;
    size_t n = 0;

    if (items == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < older.count; i++)
        if (!is_of_the_log(older.items[i].key))
            items[n++] = older.items[i];
    for (size_t i = 0; i < now.count; i++)
        if (is_of_the_log(now.items[i].key))
            items[n++] = now.items[i];
    *out = (dwi_kvs){n, items};
    DWI_TRY(dwi_property_i64(now, max_id_key, 0, &now_id, err));
    DWI_TRY(dwi_property_i64(older, max_id_key, 0, &older_id, err));
    if (now_id > older_id)
        DWI_TRY(dwi_mapping_set_max_id(arena, *out, now_id, out, err));
done:
    return status;
}

/* The columns that the table was clustered by, none too. */
static void plan_clustering(dwi_restore_plan *plan, const dwi_state *newest, const dwi_state *older)
{
    static const char name[] = "delta.clustering";
    const dwi_domain_metadata *now = dwi_state_domain(newest, name);
    const dwi_domain_metadata *then = dwi_state_domain(older, name);
    const dwi_domain_metadata none = {
        .domain = DWI_SV("delta.clustering"),
        .configuration = DWI_SV("{\"clusteringColumns\":[],\"domainName\":\"delta.clustering\"}")};

    if (then == NULL)
        then = now == NULL ? NULL : &none;
    if (then != NULL && (now == NULL || !dwi_sv_eq(now->configuration, then->configuration)))
        plan->domains[plan->n_domains++] = *then;
}

static dw_status plan_table(dwi_restore_plan *plan, const dwi_state *newest, const dwi_state *older,
                            dw_error *err)
{
    dw_status status;

    plan->metadata = older->metadata;
    DWI_TRY(merge_properties(&plan->arena, newest->metadata.configuration,
                             older->metadata.configuration, &plan->metadata.configuration, err));
    plan->has_metadata = !dwi_metadata_equal(&newest->metadata, &plan->metadata);
    DWI_TRY(dwi_features_merge(&plan->arena, &newest->protocol, &older->protocol, &plan->protocol,
                               &plan->has_protocol, err));
    plan_clustering(plan, newest, older);
done:
    return status;
}

dw_status dwi_restore_plan_make(dwi_restore_plan *plan, const dwi_log *log, const dwi_state *newest,
                                const dwi_state *older, bool ignore_missing, size_t threads,
                                dw_error *err)
{
    planner p = {.plan = plan, .log = log};
    dw_status status;

    *plan = (dwi_restore_plan){0};
    dwi_arena_init(&plan->arena, log->alloc);
    file_set_init(&p.old, log);
    file_set_init(&p.now, log);
    dwi_buf_init(&p.key, log->alloc);
    DWI_TRY(dwi_features_check_restore(newest, err));
    DWI_TRY(dwi_features_check_restore(older, err));
    DWI_TRY(compare_files(&p, newest, older, err));
    DWI_TRY(check_present(&p, older->version, ignore_missing, threads, err));
    DWI_TRY(sum_up(plan, err));
    DWI_TRY(plan_table(plan, newest, older, err));
done:
    dwi_buf_done(&p.key);
    file_set_done(&p.old);
    file_set_done(&p.now);
    return status;
}

void dwi_restore_plan_done(dwi_restore_plan *plan)
{
    const dwi_arena *arena = &plan->arena;

    if (arena->alloc == NULL)
        return;
    dwi_free(arena->alloc, plan->adds, plan->adds_cap * sizeof(*plan->adds));
    dwi_free(arena->alloc, plan->removes, plan->removes_cap * sizeof(*plan->removes));
    dwi_arena_done(&plan->arena);
    memset(plan, 0, sizeof(*plan));
}

bool dwi_restore_plan_is_empty(const dwi_restore_plan *plan)
{
    return plan->n_adds == 0 && plan->n_removes == 0 && !plan->has_metadata &&
           !plan->has_protocol && plan->n_domains == 0;
}
