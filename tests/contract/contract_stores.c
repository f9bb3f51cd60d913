/* SPDX-License-Identifier: Apache-2.0 */
#include "contract_stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

bool contract_store_known(const char *kind)
{
    return strcmp(kind, "memory") == 0 || strcmp(kind, "local") == 0;
}

bool contract_store_present(const char *kind)
{
    (void)kind;
    return true;
}

static dw_store *open_memory(void)
{
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;

    DWT_OK(dw_store_open_memory(NULL, &store, &err), &err);
    return store;
}

static dw_store *open_local(void)
{
    char folder[] = "/tmp/dw-contract-XXXXXX";
    char uri[128];
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;

    assert_non_null(mkdtemp(folder));
    /* One folder deeper: the root need not exist. */
    (void)snprintf(uri, sizeof(uri), "file://%s/root/of%%20it", folder);
    DWT_OK(dw_store_open_uri(uri, NULL, &store, &err), &err);
    return store;
}

dw_store *contract_store_open(const char *kind)
{
    return strcmp(kind, "memory") == 0 ? open_memory() : open_local();
}

/* A folder's content with all below it, by the store's own listing would leave the folders. */
static void remove_tree(const char *uri)
{
    char command[256];
    const char *path = uri + strlen("file://");
    const char *end = strstr(path, "/root/of");

    assert_non_null(end);
    (void)snprintf(command, sizeof(command), "rm -rf '%.*s'", (int)(end - path), path);
    DWT_EQ(system(command), 0);
}

void contract_store_drop(dw_store *store)
{
    if (strncmp(dwi_store_name(store), "file://", 7) == 0)
        remove_tree(dwi_store_name(store));
    dw_store_unref(store);
}
