/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cookie of an enrolment (P-ENROL-5): what the verifier must know when the evidence comes,
 * carried by the device and readable by nobody. AES-256-SIV under K_cookie.
 *
 * It holds the secret that MakeCredential hid for the TPM, so it is a secret on our side too.
 */
#ifndef VERIFIER_FLOW_COOKIE_H
#define VERIFIER_FLOW_COOKIE_H

#include "enroll/ek.h"
#include "flow/nonce.h"

struct cookie {
    struct pawl_view   tenant;
    uint8_t            request[32]; /* SHA-256 of the enrolment request */
    struct pawl_secret secret;      /* what ActivateCredential reveals */
    uint8_t            nonce[PAWL_NONCE];
    struct identity    id; /* what enrolment established */
    struct pawl_view   ak_public;
    uint16_t           suite;
    struct pawl_view   token_id; /* empty: none */
    size_t             fact_n;
    struct pawl_fact   fact[PAWL_FACTS_MAX];
};

void cookie_wipe(struct cookie *c);

/* An opened cookie; views of c point into bytes. */
struct cookie_room {
    uint8_t bytes[PAWL_COOKIE_MAX];
};

void cookie_room_wipe(struct cookie_room *r);

/* ret: at most PAWL_COOKIE_MAX bytes. Good for PAWL_COOKIE_TTL_MS. */
PAWL_MUST_USE pawl_status cookie_seal(const struct keys *keys, const struct cookie *c,
                                      int64_t now_ms, uint8_t *ret, size_t cap, size_t *ret_n,
                                      struct pawl_err *err);

/* FORGED if it is not one of ours for this tenant, EXPIRED. err->where is "evidence.cookie". */
PAWL_MUST_USE pawl_status cookie_open(const struct keys *keys, struct pawl_view tenant,
                                      int64_t now_ms, struct pawl_view in, struct cookie_room *room,
                                      struct cookie *ret, struct pawl_err *err);

#endif
