/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier does by the clock and not by request: overdue devices are told every few
 * seconds, what was refused is written then, messages past message_keep_days are forgotten every
 * hour; while there is an old master key, what it wrapped is wrapped anew (flow/rewrap.h), a little
 * each time.
 */
#ifndef VERIFIER_CHORES_H
#define VERIFIER_CHORES_H

#include <stdatomic.h>

#include "flow/flow.h"
#include "flow/rewrap.h"

#define CHORES_EVERY_S 3 /* how often to call chores_do, where it says nothing else */

/* The last device that was looked at, by due_s and id. */
struct overdue_walk {
    int64_t due_s;
    uint8_t id[PAWL_DEVICE_ID];
};

/* Damaged rows that were told of. */
#define CHORES_DAMAGED_MAX 16

struct chores {
    struct flow *flow;
    int64_t      up_s;     /* verifier time, since when it runs without a break */
    int64_t      last_s;   /* when chores_do was last called */
    int64_t      forgot_s; /* when it last forgot; 0: not yet */
    atomic_uint  untold;   /* steps that the store has not answered */

    struct overdue_walk overdue[CONFIG_TENANTS_MAX];
    size_t              first; /* tenant of the next sweep */
    size_t              damaged_n;
    uint8_t             damaged[CHORES_DAMAGED_MAX][PAWL_DEVICE_ID];

    struct rewrap          rewrap;
    const struct material *rewrap_of;      /* the keys that it is about */
    bool                   rewrapped;      /* nothing is left */
    int64_t                rewrap_after_s; /* it failed, and rests until then */
    atomic_uint            rewrapping;     /* steps that the store has not answered .. */
    atomic_bool            rewrap_failed;  /* .. and whether one failed */
};

/* flow: its configuration, keys, store and clock are used, by the thread that calls chores_do. c
 * stays where it is until the store is closed: what it commits comes back to it. */
void chores_begin(struct chores *c, struct flow *flow);

/* What is due; says in how many ms to call again. Never waits for the store's writer. */
unsigned chores_do(struct chores *c);

/* Hands over to the store what was refused since the last time: chores_do does, and who ends. */
void chores_write_refusals(struct chores *c);

#endif
