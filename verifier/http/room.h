/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets in, and who makes room for it. See room.c. */
#ifndef VERIFIER_HTTP_ROOM_H
#define VERIFIER_HTTP_ROOM_H

#include "http/conn.h"

/* A new connection, whose peer is known, takes its place; false: it is to be closed. */
PAWL_MUST_USE bool room_enter(struct conn *c);
void               room_leave(const struct conn *c);

/* Too many bytes are in memory: a half request that holds twice as many as c and more is closed, of
 * another network that has no fewer connections; false: there is none. */
PAWL_MUST_USE bool room_for_bytes(const struct conn *c);

/* Why a connection of this peer is refused, for the log; once a minute for each network. */
void room_tell(const struct conn *c, const char *why);

/* 0: the connection's next request is taken. Otherwise the seconds after which its network may send
 * one. */
unsigned room_wait(struct conn *c);

#endif
