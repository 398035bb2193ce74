/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on a device from its believed quote: identity, clock (T1..T4), PCR banks (Q22), PCR 0
 * (T6), firmware (K17..K19, K21), trust store (K14), policy. Decides; changes nothing.
 */
#ifndef VERIFIER_FLOW_JUDGE_H
#define VERIFIER_FLOW_JUDGE_H

#include "appraise/verdict.h"
#include "flow/evidence.h"

struct judgement {
    struct verdict v;
    bool           went_back; /* T1..T3: the record keeps the newest clock it ever believed */
    bool           pcr0_lost; /* T6: the snapshot stays what it was */
};

/* d: the device's record before this quote. before: its snapshot, or NULL. */
PAWL_MUST_USE pawl_status judge(struct flow *f, const struct evidence *ev, const struct device *d,
                                const struct snapshot *before, const struct quoted *q,
                                struct judgement *ret, struct pawl_err *err);

/* K17..K19: what advisories say of this firmware of this manufacturer's TPMs (appraise/firmware.h).
 */
void judge_advisories(const char *manufacturer, uint64_t firmware, struct verdict *v);

/* The lights of the record, and why. left_out: no values came with the quote. Who leaves out those
 * that spoke against him is not cleared of them. */
void judge_record(const struct verdict *v, bool left_out, struct device *d);

/* The keys' light alone, judged anew (flow/incident.h) behind an earlier verdict; what it is about
 * is the last finding of v. */
void judge_record_keys(const struct verdict *v, struct device *d);

#endif
