/* SPDX-License-Identifier: Apache-2.0 */
/* One partition of a topic, as this process knows it. Made on first sight, kept to the end, so that
 * a pointer to one never dangles.
 *
 * Who may touch what: `assigned` to `mirrored` belong to the poll loop. `staged` and `known_bad`
 * are the writer's while records of the partition are on their way, and the committer's while it
 * resolves the partition; the queues between the threads order the two. `letters` is the
 * committer's. `committed` is written by the committer and read by all. */
#ifndef DW_CLI_PARTITION_H
#define DW_CLI_PARTITION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct partition {
    char *topic;
    int32_t number;
    char *app_id; /* "<group>-<topic>-<partition>" */

    bool assigned;
    bool at_end;      /* --until-end: nothing more to come */
    int64_t next;     /* offset after the last record handed on; -1: none yet */
    int64_t latest;   /* auto.offset.reset=latest: where that was at first; -1: not known */
    int64_t end;      /* --until-end: stop here; -1: not known */
    int64_t mirrored; /* offset last stored in the consumer group; -1: none */

    int64_t staged;            /* the txn version that the next batch expects; -1: none */
    int64_t *known_bad;        /* ascending offsets that the dead-letter table has already */
    size_t n_known_bad;        /* of those at or after the table's txn version */
    int64_t letters;           /* the dead-letter table's txn version; -1: none */
    _Atomic int64_t committed; /* the table's txn version: the next offset it wants; -1: none */
};

struct partition_list {
    struct partition **items;
    size_t count;
    size_t cap;
};

void partition_list_add(struct partition_list *list, struct partition *partition);
/* Frees the list, not what it points at. */
void partition_list_done(struct partition_list *list);
/* Frees the partitions too. */
void partition_list_destroy(struct partition_list *list);

/* The partition of that name, made when new. */
struct partition *partition_get(struct partition_list *all, const char *group, const char *topic,
                                int32_t number);
bool partition_is_known_bad(const struct partition *partition, int64_t offset);

#endif
