/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The webhook: a consumer of the tenant's feed inside of the verifier. It reads pages behind its
 * cursor, as GET /v1/messages gives them, posts each to the receiver, and moves the cursor on when
 * the receiver said 2xx.
 *
 * Invariants
 *  1. In order, and at least once: the cursor is durable only after its page was taken, and nothing
 *     behind a page goes before it was.
 *  2. A receiver that is away, slow or refuses holds up nobody but itself: a thread of its own.
 */
#ifndef VERIFIER_HOOK_HOOK_H
#define VERIFIER_HOOK_HOOK_H

#include "flow/flow.h"

struct hook;

/* For a tenant with a webhook. flow: of this hook alone; both outlive it. Begins where the last one
 * stopped, else with the oldest that is kept. */
PAWL_MUST_USE pawl_status hook_start(struct flow *flow, const struct tenant_config *tenant,
                                     struct hook **ret, struct pawl_err *err);

/* Gives up what is under way, at once, and ends the thread: before the store closes. */
void hook_stop(struct hook **h);

#endif
