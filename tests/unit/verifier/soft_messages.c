/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_messages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/held.h"
#include "flow/inbox.h"
#include "ratchet/plan.h"
#include "ratchet/row.h"

/* ---- roots ---------------------------------------------------------------------------------- */

void soft_epoch_make(const struct soft_device *d, uint64_t epoch, uint64_t seq,
                     struct soft_epoch *ret)
{
    struct pawl_secret      rk, z_ee, z_se;
    struct pawl_rekey_terms t = { .rk = &rk, .z_ee = &z_ee, .z_se = &z_se, .epoch = epoch };
    uint8_t                 conf_v[32];
    struct pawl_err         err;

    memset(ret, 0, sizeof(*ret));
    T_OK(pawl_secret_random(32, &rk, &err), &err);
    T_OK(pawl_secret_random(32, &z_ee, &err), &err);
    T_OK(pawl_secret_random(32, &z_se, &err), &err);
    T_OK(pawl_root_make(&t, &ret->root, conf_v, &err), &err);
    ret->suite = PAWL_SUITE_CCM;
    ret->form = PAWL_MSG_FULL;
    ret->tenant = d->tenant;
    ret->seq = seq;
    memcpy(ret->verifier_id, d->verifier_id, sizeof(ret->verifier_id));
    memcpy(ret->device_id, d->id, sizeof(ret->device_id));
    memset(ret->boot_id, 0xb0, sizeof(ret->boot_id));
}

struct ratchet world_ratchet(struct world *w, const struct soft_device *d)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct device                       r = world_record(w, d);

    T_OK(held_open(&w->flow, &r, &h, &w->err), &w->err);
    return h.r;
}

void world_puts(struct world *w, const struct soft_device *d, const struct ratchet *r)
{
    PAWL_CLEANUP(step_done) struct step step = { .touches_device = true };
    uint8_t                             b[RATCHET_ROW_MAX];
    size_t                              n;

    step.device = world_record(w, d);
    memcpy(step.tenant, step.device.tenant, sizeof(step.tenant));
    T_OK(ratchet_write(&w->keys, pawl_view_str(step.tenant), step.device.id, r, b, sizeof(b), &n,
                       &w->err),
         &w->err);
    T_OK(blob_from(pawl_view(b, n), &step.ratchet, &w->err), &w->err);
    T_OK(store_commit_wait(&w->store.store, &step, &w->err), &w->err);
}

void world_grants(struct world *w, const struct soft_device *d, const struct soft_epoch *e)
{
    struct ratchet r = world_ratchet(w, d);

    ratchet_grant(&r, &e->root, e->suite, e->verifier_id, 1, w->now_ms, false, false);
    r.accepted_ms = w->now_ms;
    world_puts(w, d, &r);
}

void world_promotes(struct world *w, const struct soft_device *d)
{
    struct ratchet r = world_ratchet(w, d);

    ratchet_promote(&r, w->now_ms);
    world_puts(w, d, &r);
}

void world_talks(struct world *w, struct soft_device *d, struct soft_epoch *e)
{
    w->config.tenant[ACME].messages = true;
    w->config.tenant[ACME].late_window_s = 3600;
    w->config.tenant[ACME].downlink_max = 100;
    world_device(w, &w->vendor, d);
    world_enrol(w, d);
    /* Whatever the enrolment granted: this test speaks under a root of its own. */
    struct ratchet none = { 0 };
    world_puts(w, d, &none);
    soft_epoch_make(d, 1, 1, e);
    world_grants(w, d, e);
    world_promotes(w, d);
}

/* ---- messages ------------------------------------------------------------------------------- */

void soft_generation(struct soft_epoch *e, uint32_t gen)
{
    struct pawl_chain c = e->root.up;
    struct pawl_err   err;

    while (gen - c.gen > PAWL_GEN_SKIP_MAX)
        T_OK(pawl_chain_skip(&c, c.gen + PAWL_GEN_SKIP_MAX, &err), &err);
    T_OK(pawl_chain_skip(&c, gen, &err), &err);
    T_OK(pawl_chain_open(&c, e->suite, e->root.kid, &e->use, &err), &err);
    e->gen_start = e->seq;
    if (!e->epoch_start)
        e->epoch_start = e->seq;
}

static struct pawl_msg_scope scope_of(const struct soft_epoch *e)
{
    return (struct pawl_msg_scope){ .tenant = pawl_view_str(e->tenant),
                                    .device_id = PAWL_VIEW_OF(e->device_id),
                                    .verifier_id = PAWL_VIEW_OF(e->verifier_id) };
}

struct pawl_view soft_say(struct soft_epoch *e, const struct pawl_content *c)
{
    static uint8_t              plain[PAWL_PLAINTEXT_MAX], out[PAWL_MESSAGE_MAX];
    struct pawl_wr              p = pawl_wr_to(plain, sizeof(plain));
    struct pawl_wr              o = pawl_wr_to(out, sizeof(out));
    const struct pawl_msg_scope scope = scope_of(e);
    struct pawl_msg_place       at = { .seq = e->seq };
    uint8_t                     leaf[PAWL_LEAF];
    struct pawl_err             err;

