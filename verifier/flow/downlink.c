/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to a device. Each is one slot of the generation under way; a generation ends after 64
 * slots or 15 minutes, and where the next slot is not its next (the device knew of more than we
 * did).
 */

#include "flow/downlink.h"

#include <stdlib.h>
#include <string.h>

#define FIELD "downlink"

enum {
    ROWS_MAX = 128,     /* looked at for one answer */
    AGAIN_MS = 30000,   /* what was sent and not acknowledged goes again (P-VMSG-10) */
    ANSWER_HEADS = 64,  /* of the answer around the messages, its nonce too */
    MESSAGE_HEADS = 512 /* of a message around its plaintext */
};

void downlink_done(struct downlink *d)
{
    for (size_t i = 0; i < d->row_n; i++)
        blob_done(&d->row[i].body);
    free(d->room);
    d->room = NULL;
}

/* ---- bodies at rest ------------------------------------------------------------------------- */

/* The plaintext of a message: CBOR[0, id, body]. */
struct plain {
    size_t  n;
    uint8_t b[PAWL_PLAINTEXT_MAX];
};

static void plain_wipe(struct plain *p)
{
    pawl_wipe(p->b, p->n);
}

static pawl_status content_to(const struct pawl_content *c, struct plain *ret, struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(ret->b, sizeof(ret->b));

    PAWL_TRY(pawl_content_write(c, &w, err));
    ret->n = w.n;
    return pawl_ok();
}

pawl_status downlink_wrap(const struct keys *k, struct pawl_view tenant,
                          const uint8_t device_id[PAWL_DEVICE_ID], uint64_t id,
                          struct pawl_view body, struct blob *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(plain_wipe) struct plain plain;
    uint8_t                               sealed[PAWL_PLAINTEXT_MAX + PAWL_AEAD_TAG];
    const struct pawl_content             c = { .type = PAWL_CONTENT_APP, .id = id, .body = body };
    size_t                                n;

    plain.n = 0;
    PAWL_TRY(content_to(&c, &plain, err));
    PAWL_TRY(keys_seal(k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), FIELD, id,
                       pawl_view(plain.b, plain.n), sealed, sizeof(sealed), &n, err));
    return blob_from(pawl_view(sealed, n), ret, err);
}

static pawl_status unwrap(const struct keys *k, struct pawl_view tenant,
                          const struct downlink_row *row, struct plain *ret, struct pawl_err *err)
{
    return keys_open(k, tenant, PAWL_VIEW_OF(row->device), FIELD, row->id,
                     pawl_view(row->body.p, row->body.n), ret->b, sizeof(ret->b), &ret->n, err);
}

pawl_status downlink_rewrap(const struct keys *k, struct pawl_view tenant,
                            const struct downlink_row *row, struct blob *ret, struct pawl_err *err)
{
    uint8_t sealed[PAWL_PLAINTEXT_MAX + PAWL_AEAD_TAG];
    size_t  n;

    PAWL_TRY(keys_rewrap(k, tenant, PAWL_VIEW_OF(row->device), FIELD, row->id,
                         pawl_view(row->body.p, row->body.n), sealed, sizeof(sealed), &n, err));
    return blob_from(pawl_view(sealed, n), ret, err);
}

pawl_status downlink_unwrap(const struct keys *k, struct pawl_view tenant,
                            const struct downlink_row *row, struct blob *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(plain_wipe) struct plain plain;
    struct pawl_content                   c;

    plain.n = 0;
    PAWL_TRY(unwrap(k, tenant, row, &plain, err));
    PAWL_TRY(pawl_content_parse(pawl_view(plain.b, plain.n), &c, err));
    return blob_from(c.body, ret, err);
}

/* ---- begin ---------------------------------------------------------------------------------- */

bool downlink_is_silent(const struct held *h)
{
    const struct store *store = h->flow->store;

    return !h->r.current.present || store->restored_ms(store->self) > h->r.accepted_ms;
}

