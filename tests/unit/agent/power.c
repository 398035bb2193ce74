/* SPDX-License-Identifier: Apache-2.0 */
#include "power.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/point.h"
#include "t.h"

enum { FDS = 64, RENAMES = 16, EXIT_HIT = 77, EXIT_WRONG = 78, FULL_FOR = 4, CUT_BEHIND = 12 };

/* Of the child alone. */
static struct {
    bool       on;
    enum power kind;
    unsigned   at, n; /* hit at the at-th event; events so far */
    unsigned   full;  /* writes that still fail */
    unsigned   left;  /* events until the power goes after all */
    struct {
        bool  dirty;
        off_t synced; /* size at the last fsync */
    } fd[FDS];
    struct {
        int  dir;
        bool had_old;
        char from[64], to[64], old[80];
    } renamed[RENAMES];
    size_t renamed_n;
} child;

/* ---- losing --------------------------------------------------------------------------------- */

static void lose_bytes(int fd)
{
    struct stat st;

    if (fstat(fd, &st) || st.st_size <= child.fd[fd].synced)
        return;
    (void)!ftruncate(fd, child.fd[fd].synced + (st.st_size - child.fd[fd].synced) / 2);
}

int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);

static void die(void)
{
    if (child.kind != POWER_KILL)
        for (int fd = 0; fd < FDS; fd++)
            if (child.fd[fd].dirty)
                lose_bytes(fd);
    while (child.kind != POWER_KILL && child.renamed_n) {
        size_t i = --child.renamed_n;
        __real_renameat(child.renamed[i].dir, child.renamed[i].to, child.renamed[i].dir,
                        child.renamed[i].from);
        if (child.renamed[i].had_old)
            __real_renameat(child.renamed[i].dir, child.renamed[i].old, child.renamed[i].dir,
                            child.renamed[i].to);
    }
    _exit(EXIT_HIT);
}

/* True if the disk fails this event. */
static bool event(bool is_write, bool is_sync)
{
    if (!child.on)
        return false;
    if (child.left && !--child.left)
        die();
    if (child.kind == POWER_FULL && !is_write)
        return false;
    if ((child.kind == POWER_EIO || child.kind == POWER_EIO_CUT) && !is_sync)
        return false;
    if (++child.n != child.at)
        return false;
    if (child.kind == POWER_KILL || child.kind == POWER_CUT)
        die();
    child.left = child.kind == POWER_EIO_CUT ? CUT_BEHIND : 0;
    return true;
}

void power_event(void)
{
    event(false, false);
}

static void at_point(const char *name)
{
    (void)name;
    event(false, false);
}

void power_fail(const char *file, int line, const char *property)
{
    fprintf(stderr, "%s:%d: event %u of kind %d: does not hold: %s\n", file, line, child.at,
            (int)child.kind, property);
    _exit(EXIT_WRONG);
}

/* ---- the calls ------------------------------------------------------------------------------ */

static bool tracked(int fd)
{
    return child.on && fd >= 0 && fd < FDS;
}

static void opened(int fd)
{
    struct stat st;

    if (!tracked(fd))
        return;
    child.fd[fd].dirty = false;
    child.fd[fd].synced = fstat(fd, &st) ? 0 : st.st_size;
}

/* What a write may take: all, half, or nothing (-1). */
static ssize_t room(int fd, size_t n)
{
    if (!tracked(fd))
        return (ssize_t)n;
    if (event(true, false))
        child.full = FULL_FOR;
    else if (!child.full)
        return (ssize_t)n;
    child.full--;
    if (child.full == FULL_FOR - 1 && n > 1)
        return (ssize_t)(n / 2);
    errno = ENOSPC;
    return -1;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    ssize_t take = room(fd, n);

    if (tracked(fd))
        child.fd[fd].dirty = true;
    return take < 0 ? -1 : __real_write(fd, p, (size_t)take);
}

ssize_t __real_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
    ssize_t take = room(fd, n);

    if (tracked(fd))
        child.fd[fd].dirty = true;
    return take < 0 ? -1 : __real_pwrite64(fd, p, (size_t)take, at);
}

int __real_openat64(int dir, const char *name, int flags, ...);
int __wrap_openat64(int dir, const char *name, int flags, ...);
int __wrap_openat64(int dir, const char *name, int flags, ...)
{
    va_list list;

    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    int fd = __real_openat64(dir, name, flags, mode);
    opened(fd);
    return fd;
}

int __real_ftruncate64(int fd, off_t n);
int __wrap_ftruncate64(int fd, off_t n);
int __wrap_ftruncate64(int fd, off_t n)
{
    event(false, false);
    return __real_ftruncate64(fd, n);
}

static void forget_renames(void)
{
    for (size_t i = 0; i < child.renamed_n; i++)
        if (child.renamed[i].had_old)
            unlinkat(child.renamed[i].dir, child.renamed[i].old, 0);
    child.renamed_n = 0;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    struct stat st;

    if (event(false, true)) {
        errno = EIO;
        return -1;
    }
    if (fstat(fd, &st))
        return __real_fsync(fd);
    if (!tracked(fd))
        return 0; /* the test may die, the machine does not */
    if (S_ISDIR(st.st_mode))
        forget_renames();
    child.fd[fd].dirty = false;
    child.fd[fd].synced = st.st_size;
    return 0;
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    event(false, false);
    if (child.on && child.renamed_n < RENAMES) {
        size_t i = child.renamed_n++;
        child.renamed[i].dir = to_dir;
        snprintf(child.renamed[i].from, sizeof(child.renamed[i].from), "%s", from);
        snprintf(child.renamed[i].to, sizeof(child.renamed[i].to), "%s", to);
        snprintf(child.renamed[i].old, sizeof(child.renamed[i].old), "%s.undo%zu", to, i);
        unlinkat(to_dir, child.renamed[i].old, 0);
        child.renamed[i].had_old = !linkat(to_dir, to, to_dir, child.renamed[i].old, 0);
    }
    return __real_renameat(from_dir, from, to_dir, to);
}

/* ---- the loop ------------------------------------------------------------------------------- */

void *power_shared(size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(p, MAP_FAILED);
    return p;
}

static int run(const struct power_case *c, enum power kind, unsigned at)
{
    int status;

    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        child.on = true;
        child.kind = kind;
        child.at = at;
        point_reached = at_point;
        c->child(c->shared);
        _exit(child.n >= at ? EXIT_HIT : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void power_everywhere(const struct power_case *c, enum power kind, unsigned at_least)
{
    for (unsigned at = 1;; at += c->stride ? c->stride : 1) {
        c->before();
        memset(c->shared, 0, c->shared_n);
        int status = run(c, kind, at);
        if (status != 0 && status != EXIT_HIT)
            fail_msg("event %u of kind %d: the child ended with %d", at, (int)kind, status);
        c->after(c->shared);
        if (status == 0) {
            assert_true(at > at_least);
            return;
        }
    }
}
