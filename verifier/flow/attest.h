/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence from a device that has a record, on its way through the verifier's order (P-ATT-1). */
#ifndef VERIFIER_FLOW_ATTEST_H
#define VERIFIER_FLOW_ATTEST_H

#include "flow/answer.h"
#include "flow/held.h"
#include "flow/judge.h"
#include "ratchet/plan.h"

struct attestation {
    struct flow           *f;
    const struct evidence *ev;
    struct device          d; /* as it is stored */
    struct held            h; /* its ratchet, changed when the request is accepted */
    enum base_kind         base;
    struct device_past     past;
    const struct snapshot *before; /* of it, the last believed PCR values; or NULL */
    struct given_quote     q;
    struct booted          boot; /* what is known of the boot that was quoted */
    struct judgement       j;
    enum resync_leave      leave; /* of a resync */
    bool first_since_restored;    /* of what this store hears, after it was put back */
};

/* Step 3, base.c: a base that we know is proved by mac_base; FORGED. One that we do not know gets
 * no further than a few times in 10 s (P-ATT-7); DENIED. Sets a->base. */
PAWL_MUST_USE pawl_status base_check(struct attestation *a, struct pawl_err *err);

/* Steps 5 and 6, refuse.c: what is refused by name. code NONE: go on; a->leave is set. */
void refuse_by_rule(struct attestation *a, struct refusal *ret);

/* The signed refusal. E5 is written down first: the only thing that a refused request changes. */
PAWL_MUST_USE pawl_status refuse(struct attestation *a, const struct refusal *no,
                                 struct answer *ret, struct step *step, struct pawl_err *err);

/* Step 9, reconcile.c: what the snapshot in A1 says, held against what we received and sent; the
 * receipt and the wishes of *ret follow from it. restored: the store was put back in this epoch
 * (P-REC-6). */
PAWL_MUST_USE pawl_status reconcile(struct attestation *a, bool restored, struct step *step,
                                    struct result *ret, struct pawl_err *err);

#endif
