/* SPDX-License-Identifier: Apache-2.0 */
/* One folder is read whole and sorted, with a '/' after the names of folders: "a-b" comes before
 * "a/c", as it does among keys. Folders that are symbolic links are not entered (they may form
 * circles); the root itself may be one. */
#include "store/local_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "store/local_fs.h"

typedef struct name_entry {
    const char *name; /* a folder's ends in '/' */
    dw_object object;
} name_entry;

typedef struct walk {
    const dw_allocator *alloc;
    size_t root_len; /* of path, with the '/' after it */
    dwi_buf path;    /* NUL-terminated; what follows the root is the key so far */
    dwi_sv prefix;
    const char *after;
    dw_lister_fn *each;
    void *ctx;
} walk;

typedef struct folder {
    dwi_arena names;
    name_entry *entries;
    size_t count;
    size_t cap;
} folder;

static dwi_sv key_of(const walk *w)
{
    return (dwi_sv){(const char *)w->path.data + w->root_len, w->path.len - w->root_len};
}

/* Whether a file of this key, or one below a folder of this name, can be asked for. */
static bool wanted(const walk *w, dwi_sv key)
{
    size_t common = key.len < w->prefix.len ? key.len : w->prefix.len;
    int order;

    if (memcmp(key.ptr, w->prefix.ptr, common) != 0 ||
        (key.len < w->prefix.len && w->prefix.ptr[key.len] != '/'))
        return false;
    if (w->after == NULL)
        return true;
    order = strncmp(key.ptr, w->after, key.len);
    return order > 0 || (order == 0 && (unsigned char)w->after[key.len] <= '/');
}

static bool set_path(walk *w, size_t folder_len, const char *name)
{
    w->path.len = folder_len;
    dwi_buf_append_cstr(&w->path, name);
    return dwi_buf_cstr(&w->path) != NULL;
}

static bool add_entry(walk *w, folder *f, const char *name, const struct stat *st)
{
    size_t len = strlen(name);
    char *copy = dwi_arena_alloc(&f->names, len + 2);

    if (f->count == f->cap && copy != NULL) {
        size_t cap = f->cap == 0 ? 64 : f->cap * 2;
        name_entry *moved =
            dwi_realloc(w->alloc, f->entries, f->cap * sizeof(*moved), cap * sizeof(*moved));
        if (moved == NULL)
            return false;
        f->entries = moved;
        f->cap = cap;
    }
    if (copy == NULL)
        return false;
    memcpy(copy, name, len + 1);
    if (S_ISDIR(st->st_mode))
        memcpy(copy + len, "/", 2);
    f->entries[f->count].name = copy;
    dwi_local_object(st, &f->entries[f->count].object);
    f->count++;
    return true;
}

/* False with errno ENOENT (gone meanwhile, or a dangling link), ELOOP (a link to a folder), or an
 * error. */
static bool stat_name(int dir_fd, const char *name, struct stat *st)
{
    if (fstatat(dir_fd, name, st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (!S_ISLNK(st->st_mode))
        return true;
    if (fstatat(dir_fd, name, st, 0) != 0)
        return false;
    errno = ELOOP;
    return !S_ISDIR(st->st_mode);
}

/* One name of a folder: looked at only when a key of it can be asked for. */
static dw_status take_name(walk *w, folder *f, int dir_fd, size_t folder_len, const char *name,
                           dw_error *err)
{
    struct stat st;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || dwi_local_is_temporary(name))
        return DW_OK;
    if (!set_path(w, folder_len, name))
        return dwi_err_nomem(err);
    if (!wanted(w, key_of(w)))
        return DW_OK;
    if (!stat_name(dir_fd, name, &st))
        return errno == ENOENT || errno == ELOOP
                   ? DW_OK
                   : dwi_local_err(err, errno, "stat", (const char *)w->path.data);
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return DW_OK;
    return add_entry(w, f, name, &st) ? DW_OK : dwi_err_nomem(err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const name_entry *)a)->name, ((const name_entry *)b)->name);
}

static dw_status read_folder(walk *w, folder *f, size_t folder_len, dw_error *err)
{
    DIR *dir = opendir((const char *)w->path.data);
    dw_status status = DW_OK;

    if (dir == NULL) /* no such folder: no keys below it */
        return errno == ENOENT || errno == ENOTDIR
                   ? DW_OK
                   : dwi_local_err(err, errno, "list", (const char *)w->path.data);
    for (;;) {
        struct dirent *d;
        errno = 0;
        d = readdir(dir);
        if (d == NULL && errno != 0) {
            w->path.len = folder_len;
            status = dwi_local_err(err, errno, "list", dwi_buf_cstr(&w->path));
        }
        if (d == NULL)
            break;
        DWI_TRY(take_name(w, f, dirfd(dir), folder_len, d->d_name, err));
    }
    if (f->count > 1)
        qsort(f->entries, f->count, sizeof(*f->entries), by_name);
done:
    (void)closedir(dir); /* read-only */
    return status;
}

static dw_status give_object(walk *w, const name_entry *e, dw_error *err)
{
    dw_object object = e->object;
    dwi_sv key = key_of(w);

    if (key.len < w->prefix.len || memcmp(key.ptr, w->prefix.ptr, w->prefix.len) != 0)
        return DW_OK;
    if (w->after != NULL && strcmp(key.ptr, w->after) <= 0)
        return DW_OK;
    object.key = key.ptr;
    return w->each(w->ctx, &object, err);
}

/* path is the folder, with a '/' at its end. */
static dw_status walk_folder(walk *w, dw_error *err)
{
    size_t folder_len = w->path.len;
    folder f = {{0}, NULL, 0, 0};
    dw_status status;

    dwi_arena_init(&f.names, w->alloc);
    DWI_TRY(read_folder(w, &f, folder_len, err));
    for (size_t i = 0; i < f.count; i++) {
        const name_entry *e = f.entries + i;
        if (!set_path(w, folder_len, e->name)) {
            status = dwi_err_nomem(err);
            goto done;
        }
        if (w->path.data[w->path.len - 1] == '/')
            DWI_TRY(walk_folder(w, err));
        else
            DWI_TRY(give_object(w, e, err));
    }
done:
    dwi_arena_done(&f.names);
    dwi_free(w->alloc, f.entries, f.cap * sizeof(*f.entries));
    return status;
}

dw_status dwi_local_list(const dw_allocator *alloc, const char *root, const char *prefix,
                         const char *after, dw_lister_fn *each, void *ctx, dw_error *err)
{
    walk w = {.alloc = alloc, .prefix = dwi_sv_cstr(prefix), .after = after, .each = each};
    const char *slash = strrchr(prefix, '/');
    dw_status status;

    w.ctx = ctx;
    dwi_buf_init(&w.path, alloc);
    dwi_buf_printf(&w.path, "%s/", root);
    w.root_len = w.path.len;
    if (slash != NULL)
        dwi_buf_append(&w.path, prefix, (size_t)(slash - prefix) + 1);
    status = dwi_buf_cstr(&w.path) == NULL ? dwi_err_nomem(err) : walk_folder(&w, err);
    dwi_buf_done(&w.path);
    return status;
}
