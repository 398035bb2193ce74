/* SPDX-License-Identifier: Apache-2.0 */
#include "local/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket that is closed with requests in it resets the peer, who then does not see our last
 * words. */
static void drain(int fd)
{
    uint8_t ignored;

    (void)shutdown(fd, SHUT_RD);
    while (recv(fd, &ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
        ;
}

void conn_close(struct conn *c)
{
    drain(c->fd);
    close(c->fd);
    *c = (struct conn){ .fd = -1 };
}

bool conn_can_write(struct conn *c)
{
    struct pollfd p = { .fd = c->fd, .events = POLLOUT };

    c->slow = poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT);
    return !c->slow;
}

void conn_put(struct conn *c, struct conn_room *room, const struct pawl_local_ans *a)
{
    struct pawl_wr   w = pawl_wr_to(room->out, sizeof(room->out));
    struct pawl_view frame;
    struct pawl_err  ignored;

    if (!pawl_is_ok(pawl_local_ans_write(a, &w, &ignored)) ||
        !pawl_is_ok(pawl_wr_end(&w, "answer", &frame, &ignored)) ||
        send(c->fd, frame.p, frame.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        conn_close(c);
}

void conn_refuse(struct conn *c, struct conn_room *room, const struct pawl_err *err)
{
    char text[PAWL_LOCAL_TEXT_MAX];

    snprintf(text, sizeof(text), "%s: %s", err->where, err->why);
    const struct pawl_local_ans a = { .say = PAWL_LOCAL_ERROR,
                                      .code = err->code,
                                      .text = pawl_view_str(text) };
    conn_put(c, room, &a);
}

bool conn_get(struct conn *c, struct conn_room *room, struct pawl_local_req *ret,
              pawl_status *ret_status, struct pawl_err *err)
{
    ssize_t n = recv(c->fd, room->in, sizeof(room->in), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) { /* an empty packet is no frame either */
        conn_close(c);
        return false;
    }
    if ((size_t)n > PAWL_LOCAL_FRAME_MAX)
        *ret_status = pawl_fail(err, PAWL_E_FORM, "request", "a frame has at most %d bytes",
                                PAWL_LOCAL_FRAME_MAX);
    else
        *ret_status = pawl_local_req_parse(pawl_view(room->in, (size_t)n), ret, err);
    return true;
}
