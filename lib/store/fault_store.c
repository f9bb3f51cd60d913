/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fault_store.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "store/store_impl.h"

enum { OPERATIONS = 9 };

typedef struct planned {
    dwi_fault fault;
    char *key_part;
    int64_t seen; /* matching operations so far */
} planned;

typedef struct fault_store {
    const dwi_store_base *base;
    dw_store *inner;
    struct {
        pthread_mutex_t lock;
        planned *plan;
        size_t n_plan;
        uint32_t chance_on;
        int per_mille[DWI_FAULT_KINDS];
        uint64_t seed;
        bool crashed;
        int64_t hits;
        int64_t counts[OPERATIONS];
    } synced;
} fault_store;

static bool planned_matches(planned *p, uint32_t on, const char *key)
{
    int64_t n;

    if ((p->fault.on & on) == 0 || (p->key_part != NULL && strstr(key, p->key_part) == NULL))
        return false;
    n = p->seen++;
    return n >= p->fault.nth &&
           (p->fault.count < 0 || n - p->fault.nth < (p->fault.count == 0 ? 1 : p->fault.count));
}

static int chance_locked(fault_store *f)
{
    int roll;

    f->synced.seed = f->synced.seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    roll = (int)((f->synced.seed >> 33) % 1000);
    for (int kind = 1; kind < DWI_FAULT_KINDS; kind++) {
        roll -= f->synced.per_mille[kind];
        if (roll < 0)
            return kind;
    }
    return DWI_FAULT_NONE;
}

/* What is to happen to an operation; counts it. */
static int decide(fault_store *f, uint32_t on, const char *key, int64_t *out_delay_us)
{
    int kind = DWI_FAULT_NONE;

    *out_delay_us = 0;
    (void)pthread_mutex_lock(&f->synced.lock);
    for (int i = 0; i < OPERATIONS; i++)
        f->synced.counts[i] += on == 1u << i ? 1 : 0;
    for (size_t i = 0; i < f->synced.n_plan; i++)
        if (planned_matches(&f->synced.plan[i], on, key) && kind == DWI_FAULT_NONE) {
            kind = f->synced.plan[i].fault.kind;
            *out_delay_us = f->synced.plan[i].fault.delay_us;
        }
    if (kind == DWI_FAULT_NONE && (f->synced.chance_on & on) != 0)
        kind = chance_locked(f);
    if (f->synced.crashed)
        kind = DWI_FAULT_CRASH;
    f->synced.crashed = kind == DWI_FAULT_CRASH || kind == DWI_FAULT_CRASH_AFTER;
    f->synced.hits += kind != DWI_FAULT_NONE && kind != DWI_FAULT_DELAY ? 1 : 0;
    (void)pthread_mutex_unlock(&f->synced.lock);
    return kind;
}

static dw_status lost(uint32_t on, const char *what, dw_error *err)
{
    if (on == DWI_ON_PUT_IF_ABSENT)
        return dwi_err(err, DW_E_UNKNOWN, "injected: the %s was lost", what);
    return dwi_err_sys(err, DW_E_IO, 0, true, "injected: the %s was lost", what);
}

/* Before the operation: DW_OK lets it happen. */
static dw_status before(fault_store *f, int kind, uint32_t on, int64_t delay_us, dw_error *err)
{
    switch (kind) {
    case DWI_FAULT_REFUSE:
        return dwi_err_sys(err, DW_E_IO, 0, true, "injected: connection refused");
    case DWI_FAULT_BREAK:
        if (on == DWI_ON_GET || on == DWI_ON_LIST)
            return DW_OK;
        return dwi_err_sys(err, DW_E_IO, 0, true, "injected: connection broken");
    case DWI_FAULT_THROTTLE:
        return dwi_err_sys(err, DW_E_THROTTLED, 503, true, "injected: HTTP 503 SlowDown");
    case DWI_FAULT_DENY:
        return dwi_err_sys(err, DW_E_DENIED, 403, false, "injected: HTTP 403 AccessDenied");
    case DWI_FAULT_LOSE_REQUEST:
        return lost(on, "request", err);
    case DWI_FAULT_CRASH:
        return dwi_err(err, DW_E_IO, "injected: crashed");
    case DWI_FAULT_DELAY:
        f->base->env->sleep_us(f->base->env->ctx, delay_us);
        return DW_OK;
    default:
        return DW_OK;
    }
}

