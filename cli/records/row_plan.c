/* SPDX-License-Identifier: Apache-2.0 */
#include "records/row_plan.h"

#include <stdlib.h>

#include "common/memory.h"
#include "records/debezium.h"
#include "records/jq_program.h"
#include "records/row_filter.h"
#include "records/row_plan_parts.h"

static bool anything_to_do(const struct record_config *c)
{
    const struct metadata_columns *m = &c->metadata;

    return c->debezium || c->flatten || c->n_columns != 0 || c->drop.count != 0 ||
           c->filter != NULL || c->jq != NULL || c->rescue_column != NULL || m->topic != NULL ||
           m->partition != NULL || m->offset != NULL || m->timestamp != NULL ||
           m->timestamp_type != NULL || m->key != NULL || m->headers != NULL;
}

static bool parse_drops(struct row_plan *plan, struct textbuf *out_problem)
{
    const struct text_list *drop = &plan->config->drop;

    plan->drops = scratch_array(&plan->kept, drop->count, sizeof(*plan->drops));
    for (size_t i = 0; i < drop->count; i++) {
        if (!path_parse(&plan->kept, drop->items[i], &plan->drops[i])) {
            textbuf_printf(out_problem, "drop: %s is not a path", drop->items[i]);
            return false;
        }
    }
    return true;
}

static bool parse_jq(struct row_plan *plan, struct textbuf *out_problem)
{
    if (plan->config->jq == NULL)
        return true;
    plan->jq = jq_program_new(plan->config->jq, out_problem);
    return plan->jq != NULL;
}

static bool parse_filter(struct row_plan *plan, struct textbuf *out_problem)
{
    if (plan->config->filter == NULL)
        return true;
    plan->filter = row_filter_parse(&plan->kept, plan->config->filter, out_problem);
    return plan->filter != NULL;
}

struct row_plan *row_plan_new(const struct record_config *config, struct textbuf *out_problem)
{
    struct row_plan *plan;

    if (!anything_to_do(config))
        return NULL;
    plan = need_alloc(1, sizeof(*plan));
    plan->config = config;
    if (row_columns_parse(&plan->kept, config, &plan->columns, out_problem) &&
        parse_drops(plan, out_problem) && parse_filter(plan, out_problem) &&
        parse_jq(plan, out_problem))
        return plan;
    row_plan_free(plan);
    return NULL;
}

void row_plan_free(struct row_plan *plan)
{
    if (plan == NULL)
        return;
    jq_program_free(plan->jq);
    scratch_done(&plan->kept);
    scratch_done(&plan->scratch);
    scratch_done(&plan->table);
    textbuf_done(&plan->schema);
    free(plan);
}

static void drop_fields(const struct row_plan *plan, struct json *row)
{
    for (size_t i = 0; i < plan->config->drop.count; i++) {
        struct path parent = plan->drops[i];
        struct json *object;
        parent.count--;
        object = path_find(&parent, row);
        if (object != NULL && object->kind == JSON_OBJECT)
            json_remove(object, parent.steps[parent.count]);
    }
}

struct span row_plan_join(struct scratch *scratch, struct span prefix, const char *separator,
                          struct span name)
{
    size_t middle = prefix.len == 0 ? 0 : strlen(separator);
    char *text = scratch_alloc(scratch, prefix.len + middle + name.len);

    if (prefix.len != 0)
        memcpy(text, prefix.ptr, prefix.len);
    memcpy(text + prefix.len, separator, middle);
    if (name.len != 0)
        memcpy(text + prefix.len + middle, name.ptr, name.len);
    return (struct span){text, prefix.len + middle + name.len};
}

static const char *separator_of(const struct row_plan *plan)
{
    return plan->config->flatten_separator == NULL ? "_" : plan->config->flatten_separator;
}

static void flatten_into(const struct row_plan *plan, struct scratch *scratch, struct json *object,
                         struct span prefix, struct json *out)
{
    struct json *member;

