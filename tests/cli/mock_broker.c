/* SPDX-License-Identifier: Apache-2.0 */
/* A Kafka broker for tests: librdkafka's mock cluster in a process of its own.
 *
 *   mock_broker TOPIC PARTITIONS
 *
 * prints the address to connect to, then obeys lines on standard input, each answered by "ok":
 *   put PARTITION KEY VALUE   one record, both in hex; "-" is none
 *   flush                     wait till all is written
 *   down, up                  stop and start to accept connections
 * and ends with its standard input. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct broker {
    rd_kafka_t *rk; /* carries the cluster, and produces */
    rd_kafka_mock_cluster_t *cluster;
    const char *topic;
    long failed;
};

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "mock_broker: %s: %s\n", what, why);
    exit(1);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct broker *b = opaque;

    (void)rk;
    b->failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
        die(name, why);
}

/* A producer cannot be told the address before the cluster is there, and the cluster needs a
 * client: test.mock.num.brokers makes both at once. */
static void start(struct broker *b, const char *topic, int partitions)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];

    set(conf, "test.mock.num.brokers", "1");
    set(conf, "linger.ms", "1");
    set(conf, "message.max.bytes", "4000000");
    rd_kafka_conf_set_opaque(conf, b);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    b->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (b->rk == NULL)
        die("start", why);
    b->cluster = rd_kafka_handle_mock_cluster(b->rk);
    b->topic = topic;
    if (rd_kafka_mock_topic_create(b->cluster, topic, partitions, 1) != RD_KAFKA_RESP_ERR_NO_ERROR)
        die(topic, "cannot be made");
}

static int hex_digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* In place; NULL for "-". */
static void *unhex(char *text, size_t *out_len)
{
    size_t len = strlen(text) / 2;

    if (strcmp(text, "-") == 0) {
        *out_len = 0;
        return NULL;
    }
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    *out_len = len;
    return text;
}

/* False: the queue is full. */
static bool produce(struct broker *b, int partition, void *key, size_t key_len, void *value,
                    size_t value_len)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(b->rk, b->topic, NULL);
    int failed = rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, value, value_len, key,
                                  key_len, NULL);
    rd_kafka_resp_err_t code = failed == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();

    rd_kafka_topic_destroy(topic);
    if (failed != 0 && code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        die("put", rd_kafka_err2str(code));
    return failed == 0;
}

static void put(struct broker *b, char *arguments)
{
    char *rest = NULL;
    const char *partition = strtok_r(arguments, " \n", &rest);
    char *key = strtok_r(NULL, " \n", &rest);
    char *value = strtok_r(NULL, " \n", &rest);
    size_t key_len;
    size_t value_len;

    if (partition == NULL || key == NULL)
        die("put", "PARTITION KEY VALUE");
    key = unhex(key, &key_len);
    value = value == NULL ? NULL : unhex(value, &value_len);
    if (value == NULL)
        value_len = 0;
    while (!produce(b, atoi(partition), key, key_len, value, value_len))
        (void)rd_kafka_poll(b->rk, 100);
    (void)rd_kafka_poll(b->rk, 0);
}

static void obey(struct broker *b, char *line)
{
    if (strncmp(line, "put ", 4) == 0) {
        put(b, line + 4);
        return; /* thousands of these: flush answers for them */
    }
    if (strcmp(line, "flush\n") == 0) {
        if (rd_kafka_flush(b->rk, 30000) != RD_KAFKA_RESP_ERR_NO_ERROR || b->failed != 0)
            die("flush", "records were not delivered");
    } else if (strcmp(line, "down\n") == 0) {
        (void)rd_kafka_mock_broker_set_down(b->cluster, -1);
    } else if (strcmp(line, "up\n") == 0) {
        (void)rd_kafka_mock_broker_set_up(b->cluster, -1);
    } else {
        die(line, "no such command");
    }
    (void)puts("ok");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct broker broker = {0};
    char *line = NULL;
    size_t cap = 0;

    if (argc != 3)
        die("usage", "mock_broker TOPIC PARTITIONS");
    start(&broker, argv[1], atoi(argv[2]));
    (void)puts(rd_kafka_mock_cluster_bootstraps(broker.cluster));
    (void)fflush(stdout);
    while (getline(&line, &cap, stdin) > 0)
        obey(&broker, line);
    free(line);
    rd_kafka_destroy(broker.rk);
    return 0;
}
