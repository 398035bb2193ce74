/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier reads from files and may read again while it serves: its keys, whom it trusts
 * to vouch for EKs, the pin of its TLS key.
 *
 * Invariants
 *  1. A material never changes once it is in a place: a new reading is another one.
 *  2. A flow uses one material from the beginning of a plan to its end.
 *  3. Its last user frees it, and its keys are wiped: a flow that plans nothing keeps the one that
 *     it had until it plans again.
 *
 * A plan costs one atomic load; the lock is taken when there is something new.
 */
#ifndef VERIFIER_FLOW_MATERIAL_H
#define VERIFIER_FLOW_MATERIAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "enroll/ek.h"
#include "flow/flow.h"

#define MATERIAL_JWKS_MAX 1024

struct material {
    struct keys     keys;
    struct ek_trust trust[CONFIG_TENANTS_MAX]; /* in the order of config's tenants */
    uint8_t         tls_pin[PAWL_SPKI_PIN];
    char            jwks[MATERIAL_JWKS_MAX]; /* the signing keys for consumers of results, JSON */
    unsigned        users;                   /* under the place's lock */
};

/* All zero is an empty one, with a mutex as PTHREAD_MUTEX_INITIALIZER makes it. */
struct material_place {
    pthread_mutex_t            lock;
    _Atomic(struct material *) now;
};

/* All of it but tls_pin, from the files of this configuration. Release with material_free, or give
 * it to a place. */
PAWL_MUST_USE pawl_status material_load(const struct verifier_config *c, struct material **ret,
                                        struct pawl_err *err);
void                      material_free(struct material **m);

/* The place takes m over; NULL: the place gives up what it has. From one thread. */
void material_put(struct material_place *p, struct material *m);

/* Before each plan, on the flow's thread. A flow without a place keeps what it has. */
void material_follow(struct flow *f);
/* At the flow's end. */
void material_leave(struct flow *f);

#endif
