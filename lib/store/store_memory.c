/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in memory: a sorted array of keys. No callback is called while the lock is held, so a
 * sink or lister may use the store itself. */
#include <deltawrite/store.h>

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "store/store_impl.h"

/* Content is immutable and shared with the readers that are at it. */
typedef struct blob {
    atomic_size_t refs;
    size_t len;
    uint8_t data[];
} blob;

typedef struct entry {
    char *key;
    blob *content;
    int64_t modified_ms;
} entry;

typedef struct memory_store {
    const dwi_store_base *base;
    struct {
        pthread_mutex_t lock;
        entry *entries; /* by key, in byte order */
        size_t count;
        size_t cap;
    } synced;
} memory_store;

static blob *blob_new(const dw_allocator *alloc, dw_bytes body)
{
    size_t size;
    blob *b;

    if (!dwi_size_add(sizeof(blob), body.len, &size) || (b = dwi_alloc(alloc, size)) == NULL)
        return NULL;
    atomic_init(&b->refs, 1);
    b->len = body.len;
    if (body.len > 0)
        memcpy(b->data, body.data, body.len);
    return b;
}

static void blob_unref(const dw_allocator *alloc, blob *b)
{
    if (b != NULL && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
        dwi_free(alloc, b, sizeof(blob) + b->len);
}

/* Index of the first entry whose key is >= `key`. */
static size_t find_locked(const memory_store *m, const char *key, bool *out_found)
{
    size_t low = 0;
    size_t high = m->synced.count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(m->synced.entries[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *out_found = low < m->synced.count && strcmp(m->synced.entries[low].key, key) == 0;
    return low;
}

static bool room_locked(memory_store *m)
{
    size_t cap = m->synced.cap == 0 ? 16 : m->synced.cap * 2;
    entry *moved;

    if (m->synced.count < m->synced.cap)
        return true;
    moved = dwi_realloc(m->base->alloc, m->synced.entries, m->synced.cap * sizeof(entry),
                        cap * sizeof(entry));
    if (moved == NULL)
        return false;
    m->synced.entries = moved;
    m->synced.cap = cap;
    return true;
}

static dw_status memory_get(void *self, const char *key, dw_range range, dw_sink sink,
                            dw_error *err)
{
    memory_store *m = self;
    blob *content = NULL;
    bool found;
    size_t at;
    size_t offset;
    size_t len;
    dw_status status = DW_OK;

    (void)pthread_mutex_lock(&m->synced.lock);
    at = find_locked(m, key, &found);
    if (found) {
        content = m->synced.entries[at].content;
        (void)atomic_fetch_add_explicit(&content->refs, 1, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&m->synced.lock);
    if (content == NULL)
        return dwi_err(err, DW_E_NOT_FOUND, "no such object");
    dwi_range_resolve(range, content->len, &offset, &len);
    if (len > 0)
        status = sink.write(sink.ctx, content->data + offset, len, err);
    blob_unref(m->base->alloc, content);
    return status;
}

static dw_status memory_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    memory_store *m = self;
    const dw_allocator *alloc = m->base->alloc;
    blob *content = blob_new(alloc, body);
    char *copy = dwi_cstr_dup(alloc, key);
    dw_status status = DW_OK;
    bool found;
    size_t at;

    (void)pthread_mutex_lock(&m->synced.lock);
    at = find_locked(m, key, &found);
    if (content == NULL || copy == NULL || (!found && !room_locked(m))) {
        status = dwi_err_nomem(err);
    } else if (found && mode == DW_PUT_IF_ABSENT) {
        status = dwi_err(err, DW_E_EXISTS, "the object exists");
    } else {
        entry *e = m->synced.entries + at;
        if (!found) {
            memmove(e + 1, e, (m->synced.count++ - at) * sizeof(entry));
            *e = (entry){copy, NULL, 0};
            copy = NULL;
        }
        blob *old = e->content;
        e->content = content;
        e->modified_ms = dwi_now_ms(m->base->env);
        content = old; /* given back below */
    }
    (void)pthread_mutex_unlock(&m->synced.lock);
    blob_unref(alloc, content);
    dwi_cstr_free(alloc, copy);
    return status;
}

/* The first entry after `from` (or at it, when `inclusive`) into `out_key` and *out_object; false
 * at the end of the prefix. Out of memory shows in `out_key`. */
static bool next_entry(memory_store *m, const char *from, bool inclusive, const char *prefix,
                       dwi_buf *out_key, dw_object *out_object)
{
    bool found;
    bool more;
    size_t at;

    (void)pthread_mutex_lock(&m->synced.lock);
    at = find_locked(m, from, &found);
    at += found && !inclusive ? 1 : 0;
    more = at < m->synced.count && strncmp(m->synced.entries[at].key, prefix, strlen(prefix)) == 0;
    if (more) {
        const entry *e = m->synced.entries + at;
        dwi_buf_clear(out_key);
        dwi_buf_append(out_key, e->key, strlen(e->key) + 1);
        out_object->size = (int64_t)e->content->len;
        out_object->modified_ms = e->modified_ms;
    }
    (void)pthread_mutex_unlock(&m->synced.lock);
    return more;
}

static dw_status memory_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                             void *ctx, dw_error *err)
{
    memory_store *m = self;
    bool from_after = after != NULL && strcmp(after, prefix) >= 0;
    dwi_buf keys[2]; /* the entry before and the one found */
    const char *from = from_after ? after : prefix;
    bool inclusive = !from_after;
    dw_object object = {NULL, 0, 0};
    dw_status status = DW_OK;

    dwi_buf_init(&keys[0], m->base->alloc);
    dwi_buf_init(&keys[1], m->base->alloc);
    for (int i = 0; next_entry(m, from, inclusive, prefix, &keys[i], &object); i = 1 - i) {
        DWI_TRY(dwi_buf_status(&keys[i], err));
        object.key = (const char *)keys[i].data;
        DWI_TRY(each(ctx, &object, err));
        from = object.key;
        inclusive = false;
    }
done:
    dwi_buf_done(&keys[0]);
    dwi_buf_done(&keys[1]);
    return status;
}

static dw_status memory_head(void *self, const char *key, dw_object *out_object, dw_error *err)
{
    memory_store *m = self;
    bool found;
    size_t at;

    (void)pthread_mutex_lock(&m->synced.lock);
    at = find_locked(m, key, &found);
    if (found) {
        out_object->size = (int64_t)m->synced.entries[at].content->len;
        out_object->modified_ms = m->synced.entries[at].modified_ms;
    }
    (void)pthread_mutex_unlock(&m->synced.lock);
    return found ? DW_OK : dwi_err(err, DW_E_NOT_FOUND, "no such object");
}

static dw_status memory_remove(void *self, const char *key, dw_error *err)
{
    memory_store *m = self;
    entry gone = {NULL, NULL, 0};
    bool found;
    size_t at;

    (void)err;
    (void)pthread_mutex_lock(&m->synced.lock);
    at = find_locked(m, key, &found);
    if (found) {
        gone = m->synced.entries[at];
        memmove(m->synced.entries + at, m->synced.entries + at + 1,
                (--m->synced.count - at) * sizeof(entry));
    }
    (void)pthread_mutex_unlock(&m->synced.lock);
    blob_unref(m->base->alloc, gone.content);
    dwi_cstr_free(m->base->alloc, gone.key);
    return DW_OK;
}

static void memory_destroy(void *self)
{
    memory_store *m = self;
    const dw_allocator *alloc = m->base->alloc;

    for (size_t i = 0; i < m->synced.count; i++) {
        blob_unref(alloc, m->synced.entries[i].content);
        dwi_cstr_free(alloc, m->synced.entries[i].key);
    }
    dwi_free(alloc, m->synced.entries, m->synced.cap * sizeof(entry));
    (void)pthread_mutex_destroy(&m->synced.lock);
    dwi_free(alloc, m, sizeof(*m));
}

/* Without streaming operations: the library collects an upload and puts it whole. */
static const dw_store_vtable memory_vtable = {
    .struct_size = sizeof(dw_store_vtable),
    .caps = DW_CAP_PUT_IF_ABSENT | DW_CAP_LIST_AFTER,
    .get = memory_get,
    .put = memory_put,
    .list = memory_list,
    .head = memory_head,
    .remove = memory_remove,
    .destroy = memory_destroy,
};

static dw_status memory_new(const dwi_store_base *base, memory_store **out, dw_error *err)
{
    memory_store *m = dwi_alloc_zero(base->alloc, sizeof(*m));

    if (m == NULL)
        return dwi_err_nomem(err);
    m->base = base;
    if (pthread_mutex_init(&m->synced.lock, NULL) != 0) {
        dwi_free(base->alloc, m, sizeof(*m));
        return dwi_err_nomem(err);
    }
    *out = m;
    return DW_OK;
}

dw_status dw_store_open_memory(const dw_store_options *opts, dw_store **out_store, dw_error *err)
{
    dw_store_options options;
    memory_store *m = NULL;
    dw_store *store = NULL;
    dw_status status;

    if (out_store == NULL)
        return dwi_err(err, DW_E_ARG, "dw_store_open_memory: out_store is NULL");
    DWI_TRY(dwi_store_options(opts, &options, err));
    DWI_TRY(dwi_store_alloc("memory", &options, &store, err));
    DWI_TRY(memory_new(&store->base, &m, err));
    DWI_TRY(dwi_store_attach(store, &memory_vtable, m, err));
    m = NULL;
    *out_store = store;
    store = NULL;
done:
    if (m != NULL)
        memory_destroy(m);
    dw_store_unref(store);
    return status;
}
