/* SPDX-License-Identifier: Apache-2.0 */
/* The live files and their deletion vectors are there, with the size that the log says; what else
 * is there and no version names. By one listing, and a request for each file that is not in it.
 *
 *   live adds -> known (hash, size) -> listing marks them -> live adds again: told, and opened */
#include "delta/verify_impl.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "delta/action_copy.h"
#include "delta/deletion_vector.h"
#include "delta/file_guard.h"
#include "delta/files.h"
#include "delta/mapping.h"
#include "delta/partition_value.h"
#include "delta/path.h"
#include "delta/vacuum.h"
#include "parquet/encode_pool.h"

enum { FIRST_SLOTS = 256, BATCH_FILES = 256 };
enum { SIZE_UNSEEN = -1, SIZE_NONE = -2 };

typedef struct known_file {
    uint64_t hash; /* of its key, 0: an empty slot */
    int64_t found; /* size by the listing, SIZE_UNSEEN */
} known_file;

typedef struct file_check {
    dwi_verify_run *run;
    uint64_t seed;
    known_file *known;
    size_t n_slots;
    size_t n_known;
    dwi_file_guard guard; /* of everything that the log names */
    dwi_key_set paths;    /* live files, without their vectors */
    size_t skip;          /* bytes of a key before the table's part */
    dwi_arena scratch;
    const dwi_type *physical; /* names in partitionValues; NULL: cannot be had */
    /* Files that are to be looked into. */
    dwi_arena batch_arena;
    dwi_add batch[BATCH_FILES];
    size_t n_batch;
    dwi_encode_pool *pool;
    int64_t done;
    bool jump;
    dwi_buf after;
} file_check;