/* After the operation, which returned `status`: what the caller gets to know. */
static dw_status after(int kind, uint32_t on, dw_status status, dw_error *err)
{
    if (kind == DWI_FAULT_LOSE_REPLY)
        return lost(on, "reply", err);
    if (kind == DWI_FAULT_CRASH_AFTER)
        return dwi_err(err, DW_E_IO, "injected: crashed");
    return status;
}

/* Lets a part of what is read pass. */
typedef struct half_sink {
    dw_sink to;
    bool broken;
} half_sink;

static dw_status half_write(void *ctx, const void *data, size_t len, dw_error *err)
{
    half_sink *h = ctx;
    dw_status status = DW_OK;

    if (!h->broken && len > 1)
        status = h->to.write(h->to.ctx, data, len / 2, err);
    h->broken = true;
    return status != DW_OK ? status
                           : dwi_err_sys(err, DW_E_IO, 0, true, "injected: connection broken");
}

static dw_status fault_get(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    fault_store *f = self;
    int64_t delay_us;
    int kind = decide(f, DWI_ON_GET, key, &delay_us);
    half_sink half = {sink, false};
    dw_sink half_of_it = {&half, half_write};
    dw_status status = before(f, kind, DWI_ON_GET, delay_us, err);

    if (status != DW_OK)
        return status;
    status = f->inner->ops.get(f->inner->self, key, range,
                               kind == DWI_FAULT_BREAK ? half_of_it : sink, err);
    return after(kind, DWI_ON_GET, status, err);
}

static dw_status fault_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    fault_store *f = self;
    uint32_t on = mode == DW_PUT_IF_ABSENT ? DWI_ON_PUT_IF_ABSENT : DWI_ON_PUT;
    int64_t delay_us;
    int kind = decide(f, on, key, &delay_us);
    dw_status status = before(f, kind, on, delay_us, err);

    if (status != DW_OK)
        return status;
    status = f->inner->ops.put(f->inner->self, key, body, mode, err);
    return after(kind, on, status, err);
}

typedef struct half_lister {
    dw_lister_fn *each;
    void *ctx;
    int seen;
} half_lister;

static dw_status half_each(void *ctx, const dw_object *object, dw_error *err)
{
    half_lister *h = ctx;

    if (h->seen++ > 0)
        return dwi_err_sys(err, DW_E_IO, 0, true, "injected: connection broken");
    return h->each(h->ctx, object, err);
}

static dw_status fault_list(void *self, const char *prefix, const char *after_key,
                            dw_lister_fn *each, void *ctx, dw_error *err)
{
    fault_store *f = self;
    int64_t delay_us;
    int kind = decide(f, DWI_ON_LIST, prefix, &delay_us);
    half_lister half = {each, ctx, 0};
    dw_status status = before(f, kind, DWI_ON_LIST, delay_us, err);

    if (status != DW_OK)
        return status;
    if (kind == DWI_FAULT_BREAK)
        status = f->inner->ops.list(f->inner->self, prefix, after_key, half_each, &half, err);
    else
        status = f->inner->ops.list(f->inner->self, prefix, after_key, each, ctx, err);
    return after(kind, DWI_ON_LIST, status, err);
}

static dw_status fault_head(void *self, const char *key, dw_object *out_object, dw_error *err)
{
    fault_store *f = self;
    int64_t delay_us;
    int kind = decide(f, DWI_ON_HEAD, key, &delay_us);
    dw_status status = before(f, kind, DWI_ON_HEAD, delay_us, err);

    if (status != DW_OK)
        return status;
    status = f->inner->ops.head(f->inner->self, key, out_object, err);
    return after(kind, DWI_ON_HEAD, status, err);
}

