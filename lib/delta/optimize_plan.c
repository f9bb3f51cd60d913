/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/optimize_plan.h"

#include <stdlib.h>

#include "base/checked.h"
#include "delta/action_copy.h"
#include "delta/file_layout.h"
#include "delta/stats.h"

typedef struct candidate {
    dwi_add add;
    int64_t rows; /* that are left, -1: not known */
    bool worn;
    struct candidate *next;
} candidate;

typedef struct partition {
    dwi_kvs values;
    candidate *first; /* newest first, as they came */
    size_t n;
} partition;

/* Names of the partition columns in partitionValues, in the order of the table. */
static dw_status name_partitions(dwi_plan *plan, const dwi_state *state, dw_error *err)
{
    dwi_file_layout layout;
    dwi_sv *keys;
    dw_status status;

    DWI_TRY(dwi_file_layout_init(&layout, &plan->arena, state, state->schema->root, err));
    keys = dwi_arena_array(&plan->arena, layout.n_partitions, sizeof(*keys));
    if (keys == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < layout.n_partitions; i++)
        if (!dwi_arena_sv(&plan->arena, layout.partitions[i].physical, &keys[i]))
            return dwi_err_nomem(err);
    plan->partition_keys = (dwi_svs){layout.n_partitions, keys};
done:
    return status;
}

dw_status dwi_plan_init(dwi_plan *plan, const dwi_log *log, const dwi_state *state,
                        const dwi_plan_rules *rules, dw_error *err)
{
    uint64_t seed = 0;

    *plan = (dwi_plan){.alloc = log->alloc, .rules = *rules};
    log->env->random(log->env->ctx, &seed, sizeof(seed));
    dwi_arena_init(&plan->arena, log->alloc);
    dwi_map_init(&plan->partitions, log->alloc, seed);
    dwi_buf_init(&plan->key, log->alloc);
    return name_partitions(plan, state, err);
}

void dwi_plan_done(dwi_plan *plan)
{
    if (plan->alloc == NULL)
        return;
    dwi_map_done(&plan->partitions);
    dwi_buf_done(&plan->key);
    dwi_arena_done(&plan->arena);
    *plan = (dwi_plan){0};
}

/* ---- candidates ---- */

/* Files have one key when their values are the same to the letter. */
static dw_status make_key(dwi_plan *plan, const dwi_add *add, dw_error *err)
{
    dwi_buf_clear(&plan->key);
    for (size_t i = 0; i < plan->partition_keys.count; i++) {
        dwi_sv value = {NULL, 0};
        for (size_t k = 0; k < add->partition_values.count; k++)
            if (dwi_sv_eq_nocase(add->partition_values.items[k].key, plan->partition_keys.items[i]))
                value = add->partition_values.items[k].value;
        dwi_buf_append_byte(&plan->key, value.ptr != NULL);
        dwi_buf_append(&plan->key, &value.len, sizeof(value.len));
        dwi_buf_append(&plan->key, value.ptr, value.len);
    }
    return dwi_buf_status(&plan->key, err);
}

static dw_status find_partition(dwi_plan *plan, const dwi_add *add, partition **out, dw_error *err)
{
    dwi_map_entry *entry;
    partition *p;
    dw_status status;
    dwi_sv key;

    DWI_TRY(make_key(plan, add, err));
    key = (dwi_sv){plan->key.len == 0 ? "" : (const char *)plan->key.data, plan->key.len};
    entry = dwi_map_put(&plan->partitions, key, NULL);
    if (entry == NULL)
        return dwi_err_nomem(err);
    if (entry->value == NULL) {
        p = dwi_arena_zero(&plan->arena, sizeof(*p));
        if (p == NULL)
            return dwi_err_nomem(err);
        p->values = add->partition_values;
        if (!dwi_kvs_copy(&plan->arena, &p->values))
            return dwi_err_nomem(err);
        entry->value = p;
    }
    *out = entry->value;
done:
    return status;
}

/* It may have been clustered by somebody who would have to do it again. */
static bool is_anothers(const dwi_plan_rules *rules, const dwi_add *add)
{
    return rules->provider != NULL && add->clustering_provider.ptr != NULL &&
           !dwi_sv_eq_cstr(add->clustering_provider, rules->provider);
}

static int64_t deleted_rows(const dwi_add *add)
{
    return add->dv.storage_type.ptr != NULL ? add->dv.cardinality : 0;
}

dw_status dwi_plan_judge(const dw_allocator *alloc, const dwi_plan_rules *rules, const dwi_add *add,
                         dwi_plan_verdict *out, dw_error *err)
{
    int64_t deleted = deleted_rows(add);
    dwi_plan_verdict verdict = {.records = -1};
    dwi_arena scratch;
    dw_status status;

    dwi_arena_init(&scratch, alloc);
    DWI_TRY(dwi_stats_num_records(&scratch, add->stats, &verdict.records, err));
    if (deleted > 0 && verdict.records < 0)
        verdict.worn = true;
    else if (deleted > 0)
        verdict.worn = deleted > verdict.records / 100 * rules->deleted_percent +
                                     verdict.records % 100 * rules->deleted_percent / 100;
    verdict.candidate = !is_anothers(rules, add) &&
                        (rules->whole || add->size < rules->target_bytes || verdict.worn);
    *out = verdict;
done:
    dwi_arena_done(&scratch);
    return status;
}

