/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as files. Invariants:
 *  1. A name that a reader can see has its whole content: bytes go to a temporary file beside it,
 *     which link(2) (if-absent) or rename(2) (overwrite) then gives its name.
 *  2. link(2) fails when the name exists: of several writers exactly one wins.
 *  3. DW_OK means durable: the file was synced before it got its name, its folder after, and so was
 *     the parent of every folder that was made.
 *  4. Temporary files match dwi_local_is_temporary(), which no key does, and are never listed. A
 * crash may leave one behind; it harms nobody.
 *
 *   write_temp()  -> publish()  -> sync_parent()
 *   [no name]        [visible]     [durable] */
#include "store/store_local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/local_fs.h"
#include "store/local_list.h"
#include "store/local_sweep.h"

typedef struct local_store {
    const dwi_store_base *base;
    char *root; /* "" for the file system's own */
} local_store;

/* The folder of an object and the two names in it. All are whole paths. */
typedef struct target {
    dwi_buf path;
    dwi_buf temp;
    size_t folder_len; /* of both, without the last '/' */
} target;

static void target_done(target *t)
{
    dwi_buf_done(&t->path);
    dwi_buf_done(&t->temp);
}

static const char *target_path(const target *t)
{
    return (const char *)t->path.data;
}

static const char *target_temp(const target *t)
{
    return (const char *)t->temp.data;
}

static dw_status object_path(const local_store *local, const char *key, dwi_buf *out, dw_error *err)
{
    const char *name = strrchr(key, '/');

    if (dwi_local_is_temporary(name == NULL ? key : name + 1))
        return dwi_err(err, DW_E_ARG, "the name is one of a temporary file");
    dwi_buf_printf(out, "%s/%s", local->root, key);
    return dwi_buf_cstr(out) == NULL ? dwi_err_nomem(err) : DW_OK;
}

static dw_status target_init(target *t, const local_store *local, const char *key, dw_error *err)
{
    char uuid[DWI_UUID_TEXT + 1];
    dw_status status;

    dwi_buf_init(&t->path, local->base->alloc);
    dwi_buf_init(&t->temp, local->base->alloc);
    status = object_path(local, key, &t->path, err);
    if (status != DW_OK)
        return status;
    t->folder_len = (size_t)(strrchr(target_path(t), '/') - target_path(t));
    dwi_uuid(local->base->env, uuid);
    dwi_buf_append(&t->temp, t->path.data, t->folder_len);
    dwi_buf_printf(&t->temp, "/" DWI_LOCAL_TEMP_PREFIX "%s" DWI_LOCAL_TEMP_SUFFIX, uuid);
    return dwi_buf_cstr(&t->temp) == NULL ? dwi_err_nomem(err) : DW_OK;
}

enum { MAX_FOLDER_TRIES = 8 };

/* Creates the temporary file, and its folder when that is missing. */
static dw_status open_temp(target *t, int *out_fd, dw_error *err)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = open(target_temp(t), flags, 0666);

    /* A sweep may take the folder away again before there is something in it. */
    for (int tries = 0; fd < 0 && errno == ENOENT && tries < MAX_FOLDER_TRIES; tries++) {
        dw_status status = dwi_local_make_folder(&t->path, t->folder_len, err);
        if (status != DW_OK)
            return status;
        fd = open(target_temp(t), flags, 0666);
    }
    if (fd < 0)
        return dwi_local_err(err, errno, "create", target_temp(t));
    *out_fd = fd;
    return DW_OK;
}

/* Syncs and closes. */
static dw_status close_synced(int fd, const char *path, dw_error *err)
{
    int failed = fsync(fd) != 0 ? errno : 0;

    if (close(fd) != 0 && failed == 0 && errno != EINTR)
        failed = errno;
    return failed == 0 ? DW_OK : dwi_local_err(err, failed, "sync", path);
}

/* Gives the temporary file the object's name, or removes it. */
static dw_status publish(target *t, int mode, dw_error *err)
{
    const char *path = target_path(t);
    const char *temp = target_temp(t);
    struct stat st;
    dw_status status;
    int failed;

    if (mode == DW_PUT_OVERWRITE) {
        status = dwi_local_remove_checksum(&t->path, err);
        if (status != DW_OK) {
            (void)unlink(temp); /* only a left-over */
            return status;
        }
        failed = rename(temp, path) == 0 ? 0 : errno;
        if (failed == 0)
            return DW_OK;
        (void)unlink(temp); /* only a left-over */
        return dwi_local_err(err, failed, "rename to", path);
    }
    failed = link(temp, path) == 0 ? 0 : errno;
    /* A network file system may do it and lose the reply: then the file has two names. */
    if (failed != 0 && stat(temp, &st) == 0 && st.st_nlink == 2)
        failed = 0;
    (void)unlink(temp); /* the object has its own name by now */
    if (failed == EEXIST)
        return dwi_err_sys(err, DW_E_EXISTS, failed, false, "the object exists");
    if (failed == EPERM || failed == ENOSYS || failed == EOPNOTSUPP)
        return dwi_err_sys(err, DW_E_UNSUPPORTED, failed, false,
                           "%s: this file system has no hard links, so that a file cannot be "
                           "created atomically: %s",
                           path, strerror(failed));
    return failed == 0 ? DW_OK : dwi_local_err(err, failed, "link", path);
}

