/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/partition.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/textbuf.h"

void partition_list_add(struct partition_list *list, struct partition *partition)
{
    if (list->count == list->cap) {
        list->cap = list->cap == 0 ? 16 : list->cap * 2;
        list->items = need_realloc(list->items, list->cap, sizeof(struct partition *));
    }
    list->items[list->count++] = partition;
}

void partition_list_done(struct partition_list *list)
{
    free(list->items);
    *list = (struct partition_list){0};
}

void partition_list_destroy(struct partition_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]->topic);
        free(list->items[i]->app_id);
        free(list->items[i]->known_bad);
        free(list->items[i]);
    }
    partition_list_done(list);
}

static struct partition *partition_new(const char *group, const char *topic, int32_t number)
{
    struct partition *p = need_alloc(1, sizeof(*p));
    struct textbuf app_id = {0};

    textbuf_printf(&app_id, "%s-%s-%" PRId32, group, topic, number);
    p->topic = need_strdup(topic);
    p->number = number;
    p->app_id = app_id.text;
    p->next = p->latest = p->end = p->mirrored = p->staged = p->letters = -1;
    atomic_init(&p->committed, -1);
    return p;
}

struct partition *partition_get(struct partition_list *all, const char *group, const char *topic,
                                int32_t number)
{
    struct partition *p;

    for (size_t i = 0; i < all->count; i++) {
        p = all->items[i];
        if (p->number == number && strcmp(p->topic, topic) == 0)
            return p;
    }
    p = partition_new(group, topic, number);
    partition_list_add(all, p);
    return p;
}

static int compare_offsets(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

bool partition_is_known_bad(const struct partition *partition, int64_t offset)
{
    return partition->n_known_bad != 0 &&
           bsearch(&offset, partition->known_bad, partition->n_known_bad, sizeof(offset),
                   compare_offsets) != NULL;
}
