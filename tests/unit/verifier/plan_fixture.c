/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_fixture.h"

#include <string.h>

#include "ratchet/plan.h"
#include "t.h"

const uint8_t VERIFIER[PAWL_VERIFIER_ID] = { 9 };

struct pawl_root root_of(uint64_t epoch, uint8_t number)
{
    struct pawl_root r = { .epoch = epoch, .root = { .n = 32, .b = { 1 } } };

    memset(r.kid, number, sizeof(r.kid));
    r.rk = r.k_auth = r.exporter = (struct pawl_secret){ .n = 32 };
    memset(r.rk.b, number, 32);
    r.up = (struct pawl_chain){ .dir = PAWL_UP, .epoch = epoch, .gk = r.rk };
    r.down = (struct pawl_chain){ .dir = PAWL_DOWN, .epoch = epoch, .gk = r.rk };
    return r;
}

struct pawl_view kid_of(uint8_t number)
{
    uint8_t kid[PAWL_KID];

    memset(kid, number, sizeof(kid));
    return t_copy(PAWL_VIEW_OF(kid));
}

void grant(struct ratchet *r, uint64_t epoch, uint8_t number, int64_t now_ms)
{
    struct pawl_root root = root_of(epoch, number);

    ratchet_grant(r, &root, PAWL_SUITE_CCM, VERIFIER, number, now_ms, false, false);
}

void grant_reset(struct ratchet *r, uint64_t epoch, uint8_t number, bool by_auto)
{
    struct pawl_root root = root_of(epoch, number);

    ratchet_grant(r, &root, PAWL_SUITE_CCM, VERIFIER, number, NOW, true, by_auto);
}

struct ratchet settled(void)
{
    struct ratchet r = { 0 };

    grant(&r, 5, 5, 0);
    ratchet_promote(&r, 0);
    return r;
}

struct pawl_a1 request(uint64_t base_epoch, uint8_t base, uint8_t boot)
{
    uint8_t boot_id[PAWL_BOOT_ID] = { boot };

    return (struct pawl_a1){ .label = PAWL_LABEL_ATTEST,
                             .base_epoch = base_epoch,
                             .base_kid = kid_of(base),
                             .boot_id = t_copy(PAWL_VIEW_OF(boot_id)) };
}
