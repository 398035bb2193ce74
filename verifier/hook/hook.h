/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The webhook: a consumer of the tenant's feed inside of the verifier. It reads pages behind its
 * cursor, as GET /v1/messages gives them, posts each to the receiver, and moves the cursor on when
 * the receiver said 2xx.
 *
 * Of several verifiers on one store one posts: the holder in the consumer's row, until a time in
 * it. Another takes over when that time is over.
 *
 * Invariants
 *  1. In a device's order, and at least once: what is behind an entry of a device goes only after
 *     that entry was taken.
 *  2. What is durable as taken was taken: every step is a compare-and-set on the row's version, so
 *     that of two that believe to be the holder (their clocks differ, one slept) one moves it, and
 *     the other stops after the post under way.
 *  3. An entry that the receiver refuses for what is in it holds up its device alone (parking.h).
 *     A receiver that is away holds up everything, and parks nothing.
 *  4. A receiver holds up nobody but itself: a thread of its own.
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
