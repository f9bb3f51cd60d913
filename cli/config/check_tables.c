/* SPDX-License-Identifier: Apache-2.0 */
#include "config/self_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <deltawrite/table.h>
#include <deltawrite/txn.h>

#include "common/memory.h"
#include "config/expand.h"

/* The folder of a template that all of its tables are below. */
static char *fixed_part(const char *uri)
{
    char *text = need_strdup(uri);
    char *dollar = strstr(text, "${");

    if (dollar != NULL) {
        *dollar = '\0';
        while (dollar > text && dollar[-1] != '/')
            *--dollar = '\0';
    }
    return text;
}

static bool is_s3(const char *uri)
{
    return strncasecmp(uri, "s3://", 5) == 0 || strncasecmp(uri, "s3a://", 6) == 0;
}

static enum check_verdict verdict_of(const char *uri, const dw_error *err)
{
    switch (err->code) {
    case DW_E_IO:
        return err->retryable || is_s3(uri) ? CHECK_LATER : CHECK_WRONG;
    case DW_E_NOT_FOUND:
        return is_s3(uri) ? CHECK_LATER : CHECK_WRONG;
    case DW_E_THROTTLED:
    case DW_E_UNKNOWN:
        return CHECK_LATER;
    default:
        return CHECK_WRONG;
    }
}

static const char *how_to_mend(const char *uri, const dw_error *err)
{
    switch (err->code) {
    case DW_E_DENIED:
        return is_s3(uri) ? "see storage.access_key_id and its secret; they need s3:ListBucket, "
                            "s3:GetObject, s3:PutObject and s3:DeleteObject there"
                          : "see the rights of the folder";
    case DW_E_NOT_FOUND:
        return "make the bucket, or see its name";
    case DW_E_UNSUPPORTED:
        return "take a store with conditional writes, such as AWS S3 or MinIO";
    case DW_E_IO:
        return is_s3(uri) ? "is it running, and is storage.endpoint right?" : NULL;
    default:
        return NULL;
    }
}

/* The folder of a local table may be missing, and is not made for a check. */
static bool check_folder(struct check_report *report, const char *uri)
{
    const char *path = strncmp(uri, "file://", 7) == 0 ? uri + 7 : uri;
    char *folder = need_strdup(path);
    bool ok = true;

    while (folder[0] != '\0' && access(folder, F_OK) != 0) {
        char *slash = strrchr(folder, '/');

        if (slash == NULL)
            break;
        *(slash == folder ? slash + 1 : slash) = '\0';
        if (strcmp(folder, "/") == 0)
            break;
    }
    if (strrchr(folder, '/') == NULL && access(folder, F_OK) != 0) {
        free(folder);
        folder = need_strdup(".");
    }
    if (access(folder, W_OK | X_OK) != 0) {
        ok = false;
        check_tell(report, CHECK_WRONG, "store", uri, "the folder above it cannot be written",
                   "see the rights of the folder");
    } else {
        check_tell(report, CHECK_OK, "store", uri, "can be made", NULL);
    }
    free(folder);
    return ok;
}

static bool check_store(struct check_report *report, const char *uri, dw_store *store,
                        const struct aws_env *aws)
{
    dw_error err = DW_ERROR_INIT;
    struct textbuf text = {0};

    if (!is_s3(uri) && access(strncmp(uri, "file://", 7) == 0 ? uri + 7 : uri, F_OK) != 0)
        return check_folder(report, uri);
    if (dw_store_check(store, &err) != DW_OK) {
        check_tell(report, verdict_of(uri, &err), "store", uri, err.message,
                   how_to_mend(uri, &err));
        return false;
    }
    textbuf_puts(&text, "listed, put if absent, read, removed");
    if (is_s3(uri))
        textbuf_printf(&text, " at %s with keys from the %s",
                       aws->endpoint == NULL ? "AWS" : aws->endpoint, aws->source);
    check_tell(report, CHECK_OK, "store", uri, text.text, NULL);
    textbuf_done(&text);
    return true;
}

/* ---- what a table knows of offsets ---- */

struct offsets {
    int32_t known;
    int32_t all;
    struct textbuf gap; /* the first one found */
};