pawl_status downlink_begin(struct downlink *d, struct pawl_err *err)
{
    d->room = malloc(PAWL_RESULT_MAX);
    if (!d->room)
        return pawl_fail(err, PAWL_E_MEMORY, FIELD, "out of memory");
    d->w = pawl_wr_to(d->room, PAWL_RESULT_MAX - ANSWER_HEADS);
    return pawl_random(d->boot_id, sizeof(d->boot_id), err);
}

/* ---- one slot ------------------------------------------------------------------------------- */

/* P-VMSG-9 */
static bool has_ended(const struct downlink *d)
{
    const struct ratchet *r = &d->h->r;

    return !r->down_use.uk.n || r->down_use.epoch != r->current.epoch ||
           r->down_gen_sent >= PAWL_GEN_MESSAGES ||
           r->down_next != r->down_gen_start + r->down_gen_sent ||
           d->now_ms - r->down_gen_ms >= PAWL_GEN_MS || d->now_ms < r->down_gen_ms;
}

static pawl_status open_generation(struct downlink *d, struct pawl_err *err)
{
    struct ratchet *r = &d->h->r;

    PAWL_TRY(
        pawl_chain_open(&r->current.down, r->current.suite, r->current.kid, &r->down_use, err));
    if (r->down_next == 0)
        r->down_next = 1;
    if (!r->down_epoch_start)
        r->down_epoch_start = r->down_next;
    r->down_gen_start = r->down_next;
    r->down_gen_sent = 0;
    r->down_gen_ms = d->now_ms;
    return pawl_ok();
}

/* The leaf is kept until the device attested what came behind it. */
static pawl_status note(struct downlink *d, uint64_t seq, const uint8_t leaf[PAWL_LEAF],
                        struct pawl_err *err)
{
    struct ratchet         *r = &d->h->r;
    struct held_generation *g;

    PAWL_TRY(held_generation(d->h, PAWL_DOWN, r->down_use.epoch, r->down_use.gen, true, &g, err));
    g->g.first_seq = r->down_gen_start;
    g->g.have |= UINT64_C(1) << (seq - r->down_gen_start);
    memcpy(g->g.leaf[seq - r->down_gen_start], leaf, PAWL_LEAF);
    g->g.seen_ms = d->now_ms;
    g->changed = true;
    r->down_gen_sent++;
    r->down_next = seq + 1;
    return pawl_ok();
}

static bool has_room(const struct downlink *d, size_t plain_n)
{
    return d->n < PAWL_MESSAGES_N_MAX && d->w.cap - d->w.n >= MESSAGE_HEADS &&
           d->w.cap - d->w.n - MESSAGE_HEADS >= plain_n;
}

static pawl_status put(struct downlink *d, struct pawl_view plain, uint64_t *ret_seq,
                       struct pawl_err *err)
{
    struct ratchet *r = &d->h->r;
    uint8_t         leaf[PAWL_LEAF];
    size_t          at = d->w.n;

    if (has_ended(d))
        PAWL_TRY(open_generation(d, err));
    if (!r->down_use.prk.n)
        PAWL_TRY(pawl_use_ready(&r->down_use, err));

    const struct pawl_msg_scope scope = { .tenant = pawl_view_str(d->h->tenant),
                                          .device_id = PAWL_VIEW_OF(d->h->device_id),
                                          .verifier_id = PAWL_VIEW_OF(r->current.verifier_id) };
    struct pawl_msg_place       place = { .seq = r->down_next,
                                          .gen_start_seq = r->down_gen_start,
                                          .epoch_start_seq = r->down_epoch_start };
    memcpy(place.boot_id, d->boot_id, sizeof(place.boot_id));
    PAWL_TRY(pawl_msg_seal(&r->down_use, &scope, &place, d->form, plain, &d->w, leaf, err));
    d->cose[d->n++] = pawl_view(d->w.p + at, d->w.n - at);
    *ret_seq = place.seq;
    return note(d, place.seq, leaf, err);
}

pawl_status downlink_say(struct downlink *d, const struct pawl_content *c, struct pawl_err *err)
{
    struct plain plain;
    uint64_t     seq;

    PAWL_TRY(content_to(c, &plain, err));
    return put(d, pawl_view(plain.b, plain.n), &seq, err);
}

