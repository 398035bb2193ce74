/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's side of each exchange. A flow is one plain function from bytes to an answer and a
 * planned step: it reads, decides and computes, and changes nothing. The worker hands the step to
 * the store and sends the answer when the store says durable; when another was first (CONFLICT) it
 * calls the flow again.
 *
 * A flow that fails decided nothing about the device, and there is nothing to commit: the caller
 * answers answer.http (400 for bytes that are no message, otherwise 403) without a body, and logs
 * err under the request's id. On success *step may be empty. Release it with step_done in any case.
 */
#ifndef VERIFIER_FLOW_FLOW_H
#define VERIFIER_FLOW_FLOW_H

#include <pawl/wire.h>

#include "appraise/verdict.h"
#include "config.h"
#include "credential.h"
#include "keys.h"
#include "refusal/code.h"
#include "refusal/gather.h"
#include "store/store.h"

/* What a worker remembers between requests: parsed policies, rate limits. Nothing is lost with it.
 */
struct flow_memory;

PAWL_MUST_USE pawl_status flow_memory_make(struct flow_memory **ret, struct pawl_err *err);
void                      flow_memory_free(struct flow_memory **m);

/* How often devices may come: flow/limit.h. */
struct limits;

/* Everything that a flow may use. One per worker; filled in main. */
struct flow {
    const struct verifier_config *config;
    const struct keys            *keys;
    const struct ek_trust        *trust; /* one per tenant, in the order of config->tenant */
    struct store                 *store;
    struct pawl_p256_verifier    *p256;
    struct flow_memory           *memory;
    uint8_t                       tls_pin[PAWL_SPKI_PIN]; /* of our TLS key, for join strings */
    const struct credential      *asker;    /* of the operator's request that is planned, or NULL */
    struct gather                *refusals; /* for whoever asks why; NULL: nobody does */
    struct limits                *limits;   /* of all workers; NULL: none */
    uint64_t                      net;      /* of the request that is planned, see http_net */
    int64_t (*now_ms)(void *arg);           /* verifier time, Unix */
    void *now_arg;

    /* Where keys and trust come from, and may change between two plans: flow/material.h. NULL: they
     * stay. */
    struct material_place *place;
    struct material       *material;
};

/* What goes back once the step is durable. */
struct answer {
    int      http;          /* 200, 400, 403, 409, 429 */
    unsigned retry_after_s; /* of a 429 */
    size_t   n;
    uint8_t *body; /* room for PAWL_RESULT_MAX bytes, whoever asks gives it */
    char     device[2 * PAWL_DEVICE_ID + 1]; /* for the log, empty if not known */
    char     outcome[160];                   /* for the log: "enrolled, pending", "affirming" */
    /* For whoever asks why, and for metrics. */
    char            tenant[PAWL_TENANT_MAX + 1]; /* one of ours, or empty */
    char            serial[48];                  /* of the EK certificate, or empty */
    enum refused    refused;                     /* of a signed refusal */
    bool            judged;                      /* it holds a verdict .. */
    enum trust_tier tier;                        /* .. this one */
    bool            new_root;                    /* and a new root */
    bool            rekey_overdue;               /* its rekey is, from this request on */
};

PAWL_MUST_USE pawl_status flow_enrol(struct flow *f, struct pawl_view body, struct answer *ret,
                                     struct step *step, struct pawl_err *err);
PAWL_MUST_USE pawl_status flow_challenge(struct flow *f, struct pawl_view body, struct answer *ret,
                                         struct step *step, struct pawl_err *err);
/* Labels enrol and attest; see enroll.c and attest.c. */
PAWL_MUST_USE pawl_status flow_evidence(struct flow *f, struct pawl_view body, struct answer *ret,
                                        struct step *step, struct pawl_err *err);
PAWL_MUST_USE pawl_status flow_supply(struct flow *f, struct pawl_view body, struct answer *ret,
                                      struct step *step, struct pawl_err *err);
PAWL_MUST_USE pawl_status flow_messages(struct flow *f, struct pawl_view body, struct answer *ret,
                                        struct step *step, struct pawl_err *err);

#endif
