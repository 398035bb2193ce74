/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What survival.py puts into the product's own programs, which are linked with this file and are
 * otherwise the same: something happens at a persist point, and clocks jump.
 *
 *   PAWL_POINT_LOG=FILE     every point's name, a line each
 *   PAWL_POINT=N            at the Nth point of this process, counted from 1 ..
 *   PAWL_POINT_RUN=COMMAND  .. a shell runs this first, ..
 *   PAWL_POINT_KILL=1       .. and then nothing of us is left, as with a power cut
 *   PAWL_CLOCKS=FILE        two int64: milliseconds that CLOCK_REALTIME and CLOCK_BOOTTIME are off,
 *                           looked at whenever a clock is read
 *
 * Linked with --wrap=clock_gettime and --wrap=time; CLOCK_MONOTONIC stays as it is.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* agent/state/point.h and verifier/point.h say the same. */
extern void (*point_reached)(const char *name);

int    __real_clock_gettime(clockid_t clock, struct timespec *ret);
int    __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
time_t __wrap_time(time_t *ret);

/* ---- points ---------------------------------------------------------------------------------- */

static int           log_fd = -1;
static unsigned long wanted; /* 0: none */
static atomic_ulong  reached;

static void act(void)
{
    const char *command = getenv("PAWL_POINT_RUN");

    if (command && system(command) != 0)
        abort(); /* a test that did not do what it was told proves nothing */
    if (getenv("PAWL_POINT_KILL"))
        kill(getpid(), SIGKILL);
}

static void at_point(const char *name)
{
    char line[80];
    int  n = snprintf(line, sizeof(line), "%s\n", name);

    if (log_fd >= 0 && write(log_fd, line, (size_t)n) != n)
        abort();
    if (atomic_fetch_add(&reached, 1) + 1 == wanted)
        act();
}

/* ---- clocks ---------------------------------------------------------------------------------- */

struct clocks {
    _Atomic int64_t wall_ms, boot_ms;
};

static const struct clocks *clocks;

static void add_ms(struct timespec *t, int64_t ms)
{
    int64_t ns = t->tv_nsec + ms % 1000 * 1000000;

    t->tv_sec += ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    t->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int e = __real_clock_gettime(clock, ret);

    if (!e && clocks && clock == CLOCK_REALTIME)
        add_ms(ret, atomic_load(&clocks->wall_ms));
    if (!e && clocks && clock == CLOCK_BOOTTIME)
        add_ms(ret, atomic_load(&clocks->boot_ms));
    return e;
}

time_t __wrap_time(time_t *ret)
{
    struct timespec t;

    __wrap_clock_gettime(CLOCK_REALTIME, &t);
    if (ret)
        *ret = t.tv_sec;
    return t.tv_sec;
}

/* ---- before main ----------------------------------------------------------------------------- */

static void open_clocks(const char *file)
{
    int   fd = open(file, O_RDONLY | O_CLOEXEC);
    void *p = mmap(NULL, sizeof(*clocks), PROT_READ, MAP_SHARED, fd, 0);

    if (fd < 0 || p == MAP_FAILED)
        abort();
    clocks = p;
    close(fd);
}

__attribute__((constructor)) static void from_environment(void)
{
    const char *file = getenv("PAWL_POINT_LOG"), *n = getenv("PAWL_POINT");

    if (file)
        log_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (n)
        wanted = strtoul(n, NULL, 10);
    if (getenv("PAWL_CLOCKS"))
        open_clocks(getenv("PAWL_CLOCKS"));
    point_reached = at_point;
}
