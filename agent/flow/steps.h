/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that enrolment and attestation share; called by this folder alone. */
#ifndef AGENT_FLOW_STEPS_H
#define AGENT_FLOW_STEPS_H

#include "flow/flow.h"
#include "tpm/tpm.h"

#define FLOW_TRIES_MAX 3 /* of one exchange, when the signed answer says how to do it better */

/* ---- device.c: our TPM, opened for one round ------------------------------------------------ */

struct device {
    struct tpm     *tpm;
    struct tpm_ek   ek;
    struct tpm_keys keys;
};

/* Opens the TPM, finds the EK and opens the keys. make: whether missing keys are made; otherwise
 * all must be the enrolled ones. Close with device_close, also by PAWL_CLEANUP. */
PAWL_MUST_USE pawl_status device_open(const struct flow *f, bool make, struct device *ret,
                                      struct pawl_err *err);
void                      device_close(struct device *d);

/* Writes into the record who we are. */
void device_note(const struct device *d, struct record *r);

/* ---- verifier.c: the key that signs --------------------------------------------------------- */

struct verifier {
    uint8_t            id[PAWL_VERIFIER_ID];
    struct pawl_public key;
};

/* The verifier's signing key: the cached one, or the first pinned one that its JWKS names. */
PAWL_MUST_USE pawl_status verifier_find(struct flow *f, struct verifier *ret, struct pawl_err *err);

/* The first of the pins in the text of a JWKS whose key is there. DENIED if none is. */
PAWL_MUST_USE pawl_status verifier_pick(struct pawl_view jwks, const uint8_t pins[][PAWL_SPKI_PIN],
                                        size_t pin_n, struct verifier *ret, struct pawl_err *err);

/* ---- evidence.c: A1 -> TH1 -> quote -> request ---------------------------------------------- */

struct evidence {
    struct flow              *flow;
    struct device            *device;
    const struct verifier    *verifier;
    enum pawl_label           label;
    enum pawl_reason          reason;
    struct pawl_view          nonce;
    struct pawl_suites        suites; /* the verifier's */
    struct pawl_pcr_selection pcrs;   /* the verifier's */
    bool                      all;    /* quote all banks, whatever pcrs says */
    struct pawl_view          cookie; /* enrolment only .. */
    const struct pawl_secret *k_auth; /* .. and then a base, NULL without */
};

/* Quotes, sends, and judges the answer. What the verifier believed is noted in flow and record. */
PAWL_MUST_USE pawl_status evidence_send(const struct evidence *e, struct flow_answer *ret,
                                        struct pawl_err *err);

/* ---- answer.c: what came back --------------------------------------------------------------- */

/* net_post, and a note of how long an overloaded verifier asks to be left alone. */
PAWL_MUST_USE pawl_status answer_post(struct flow *f, const char *route, struct pawl_view body,
                                      struct net_answer *ret, struct pawl_err *err);

/* An answer to evidence: a result or a refusal that this key signed for this TH1. Anything else
 * fails: DENIED or IO by the HTTP status when there is no body, FORM and FORGED otherwise. */
PAWL_MUST_USE pawl_status answer_judge(const struct net_answer *a, const struct pawl_public *key,
                                       const uint8_t th1[32], struct flow_answer *ret,
                                       struct pawl_err *err);

/* What the next try of the same exchange does differently. */
struct ask {
    enum pawl_reason reason;
    bool             all;
};

/* Whether this answer is to be answered at once by another try, and how: a number that was used,
 * all banks wanted, PCR values wanted. */
PAWL_MUST_USE pawl_status answer_asks(struct flow *f, const struct flow_answer *a, struct ask *ask,
                                      bool *ret, struct pawl_err *err);

/* Fails as above unless the status is 200; for the answers before evidence. */
PAWL_MUST_USE pawl_status answer_is_ok(const struct net_answer *a, struct pawl_err *err);

#endif
