/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/textbuf.h"

/* The program of that name in the folder where ours is. */
static void sibling_path(const char *own_path, const char *name, struct textbuf *out)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *slash;

    if (len > 0) {
        self[len] = '\0';
        own_path = self;
    }
    slash = strrchr(own_path, '/');
    if (slash != NULL)
        textbuf_add(out, own_path, (size_t)(slash - own_path) + 1);
    textbuf_puts(out, name);
}

int child_run(const char *own_path, char *const arguments[])
{
    struct textbuf path = {0};
    int status = 0;
    pid_t pid;

    sibling_path(own_path, arguments[0], &path);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        (void)execv(path.text, arguments);
        (void)fprintf(stderr, "deltawrite-demo: %s: %s\n", path.text, strerror(errno));
        _exit(127);
    }
    textbuf_done(&path);
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        (void)fprintf(stderr, "deltawrite-demo: %s: %s\n", arguments[0], strerror(errno));
        return -1;
    }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    (void)fprintf(stderr, "deltawrite-demo: %s: ended by signal %d\n", arguments[0],
                  WTERMSIG(status));
    return -1;
}

static int remove_entries(DIR *folder)
{
    const struct dirent *entry;
    int problem = 0;

    while (problem == 0 && (entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            unlinkat(dirfd(folder), name, 0) == 0)
            continue;
        if (errno == EISDIR || errno == EPERM) {
            int fd = openat(dirfd(folder), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
            DIR *inner = fd < 0 ? NULL : fdopendir(fd);
            problem = inner == NULL ? errno : remove_entries(inner);
            if (inner != NULL)
                (void)closedir(inner);
            if (problem == 0 && unlinkat(dirfd(folder), name, AT_REMOVEDIR) != 0)
                problem = errno;
        } else {
            problem = errno;
        }
    }
    return problem;
}

int remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    int problem;

    if (folder == NULL)
        return errno == ENOENT ? 0 : errno;
    problem = remove_entries(folder);
    (void)closedir(folder);
    if (problem == 0 && rmdir(path) != 0)
        problem = errno;
    return problem;
}
