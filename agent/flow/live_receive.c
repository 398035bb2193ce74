/* SPDX-License-Identifier: Apache-2.0 */
/* The downlink: one message of the verifier opened. */
#include "flow/live.h"

#include <string.h>

#include "flow/flow.h"

/* One epoch's downlink, as it is kept. */
struct downlink {
    struct pawl_chain *chain; /* next generation */
    struct pawl_use   *use;   /* the one under way */
    uint16_t           suite;
    const uint8_t     *kid, *verifier_id;
};

/* By kid: the current epoch, or until its first answer the one before (D5). */
static pawl_status find(struct live *l, const struct pawl_msg *m, struct downlink *ret,
                        struct pawl_err *err)
{
    struct pawl_view kid = PAWL_VIEW_OF(m->kid);

    if (!l->open)
        return pawl_fail(err, PAWL_E_STATE, "message", "there is no epoch");
    if (pawl_view_equal(kid, PAWL_VIEW_OF(l->slot.kid)))
        *ret = (struct downlink){ &l->down, &l->down_use, l->slot.suite, l->slot.kid,
                                  l->slot.verifier_id };
    else if (l->slot.has_old && pawl_view_equal(kid, PAWL_VIEW_OF(l->slot.old_kid)))
        *ret = (struct downlink){ &l->old_down, &l->old_down_use, l->slot.old_suite,
                                  l->slot.old_kid, l->slot.old_verifier_id };
    else
        return pawl_fail(err, PAWL_E_DENIED, "message.kid", "is of no epoch of ours");
    return pawl_ok();
}

/* Copies: a message that does not open moves nothing. */
struct turned {
    struct pawl_chain chain;
    struct pawl_use   use;
};

static void turned_wipe(struct turned *t)
{
    pawl_chain_wipe(&t->chain);
    pawl_use_wipe(&t->use);
}

static pawl_status turn_to(const struct downlink *d, uint32_t gen, struct turned *ret,
                           struct pawl_err *err)
{
    ret->chain = *d->chain;
    ret->use = *d->use;
    if (ret->use.uk.n && gen == ret->use.gen) /* from the slot it comes without prk */
        return ret->use.prk.n ? pawl_ok() : pawl_use_ready(&ret->use, err);
    if (gen < ret->chain.gen)
        return pawl_fail(err, PAWL_E_DENIED, "message.gen", "its key is gone");
    PAWL_TRY(pawl_chain_skip(&ret->chain, gen, err));
    return pawl_chain_open(&ret->chain, d->suite, d->kid, &ret->use, err);
}

static void fill_slot(const struct pawl_msg *m, const struct pawl_use *u,
                      const struct pawl_content *c, struct rcvlog_slot *ret)
{
    ret->epoch = u->epoch;
    ret->gen = u->gen;
    ret->gen_start_seq = m->at.gen_start_seq;
    ret->seq = m->at.seq;
    ret->has_id = c->type == PAWL_CONTENT_APP;
    ret->id = c->id;
}

pawl_status live_receive(struct flow *f, struct pawl_view cose, uint8_t *plain, size_t cap,
                         struct pawl_content *ret, struct rcvlog_slot *ret_slot,
                         struct pawl_err *err)
{
    struct live                            *l = &f->live;
    PAWL_CLEANUP(turned_wipe) struct turned t = { 0 };
    struct downlink                         d = { 0 };
    struct pawl_msg                         m;
    struct pawl_content                     c;
    struct rcvlog_slot                      slot = { 0 };
    size_t                                  n = 0;

    PAWL_TRY(pawl_msg_parse(cose, &m, err));
    PAWL_TRY(find(l, &m, &d, err));
    PAWL_TRY(turn_to(&d, m.gen, &t, err));
    const struct pawl_msg_scope scope = {
        .tenant = pawl_view_str(f->config->tenant),
        .device_id = PAWL_VIEW_OF(l->slot.device_id),
        .verifier_id = pawl_view(d.verifier_id, PAWL_VERIFIER_ID),
    };
    PAWL_TRY(pawl_msg_open(&t.use, &scope, &m, plain, cap, &n, slot.leaf, err));
    if (rcvlog_is_beyond(l->received, m.at.seq))
        return pawl_fail(err, PAWL_E_RANGE, "message.seq", "is beyond what a verifier sends");

    *d.chain = t.chain;
    *d.use = t.use;
    if (d.chain == &l->down) /* the verifier has seen us under this epoch */
        live_confirmed(l);
    if (rcvlog_has(l->received, m.at.seq))
        return pawl_fail(err, PAWL_E_CONFLICT, "message.seq", "was taken before");
    PAWL_TRY(pawl_content_parse(pawl_view(plain, n), &c, err));
    fill_slot(&m, &t.use, &c, &slot);
    *ret = c;
    *ret_slot = slot;
    return pawl_ok();
}
