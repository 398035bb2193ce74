/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is told when an incident begins and when it is over: the log, applications that watch, and
 * the operator's command.
 *
 * Invariants
 *  1. Log and applications hear of each begin and end once for each process; one that is open when
 *     the agent starts begins anew for them.
 *  2. The command has run at each begin and each end once: the record says so when it has ended.
 *     One that a crash or a stop cut short runs again.
 *  3. Nothing here waits for the command.
 *
 * Not here: when an incident begins and ends (state/incident.h).
 */
#ifndef AGENT_TELL_H
#define AGENT_TELL_H

#include "command.h"
#include "rounds.h"

#define TELL_LOOK_MS 200 /* while the command runs */

struct tell {
    struct incident said;    /* to log and applications; NONE: its end, or nothing yet */
    struct command  command; /* that runs .. */
    struct incident running; /* .. at the begin of this; NONE: at an end */
};

/* What began or ended since. */
void tell_look(struct tell *t, struct rounds *r);

/* How long until tell_look has to come again, at most. */
uint64_t tell_wait_ms(const struct tell *t, uint64_t at_most_ms);

/* Ends a command that runs. */
void tell_stop(struct tell *t);

#endif
