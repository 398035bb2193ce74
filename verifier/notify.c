/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

static int send_to(const char *path, const char *state)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t             n = strlen(path);

    if (n == 0 || n >= sizeof(to.sun_path))
        return ENAMETOOLONG;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@') /* has no place among the files */
        to.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    int     e = sent < 0 ? errno : 0;
    close(fd);
    return e;
}

void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    int         e = path ? send_to(path, state) : 0;

    if (e)
        log_info("the service manager was not told %s: %s", state, strerror(e));
}