static dw_status sync_parent(target *t, int mode, dw_error *err)
{
    int failed = dwi_local_sync_folder(&t->path, t->folder_len);

    if (failed == 0)
        return DW_OK;
    if (mode == DW_PUT_OVERWRITE)
        return dwi_local_err(err, failed, "sync the folder of", target_path(t));
    return dwi_err_sys(err, DW_E_UNKNOWN, failed, false, "sync the folder of %s: %s",
                       target_path(t), strerror(failed)); /* visible, but perhaps not durable */
}

static dw_status local_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    target t = {0};
    int fd = -1;
    dw_status status;

    DWI_TRY(target_init(&t, self, key, err));
    /* Spares the writing when it is lost anyway; publish() is what decides. */
    if (mode == DW_PUT_IF_ABSENT && access(target_path(&t), F_OK) == 0) {
        status = dwi_err_sys(err, DW_E_EXISTS, EEXIST, false, "the object exists");
        goto done;
    }
    DWI_TRY(open_temp(&t, &fd, err));
    status = dwi_local_write(fd, body.data, body.len, target_temp(&t), err);
    if (status == DW_OK)
        status = close_synced(fd, target_temp(&t), err);
    else
        (void)close(fd); /* the write's error is the one to tell */
    if (status != DW_OK) {
        (void)unlink(target_temp(&t)); /* only a left-over */
        goto done;
    }
    DWI_TRY(publish(&t, mode, err));
    status = sync_parent(&t, mode, err);
done:
    target_done(&t);
    return status;
}

enum { READ_BYTES = 256 * 1024 };

static dw_status read_range(int fd, dw_range range, const char *path, const dw_allocator *alloc,
                            dw_sink sink, dw_error *err)
{
    struct stat st;
    uint8_t *chunk;
    size_t offset;
    size_t left;
    dw_status status = DW_OK;

    if (fstat(fd, &st) != 0)
        return dwi_local_err(err, errno, "stat", path);
    if (S_ISDIR(st.st_mode))
        return dwi_err(err, DW_E_NOT_FOUND, "%s: it is a folder", path);
    dwi_range_resolve(range, (size_t)st.st_size, &offset, &left);
    if (left == 0)
        return DW_OK;
    chunk = dwi_alloc(alloc, READ_BYTES);
    if (chunk == NULL)
        return dwi_err_nomem(err);
    while (left > 0 && status == DW_OK) {
        ssize_t n = pread(fd, chunk, left < READ_BYTES ? left : READ_BYTES, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            status = n < 0 ? dwi_local_err(err, errno, "read", path)
                           : dwi_err(err, DW_E_IO, "%s: it shrank while it was read", path);
            break;
        }
        status = sink.write(sink.ctx, chunk, (size_t)n, err);
        offset += (size_t)n;
        left -= (size_t)n;
    }
    dwi_free(alloc, chunk, READ_BYTES);
    return status;
}

static dw_status local_get(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    const local_store *local = self;
    dwi_buf path;
    int fd = -1;
    dw_status status;

    dwi_buf_init(&path, local->base->alloc);
    DWI_TRY(object_path(local, key, &path, err));
    fd = open((const char *)path.data, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        status = dwi_local_err(err, errno, "open", (const char *)path.data);
        goto done;
    }
    status = read_range(fd, range, (const char *)path.data, local->base->alloc, sink, err);
done:
    if (fd >= 0)
        (void)close(fd); /* read-only */
    dwi_buf_done(&path);
    return status;
}

static dw_status local_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                            void *ctx, dw_error *err)
{
    const local_store *local = self;

    return dwi_local_list(local->base->alloc, local->root, prefix, after, each, ctx, err);
}

static dw_status local_sweep(void *self, const char *prefix, int64_t before_ms, int32_t dry_run,
                             dw_swept *out_swept, dw_error *err)
{
    const local_store *local = self;

    return dwi_local_sweep(local->base->alloc, local->root, prefix, before_ms, dry_run != 0,
                           out_swept, err);
}

