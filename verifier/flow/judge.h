/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on a device from its believed quote. Gathers what is known of the device and by whose
 * rules it is judged (rules.h); the judging itself is appraise/appraise.h, the same as offline.
 * Decides; changes nothing.
 */
#ifndef VERIFIER_FLOW_JUDGE_H
#define VERIFIER_FLOW_JUDGE_H

#include "flow/booted.h"
#include "flow/evidence.h"
#include "flow/rules.h"

/* One request: what is judged. */
struct judge_case {
    struct flow              *f;
    const struct device      *d;            /* its record before this quote */
    const char               *manufacturer; /* of its TPM; or empty */
    const struct given_quote *q;
    const struct known_boot  *boot; /* what is known of the boot that was quoted */
    struct appraise_log       log;
    struct appraise_list      list;
    const struct ima_state   *attested; /* in the store, where boot is of a ticket; or NULL */
    int64_t                   now_ms;
};

struct judgement {
    struct verdict         v;
    struct verdict         device; /* its first half: what v was before software was judged */
    struct known_device    known;  /* of the record before; its views end with the request */
    struct device_findings found;
    struct rules           rules; /* it was judged by these */
    struct known_boot      boot;  /* what is known now */
    struct appraise_want   want;
    bool asks; /* the device is to send at once what is wanted: a ticket goes with the result */
};

/* before: the device's snapshot, or NULL. */
PAWL_MUST_USE pawl_status judge(const struct judge_case *c, const struct snapshot *before,
                                struct judgement *ret, struct pawl_err *err);

/* The second half alone, on top of an earlier first one. ret->known and ret->found stay empty. */
PAWL_MUST_USE pawl_status judge_software(const struct judge_case *c, const struct verdict *device,
                                         struct judgement *ret, struct pawl_err *err);

/* The lights of the record, what the verdict covers, and why. left_out: no values came with the
 * quote. Who leaves out those that spoke against him is not cleared of them. */
void judge_record(const struct verdict *v, bool left_out, struct device *d);

/* The keys' light alone, judged anew (flow/incident.h) behind an earlier verdict; what it is about
 * is the last finding of v. */
void judge_record_keys(const struct verdict *v, struct device *d);

/* Tells in the event log what became of a device since the record `was`, and nothing of what stayed
 * as it was. */
void judge_event(const struct device *was, struct step *step);

#endif
