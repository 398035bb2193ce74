/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_messages.h"

#include <stdlib.h>
#include <string.h>

#include "fake_world.h"
#include "t.h"

struct fake_messages fake_messages;

static struct fake_messages *const m = &fake_messages;

void fake_messages_new(void)
{
    *m = (struct fake_messages){ 0 };
}

void fake_send(uint64_t id, struct pawl_view body)
{
    assert_true(m->down_n < FAKE_DOWN_MAX);
    m->down[m->down_n++] = (struct fake_down){ .id = id, .body = t_copy(body) };
}

static struct pawl_msg_scope scope(struct pawl_view device_id)
{
    return (struct pawl_msg_scope){ .tenant = pawl_view_str("demo"),
                                    .device_id = device_id,
                                    .verifier_id = PAWL_VIEW_OF(world.signer[0].id) };
}

/* ---- what comes up -------------------------------------------------------------------------- */

static bool is_of(const struct pawl_root *r, const struct pawl_msg *msg)
{
    return r->epoch && pawl_view_equal(PAWL_VIEW_OF(r->kid), PAWL_VIEW_OF(msg->kid));
}

/* By any suite: the algorithm in the message is the suite's. */
static bool open_with(const struct pawl_root *r, const struct pawl_msg_scope *s,
                      const struct pawl_msg *msg, uint8_t *plain, size_t *ret_n)
{
    PAWL_CLEANUP(pawl_use_wipe) struct pawl_use u = { 0 };
    uint8_t                                     leaf[PAWL_LEAF];
    struct pawl_err                             err;

    for (uint16_t suite = PAWL_SUITE_CCM; suite <= PAWL_SUITE_SIV; suite++) {
        PAWL_CLEANUP(pawl_chain_wipe) struct pawl_chain c = r->up;
        if (msg->gen > c.gen)
            T_OK(pawl_chain_skip(&c, msg->gen, &err), &err);
        T_OK(pawl_chain_open(&c, suite, r->kid, &u, &err), &err);
        if (pawl_is_ok(pawl_msg_open(&u, s, msg, plain, PAWL_PLAINTEXT_MAX, ret_n, leaf, &err)))
            return true;
    }
    return false;
}

static void device_has(const struct pawl_content *ack)
{
    for (size_t i = 0; i < m->down_n; i++) {
        uint64_t at = m->down[i].seq - ack->ack.first_seq;
        if (m->down[i].seq >= ack->ack.first_seq && at / 8 < ack->ack.bitmap.n &&
            ack->ack.bitmap.p[at / 8] >> at % 8 & 1)
            m->down[i].acked = true;
    }
}

static void hear(struct pawl_view cose, const struct pawl_msg_scope *s)
{
    static uint8_t    plain[PAWL_PLAINTEXT_MAX];
    struct fake_heard h = { .post = m->posts, .cose = t_copy(cose) };
    struct pawl_msg   msg;
    struct pawl_err   err;
    size_t            n = 0;

    T_OK(pawl_msg_parse(h.cose, &msg, &err), &err);
    const struct pawl_root *r = is_of(&world.pending, &msg) ? &world.pending : &world.current;
    assert_true(is_of(r, &msg));
    assert_true(open_with(r, s, &msg, plain, &n));
    if (r == &world.pending) {
        world.current = world.pending;
        world.pending = (struct pawl_root){ 0 };
    }
    T_OK(pawl_content_parse(t_copy(pawl_view(plain, n)), &h.c, &err), &err);
    h.epoch = world.current.epoch;
    h.seq = msg.at.seq;
    h.gen = msg.gen;
    h.form = msg.form;
    if (h.c.type == PAWL_CONTENT_ACK)
        device_has(&h.c);
    assert_true(m->heard_n < FAKE_HEARD_MAX);
    m->heard[m->heard_n++] = h;
}

/* ---- what goes down ------------------------------------------------------------------------- */

struct answer {
    struct pawl_messages_ans a;
    struct pawl_msg_scope    scope;
    struct pawl_wr           w;
    uint8_t                  room[PAWL_MESSAGES_MAX];
    uint8_t                  body[PAWL_MESSAGES_MAX];
};

/* The next slot, and the key of its generation: full ones, from 0 in each epoch. */
static struct pawl_msg_place next_place(struct pawl_use *use)
{
    const struct pawl_root                         *root = m->thief ? m->thief : &world.current;
    PAWL_CLEANUP(pawl_chain_wipe) struct pawl_chain down = root->down;
    struct pawl_err                                 err;

    if (m->down_epoch != down.epoch) {
        m->down_epoch = down.epoch;
        m->down_start = m->down_seq + 1;
    }
    uint64_t seq = ++m->down_seq, behind = (seq - m->down_start) / PAWL_GEN_MESSAGES;
    T_OK(pawl_chain_skip(&down, (uint32_t)behind, &err), &err);
    T_OK(pawl_chain_open(&down, PAWL_SUITE_GCM, root->kid, use, &err), &err);
    return (struct pawl_msg_place){ .seq = seq,
                                    .gen_start_seq = m->down_start + behind * PAWL_GEN_MESSAGES,
                                    .epoch_start_seq = m->down_start,
                                    .boot_id = { (uint8_t)m->posts } };
}

