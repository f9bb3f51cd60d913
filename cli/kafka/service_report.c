/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/service_report.h"

#include <inttypes.h>

#include "common/logline.h"

void report_partitions(const char *message, const char *topic,
                       const struct partition_list *partitions)
{
    struct textbuf offsets = {0};

    textbuf_puts(&offsets, "{");
    for (size_t i = 0; i < partitions->count; i++) {
        const struct partition *p = partitions->items[i];
        int64_t committed = p->committed;
        textbuf_printf(&offsets, "%s\"%" PRId32 "\":", i == 0 ? "" : ",", p->number);
        if (committed < 0)
            textbuf_puts(&offsets, "null");
        else
            textbuf_printf(&offsets, "%" PRId64, committed);
    }
    textbuf_puts(&offsets, "}");
    LOG_EVENT(DW_LOG_INFO, message, F_TEXT("topic", topic),
              F_NUMBER("partitions", (int64_t)partitions->count), F_RAW("offsets", offsets.text));
    textbuf_done(&offsets);
}

/* Records in Kafka that are not in the table, as far as fetching has told; -1: not known. */
static int64_t lag_of(const struct service *s)
{
    int64_t lag = 0;

    for (size_t i = 0; i < s->assigned.count; i++) {
        const struct partition *p = s->assigned.items[i];
        int64_t committed = p->committed;
        int64_t low = -1;
        int64_t high = -1;
        if (rd_kafka_get_watermark_offsets(s->consumer->rk, p->topic, p->number, &low, &high) !=
                RD_KAFKA_RESP_ERR_NO_ERROR ||
            high < 0)
            return -1;
        if (committed < 0)
            committed = low < 0 ? 0 : low;
        lag += high > committed ? high - committed : 0;
    }
    return lag;
}

void report_statistics(struct service *s)
{
    struct pipeline_counts counts = pipeline_counts(&s->pipeline);
    int64_t lag = lag_of(s);
    struct textbuf lag_text = {0};

    textbuf_printf(&lag_text, "%" PRId64, lag);
    LOG_EVENT(DW_LOG_INFO, "statistics", F_NUMBER("messages", counts.messages),
              F_NUMBER("rows", counts.rows), F_NUMBER("commits", counts.commits),
              F_NUMBER("rejected", counts.rejected), F_NUMBER("tombstones", counts.tombstones),
              F_NUMBER("partitions", (int64_t)s->assigned.count),
              F_RAW("lag", lag < 0 ? NULL : lag_text.text));
    textbuf_done(&lag_text);
}

bool has_uncommitted(const struct service *s)
{
    for (size_t i = 0; i < s->assigned.count; i++) {
        if (s->assigned.items[i]->next > s->assigned.items[i]->committed)
            return true;
    }
    return false;
}

void report_uncommitted(const struct service *s)
{
    for (size_t i = 0; i < s->assigned.count; i++) {
        const struct partition *p = s->assigned.items[i];
        int64_t committed = p->committed;
        if (p->next > committed)
            LOG_EVENT(DW_LOG_WARN, "not committed", F_TEXT("topic", p->topic),
                      F_NUMBER("partition", p->number), F_NUMBER("committed_offset", committed),
                      F_NUMBER("next_offset", p->next));
    }
}
