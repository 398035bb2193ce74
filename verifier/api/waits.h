/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that are held open, streams and lists that wait: each keeps a connection and looks at the
 * store again and again. So many in a process, and of them a share for each credential, so that
 * nobody takes the places of all others. Whoever has the socket has no share: it is his machine.
 *
 * For any thread.
 */
#ifndef VERIFIER_API_WAITS_H
#define VERIFIER_API_WAITS_H

#include <sys/queue.h>

#include "credential.h"

#define WAITS_MAX   64
#define WAITS_SHARE 16

/* One place. All zero is none. */
struct wait {
    LIST_ENTRY(wait) link;
    uint8_t who[32]; /* the credential's sha256 */
    bool    held;
};

/* Takes a place, if w has none yet. w stays where it is until wait_leave. FULL: this credential has
 * its share; MEMORY: all are taken. */
PAWL_MUST_USE pawl_status wait_hold(struct wait *w, const struct credential *who,
                                    struct pawl_err *err);
void                      wait_leave(struct wait *w);

/* Whether a failure is the first of these. */
bool wait_is_over_share(pawl_status s, const struct pawl_err *err);

#endif
