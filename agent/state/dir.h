/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory: private to the agent's user, and one agent at a time.
 *
 * Invariants
 *  1. Whoever writes in it holds the lock; the kernel drops the lock with the process.
 *  2. It is owned by us and closed to everybody else. A wrong mode is refused and not repaired: the
 *     path may be a typing error.
 */
#ifndef AGENT_STATE_DIR_H
#define AGENT_STATE_DIR_H

#include <pawl/base.h>

struct state_dir {
    int fd;   /* of the directory; -1 when closed */
    int lock; /* -1 when not held */
};

/* Opens the directory, makes it (its parent must exist) and takes the lock. CONFLICT if another
 * agent has it, ABSENT without a parent, DENIED for a foreign owner or a mode other than 0700. */
PAWL_MUST_USE pawl_status state_dir_open(const char *path, struct state_dir *ret,
                                         struct pawl_err *err);

/* Opens it to look: makes nothing, takes no lock. *ret_pid gets the process that holds the lock, 0
 * if nobody does, -1 if it cannot be seen. */
PAWL_MUST_USE pawl_status state_dir_look(const char *path, struct state_dir *ret, long *ret_pid,
                                         struct pawl_err *err);

/* Also for PAWL_CLEANUP. */
void state_dir_close(struct state_dir *d);

/* The time of the last answer that was signed by the verifier: the modification time of a file, so
 * that an ordinary round writes no data (none at all where `lazytime` is mounted). 0: never. */
void    state_dir_contact_now(const struct state_dir *d);
int64_t state_dir_contact_s(const struct state_dir *d);

#endif
