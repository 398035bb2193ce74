/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use the application socket: root, our own user, and those of the configuration. The
 * kernel says who connected. */
#ifndef AGENT_LOCAL_PEER_H
#define AGENT_LOCAL_PEER_H

#include <sys/types.h>

#include <pawl/base.h>

#define PEERS_MAX 32 /* of each list */

struct peers {
    size_t user_n, group_n;
    uid_t  user[PEERS_MAX];
    gid_t  group[PEERS_MAX];
};

/* Lists with commas, of names or numbers; empty ones admit nobody more. ABSENT for a name that the
 * system does not know, RANGE for too many. */
PAWL_MUST_USE pawl_status peers_read(const char *users, const char *groups, struct peers *ret,
                                     struct pawl_err *err);

/* DENIED unless who connected by this socket is among them, by user or by any of its groups. */
PAWL_MUST_USE pawl_status peers_admit(const struct peers *p, int fd, struct pawl_err *err);

#endif
