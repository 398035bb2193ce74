/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "state/file.h"

static int         stop_fd = -1; /* readable from the first signal on */
static uint64_t    grace;        /* ms from the first signal to an end by force */
static atomic_bool over;         /* the rounds have ended: the thread goes too */

static sigset_t stop_signals(void)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, SIGTERM);
    sigaddset(&s, SIGINT);
    return s;
}

static int64_t ms_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the grace is over, the rounds are, or somebody insists. Who stops us may send two signals
 * at once (to us, and to our group); and SIGCONT ends a wait, but not the grace. */
static void give_grace(const sigset_t *stop)
{
    int64_t begin = ms_of(CLOCK_MONOTONIC), left = (int64_t)grace;

    while (left > 0 && !atomic_load(&over)) {
        const struct timespec t = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };
        bool                  again = sigtimedwait(stop, NULL, &t) > 0;
        int64_t               gone = ms_of(CLOCK_MONOTONIC) - begin;
        if (again && gone >= SIGNALS_MOMENT_MS)
            return;
        left = (int64_t)grace - gone;
    }
}

static void *take_signals(void *arg)
{
    static const char last_words[] =
        "pawl-agent: ended by force, inside a round that does not end\n";
    const sigset_t stop = stop_signals();
    struct pollfd  log = { .fd = STDERR_FILENO, .events = POLLOUT };
    int            n;

    (void)arg;
    while (sigwait(&stop, &n))
        ;
    if (atomic_load(&over))
        return NULL;
    (void)!eventfd_write(stop_fd, 1);
    give_grace(&stop);
    if (atomic_load(&over))
        return NULL;
    if (poll(&log, 1, 0) > 0)
        (void)!write(STDERR_FILENO, last_words, sizeof(last_words) - 1);
    _exit(CLI_NO_CONTACT);
}

pawl_status signals_open(uint64_t grace_ms, pthread_t *ret, struct pawl_err *err)
{
    const sigset_t stop = stop_signals();

    atomic_store(&over, false);
    grace = grace_ms;
    stop_fd = eventfd(0, EFD_CLOEXEC);
    int e = stop_fd < 0 ? errno : pthread_sigmask(SIG_BLOCK, &stop, NULL);
    if (!e)
        e = pthread_create(ret, NULL, take_signals, NULL);
    if (!e)
        return pawl_ok();
    file_close(&stop_fd);
    return pawl_fail(err, PAWL_E_MEMORY, "signals", "%s", strerror(e));
}

void signals_close(pthread_t thread)
{
    atomic_store(&over, true);
    pthread_kill(thread, SIGTERM);
    pthread_join(thread, NULL);
    file_close(&stop_fd);
}

bool signals_wait(uint64_t ms, int fd)
{
    struct pollfd p[] = { { .fd = stop_fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
    int64_t       end = ms_of(CLOCK_BOOTTIME) + (int64_t)ms;

    for (;;) {
        int64_t left = end - ms_of(CLOCK_BOOTTIME);
        if (poll(p, 2, left > 0 ? (int)left : 0) >= 0)
            return p[0].revents;
    }
}

bool signals_came(void)
{
    return signals_wait(0, -1);
}