static dw_status fault_remove(void *self, const char *key, dw_error *err)
{
    fault_store *f = self;
    int64_t delay_us;
    int kind = decide(f, DWI_ON_REMOVE, key, &delay_us);
    dw_status status = before(f, kind, DWI_ON_REMOVE, delay_us, err);

    if (status != DW_OK)
        return status;
    status = f->inner->ops.remove(f->inner->self, key, err);
    return after(kind, DWI_ON_REMOVE, status, err);
}

typedef struct upload {
    dwi_upload *to;
    char *key;
} upload;

static void upload_free(const fault_store *f, upload *u)
{
    dwi_cstr_free(f->base->alloc, u->key);
    dwi_free(f->base->alloc, u, sizeof(*u));
}

static dw_status fault_upload_begin(void *self, const char *key, void **out_upload, dw_error *err)
{
    fault_store *f = self;
    int64_t delay_us;
    int kind = decide(f, DWI_ON_UPLOAD_BEGIN, key, &delay_us);
    dw_status status = before(f, kind, DWI_ON_UPLOAD_BEGIN, delay_us, err);
    upload *u;

    if (status != DW_OK)
        return status;
    u = dwi_alloc_zero(f->base->alloc, sizeof(*u));
    if (u == NULL)
        return dwi_err_nomem(err);
    u->key = dwi_cstr_dup(f->base->alloc, key);
    status = u->key == NULL ? dwi_err_nomem(err) : dwi_upload_begin(f->inner, key, &u->to, err);
    if (status == DW_OK) {
        status = after(kind, DWI_ON_UPLOAD_BEGIN, status, err);
        if (status != DW_OK)
            dwi_upload_abort(u->to);
    }
    if (status != DW_OK)
        upload_free(f, u);
    else
        *out_upload = u;
    return status;
}

static dw_status fault_upload_write(void *self, void *stream, const void *data, size_t len,
                                    dw_error *err)
{
    fault_store *f = self;
    upload *u = stream;
    int64_t delay_us;
    int kind = decide(f, DWI_ON_UPLOAD_WRITE, u->key, &delay_us);
    dw_status status = before(f, kind, DWI_ON_UPLOAD_WRITE, delay_us, err);

    if (status != DW_OK)
        return status;
    status = dwi_upload_write(u->to, data, len, err);
    return after(kind, DWI_ON_UPLOAD_WRITE, status, err);
}

static dw_status fault_upload_finish(void *self, void *stream, dw_error *err)
{
    fault_store *f = self;
    upload *u = stream;
    int64_t delay_us;
    int kind = decide(f, DWI_ON_UPLOAD_FINISH, u->key, &delay_us);
    dw_status status = before(f, kind, DWI_ON_UPLOAD_FINISH, delay_us, err);

    if (status == DW_OK)
        status = after(kind, DWI_ON_UPLOAD_FINISH, dwi_upload_finish(u->to, err), err);
    else
        dwi_upload_abort(u->to);
    upload_free(f, u);
    return status;
}

static void fault_upload_abort(void *self, void *stream)
{
    fault_store *f = self;
    upload *u = stream;

    dwi_upload_abort(u->to);
    upload_free(f, u);
}

static void plan_free(const fault_store *f, planned *plan, size_t n_plan)
{
    for (size_t i = 0; i < n_plan; i++)
        dwi_cstr_free(f->base->alloc, plan[i].key_part);
    dwi_free(f->base->alloc, plan, n_plan * sizeof(*plan));
}

static void fault_destroy(void *self)
{
    fault_store *f = self;

    plan_free(f, f->synced.plan, f->synced.n_plan);
    dw_store_unref(f->inner);
    (void)pthread_mutex_destroy(&f->synced.lock);
    dwi_free(f->base->alloc, f, sizeof(*f));
}