    json_keep_last(scratch, object);
    member = object->first;
    while (member != NULL) {
        struct json *next = member->next;
        struct span name = prefix.len == 0
                               ? member->name
                               : row_plan_join(scratch, prefix, separator_of(plan), member->name);
        if (member->kind == JSON_OBJECT)
            flatten_into(plan, scratch, member, name, out);
        else
            json_add_member(out, name, member);
        member = next;
    }
}

static void flatten(const struct row_plan *plan, struct scratch *scratch, struct json *row)
{
    struct json flat = {.kind = JSON_OBJECT};

    flatten_into(plan, scratch, row, (struct span){"", 0}, &flat);
    row->first = flat.first;
    row->last = flat.last;
}

/* Fields that no column has, as one JSON text. Their order and all their values stay. */
static void rescue(const struct row_plan *plan, struct scratch *scratch, struct json *row)
{
    struct json rest = {.kind = JSON_OBJECT};
    struct json *member = row->first;
    struct textbuf text = {0};

    row->first = row->last = NULL;
    while (member != NULL) {
        struct json *next = member->next;
        json_add(name_set_has(&plan->known, member->name) ? row : &rest, member);
        member = next;
    }
    if (rest.first == NULL)
        return;
    json_write(&rest, &text);
    json_add_member(
        row, span_of(plan->config->rescue_column),
        json_new_string(scratch, scratch_copy(scratch, (struct span){text.text, text.len})));
    textbuf_done(&text);
}

/* From the filter on. */
static enum decode_result finish_row(struct row_plan *plan, struct json *row,
                                     const struct record *record, struct row_list *out,
                                     struct failure *failure)
{
    struct scratch *scratch = &plan->scratch;
    enum decode_result result = DECODE_ROWS;
    size_t start = out->text.len;

    if (plan->filter != NULL && !row_filter_keeps(plan->filter, scratch, row))
        return DECODE_ROWS;
    if (plan->columns.count != 0)
        result = row_columns_apply(&plan->columns, scratch, row, failure);
    if (result != DECODE_ROWS)
        return result;
    drop_fields(plan, row);
    if (plan->config->flatten)
        flatten(plan, scratch, row);
    if (plan->config->rescue_column != NULL && plan->table_known)
        rescue(plan, scratch, row);
    result = row_metadata_add(plan, scratch, row, record, failure);
    if (result != DECODE_ROWS)
        return result;
    json_write(row, &out->text);
    row_list_made(out, start);
    return DECODE_ROWS;
}

static enum decode_result run_jq(struct row_plan *plan, struct json *row,
                                 const struct record *record, struct row_list *out,
                                 struct failure *failure)
{
    struct json *next = NULL;
    enum decode_result result = jq_program_start(plan->jq, row, failure);

    while (result == DECODE_ROWS) {
        result = jq_program_next(plan->jq, &plan->scratch, &next, failure);
        if (result != DECODE_ROWS || next == NULL)
            break;
        result = finish_row(plan, next, record, out, failure);
    }
    return result;
}

enum decode_result row_plan_apply(struct row_plan *plan, struct span text,
                                  const struct record *record, struct row_list *out,
                                  struct failure *failure)
{
    struct json_error error;
    struct json *row;
    enum decode_result result;

    scratch_reset(&plan->scratch);
    row = json_parse(&plan->scratch, text, &error);
    if (row == NULL)
        return failure_bad(failure, "payload", "DW_E_RECORD", "offset %zu: %s", error.offset,
                           error.reason);
    if (row->kind != JSON_OBJECT)
        return failure_bad(failure, "payload", "DW_E_RECORD", "the record is not a JSON object");
    if (plan->config->debezium) {
        result = debezium_unwrap(&plan->scratch, row, &row, failure);
        if (result != DECODE_ROWS || row == NULL)
            return result;
    }
    if (plan->jq != NULL)
        return run_jq(plan, row, record, out, failure);
    return finish_row(plan, row, record, out, failure);
}
