/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ddl.h"
#include "common/memory.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

/* "k=v" items into properties; `copy` holds the text. Exit code or -1. */
static int split_properties(const struct arg_list *list, char ***out_copies,
                            dw_property **out_properties)
{
    *out_copies = need_alloc(list->count + 1, sizeof(**out_copies));
    *out_properties = need_alloc(list->count + 1, sizeof(**out_properties));
    for (size_t i = 0; i < list->count; i++) {
        char *copy = need_strdup(list->items[i]);
        char *equals = strchr(copy, '=');
        (*out_copies)[i] = copy;
        if (equals == NULL || equals == copy) {
            (void)fprintf(stderr, "deltawrite create: --property: \"%s\" is not KEY=VALUE\n", copy);
            return 2;
        }
        *equals = '\0';
        (*out_properties)[i] = (dw_property){copy, equals + 1};
    }
    return -1;
}

static void free_properties(char **copies, dw_property *properties)
{
    for (size_t i = 0; copies != NULL && copies[i] != NULL; i++)
        free(copies[i]);
    free(copies);
    free(properties);
}

static int parse_columns(const char *ddl, struct textbuf *out_schema)
{
    struct textbuf problem = {0};
    bool good = ddl_to_schema(ddl, out_schema, &problem);

    if (!good)
        (void)fprintf(stderr, "deltawrite create: --columns: %s\n", problem.text);
    textbuf_done(&problem);
    return good ? -1 : 2;
}

static int create_table(struct target *t, const struct look *look, const dw_create_options *create)
{
    dw_error err = DW_ERROR_INIT;
    cJSON *out;

    if (dw_table_create(t->store, "", create, NULL, &t->table, &err) != DW_OK)
        return fail_at(t->uri, &err);
    if (!look->json) {
        (void)printf("created %s, version %" PRId64 "\n", t->uri, dw_table_version(t->table));
        return 0;
    }
    out = cJSON_CreateObject();
    add_i64(out, "version", dw_table_version(t->table));
    return print_json(out);
}

int verb_create(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    const char *schema_path = NULL;
    const char *columns_ddl = NULL;
    const char *partition_by = NULL;
    const char *cluster_by = NULL;
    struct arg_list properties = {NULL, 0};
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    const struct arg_spec specs[] = {
        {"--schema", "FILE", ARG_TEXT, &schema_path,
         "Delta schema in JSON: {\"type\":\"struct\",\"fields\":[...]}"},
        {"--columns", "DDL", ARG_TEXT, &columns_ddl,
         "in its place: \"id BIGINT NOT NULL, tags ARRAY<STRING>\""},
        {"--partition-by", "A,B", ARG_TEXT, &partition_by, "partition columns"},
        {"--cluster-by", "A,B", ARG_TEXT, &cluster_by, "clustering columns, up to 4"},
        {"--property", "K=V", ARG_LIST, &properties, "table property; may be repeated"},
        {"--name", "TEXT", ARG_TEXT, &create.name, "the table's name"},
        {"--description", "TEXT", ARG_TEXT, &create.description, "what the table is for"},
        OPT_JSON(look),
        OPT_END};
    struct target t = {0};
    struct textbuf schema = {0};
    char **copies = NULL;
    char *column_text = NULL;
    const char **columns = NULL;
    char *cluster_text = NULL;
    const char **clustering = NULL;
    dw_property *pairs = NULL;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0 && (schema_path == NULL) == (columns_ddl == NULL)) {
        (void)fputs("deltawrite create: --schema: one of --schema and --columns is needed (see "
                    "deltawrite create --help)\n",
                    stderr);
        code = 2;
    }
    if (code < 0)
        code = split_properties(&properties, &copies, &pairs);
    if (code < 0 && partition_by != NULL)
        split_list(partition_by, &column_text, &columns, &create.n_partition_columns);
    if (code < 0 && cluster_by != NULL)
        split_list(cluster_by, &cluster_text, &clustering, &create.n_clustering_columns);
    if (code < 0)
        code = columns_ddl != NULL ? parse_columns(columns_ddl, &schema)
                                   : read_whole_file(schema_path, &schema);
    if (code < 0)
        code = target_open_store(&t, look.args.items[0]);
    create.schema_json = schema.text;
    create.partition_columns = columns;
    create.clustering_columns = clustering;
    create.properties = pairs;
    create.n_properties = properties.count;
    if (code < 0)
        code = create_table(&t, &look, &create);
    free_properties(copies, pairs);
    free((void *)columns);
    free(column_text);
    free((void *)clustering);
    free(cluster_text);
    textbuf_done(&schema);
    target_close(&t);
    arg_list_free(&properties);
    arg_list_free(&look.args);
    return code;
}

int verb_checkpoint(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {OPT_JSON(look), OPT_END};
    struct target t = {0};
    dw_error err = DW_ERROR_INIT;
    int64_t version;
    cJSON *out;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0 && dw_checkpoint(t.table, &version, &err) != DW_OK)
        code = fail_at(t.uri, &err);
    if (code < 0 && look.json) {
        out = cJSON_CreateObject();
        add_i64(out, "version", version);
        code = print_json(out);
    } else if (code < 0) {
        (void)printf("checkpoint of version %" PRId64 " is there\n", version);
        code = 0;
    }
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
