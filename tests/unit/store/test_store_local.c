/* SPDX-License-Identifier: Apache-2.0 */
/* What is special to files; the rest is the contract's. */
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/store_ops.h"

typedef struct fixture {
    char folder[64];
    dw_store *store;
} fixture;

static int set_up(void **state)
{
    fixture *f = test_calloc(1, sizeof(*f));
    dw_error err = DW_ERROR_INIT;

    (void)strcpy(f->folder, "/tmp/dw-local-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    DWT_OK(dw_store_open_uri(f->folder, NULL, &f->store, &err), &err);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    char command[256];

    dw_store_unref(f->store);
    (void)snprintf(command, sizeof(command), "chmod -R u+rwx '%s' && rm -rf '%s'", f->folder,
                   f->folder);
    DWT_EQ(system(command), 0);
    test_free(f);
    return 0;
}

static const char *path_of(const fixture *f, const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    return path;
}

static dw_status put_text(fixture *f, const char *key, const char *text, int mode, dw_error *err)
{
    return dwi_store_put(f->store, key, (dw_bytes){text, strlen(text)}, mode, err);
}

static int count_names(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count - 2; /* "." and ".." */
}

static dw_status append_key(void *ctx, const dw_object *object, dw_error *err)
{
    dwi_buf_printf(ctx, "%s ", object->key);
    return dwi_buf_status(ctx, err);
}

static void expect_list(fixture *f, const char *want)
{
    dw_error err = DW_ERROR_INIT;
    dwi_buf keys;

    dwi_buf_init(&keys, dwi_alloc_default());
    DWT_OK(dwi_store_list(f->store, "", NULL, append_key, &keys, &err), &err);
    DWT_STR(dwi_buf_cstr(&keys), want);
    dwi_buf_done(&keys);
}

static void no_temporary_file_stays(void **state)
{
    fixture *f = *state;
    dw_error err = DW_ERROR_INIT;
    dwi_upload *upload = NULL;

    DWT_OK(put_text(f, "a", "1", DW_PUT_IF_ABSENT, &err), &err);
    DWT_ERR(put_text(f, "a", "1", DW_PUT_IF_ABSENT, &err), &err, DW_E_EXISTS, "a");
    DWT_OK(put_text(f, "a", "2", DW_PUT_OVERWRITE, &err), &err);
    DWT_OK(dwi_upload_begin(f->store, "b", &upload, &err), &err);
    DWT_EQ(count_names(f->folder), 2);
    dwi_upload_abort(upload);
    DWT_EQ(count_names(f->folder), 1);
    DWT_OK(mkdir(path_of(f, "folder"), 0777), &err);
    DWT_ERR(put_text(f, "folder", "x", DW_PUT_OVERWRITE, &err), &err, DW_E_IO, "folder");
    DWT_EQ(count_names(f->folder), 2);
}

static void what_a_crash_leaves_is_neither_listed_nor_a_key(void **state)
{
    static const char left_over[] = ".dw-00000000-0000-4000-8000-000000000000.tmp";
    fixture *f = *state;
    dw_error err = DW_ERROR_INIT;
    int fd = open(path_of(f, left_over), O_CREAT | O_WRONLY, 0666);

    assert_true(fd >= 0);
    (void)close(fd);
    DWT_OK(put_text(f, ".hidden", "x", DW_PUT_IF_ABSENT, &err), &err);
    expect_list(f, ".hidden ");
    DWT_ERR(put_text(f, left_over, "x", DW_PUT_IF_ABSENT, &err), &err, DW_E_ARG, "temporary");
}

static void links_are_read_but_linked_folders_not_entered(void **state)
{
    fixture *f = *state;
    dw_error err = DW_ERROR_INIT;

    DWT_OK(put_text(f, "real/file", "x", DW_PUT_OVERWRITE, &err), &err);
    DWT_EQ(symlink("real/file", path_of(f, "link")), 0);
    DWT_EQ(symlink("real", path_of(f, "circle")), 0);
    DWT_EQ(symlink("nowhere", path_of(f, "dangling")), 0);
    DWT_EQ(mkfifo(path_of(f, "fifo"), 0666), 0);
    expect_list(f, "link real/file ");
}

static void a_folder_without_rights_is_denied(void **state)
{
    fixture *f = *state;
    dw_error err = DW_ERROR_INIT;

    if (geteuid() == 0)
        return; /* root may do anything */
    DWT_OK(mkdir(path_of(f, "shut"), 0555), &err);
    DWT_ERR(put_text(f, "shut/x", "x", DW_PUT_OVERWRITE, &err), &err, DW_E_DENIED, "shut");
}

static void a_file_in_place_of_a_folder_is_told(void **state)
{
    fixture *f = *state;
    dw_error err = DW_ERROR_INIT;

    DWT_OK(put_text(f, "file", "x", DW_PUT_OVERWRITE, &err), &err);
    DWT_ERR(put_text(f, "file/below", "x", DW_PUT_OVERWRITE, &err), &err, DW_E_NOT_FOUND,
            "put file/below: ");
}

typedef struct sweep {
    char uri[128];
} sweep;

static dw_status use_store(const dw_allocator *alloc, void *ctx)
{
    sweep *s = ctx;
    dw_store_options opts = DW_STORE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dwi_upload *upload = NULL;
    dw_store *store = NULL;
    dw_object object;
    dwi_buf out;
    dw_status status;

    dwi_buf_init(&out, alloc);
    opts.allocator = alloc;
    DWI_TRY(dw_store_open_uri(s->uri, &opts, &store, &err));
    DWI_TRY(dwi_store_remove(store, "p/a", &err));
    DWI_TRY(dwi_store_put(store, "p/a", (dw_bytes){"x", 1}, DW_PUT_IF_ABSENT, &err));
    DWI_TRY(dwi_upload_begin(store, "p/q/b", &upload, &err));
    DWI_TRY(dwi_upload_finish(upload, &err));
    DWI_TRY(dwi_store_head(store, "p/a", &object, &err));
    DWI_TRY(dwi_store_list(store, "p", NULL, append_key, &out, &err));
    dwi_buf_clear(&out);
    status = dwi_store_get(store, "p/a", (dw_range)DW_RANGE_ALL, 10, &out, &err);
done:
    dwi_buf_done(&out);
    dw_store_unref(store);
    return status;
}

static void want_of_memory_is_told_and_leaves_no_file(void **state)
{
    fixture *f = *state;
    sweep s;

    (void)snprintf(s.uri, sizeof(s.uri), "file://%s", f->folder);
    dwt_alloc_sweep(use_store, &s);
    DWT_EQ(count_names(path_of(f, "p")), 2);
    DWT_EQ(count_names(path_of(f, "p/q")), 1);
}

static void make_old(const char *path, bool folder)
{
    const struct timespec times[2] = {{1000, 0}, {1000, 0}};

    if (folder)
        DWT_EQ(mkdir(path, 0777), 0);
    else
        DWT_EQ(close(open(path, O_CREAT | O_WRONLY, 0666)), 0);
    DWT_EQ(utimensat(AT_FDCWD, path, times, 0), 0);
}

#define TEMP(hex) ".dw-00000000-0000-0000-0000-00000000000" hex ".tmp"

static void a_sweep_takes_old_leftovers_and_empty_folders(void **state)
{
    fixture *f = *state;
    dw_error err = DW_ERROR_INIT;
    dw_swept swept;

    DWT_OK(put_text(f, "t/a", "1", DW_PUT_OVERWRITE, &err), &err);
    make_old(path_of(f, "t/" TEMP("1")), false);
    DWT_EQ(close(open(path_of(f, "t/" TEMP("2")), O_CREAT | O_WRONLY, 0666)), 0); /* in use */
    make_old(path_of(f, "t/_hidden"), true);
    make_old(path_of(f, "t/e"), true);
    make_old(path_of(f, "t/e/f"), true);
    make_old(path_of(f, "t/e/f/" TEMP("3")), false);
    make_old(path_of(f, "t/x"), true);
    make_old(path_of(f, "t/x/file"), false);
    make_old(path_of(f, "other"), true);
    DWT_EQ(utimensat(AT_FDCWD, path_of(f, "t/e/f"),
                     (const struct timespec[2]){{1000, 0}, {1000, 0}}, 0),
           0);
    DWT_EQ(
        utimensat(AT_FDCWD, path_of(f, "t/e"), (const struct timespec[2]){{1000, 0}, {1000, 0}}, 0),
        0);
    for (int dry_run = 1; dry_run >= 0; dry_run--) {
        DWT_OK(dwi_store_sweep(f->store, "t/", 2000000, dry_run == 1, &swept, &err), &err);
        DWT_EQ(swept.leftovers, 2);
        DWT_EQ(swept.folders, 2);
        DWT_EQ(access(path_of(f, "t/" TEMP("1")), F_OK), dry_run == 1 ? 0 : -1);
        DWT_EQ(access(path_of(f, "t/e"), F_OK), dry_run == 1 ? 0 : -1);
    }
    DWT_EQ(access(path_of(f, "t/" TEMP("2")), F_OK), 0);
    DWT_EQ(access(path_of(f, "t/_hidden"), F_OK), 0);
    DWT_EQ(access(path_of(f, "t/x/file"), F_OK), 0);
    DWT_EQ(access(path_of(f, "other"), F_OK), 0);
    DWT_OK(dwi_store_sweep(f->store, "none/", 2000000, false, &swept, &err), &err);
    DWT_EQ(swept.leftovers + swept.folders, 0);
    DWT_ERR(dwi_store_sweep(f->store, "../", 2000000, false, &swept, &err), &err, DW_E_ARG,
            "not a prefix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ON_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        ON_FOLDER(no_temporary_file_stays),
        ON_FOLDER(what_a_crash_leaves_is_neither_listed_nor_a_key),
        ON_FOLDER(links_are_read_but_linked_folders_not_entered),
        ON_FOLDER(a_folder_without_rights_is_denied),
        ON_FOLDER(a_file_in_place_of_a_folder_is_told),
        ON_FOLDER(want_of_memory_is_told_and_leaves_no_file),
        ON_FOLDER(a_sweep_takes_old_leftovers_and_empty_folders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
