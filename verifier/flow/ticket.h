/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ticket of a supply (P-SUPPLY-1): whose request it goes with, what was said of the device and
 * its TPM, what was asked for, and how far an unfinished measurement list was read. Carried by the
 * device and readable by nobody. AES-256-SIV under K_cookie.
 */
#ifndef VERIFIER_FLOW_TICKET_H
#define VERIFIER_FLOW_TICKET_H

#include "appraise/ima_state.h"
#include "flow/flow.h"
#include "flow/judge.h"

struct ticket {
    uint8_t          device_id[PAWL_DEVICE_ID];
    uint8_t          th1[32];
    bool             wants_log, wants_ima;
    uint32_t         restarts; /* restartCount of the request before this one */
    struct verdict   v;        /* its first half; where there is no room, details are cut short */
    bool             has_ima;
    struct ima_state ima; /* P-LOG-3: where a supply goes on; without one at the first entry */
};

/* For the request ev, with what j says of it. before: what was known of the boot. */
struct ticket ticket_of(const struct evidence *ev, const struct known_boot *before,
                        const struct judgement *j);

/* ret: PAWL_TICKET_MAX bytes. Good for PAWL_TICKET_TTL_MS. */
PAWL_MUST_USE pawl_status ticket_seal(const struct keys *keys, const struct ticket *t,
                                      struct pawl_view tenant, int64_t now_ms,
                                      uint8_t ret[PAWL_TICKET_MAX], size_t *ret_n,
                                      struct pawl_err *err);

/* FORGED if it is none of ours, EXPIRED; err->where is "supply.ticket". *ret_tenant points into
 * room, which gets PAWL_TICKET_MAX bytes. */
PAWL_MUST_USE pawl_status ticket_open(const struct keys *keys, int64_t now_ms, struct pawl_view in,
                                      uint8_t room[PAWL_TICKET_MAX], struct pawl_view *ret_tenant,
                                      struct ticket *ret, struct pawl_err *err);

#endif