static void count_offsets(const struct config *config, size_t table,
                          const struct found_topics *topics, dw_table *handle, struct offsets *out)
{
    for (size_t i = 0; i < topics->count; i++) {
        const struct found_topic *topic = &topics->items[i];

        if (config->sources[topic->source].table != table)
            continue;
        for (int32_t p = 0; p < topic->partitions; p++) {
            struct textbuf app_id = {0};
            dw_error err = DW_ERROR_INIT;
            int64_t next = -1;

            textbuf_printf(&app_id, "%s-%s-%" PRId32, config->group_id, topic->name, p);
            out->all++;
            if (dw_table_app_version(handle, app_id.text, &next, &err) == DW_OK && next >= 0) {
                out->known++;
                if (topic->first[p] > next && out->gap.len == 0)
                    textbuf_printf(&out->gap,
                                   "partition %" PRId32 " of %s: the table wants offset %" PRId64
                                   " next, and Kafka has those from %" PRId64,
                                   p, topic->name, next, topic->first[p]);
            }
            textbuf_done(&app_id);
        }
    }
}

static void tell_open_table(struct check_report *report, const struct config *config, size_t index,
                            const struct found_topics *topics, dw_table *table)
{
    const char *uri = config->tables[index].uri;
    dw_error err = DW_ERROR_INIT;
    struct offsets offsets = {0};
    struct textbuf text = {0};
    dw_txn *txn = NULL;

    if (dw_begin(table, NULL, &txn, &err) != DW_OK) {
        check_tell(report, CHECK_WRONG, "table", uri, err.message,
                   "it can be read, but not be appended to");
        return;
    }
    dw_txn_close(txn);
    count_offsets(config, index, topics, table, &offsets);
    textbuf_printf(&text, "version %" PRId64, dw_table_version(table));
    if (offsets.all > 0)
        textbuf_printf(&text, ", knows offsets of %" PRId32 " of %" PRId32 " partitions",
                       offsets.known, offsets.all);
    check_tell(report, CHECK_OK, "table", uri, text.text, NULL);
    if (offsets.gap.len > 0 && !config->run.allow_gap)
        check_tell(report, CHECK_WRONG, "offsets", uri, offsets.gap.text,
                   "--allow-gap goes on with what there is");
    textbuf_done(&offsets.gap);
    textbuf_done(&text);
}

static void check_table(struct check_report *report, const struct config *config, size_t index,
                        const struct found_topics *topics, dw_store *store)
{
    const struct table_config *settings = &config->tables[index];
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    dw_table *table = NULL;

    if (dw_table_open(store, "", &options, &table, &err) == DW_OK) {
        tell_open_table(report, config, index, topics, table);
        dw_table_close(table);
    } else if (err.code == DW_E_NOT_FOUND && settings->create) {
        check_tell(report, CHECK_OK, "table", settings->uri, "is not there, and will be made",
                   NULL);
    } else if (err.code == DW_E_NOT_FOUND) {
        check_tell(report, CHECK_WRONG, "table", settings->uri, "is not there",
                   "make it, or set create: true");
    } else {
        check_tell(report, verdict_of(settings->uri, &err), "table", settings->uri, err.message,
                   NULL);
    }
}

/* One URI: its store, and with `topics` its table. */
static void check_uri(struct check_report *report, const struct config *config, size_t index,
                      const char *uri, const struct found_topics *topics)
{
    dw_store_options options = config->store_options;
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    char *fixed = fixed_part(uri);

    options.retry_timeout_ms = -1;
    options.request_timeout_ms = 5000;
    if (dw_store_open_uri(fixed, &options, &store, &err) != DW_OK)
        check_tell(report, CHECK_WRONG, "store", uri, err.message, NULL);
    else if (check_store(report, fixed, store, &config->aws) && topics != NULL)
        check_table(report, config, index, topics, store);
    dw_store_unref(store);
    free(fixed);
}

void check_tables(struct check_report *report, const struct config *config,
                  const struct found_topics *topics)
{
    for (size_t i = 0; i < config->n_tables; i++) {
        const struct table_config *table = &config->tables[i];

        check_uri(report, config, i, table->uri, is_template(table->uri) ? NULL : topics);
        if (table->bad.policy == BAD_TO_TABLE)
            check_uri(report, config, i, table->bad.table_uri, NULL);
    }
}
