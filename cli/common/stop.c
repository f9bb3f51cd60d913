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

static void stop_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
}

static void *wait_for_signals(void *unused)
{
    sigset_t set;
    struct timespec grace;
    int signal_number = 0;

    (void)unused;
    stop_signals(&set);
    while (sigwait(&set, &signal_number) != 0)
        ;
    LOG_EVENT(DW_LOG_INFO, "stopping",
              F_TEXT("signal", signal_number == SIGINT ? "SIGINT" : "SIGTERM"));
    stop_request();
    grace.tv_sec = (time_t)(synced.grace_ms / 1000);
    grace.tv_nsec = (long)(synced.grace_ms % 1000) * 1000000;
    do
        signal_number = sigtimedwait(&set, NULL, &grace);
    while (signal_number < 0 && errno == EINTR);
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
