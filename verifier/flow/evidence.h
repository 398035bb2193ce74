/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence as it came in: parsed, for a tenant of ours, with a nonce of ours. What every label
 * does with it stands here; enroll_evidence.c and attest.c go on from there. */
#ifndef VERIFIER_FLOW_EVIDENCE_H
#define VERIFIER_FLOW_EVIDENCE_H

#include "appraise/appraise.h"
#include "flow/flow.h"
#include "proof/proof.h"

struct evidence {
    struct pawl_evidence        m;
    struct pawl_a1              a1;
    uint8_t                     th1[32];
    const struct tenant_config *tenant;
    int64_t                     now_ms;
};

/* Step 4: what was quoted, checked against AK, TH1 and one of the selections that may be (P-ATT-3).
 * tenant_set: whether the tenant's own set may be quoted too. Values that came are believed or the
 * whole fails; values that were left out are taken from *known (may be NULL) if they have the
 * signed digest (P-ATT-5). */
PAWL_MUST_USE pawl_status evidence_quote(struct flow *f, const struct evidence *ev,
                                         struct pawl_view        ak_public,
                                         const struct pawl_name *qualified_signer, bool tenant_set,
                                         const struct snapshot *known, struct given_quote *ret,
                                         struct pawl_err *err);

/* The firmware's event log among those that came, with what A1 says of it. */
#define EVIDENCE_FIRMWARE_LOG 1
struct appraise_log  evidence_log(const struct pawl_a1 *a1, const struct pawl_log *log, size_t n);
struct appraise_list evidence_list(uint64_t first, struct pawl_view ima);

/* What each label says of epochs and E_D: an attest keeps the epoch and makes nothing, a rekey
 * makes the next one, resync and enrolment say which. FORM if it is something else. */
PAWL_MUST_USE pawl_status evidence_suits_label(const struct evidence *ev, struct pawl_err *err);

/* Step 5: above the last accepted attempt, and not so far above that whoever once commanded the TPM
 * could leave no number to those who come after (P-ATT-2). last 0: the device has no record. */
bool evidence_attempt_is_next(const struct evidence *ev, uint64_t last);

/* As a proof quotes it. */
struct proof_quote evidence_quoted(const struct evidence *ev);
/* As the store keeps the last accepted one, with the receipt that answers it (may be empty) .. */
PAWL_MUST_USE pawl_status evidence_keep(const struct evidence *ev, struct pawl_view receipt,
                                        struct blob *ret, struct pawl_err *err);
/* .. and as it is taken from there, without what its request brought beside the quote. *room holds
 * what *ret points into; release with blob_done. */
PAWL_MUST_USE pawl_status evidence_recall(struct flow *f, const struct device *d,
                                          const struct tenant_config *tenant, struct blob *room,
                                          struct evidence *ret, struct pawl_err *err);

/* ---- where flow_evidence goes on ------------------------------------------------------------- */

PAWL_MUST_USE pawl_status enrol_evidence(struct flow *f, const struct evidence *ev,
                                         struct answer *ret, struct step *step,
                                         struct pawl_err *err);
PAWL_MUST_USE pawl_status attest(struct flow *f, const struct evidence *ev, struct answer *ret,
                                 struct step *step, struct pawl_err *err);

#endif
