/* SPDX-License-Identifier: Apache-2.0 */
/* A store of one's own, here slots of static memory, and a table in it. docs/store-contract.md says
 * what each operation guarantees. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <deltawrite/deltawrite.h>

typedef struct slot {
    size_t len;
    char key[200], data[20000];
} slot;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* calls come from several threads */
static slot slots[50];                                   /* by key, in byte order */
static size_t count;

/* Takes the lock, which end() gives back; the first slot whose key is not before `key`. */
static slot *find(void *self, const char *key, int *out_found)
{
    slot *s = self;

    pthread_mutex_lock(&lock);
    while (s < slots + count && strcmp(s->key, key) < 0)
        s++;
    *out_found = s < slots + count && strcmp(s->key, key) == 0;
    return s;
}

static dw_status end(dw_error *err, dw_status code, const char *reason)
{
    pthread_mutex_unlock(&lock);
    err->code = code;
    snprintf(err->message, sizeof(err->message), "%s", reason);
    return code;
}

static dw_status get(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    int found;
    const slot *s = find(self, key, &found);
    int64_t size = found ? (int64_t)s->len : 0;
    int64_t from = range.offset < 0 ? size + range.offset : range.offset;

    if (!found)
        return end(err, DW_E_NOT_FOUND, "no such object");
    from = from < 0 ? 0 : from > size ? size : from;
    size = range.length >= 0 && range.length < size - from ? range.length : size - from;
    dw_status status = sink.write(sink.ctx, s->data + from, (size_t)size, err);
    pthread_mutex_unlock(&lock);
    return status;
}

static dw_status put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    int found;
    slot *s = find(self, key, &found);

    if (found && mode == DW_PUT_IF_ABSENT)
        return end(err, DW_E_EXISTS, "the object exists");
    if (count == 50 || strlen(key) >= sizeof(s->key) || body.len > sizeof(s->data))
        return end(err, DW_E_IO, "too many or too large for this example");
    if (!found)
        memmove(s + 1, s, (size_t)(slots + count++ - s) * sizeof(*s));
    strcpy(s->key, key);
    memcpy(s->data, body.len > 0 ? body.data : "", body.len);
    s->len = body.len;
    return end(err, DW_OK, "");
}

static dw_status list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                      void *ctx, dw_error *err)
{
    int found;
    dw_status status = DW_OK;

    for (const slot *s = find(self, prefix, &found); s < slots + count && status == DW_OK; s++) {
        dw_object object = {s->key, (int64_t)s->len, 0};
        if (strncmp(s->key, prefix, strlen(prefix)) == 0 && (!after || strcmp(s->key, after) > 0))
            status = each(ctx, &object, err);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

static dw_status drop(void *self, const char *key, dw_error *err)
{
    int found;
    slot *s = find(self, key, &found);

    if (found)
        memmove(s, s + 1, (size_t)(slots + --count - s) * sizeof(*s));
    return end(err, DW_OK, "");
}

int main(void)
{
    dw_store_vtable vtable = {sizeof(vtable), DW_CAP_PUT_IF_ABSENT, get, put, list, .remove = drop};
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    dw_table *table = NULL;
    dw_txn *txn = NULL;

    create.schema_json = "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"string\","
                         "\"nullable\":true,\"metadata\":{}}]}";
    int failed =
        dw_store_new(&vtable, slots, "slots", NULL, &store, &err) != DW_OK ||
        dw_table_create(store, "devices", &create, NULL, &table, &err) != DW_OK ||
        dw_begin(table, NULL, &txn, &err) != DW_OK ||
        dw_append_ndjson(txn, (dw_bytes){"{\"id\":\"a\"}", 10}, NULL, NULL, &err) != DW_OK ||
        dw_commit(txn, NULL, &err) != DW_OK;
    printf("%s; %zu objects are in the slots\n", failed ? err.message : "committed", count);
    dw_txn_close(txn);
    dw_table_close(table);
    dw_store_unref(store);
    return failed;
}
