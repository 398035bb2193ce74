/* SPDX-License-Identifier: Apache-2.0 */
#include "state/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void file_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static pawl_status io(struct pawl_err *err, const char *name, const char *what)
{
    int         e = errno;
    const char *hint = e == ENOSPC || e == EDQUOT || e == EFBIG ? "; the old file is untouched"
                                                                : "";

    return pawl_fail(err, e == ENOENT ? PAWL_E_ABSENT : PAWL_E_IO, name, "cannot %s: %s%s", what,
                     strerror(e), hint);
}

pawl_status file_read(int dir, const char *name, uint8_t *ret, size_t cap, size_t *ret_n,
                      struct pawl_err *err)
{
    PAWL_CLEANUP(file_close) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat                  st;
    size_t                       n = 0;

    if (fd < 0)
        return io(err, name, "open");
    if (fstat(fd, &st))
        return io(err, name, "stat");
    if (!S_ISREG(st.st_mode))
        return pawl_fail(err, PAWL_E_FORM, name, "not a regular file");
    if ((uintmax_t)st.st_size > cap)
        return pawl_fail(err, PAWL_E_RANGE, name, "%jd bytes, at most %zu", (intmax_t)st.st_size,
                         cap);
    while (n < cap) {
        ssize_t got = read(fd, ret + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io(err, name, "read");
        if (!got)
            break;
        n += (size_t)got;
    }
    *ret_n = n;
    return pawl_ok();
}

static bool write_all(int fd, struct pawl_view bytes)
{
    while (bytes.n) {
        ssize_t put = write(fd, bytes.p, bytes.n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes.p += put;
        bytes.n -= (size_t)put;
    }
    return true;
}

/* Whoever was given the file by the administrator can still read what replaces it. */
static bool keep_owner(int dir, const char *name, int fd)
{
    struct stat old, now;

    if (fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) || !S_ISREG(old.st_mode))
        return true;
    return !fstat(fd, &now) &&
           ((old.st_uid == now.st_uid && old.st_gid == now.st_gid) ||
            !fchown(fd, old.st_uid, old.st_gid)) &&
           !fchmod(fd, old.st_mode & 0777);
}

/* The new bytes under another name, on the disk. */
static pawl_status write_beside(int dir, const char *name, const char *temporary,
                                struct pawl_view bytes, struct pawl_err *err)
{
    /* What is left of an interrupted write may belong to anybody: never written through. */
    if (unlinkat(dir, temporary, 0) && errno != ENOENT)
        return io(err, name, "remove an old temporary file");
    PAWL_CLEANUP(file_close)
    int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return io(err, name, "make a temporary file");
    if (!keep_owner(dir, name, fd))
        return io(err, name, "keep its owner and mode");
    if (!write_all(fd, bytes))
        return io(err, name, "write");
    if (fsync(fd))
        return io(err, name, "fsync");
    return pawl_ok();
}

pawl_status file_replace(int dir, const char *name, struct pawl_view bytes, struct pawl_err *err)
{
    char temporary[NAME_MAX + 1];

    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", name) >= sizeof(temporary))
        return pawl_fail(err, PAWL_E_RANGE, "file", "name too long");
    pawl_status s = write_beside(dir, name, temporary, bytes, err);
    if (pawl_is_ok(s) && renameat(dir, temporary, dir, name))
        s = io(err, name, "rename");
    if (!pawl_is_ok(s)) {
        unlinkat(dir, temporary, 0);
        return s;
    }
    if (fsync(dir))
        return io(err, name, "fsync the directory");
    return pawl_ok();
}

pawl_status file_set_aside(int dir, const char *name, struct pawl_err *err)
{
    char bad[NAME_MAX + 1];

    if ((size_t)snprintf(bad, sizeof(bad), "%s.bad", name) >= sizeof(bad))
        return pawl_fail(err, PAWL_E_RANGE, "file", "name too long");
    return renameat(dir, name, dir, bad) ? io(err, name, "set aside") : pawl_ok();
}

pawl_status file_open_parent(const char *path, bool make, int *ret, const char **ret_name,
                             struct pawl_err *err)
{
    char        dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t      n = slash ? (size_t)(slash - path) : 0;

    if (n >= sizeof(dir) || !*(slash ? slash + 1 : path))
        return pawl_fail(err, PAWL_E_RANGE, "path", "%.90s names no file", path);
    memcpy(dir, path, n);
    dir[n] = 0;
    const char *name = slash ? (n ? dir : "/") : ".";
    if (make && mkdir(name, 0755) && errno != EEXIST)
        return io(err, path, "make its directory");
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io(err, path, "open its directory");
    *ret = fd;
    *ret_name = slash ? slash + 1 : path;
    return pawl_ok();
}
