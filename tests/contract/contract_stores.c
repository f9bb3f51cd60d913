/* SPDX-License-Identifier: Apache-2.0 */
#include "contract_stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "store/fault_store.h"

bool contract_store_known(const char *kind)
{
    return strcmp(kind, "memory") == 0 || strcmp(kind, "local") == 0 || strcmp(kind, "s3") == 0 ||
           strcmp(kind, "fault") == 0;
}

bool contract_store_present(const char *kind)
{
    if (strcmp(kind, "s3") != 0 || getenv("DELTAWRITE_TEST_S3_ENDPOINT") != NULL)
        return true;
    (void)fprintf(stderr, "SKIPPED: no S3 server; DELTAWRITE_TEST_S3_ENDPOINT is not set\n");
    return false;
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

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value == NULL ? otherwise : value;
}

static void print_line(void *ctx, int level, const char *message)
{
    (void)ctx;
    (void)level;
    print_message("%s\n", message);
}

dw_store *contract_store_open_s3(const char *bucket, const char *key, const char *secret)
{
    dw_store_options opts = DW_STORE_OPTIONS_INIT;
    char uuid[DWI_UUID_TEXT + 1];
    char uri[256];
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;

    opts.flags = DW_S3_ALLOW_HTTP;
    opts.log = print_line;
    opts.s3_endpoint = getenv("DELTAWRITE_TEST_S3_ENDPOINT");
    opts.s3_access_key_id = key != NULL ? key : setting("DELTAWRITE_TEST_S3_KEY", "minioadmin");
    opts.s3_secret_access_key =
        secret != NULL ? secret : setting("DELTAWRITE_TEST_S3_SECRET", "minioadmin");
    dwi_uuid(dwi_env_system(), uuid);
    (void)snprintf(uri, sizeof(uri), "s3://%s/contract/%s/a b%%41+",
                   bucket != NULL ? bucket : setting("DELTAWRITE_TEST_S3_BUCKET", "contract"),
                   uuid);
    DWT_OK(dw_store_open_uri(uri, &opts, &store, &err), &err);
    return store;
}

/* The fault store without faults is no different. */
static dw_store *open_fault(void)
{
    dw_store *inner = open_memory();
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;

    DWT_OK(dwi_fault_store_new(inner, NULL, &store, &err), &err);
    dw_store_unref(inner);
    return store;
}

dw_store *contract_store_open(const char *kind)
{
    if (strcmp(kind, "fault") == 0)
        return open_fault();
    if (strcmp(kind, "memory") == 0)
        return open_memory();
    return strcmp(kind, "local") == 0 ? open_local() : contract_store_open_s3(NULL, NULL, NULL);
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
