/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite parquet: looks at one Parquet file. */
#include "tool/verbs_parquet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/parquet_file.h"
#include "tool/rows.h"
#include "tool/verbs.h"

static const struct verb verbs[] = {
    {"parquet meta", "FILE", "Show a Parquet file's footer: row groups, columns, statistics.",
     "deltawrite parquet meta part-0.parquet", parquet_meta, VERB_OTHER, NULL},
    {"parquet schema", "FILE", "Show a Parquet file's schema.",
     "deltawrite parquet schema s3://lake/events/part-0.parquet", parquet_schema, VERB_OTHER, NULL},
    {"parquet pages", "FILE", "Show the pages of a Parquet file's column chunks.",
     "deltawrite parquet pages part-0.parquet --json", parquet_pages, VERB_OTHER, NULL},
    {"parquet verify", "FILE",
     "Read all of a Parquet file and compare it with its statistics and indexes.",
     "deltawrite parquet verify part-0.parquet", parquet_verify, VERB_OTHER, NULL},
    {"parquet cat", "FILE", "Print a Parquet file's rows as NDJSON.",
     "deltawrite parquet cat part-0.parquet --columns id,name --limit 5", parquet_cat, VERB_OTHER,
     NULL},
};

const struct verb *parquet_verbs(size_t *out_count)
{
    *out_count = sizeof(verbs) / sizeof(verbs[0]);
    return verbs;
}

/* ---- cat ---- */

struct where {
    dw_parquet_condition *conditions;
    size_t count;
    char *text; /* of them all */
};

static char *trim(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == ' ')
        text[--len] = '\0';
    return text + strspn(text, " ");
}

/* "COLUMN OP VALUE" or "COLUMN is [not] null", cut up in place. */
static bool parse_condition(char *text, dw_parquet_condition *out)
{
    static const struct {
        const char *sign;
        int32_t op;
    } signs[] = {{"<=", DW_PARQUET_LE},
                 {">=", DW_PARQUET_GE},
                 {"<", DW_PARQUET_LT},
                 {">", DW_PARQUET_GT},
                 {"=", DW_PARQUET_EQ}};
    static const char is_not_null[] = " is not null";
    static const char is_null[] = " is null";
    size_t at = strcspn(text, "<>=");
    size_t len;

    for (size_t i = 0; text[at] != '\0' && i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (strncmp(text + at, signs[i].sign, strlen(signs[i].sign)) != 0)
            continue;
        text[at] = '\0';
        *out = (dw_parquet_condition){trim(text), signs[i].op,
                                      trim(text + at + strlen(signs[i].sign))};
        return *out->path != '\0';
    }
    text = trim(text);
    len = strlen(text);
    for (int i = 0; i < 2; i++) {
        const char *end = i == 0 ? is_not_null : is_null;
        if (len <= strlen(end) || strcmp(text + len - strlen(end), end) != 0)
            continue;
        text[len - strlen(end)] = '\0';
        *out = (dw_parquet_condition){trim(text),
                                      i == 0 ? DW_PARQUET_IS_NOT_NULL : DW_PARQUET_IS_NULL, NULL};
        return true;
    }
    return false;
}

/* Exit code or -1; freed by the caller. */
static int parse_where(const struct arg_list *list, struct where *out)
{
    size_t bytes = 1;
    char *at;

    for (size_t i = 0; i < list->count; i++)
        bytes += strlen(list->items[i]) + 1;
    out->conditions = need_alloc(list->count + 1, sizeof(*out->conditions));
    out->text = at = need_alloc(bytes, 1);
    for (size_t i = 0; i < list->count; i++) {
        size_t len = strlen(list->items[i]) + 1;
        memcpy(at, list->items[i], len);
        if (!parse_condition(at, &out->conditions[i])) {
            (void)fprintf(
                stderr,
                "deltawrite parquet cat: --where: \"%s\" is not COLUMN OP VALUE, OP one of "
                "< <= = >= >, or COLUMN is [not] null\n",
                list->items[i]);
            return 2;
        }
        at += len;
        out->count++;
    }
    return -1;
}

