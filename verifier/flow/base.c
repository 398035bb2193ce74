/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 3: the base. A device proves its newest root with mac_base before its AK is looked at; who
 * holds none that we know may come to the quote a few times, because the signed answer to that is
 * how a device gets back in step.
 */

#include "flow/attest.h"
#include "flow/memory.h"

/* P-ATT-9 */
static pawl_status check_mac(const struct evidence *ev, const struct epoch_root *root,
                             struct pawl_err *err)
{
    uint8_t want[32];

    PAWL_TRY(pawl_mac_base(&root->k_auth, ev->th1, ev->m.ima_field, want, err));
    if (!pawl_mac_equal(PAWL_VIEW_OF(want), ev->m.mac_base))
        return pawl_fail(err, PAWL_E_FORGED, "evidence.mac_base", "is not made with the base");
    return pawl_ok();
}

pawl_status base_check(struct attestation *a, struct pawl_err *err)
{
    const struct evidence *ev = a->ev;

    a->base = ratchet_base(&a->h.r, ev->a1.base_epoch, ev->a1.base_kid);
    const struct epoch_root *root = ratchet_root(&a->h.r, a->base);
    if (root)
        return check_mac(ev, root, err);
    if (a->base == BASE_NONE && ev->m.mac_base.n)
        return pawl_fail(err, PAWL_E_FORGED, "evidence.mac_base", "there is no base to prove");
    if (!memory_may_try_base(a->f->memory, a->d.id, ev->now_ms))
        return pawl_fail(err, PAWL_E_DENIED, "A1.base_epoch",
                         "an unknown base, too often within 10 s");
    return pawl_ok();
}
