/* SPDX-License-Identifier: Apache-2.0 */
#include "common/stop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "common/logline.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool requested;
    int64_t grace_ms;
} synced = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0};

enum { CALLS_MAX = 4 };

/* Set before the thread that reads them is started. */
static struct {
    int signal_number;
    void (*call)(void);
} calls[CALLS_MAX];
static size_t n_calls;

void stop_on_signal(int signal_number, void (*call)(void))
{
    if (n_calls == CALLS_MAX)
        return;
    calls[n_calls].signal_number = signal_number;
    calls[n_calls++].call = call;
}

static void stop_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    for (size_t i = 0; i < n_calls; i++)
        (void)sigaddset(set, calls[i].signal_number);
}

/* True: it was one of those. */
static bool called(int signal_number)
{
    for (size_t i = 0; i < n_calls; i++) {
        if (calls[i].signal_number != signal_number)
            continue;
        calls[i].call();
        return true;
    }
    return false;
}

/* A signal that asks to stop; 0: none came within the time (-1: for ever). */
static int wait_for_stop(const sigset_t *set, int64_t wait_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
    int64_t left_ms = wait_ms;
    int signal_number;

    for (;;) {
        struct timespec left = {(time_t)(left_ms / 1000), (long)(left_ms % 1000) * 1000000};
        signal_number = sigtimedwait(set, NULL, wait_ms < 0 ? NULL : &left);
        if (signal_number > 0 && !called(signal_number))
            return signal_number;
        if (signal_number < 0 && errno == EAGAIN)
            return 0;
        left_ms = wait_ms < 0 ? -1 : deadline_ms - clock_monotonic_ms();
        if (wait_ms >= 0 && left_ms < 0)
            return 0;
    }
}

static void *wait_for_signals(void *unused)
{
    sigset_t set;
    int signal_number;

    (void)unused;
    stop_signals(&set);
    signal_number = wait_for_stop(&set, -1);
    LOG_EVENT(DW_LOG_INFO, "stopping",
              F_TEXT("signal", signal_number == SIGINT ? "SIGINT" : "SIGTERM"));
    stop_request();
    signal_number = wait_for_stop(&set, synced.grace_ms);
    log_message(DW_LOG_ERROR, signal_number > 0 ? "second signal: ended at once"
                                                : "the orderly stop took too long: ended at once");
    _exit(1);
}

bool stop_install(int64_t grace_ms)
{
    sigset_t set;
    pthread_t thread;

    synced.grace_ms = grace_ms;
    stop_signals(&set);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return false;
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_create(&thread, NULL, wait_for_signals, NULL) != 0)
        return false;
    (void)pthread_detach(thread);
    return true;
}

bool stop_requested(void)
{
    bool requested;

    (void)pthread_mutex_lock(&synced.lock);
    requested = synced.requested;
    (void)pthread_mutex_unlock(&synced.lock);
    return requested;
}

void stop_request(void)
{
    (void)pthread_mutex_lock(&synced.lock);
    synced.requested = true;
    (void)pthread_cond_broadcast(&synced.changed);
    (void)pthread_mutex_unlock(&synced.lock);
}

bool stop_wait(int64_t wait_ms)
{
    struct timespec until;
    bool requested;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&synced.lock);
    while (!synced.requested) {
        if (pthread_cond_timedwait(&synced.changed, &synced.lock, &until) == ETIMEDOUT)
            break;
    }
    requested = synced.requested;
    (void)pthread_mutex_unlock(&synced.lock);
    return requested;
}
