/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plaintext says: CBOR[type, id, body], parse and write side by side. Spec:
 * docs/protocol.md, section "Messages". Not here: what follows from it (the programs).
 */

#include <pawl/ratchet.h>

#include "wire/field.h"

enum { DEMAND_ALL = PAWL_DEMAND_ATTEST | PAWL_DEMAND_REKEY | PAWL_DEMAND_LEAVES };

/* ---- bodies --------------------------------------------------------------------------------- */

/* P-MSG-10: the bitmap ends with a slot that was received, and that is at most seq_hi. */
static void check_ack(struct pawl_cbor_rd *r, const struct pawl_content *c)
{
    struct pawl_view bits = c->ack.bitmap;

    if (bits.n == 0)
        return;
    uint8_t last = bits.p[bits.n - 1];
    size_t  top = 8 * (bits.n - 1);
    if (last == 0)
        pawl_cbor_rd_fail(r, PAWL_E_FORM, "ack.bitmap");
    while (last >>= 1)
        top++;
    if (c->ack.first_seq > c->ack.seq_hi || top > c->ack.seq_hi - c->ack.first_seq)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "ack.seq_hi");
}

static void rd_ack(struct pawl_cbor_rd *r, struct pawl_content *c)
{
    pawl_cbor_rd_array_of(r, "ack", 3);
    c->ack.seq_hi = pawl_cbor_rd_uint(r, "ack.seq_hi", UINT64_MAX);
    c->ack.first_seq = pawl_cbor_rd_uint(r, "ack.first_seq", UINT64_MAX);
    c->ack.bitmap = pawl_cbor_rd_bytes(r, "ack.bitmap", 0, PAWL_ACK_BITMAP_MAX);
    pawl_cbor_rd_leave(r, "ack");
    check_ack(r, c);
}

static void wr_ack(struct pawl_wr *w, const struct pawl_content *c)
{
    pawl_cbor_wr_array(w, 3);
    pawl_cbor_wr_uint(w, c->ack.seq_hi);
    pawl_cbor_wr_uint(w, c->ack.first_seq);
    pawl_cbor_wr_bytes(w, c->ack.bitmap);
}

static uint64_t rd_demand(struct pawl_cbor_rd *r)
{
    uint64_t bits = pawl_cbor_rd_uint(r, "demand", DEMAND_ALL);

    if (bits == 0)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "demand");
    return bits;
}

/* Read for the check alone: most of what comes is of another type, and need not have room for it.
 */
static struct pawl_view rd_facts(struct pawl_cbor_rd *r)
{
    struct pawl_fact fact[PAWL_FACTS_MAX];
    const size_t     from = r->at;

    wire_rd_facts(r, "facts", fact);
    return r->bad ? pawl_view(NULL, 0) : pawl_view(r->in.p + from, r->at - from);
}

static void rd_body(struct pawl_cbor_rd *r, struct pawl_content *c)
{
    switch (c->type) {
    case PAWL_CONTENT_APP:
        c->body = pawl_cbor_rd_bytes(r, "body", 0, PAWL_BODY_MAX);
        break;
    case PAWL_CONTENT_CONFIRM:
        pawl_cbor_rd_bytes(r, "confirm", 0, 0);
        break;
    case PAWL_CONTENT_ACK:
        rd_ack(r, c);
        break;
    case PAWL_CONTENT_DEMAND:
        c->demand = rd_demand(r);
        break;
    case PAWL_CONTENT_FACTS:
        c->facts = rd_facts(r);
        break;
    case PAWL_CONTENT_COUNT:
        break; /* the limit of type keeps it out */
    }
}

static void wr_body(struct pawl_wr *w, const struct pawl_content *c)
{
    switch (c->type) {
    case PAWL_CONTENT_APP:
        pawl_cbor_wr_bytes(w, c->body);
        break;
    case PAWL_CONTENT_CONFIRM:
        pawl_cbor_wr_bytes(w, pawl_view(NULL, 0));
        break;
    case PAWL_CONTENT_ACK:
        wr_ack(w, c);
        break;
    case PAWL_CONTENT_DEMAND:
        pawl_cbor_wr_uint(w, c->demand);
        break;
    case PAWL_CONTENT_FACTS:
        pawl_wr_bytes(w, c->facts);
        break;
    case PAWL_CONTENT_COUNT:
        pawl_cbor_wr_null(w); /* which the parser names */
        break;
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* P-MSG-11: nothing but what the page lists. */
pawl_status pawl_content_parse(struct pawl_view in, struct pawl_content *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = wire_rd_from(in, PAWL_PLAINTEXT_MAX);
    struct pawl_content c = { 0 };

    pawl_cbor_rd_array_of(&r, "array", 3);
    c.type = (enum pawl_content_type)pawl_cbor_rd_uint(&r, "type", PAWL_CONTENT_COUNT - 1);
    c.id = pawl_cbor_rd_uint(&r, "id", c.type == PAWL_CONTENT_APP ? UINT64_MAX : 0);
    rd_body(&r, &c);
    pawl_cbor_rd_leave(&r, "array");
    PAWL_TRY(pawl_under(err, "content", pawl_cbor_rd_end(&r, err)));
    *ret = c;
    return pawl_ok();
}

pawl_status pawl_content_write(const struct pawl_content *c, struct pawl_wr *w,
                               struct pawl_err *err)
{
    struct pawl_wr      out = *w;
    struct pawl_content back;
    struct pawl_view    written;

    pawl_cbor_wr_array(&out, 3);
    pawl_cbor_wr_uint(&out, c->type);
    pawl_cbor_wr_uint(&out, c->id);
    wr_body(&out, c);
    PAWL_TRY(wire_written(w, &out, "content", &written, err));
    return wire_commit(pawl_content_parse(written, &back, err), &out, w, err);
}
