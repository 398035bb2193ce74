/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier does by the clock and not by request: overdue devices are told every few
 * seconds, what was refused is written then, messages past message_keep_days are forgotten every
 * hour.
 */
#ifndef VERIFIER_CHORES_H
#define VERIFIER_CHORES_H

#include <stdatomic.h>

#include "flow/flow.h"

#define CHORES_EVERY_S 3 /* how often to call chores_do */

struct chores {
    const struct flow *flow;
    int64_t            up_s;     /* verifier time, since when it runs without a break */
    int64_t            last_s;   /* when chores_do was last called */
    int64_t            forgot_s; /* when it last forgot; 0: not yet */
    atomic_uint        untold;   /* steps that the store has not answered */
};

/* flow: only its configuration, store and clock are used. c stays where it is until the store is
 * closed: what it commits comes back to it. */
void chores_begin(struct chores *c, const struct flow *flow);

/* What is due. Never waits for the store. */
void chores_do(struct chores *c);

/* Hands over to the store what was refused since the last time: chores_do does, and who ends. */
void chores_write_refusals(struct chores *c);

#endif
