/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ticket of a supply (P-SUPPLY-1): whose request it goes with and what was said of it, carried
 * by the device and readable by nobody. AES-256-SIV under K_cookie.
 */
#ifndef VERIFIER_FLOW_TICKET_H
#define VERIFIER_FLOW_TICKET_H

#include "appraise/verdict.h"
#include "flow/evidence.h"

struct ticket {
    uint8_t          device_id[PAWL_DEVICE_ID];
    uint8_t          th1[32];
    enum pawl_label  label;
    uint64_t         attempt, base_epoch, new_epoch;
    enum pawl_reason reason;
    struct verdict   v; /* findings without their detail */
};

/* ret: PAWL_TICKET_MAX bytes. Good for PAWL_TICKET_TTL_MS. */
PAWL_MUST_USE pawl_status ticket_seal(const struct keys *keys, const struct evidence *ev,
                                      const struct verdict *v, uint8_t ret[PAWL_TICKET_MAX],
                                      size_t *ret_n, struct pawl_err *err);

/* FORGED if it is none of ours, EXPIRED; err->where is "supply.ticket". *ret_tenant points into
 * room, which gets PAWL_TICKET_MAX bytes. */
PAWL_MUST_USE pawl_status ticket_open(const struct keys *keys, int64_t now_ms, struct pawl_view in,
                                      uint8_t room[PAWL_TICKET_MAX], struct pawl_view *ret_tenant,
                                      struct ticket *ret, struct pawl_err *err);

#endif
