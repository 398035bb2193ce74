/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a new connection is, before it is let in. See gate.c. */
#ifndef VERIFIER_HTTP_GATE_H
#define VERIFIER_HTTP_GATE_H

#include "http/conn.h"

/* A new connection takes its place (room_enter), or will once its PROXY header has come; false: it
 * is to be closed. */
PAWL_MUST_USE bool gate_enter(struct conn *c);

/* It ends: nothing more is waited for. */
void gate_leave(struct conn *c);

#endif
