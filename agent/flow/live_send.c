/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink: one message into the next slot. */
#include "flow/live.h"

#include "flow/flow.h"

/* Why this content may not be sent now. */
static const char *barred(const struct flow *f, enum pawl_content_type type)
{
    bool app = type == PAWL_CONTENT_APP;

    switch (live_bar(f)) {
    case LIVE_FREE:
        return NULL;
    case LIVE_WAITS:
        return app ? "the operator has not approved this device" : NULL;
    case LIVE_HARD:
        return app ? "the epoch is over: rekey first" : NULL;
    case LIVE_LOG_FULL:
        return app ? "the log of sent messages is full: attest first" : NULL;
    case LIVE_CEILING:
        return "too far above the last attested slot: attest first";
    case LIVE_OFF:
        return "messages are off";
    default:
        return "there is no epoch: enrol or resync first";
    }
}

static bool is_over(const struct live *l)
{
    return !l->up_use.uk.n || l->gen_sent >= PAWL_GEN_MESSAGES ||
           l->boot_ms() - l->gen_boot_ms >= PAWL_GEN_MS;
}

static pawl_status next_generation(struct flow *f, struct pawl_err *err)
{
    struct live *l = &f->live;

    PAWL_TRY(reservation_gen(f->dir.fd, &f->reserved, l->up.epoch, l->up.gen, err));
    PAWL_TRY(pawl_chain_open(&l->up, l->slot.suite, l->slot.kid, &l->up_use, err));
    l->gen_start_seq = 0;
    l->gen_sent = 0;
    l->gen_boot_ms = l->boot_ms();
    return pawl_ok();
}

static void wipe_plain(uint8_t (*plain)[PAWL_PLAINTEXT_MAX])
{
    pawl_wipe(*plain, sizeof(*plain));
}

static pawl_status seal(const struct flow *f, const struct pawl_msg_place *at,
                        const struct pawl_content *c, struct pawl_wr *w, uint8_t leaf[PAWL_LEAF],
                        struct pawl_err *err)
{
    PAWL_CLEANUP(wipe_plain) uint8_t plain[PAWL_PLAINTEXT_MAX];
    const struct live               *l = &f->live;
    struct pawl_wr                   p = pawl_wr_to(plain, sizeof(plain));
    struct pawl_view                 bytes;
    const struct pawl_msg_scope      scope = {
             .tenant = pawl_view_str(f->config->tenant),
             .device_id = PAWL_VIEW_OF(l->slot.device_id),
             .verifier_id = PAWL_VIEW_OF(l->slot.verifier_id),
    };

    PAWL_TRY(pawl_content_write(c, &p, err));
    PAWL_TRY(pawl_wr_end(&p, "content", &bytes, err));
    return pawl_msg_seal(&l->up_use, &scope, at, f->config->message_form, bytes, w, leaf, err);
}

/* Where the next message goes: a slot that is reserved and never comes again. */
static pawl_status take_place(struct flow *f, struct pawl_msg_place *ret, struct pawl_err *err)
{
    struct live *l = &f->live;

    PAWL_TRY(reservation_seq(f->dir.fd, &f->reserved, &ret->seq, err));
    if (!l->gen_start_seq)
        l->gen_start_seq = ret->seq;
    if (!l->epoch_start_seq)
        l->epoch_start_seq = ret->seq;
    l->gen_sent++;
    l->epoch_slots++;
    ret->gen_start_seq = l->gen_start_seq;
    ret->epoch_start_seq = l->epoch_start_seq;
    for (size_t i = 0; i < sizeof(ret->boot_id); i++)
        ret->boot_id[i] = f->boot_id[i];
    return pawl_ok();
}

static pawl_status send_in(struct flow *f, const struct pawl_content *c, struct pawl_wr *w,
                           struct pawl_msg_place *at, struct pawl_err *err)
{
    const struct pawl_use *u = &f->live.up_use;
    uint8_t                leaf[PAWL_LEAF];

    PAWL_TRY(take_place(f, at, err));
    PAWL_TRY(seal(f, at, c, w, leaf, err));
    return sentlog_add(f->live.sent, u->epoch, u->gen, at->seq, leaf, err);
}

pawl_status live_seal(struct flow *f, const struct pawl_content *c, struct pawl_wr *w,
                      uint64_t *ret_seq, struct pawl_err *err)
{
    struct live          *l = &f->live;
    const char           *why = barred(f, c->type);
    struct pawl_wr        out = *w;
    struct pawl_msg_place at = { 0 };

    if (why)
        return pawl_fail(err, PAWL_E_STATE, "message", "%s", why);
    if (is_over(l))
        PAWL_TRY(next_generation(f, err));
    pawl_status s = send_in(f, c, &out, &at, err);
    /* A generation holds consecutive slots: behind one that was not sent begins another. */
    if (!pawl_is_ok(s)) {
        pawl_use_wipe(&l->up_use);
        return s;
    }
    *w = out;
    *ret_seq = at.seq;
    return pawl_ok();
}

pawl_status live_flush(struct flow *f, struct pawl_err *err)
{
    return f->live.sent ? sentlog_flush(f->live.sent, err) : pawl_ok();
}
