/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets in. A network, that is an IPv4 address or a /64 of IPv6, has a number of connections and
 * a rate of requests. A connection's first request counts when it is opened, since its handshake
 * costs as much: whoever is let in is served. Where there is no room left for a new connection, one
 * of the network that has the most makes some.
 *
 * Invariants
 *  1. A connection with a request at work, and a stream, makes room for nobody.
 *  2. Nobody makes room for one of a network that has more connections than its own.
 *  3. Where there is no room for the bytes of requests, a network's half request makes some for one
 *     of another network that holds less.
 *  4. What a network was refused stands in the log once a minute.
 */
#include "http/room.h"

#include <stdio.h>
#include <time.h>

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static unsigned how_many(const struct conn *c)
{
    return atomic_load(&c->net->n);
}

static unsigned pace(const struct conn *c)
{
    return pace_wait(c->worker->shared->requests, c->peer.net, now_ms());
}

void room_tell(const struct conn *c, const char *why)
{
    struct http_shared *shared = c->worker->shared;
    char                line[256];

    if (pace_wait(shared->told, c->peer.net, now_ms()) != 0)
        return;
    snprintf(line, sizeof(line), "%s: %s", c->peer.text, why);
    shared->config.refused("", 0, line);
}

static bool may_go(const struct conn *c)
{
    return c->entered && !c->request && !c->closing;
}

/* Of the network that has the most; one without half a request before one with, and of those who
 * are alike the one that was still for the longest time. The list begins with the last that
 * stirred. */
static struct conn *pick(const struct conn *c)
{
    struct conn *other, *found = NULL;

    for (other = LIST_FIRST(&c->worker->conns); other; other = LIST_NEXT(other, link)) {
        if (other == c || !may_go(other))
            continue;
        if (!found || how_many(other) > how_many(found) ||
            (how_many(other) == how_many(found) && (other->held == 0 || found->held != 0)))
            found = other;
    }
    return found;
}

static bool make_room(const struct conn *c)
{
    struct conn *other = pick(c);

    if (!other || how_many(other) < how_many(c) ||
        (how_many(other) == how_many(c) && other->held != 0))
        return false;
    conn_close(other);
    return true;
}

/* Of this worker's own: another thread's are not ours to close. To fill the memory takes 75
 * connections at least (held_max in conn.c), and the kernel spreads them: of eight workers hardly
 * one has none of them. Of some dozens one may, and then its devices come again when they are told
 * to. */
bool room_for_bytes(const struct conn *c)
{
    struct conn *other, *found = NULL;

    for (other = LIST_FIRST(&c->worker->conns); other; other = LIST_NEXT(other, link))
        if (other->net != c->net && may_go(other) && how_many(other) >= how_many(c) &&
            other->held / 2 > c->held && (!found || other->held > found->held))
            found = other;
    if (!found)
        return false;
    room_tell(found, "holds the most bytes in half a request, and makes room");
    conn_close(found);
    return true;
}

bool room_enter(struct conn *c)
{
    struct http_shared       *shared = c->worker->shared;
    const struct http_config *config = &shared->config;

    c->net = crowd_join(&shared->crowd, c->peer.net);
    if (!c->net)
        return false;
    if (!c->peer.is_local) {
        if (config->address_connections && how_many(c) > config->address_connections) {
            room_tell(c, "has too many connections; further ones are closed");
            return false;
        }
        if (pace(c) != 0) {
            room_tell(c, "sends too many requests; further connections are closed");
            return false;
        }
        c->paid = true;
    }
    /* Not sooner: a crowd at the door, about to be sent away, takes nobody's place. */
    c->entered = true;
    if (atomic_fetch_add(&shared->conns, 1) < config->connections_max)
        return true;
    room_tell(c, "finds every connection taken");
    return make_room(c);
}

void room_leave(const struct conn *c)
{
    struct http_shared *shared = c->worker->shared;

    if (c->entered)
        atomic_fetch_sub(&shared->conns, 1);
    if (c->net)
        crowd_leave(&shared->crowd, c->net);
}

unsigned room_wait(struct conn *c)
{
    bool paid = c->paid;

    c->paid = false;
    return paid || c->peer.is_local ? 0 : pace(c);
}
