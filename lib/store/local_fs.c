/* SPDX-License-Identifier: Apache-2.0 */
#include "store/local_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/env.h"
#include "base/str.h"

bool dwi_local_is_temporary(const char *name)
{
    dwi_sv text = dwi_sv_cstr(name);

    return dwi_sv_starts_with(text, DWI_SV(DWI_LOCAL_TEMP_PREFIX)) &&
           dwi_sv_ends_with(text, DWI_SV(DWI_LOCAL_TEMP_SUFFIX)) &&
           text.len == DWI_UUID_TEXT + sizeof(DWI_LOCAL_TEMP_PREFIX DWI_LOCAL_TEMP_SUFFIX) - 1;
}

dw_status dwi_local_err(dw_error *err, int sys, const char *action, const char *path)
{
    dw_status code = DW_E_IO;
    bool retryable = false;

    switch (sys) {
    case ENOENT:
    case ENOTDIR:
        code = DW_E_NOT_FOUND;
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        code = DW_E_DENIED;
        break;
    case ENAMETOOLONG:
        code = DW_E_ARG;
        break;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case EBUSY:
    case ESTALE:
    case ETIMEDOUT:
        retryable = true;
        break;
    default:
        break;
    }
    return dwi_err_sys(err, code, sys, retryable, "%s %s: %s", action, path, strerror(sys));
}

dw_status dwi_local_write(int fd, const void *data, size_t len, const char *path, dw_error *err)
{
    const uint8_t *p = data;

    while (len > 0) {
        ssize_t n = write(fd, p, len < SSIZE_MAX ? len : SSIZE_MAX);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return dwi_local_err(err, errno, "write", path);
        p += n;
        len -= (size_t)n;
    }
    return DW_OK;
}

int dwi_local_sync_folder(dwi_buf *path, size_t len)
{
    char cut = (char)path->data[len];
    int failed = 0;
    int fd;

    path->data[len] = '\0';
    fd = open(len == 0 ? "/" : (const char *)path->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    path->data[len] = (uint8_t)cut;
    if (fd < 0)
        return errno;
    /* EINVAL: a file system that does not sync folders, and so promises nothing to anybody. */
    if (fsync(fd) != 0 && errno != EINVAL)
        failed = errno;
    (void)close(fd); /* read-only */
    return failed;
}

static size_t parent_len(const dwi_buf *path, size_t len)
{
    while (len > 0 && path->data[len - 1] != '/')
        len--;
    while (len > 0 && path->data[len - 1] == '/')
        len--;
    return len;
}

static int make_one(dwi_buf *path, size_t len)
{
    char cut = (char)path->data[len];
    int failed;

    path->data[len] = '\0';
    failed = mkdir((const char *)path->data, 0777) == 0 ? 0 : errno;
    path->data[len] = (uint8_t)cut;
    return failed;
}

dw_status dwi_local_make_folder(dwi_buf *path, size_t len, dw_error *err)
{
    int failed = len == 0 ? EEXIST : make_one(path, len);
    dw_status status;

    if (failed == ENOENT) {
        status = dwi_local_make_folder(path, parent_len(path, len), err);
        if (status != DW_OK)
            return status;
        failed = make_one(path, len);
    }
    if (failed == EEXIST) /* if it is no folder, creating the file will say so */
        return DW_OK;
    if (failed == 0)
        failed = dwi_local_sync_folder(path, parent_len(path, len));
    return failed == 0 ? DW_OK
                       : dwi_local_err(err, failed, "make the folder of", (const char *)path->data);
}

void dwi_local_object(const struct stat *st, dw_object *out_object)
{
    out_object->size = (int64_t)st->st_size;
    out_object->modified_ms =
        (int64_t)st->st_mtim.tv_sec * 1000 + (int64_t)(st->st_mtim.tv_nsec / 1000000);
}

dw_status dwi_local_remove_checksum(const dwi_buf *path, dw_error *err)
{
    const char *text = (const char *)path->data;
    const char *slash = strrchr(text, '/');
    size_t folder_len = slash == NULL ? 0 : (size_t)(slash + 1 - text);
    dwi_buf beside;
    dw_status status;

    dwi_buf_init(&beside, path->alloc);
    dwi_buf_append(&beside, text, folder_len);
    dwi_buf_printf(&beside, ".%s.crc", text + folder_len);
    status = dwi_buf_status(&beside, err);
    if (status == DW_OK)
        (void)unlink(dwi_buf_cstr(&beside)); /* there seldom is one */
    dwi_buf_done(&beside);
    return status;
}
