/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/demo_broker.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

static bool fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "deltawrite-demo: %s: %s\n", what, why);
    return false;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct demo_broker *broker = opaque;

    (void)rk;
    broker->failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The mock cluster tells that it is one; the demo says so itself. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    if (level < 4)
        (void)fprintf(stderr, "deltawrite-demo: %s: %s\n", facility, text);
}

bool demo_broker_start(struct demo_broker *broker, const char *topic, int partitions)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_mock_cluster_t *cluster;
    char why[256];

    *broker = (struct demo_broker){0};
    if (rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof(why)) != RD_KAFKA_CONF_OK)
        return fail("embedded broker", why);
    rd_kafka_conf_set_opaque(conf, broker);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_log_cb(conf, on_log);
    broker->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (broker->rk == NULL)
        return fail("embedded broker", why);
    cluster = rd_kafka_handle_mock_cluster(broker->rk);
    broker->address = rd_kafka_mock_cluster_bootstraps(cluster);
    broker->topic = rd_kafka_topic_new(broker->rk, topic, NULL);
    if (broker->topic == NULL ||
        rd_kafka_mock_topic_create(cluster, topic, partitions, 1) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(topic, "the topic cannot be made");
    return true;
}

bool demo_broker_put(struct demo_broker *broker, int partition, const char *text, size_t len)
{
    /* With the copy flag librdkafka only reads, whatever the parameter's type. */
    union {
        const char *in;
        void *out;
    } payload = {text};

    while (rd_kafka_produce(broker->topic, partition, RD_KAFKA_MSG_F_COPY, payload.out, len, NULL,
                            0, NULL) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
        (void)rd_kafka_poll(broker->rk, 50);
    }
    (void)rd_kafka_poll(broker->rk, 0);
    return true;
}

bool demo_broker_flush(struct demo_broker *broker)
{
    rd_kafka_resp_err_t code = rd_kafka_flush(broker->rk, 30000);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail("produce", rd_kafka_err2str(code));
    return broker->failed == 0 || fail("produce", "events were not delivered");
}

void demo_broker_stop(struct demo_broker *broker)
{
    if (broker->topic != NULL)
        rd_kafka_topic_destroy(broker->topic);
    if (broker->rk != NULL)
        rd_kafka_destroy(broker->rk);
}
