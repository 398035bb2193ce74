/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's signed result, as the device judges it: a compact JWS (RFC 7515) of ES256 and type
 * eat+jwt, by the pinned key, over the TH1 of the request that is under way.
 *
 * Invariants
 *  1. No byte is parsed as JSON before the signature over it verified.
 *  2. The algorithm is ours and not the token's: a header with another one is refused after that.
 *  3. Time is not judged: the nonce says that it is fresh, and the device's clock may be wrong.
 *
 * Spec: docs/protocol.md, section "Results", P-EAR-3.
 */
#ifndef AGENT_FLOW_EAR_H
#define AGENT_FLOW_EAR_H

#include <pawl/wire.h>

#include "state/incident.h"

enum ear_status { EAR_NONE = 0, EAR_AFFIRMING, EAR_WARNING, EAR_CONTRAINDICATED, EAR_STATUS_COUNT };

/* "affirming", as in ear.status; never NULL. */
const char *ear_status_name(enum ear_status s);

struct ear {
    enum ear_status status;
    enum ear_status software; /* the two lights; none without the claim .. */
    enum ear_status keys;     /* .. of this one: affirming, or contraindicated by an incident */
    bool            waits;    /* instance-identity 97: the operator has not approved yet */
    char            why[256]; /* the verifier's reason codes, printable ASCII: "pcr-differs, .." */
    char            coverage[128]; /* "identity,boot-log=no-event-log"; empty without the claim */
    char            release[33];   /* the policy's, that holds whole; empty: none */
    bool            watched;       /* rules that fail only warn */
    enum incident_kind incident;   /* the first of those codes that is an incident's */
    enum pawl_label    label;      /* of the request that it answers; and its .. */
    double             attempt;    /* as JSON has it: beyond 2^53 the nearest */
    uint64_t           base_epoch, new_epoch;
    bool               has_e_v;   /* a root is offered .. */
    uint8_t e_v[PAWL_POINT_P256]; /* .. by this; its import finds whether it is a point */
    bool    has_app_point;        /* cnf: the key of our applications */
    uint8_t app_point[PAWL_POINT_P256];
    bool    has_rcpt;
    uint8_t rcpt[32]; /* SHA-256 of the receipt that came beside */
    bool    has_next_key;
    uint8_t next_key[PAWL_VERIFIER_ID]; /* pin of the key that the verifier changed to */
};

/* FORM for what is no such token, FORGED for another signer or another nonce. */
PAWL_MUST_USE pawl_status ear_check(struct pawl_view jws, const struct pawl_public *key,
                                    const uint8_t th1[32], struct ear *ret, struct pawl_err *err);

/* FORGED unless label, attempt, base and new epoch are those of this request. TH1 binds them all;
 * this is for a verifier that says it did something else than what was asked. */
PAWL_MUST_USE pawl_status ear_is_for(const struct ear *e, const struct pawl_a1 *a1,
                                     struct pawl_err *err);

#endif
