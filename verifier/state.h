/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verifier's state directory, open: configuration, keys, trusted roots and store. What every
 * command but init works on.
 */
#ifndef VERIFIER_STATE_H
#define VERIFIER_STATE_H

#include <stdatomic.h>

#include "flow/material.h"

#define TLS_KEY_FILE  "tls.key"
#define TLS_CERT_FILE "tls.crt"

struct state {
    struct verifier_config config;
    struct material_place  material;
    struct store           store; /* self NULL: not open */
    struct limits         *limits;
    atomic_llong           lead_ms; /* at most that the wall clock was ahead of a slow one */
};

/* Two verifiers on one store would each believe that they alone answer: CONFLICT while another
 * process holds the directory. *ret: closed by the caller. */
PAWL_MUST_USE pawl_status state_lock(const char *dir, int *ret, struct pawl_err *err);

/* s is all zero and stays where it is. Release with state_close, after a failure too. */
PAWL_MUST_USE pawl_status state_open(const char *dir, struct state *s, struct pawl_err *err);
void                      state_close(struct state *s);

/* The store that the configuration names. */
PAWL_MUST_USE pawl_status state_open_store(const struct verifier_config *c, struct store *ret,
                                           struct pawl_err *err);
/* The operator's word that the store in it was put back from an older copy. */
PAWL_MUST_USE pawl_status state_restored(const char *dir, struct pawl_err *err);

/* Keys, trusted roots and the pin of the TLS key as the files have them now. */
PAWL_MUST_USE pawl_status state_material(const struct verifier_config *c, struct material **ret,
                                         struct pawl_err *err);

/* A flow for one thread. It may end after the state was closed, and plans nothing then. */
PAWL_MUST_USE pawl_status state_flow(struct state *s, struct flow *ret, struct pawl_err *err);
void                      state_flow_done(struct flow *f);

/* How far verifier time is ahead of the wall clock: that one was set back, or other verifiers' are
 * ahead of it. */
int64_t state_clock_behind_ms(struct state *s);

/* The tenant of this name; without a name the first. */
PAWL_MUST_USE pawl_status state_tenant(const struct state *s, const char *name,
                                       const struct tenant_config **ret, struct pawl_err *err);

/* What a device is told to join; with a new token for one device when with_token. */
#define STATE_JOIN_MAX 1024
PAWL_MUST_USE pawl_status state_join(struct state *s, const struct tenant_config *tenant,
                                     bool with_token, char ret[STATE_JOIN_MAX],
                                     struct pawl_err *err);

#endif
