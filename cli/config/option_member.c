/* SPDX-License-Identifier: Apache-2.0 */
#include "config/option.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/config.h"

static void *member(const struct option *option, void *base)
{
    return (char *)base + option->offset;
}

static const void *const_member(const struct option *option, const void *base)
{
    return (const char *)base + option->offset;
}

/* ---- freeing ---- */

static void free_list(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct text_list){0};
}

static void free_pairs(struct text_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].key);
        free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct text_pairs){0};
}

static void free_columns(struct record_config *records)
{
    for (size_t i = 0; i < records->n_columns; i++)
        option_free_members(OF_COLUMN, &records->columns[i]);
    free(records->columns);
    records->columns = NULL;
    records->n_columns = 0;
}

static void free_text(char **slot)
{
    free(*slot);
    *slot = NULL;
}

void option_free(const struct option *option, void *base)
{
    if (option->offset == NO_MEMBER)
        return;
    switch (option->kind) {
    case KIND_TEXT:
    case KIND_JSON:
        free_text(member(option, base));
        break;
    case KIND_LIST:
        free_list(member(option, base));
        break;
    case KIND_PAIRS:
        free_pairs(member(option, base));
        break;
    case KIND_COLUMNS:
        free_columns(&((struct source_config *)base)->records);
        break;
    case KIND_START:
        free_text(&((struct run_config *)member(option, base))->start_file);
        break;
    default:
        break;
    }
}

void option_free_members(enum option_scope scope, void *base)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++) {
        if (table[i].scope == scope)
            option_free(&table[i], base);
    }
}

/* ---- comparing ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_lists(const struct text_list *a, const struct text_list *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

static bool same_pairs(const struct text_pairs *a, const struct text_pairs *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i].key, b->items[i].key) == 0 &&
               strcmp(a->items[i].value, b->items[i].value) == 0;
    return same;
}

static bool same_columns(const struct record_config *a, const struct record_config *b)
{
    size_t count;
    const struct option *table = option_table(&count);

    if (a->n_columns != b->n_columns)
        return false;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; table[i].scope == OF_COLUMN && j < a->n_columns; j++) {
            if (!option_equal(&table[i], &a->columns[j], &b->columns[j]))
                return false;
        }
    }
    return true;
}

static bool same_start(const struct run_config *a, const struct run_config *b)
{
    return a->start == b->start && same_text(a->start_file, b->start_file) &&
           (a->start != START_TIMESTAMP || a->start_timestamp_ms == b->start_timestamp_ms);
}

/* Of kinds that hold no memory. */
static size_t plain_size(enum option_kind kind)
{
    switch (kind) {
    case KIND_BOOL:
        return sizeof(bool);
    case KIND_CHOICE:
        return sizeof(int);
    case KIND_CHAR:
        return sizeof(char);
    default:
        return sizeof(int64_t);
    }
}

bool option_equal(const struct option *option, const void *a, const void *b)
{
    const void *x = const_member(option, a);
    const void *y = const_member(option, b);

    switch (option->kind) {
    case KIND_TEXT:
    case KIND_JSON:
        return same_text(*(char *const *)x, *(char *const *)y);
    case KIND_LIST:
        return same_lists(x, y);
    case KIND_PAIRS:
        return same_pairs(x, y);
    case KIND_COLUMNS:
        return same_columns(&((const struct source_config *)a)->records,
                            &((const struct source_config *)b)->records);
    case KIND_START:
        return same_start(x, y);
    default:
        return memcmp(x, y, plain_size(option->kind)) == 0;
    }
}

/* ---- copying ---- */

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : need_strdup(text);
}

static void copy_list(const struct text_list *from, struct text_list *to)
{
    *to = (struct text_list){need_alloc(from->count, sizeof(*to->items)), from->count};
    for (size_t i = 0; i < from->count; i++)
        to->items[i] = need_strdup(from->items[i]);
}

static void copy_pairs(const struct text_pairs *from, struct text_pairs *to)
{
    *to = (struct text_pairs){need_alloc(from->count, sizeof(*to->items)), from->count};
    for (size_t i = 0; i < from->count; i++)
        to->items[i] =
            (struct text_pair){need_strdup(from->items[i].key), need_strdup(from->items[i].value)};
}

static void copy_columns(const struct record_config *from, struct record_config *to)
{
    size_t count;
    const struct option *table = option_table(&count);

    to->columns = need_alloc(from->n_columns, sizeof(*to->columns));
    to->n_columns = from->n_columns;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; table[i].scope == OF_COLUMN && j < from->n_columns; j++)
            option_copy(&table[i], &from->columns[j], &to->columns[j]);
    }
}

void option_copy(const struct option *option, const void *from, void *to)
{
    const void *x = const_member(option, from);
    void *y = member(option, to);

    option_free(option, to);
    switch (option->kind) {
    case KIND_TEXT:
    case KIND_JSON:
        *(char **)y = copy_text(*(char *const *)x);
        break;
    case KIND_LIST:
        copy_list(x, y);
        break;
    case KIND_PAIRS:
        copy_pairs(x, y);
        break;
    case KIND_COLUMNS:
        copy_columns(&((const struct source_config *)from)->records,
                     &((struct source_config *)to)->records);
        break;
    case KIND_START:
        ((struct run_config *)y)->start = ((const struct run_config *)x)->start;
        ((struct run_config *)y)->start_timestamp_ms =
            ((const struct run_config *)x)->start_timestamp_ms;
        ((struct run_config *)y)->start_file =
            copy_text(((const struct run_config *)x)->start_file);
        break;
    default:
        memcpy(y, x, plain_size(option->kind));
        break;
    }
}
