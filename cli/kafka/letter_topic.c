/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/letter_topic.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/kafka_oauth.h"
#include "kafka/lane.h"

enum { SEND_TIMEOUT_MS = 20000 };

static struct {
    pthread_mutex_t lock;
    rd_kafka_t *producer; /* NULL: not needed so far */
} shared = {PTHREAD_MUTEX_INITIALIZER, NULL};

/* One call of letter_topic_send(). */
struct sending {
    size_t delivered;
    rd_kafka_resp_err_t failure;
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct sending *sending = message->_private;

    (void)rk;
    (void)opaque;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        sending->delivered++;
    else
        sending->failure = message->err;
}

static dw_status fail(dw_error *err, bool retryable, const char *topic, const char *reason)
{
    *err = (dw_error){.code = DW_E_IO, .retryable = retryable};
    (void)snprintf(err->message, sizeof(err->message), "dead-letter topic %s: %s", topic, reason);
    return DW_E_IO;
}

/* What connects and authenticates is the same as for reading; the rest does not concern us. */
static bool is_for_producers(const char *name)
{
    static const char *const parts[] = {"bootstrap",  "security",    "sasl",      "ssl",
                                        "socket",     "broker",      "client",    "debug",
                                        "enable.ssl", "message.max", "reconnect", "enable.sasl"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strncmp(name, parts[i], strlen(parts[i])) == 0)
            return true;
    }
    return false;
}

static rd_kafka_conf_t *producer_conf(const struct config *config, char *reason, size_t size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool ok =
        rd_kafka_conf_set(conf, "bootstrap.servers", config->brokers, reason, size) ==
            RD_KAFKA_CONF_OK &&
        rd_kafka_conf_set(conf, "enable.idempotence", "true", reason, size) == RD_KAFKA_CONF_OK &&
        rd_kafka_conf_set(conf, "message.max.bytes", "67108864", reason, size) == RD_KAFKA_CONF_OK;

    for (size_t i = 0; i < config->kafka.count && ok; i++) {
        const struct text_pair *pair = &config->kafka.items[i];
        if (is_for_producers(pair->key) && !kafka_oauth_is_ours(pair->key, pair->value))
            ok = rd_kafka_conf_set(conf, pair->key, pair->value, reason, size) == RD_KAFKA_CONF_OK;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    kafka_oauth_prepare(conf, config);
    if (ok)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static rd_kafka_t *producer_locked(const struct config *config, char *reason, size_t size)
{
    rd_kafka_conf_t *conf;

    if (shared.producer != NULL)
        return shared.producer;
    conf = producer_conf(config, reason, size);
    if (conf == NULL)
        return NULL;
    shared.producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, size);
    if (shared.producer == NULL)
        rd_kafka_conf_destroy(conf);
    else
        kafka_oauth_start(shared.producer);
    return shared.producer;
}

static void add_header(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    (void)rd_kafka_header_add(headers, name, -1, value, -1);
}

static rd_kafka_headers_t *make_headers(const char *uri, const struct reject *reject)
{
    const struct record *record = &reject->item->record;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->n_headers + 7);
    char number[32];

    for (size_t i = 0; i < record->n_headers; i++)
        (void)rd_kafka_header_add(headers, record->headers[i].name, -1,
                                  record->headers[i].value.data,
                                  (ssize_t)record->headers[i].value.len);
    add_header(headers, "deltawrite.topic", record->topic);
    (void)snprintf(number, sizeof(number), "%" PRId32, record->partition);
    add_header(headers, "deltawrite.partition", number);
    (void)snprintf(number, sizeof(number), "%" PRId64, record->offset);
    add_header(headers, "deltawrite.offset", number);
    add_header(headers, "deltawrite.table", uri);
    add_header(headers, "deltawrite.stage", reject->stage);
    add_header(headers, "deltawrite.error_code", reject->code);
    add_header(headers, "deltawrite.error", reject->error);
    return headers;
}

static rd_kafka_resp_err_t produce(rd_kafka_t *producer, const char *topic, const char *uri,
                                   const struct reject *reject, struct sending *sending)
{
    const struct record *record = &reject->item->record;
    rd_kafka_headers_t *headers = make_headers(uri, reject);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(topic),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.data, record->value.len),
        RD_KAFKA_V_KEY(record->key.data, record->key.len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(sending), RD_KAFKA_V_END);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
}

static rd_kafka_resp_err_t produce_all(rd_kafka_t *producer, const struct table_config *table,
                                       const char *uri, const struct reject *rejects, size_t count,
                                       struct sending *sending)
{
    for (size_t i = 0; i < count; i++) {
        const char *from = rejects[i].item->record.topic;
        struct route route = {.groups = {{from, strlen(from)}}};
        struct textbuf topic = {0};
        struct textbuf problem = {0};
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;

        if (!router_expand(table->bad.topic, &route, NULL, NULL, &topic, &problem))
            code = RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
        while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            code = produce(producer, topic.text, uri, &rejects[i], sending);
            if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                (void)rd_kafka_poll(producer, 100);
        }
        textbuf_done(&topic);
        textbuf_done(&problem);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return code;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The lock is held for all of it: a table that waits for Kafka has company. */
static dw_status send_all(const struct config *config, const struct table_config *table,
                          const char *uri, const struct reject *rejects, size_t count,
                          dw_error *err)
{
    const char *topic = table->bad.topic;
    struct sending sending = {0, RD_KAFKA_RESP_ERR_NO_ERROR};
    char reason[512] = "";
    dw_status status = DW_OK;
    rd_kafka_resp_err_t code;
    rd_kafka_t *producer;

    (void)pthread_mutex_lock(&shared.lock);
    producer = producer_locked(config, reason, sizeof(reason));
    if (producer == NULL) {
        status = fail(err, false, topic, reason);
    } else {
        code = produce_all(producer, table, uri, rejects, count, &sending);
        if (rd_kafka_flush(producer, SEND_TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            /* Nothing may refer to `sending` once this returns. */
            (void)rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
            (void)rd_kafka_flush(producer, SEND_TIMEOUT_MS);
        }
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            code = sending.failure;
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            status = fail(err,
                          code != RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION &&
                              code != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                          topic, rd_kafka_err2str(code));
        else if (sending.delivered != count)
            status = fail(err, true, topic, "not all records were delivered");
    }
    (void)pthread_mutex_unlock(&shared.lock);
    return status;
}

dw_status letter_topic_send(struct lane *lane, const struct batch *batch, dw_error *err)
{
    return send_all(lane->actor.pipeline->config, lane->config, lane->uri, batch->rejects,
                    batch->n_rejects, err);
}

dw_status letter_topic_send_one(const struct config *config, const struct table_config *table,
                                const struct reject *reject, dw_error *err)
{
    return send_all(config, table, "", reject, 1, err);
}

void letter_topic_end(void)
{
    if (shared.producer != NULL)
        rd_kafka_destroy(shared.producer);
    shared.producer = NULL;
}
