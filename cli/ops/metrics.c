/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants:
 * 1. A series is never freed and never moves, so that a pointer to it stays good.
 * 2. Lists of series only grow, at one end, under the lock; a link is stored (release) when what it
 *    leads to is complete. So readers need no lock.
 * 3. A number is a double whose bits are in an atomic integer. */
#include "ops/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/logline.h"
#include "common/memory.h"
#include "ops/metric_table.h"

/* Of one metric. A thousand partitions in a topic are usual, a table has one series of each. */
enum { MOST_SERIES = 10000, MOST_HISTOGRAMS = 1000, CHAINS = 4096 };

struct metric {
    enum metric_id id;
    char *labels;
    char *values[METRIC_MOST_LABELS + 1];
    _Atomic(struct metric *) next;  /* of the metric */
    _Atomic(struct metric *) chain; /* of the hash */
    atomic_bool shown;
    double sent[2]; /* statsd's */
    atomic_uint_fast64_t value;
    atomic_uint_fast64_t buckets[]; /* METRIC_HISTOGRAM only */
};

struct metric_list {
    _Atomic(struct metric *) first;
    struct metric *last; /* under the lock */
    size_t count;        /* under the lock */
};

static struct {
    pthread_mutex_t lock;
    struct metric_list lists[METRIC_COUNT];
    _Atomic(struct metric *) chains[CHAINS];
} synced = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t n_labels(const struct metric_spec *spec)
{
    size_t n = 0;

    while (n < METRIC_MOST_LABELS && spec->labels[n] != NULL)
        n++;
    return n;
}

static size_t n_bounds(const struct metric_spec *spec)
{
    size_t n = 0;

    while (spec->bounds != NULL && spec->bounds[n] != 0)
        n++;
    return n;
}

static size_t hash_of(enum metric_id id, const char *const *values, size_t count)
{
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)id; /* FNV-1a */

    for (size_t i = 0; i < count; i++) {
        const char *p = values[i];
        do
            hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
        while (*p++ != '\0');
    }
    return (size_t)((hash ^ hash >> 32) % CHAINS);
}

static struct metric *find(size_t hash, enum metric_id id, const char *const *values, size_t count)
{
    struct metric *m = atomic_load_explicit(&synced.chains[hash], memory_order_acquire);

    for (; m != NULL; m = atomic_load_explicit(&m->chain, memory_order_acquire)) {
        size_t i = 0;
        while (m->id == id && i < count && strcmp(m->values[i], values[i]) == 0)
            i++;
        if (m->id == id && i == count)
            break;
    }
    return m;
}

/* The text of a label's value in both formats: backslash, quote and newline are escaped, what is no
 * UTF-8 is replaced. */
static void add_escaped(struct textbuf *out, const char *text)
{
    size_t len = strlen(text);

    for (size_t n; len != 0; text += n, len -= n) {
        n = utf8_sequence(text, len);
        if (n == 0) {
            textbuf_puts(out, "\xef\xbf\xbd");
            n = 1;
        } else if (*text == '\\' || *text == '"') {
            textbuf_printf(out, "\\%c", *text);
        } else if (*text == '\n') {
            textbuf_puts(out, "\\n");
        } else {
            textbuf_add(out, text, n);
        }
    }
}

static char *labels_text(const struct metric_spec *spec, const char *const *values, size_t count)
{
    struct textbuf out = {0};

    textbuf_puts(&out, "");
    for (size_t i = 0; i < count; i++) {
        textbuf_printf(&out, "%s%s=\"", i == 0 ? "" : ",", spec->labels[i]);
        add_escaped(&out, values[i]);
        textbuf_puts(&out, "\"");
    }
    return out.text;
}