static int cat_rows(struct parquet_file *f, const struct look *look, const struct where *where)
{
    dw_parquet_read_options opts = DW_PARQUET_READ_OPTIONS_INIT;
    struct ArrowArrayStream stream = {0};
    dw_error err = DW_ERROR_INIT;
    char *copy = NULL;
    const char **names = NULL;
    int code = 1;

    if (look->limit > 0 && look->limit < 8192)
        opts.batch_rows = (int32_t)look->limit;
    if (look->columns != NULL)
        split_list(look->columns, &copy, &names, &opts.n_columns);
    opts.columns = names;
    opts.conditions = where->conditions;
    opts.n_conditions = where->count;
    if (dw_parquet_reader_stream(f->reader, &opts, &stream, &err) != DW_OK) {
        code = fail_at(f->path, &err);
    } else {
        code = rows_print_json(&stream, f->path, look->limit, stdout);
        stream.release(&stream);
        if (fflush(stdout) != 0)
            code = 1;
    }
    free((void *)names);
    free(copy);
    return code;
}

int parquet_cat(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    struct arg_list conditions = {NULL};
    const struct arg_spec specs[] = {
        {"--columns", "A,B", ARG_TEXT, &look.columns, "these columns only"},
        {"--where", "CONDITION", ARG_LIST, &conditions,
         "rows with e.g. \"id >= 5\" or \"name is null\"; several: all hold"},
        {"--limit", "N", ARG_COUNT, &look.limit, "at most N rows"},
        OPT_END};
    struct parquet_file f = {0};
    struct where where = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = parse_where(&conditions, &where);
    if (code < 0)
        code = parquet_open(&f, look.args.items[0]);
    if (code < 0)
        code = cat_rows(&f, &look, &where);
    parquet_close(&f);
    free(where.conditions);
    free(where.text);
    arg_list_free(&conditions);
    arg_list_free(&look.args);
    return code;
}

/* ---- verify ---- */

struct problems {
    const char *path;
    cJSON *list; /* NULL: they are printed */
    int64_t count;
};

static dw_status on_problem(void *ctx, const dw_parquet_problem *problem, dw_error *err)
{
    struct problems *problems = ctx;
    cJSON *item;

    (void)err;
    problems->count++;
    if (problems->list != NULL) {
        item = cJSON_CreateObject();
        add_i64_or_null(item, "rowGroup", problem->row_group);
        add_text(item, "column", problem->column);
        add_i64_or_null(item, "page", problem->page);
        add_text(item, "problem", problem->text);
        (void)cJSON_AddItemToArray(problems->list, item);
        return DW_OK;
    }
    (void)printf("%s: ", problems->path);
    if (problem->row_group >= 0)
        (void)printf("row group %" PRId64 ": ", problem->row_group);
    if (problem->column != NULL)
        (void)printf("column %s: ", problem->column);
    if (problem->page >= 0)
        (void)printf("page %" PRId64 ": ", problem->page);
    (void)printf("%s\n", problem->text);
    return DW_OK;
}

static int verify(struct parquet_file *f, bool json)
{
    struct problems problems = {.path = f->path, .list = json ? cJSON_CreateArray() : NULL};
    dw_parquet_info info = DW_PARQUET_INFO_INIT;
    dw_error err = DW_ERROR_INIT;
    cJSON *out;
    int code;

    if (dw_parquet_reader_get_info(f->reader, &info, &err) != DW_OK ||
        dw_parquet_reader_verify(f->reader, on_problem, &problems, &err) != DW_OK) {
        cJSON_Delete(problems.list);
        return fail_at(f->path, &err);
    }
    code = problems.count > 0 ? 1 : 0;
    if (json) {
        out = cJSON_CreateObject();
        add_i64(out, "numRows", info.rows);
        add_i64(out, "rowGroups", info.row_groups);
        (void)cJSON_AddItemToObject(out, "problems", problems.list);
        if (print_json(out) != 0)
            code = 1;
    } else if (problems.count == 0) {
        (void)printf("%s: %" PRId64 " rows in %" PRId64 " row groups, nothing wrong\n", f->path,
                     info.rows, info.row_groups);
    }
    return fflush(stdout) == 0 ? code : 1;
}

int parquet_verify(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {OPT_JSON(look), OPT_END};
    struct parquet_file f = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = parquet_open(&f, look.args.items[0]);
    if (code < 0)
        code = verify(&f, look.json);
    parquet_close(&f);
    arg_list_free(&look.args);
    return code;
}
