/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/partition.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
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

static void partition_free(struct partition *p)
{
    for (size_t i = 0; i < p->n_seats; i++) {
        free(p->seats[i]->letters_app_id);
        free(p->seats[i]->own_app_id);
        free(p->seats[i]->known_bad);
        free(p->seats[i]);
    }
    free(p->seats);
    free(p->topic);
    free(p->app_id);
    free(p);
}

void partition_list_destroy(struct partition_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        partition_free(list->items[i]);
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
    p->next = p->handed = p->eof = p->end = p->mirrored = p->counted = p->split_next =
        p->watermark = -1;
    p->origin = p->grouped = p->target = RD_KAFKA_OFFSET_INVALID;
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

struct seat *seat_new(struct lane *lane, struct partition *partition, size_t source)
{
    struct seat *seat = need_alloc(1, sizeof(*seat));

    seat->lane = lane;
    seat->partition = partition;
    seat->source = source;
    seat->app_id = partition->app_id;
    seat->taken = seat->staged = seat->letters = seat->kdi_version = seat->pending_from = -1;
    atomic_init(&seat->committed, -1);
    return seat;
}

static int compare_offsets(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

bool seat_is_known_bad(const struct seat *seat, int64_t offset)
{
    return seat->n_known_bad != 0 && bsearch(&offset, seat->known_bad, seat->n_known_bad,
                                             sizeof(offset), compare_offsets) != NULL;
}