static uint64_t put(struct answer *x, const struct pawl_content *c)
{
    PAWL_CLEANUP(pawl_use_wipe) struct pawl_use use = { 0 };
    uint8_t                                     plain[PAWL_PLAINTEXT_MAX], leaf[PAWL_LEAF];
    struct pawl_wr                              p = pawl_wr_to(plain, sizeof(plain));
    struct pawl_msg_place                       at = next_place(&use);
    size_t                                      from = x->w.n;
    struct pawl_err                             err;

    T_OK(pawl_content_write(c, &p, &err), &err);
    T_OK(pawl_msg_seal(&use, &x->scope, &at, PAWL_MSG_FULL, pawl_view(plain, p.n), &x->w, leaf,
                       &err),
         &err);
    x->a.cose[x->a.n] = pawl_view(x->room + from, x->w.n - from);
    if (m->garbles) {
        struct pawl_msg msg;
        T_OK(pawl_msg_parse(x->a.cose[x->a.n], &msg, &err), &err);
        x->room[msg.ciphertext.p - x->room] ^= 1;
    }
    x->a.n++;
    return at.seq;
}

static void put_ack(struct answer *x)
{
    uint8_t             bits[PAWL_ACK_BITMAP_MAX] = { 0 };
    struct pawl_content c = { .type = PAWL_CONTENT_ACK };

    for (size_t i = 0; i < m->heard_n; i++)
        if (m->heard[i].seq > c.ack.seq_hi)
            c.ack.seq_hi = m->heard[i].seq;
    uint64_t span = 8 * sizeof(bits);
    c.ack.first_seq = c.ack.seq_hi < span ? 1 : c.ack.seq_hi - span + 1;
    for (size_t i = 0; i < m->heard_n; i++) {
        uint64_t at = m->heard[i].seq - c.ack.first_seq;
        if (m->heard[i].seq >= c.ack.first_seq)
            bits[at / 8] |= (uint8_t)(1u << at % 8);
    }
    c.ack.bitmap = pawl_view(bits, (c.ack.seq_hi - c.ack.first_seq) / 8 + 1);
    put(x, &c);
}

static void put_down(struct answer *x)
{
    for (size_t i = 0; i < m->down_n; i++) {
        struct pawl_content c = { .type = PAWL_CONTENT_APP,
                                  .id = m->down[i].id,
                                  .body = m->down[i].body };
        if (!m->down[i].acked && x->w.cap - x->w.n > PAWL_MESSAGE_MAX + 1024)
            m->down[i].seq = put(x, &c);
    }
}

const uint8_t fake_ahead[PAWL_NONCE] = "came with messages";

static struct pawl_view answer_all(struct pawl_view device_id, bool want_nonce)
{
    struct answer       *x = calloc(1, sizeof(*x));
    struct pawl_content  demand = { .type = PAWL_CONTENT_DEMAND, .demand = m->demand };
    static const uint8_t other[] = { 0xd0, 0x80 }; /* a tagged item, and no message */
    struct pawl_err      err;

    x->w = pawl_wr_to(x->room, sizeof(x->room) - 1024);
    x->scope = scope(device_id);
    if (!m->drops)
        put_ack(x);
    if (m->demand)
        put(x, &demand);
    if (m->foreign)
        x->a.cose[x->a.n++] = PAWL_VIEW_OF(other);
    put_down(x);
    if ((want_nonce || m->unasked) && !m->mute)
        x->a.nonce = PAWL_VIEW_OF(fake_ahead);
    struct pawl_wr w = pawl_wr_to(x->body, sizeof(x->body));
    T_OK(pawl_messages_ans_write(&x->a, &w, &err), &err);
    struct pawl_view all = t_copy(pawl_view(w.p, w.n));
    free(x);
    return all;
}

/* ---- the request ---------------------------------------------------------------------------- */

pawl_status fake_take_messages(struct pawl_view body, struct net_answer *ret, struct pawl_err *err)
{
    static struct pawl_messages_req q;
    struct pawl_view                copy = t_copy(body);

    if (m->away)
        return pawl_fail(err, PAWL_E_IO, "server", "away");
    m->posts++;
    T_OK(pawl_messages_req_parse(copy, &q, err), err);
    m->nonces += q.want_nonce;
    assert_true(pawl_view_equal(q.tenant, pawl_view_str("demo")));
    if (m->arrived)
        m->arrived();
    *ret = (struct net_answer){ .status = 403, .request = "abc123" };
    if (m->refuses)
        return pawl_ok();
    const struct pawl_msg_scope s = scope(q.device_id);
    for (size_t i = 0; i < q.n && !m->drops; i++)
        hear(q.cose[i], &s);
    if (m->loses)
        return pawl_fail(err, PAWL_E_IO, "server", "away");
    ret->status = 200;
    ret->body = answer_all(q.device_id, q.want_nonce);
    return pawl_ok();
}
