/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's half of a rekey: E_V is drawn, both ECDH are done and its private key is
 * forgotten, the EAR that names it is signed, and the root that comes out is granted as pending
 * (P-REKEY-3..6).
 */
#ifndef VERIFIER_FLOW_REKEY_H
#define VERIFIER_FLOW_REKEY_H

#include "flow/answer.h"

/* What the new root is made from and who let it be. */
struct grant {
    const struct pawl_secret *rk; /* of the base, or by pawl_rk_enrol, pawl_rk_resync */
    const struct pawl_secret *h;  /* of an enrolment; NULL: by the suite's bit 8 */
    bool reset;                   /* a resync or a re-enrolment: its promotion spends the leave */
    bool by_auto;
};

/* Changes *r, and sets root, EAR and conf_V of *ret; want and receipt are in it already. d: the
 * record as it will be. */
PAWL_MUST_USE pawl_status rekey_grant(struct flow *f, const struct evidence *ev,
                                      const struct device *d, const struct verdict *v,
                                      const struct grant *g, struct ratchet *r, struct result *ret,
                                      struct pawl_err *err);

#endif
