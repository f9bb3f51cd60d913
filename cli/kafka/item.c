/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/item.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { HEADERS_MAX = 1000 };

/* Where the parts of an item lie behind it. */
struct layout {
    const rd_kafka_headers_t *headers; /* NULL: none */
    size_t n_headers;
    size_t text_bytes; /* of names with their NUL, and values */
};

static void measure_headers(const rd_kafka_message_t *message, struct layout *out)
{
    rd_kafka_headers_t *headers = NULL;
    const char *name;
    const void *value;
    size_t size;

    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    out->headers = headers;
    while (out->n_headers < HEADERS_MAX &&
           rd_kafka_header_get_all(headers, out->n_headers, &name, &value, &size) ==
               RD_KAFKA_RESP_ERR_NO_ERROR) {
        out->text_bytes += strlen(name) + 1 + size;
        out->n_headers++;
    }
}

static dw_bytes put(char **at, const void *data, size_t len)
{
    dw_bytes bytes = {NULL, 0};

    if (data == NULL)
        return bytes;
    if (len != 0)
        memcpy(*at, data, len);
    bytes = (dw_bytes){*at, len};
    *at += len;
    return bytes;
}

static void put_headers(const struct layout *layout, struct record_header *out, char **at)
{
    for (size_t i = 0; i < layout->n_headers; i++) {
        const char *name = "";
        const void *value = NULL;
        size_t size = 0;

        (void)rd_kafka_header_get_all(layout->headers, i, &name, &value, &size);
        out[i].name = *at;
        (void)put(at, name, strlen(name) + 1);
        out[i].value = put(at, value, size);
    }
}

struct item *item_new(const rd_kafka_message_t *message, struct partition *partition)
{
    struct layout layout = {0};
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    struct record_header *headers;
    struct item *item;
    size_t size;
    char *at;

    measure_headers(message, &layout);
    size = sizeof(*item) + layout.n_headers * sizeof(*headers) + layout.text_bytes + message->len +
           message->key_len;
    /* Not zeroed, as need_alloc() does: records may be large. */
    item = need_realloc(NULL, 1, size);
    headers = (struct record_header *)(item + 1);
    at = (char *)(headers + layout.n_headers);
    *item = (struct item){.partition = partition, .epoch = partition->epoch, .bytes = size + 16};
    atomic_init(&item->refs, 1);
    item->record = (struct record){.topic = partition->topic,
                                   .partition = partition->number,
                                   .offset = message->offset,
                                   .timestamp_ms = timestamp_ms,
                                   .key = put(&at, message->key, message->key_len),
                                   .value = put(&at, message->payload, message->len),
                                   .headers = layout.n_headers == 0 ? NULL : headers,
                                   .n_headers = layout.n_headers};
    switch (type) {
    case RD_KAFKA_TIMESTAMP_CREATE_TIME:
        item->record.timestamp_type = 1;
        break;
    case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME:
        item->record.timestamp_type = 2;
        break;
    default:
        item->record.timestamp_ms = -1;
        break;
    }
    put_headers(&layout, headers, &at);
    return item;
}

struct item *item_ref(struct item *item)
{
    atomic_fetch_add_explicit(&item->refs, 1, memory_order_relaxed);
    return item;
}

void item_unref(struct item *item)
{
    if (item != NULL && atomic_fetch_sub_explicit(&item->refs, 1, memory_order_acq_rel) == 1)
        free(item);
}

struct routed *routed_new(const dw_bytes *rows, size_t count)
{
    size_t size = sizeof(struct routed) + count * sizeof(dw_bytes);
    struct routed *routed;
    char *at;

    for (size_t i = 0; i < count; i++)
        size += rows[i].len;
    routed = need_realloc(NULL, 1, size);
    *routed = (struct routed){.bytes = size + 16, .count = count};
    at = (char *)&routed->rows[count];
    for (size_t i = 0; i < count; i++)
        routed->rows[i] = put(&at, rows[i].data, rows[i].len);
    return routed;
}
