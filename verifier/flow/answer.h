/* SPDX-License-Identifier: Apache-2.0 */
/* What goes back to a device. An answer begins as 400, is 403 once the message was parsed, and only
 * what stands here makes it more. */
#ifndef VERIFIER_FLOW_ANSWER_H
#define VERIFIER_FLOW_ANSWER_H

#include "appraise/verdict.h"
#include "flow/evidence.h"

void answer_begin(struct answer *ret);
void answer_parsed(struct answer *ret);
/* For the log. id: PAWL_DEVICE_ID bytes. */
void answer_names_device(struct answer *ret, struct pawl_view id);

/* 200 with what was written into ret->body through answer_writer. */
struct pawl_wr answer_writer(struct answer *ret);
void           answer_good(struct answer *ret, const struct pawl_wr *w);

/* 200: the EAR, and want 5 if the PCR values are missing. d: the record as it will be. */
PAWL_MUST_USE pawl_status answer_result(const struct flow *f, const struct evidence *ev,
                                        const struct device *d, const struct verdict *v,
                                        bool want_values, struct answer *ret, struct pawl_err *err);

/* 409: signed, bound to TH1. Nothing is to be committed with it (P-ERR-4). */
PAWL_MUST_USE pawl_status answer_refusal(const struct flow *f, const struct evidence *ev,
                                         enum pawl_refusal_code code, uint64_t last_attempt,
                                         struct answer *ret, struct pawl_err *err);

#endif
