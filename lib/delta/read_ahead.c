/* SPDX-License-Identifier: Apache-2.0 */
/* Two slots in turn: the thread fills those that are empty, the taker empties those that are full.
 * A slot's batch is only touched by the one whose it is. What a failed or last batch comes to stays
 * in its slot, after which the thread is done. */
#include "delta/read_ahead.h"

#include <pthread.h>
#include <signal.h>

#include "base/alloc.h"

enum { SLOTS = 2 };

typedef struct slot {
    dwi_column batch;
    dw_status status;
    dw_error err;
} slot;

struct dwi_read_ahead {
    const dw_allocator *alloc;
    dwi_table_scan *scan;
    slot slots[SLOTS];
    size_t at; /* the slot that is taken next */
    bool started;
    bool taken; /* slots[at] is with the taker */
    pthread_t thread;
    struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        size_t n_full;
        bool stop;
    } synced;
};

static void fill(dwi_read_ahead *ahead, slot *s)
{
    s->err = (dw_error)DW_ERROR_INIT;
    s->status = dwi_table_scan_next(ahead->scan, &s->batch, &s->err);
}

static bool is_last(const slot *s)
{
    return s->status != DW_OK || s->batch.length == 0;
}

static void *read_main(void *ctx)
{
    dwi_read_ahead *ahead = ctx;
    bool last = false;

    (void)pthread_mutex_lock(&ahead->synced.lock);
    for (size_t i = 0; !last; i = (i + 1) % SLOTS) {
        while (ahead->synced.n_full == SLOTS && !ahead->synced.stop)
            (void)pthread_cond_wait(&ahead->synced.changed, &ahead->synced.lock);
        if (ahead->synced.stop)
            break;
        (void)pthread_mutex_unlock(&ahead->synced.lock);
        fill(ahead, &ahead->slots[i]);
        last = is_last(&ahead->slots[i]);
        (void)pthread_mutex_lock(&ahead->synced.lock);
        ahead->synced.n_full++;
        (void)pthread_cond_signal(&ahead->synced.changed);
    }
    (void)pthread_mutex_unlock(&ahead->synced.lock);
    return NULL;
}

/* Signals are the program's business. */
static void start(dwi_read_ahead *ahead)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    ahead->started = pthread_create(&ahead->thread, NULL, read_main, ahead) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

dw_status dwi_read_ahead_open(const dw_allocator *alloc, dwi_table_scan *scan, bool threaded,
                              dwi_read_ahead **out, dw_error *err)
{
    dwi_read_ahead *ahead = dwi_alloc_zero(alloc, sizeof(*ahead));
    dw_status status = DW_OK;

    if (ahead == NULL)
        return dwi_err_nomem(err);
    ahead->alloc = alloc;
    ahead->scan = scan;
    (void)pthread_mutex_init(&ahead->synced.lock, NULL);
    (void)pthread_cond_init(&ahead->synced.changed, NULL);
    for (size_t i = 0; i < SLOTS; i++)
        DWI_TRY(dwi_column_init(&ahead->slots[i].batch, dwi_table_scan_type(scan), alloc, err));
    if (threaded)
        start(ahead);
    *out = ahead;
    ahead = NULL;
done:
    dwi_read_ahead_close(ahead);
    return status;
}

void dwi_read_ahead_close(dwi_read_ahead *ahead)
{
    if (ahead == NULL)
        return;
    if (ahead->started) {
        (void)pthread_mutex_lock(&ahead->synced.lock);
        ahead->synced.stop = true;
        (void)pthread_cond_signal(&ahead->synced.changed);
        (void)pthread_mutex_unlock(&ahead->synced.lock);
        (void)pthread_join(ahead->thread, NULL);
    }
    for (size_t i = 0; i < SLOTS; i++)
        dwi_column_done(&ahead->slots[i].batch);
    (void)pthread_cond_destroy(&ahead->synced.changed);
    (void)pthread_mutex_destroy(&ahead->synced.lock);
    dwi_free(ahead->alloc, ahead, sizeof(*ahead));
}

/* Gives back the slot that the taker had, and waits for the next one. */
static void wait_for_next(dwi_read_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->synced.lock);
    if (ahead->taken && !is_last(&ahead->slots[ahead->at])) {
        ahead->synced.n_full--;
        ahead->at = (ahead->at + 1) % SLOTS;
        (void)pthread_cond_signal(&ahead->synced.changed);
    }
    ahead->taken = true;
    while (ahead->synced.n_full == 0)
        (void)pthread_cond_wait(&ahead->synced.changed, &ahead->synced.lock);
    (void)pthread_mutex_unlock(&ahead->synced.lock);
}

dw_status dwi_read_ahead_next(dwi_read_ahead *ahead, const dwi_column **out, dw_error *err)
{
    slot *s;

    if (ahead->started)
        wait_for_next(ahead);
    s = &ahead->slots[ahead->at];
    if (!ahead->started)
        fill(ahead, s);
    if (s->status != DW_OK && err != NULL)
        *err = s->err;
    *out = &s->batch;
    return s->status;
}