static known_file *slot_of(known_file *slots, size_t n_slots, uint64_t hash)
{
    size_t at = (size_t)hash & (n_slots - 1);

    while (slots[at].hash != 0 && slots[at].hash != hash)
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

static dw_status grow_known(file_check *c, dw_error *err)
{
    size_t n_slots = c->n_slots == 0 ? FIRST_SLOTS : c->n_slots * 2;
    known_file *slots = NULL;
    size_t bytes;

    if (dwi_size_mul(n_slots, sizeof(*slots), &bytes))
        slots = dwi_alloc_zero(c->run->log->alloc, bytes);
    if (slots == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < c->n_slots; i++)
        if (c->known[i].hash != 0)
            *slot_of(slots, n_slots, c->known[i].hash) = c->known[i];
    dwi_free(c->run->log->alloc, c->known, c->n_slots * sizeof(*c->known));
    c->known = slots;
    c->n_slots = n_slots;
    return DW_OK;
}

static uint64_t hash_of(const file_check *c, const char *key)
{
    uint64_t hash = dwi_hash(key, strlen(key), c->seed);

    return hash == 0 ? 1 : hash;
}

static known_file *find_known(file_check *c, const char *key)
{
    known_file *slot = c->n_slots == 0 ? NULL : slot_of(c->known, c->n_slots, hash_of(c, key));

    return slot == NULL || slot->hash == 0 ? NULL : slot;
}

static dw_status put_known(file_check *c, const char *key, dw_error *err)
{
    known_file *slot;
    dw_status status = DW_OK;

    if (c->n_known >= c->n_slots / 4 * 3)
        status = grow_known(c, err);
    if (status != DW_OK)
        return status;
    slot = slot_of(c->known, c->n_slots, hash_of(c, key));
    c->n_known += slot->hash == 0;
    *slot = (known_file){hash_of(c, key), SIZE_UNSEEN};
    return DW_OK;
}

static bool in_file(const dwi_dv *dv)
{
    return dv->storage_type.ptr != NULL && !dwi_sv_eq_cstr(dv->storage_type, "i");
}

/* The keys of a file and of its deletion vector, NULL where there is none or it is out of the
 * store. */
typedef struct keys {
    char *file;
    char *vector;
} keys;

static void keys_done(const file_check *c, keys *k)
{
    dwi_cstr_free(c->run->log->alloc, k->file);
    dwi_cstr_free(c->run->log->alloc, k->vector);
}

static dw_status keys_of(file_check *c, const dwi_add *add, keys *out, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status;

    *out = (keys){NULL, NULL};
    status = dwi_log_data_key(c->run->log, add->path, &out->file, &why);
    if ((status == DW_OK || status == DW_E_UNSUPPORTED) && in_file(&add->dv))
        status = dwi_deletion_vector_key(c->run->log, &add->dv, &out->vector, &why);
    if (status == DW_OK || status == DW_E_UNSUPPORTED || status == DW_E_CORRUPT)
        return DW_OK; /* a vector without a name is told when it is read */
    if (err != NULL)
        *err = why;
    keys_done(c, out);
    return status;
}

static dwi_place place_of(const dwi_add *add, const char *code, const char *repair)
{
    return (dwi_place){DWI_FINDING_ERROR, code, add->path, -1, repair, false};
}

/* ---- before the listing ---- */

static dw_status check_partition_values(file_check *c, const dwi_add *add, dw_error *err)
{
    const dwi_state *state = c->run->state;
    const dwi_type *root = state->schema->root;
    dwi_column column = {0};
    dw_status status = DW_OK;

    for (size_t i = 0; c->physical != NULL && i < state->metadata.partition_columns.count; i++) {
        int at = dwi_type_find(root, state->metadata.partition_columns.items[i]);
        dw_error why = DW_ERROR_INIT;
        if (at < 0 || root->fields[at].type->n_fields > 0)
            continue;
        for (size_t k = 0; k < add->partition_values.count; k++) {
            dwi_kv value = add->partition_values.items[k];
            if (!dwi_sv_eq_nocase(value.key, c->physical->fields[at].name))
                continue;
            DWI_TRY(dwi_column_init(&column, root->fields[at].type, c->run->log->alloc, err));
            status = dwi_partition_value_append(&column, value.value, 1, &why);
            dwi_column_done(&column);
            if (status == DW_OK)
                continue;
            (void)dwi_err_prefix(&why, status, "column %.*s", DWI_SV_ARG(root->fields[at].name));
            DWI_TRY(dwi_verify_settle(c->run, place_of(add, "partition-value", NULL), status, &why,
                                      err));
        }
    }
done:
    return status;
}

static dw_status note_add(void *ctx, const dwi_add *add, dw_error *err)
{
    file_check *c = ctx;
    dwi_buf normal;
    dw_status status;
    bool added = true;
    keys k = {NULL, NULL};

    dwi_buf_init(&normal, c->run->log->alloc);
    c->run->result->files++;
    c->run->result->bytes += add->size;
    DWI_TRY(check_partition_values(c, add, err));
    dwi_path_append_normal(&normal, add->path);
    DWI_TRY(dwi_buf_status(&normal, err));
    DWI_TRY(
        dwi_key_set_put(&c->paths, (dwi_sv){(const char *)normal.data, normal.len}, &added, err));
    if (!added)
        DWI_TRY(dwi_verify_tell(c->run, place_of(add, "file-twice", NULL), err,
                                "it is live twice, with different deletion vectors"));
    DWI_TRY(keys_of(c, add, &k, err));
    c->run->result->external_files += k.file == NULL;
    if (k.file != NULL)
        DWI_TRY(put_known(c, k.file, err));
    if (k.vector != NULL)
        DWI_TRY(put_known(c, k.vector, err));
done:
    keys_done(c, &k);
    dwi_buf_done(&normal);
    return status;
}

/* ---- the listing ---- */

static dw_status list_one(void *ctx, const dw_object *object, dw_error *err)
{
    file_check *c = ctx;
    dwi_sv path = dwi_sv_cstr(object->key + c->skip);
    const dwi_place orphan = {
        DWI_FINDING_NOTE, "orphan", path, -1, "a vacuum removes it when it is old enough", false};
    known_file *known;

    if (dwi_sv_starts_with(path, DWI_SV("_delta_log/"))) {
        c->jump = true;
        return dwi_err(err, DW_E_CANCELLED, "the log is passed over");
    }
    known = find_known(c, object->key);
    if (known != NULL) {
        known->found = object->size;
        return DW_OK;
    }
    if (dwi_vacuum_is_hidden(c->run->state, path) || dwi_file_guard_has(&c->guard, object->key) ||
        dwi_key_set_has(&c->run->change_data, dwi_sv_cstr(object->key)))
        return DW_OK;
    c->run->result->orphans++;
    c->run->result->orphan_bytes += object->size;
    if (!c->run->options->tell_orphans)
        return DW_OK;
    return dwi_verify_tell(c->run, orphan, err, "no version names it; %" PRId64 " bytes",
                           object->size);
}

static dw_status list_all(file_check *c, dw_error *err)
{
    const dwi_log *log = c->run->log;
    dw_status status;

    do {
        const char *after = c->after.len > 0 ? (const char *)c->after.data : NULL;
        c->jump = false;
        status = dwi_store_list(log->store, log->root, after, list_one, c, err);
        if (status == DW_E_CANCELLED && c->jump)
            status = DW_OK;
        DWI_TRY(status);
        dwi_buf_clear(&c->after);
        dwi_buf_append_cstr(&c->after, log->root);
        dwi_buf_append_cstr(&c->after, "_delta_log/\xF4\x8F\xBF\xBF");
        dwi_buf_append_byte(&c->after, '\0');
        DWI_TRY(dwi_buf_status(&c->after, err));
    } while (c->jump);
done:
    return status;
}

/* ---- after it ---- */

/* A file that was not listed is asked for: it may be listed by another name, or not yet. */
static dw_status size_of(file_check *c, const char *key, int64_t *out, dw_error *err)
{
    const known_file *known = find_known(c, key);
    dw_error why = DW_ERROR_INIT;
    dw_object object = {0};
    dw_status status;

    *out = known == NULL ? SIZE_UNSEEN : known->found;
    if (*out != SIZE_UNSEEN)
        return DW_OK;
    status = dwi_store_head(c->run->log->store, key, &object, &why);
    *out = status == DW_OK ? object.size : SIZE_NONE;
    if (status == DW_OK || status == DW_E_NOT_FOUND || status == DW_E_ARG)
        return DW_OK;
    if (err != NULL)
        *err = why;
    return status;
}

static dw_status keep_missing(dwi_verify_result *result, const dw_allocator *alloc,
                              const dwi_add *add, dw_error *err)
{
    if (result->n_missing == result->missing_cap) {
        size_t cap = result->missing_cap == 0 ? 16 : result->missing_cap * 2;
        dwi_add *grown = dwi_realloc(alloc, result->missing, result->missing_cap * sizeof(*grown),
                                     cap * sizeof(*grown));
        if (grown == NULL)
            return dwi_err_nomem(err);
        result->missing = grown;
        result->missing_cap = cap;
    }
    if (!dwi_add_copy(&result->arena, add, &result->missing[result->n_missing]))
        return dwi_err_nomem(err);
    result->n_missing++;
    return DW_OK;
}

/* *out_good: it is there as it should be, and so is its vector. */
static dw_status check_presence(file_check *c, const dwi_add *add, bool *out_good, dw_error *err)
{
    int64_t size = SIZE_NONE;
    int64_t vector = 0;
    dw_status status;
    keys k;

    *out_good = false;
    DWI_TRY(keys_of(c, add, &k, err));
    if (k.file == NULL)
        goto done;
    DWI_TRY(size_of(c, k.file, &size, err));
    if (k.vector != NULL)
        DWI_TRY(size_of(c, k.vector, &vector, err));
    if (size == SIZE_NONE) {
        DWI_TRY(dwi_verify_tell(c->run,
                                place_of(add, "file-missing",
                                         "take it out of the table (verify --repair), or restore "
                                         "an older version"),
                                err, "it is not there; its rows are lost"));
        if (c->run->options->keep_missing)
            DWI_TRY(keep_missing(c->run->result, c->run->log->alloc, add, err));
    } else if (size != add->size) {
        DWI_TRY(dwi_verify_tell(c->run, place_of(add, "file-size", NULL), err,
                                "%" PRId64 " bytes, and the log says %" PRId64, size, add->size));
    }
    if (vector == SIZE_NONE)
        DWI_TRY(dwi_verify_tell(c->run, place_of(add, "vector-missing", NULL), err,
                                "its deletion vector %s is not there", k.vector + c->skip));
    *out_good = size == add->size && vector != SIZE_NONE;
done:
    keys_done(c, &k);
    return status;
}

static dw_status look_into(void *ctx, size_t worker, size_t task, dw_error *err)
{
    file_check *c = ctx;

    (void)worker;
    return dwi_verify_data(c->run, &c->batch[task], err);
}

static dw_status flush_batch(file_check *c, dw_error *err)
{
    const dwi_verify_options *options = c->run->options;
    dw_status status = DW_OK;

    if (c->pool != NULL) {
        DWI_TRY(dwi_encode_pool_run(c->pool, c->n_batch, look_into, c, err));
    } else {
        for (size_t i = 0; i < c->n_batch; i++)
            DWI_TRY(look_into(c, 0, i, err));
    }
    c->n_batch = 0;
    dwi_arena_done(&c->batch_arena);
    dwi_arena_init(&c->batch_arena, c->run->log->alloc);
    if (options->progress != NULL)
        options->progress(options->ctx, c->done, c->run->result->files);
done:
    return status;
}

static dw_status check_add(void *ctx, const dwi_add *add, dw_error *err)
{
    file_check *c = ctx;
    dw_status status;
    bool good;

    c->done++;
    DWI_TRY(check_presence(c, add, &good, err));
    if (!good || !c->run->options->open_files)
        goto done;
    if (!dwi_add_copy(&c->batch_arena, add, &c->batch[c->n_batch]))
        DWI_TRY(dwi_err_nomem(err));
    if (++c->n_batch == BATCH_FILES)
        DWI_TRY(flush_batch(c, err));
done:
    return status;
}

static dw_status name_partitions(file_check *c, dw_error *err)
{
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    dw_error why = DW_ERROR_INIT;
    dw_status status;

    status = dwi_mapping_mode_of(c->run->state->metadata.configuration, &mode, &why);
    if (status == DW_OK)
        status = dwi_mapping_physical(&c->scratch, c->run->state->schema->root, mode, &c->physical,
                                      &why);
    if (status != DW_OK)
        c->physical = NULL;
    return dwi_verify_settle(
        c->run,
        (dwi_place){DWI_FINDING_ERROR, "schema-invalid", DWI_SV("_delta_log"), -1, NULL, false},
        status, &why, err);
}

static dw_status check_all(file_check *c, dw_error *err)
{
    dwi_verify_run *run = c->run;
    dw_status status;

    if (run->options->open_files && run->options->threads > 1)
        DWI_TRY(dwi_encode_pool_new(run->log->alloc, run->options->threads, &c->pool, err));
    DWI_TRY(name_partitions(c, err));
    DWI_TRY(dwi_files_visit(run->log, run->state, (dwi_file_visitor){c, note_add, NULL}, err));
    DWI_TRY(dwi_file_guard_state(&c->guard, run->state, err));
    DWI_TRY(list_all(c, err));
    DWI_TRY(dwi_files_visit(run->log, run->state, (dwi_file_visitor){c, check_add, NULL}, err));
    if (c->n_batch > 0)
        DWI_TRY(flush_batch(c, err));
done:
    return status;
}

dw_status dwi_verify_files(dwi_verify_run *run, dw_error *err)
{
    const dw_allocator *alloc = run->log->alloc;
    file_check *c = dwi_alloc_zero(alloc, sizeof(*c));
    dw_error why = DW_ERROR_INIT;
    dw_status status;

    if (c == NULL)
        return dwi_err_nomem(err);
    c->run = run;
    c->skip = strlen(run->log->root);
    run->log->env->random(run->log->env->ctx, &c->seed, sizeof(c->seed));
    dwi_file_guard_init(&c->guard, run->log, INT64_MIN);
    dwi_key_set_init(&c->paths, alloc, run->log->env);
    dwi_arena_init(&c->scratch, alloc);
    dwi_arena_init(&c->batch_arena, alloc);
    dwi_buf_init(&c->after, alloc);
    status = check_all(c, &why);
    /* The list of files itself is broken, which was told of the log. */
    if (status == DW_E_CORRUPT || status == DW_E_SCHEMA)
        status = dwi_verify_settle(run,
                                   (dwi_place){DWI_FINDING_ERROR, "files-unreadable",
                                               DWI_SV("_delta_log"), -1, NULL, false},
                                   status, &why, err);
    else if (status != DW_OK && err != NULL)
        *err = why;
    dwi_encode_pool_free(c->pool);
    dwi_buf_done(&c->after);
    dwi_arena_done(&c->batch_arena);
    dwi_arena_done(&c->scratch);
    dwi_key_set_done(&c->paths);
    dwi_file_guard_done(&c->guard);
    dwi_free(alloc, c->known, c->n_slots * sizeof(*c->known));
    dwi_free(alloc, c, sizeof(*c));
    return status;
}
