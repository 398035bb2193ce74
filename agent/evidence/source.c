/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void source_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

pawl_status source_open(const char *path, const char *key, int *ret_fd, struct pawl_err *err)
{
    /* Not to wait for ever where somebody put a pipe. */
    PAWL_CLEANUP(source_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat                    st;

    if (fd < 0)
        return pawl_fail(err, errno == ENOENT || errno == ENOTDIR ? PAWL_E_ABSENT : PAWL_E_IO, key,
                         "cannot open it: %s", strerror(errno));
    if (fstat(fd, &st))
        return pawl_fail(err, PAWL_E_IO, key, "cannot stat it: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return pawl_fail(err, PAWL_E_FORM, key, "not a regular file");
    *ret_fd = fd;
    fd = -1;
    return pawl_ok();
}

pawl_status source_read(int fd, const char *key, uint8_t *ret, size_t cap, size_t *ret_n,
                        struct pawl_err *err)
{
    size_t n = 0;

    while (n < cap) {
        ssize_t got = read(fd, ret + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return pawl_fail(err, PAWL_E_IO, key, "cannot read it: %s", strerror(errno));
        if (!got)
            break;
        n += (size_t)got;
    }
    *ret_n = n;
    return pawl_ok();
}
