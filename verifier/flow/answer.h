/* SPDX-License-Identifier: Apache-2.0 */
/* What goes back to a device. An answer begins as 400, is 403 once the message was parsed, and only
 * what stands here makes it more. */
#ifndef VERIFIER_FLOW_ANSWER_H
#define VERIFIER_FLOW_ANSWER_H

#include "appraise/verdict.h"
#include "flow/evidence.h"
#include "ratchet/ratchet.h"

void answer_begin(struct answer *ret);
void answer_parsed(struct answer *ret);
/* For the log. id: PAWL_DEVICE_ID bytes. */
void answer_names_device(struct answer *ret, struct pawl_view id);
/* For whoever asks why it was refused. */
void answer_names_tenant(struct answer *ret, const struct tenant_config *t);
void answer_names_serial(struct answer *ret, const struct pawl_ek_cert *cert);

/* 200 with what was written into ret->body through answer_writer. */
struct pawl_wr answer_writer(struct answer *ret);
void           answer_good(struct answer *ret, const struct pawl_wr *w);

/* ---- a result ------------------------------------------------------------------------------- */

#define RESULT_RECEIPT_MAX (24 * 1024)

/* What goes into a result, piece by piece: the EAR last of what it names, conf_V behind it. */
struct result {
    bool             has_root; /* E_V and conf_V: of a request that made a root */
    uint8_t          e_v[PAWL_POINT_P256], conf_v[32];
    size_t           receipt_n; /* 0: none */
    uint8_t          receipt[RESULT_RECEIPT_MAX];
    struct pawl_want want;
    size_t           ticket_n; /* 0: none */
    uint8_t          ticket[PAWL_TICKET_MAX];
    char             ear[PAWL_EAR_MAX + 1];
};

/* Nothing is in it yet. Texts and bytes are not cleared: they are large. */
void result_begin(struct result *r);

/* Logs that the device is to send. */
void answer_wants(const struct appraise_want *want, struct result *r);

/* The EAR, with E_V and the receipt that are in *r already. d: the record as it will be. */
PAWL_MUST_USE pawl_status answer_ear(const struct flow *f, const struct evidence *ev,
                                     const struct device *d, const struct verdict *v, bool incident,
                                     struct result *r, struct pawl_err *err);

/* 200 with all of *r. */
PAWL_MUST_USE pawl_status answer_result(const struct device *d, const struct verdict *v,
                                        const struct result *r, struct answer *ret,
                                        struct pawl_err *err);

/* ---- a refusal ------------------------------------------------------------------------------ */

/* Why a request is not accepted. Zero: it is. */
struct refusal {
    enum pawl_refusal_code code;
    uint64_t               retry_after_s; /* 0: not said */
    char                   fork[128];     /* code FORKED: what proves it (E5) */
};

/* 409: signed, bound to TH1, with the positions that a device needs to go on (P-REFUSE-1). Nothing
 * is to be committed with it but an incident (P-ERR-4). */
PAWL_MUST_USE pawl_status answer_refusal(const struct flow *f, const struct evidence *ev,
                                         const struct refusal *no, uint64_t last_attempt,
                                         const struct ratchet *r, struct answer *ret,
                                         struct pawl_err *err);

#endif
