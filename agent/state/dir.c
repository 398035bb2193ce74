/* SPDX-License-Identifier: Apache-2.0 */
#include "state/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/file.h"

#define LOCK    "lock"
#define CONTACT "contact"

static pawl_status open_checked(const char *path, struct state_dir *ret, struct pawl_err *err)
{
    struct stat st;
    int         fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return pawl_fail(err, errno == ENOENT ? PAWL_E_ABSENT : PAWL_E_IO, "state",
                         "cannot open %.60s: %s", path, strerror(errno));
    ret->fd = fd;
    if (fstat(fd, &st))
        return pawl_fail(err, PAWL_E_IO, "state", "cannot stat %.60s: %s", path, strerror(errno));
    if (st.st_uid != geteuid())
        return pawl_fail(err, PAWL_E_DENIED, "state", "%.60s belongs to user %u, we are %u", path,
                         (unsigned)st.st_uid, (unsigned)geteuid());
    if (st.st_mode & 077)
        return pawl_fail(err, PAWL_E_DENIED, "state", "%.60s has mode %04o, 0700 is wanted", path,
                         (unsigned)st.st_mode & 07777);
    return pawl_ok();
}

static long holder(int lock)
{
    char    text[24] = { 0 };
    ssize_t n = pread(lock, text, sizeof(text) - 1, 0);
    long    pid = n > 0 ? strtol(text, NULL, 10) : 0;

    return pid > 0 ? pid : -1;
}

/* A lock of the open file, not of the process: it can be asked for without being taken, so that
 * looking never makes a starting agent fail. */
static struct flock whole(void)
{
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

static pawl_status take_lock(const char *path, struct state_dir *d, struct pawl_err *err)
{
    struct flock l = whole();
    char         pid[24];

    d->lock = openat(d->fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->lock < 0)
        return pawl_fail(err, PAWL_E_IO, "state.lock", "cannot open: %s", strerror(errno));
    if (fcntl(d->lock, F_OFD_SETLK, &l))
        return pawl_fail(err, PAWL_E_CONFLICT, "state.lock", "another agent (pid %ld) uses %.60s",
                         holder(d->lock), path);
    int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    /* For people only: a full disk must not keep the agent from running. */
    if (ftruncate(d->lock, 0) || pwrite(d->lock, pid, (size_t)n, 0) != n)
        return pawl_ok();
    return pawl_ok();
}

pawl_status state_dir_open(const char *path, struct state_dir *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir d = { -1, -1 };

    if (mkdir(path, 0700) && errno != EEXIST)
        return pawl_fail(err, errno == ENOENT ? PAWL_E_ABSENT : PAWL_E_IO, "state",
                         "cannot make %.60s: %s", path, strerror(errno));
    PAWL_TRY(open_checked(path, &d, err));
    PAWL_TRY(take_lock(path, &d, err));
    *ret = d;
    d = (struct state_dir){ -1, -1 };
    return pawl_ok();
}

pawl_status state_dir_look(const char *path, struct state_dir *ret, long *ret_pid,
                           struct pawl_err *err)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir d = { -1, -1 };

    PAWL_TRY(open_checked(path, &d, err));
    PAWL_CLEANUP(file_close) int lock = openat(d.fd, LOCK, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct flock                 l = whole();
    *ret_pid = 0;
    if (lock >= 0 && (fcntl(lock, F_OFD_GETLK, &l) || l.l_type != F_UNLCK))
        *ret_pid = holder(lock);
    else if (lock < 0 && errno != ENOENT)
        *ret_pid = -1;
    *ret = d;
    d = (struct state_dir){ -1, -1 };
    return pawl_ok();
}

void state_dir_close(struct state_dir *d)
{
    file_close(&d->lock);
    file_close(&d->fd);
}

void state_dir_contact_now(const struct state_dir *d)
{
    PAWL_CLEANUP(file_close)
    int fd = openat(d->fd, CONTACT, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0)
        (void)!futimens(fd, NULL);
}

int64_t state_dir_contact_s(const struct state_dir *d)
{
    struct stat st;

    return fstatat(d->fd, CONTACT, &st, AT_SYMLINK_NOFOLLOW) ? 0 : (int64_t)st.st_mtim.tv_sec;
}
