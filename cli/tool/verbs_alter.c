/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite alter: a table's columns, properties and features, one commit each. */
#include "tool/verbs_alter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/ddl.h"
#include "common/textbuf.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/target.h"

/* What one of the verbs asks for; arguments[0] is the table. */
struct alteration {
    struct look look;
    const char *comment; /* add-column */
};

typedef dw_status alter_fn(dw_txn *txn, const struct alteration *a, dw_error *err);

static int alter_run(const struct verb *verb, const struct arg_spec *specs, int argc, char **argv,
                     size_t min_args, size_t max_args, struct alteration *a, alter_fn *change)
{
    struct target t = {0};
    dw_error err = DW_ERROR_INIT;
    int64_t version = -1;
    dw_txn *txn = NULL;
    int code = args_parse(verb, specs, argc, argv, min_args, max_args, &a->look.args);

    if (code < 0)
        code = target_open(&t, a->look.args.items[0]);
    if (code < 0 && (dw_begin(t.table, NULL, &txn, &err) != DW_OK ||
                     change(txn, a, &err) != DW_OK || dw_commit(txn, &version, &err) != DW_OK))
        code = fail_at(t.uri, &err);
    if (code < 0 && a->look.json) {
        cJSON *out = cJSON_CreateObject();
        add_i64(out, "version", version);
        code = print_json(out);
    } else if (code < 0) {
        (void)printf("%s is at version %" PRId64 "\n", t.uri, version);
        code = 0;
    }
    dw_txn_close(txn);
    target_close(&t);
    arg_list_free(&a->look.args);
    return code;
}

/* ---- columns ---- */

/* The length of the first name of a path: up to a dot that is not in backticks. */
static size_t first_name(const char *path)
{
    bool quoted = false;
    size_t n = 0;

    for (; path[n] != '\0' && (quoted || path[n] != '.'); n++)
        quoted = quoted != (path[n] == '`');
    return n;
}

/* In backticks, whatever is in it. */
static void append_name(struct textbuf *out, const char *name, size_t len)
{
    bool quoted = len >= 2 && name[0] == '`' && name[len - 1] == '`';

    if (!quoted)
        textbuf_puts(out, "`");
    textbuf_add(out, name, len);
    if (!quoted)
        textbuf_puts(out, "`");
}

/* "s.x" of a type is a column `s` STRUCT<`x`: type>. */
static void append_column(struct textbuf *out, const char *path, const char *type)
{
    size_t len = first_name(path);

    append_name(out, path, len);
    if (path[len] != '.') {
        textbuf_puts(out, " ");
        textbuf_puts(out, type);
        return;
    }
    textbuf_puts(out, " STRUCT<");
    append_column(out, path + len + 1, type);
    textbuf_puts(out, ">");
}

static dw_status add_column(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    const char *path = a->look.args.items[1];
    struct textbuf ddl = {0};
    struct textbuf schema = {0};
    struct textbuf problem = {0};
    dw_status status;

    append_column(&ddl, path, a->look.args.items[2]);
    if (ddl_to_schema(ddl.text, &schema, &problem)) {
        status = dw_txn_add_columns(txn, schema.text, err);
    } else {
        *err = (dw_error)DW_ERROR_INIT;
        err->code = status = DW_E_ARG;
        (void)snprintf(err->message, sizeof(err->message), "column %.200s: %.200s", path,
                       problem.text);
    }
    if (status == DW_OK && a->comment != NULL)
        status = dw_txn_set_comment(txn, path, a->comment, err);
    textbuf_done(&problem);
    textbuf_done(&schema);
    textbuf_done(&ddl);
    return status;
}

static int alter_add_column(const struct verb *verb, int argc, char **argv)
{
    struct alteration a = {.look = LOOK_INIT};
    const struct arg_spec specs[] = {
        {"--comment", "TEXT", ARG_TEXT, &a.comment, "what it is for"}, OPT_JSON(a.look), OPT_END};

    return alter_run(verb, specs, argc, argv, 3, 3, &a, add_column);
}

static dw_status drop_column(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    return dw_txn_drop_column(txn, a->look.args.items[1], err);
}

static dw_status rename_column(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    return dw_txn_rename_column(txn, a->look.args.items[1], a->look.args.items[2], err);
}

static dw_status drop_not_null(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    return dw_txn_drop_not_null(txn, a->look.args.items[1], err);
}

/* COLUMN TEXT, or TEXT alone: the table's. */
static dw_status comment(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    size_t n = a->look.args.count;
    const char *text = a->look.args.items[n - 1];

    return dw_txn_set_comment(txn, n == 3 ? a->look.args.items[1] : NULL,
                              text[0] == '\0' ? NULL : text, err);
}

/* ---- properties and features ---- */

static dw_status set(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 1; i < a->look.args.count && status == DW_OK; i++) {
        const char *pair = a->look.args.items[i];
        const char *equals = strchr(pair, '=');
        struct textbuf key = {0};
        textbuf_add(&key, pair, equals == NULL ? strlen(pair) : (size_t)(equals - pair));
        if (equals == NULL || equals == pair) {
            *err = (dw_error)DW_ERROR_INIT;
            err->code = status = DW_E_ARG;
            (void)snprintf(err->message, sizeof(err->message), "\"%.200s\" is not KEY=VALUE", pair);
        } else {
            status = dw_txn_set_property(txn, key.text, equals + 1, err);
        }
        textbuf_done(&key);
    }
    return status;
}

