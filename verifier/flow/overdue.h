/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overdue devices: those that did not attest within overdue_after times the interval that they
 * attested themselves (A1.next_s). An alert of its own and no incident: who is away forged nothing.
 *
 * In the device's record: attested_s, when its evidence was last accepted; due_s, when it is
 * overdue, 0 if it named no interval; told_s, when that was told, 0 if it was not. Told once, and
 * once more when it is back: an entry of type "overdue" in the feed and a line of its events.
 *
 * Time that passed while the verifier was not running is not the device's: what it attested before
 * the start is judged as if it had attested at the start, so that nobody cries wolf for a whole
 * fleet that could not reach its verifier. An agent that found nobody tries again within
 * OVERDUE_GRACE_S, which is the least that it is given.
 *
 * And devices whose rekey is overdue: they attest, and do it with keys that are older than
 * rekey_overdue_s. Whoever keeps a device's rekeys from its verifier and lets its attests through
 * would not be seen otherwise before the keys' hard limit. rekey_due_s in its record: when the
 * rekey was due, once that was told; 0 otherwise. Told when an attest came with such keys already
 * and another one comes: a device that was away does not have to be quicker than its first one.
 */
#ifndef VERIFIER_FLOW_OVERDUE_H
#define VERIFIER_FLOW_OVERDUE_H

#include "config.h"
#include "store/store.h"

#define OVERDUE_GRACE_S 900

/* For every flow that accepts evidence, before its step is done: the device of the step (which has
 * one) is here, and comes again within next_s. Sets attested_s, due_s and told_s; if it was told to
 * be overdue, the step tells that it is back. */
PAWL_MUST_USE pawl_status overdue_back(const struct tenant_config *t, uint64_t next_s,
                                       int64_t now_ms, struct step *step, struct pawl_err *err);

/* For every flow that accepts evidence on a root, before overdue_back: the root in use was made
 * then. Sets rekey_due_s, and the step tells when that changes. */
PAWL_MUST_USE pawl_status overdue_rekey(const struct tenant_config *t, int64_t made_ms,
                                        int64_t now_ms, struct step *step, struct pawl_err *err);

/* Whether to tell now, of a device that store->overdue found. up_s: since when the verifier runs
 * without a break. */
bool overdue_is_due(const struct device *d, int64_t up_s, int64_t now_s);

/* Nobody who is due by then is told now: what is further back of store->overdue need not be read.
 */
int64_t overdue_from_s(int64_t up_s, int64_t now_s);

/* The step that tells of it; it loses with CONFLICT if the device came meanwhile. */
PAWL_MUST_USE pawl_status overdue_tell(const struct device *d, int64_t now_ms, struct step *step,
                                       struct pawl_err *err);

#endif
