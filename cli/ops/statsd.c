/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/statsd.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/logline.h"
#include "ops/metric_table.h"
#include "ops/socket_address.h"

enum { ROUND_SECONDS = 10, MOST_BYTES = 1400, MOST_LINES = 10000 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    const char *address; /* NULL: no thread */
    bool stop;
} synced = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* ---- one round ---- */

struct round {
    void (*send)(void *ctx, const char *datagram, size_t len);
    void *ctx;
    struct textbuf datagram;
    struct textbuf line;
    size_t lines;
};

static void send_datagram(struct round *r)
{
    if (r->datagram.len != 0)
        r->send(r->ctx, r->datagram.text, r->datagram.len);
    textbuf_clear(&r->datagram);
}

static void add_line(struct round *r)
{
    if (r->line.len > MOST_BYTES || r->lines >= MOST_LINES)
        return;
    if (r->datagram.len + 1 + r->line.len > MOST_BYTES)
        send_datagram(r);
    if (r->datagram.len != 0)
        textbuf_puts(&r->datagram, "\n");
    textbuf_add(&r->datagram, r->line.text, r->line.len);
    r->lines++;
}

/* Statsd knows no labels: a name is letters, digits, '-', '_' and dots. */
static void add_name(struct textbuf *out, const struct metric_view *view, const char *suffix)
{
    const char *name = view->spec->name;
    size_t prefix = strcspn(name, "_");

    textbuf_clear(out);
    textbuf_add(out, name, prefix);
    textbuf_printf(out, ".%s%s", name + prefix + 1, suffix);
    for (const char *const *value = view->values; *value != NULL; value++) {
        textbuf_puts(out, ".");
        for (const char *p = *value; *p != '\0'; p++) {
            bool plain = isalnum((unsigned char)*p) || *p == '-';
            textbuf_add(out, plain ? p : "_", 1);
        }
    }
}

static void add_value(struct round *r, const struct metric_view *view, const char *suffix,
                      double value, char kind)
{
    add_name(&r->line, view, suffix);
    textbuf_puts(&r->line, ":");
    metric_number(&r->line, value);
    textbuf_printf(&r->line, "|%c", kind);
    add_line(r);
}

/* What came since the last round; nothing is told of nothing. */
static void add_growth(struct round *r, const struct metric_view *view, const char *suffix,
                       double value, double *sent)
{
    if (value == *sent || r->lines >= MOST_LINES)
        return;
    add_value(r, view, suffix, value - *sent, 'c');
    *sent = value;
}

static void add_gauge(struct round *r, const struct metric_view *view)
{
    if (view->value < 0) /* a sign would mean a change of the gauge */
        add_value(r, view, "", 0, 'g');
    add_value(r, view, "", view->value, 'g');
}

static void add_series(void *ctx, const struct metric_view *view)
{
    struct round *r = ctx;
    uint64_t count = 0;

    switch (view->spec->kind) {
    case METRIC_COUNTER:
        add_growth(r, view, "", view->value, &view->sent[0]);
        break;
    case METRIC_HISTOGRAM:
        for (size_t i = 0; i < view->n_buckets; i++)
            count += view->buckets[i];
        add_growth(r, view, ".count", (double)count, &view->sent[0]);
        add_growth(r, view, ".sum", view->value, &view->sent[1]);
        break;
    case METRIC_GAUGE:
    case METRIC_AGE:
        add_gauge(r, view);
        break;
    case METRIC_INFO:
        break;
    }
}

void statsd_round(void (*send)(void *ctx, const char *datagram, size_t len), void *ctx)
{
    struct round r = {.send = send, .ctx = ctx};

    for (int id = 0; id < METRIC_COUNT; id++)
        metric_each((enum metric_id)id, add_series, &r);
    send_datagram(&r);
    textbuf_done(&r.datagram);
    textbuf_done(&r.line);
}

/* ---- the thread ---- */

/* What cannot be sent is lost, as is the way of UDP. */
static void send_udp(void *ctx, const char *datagram, size_t len)
{
    (void)send(*(int *)ctx, datagram, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* True when it is time to stop. */
static bool wait_round(void)
{
    struct timespec until;
    bool stop;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ROUND_SECONDS;
    (void)pthread_mutex_lock(&synced.lock);
    while (!synced.stop) {
        if (pthread_cond_timedwait(&synced.changed, &synced.lock, &until) == ETIMEDOUT)
            break;
    }
    stop = synced.stop;
    (void)pthread_mutex_unlock(&synced.lock);
    return stop;
}

static int find_statsd(const char *address, struct log_repeat *trouble)
{
    struct textbuf problem = {0};
    int64_t skipped = 0;
    int fd = socket_udp(address, &problem);

    if (fd < 0 && log_repeat_due(trouble, clock_monotonic_ms(), &skipped))
        LOG_EVENT(DW_LOG_WARN, "statsd is not found", F_TEXT("address", address),
                  F_TEXT("error", problem.text), F_NUMBER("not_logged", skipped));
    textbuf_done(&problem);
    return fd;
}

static void *run(void *ctx)
{
    const char *address = ctx;
    struct log_repeat trouble = {0};
    int fd = -1;
    bool stop;

    do {
        stop = wait_round();
        if (fd < 0)
            fd = find_statsd(address, &trouble);
        if (fd >= 0)
            statsd_round(send_udp, &fd);
    } while (!stop);
    if (fd >= 0)
        (void)close(fd);
    return NULL;
}

bool statsd_start(const char *address)
{
    synced.stop = false;
    if (pthread_create(&synced.thread, NULL, run, (void *)(uintptr_t)address) != 0)
        return false;
    synced.address = address;
    return true;
}

void statsd_stop(void)
{
    if (synced.address == NULL)
        return;
    (void)pthread_mutex_lock(&synced.lock);
    synced.stop = true;
    (void)pthread_cond_signal(&synced.changed);
    (void)pthread_mutex_unlock(&synced.lock);
    (void)pthread_join(synced.thread, NULL);
    synced.address = NULL;
}
