/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A nonce that came with messages, for the attest behind them, which needs no challenge then. What
 * a challenge says besides are the tenant's constants: those of the last one stand in, and where
 * the tenant changed them the verifier refuses the attest and a challenge follows (exchange.c).
 *
 * Invariants
 *  1. It is used for one request, for an attest alone, and while it is good for a while yet.
 *  2. Nothing of it outlives the process.
 *
 * Spec: docs/protocol.md, P-DEV-22 and P-NONCE-2.
 */
#include <string.h>

#include "flow/steps.h"

void ahead_note(struct flow *f, const struct pawl_challenge_ans *ans)
{
    f->ahead.known = true;
    f->ahead.suites = ans->suites;
    f->ahead.pcrs = ans->pcrs;
}

bool ahead_ask(struct flow *f, bool attest_near)
{
    f->ahead.asked = attest_near && f->ahead.known;
    f->ahead.fetched = f->ahead.fetched && !f->ahead.asked;
    if (f->ahead.asked)
        f->ahead.asked_ms = f->live.boot_ms();
    return f->ahead.asked;
}

void ahead_came(struct flow *f, struct pawl_view nonce)
{
    if (!f->ahead.asked || nonce.n != sizeof(f->ahead.nonce))
        return;
    memcpy(f->ahead.nonce, nonce.p, nonce.n);
    f->ahead.fetched = true;
}

bool ahead_use(struct flow *f, struct pawl_challenge_ans *ret)
{
    bool good = f->ahead.fetched && f->live.boot_ms() - f->ahead.asked_ms < FLOW_AHEAD_MS;

    f->ahead.fetched = false;
    if (good)
        *ret = (struct pawl_challenge_ans){ .nonce = PAWL_VIEW_OF(f->ahead.nonce),
                                            .suites = f->ahead.suites,
                                            .pcrs = f->ahead.pcrs };
    return good;
}