static dw_store_vtable fault_vtable(const dw_store *inner)
{
    return (dw_store_vtable){
        .struct_size = sizeof(dw_store_vtable),
        .caps = inner->ops.caps,
        .get = fault_get,
        .put = fault_put,
        .list = fault_list,
        .head = fault_head,
        .remove = fault_remove,
        .upload_begin = fault_upload_begin,
        .upload_write = fault_upload_write,
        .upload_finish = fault_upload_finish,
        .upload_abort = fault_upload_abort,
        .destroy = fault_destroy,
    };
}

dw_status dwi_fault_store_new(dw_store *inner, const dw_store_options *opts, dw_store **out_store,
                              dw_error *err)
{
    dw_store_vtable vtable = fault_vtable(inner);
    dw_store_options options;
    fault_store *f = NULL;
    dw_store *store = NULL;
    dw_status status;

    DWI_TRY(dwi_store_options(opts, &options, err));
    DWI_TRY(dwi_store_alloc(inner->base.name, &options, &store, err));
    f = dwi_alloc_zero(options.allocator, sizeof(*f));
    if (f == NULL || pthread_mutex_init(&f->synced.lock, NULL) != 0) {
        dwi_free(options.allocator, f, sizeof(*f));
        status = dwi_err_nomem(err);
        goto done;
    }
    f->base = &store->base;
    f->inner = dw_store_ref(inner);
    status = dwi_store_attach(store, &vtable, f, err);
    if (status != DW_OK) {
        fault_destroy(f);
        goto done;
    }
    store->base.env = inner->base.env;
    *out_store = store;
    store = NULL;
done:
    dw_store_unref(store);
    return status;
}

dw_status dwi_fault_plan(dw_store *store, const dwi_fault *faults, size_t n_faults, dw_error *err)
{
    fault_store *f = store->self;
    planned *plan = dwi_alloc_array(f->base->alloc, n_faults, sizeof(*plan));
    planned *old;
    size_t n_old;

    if (n_faults > 0 && plan == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n_faults; i++)
        plan[i] = (planned){faults[i], NULL, 0};
    for (size_t i = 0; i < n_faults; i++) {
        if (faults[i].key_part == NULL)
            continue;
        plan[i].key_part = dwi_cstr_dup(f->base->alloc, faults[i].key_part);
        if (plan[i].key_part == NULL) {
            plan_free(f, plan, n_faults);
            return dwi_err_nomem(err);
        }
    }
    (void)pthread_mutex_lock(&f->synced.lock);
    old = f->synced.plan;
    n_old = f->synced.n_plan;
    f->synced.plan = plan;
    f->synced.n_plan = n_faults;
    f->synced.crashed = false;
    f->synced.hits = 0;
    memset(f->synced.counts, 0, sizeof(f->synced.counts));
    (void)pthread_mutex_unlock(&f->synced.lock);
    plan_free(f, old, n_old);
    return DW_OK;
}

void dwi_fault_chance(dw_store *store, uint32_t on, const int per_mille[DWI_FAULT_KINDS],
                      uint64_t seed)
{
    fault_store *f = store->self;

    (void)pthread_mutex_lock(&f->synced.lock);
    f->synced.chance_on = on;
    memcpy(f->synced.per_mille, per_mille, sizeof(f->synced.per_mille));
    f->synced.seed = seed;
    (void)pthread_mutex_unlock(&f->synced.lock);
}

int64_t dwi_fault_count(dw_store *store, uint32_t on)
{
    fault_store *f = store->self;
    int64_t count = 0;

    (void)pthread_mutex_lock(&f->synced.lock);
    for (int i = 0; i < OPERATIONS; i++)
        count += (on & 1u << i) != 0 ? f->synced.counts[i] : 0;
    (void)pthread_mutex_unlock(&f->synced.lock);
    return count;
}

int64_t dwi_fault_hits(dw_store *store)
{
    fault_store *f = store->self;
    int64_t hits;

    (void)pthread_mutex_lock(&f->synced.lock);
    hits = f->synced.hits;
    (void)pthread_mutex_unlock(&f->synced.lock);
    return hits;
}