    if (!e->use.uk.n)
        soft_generation(e, 0);
    at.gen_start_seq = e->gen_start;
    at.epoch_start_seq = e->epoch_start;
    memcpy(at.boot_id, e->boot_id, sizeof(at.boot_id));
    T_OK(pawl_content_write(c, &p, &err), &err);
    T_OK(pawl_msg_seal(&e->use, &scope, &at, e->form, pawl_view(p.p, p.n), &o, leaf, &err), &err);
    e->seq++;
    return t_copy(pawl_view(o.p, o.n));
}

struct pawl_view soft_app(struct soft_epoch *e, uint64_t id, const char *text)
{
    return soft_say(e, &(struct pawl_content){
                           .type = PAWL_CONTENT_APP, .id = id, .body = pawl_view_str(text) });
}

struct pawl_view soft_poll(struct soft_epoch *e)
{
    return soft_say(e, &(struct pawl_content){ .type = PAWL_CONTENT_ACK });
}

struct pawl_view soft_request(const struct soft_device *d, const struct pawl_view *cose, size_t n,
                              bool want_nonce)
{
    static uint8_t           b[PAWL_MESSAGES_MAX];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b));
    struct pawl_messages_req req = { .tenant = pawl_view_str(d->tenant),
                                     .device_id = PAWL_VIEW_OF(d->id),
                                     .n = n,
                                     .want_nonce = want_nonce };
    struct pawl_err          err;

    memcpy(req.cose, cose, n * sizeof(*cose));
    T_OK(pawl_messages_req_write(&req, &w, &err), &err);
    return t_copy(pawl_view(w.p, w.n));
}

/* ---- answers -------------------------------------------------------------------------------- */

static void hear(const struct soft_epoch *e, struct pawl_view cose, struct soft_heard *ret)
{
    static uint8_t              plain[PAWL_PLAINTEXT_MAX];
    const struct pawl_msg_scope scope = scope_of(e);
    struct pawl_chain           c = e->root.down;
    struct pawl_use             use;
    uint8_t                     leaf[PAWL_LEAF];
    struct pawl_err             err;
    size_t                      n;

    T_OK(pawl_msg_parse(t_copy(cose), &ret->m, &err), &err);
    T_OK(pawl_chain_skip(&c, ret->m.gen, &err), &err);
    T_OK(pawl_chain_open(&c, e->suite, e->root.kid, &use, &err), &err);
    T_OK(pawl_msg_open(&use, &scope, &ret->m, plain, sizeof(plain), &n, leaf, &err), &err);
    T_OK(pawl_content_parse(t_copy(pawl_view(plain, n)), &ret->content, &err), &err);
}

void world_says(struct world *w, const struct soft_device *d, const struct soft_epoch *e,
                const struct pawl_view *cose, size_t n, struct soft_answer *ret)
{
    struct pawl_messages_ans ans;

    memset(ret, 0, sizeof(*ret));
    world_takes(w, flow_messages, soft_request(d, cose, n, true), 200);
    T_OK(pawl_messages_ans_parse(t_copy(pawl_view(w->answer.body, w->answer.n)), &ans, &w->err),
         &w->err);
    ret->n = ans.n;
    ret->nonce = ans.nonce;
    for (size_t i = 0; i < ans.n; i++) {
        hear(e, ans.cose[i], &ret->heard[i]);
        if (ret->heard[i].content.type == PAWL_CONTENT_ACK) {
            ret->ack_n++;
            ret->ack = i;
        }
    }
}

bool soft_is_acked(const struct soft_answer *a, uint64_t seq)
{
    const struct pawl_content *c = &a->heard[a->ack].content;
    uint64_t                   i = seq - c->ack.first_seq;

    return a->ack_n && seq >= c->ack.first_seq && i / 8 < c->ack.bitmap.n &&
           c->ack.bitmap.p[i / 8] >> i % 8 & 1;
}

/* ---- the inbox ------------------------------------------------------------------------------ */

struct reading {
    struct world *w;
    size_t        n;
    char          text[65536];
};

static pawl_status read_segment(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    static struct inbox_segment s;
    struct reading             *r = arg;

    if (row->kind != SEGMENT_MESSAGES)
        return pawl_ok();
    PAWL_TRY(inbox_open(&r->w->keys, pawl_view_str("acme"), row, &s, err));
    assert_int_equal(s.n, row->n);
    for (size_t i = 0; i < s.n; i++) {
        const struct inbox_message *m = &s.message[i];
        if (m->head.flags) /* a copy, or held: not listed */
            continue;
        r->n += (size_t)snprintf(r->text + r->n, sizeof(r->text) - r->n,
                                 "%" PRIu64 "/%" PRIu32 "/%" PRIu64 "/%" PRIu64 ":%.*s ",
                                 m->head.epoch, m->head.gen, m->head.seq, m->head.id,
                                 (int)(m->body.n < 64 ? m->body.n : 64), (const char *)m->body.p);
    }
    inbox_segment_done(&s);
    return pawl_ok();
}

const char *world_inbox(struct world *w, const struct soft_device *d)
{
    static struct reading r;

    r = (struct reading){ .w = w };
    T_OK(w->store.store.segments(w->store.store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                                 0, 1000, read_segment, &r, &w->err),
         &w->err);
    return r.text;
}
