/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections each network has: an IPv4 address, or a /64 of IPv6. For any thread; memory
 * for those alone that have one. */
#ifndef VERIFIER_HTTP_CROWD_H
#define VERIFIER_HTTP_CROWD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define CROWD_ROWS 4096 /* a power of two */

struct crowd_net {
    LIST_ENTRY(crowd_net) link;
    uint64_t    net;
    atomic_uint n; /* connections; changed under lock */
};

LIST_HEAD(crowd_row, crowd_net);

struct crowd {
    pthread_mutex_t  lock;
    uint64_t         odd; /* random: nobody can fill one row */
    struct crowd_row row[CROWD_ROWS];
};

bool crowd_init(struct crowd *c);
void crowd_done(struct crowd *c);

/* One connection more; NULL without memory. The result counts until crowd_leave. */
struct crowd_net *crowd_join(struct crowd *c, uint64_t net);
void              crowd_leave(struct crowd *c, struct crowd_net *of);

#endif
