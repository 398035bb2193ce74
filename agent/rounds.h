/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event after the other, as schedule.h says: `run` and the commands that do its work where no
 * agent runs call the same. Looks at the state, does what is next, writes down how it went.
 *
 * Not here: waiting (loop.c), what an event is (flow/).
 */
#ifndef AGENT_ROUNDS_H
#define AGENT_ROUNDS_H

#include "flow/flow.h"
#include "local/server.h"
#include "schedule.h"

#define ROUNDS_BUSY_MAX_S 3600 /* seconds that an unsigned answer can ask for */

struct rounds {
    struct flow     flow;
    struct schedule schedule;
    struct server  *server;    /* told of what comes down; NULL: there is none. Not owned */
    bool            quiet;     /* nothing is logged */
    char            last[400]; /* what was logged last: the same again is not news */
};

/* Opens the state by the TPM and begins the schedule. That the TPM is away, or there is no epoch,
 * shows in the first round. calm: see schedule.h; a command, which promises no next attest. */
void rounds_begin(struct rounds *r, bool calm);

struct schedule_next rounds_next(struct rounds *r);
/* The time that at_ms is about. */
int64_t rounds_now_ms(const struct rounds *r);

/* Fails as the flow did, or DENIED for a refusal that the verifier signed. */
PAWL_MUST_USE pawl_status rounds_do(struct rounds *r, const struct schedule_next *n,
                                    struct pawl_err *err);

/* A line on stderr, unless it is the last one again. */
void rounds_say(struct rounds *r, const char *line);

#endif