/* ---- what waits ----------------------------------------------------------------------------- */

/* A copy of a row without its body: the store has it. */
static struct downlink_row sent_row(const struct downlink_row *row, uint64_t seq, int64_t now_ms)
{
    struct downlink_row sent = {
        .id = row->id, .created_ms = row->created_ms, .seq = seq, .sent_ms = now_ms
    };

    memcpy(sent.device, row->device, sizeof(sent.device));
    return sent;
}

static bool is_delivered(const struct downlink *d, uint64_t id)
{
    for (size_t i = 0; i < d->step->delivered_n; i++)
        if (d->step->delivered[i] == id)
            return true;
    return false;
}

/* The first that does not fit ends the answer: messages keep their order. */
static pawl_status send_one(const struct downlink_row *row, void *arg, struct pawl_err *err)
{
    PAWL_CLEANUP(plain_wipe) struct plain plain;
    struct downlink                      *d = arg;
    uint64_t                              seq;

    plain.n = 0;
    if (is_delivered(d, row->id) || (row->seq && d->now_ms - row->sent_ms < AGAIN_MS))
        return pawl_ok();
    PAWL_TRY(unwrap(d->h->flow->keys, pawl_view_str(d->h->tenant), row, &plain, err));
    if (!has_room(d, plain.n))
        return pawl_fail(err, PAWL_E_FULL, FIELD, "the answer is full");
    PAWL_TRY(put(d, pawl_view(plain.b, plain.n), &seq, err));
    d->row[d->row_n++] = sent_row(row, seq, d->now_ms);
    return pawl_ok();
}

pawl_status downlink_fill(struct downlink *d, struct pawl_err *err)
{
    const struct store *store = d->h->flow->store;
    pawl_status         s = store->downlinks(store->self, pawl_view_str(d->h->tenant),
                                             PAWL_VIEW_OF(d->h->device_id), 0, ROWS_MAX, send_one, d, err);

    return s.code == PAWL_E_FULL ? pawl_ok() : s;
}

/* ---- what arrived --------------------------------------------------------------------------- */

struct arrived {
    const struct pawl_content *ack;
    struct step               *step;
};

static pawl_status deliver(const struct downlink_row *row, void *arg, struct pawl_err *err)
{
    struct arrived         *a = arg;
    const struct pawl_view *bits = &a->ack->ack.bitmap;
    uint64_t                i = row->seq - a->ack->ack.first_seq;

    (void)err;
    if (row->seq < a->ack->ack.first_seq || i / 8 >= bits->n || !(bits->p[i / 8] >> i % 8 & 1))
        return pawl_ok();
    a->step->delivered[a->step->delivered_n++] = row->id;
    return pawl_ok();
}

pawl_status downlink_heed(struct downlink *d, const struct pawl_content *ack, struct pawl_err *err)
{
    const struct store *store = d->h->flow->store;
    struct arrived      a = { .ack = ack, .step = d->step };

    /* Nobody received what was not sent. */
    if (ack->ack.bitmap.n == 0 || ack->ack.seq_hi >= d->h->r.down_next)
        return pawl_ok();
    d->step->delivered = calloc(ROWS_MAX, sizeof(*d->step->delivered));
    if (!d->step->delivered)
        return pawl_fail(err, PAWL_E_MEMORY, FIELD, "out of memory");
    return store->downlinks(store->self, pawl_view_str(d->h->tenant), PAWL_VIEW_OF(d->h->device_id),
                            0, ROWS_MAX, deliver, &a, err);
}

pawl_status downlink_plan(struct downlink *d, struct pawl_err *err)
{
    if (!d->row_n)
        return pawl_ok();
    d->step->downlink = calloc(d->row_n, sizeof(*d->step->downlink));
    if (!d->step->downlink)
        return pawl_fail(err, PAWL_E_MEMORY, FIELD, "out of memory");
    memcpy(d->step->downlink, d->row, d->row_n * sizeof(d->row[0]));
    d->step->downlink_n = d->row_n;
    d->row_n = 0;
    return pawl_ok();
}