static dw_status local_head(void *self, const char *key, dw_object *out_object, dw_error *err)
{
    const local_store *local = self;
    struct stat st;
    dwi_buf path;
    dw_status status;

    dwi_buf_init(&path, local->base->alloc);
    DWI_TRY(object_path(local, key, &path, err));
    if (stat((const char *)path.data, &st) != 0)
        status = dwi_local_err(err, errno, "stat", (const char *)path.data);
    else if (S_ISDIR(st.st_mode))
        status = dwi_err(err, DW_E_NOT_FOUND, "%s: it is a folder", (const char *)path.data);
    else
        dwi_local_object(&st, out_object);
done:
    dwi_buf_done(&path);
    return status;
}

static dw_status local_remove(void *self, const char *key, dw_error *err)
{
    const local_store *local = self;
    dwi_buf path;
    dw_status status;

    dwi_buf_init(&path, local->base->alloc);
    DWI_TRY(object_path(local, key, &path, err));
    DWI_TRY(dwi_local_remove_checksum(&path, err));
    if (unlink((const char *)path.data) != 0 && errno != ENOENT && errno != ENOTDIR)
        status = dwi_local_err(err, errno, "remove", (const char *)path.data);
done:
    dwi_buf_done(&path);
    return status;
}

typedef struct upload {
    target target;
    int fd;
} upload;

static void upload_free(const local_store *local, upload *u)
{
    if (u->fd >= 0) {
        (void)close(u->fd); /* what it holds is thrown away */
        (void)unlink(target_temp(&u->target));
    }
    target_done(&u->target);
    dwi_free(local->base->alloc, u, sizeof(*u));
}

static dw_status local_upload_begin(void *self, const char *key, void **out_upload, dw_error *err)
{
    local_store *local = self;
    upload *u = dwi_alloc_zero(local->base->alloc, sizeof(*u));
    dw_status status;

    if (u == NULL)
        return dwi_err_nomem(err);
    u->fd = -1;
    DWI_TRY(target_init(&u->target, local, key, err));
    DWI_TRY(open_temp(&u->target, &u->fd, err));
    *out_upload = u;
    u = NULL;
done:
    if (u != NULL)
        upload_free(local, u);
    return status;
}

static dw_status local_upload_write(void *self, void *stream, const void *data, size_t len,
                                    dw_error *err)
{
    upload *u = stream;

    (void)self;
    return dwi_local_write(u->fd, data, len, target_temp(&u->target), err);
}

static dw_status local_upload_finish(void *self, void *stream, dw_error *err)
{
    upload *u = stream;
    int fd = u->fd;
    dw_status status;

    u->fd = -1;
    status = close_synced(fd, target_temp(&u->target), err);
    if (status != DW_OK) {
        (void)unlink(target_temp(&u->target)); /* only a left-over */
        goto done;
    }
    DWI_TRY(publish(&u->target, DW_PUT_OVERWRITE, err));
    status = sync_parent(&u->target, DW_PUT_OVERWRITE, err);
done:
    upload_free(self, u);
    return status;
}

static void local_upload_abort(void *self, void *stream)
{
    upload_free(self, stream);
}

static void local_destroy(void *self)
{
    local_store *local = self;
    const dw_allocator *alloc = local->base->alloc;

    dwi_cstr_free(alloc, local->root);
    dwi_free(alloc, local, sizeof(*local));
}

const dw_store_vtable *dwi_local_vtable(void)
{
    static const dw_store_vtable vtable = {
        .struct_size = sizeof(dw_store_vtable),
        .caps = DW_CAP_PUT_IF_ABSENT | DW_CAP_LIST_AFTER,
        .get = local_get,
        .put = local_put,
        .list = local_list,
        .head = local_head,
        .remove = local_remove,
        .upload_begin = local_upload_begin,
        .upload_write = local_upload_write,
        .upload_finish = local_upload_finish,
        .upload_abort = local_upload_abort,
        .destroy = local_destroy,
        .sweep = local_sweep,
    };

    return &vtable;
}

dw_status dwi_local_open(const dwi_store_base *base, const char *root, void **out_self,
                         dw_error *err)
{
    local_store *local = dwi_alloc_zero(base->alloc, sizeof(*local));

    if (local == NULL)
        return dwi_err_nomem(err);
    local->base = base;
    local->root = dwi_cstr_dup(base->alloc, root);
    if (local->root == NULL) {
        local_destroy(local);
        return dwi_err_nomem(err);
    }
    *out_self = local;
    return DW_OK;
}
