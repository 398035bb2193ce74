/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `send` and `recv` where no agent runs: for a moment they are one, with its lock, its state and
 * its schedule, but without rounds that nothing asks for.
 */
#ifndef AGENT_OWN_H
#define AGENT_OWN_H

#include "rounds.h"

/* CONFLICT if an agent runs, STATE if configuration or state cannot be used, or without an epoch
 * that messages could go under. The flow of *r is closed by the caller, after a failure too. */
PAWL_MUST_USE pawl_status own_open(const struct config *c, struct rounds *r, struct pawl_err *err);

/* Does what is due now; the first time that is an exchange of messages at least. wait: and what
 * comes later, until nothing is in the queue. Fails as the last event did. */
PAWL_MUST_USE pawl_status own_exchange(struct rounds *r, bool wait, struct pawl_err *err);

bool own_has_queued(const struct rounds *r);

/* STATE unless there are queue and inbox. An exchange may find that the state is lost. */
PAWL_MUST_USE pawl_status own_check(const struct rounds *r, struct pawl_err *err);

#endif