static struct metric *add_locked(size_t hash, enum metric_id id, const char *const *values,
                                 size_t count)
{
    const struct metric_spec *spec = metric_spec(id);
    struct metric_list *list = &synced.lists[id];
    size_t n_buckets = spec->kind == METRIC_HISTOGRAM ? n_bounds(spec) + 1 : 0;
    struct metric *m = need_alloc(1, sizeof(*m) + n_buckets * sizeof(m->buckets[0]));

    m->id = id;
    m->labels = labels_text(spec, values, count);
    for (size_t i = 0; i < count; i++)
        m->values[i] = need_strdup(values[i]);
    atomic_init(&m->shown, spec->kind == METRIC_COUNTER || spec->kind == METRIC_HISTOGRAM);
    atomic_init(&m->chain, atomic_load_explicit(&synced.chains[hash], memory_order_relaxed));
    atomic_store_explicit(list->last == NULL ? &list->first : &list->last->next, m,
                          memory_order_release);
    atomic_store_explicit(&synced.chains[hash], m, memory_order_release);
    list->last = m;
    list->count++;
    return m;
}

struct metric *metric_series(enum metric_id id, const char *const *label_values)
{
    static const char *const others[METRIC_MOST_LABELS] = {"other", "other", "other"};
    const struct metric_spec *spec = metric_spec(id);
    size_t most = spec->kind == METRIC_HISTOGRAM ? MOST_HISTOGRAMS : MOST_SERIES;
    size_t count = n_labels(spec);
    size_t hash = hash_of(id, label_values, count);
    struct metric *m = find(hash, id, label_values, count);

    if (m != NULL)
        return m;
    (void)pthread_mutex_lock(&synced.lock);
    if (synced.lists[id].count >= most) {
        label_values = others;
        hash = hash_of(id, label_values, count);
    }
    m = find(hash, id, label_values, count); /* another thread may have been faster */
    if (m == NULL)
        m = add_locked(hash, id, label_values, count);
    (void)pthread_mutex_unlock(&synced.lock);
    return m;
}

static double number_of(uint_fast64_t bits)
{
    uint64_t same = bits;
    double value;

    memcpy(&value, &same, sizeof(value));
    return value;
}

static uint_fast64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void show(struct metric *series)
{
    if (!atomic_load_explicit(&series->shown, memory_order_relaxed))
        atomic_store_explicit(&series->shown, true, memory_order_release);
}

static void add(struct metric *series, double amount)
{
    uint_fast64_t old = atomic_load_explicit(&series->value, memory_order_relaxed);

    while (!atomic_compare_exchange_weak_explicit(&series->value, &old,
                                                  bits_of(number_of(old) + amount),
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

void metric_add(struct metric *series, double amount)
{
    add(series, amount);
    show(series);
}

void metric_set(struct metric *series, double value)
{
    atomic_store_explicit(&series->value, bits_of(value), memory_order_relaxed);
    show(series);
}

void metric_observe(struct metric *series, double value)
{
    const double *bounds = metric_spec(series->id)->bounds;
    size_t i = 0;

    while (bounds[i] != 0 && value > bounds[i])
        i++;
    add(series, value);
    (void)atomic_fetch_add_explicit(&series->buckets[i], 1, memory_order_relaxed);
    show(series);
}

void metric_drop(struct metric *series)
{
    atomic_store_explicit(&series->shown, false, memory_order_relaxed);
}

void metric_each(enum metric_id id, void (*each)(void *ctx, const struct metric_view *view),
                 void *ctx)
{
    const struct metric_spec *spec = metric_spec(id);
    struct metric *m = atomic_load_explicit(&synced.lists[id].first, memory_order_acquire);
    struct metric_view view = {.id = id, .spec = spec};

    view.n_buckets = spec->kind == METRIC_HISTOGRAM ? n_bounds(spec) + 1 : 0;
    for (; m != NULL; m = atomic_load_explicit(&m->next, memory_order_acquire)) {
        if (!atomic_load_explicit(&m->shown, memory_order_acquire))
            continue;
        view.labels = m->labels;
        view.values = (const char *const *)m->values;
        view.sent = m->sent;
        view.value = number_of(atomic_load_explicit(&m->value, memory_order_relaxed));
        if (spec->kind == METRIC_AGE)
            view.value = fmax(0, (double)clock_wall_ms() / 1000 - view.value);
        for (size_t i = 0; i < view.n_buckets; i++)
            view.buckets[i] = atomic_load_explicit(&m->buckets[i], memory_order_relaxed);
        each(ctx, &view);
    }
}