static dw_status keep(dwi_plan *plan, partition *p, const dwi_add *add, int64_t rows, bool worn,
                      dw_error *err)
{
    candidate *c = dwi_arena_zero(&plan->arena, sizeof(*c));
    dwi_add lean = *add;

    if (c == NULL)
        return dwi_err_nomem(err);
    lean.stats = (dwi_sv){NULL, 0};
    lean.partition_values = (dwi_kvs){0, NULL};
    if (!dwi_add_copy(&plan->arena, &lean, &c->add))
        return dwi_err_nomem(err);
    c->add.partition_values = p->values;
    c->rows = rows;
    c->worn = worn;
    c->next = p->first;
    p->first = c;
    p->n++;
    return DW_OK;
}

dw_status dwi_plan_add(void *ctx, const dwi_add *add, dw_error *err)
{
    dwi_plan *plan = ctx;
    const dwi_plan_rules *rules = &plan->rules;
    dwi_plan_verdict verdict;
    partition *p = NULL;
    dw_status status = DW_OK;
    int64_t left;

    if (rules->matches != NULL && !rules->matches(rules->ctx, add->partition_values))
        return DW_OK;
    plan->n_files++;
    plan->bytes += add->size;
    DWI_TRY(dwi_plan_judge(plan->alloc, rules, add, &verdict, err));
    if (!verdict.candidate)
        return DW_OK;
    left = verdict.records < 0 ? -1 : verdict.records - deleted_rows(add);
    DWI_TRY(find_partition(plan, add, &p, err));
    status = keep(plan, p, add, left, verdict.worn, err);
done:
    return status;
}

/* ---- bins ---- */

static int by_age(const void *a, const void *b)
{
    const candidate *x = *(const candidate *const *)a;
    const candidate *y = *(const candidate *const *)b;

    if (x->add.modification_time != y->add.modification_time)
        return x->add.modification_time < y->add.modification_time ? -1 : 1;
    return dwi_sv_cmp(x->add.path, y->add.path);
}

static int by_size(const void *a, const void *b)
{
    const candidate *x = *(const candidate *const *)a;
    const candidate *y = *(const candidate *const *)b;

    if (x->add.size != y->add.size)
        return x->add.size < y->add.size ? -1 : 1;
    return by_age(a, b);
}

/* How many of the candidates, smallest first, are worth it; see dwi_plan_rules.growth. */
static size_t choose_grown(const dwi_plan *plan, candidate **list, size_t n)
{
    int64_t sum = 0;
    size_t chosen = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t wanted = INT64_MAX;
        if (!dwi_i64_add(sum, list[i]->add.size, &sum))
            break;
        if (list[i]->add.size <= INT64_MAX / plan->rules.growth)
            wanted = list[i]->add.size * plan->rules.growth;
        if (sum >= wanted || list[i]->worn)
            chosen = i + 1;
    }
    if (plan->rules.max_files > 0 && n > plan->rules.max_files &&
        chosen < n - plan->rules.max_files / 2)
        chosen = n - plan->rules.max_files / 2;
    return chosen;
}

static dw_status close_bin(dwi_plan *plan, candidate **list, size_t n, dw_error *err)
{
    dwi_bin *bin;

    if (n == 0)
        return DW_OK;
    bin = &plan->bins[plan->n_bins];
    *bin = (dwi_bin){.n_files = n};
    for (size_t i = 0; i < n; i++) {
        const candidate *c = list[i];
        bin->bytes += c->add.size;
        bin->rows = bin->rows < 0 || c->rows < 0 ? -1 : bin->rows + c->rows;
        bin->n_dvs += c->add.dv.storage_type.ptr != NULL;
        bin->worn = bin->worn || c->worn;
    }
    if (n < plan->rules.min_files && !bin->worn && !plan->rules.whole)
        return DW_OK;
    bin->files = dwi_arena_array(&plan->arena, n, sizeof(*bin->files));
    if (bin->files == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++)
        bin->files[i] = list[i]->add;
    plan->n_bins++;
    return DW_OK;
}

static dw_status pack(dwi_plan *plan, candidate **list, size_t n, dw_error *err)
{
    int64_t room = plan->rules.target_bytes;
    dw_status status = DW_OK;
    size_t first = 0;

    if (plan->rules.whole)
        return close_bin(plan, list, n, err);
    for (size_t i = 0; i < n; i++) {
        if (list[i]->add.size > room) {
            DWI_TRY(close_bin(plan, list + first, i - first, err));
            first = i;
            room = plan->rules.target_bytes;
        }
        room -= list[i]->add.size;
    }
    status = close_bin(plan, list + first, n - first, err);
done:
    return status;
}

static dw_status pack_partition(dwi_plan *plan, const partition *p, candidate **list, dw_error *err)
{
    size_t n = 0;

    for (candidate *c = p->first; c != NULL; c = c->next)
        list[n++] = c;
    if (plan->rules.growth > 0) {
        qsort(list, n, sizeof(candidate *), by_size);
        n = choose_grown(plan, list, n);
    }
    qsort(list, n, sizeof(candidate *), by_age);
    return pack(plan, list, n, err);
}

dw_status dwi_plan_make(dwi_plan *plan, dw_error *err)
{
    size_t most = 0;
    size_t all = 0;
    candidate **list;
    dw_status status = DW_OK;

    for (size_t i = 0; i < plan->partitions.count; i++) {
        const partition *p = plan->partitions.entries[i].value;
        most = p->n > most ? p->n : most;
        all += p->n;
    }
    list = dwi_arena_array(&plan->arena, most, sizeof(candidate *));
    plan->bins = dwi_arena_array(&plan->arena, all, sizeof(*plan->bins)); /* one a file at most */
    if (list == NULL || plan->bins == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < plan->partitions.count; i++)
        DWI_TRY(pack_partition(plan, plan->partitions.entries[i].value, list, err));
done:
    return status;
}