static dw_status unset(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 1; i < a->look.args.count && status == DW_OK; i++)
        status = dw_txn_set_property(txn, a->look.args.items[i], NULL, err);
    return status;
}

static dw_status add_feature(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    struct textbuf key = {0};
    dw_status status;

    textbuf_puts(&key, "delta.feature.");
    textbuf_puts(&key, a->look.args.items[1]);
    status = dw_txn_set_property(txn, key.text, "supported", err);
    textbuf_done(&key);
    return status;
}

static dw_status drop_feature(dw_txn *txn, const struct alteration *a, dw_error *err)
{
    return dw_txn_drop_feature(txn, a->look.args.items[1], err);
}

/* ---- the verbs ---- */

static int simple(const struct verb *verb, int argc, char **argv, size_t min_args, size_t max_args,
                  alter_fn *change)
{
    struct alteration a = {.look = LOOK_INIT};
    const struct arg_spec specs[] = {OPT_JSON(a.look), OPT_END};

    return alter_run(verb, specs, argc, argv, min_args, max_args, &a, change);
}

static int alter_drop_column(const struct verb *verb, int argc, char **argv)
{
    return simple(verb, argc, argv, 2, 2, drop_column);
}

static int alter_rename_column(const struct verb *verb, int argc, char **argv)
{
    return simple(verb, argc, argv, 3, 3, rename_column);
}

static int alter_drop_not_null(const struct verb *verb, int argc, char **argv)
{
    return simple(verb, argc, argv, 2, 2, drop_not_null);
}

static int alter_comment(const struct verb *verb, int argc, char **argv)
{
    return simple(verb, argc, argv, 2, 3, comment);
}

static int alter_set(const struct verb *verb, int argc, char **argv)
{
    return simple(verb, argc, argv, 2, 1000, set);
}

static int alter_unset(const struct verb *verb, int argc, char **argv)
{
    return simple(verb, argc, argv, 2, 1000, unset);
}

static int alter_add_feature(const struct verb *verb, int argc, char **argv)
{
    return simple(verb, argc, argv, 2, 2, add_feature);
}

static int alter_drop_feature(const struct verb *verb, int argc, char **argv)
{
    return simple(verb, argc, argv, 2, 2, drop_feature);
}

static const struct verb verbs[] = {
    {"alter add-column", "TABLE COLUMN TYPE",
     "Add a nullable column, or a field of a struct (s.x); TYPE as SQL writes it.",
     "deltawrite alter add-column ./events price 'decimal(10,2)' --comment 'in euros'",
     alter_add_column, VERB_CHANGE, NULL},
    {"alter drop-column", "TABLE COLUMN", "Drop a column of a table with column mapping.",
     "deltawrite alter drop-column ./events user.phone", alter_drop_column, VERB_CHANGE, NULL},
    {"alter rename-column", "TABLE COLUMN NEW-NAME",
     "Rename a column of a table with column mapping.",
     "deltawrite alter rename-column ./events usr user", alter_rename_column, VERB_CHANGE, NULL},
    {"alter drop-not-null", "TABLE COLUMN", "Let a NOT NULL column be null.",
     "deltawrite alter drop-not-null ./events id", alter_drop_not_null, VERB_CHANGE, NULL},
    {"alter comment", "TABLE [COLUMN] TEXT",
     "Comment on a column, or on the table; an empty TEXT takes it away.",
     "deltawrite alter comment ./events price 'in euros, with tax'", alter_comment, VERB_CHANGE,
     NULL},
    {"alter set", "TABLE K=V...", "Set table properties.",
     "deltawrite alter set ./events delta.columnMapping.mode=name", alter_set, VERB_CHANGE, NULL},
    {"alter unset", "TABLE K...", "Unset table properties.",
     "deltawrite alter unset ./events delta.targetFileSize", alter_unset, VERB_CHANGE, NULL},
    {"alter add-feature", "TABLE FEATURE", "Add a feature to a table's protocol.",
     "deltawrite alter add-feature ./events deletionVectors", alter_add_feature, VERB_CHANGE, NULL},
    {"alter drop-feature", "TABLE FEATURE",
     "Drop a feature that binds writers alone and that the table does not use any more.",
     "deltawrite alter drop-feature ./events appendOnly", alter_drop_feature, VERB_CHANGE, NULL},
};

const struct verb *alter_verbs(size_t *out_count)
{
    *out_count = sizeof(verbs) / sizeof(verbs[0]);
    return verbs;
}

static bool is_verb(const char *word)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verbs[i].name + strlen("alter "), word) == 0)
            return true;
    return false;
}

void alter_put_verb_first(int argc, char **argv)
{
    char *table;

    if (argc < 4 || strcmp(argv[1], "alter") != 0 || is_verb(argv[2]) || !is_verb(argv[3]))
        return;
    table = argv[2];
    argv[2] = argv[3];
    argv[3] = table;
}
