/* SPDX-License-Identifier: Apache-2.0 */
#include "store/local_sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/local_fs.h"

typedef struct sweeper {
    int64_t before_ms;
    bool dry_run;
    dw_swept *swept;
} sweeper;

static bool is_old(const sweeper *s, const struct stat *st)
{
    dw_object object;

    dwi_local_object(st, &object);
    return object.modified_ms < s->before_ms;
}

/* True: it is gone, or would be. A name that somebody else took away meanwhile is gone too. */
static dw_status take(const sweeper *s, int dir_fd, const char *name, int flags, bool *out_gone,
                      dw_error *err)
{
    *out_gone = true;
    if (s->dry_run || unlinkat(dir_fd, name, flags) == 0 || errno == ENOENT)
        return DW_OK;
    *out_gone = false;
    if (flags != 0 && (errno == ENOTEMPTY || errno == EEXIST))
        return DW_OK; /* no longer empty */
    return dwi_local_err(err, errno, "remove", name);
}

static dw_status sweep_folder(const sweeper *s, int dir_fd, bool *out_empty, dw_error *err);

static dw_status sweep_subfolder(const sweeper *s, int dir_fd, const char *name,
                                 const struct stat *st, bool *out_gone, dw_error *err)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool empty = false;
    dw_status status;

    *out_gone = fd < 0 && errno == ENOENT;
    if (fd < 0)
        return *out_gone ? DW_OK : dwi_local_err(err, errno, "open", name);
    DWI_TRY(sweep_folder(s, fd, &empty, err));
    /* Its own time is of before: what was removed just now made it younger. */
    if (empty && name[0] != '_' && name[0] != '.' && is_old(s, st)) {
        DWI_TRY(take(s, dir_fd, name, AT_REMOVEDIR, out_gone, err));
        s->swept->folders += *out_gone;
    }
done:
    return status;
}

static dw_status sweep_name(const sweeper *s, int dir_fd, const char *name, bool *out_gone,
                            dw_error *err)
{
    struct stat st;
    dw_status status = DW_OK;

    *out_gone = false;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        *out_gone = errno == ENOENT;
        return *out_gone ? DW_OK : dwi_local_err(err, errno, "stat", name);
    }
    if (S_ISDIR(st.st_mode))
        return sweep_subfolder(s, dir_fd, name, &st, out_gone, err);
    if (S_ISREG(st.st_mode) && dwi_local_is_temporary(name) && is_old(s, &st)) {
        DWI_TRY(take(s, dir_fd, name, 0, out_gone, err));
        s->swept->leftovers += *out_gone;
        s->swept->bytes += *out_gone ? (int64_t)st.st_size : 0;
    }
done:
    return status;
}

/* Takes `dir_fd`, also when it fails. */
static dw_status sweep_folder(const sweeper *s, int dir_fd, bool *out_empty, dw_error *err)
{
    DIR *dir = fdopendir(dir_fd);
    dw_status status = DW_OK;

    *out_empty = false;
    if (dir == NULL) {
        status = dwi_local_err(err, errno, "list", "a folder");
        (void)close(dir_fd); /* read-only */
        return status;
    }
    *out_empty = true;
    for (;;) {
        const struct dirent *d;
        bool gone;
        errno = 0;
        d = readdir(dir);
        if (d == NULL && errno != 0)
            DWI_TRY(dwi_local_err(err, errno, "list", "a folder"));
        if (d == NULL)
            break;
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        DWI_TRY(sweep_name(s, dirfd(dir), d->d_name, &gone, err));
        *out_empty = *out_empty && gone;
    }
done:
    *out_empty = *out_empty && status == DW_OK;
    (void)closedir(dir); /* read-only */
    return status;
}

dw_status dwi_local_sweep(const dw_allocator *alloc, const char *root, const char *prefix,
                          int64_t before_ms, bool dry_run, dw_swept *out, dw_error *err)
{
    const sweeper s = {before_ms, dry_run, out};
    dw_status status = DW_OK;
    dwi_buf path;
    bool empty;
    int fd;

    dwi_buf_init(&path, alloc);
    dwi_buf_printf(&path, "%s/%s", root, prefix);
    if (dwi_buf_cstr(&path) == NULL)
        DWI_TRY(dwi_err_nomem(err));
    fd = open((const char *)path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        goto done;
    if (fd < 0)
        DWI_TRY(dwi_local_err(err, errno, "open", (const char *)path.data));
    DWI_TRY(sweep_folder(&s, fd, &empty, err));
done:
    dwi_buf_done(&path);
    return status;
}
