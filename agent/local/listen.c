/* SPDX-License-Identifier: Apache-2.0 */
#include "local/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "state/file.h"

enum { BACKLOG = 64 };

static pawl_status cannot(const struct sockaddr_un *name, struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_IO, "socket",
                     "cannot make %.50s: %s; set another, or socket = off", name->sun_path,
                     strerror(errno));
}

static pawl_status name_of(const char *path, struct sockaddr_un *ret, struct pawl_err *err)
{
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(ret->sun_path))
        return pawl_fail(err, PAWL_E_RANGE, "socket", "a path of at most %zu characters",
                         sizeof(ret->sun_path) - 1);
    memcpy(ret->sun_path, path, strlen(path) + 1);
    return pawl_ok();
}

/* One level, as systemd's RuntimeDirectory does. That it fails shows when the socket is made. */
static void make_directory(const char *path)
{
    char        dir[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return;
    snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
    if (!mkdir(dir, 0755))
        (void)!chmod(dir, 0755); /* whatever the umask took away */
}

/* True for a socket that nobody listens on any more. */
static bool is_left_behind(const struct sockaddr_un *name)
{
    struct stat                  st;
    PAWL_CLEANUP(file_close) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0 || lstat(name->sun_path, &st) || !S_ISSOCK(st.st_mode))
        return false;
    return connect(fd, (const struct sockaddr *)name, sizeof(*name)) && errno == ECONNREFUSED;
}

static pawl_status bind_to(int fd, const struct sockaddr_un *name, struct pawl_err *err)
{
    const struct sockaddr *a = (const struct sockaddr *)name;

    if (!bind(fd, a, sizeof(*name)))
        return pawl_ok();
    if (errno == EADDRINUSE && is_left_behind(name) && !unlink(name->sun_path) &&
        !bind(fd, a, sizeof(*name)))
        return pawl_ok();
    if (errno == EADDRINUSE)
        return pawl_fail(err, PAWL_E_CONFLICT, "socket",
                         "%.60s is in use, perhaps by another agent: set another", name->sun_path);
    return cannot(name, err);
}

pawl_status listen_open(const char *path, bool others, int *ret, struct pawl_err *err)
{
    struct sockaddr_un name;

    PAWL_TRY(name_of(path, &name, err));
    PAWL_CLEANUP(file_close) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return cannot(&name, err);
    make_directory(path);
    PAWL_TRY(bind_to(fd, &name, err));
    if (chmod(path, others ? 0666 : 0600) || listen(fd, BACKLOG)) {
        pawl_status s = cannot(&name, err);
        (void)!unlink(path);
        return s;
    }
    *ret = fd;
    fd = -1;
    return pawl_ok();
}

void listen_close(const char *path, int *fd)
{
    if (*fd < 0)
        return;
    (void)!unlink(path);
    file_close(fd);
}
